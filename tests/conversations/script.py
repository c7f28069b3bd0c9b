"""A script: what is done, and what is expected. Played, it tells what was seen.

    - name: wages, by buttons and one voice note
      of: voice
      do:
      - {tap: complaint, see: begun, at: category}
      - {say: "ថៅកែមិនបើកប្រាក់ខែ", see: heard, at: province}
      - {attach: voice, at: story}
      - {wait: 8 days, sweep: true}
      end: {lodged: 1, told: {story: 1}, answers: {category: unpaid_wages}, taps: 9, messages: 1}

One step is one thing done: `tap` a payload, `say` words, `attach` a kind or a list of kinds (an
album; with `caption` and `size`), `again` the same delivery twice. Before it `wait` lets time pass,
`sweep` lets the program tidy up, `restart` ends and starts Rasa. `begin` names the steps of
beginnings.yml that come before all of them. `as` names who does it, on which phone: "first" unless
said otherwise. `times` says how often words are repeated. `early`: sent before the last answer
stood in the chat. In words and payloads CODE, KHMER_CODE, SPOKEN_CODE and GROUP are those of the
newest case, `CODE@second` of somebody else's, and `<U+202E>` is that sign.

`see` names keys of bot/content/says that must be among those said, `never` keys that must not; `at`
is the question waited for afterwards, `nothing` when none is; `text` stands in what is shown,
`offers` are buttons under it. `loses`: what was told may be gone afterwards, as she wished. In
`end` (and in `others`, for each further phone) `taps` and `messages` are the most that may be
needed.

Of every answer it is expected without saying that there is one, that it leads on, that its buttons
can be pressed, and that nothing told is lost.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from bot.message import ChannelName
from tests.conversations.stage import Stage
from tests.conversations.talker import Talker, person

SCRIPTS = Path(__file__).parent / "scripts"
BEGINNINGS = Path(__file__).parent / "beginnings.yml"
NOTHING, FIRST = "nothing", "first"
KINDS = ("khmer", "romanised", "english", "voice", "hostile", "danger", "journey", "aftercare")
DOES = ("tap", "say", "attach", "again")
_STEP = {
    *DOES,
    *("caption", "size", "times", "early", "as", "wait", "sweep", "restart"),
    *("see", "never", "at", "text", "offers", "loses"),
}
_END = {
    *("lodged", "told", "draft", "answers", "case", "kept", "agreed", "offices"),
    *("taps", "messages"),
}
LAST_WORDS = frozenset({"hide_last"})
"""What nothing may stand below: it leads nowhere on purpose."""

_CODE = re.compile(r"(KHMER_CODE|SPOKEN_CODE|CODE|GROUP)(?:@(\w+))?")
_SIGN = re.compile(r"<U\+([0-9A-F]{4,6})>")
_KHMER = str.maketrans("0123456789", "០១២៣៤៥៦៧៨៩")
_ONE_TO_FOUR = ["មួយ", "ពីរ", "បី", "បួន"]
_DIGITS = ["សូន្យ", *_ONE_TO_FOUR, "ប្រាំ", *(f"ប្រាំ{digit}" for digit in _ONE_TO_FOUR)]


@dataclass(frozen=True)
class Script:
    """One conversation as it should go."""

    name: str
    of: str
    do: Sequence[Mapping[str, Any]] = ()
    begin: str = ""
    end: Mapping[str, Any] = field(default_factory=dict)
    others: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    channel: ChannelName = ChannelName.TELEGRAM


@dataclass
class Seen:
    """What was seen, step by step, and what was otherwise than expected."""

    script: Script
    steps: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


def load(folder: Path = SCRIPTS) -> list[Script]:
    """Read all scripts. Raises ValueError for a word that no script knows."""
    scripts = []
    for file in sorted(folder.glob("*.yml")):
        for raw in yaml.safe_load(file.read_text(encoding="utf-8")):
            script = Script(**{**raw, "channel": ChannelName(raw.get("channel", "telegram"))})
            ends = (script.end, *script.others.values())
            unknown = {word for step in script.do for word in step} - _STEP
            unknown |= {word for end in ends for word in end} - _END
            if unknown or script.of not in KINDS:
                raise ValueError(f"{file.name}, {script.name}: {unknown or script.of}")
            scripts.append(script)
    return scripts


@cache
def _beginnings() -> dict[str, list[dict[str, Any]]]:
    """Give the steps of each beginning; each goes on from the one before it in the file."""
    steps: dict[str, list[dict[str, Any]]] = {}
    so_far: list[dict[str, Any]] = []
    for name, more in yaml.safe_load(BEGINNINGS.read_text(encoding="utf-8")).items():
        steps[name] = so_far = [*so_far, *more]
    return steps


class _People(dict[str, Talker]):
    """Who is in a script, by name; each comes when first named."""

    def __init__(self, stage: Stage, channel: ChannelName) -> None:
        self.stage, self.channel = stage, channel

    def __missing__(self, name: str) -> Talker:
        self[name] = person(self.stage, self.channel)
        return self[name]

    def fill_in(self, words: str, speaker: str) -> str:
        """Put codes and signs in the place of their names."""

        def code(found: re.Match[str]) -> str:
            owner = self[found[2] or speaker]
            match found[1]:
                case "GROUP":
                    return owner.group_code
                case "KHMER_CODE":
                    return owner.code.translate(_KHMER)
                case "SPOKEN_CODE":
                    return " ".join(_DIGITS[int(digit)] for digit in owner.code)
            return owner.code

        return _SIGN.sub(lambda sign: chr(int(sign[1], 16)), _CODE.sub(code, words))


def play(stage: Stage, script: Script) -> Seen:
    """Play a script to its end, whatever goes wrong on the way."""
    people, seen = _People(stage, script.channel), Seen(script)
    before_it = _beginnings()[script.begin] if script.begin else []
    for number, step in enumerate((*before_it, *script.do), 1 - len(before_it)):
        speaker = str(step.get("as", FIRST))
        talker = people[speaker]
        before = _told_by(people)
        _prepare(stage, step)
        try:
            _act(people, speaker, step)
        except Exception as error:
            seen.steps.append(f"({type(error).__name__})")
            seen.wrong.append(f"step {number}: {type(error).__name__}: {error}")
            continue
        if not step.keys() & set(DOES):
            continue
        at = talker.awaiting or NOTHING
        if number > 0:
            seen.steps.append(f"{'+'.join(talker.says) or '-'}→{at}")
        offers = [people.fill_in(each, speaker) for each in _named(step.get("offers"))]
        missing = [f"{each} is not offered" for each in offers if each not in talker.buttons]
        wrong = [*_otherwise(talker, step, at), *missing, *_unhelpful(talker)]
        lost = before - _told_by(people)
        if lost > 0 and not step.get("loses"):
            wrong.append(f"{lost} of what was told is lost")
        seen.wrong += [f"step {number}: {each}" for each in wrong]
    for name, end in ((FIRST, script.end), *script.others.items()):
        ended = _ended_otherwise(people[name], end)
        seen.wrong += [f"at the end, {name}: {each}" for each in ended]
    return seen


def _told_by(people: _People) -> int:
    """Count all that was told and is still there, whoever has it now."""
    return sum(
        sum(n for name, n in talker.kept().items() if name != "choices")
        + sum(talker.told().values())
        for talker in people.values()
    )


def _prepare(stage: Stage, step: Mapping[str, Any]) -> None:
    if "wait" in step:
        amount, unit = str(step["wait"]).split()
        stage.let_pass(timedelta(**{unit if unit.endswith("s") else f"{unit}s": int(amount)}))
    if step.get("sweep"):
        stage.sweep()
    if step.get("restart"):
        stage.restart()


def _act(people: _People, speaker: str, step: Mapping[str, Any]) -> None:
    talker = people[speaker]
    early = {"early": True} if step.get("early") else {}
    if "tap" in step:
        talker.tap(people.fill_in(str(step["tap"]), speaker), **early)
    elif "say" in step:
        talker.write(people.fill_in(str(step["say"]), speaker) * int(step.get("times", 1)), **early)
    elif "attach" in step:
        sizes = {"size": int(step["size"])} if "size" in step else {}
        talker.attach(_named(step["attach"]), step.get("caption"), **sizes)
    elif "again" in step:
        talker.sends_once_more()


def _otherwise(talker: Talker, step: Mapping[str, Any], at: str) -> list[str]:
    """Say what is otherwise than the script expects."""
    wrong = [f"{key} was not said" for key in _named(step.get("see")) if key not in talker.says]
    wrong += [f"{key} was said" for key in _named(step.get("never")) if key in talker.says]
    if "at" in step and step["at"] != at:
        wrong.append(f"waits for {at}, not for {step['at']}")
    if "text" in step and str(step["text"]) not in talker.text:
        wrong.append(f"“{step['text']}” is not shown")
    return wrong


def _unhelpful(talker: Talker) -> list[str]:
    """Say what no answer may be: silent, a dead end, with buttons that do nothing."""
    replies = talker.outgoing.replies
    wrong = [f"nobody can press {each}" for each in talker.unpressable()]
    if not replies or not all(reply.text.strip() for reply in replies):
        wrong.append("silence")
    if not talker.buttons and not LAST_WORDS & set(talker.says):
        wrong.append("a dead end: no button")
    return wrong


def _ended_otherwise(talker: Talker, end: Mapping[str, Any]) -> list[str]:
    cases, answers = talker.cases(), talker.answers()
    found: dict[str, Any] = {
        "lodged": len(cases),
        "told": talker.told(),
        "kept": talker.kept(),
        "draft": answers is not None,
        "offices": talker.offices(),
    }
    wrong = [f"{n} is {found[n]}, not {end[n]}" for n in found if n in end and end[n] != found[n]]
    held = {"answers": answers or {}, "agreed": talker.agreed()}
    for what, values in held.items():
        for name, value in end.get(what, {}).items():
            if values.get(name) != value:
                wrong.append(f"{name} is {values.get(name)}, not {value}")
    for name, count in (("taps", talker.taps), ("messages", talker.messages)):
        if count > end.get(name, count):
            wrong.append(f"{count} {name}, more than {end[name]}")
    for name, value in end.get("case", {}).items():
        newest = getattr(cases[0], name, None) if cases else None
        if str(newest) != str(value):
            wrong.append(f"the case's {name} is {newest}, not {value}")
    return wrong


def _named(named: Any) -> list[str]:
    return [] if named is None else [named] if isinstance(named, str) else list(named)
