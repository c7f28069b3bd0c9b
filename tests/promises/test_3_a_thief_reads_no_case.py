"""Promise 3: who steals the disk, or the server's own keys, reads no lodged case.

A house in use is stolen whole: folder, database, dump, log, environment, server key. The thief is
able: the same thief reads everything once he has one member's password.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import select

from api.commands.keys import PLACES
from api.pages.export_shown import drawn
from bot import parcel
from bot.message import ChannelName, Message, Reply
from bot.parcel import Outgoing
from referrals import (
    backup,
    blind,
    case,
    contact,
    desk,
    draft,
    keyring,
    lodging,
    membership,
    notice,
    package,
    package_key,
    recoverykey,
    reseal,
    rotation,
    searching,
    thread,
)
from referrals.directory import Member
from referrals.keys import PrivateKey
from tests.house import PASSWORD, SHARES, Town, build_town, told_draft
from tests.on_call import works_at
from tests.promises.thief import Loot, Thief, pg_dump, purposes_in_our_code, steals

HER, HIS = "c" * 64, "d" * 64
LODGED = {
    "story": "ថៅកែចាក់សោទ្វារមិនឱ្យចេញក្រៅ",
    "name": "ចាន់ សុភាពគំរូ",
    "agency": "ក្រុមហ៊ុនគំរូមួយ",
    "phone": "+85512345678",
    "voice": "RIFF-the-voice-that-was-told",
    "added": "គាត់បន្ថែមពាក្យនេះនៅពេលក្រោយ",
    "added photo": "JFIF-the-photo-that-came-later",
    "message": "ពាក្យក្នុងសារដែលឆ្លើយរួច",
    "letter shown": "សំបុត្រដែលនាងបានអានរួចហើយ",
    "second story": "រឿងទីពីរដែលដាក់បន្ទាប់ពីប្តូរសោ",
}
"""What was told, and what was written to her: of a case that is lodged nothing may be read."""

IN_USE = {
    "draft": "រឿងដែលមិនទាន់បានផ្ញើ",
    "draft's photo": "JFIF-of-a-draft",
    "address": "7234987234",
    "letter that waits": "សំបុត្រដែលរង់ចាំនាង",
}
"""What the server itself must read, for a while: drafts, addresses, what waits to be shown."""

COMMON = ["", "password", "123456789012", "samleng"]


@dataclass
class House:
    """The house that is robbed, and what is in nobody's hands but its people's."""

    town: Town
    folder: Path
    url: str
    recovery: str
    receiver: PrivateKey
    office: PrivateKey
    """That of the office, when it made its search tokens."""
    once: tuple[bytes, ...]
    """What the server could open until the case was lodged: as it lay in the database."""


@pytest.fixture
def house(tmp_path: Path, database_url: str) -> Iterator[House]:
    """A house in use on SQLite, in its own folder, and on PostgreSQL."""
    url = database_url
    if url.startswith("sqlite"):
        url = f"sqlite:///{tmp_path / 'data' / 'samleng.sqlite'}"
    town = build_town(tmp_path, url)
    yield lives(town, tmp_path, url)
    town.site.store.engine.dispose()


def lives(town: Town, folder: Path, url: str) -> House:
    """Let the house live: told, lodged, added to, written to, searched, left, turned, packed."""
    site, mrc = town.site, town.people["mrc"]
    recovery = recoverykey.new_recovery_key()
    works_at(town, "mrc", "helper")
    with site.store.writing() as session:
        recoverykey.set_recovery_key(session, mrc, recovery, town.clock())
    once = tells(town)
    with site.store.writing() as session:
        begun = draft.find(session, HER)
        assert begun is not None
        code = lodging.lodge(session, site, begun, "lodged-1", language="km").code
    town.clock.pass_(hours=1)
    desk.write(site, mrc, code, LODGED["letter shown"])
    is_shown(town, HER)
    adds(town, code)
    assert searching.prepare(site, mrc) == 0
    assert desk.open_case(site, mrc, code).files
    with site.store.reading() as session:
        office = keyring.organisation_key(session, mrc)
        assert office is not None
    with site.store.writing() as session:
        leaves = session.get_one(Member, town.people["helper"].member_id)
        membership.let_go(session, mrc, leaves, town.clock())
    key_file = site.files.root.parent / "server.key"
    reseal.turn(site, key_file, town.clock())
    for place in PLACES:
        reseal.reseal(site, place)
    town.lodges(LODGED["second story"], conversation=HIS, update="lodged-2")
    with site.store.writing() as session:
        rotation.rewrap(session, mrc, limit=1, now=town.clock())
    desk.write(site, mrc, code, IN_USE["letter that waits"])
    receiver = PrivateKey.new()
    packs(town, code, receiver, folder)
    still_open(town)
    site.store.forget_log()
    backup.make(site, folder / "backups", keep_days=30)
    (folder / "data" / "samleng.log").write_text(f"INFO lodged {code}\n")
    (folder / "environment").write_text(f"SAMLENG_DATABASE_URL={url}\nTELEGRAM_BOT_TOKEN=1:x\n")
    return House(town, folder, url, recovery, receiver, office, once)


def tells(town: Town) -> tuple[bytes, ...]:
    """Tell a complaint as it comes: a message, words, a voice. Gives what lay sealed meanwhile."""
    site = town.site
    came = Message(
        ChannelName.TELEGRAM, "m-1", HER, IN_USE["address"], town.clock(), LODGED["message"]
    )
    with site.store.writing() as session:
        parcel.accept(session, site, "m-1", came)
        contact.heard_from(session, site, HER, "telegram", IN_USE["address"], town.clock())
        begun = told_draft(
            session, site, LODGED["story"], conversation=HER, shares=SHARES, name=LODGED["name"]
        )
        draft.tell(session, site, begun, "agency", "t-3", text=LODGED["agency"])
        draft.tell(session, site, begun, "safe_way", "t-4", text=LODGED["phone"])
        voice = draft.seal_file(site, iter([LODGED["voice"].encode()]), "audio/ogg")
        draft.tell(session, site, begun, "story", "t-5", file=voice, kind="voice")
        sealed = [part.sealed_text or part.sealed_key for part in draft.parts(session, begun)]
        waits = session.get_one(parcel.Parcel, "m-1").sealed_message
        parcel.answer(session, site, "m-1", Outgoing((Reply("ok"),)))
        parcel.left(session, "m-1")
    return tuple(each for each in (*sealed, waits) if each)


def is_shown(town: Town, conversation: str) -> None:
    with town.site.store.writing() as session:
        letter = notice.waiting_letter(session, town.site, conversation)
        assert letter is not None
        notice.mark_read(session, letter.id, town.clock())


def adds(town: Town, code: str) -> None:
    site = town.site
    photo = draft.seal_file(site, iter([LODGED["added photo"].encode()]), "image/jpeg")
    with site.store.writing() as session:
        row = case.by_code(session, code)
        assert thread.add(session, site, row, "a-1", text=LODGED["added"])
        assert thread.add(session, site, row, "a-2", file=photo, kind="photo")


def packs(town: Town, code: str, receiver: PrivateKey, folder: Path) -> None:
    """Make a package for her lawyer; it was left lying on the server."""
    public = receiver.public
    order = package.Order(
        code=code,
        public=public,
        fingerprint=package_key.fingerprint(public),
        receiver="មេធាវី គំរូ",
        reason=package.Reason.LAWYER,
        confirmed=True,
    )
    made = package.make(town.site, town.people["mrc"], order, drawn, "1")
    (folder / "data" / "left.samleng").write_bytes(b"".join(made))


def still_open(town: Town) -> None:
    """Begin a draft that nobody has lodged yet."""
    site = town.site
    with site.store.writing() as session:
        begun = told_draft(session, site, IN_USE["draft"], conversation="e" * 64)
        photo = draft.seal_file(site, iter([IN_USE["draft's photo"].encode()]), "image/jpeg")
        draft.tell(session, site, begun, "story", "t-9", file=photo, kind="photo")


def robbed(house: House) -> Loot:
    return steals(house.folder, house.url, pg_dump if house.url.startswith("postgres") else None)


def thief_in(house: House, *passwords: str) -> Thief:
    """Let a thief do all that he can with what lies on the server."""
    thief = Thief(robbed(house))
    thief.takes_the_server_key()
    thief.takes_what_looks_like_a_key()
    thief.tries_passwords([*COMMON, *passwords])
    thief.works()
    return thief


def test_who_takes_all_that_is_on_the_server_reads_no_lodged_case(house: House) -> None:
    thief = thief_in(house)
    assert [what for what, word in LODGED.items() if thief.finds(word)] == []
    assert [what for what, word in IN_USE.items() if not thief.finds(word)] == []
    opened = {(table, column) for table, column, _ in thief.opened}
    of_the_server = {(place.field.table, place.field.column) for place in PLACES}
    assert opened <= of_the_server
    assert ("draft", "sealed_answers") in opened
    assert thief.privates == set()
    assert len(thief.files) == 1, "that of the draft alone"


def test_with_one_members_password_the_same_thief_reads_what_her_office_reads(
    house: House,
) -> None:
    """So the thief is able: it is the keys that he lacked."""
    thief = thief_in(house, PASSWORD)
    told = {what: word for what, word in LODGED.items() if what != "message"}
    assert [what for what, word in told.items() if not thief.finds(word)] == []
    assert len(thief.files) == 3


def test_without_the_server_key_he_reads_not_even_a_draft(house: House) -> None:
    (house.folder / "data" / "server.key").unlink()
    thief = thief_in(house)
    assert thief.opened == {}
    assert thief.files == {}
    assert not any(thief.finds(word) for word in (*LODGED.values(), *IN_USE.values()))


def test_what_the_server_could_read_before_lodging_lies_nowhere_any_more(house: House) -> None:
    """Not in freed pages, nor in the log of the database, nor in a backup: with the server's key it
    would open.
    """
    everywhere = list(robbed(house).raw())
    assert len(house.once) >= 5
    for sealed in house.once:
        pieces = [sealed[at : at + 32] for at in range(0, len(sealed) - 32, 256)]
        assert not any(piece in held for held in everywhere for piece in pieces)


def test_neither_a_recovery_key_nor_a_receivers_key_lies_on_the_server(house: House) -> None:
    secret = recoverykey.read_recovery_key(house.recovery)
    thief = Thief(robbed(house))
    everywhere = list(thief.loot.raw())
    for key in (secret, house.receiver.raw, *(p.key.raw for p in house.town.people.values())):
        assert not any(form in held for held in everywhere for form in (key, key.hex().encode()))
    assert not thief.finds(house.recovery)
    assert not thief.finds(PASSWORD)


def test_a_name_that_he_guesses_he_cannot_find_again(house: House) -> None:
    """Search tokens follow from the office's private key: no key of the server makes one."""
    thief = thief_in(house)
    tokens = {row["token"] for row in thief.loot.tables["search_token"]}
    assert tokens
    fields = [(name, LODGED[name]) for name in ("story", "name", "agency")]
    assert tokens & set(blind.tokens(blind.search_key(house.office), fields, "TH"))
    for key in thief.keys:
        assert not tokens & set(blind.tokens(key, fields, "TH"))


def test_the_thief_knows_every_purpose_for_which_we_derive_a_key() -> None:
    assert {"seal", "pseudonym", "queue", "tracker", "search", "recovery"} <= purposes_in_our_code()


def test_a_member_who_left_opens_nothing_with_a_copy_and_her_own_key(house: House) -> None:
    """What was lodged, or wrapped anew, after she left."""
    thief = Thief(robbed(house), privates={house.town.people["helper"].key.raw})
    thief.takes_the_server_key()
    thief.works()
    assert not thief.finds(LODGED["second story"])
    with house.town.site.store.reading() as session:
        member = session.exec(select(Member).where(Member.name == "helper")).one()
    assert member.left_at is not None
    assert member.sealed_private_key is None
    assert house.town.clock() - member.left_at < timedelta(days=1)
