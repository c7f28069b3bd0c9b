"""What staff change at the desk wins over the files, and nothing of it is lost."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import inspect
from sqlmodel import Session

from bot.content import Content, content, living, rules
from bot.content.living import (
    CONFIRMED_FOR,
    AnswerVersion,
    ChangedMeanwhile,
    NoSuchAnswer,
    UnfitSound,
)
from bot.content.render import render
from bot.content.shapes import FaqEntry
from bot.message import Language
from bot.when import local_date
from referrals.site import Site
from tests.house import Clock, empty_site

TOPIC, COUNTRY = "how_to_complain", "any"
SAY = {"say": "faq", "with": {"topic": TOPIC}, "buttons": []}
SOUND = b"OggS" + bytes(40)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def site(tmp_path: Path, database_url: str, clock: Clock) -> Iterator[Site]:
    site = empty_site(tmp_path, database_url, clock)
    yield site
    site.store.engine.dispose()


def file() -> FaqEntry:
    return next(each for each in content().faq[TOPIC] if each.country == COUNTRY)


def worded(simple: str, **changes: object) -> FaqEntry:
    words = file().en.model_copy(update={"answer": simple, "simple": simple})
    return file().model_copy(update={"en": words, **changes})


def save(session: Session, site: Site, entry: FaqEntry | None, over: int | None = None) -> int:
    held = living.version_of(session, TOPIC, COUNTRY)
    return living.save(
        session,
        TOPIC,
        entry,
        country=COUNTRY,
        over=held if over is None else over,
        author=None,
        note="",
        now=site.clock(),
    )


def saved(site: Site, entry: FaqEntry | None, over: int | None = None) -> int:
    with site.store.writing() as session:
        return save(session, site, entry, over)


def current(site: Site) -> Content:
    with site.store.reading() as session:
        return living.current(session, site.clock())


def chat(site: Site) -> str:
    today = local_date(site.clock())
    return "\n".join(r.text for r in render(SAY, Language.EN, current(site), {}, today))


# ---- answers


def test_edited_words_win_over_the_file_and_the_file_comes_back(site: Site) -> None:
    assert file().en.answer.splitlines()[0] in chat(site)
    saved(site, worded("Said anew."))
    assert "Said anew." in chat(site)
    assert file().en.answer.splitlines()[0] not in chat(site)
    saved(site, None)
    assert chat(site).count(file().en.answer.splitlines()[0]) == 1
    assert current(site).faq == content().faq


def test_every_version_is_kept_the_newest_first(site: Site) -> None:
    numbers = [saved(site, worded("One.")), saved(site, None), saved(site, worded("Two."))]
    with site.store.reading() as session:
        versions = living.history(session, TOPIC, COUNTRY)
        entries = [living.entry_of(each) for each in versions]
    assert [each.id for each in versions] == numbers[::-1]
    assert [each and each.en.simple for each in entries] == ["Two.", None, "One."]


def test_nobody_writes_over_what_somebody_else_wrote_meanwhile(site: Site) -> None:
    first = saved(site, worded("One."), over=0)
    for over in (0, first + 1):
        with pytest.raises(ChangedMeanwhile):
            saved(site, worded("Blind."), over=over)
    assert "One." in chat(site)


def test_of_two_who_save_at_the_same_moment_one_hears_of_the_other(site: Site) -> None:
    heard: list[str] = []
    ready = threading.Event()

    def other() -> None:
        try:
            with site.store.writing() as session:
                ready.set()
                save(session, site, worded("Second."), over=0)
        except ChangedMeanwhile:
            heard.append("meanwhile")

    with site.store.writing() as session:
        thread = threading.Thread(target=other)
        if session.get_bind().dialect.name == "postgresql":
            save(session, site, worded("First."), over=0)
            thread.start()
            ready.wait(10)
            thread.join(0.5)  # it waits for us, in the database
            assert thread.is_alive()
        else:
            save(session, site, worded("First."), over=0)
            thread.start()
    thread.join(20)
    assert heard == ["meanwhile"]
    assert "First." in chat(site)


def test_the_desk_begins_no_new_answer(site: Site) -> None:
    with site.store.writing() as session:
        for topic, country in ((TOPIC, "TH"), ("no_topic", "any")):
            with pytest.raises(NoSuchAnswer):
                living.save(
                    session, topic, None, country=country, over=0, author=None, note="",
                    now=site.clock(),
                )  # fmt: skip
        with pytest.raises(ValueError, match="its country"):
            save(session, site, worded("x", country="TH"))


@pytest.mark.parametrize(
    "changes",
    [
        {"ask": ("a_number_that_went",)},
        {"related": ("a_question_that_went",)},
        {"category": "a_category_that_went"},
        {"as_of": "2026-13"},
    ],
)
def test_words_that_no_longer_fit_the_program_leave_the_files(
    site: Site, changes: dict[str, object]
) -> None:
    saved(site, worded("Said anew.", **changes))
    assert current(site).faq == content().faq
    assert file().en.answer.splitlines()[0] in chat(site)


def test_a_version_in_an_older_shape_leaves_the_files(site: Site) -> None:
    with site.store.writing() as session:
        session.add(AnswerVersion(topic=TOPIC, country=COUNTRY, body="{}", at=site.clock()))
    assert current(site).faq == content().faq


def test_what_was_taken_back_is_not_remembered(site: Site) -> None:
    """The number of a version that was rolled back is given out again."""

    class Stop(Exception):
        pass

    def half() -> None:
        with site.store.writing() as session:
            save(session, site, worded("Never said."))
            assert "Never said." in str(living.current(session, site.clock()).faq[TOPIC])
            raise Stop

    with pytest.raises(Stop):
        half()
    assert "Never said." not in chat(site)
    site.clock.pass_(seconds=1)  # type: ignore[attr-defined]
    saved(site, worded("Said."))
    assert "Said." in chat(site)


def test_past_its_day_of_review_the_chat_says_that_it_is_old(site: Site, clock: Clock) -> None:
    day = local_date(clock()) + timedelta(days=3)
    saved(site, worded("Said anew.", review_by=day))
    clock.pass_(days=3)
    assert not chat(site).startswith("⚠️")
    clock.pass_(days=1)
    assert chat(site).startswith("⚠️")


# ---- numbers


def called(site: Site, contact: str, *, works: bool) -> None:
    with site.store.writing() as session:
        living.check(session, contact, works=works, author=None, note="", now=site.clock())


def line() -> str:
    return next(name for name, c in content().contacts.items() if not c.emergency)


def test_a_number_goes_after_ninety_days_and_comes_back_after_a_call(
    site: Site, clock: Clock
) -> None:
    name = line()
    last = content().contacts[name].compared + CONFIRMED_FOR
    clock.pass_(days=(last - local_date(clock())).days)
    assert name not in current(site).hidden
    clock.pass_(days=1)
    assert name in current(site).hidden
    assert current(site).shown([name]) == []
    called(site, name, works=True)
    assert name not in current(site).hidden
    clock.pass_(days=CONFIRMED_FOR.days)
    assert name not in current(site).hidden
    clock.pass_(days=1)
    assert name in current(site).hidden


def test_a_number_that_does_not_work_goes_at_once(site: Site) -> None:
    called(site, line(), works=False)
    assert line() in current(site).hidden
    called(site, line(), works=True)
    assert line() not in current(site).hidden


def test_an_emergency_number_stays_and_says_that_nobody_checked_it(
    site: Site, clock: Clock
) -> None:
    emergency = {name for name, c in content().contacts.items() if c.emergency}
    assert emergency
    clock.pass_(days=200)
    words = current(site)
    assert words.unsure == emergency
    assert not words.hidden & emergency
    assert set(words.hidden) == set(content().contacts) - emergency
    card = render(
        {"say": "safety_card", "with": {"country": "TH"}, "buttons": []},
        Language.EN, words, {}, local_date(clock()),
    )  # fmt: skip
    text = "\n".join(reply.text for reply in card)
    assert "191" in text
    assert content().says["number_old"].en in text


def test_a_file_compared_after_the_call_is_the_newer_word(site: Site) -> None:
    name = line()
    called(site, name, works=False)
    newer = (
        content()
        .contacts[name]
        .model_copy(update={"compared": local_date(site.clock()) + timedelta(days=1)})
    )
    base = replace(content(), contacts={name: newer})
    with site.store.reading() as session:
        state = living.numbers(session, base, local_date(site.clock()))[name]
    assert state.shown
    assert state.works is None


def test_a_number_that_is_not_in_the_files_cannot_be_confirmed(site: Site) -> None:
    with pytest.raises(KeyError):
        called(site, "nobody", works=True)


# ---- recordings


def recorded(site: Site, sound: bytes = SOUND, media_type: str = "audio/ogg") -> str:
    with site.store.writing() as session:
        return living.record(
            session, TOPIC, COUNTRY, Language.EN,
            media_type=media_type, sound=sound, author=None, now=site.clock(),
        )  # fmt: skip


def test_a_recording_of_other_words_is_not_sent(site: Site) -> None:
    made = recorded(site)
    key = f"{TOPIC}/{COUNTRY}/en"
    assert current(site).recordings == {key: made}
    saved(site, worded("Other words."))
    assert current(site).recordings == {}
    saved(site, None)
    assert current(site).recordings == {key: made}, "the words it says hold again"
    saved(site, file().model_copy(update={"review_by": date(2027, 11, 1)}))
    assert current(site).recordings == {key: made}, "no word was changed"


def test_a_new_recording_takes_the_place_of_the_old_and_its_sound(site: Site) -> None:
    old, new = recorded(site), recorded(site, b"newer")
    with site.store.reading() as session:
        assert living.sound(session, old) is None
        kept = living.sound(session, new)
        assert kept is not None
        assert (kept.content, kept.media_type) == (b"newer", "audio/ogg")
        row = session.get_one(living.Recording, old)
        assert (row.sound, row.removed_at) == (b"", site.clock())


@pytest.mark.parametrize(
    ("sound", "media_type"),
    [(b"", "audio/ogg"), (b"x", "audio/wav"), (bytes(living.RECORDING_LIMIT + 1), "audio/ogg")],
)
def test_what_no_phone_plays_is_not_kept(site: Site, sound: bytes, media_type: str) -> None:
    with pytest.raises(UnfitSound):
        recorded(site, sound, media_type)


def test_a_recording_in_a_language_that_is_no_more_silences_nobody(site: Site) -> None:
    with site.store.writing() as session:
        session.add(
            living.Recording(
                topic=TOPIC,
                country=COUNTRY,
                language="th",
                media_type="audio/ogg",
                size=len(SOUND),
                sound=SOUND,
                at=site.clock(),
            )
        )
    assert current(site).recordings == {}


def test_what_is_read_at_every_turn_stands_before_the_sound(site: Site) -> None:
    """SQLite would read through all sounds to reach it."""
    assert inspect(site.store.engine).get_columns("recording")[-1]["name"] == "sound"
    assert list(inspect(living.Recording).columns)[-1].name == "sound"


def test_a_change_that_began_first_and_ended_last_is_seen(site: Site, clock: Clock) -> None:
    called = sorted(content().contacts)[:2]
    for number, name in zip((2, 1), called, strict=True):
        with site.store.writing() as session:
            session.add(living.NumberCheck(id=number, contact=name, works=False, at=clock.now))
        clock.pass_(seconds=-1)
        gone = current(site)
        assert name in gone.hidden | gone.unsure


def test_the_files_themselves_may_be_said(clock: Clock) -> None:
    """Else nobody could save a small change of such an answer."""
    today = local_date(clock())
    for topic, entries in content().faq.items():
        for entry in entries:
            assert rules.answer(topic, entry, content(), today=today) == []
