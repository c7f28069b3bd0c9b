"""By night: what is due is erased, once, wherever it breaks off; who has nothing is forgotten."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import Session, select

from bot import conversation, durable, keeping, news, parcel, trace
from bot.conversation import Conversation
from bot.keeping import Night, Terms
from bot.message import Language
from bot.news import AlertDelivery, AlertState, Delivery
from bot.settings import ChannelSettings
from referrals import aftercare, audit, backup, case, draft, erasure, retention
from referrals.audit import AuditRow
from referrals.contact import Contact
from referrals.erasure import Certificate, Reason
from referrals.settings import KeepClosed
from referrals.site import Site
from tests.bot.sending import NEVER_QUIET, WRITTEN, _running_loop, heard_from, working
from tests.bot.test_broadcast_crashes import Crash, Fate, Mortal
from tests.house import Town, build_town
from tests.standins import wait_for

TERMS = Terms(KeepClosed())
TWO_YEARS = timedelta(days=732)


@pytest.fixture
def town(tmp_path: Path, database_url: str) -> Iterator[Town]:
    built = build_town(tmp_path, database_url)
    yield built
    built.site.store.engine.dispose()


def closed(town: Town, name: str) -> str:
    code = town.lodges("រឿង", conversation=name * 64, update=f"u-{name}")
    with town.site.store.writing() as session:
        aftercare.close(session, town.site, case.by_code(session, code))
    return code


def codes(site: Site) -> set[str]:
    with site.store.reading() as session:
        return set(session.exec(select(case.Case.code)))


def acts(site: Site, act: audit.Act) -> int:
    with site.store.reading() as session:
        return len(session.exec(select(AuditRow).where(AuditRow.act == act)).all())


def test_a_night_warns_and_thirty_nights_later_it_erases(town: Town) -> None:
    done = {closed(town, name) for name in "abc"}
    kept = town.lodges("រឿង", conversation="d" * 64, update="u-d")
    # PostgreSQL is tidied each night, SQLite after an erasure.
    always = town.site.store.engine.dialect.name == "postgresql"
    assert keeping.night(town.site, TERMS) == Night(0, 0, 0, 0, tidied=always)
    town.clock.now += TWO_YEARS
    assert keeping.night(town.site, TERMS) == Night(0, 3, 0, 0, tidied=always)
    assert keeping.night(town.site, TERMS) == Night(0, 0, 0, 0, tidied=always)
    town.clock.pass_(days=30)
    assert codes(town.site) == {*done, kept}
    assert keeping.night(town.site, TERMS) == Night(3, 0, 0, 0, tidied=True)
    assert codes(town.site) == {kept}
    assert keeping.night(town.site, TERMS).erased == 0
    town.clock.pass_(days=3)
    assert keeping.night(town.site, TERMS) == Night(0, 0, 0, 0, tidied=always)


@pytest.mark.parametrize("death", range(1, 9))
def test_wherever_a_night_breaks_off_the_next_one_goes_on_and_nothing_is_done_twice(
    tmp_path: Path, death: int
) -> None:
    town = build_town(tmp_path)
    old = {closed(town, name) for name in "ab"}
    town.clock.now += TWO_YEARS
    keeping.night(town.site, TERMS)
    town.clock.pass_(days=30)
    new = closed(town, "c")
    with town.site.store.writing() as session:
        held = case.by_code(session, new)
        held.closed_at = town.clock() - TWO_YEARS
        session.add(held)
    mortal = Mortal(town.site.store.url)
    mortal.fate = Fate(frozenset({death}))
    with pytest.raises(Crash):  # three cases and the forgetting: eight places to die at
        keeping.night(replace(town.site, store=mortal), TERMS)
    mortal.engine.dispose()
    keeping.night(town.site, TERMS)
    assert codes(town.site) == {new}
    with town.site.store.reading() as session:
        marks = [each.case_mark for each in session.exec(select(Certificate))]
        offices = len({each.organisation_id for each in session.exec(select(Certificate))})
        assert len(retention.warned(session, town.people["mrc"], TERMS.keep)) == 1
    assert set(marks) == {erasure.mark_of(town.site, code) for code in old}
    assert len(marks) == 2 * offices
    assert acts(town.site, audit.Act.ERASED) == 2
    assert acts(town.site, audit.Act.ERASURE_WARNED) == 3
    town.site.store.engine.dispose()


def test_one_case_that_cannot_be_erased_holds_up_no_other(
    town: Town, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    broken, whole = closed(town, "a"), closed(town, "b")
    town.clock.now += TWO_YEARS
    keeping.night(town.site, TERMS)
    town.clock.pass_(days=30)
    remove = erasure.remove

    def fails(session: Session, site: Site, each: case.Case, subject: str) -> None:
        if each.code == broken:
            raise RuntimeError("a word of hers")
        remove(session, site, each, subject)

    monkeypatch.setattr(erasure, "remove", fails)
    done = keeping.night(town.site, TERMS)
    assert (done.erased, done.failed) == (1, 1)
    assert codes(town.site) == {broken}
    assert whole not in codes(town.site)
    assert "a word of hers" not in caplog.text
    assert "RuntimeError" in caplog.text


def test_what_was_erased_is_written_beside_the_backups(town: Town, tmp_path: Path) -> None:
    code, folder = closed(town, "a"), tmp_path / "elsewhere" / "backups"
    with town.site.store.writing() as session:
        erasure.erase(session, town.site, case.by_code(session, code).id, Reason.HER_WISH)
    keeping.night(town.site, replace(TERMS, backups=folder))
    lines = (folder / backup.ERASED).read_text().splitlines()
    found, strange = erasure.read_lines(town.site.server_key, lines)
    assert {each.case_mark for each in found} == {erasure.mark_of(town.site, code)}
    assert strange == 0


def test_old_backups_go_even_when_no_new_one_is_made(town: Town, tmp_path: Path) -> None:
    folder = tmp_path / "backups"
    for _ in range(2):
        town.clock.pass_(days=1)
        newest = backup.make(town.site, folder, 30).folder
    town.clock.pass_(days=31)
    keeping.night(town.site, replace(TERMS, backups=folder))
    assert [each for each in folder.iterdir() if each.is_dir()] == [newest]


def test_a_folder_that_cannot_be_written_spoils_no_night(
    town: Town, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "a file").write_text("")
    keeping.night(town.site, replace(TERMS, backups=tmp_path / "a file"))
    assert "beside the backups" in caplog.text


# ---- forgetting


def forgets(town: Town) -> int:
    with town.site.store.writing() as session:
        return keeping.forget(session, town.clock())


def known(town: Town) -> set[str]:
    """Give the users whose chat address, or whose conversation, is known."""
    names = {town.site.server_key.pseudonym("telegram", name): name for name in USERS}
    with town.site.store.reading() as session:
        addresses = {names[each] for each in session.exec(select(Contact.conversation))}
        spoken = {names[each] for each in session.exec(select(Conversation.conversation))}
    assert addresses == spoken
    return addresses


USERS = ("nothing", "case", "draft", "news", "parcel", "bubble", "lately", "erased")


def test_who_has_nothing_here_and_is_silent_for_thirty_days_is_forgotten(town: Town) -> None:
    site = town.site
    hers = {name: heard_from(site, "telegram", name) for name in USERS}
    lodged = town.lodges("រឿង", conversation=hers["case"])
    erased = town.lodges("រឿង", conversation=hers["erased"], update="u-2")
    with site.store.writing() as session:
        draft.open_(session, site, hers["draft"], "telegram")
        news.subscribe(
            session, hers["news"], "TH", language=Language.KM, asked_version=1, now=town.clock()
        )
        session.add(
            parcel.Parcel(
                id="p-1", conversation=hers["parcel"], channel="telegram", accepted=town.clock()
            )
        )
        trace.note(session, hers["bubble"], ["17"], town.clock())
        conversation.set_about(session, hers["case"], lodged)
        conversation.set_about(session, hers["erased"], erased)
    town.clock.pass_(days=29)
    heard_from(site, "telegram", "lately")
    assert forgets(town) == 0
    assert known(town) == set(USERS)
    with site.store.writing() as session:
        erasure.erase(session, site, case.by_code(session, erased).id, Reason.HER_WISH)
    assert forgets(town) == 0
    with site.store.reading() as session:
        assert conversation.state(session, hers["erased"]).about_case is None
        assert conversation.state(session, hers["case"]).about_case == lodged
    town.clock.pass_(days=1)
    assert forgets(town) == 2
    assert known(town) == set(USERS) - {"nothing", "erased"}


def test_a_conversation_of_a_page_is_forgotten_without_an_address(town: Town) -> None:
    with town.site.store.writing() as session:
        conversation.begin(session, "9" * 64, town.clock())
    town.clock.pass_(days=31)
    forgets(town)
    with town.site.store.reading() as session:
        assert session.get(Conversation, "9" * 64) is None


def test_of_old_news_the_numbers_stay_and_the_people_go(town: Town) -> None:
    site = town.site
    with site.store.writing() as session:
        old, new = (
            news.Alert(
                country="TH",
                text_km=WRITTEN.text_km,
                text_en=WRITTEN.text_en,
                source_km=WRITTEN.source_km,
                source_en=WRITTEN.source_en,
                as_of=WRITTEN.as_of,
                state=state,
                created_at=town.clock(),
                ended_at=ended,
            )
            for state, ended in ((AlertState.DONE, town.clock()), (AlertState.SENDING, None))
        )
        session.add_all([old, new])
        session.flush()
        for alert in (old, new):
            for name in ("a", "b"):
                session.add(
                    AlertDelivery(
                        alert_id=alert.id,
                        conversation=name * 64,
                        state=Delivery.SENT,
                        at=town.clock(),
                    )
                )
    town.clock.pass_(days=29)
    forgets(town)
    assert who_got(town, old.id) == {"a" * 64, "b" * 64}
    town.clock.pass_(days=1)
    forgets(town)
    first = who_got(town, old.id)
    assert len(first) == 2
    assert all(each.startswith(keeping.NOBODY) for each in first)
    forgets(town)
    assert who_got(town, old.id) == first, "once"
    assert who_got(town, new.id) == {"a" * 64, "b" * 64}
    with site.store.reading() as session:
        assert news.result(session, old.id)[Delivery.SENT] == 2


def who_got(town: Town, alert_id: str) -> set[str]:
    with town.site.store.reading() as session:
        return set(
            session.exec(
                select(AlertDelivery.conversation).where(AlertDelivery.alert_id == alert_id)
            )
        )


# ---- durably


@contextmanager
def keeps_durably(site: Site, folder: Path) -> Iterator[None]:
    with working(site, ChannelSettings(), NEVER_QUIET) as turns:
        durable.start(turns, turns.wait(_running_loop()))
        engine = durable.open_(f"sqlite:///{folder / 'work.sqlite'}")
        try:
            keeping.open_(replace(TERMS, backups=folder / "backups"))
            yield
        finally:
            keeping.close()
            durable.stop()
            engine.dispose()


def test_a_start_makes_up_for_the_night_and_each_day_is_done_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    town = build_town(tmp_path)
    code = closed(town, "a")
    with town.site.store.writing() as session:
        held = case.by_code(session, code)
        held.warned_at = held.closed_at
        session.add(held)
    town.clock.now += TWO_YEARS
    nights: list[Night] = []
    one = keeping.night

    def counted(site: Site, terms: Terms) -> Night:
        nights.append(one(site, terms))
        return nights[-1]

    monkeypatch.setattr(keeping, "night", counted)
    for _ in range(2):
        with keeps_durably(town.site, tmp_path):
            wait_for(lambda: bool(nights))
            keeping._today()
        assert [each.erased for each in nights] == [1]
    town.clock.pass_(days=1)
    with keeps_durably(town.site, tmp_path):
        wait_for(lambda: len(nights) == 2)
    assert codes(town.site) == set()
    town.site.store.engine.dispose()
