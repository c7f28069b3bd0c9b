"""Answers as a file: the same when they come back, and judged as a whole."""

import re
from pathlib import Path

import pytest
from sqlmodel import Session

from bot.content import content, exchange, living, rules
from bot.content.exchange import BadFile, Proposal
from bot.content.living import ChangedMeanwhile
from referrals.site import Site
from tests.house import empty_site

TOPIC = "send_money"


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return empty_site(tmp_path)


def text() -> str:
    return exchange.write(content().faq)


def proposed(site: Site, given: str) -> Proposal:
    with site.store.reading() as session:
        return exchange.propose(session, exchange.read(given.encode()), site.clock())


def changed(old: str, new: str) -> str:
    assert old in text()
    return text().replace(old, new)


SIMPLE = "Use a bank or a licensed service. Do not send"


def test_what_is_written_is_read_back_whole() -> None:
    assert exchange.read(text().encode()) == content().faq


@pytest.mark.parametrize("end", ["\r\n", "\n"])
def test_a_file_that_was_not_changed_changes_nothing(site: Site, end: str) -> None:
    given = "\ufeff" + text().replace("\n", end)
    assert proposed(site, given) == Proposal((), ())


def test_people_can_read_it() -> None:
    written = text()
    assert "\\u" not in written
    assert "answer: |" in written
    assert "&" not in [line.strip()[:1] for line in written.splitlines()]


def test_the_files_of_this_folder_can_be_brought_as_they_are(site: Site) -> None:
    for file in (Path(exchange.__file__).parent / "faq").glob("*.yml"):
        assert proposed(site, file.read_text(encoding="utf-8")).changes == ()


def test_a_change_is_found_and_taken_over(site: Site) -> None:
    proposal = proposed(site, changed(SIMPLE, "Use a bank. Do not send"))
    (change,) = proposal.changes
    assert (change.topic, change.new.country, change.over) == (TOPIC, "any", 0)
    assert change.old.en.simple.startswith(SIMPLE)
    with site.store.writing() as session:
        exchange.take_over(session, proposal, author=None, note="⇪", now=site.clock())
        held = living.current(session, site.clock()).faq[TOPIC]
        assert held[0].en.simple.startswith("Use a bank. Do not send")


def test_one_wrong_answer_refuses_all(site: Site) -> None:
    given = changed(SIMPLE, "Call 1300. Do not send").replace(
        "You can complain without papers.", "You can complain."
    )
    proposal = proposed(site, given)
    assert len(proposal.changes) == 2
    assert [each.rule for each in proposal.complaints] == [rules.NUMBER]
    with site.store.writing() as session, pytest.raises(ValueError, match="refused whole"):
        exchange.take_over(session, proposal, author=None, note="", now=site.clock())
    with site.store.reading() as session:
        assert living.edits(session) == {}


def test_an_answer_that_was_changed_meanwhile_is_not_overwritten(site: Site) -> None:
    proposal = proposed(site, changed(SIMPLE, "Use a bank. Do not send"))
    with site.store.writing() as session:
        _saves(session, site)
    with site.store.writing() as session, pytest.raises(ChangedMeanwhile):
        exchange.take_over(session, proposal, author=None, note="", now=site.clock())
    again = proposed(site, changed(SIMPLE, "Use a bank. Do not send"))
    assert again.mark != proposal.mark


def _saves(session: Session, site: Site) -> None:
    entry = content().faq[TOPIC][0].model_copy(update={"as_of": "2026"})
    living.save(
        session, TOPIC, entry, country="any", over=0, author=None, note="", now=site.clock()
    )


def test_the_mark_of_a_proposal_changes_with_its_words(site: Site) -> None:
    marks = {proposed(site, changed(SIMPLE, new)).mark for new in ("One. No", "Two. No")}
    assert len(marks) == 2


BOMB = "a: &a [x,x]\n" + "\n".join(
    f"b{n}: &b{n} [*{'a' if n == 0 else f'b{n - 1}'}]" for n in range(9)
)


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        (b"x" * (exchange.FILE_LIMIT + 1), exchange.TOO_LARGE),
        (b"\xff\xfe", exchange.NOT_TEXT),
        (b"a: [", exchange.NOT_YAML),
        (b"[" * 100_000, exchange.NOT_YAML),
        (BOMB.encode(), exchange.NOT_YAML),
        (b"a: !!python/object/apply:os.system [ls]", exchange.NOT_YAML),
        (b"a: !!int 1:1", exchange.NOT_YAML),
        (b'a: "\\0"', exchange.NOT_YAML),
        (b"", exchange.NOT_ANSWERS),
        (b"- x", exchange.NOT_ANSWERS),
        (b"send_money: [{country: any}]", exchange.NOT_ANSWERS),
        (b"send_money: []\nsend_money: []", exchange.TWICE),
        (b'"\\ud800": []\n"\\ud800": []', exchange.TWICE),
    ],
)
def test_what_is_no_file_of_answers_is_refused(given: bytes, problem: str) -> None:
    with pytest.raises(BadFile) as refused:
        exchange.read(given)
    assert refused.value.problem == problem
    refused.value.where.encode()  # a page can show it


def test_a_file_brings_no_new_question_no_new_country_and_none_twice(site: Site) -> None:
    entry = content().faq[TOPIC][0]
    for answers, problem in (
        ({"a_new_question": (entry,)}, exchange.NOT_THERE),
        ({TOPIC: (entry.model_copy(update={"country": "TH"}),)}, exchange.NOT_THERE),
        ({TOPIC: (entry, entry)}, exchange.TWICE),
    ):
        with pytest.raises(BadFile) as refused:
            proposed(site, exchange.write(answers))
        assert refused.value.problem == problem


def test_a_year_needs_no_quotes() -> None:
    written = exchange.write({TOPIC: content().faq[TOPIC]})
    plain = re.sub(r"(as_of|review_by): '(.*)'", r"\1: \2", written)
    assert plain != written
    assert exchange.read(plain.encode())[TOPIC] == content().faq[TOPIC]


def test_every_question_has_its_part_of_the_journey() -> None:
    topics = [topic for part in exchange.parts().values() for topic in part]
    assert sorted(topics) == sorted(content().faq)
