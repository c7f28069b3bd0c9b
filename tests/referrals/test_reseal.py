"""The server's key turns: everything follows, nothing is lost, and nothing is dropped too soon."""

import importlib
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from types import ModuleType

import pytest
from sqlmodel import select

from api.commands.keys import PLACES
from api.factors import Totp
from bot import parcel
from bot.message import ChannelName, Message
from bot.queue_seal import QUEUED
from referrals import audit, contact, draft, duty, notice, reseal, serverkey
from referrals.case import Case
from referrals.reseal import Place, State, StillNeeded
from referrals.sealing import SealedField
from tests.house import Town, told_draft

ROOT = Path(__file__).resolve().parents[2]
OTHERWISE = {QUEUED}
"""Under a key that follows from the root, which never turns."""


def declared() -> Iterator[SealedField]:
    """Every sealed column that our code declares for the server's key."""
    for path in sorted(
        p for package in ("api", "bot", "referrals") for p in (ROOT / package).rglob("*.py")
    ):
        if "SealedField(" in path.read_text():
            yield from _of(
                importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))
            )


def _of(module: ModuleType) -> Iterator[SealedField]:
    for value in vars(module).values():
        if isinstance(value, SealedField) and value.key == "server":
            yield value


def test_no_sealed_column_is_forgotten() -> None:
    assert set(declared()) == {place.field for place in PLACES} | OTHERWISE
    for place in PLACES:
        assert place.model.__tablename__ == place.field.table
        assert place.column.key == place.field.column


@pytest.fixture
def full(town: Town) -> Town:
    """A town where every sealed column holds something."""
    site, now = town.site, town.clock()
    code = town.lodges("រឿង")
    with site.store.writing() as session:
        case = session.exec(select(Case).where(Case.code == code)).one()
        notice.post(session, site, "c" * 64, case.id, "មកការិយាល័យ")
        contact.heard_from(session, site, "c" * 64, "telegram", "4711", now)
        begun = told_draft(session, site, "រឿងទីពីរ", conversation="d" * 64)
        photo = draft.seal_file(site, iter([b"photo"]), "image/jpeg")
        draft.tell(session, site, begun, "story", "told-3", file=photo)
        member = town.people["mrc"].member_id
        linked = duty.link_code(session, site, member)
        duty.link(session, site, linked, "telegram", "t" * 64, "4712", now)
        message = Message(ChannelName.WEB, "p-1", "c" * 64, "c" * 64, now, text="ពាក្យ")
        parcel.accept(session, site, "p-1", message)
        parcel.accept(session, site, "p-2", message)
        parcel.answer(session, site, "p-2", parcel.Outgoing(()))
        secret = site.server_key.seal(TOTP, member, b"secret")
        session.add(Totp(member_id=member, sealed_secret=secret))
    return town


(TOTP,) = (place.field for place in PLACES if place.model is Totp)


def key_file(town: Town) -> Path:
    assert town.site.server_key.path is not None
    return town.site.server_key.path


def turn(town: Town) -> int:
    return reseal.turn(town.site, key_file(town), town.clock())


def follow(town: Town) -> dict[Place, State]:
    return {place: reseal.reseal(town.site, place) for place in PLACES}


def drop(town: Town) -> int:
    return reseal.drop_older(town.site, key_file(town), PLACES, town.clock())


def opened(town: Town) -> list[bytes]:
    """Everything that the server can open, in the order of the places and rows."""
    found = []
    with town.site.store.reading() as session:
        for place in PLACES:
            rows = session.exec(select(place.row, place.column).order_by(place.row)).all()
            found += [
                town.site.server_key.open_(place.field, row, sealed)
                for row, sealed in rows
                if sealed
            ]
    return found


def test_everything_follows_and_reads_the_same_with_the_new_key_alone(full: Town) -> None:
    before = opened(full)
    assert turn(full) == 2
    found = follow(full)
    assert all(state.older == state.of > 0 for state in found.values()), found
    assert opened(full) == before
    assert set(follow(full).values()) == {State(state.of, 0, 0) for state in found.values()}
    full.clock.pass_(minutes=20)
    assert drop(full) == 1
    assert len(serverkey.load_or_make(key_file(full)).keys) == 1
    assert opened(full) == before


def test_in_batches_no_row_is_left_out(full: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reseal, "BATCH", 2)
    (place,) = (each for each in PLACES if each.field == contact.ADDRESS)
    with full.site.store.writing() as session:
        for number in range(6):
            her = f"{number:064}"
            contact.heard_from(session, full.site, her, "web", "x", full.clock())
    turn(full)
    assert reseal.state_of(full.site, place) == State(7, 7, 0)
    assert reseal.reseal(full.site, place) == State(7, 7, 0)
    assert reseal.state_of(full.site, place) == State(7, 0, 0)


def test_older_keys_are_not_dropped_while_something_needs_them(full: Town) -> None:
    turn(full)
    full.clock.pass_(minutes=20)
    with pytest.raises(StillNeeded, match=r"contact\.sealed_address \(1\).*reseal"):
        drop(full)
    assert len(full.site.server_key.keys) == 2


def test_nor_so_soon_that_something_is_still_being_written(full: Town) -> None:
    turn(full)
    follow(full)
    full.clock.pass_(minutes=14)
    with pytest.raises(StillNeeded, match="15 minutes"):
        drop(full)
    full.clock.pass_(minutes=1)
    assert drop(full) == 1


def test_what_no_key_opens_is_told_and_left_as_it_is(full: Town) -> None:
    (place,) = (each for each in PLACES if each.field == contact.ADDRESS)
    with full.site.store.writing() as session:
        row = session.get_one(contact.Contact, "c" * 64)
        row.sealed_address = harmed = b"\x01" + bytes(90)
        session.add(row)
    turn(full)
    assert follow(full)[place] == State(1, 1, 1)
    with full.site.store.reading() as session:
        assert session.get_one(contact.Contact, "c" * 64).sealed_address == harmed
    full.clock.now += timedelta(hours=1)
    assert drop(full) == 1


def test_what_changes_meanwhile_is_not_overwritten(full: Town) -> None:
    """The server goes on working while the command goes through the rows."""
    (place,) = (each for each in PLACES if each.field == draft.ANSWERS)
    turn(full)
    with full.site.store.writing() as session:
        own = draft.open_(session, full.site, "d" * 64, "telegram")
        draft.answer(session, full.site, own, "category", "violence_harassment")
    reseal.reseal(full.site, place)
    with full.site.store.reading() as session:
        own = session.exec(select(draft.Draft)).one()
        assert b"violence_harassment" in full.site.server_key.open_(
            draft.ANSWERS, own.id, own.sealed_answers
        )


def test_each_step_leaves_a_trace(full: Town) -> None:
    turn(full)
    follow(full)
    full.clock.pass_(minutes=20)
    drop(full)
    with full.site.store.reading() as session:
        acts = [row.act for row in session.exec(select(audit.AuditRow).order_by("id"))]
    assert acts[-2:] == ["server_key_turned", "server_key_dropped"]
