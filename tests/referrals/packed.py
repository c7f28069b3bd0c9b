"""A case with everything in it, and packages of it: what several tests pack and open."""

from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from sqlmodel import col, select

from api.pages.export_shown import drawn
from referrals import desk, draft, lodging, package, package_key, thread
from referrals.audit import Act, AuditRow
from referrals.case import by_code
from referrals.keys import PrivateKey
from referrals.package import Order, Reason
from referrals.package_open import Checked, open_package
from tests.house import Town, told_draft

STORY = "ថៅកែមិនបើក <script>alert(1)</script> ប្រាក់ខែ"
ADDITION = "គាត់បាន & បិទទ្វារ"
LETTER = "សូមមកការិយាល័យ"
VOICE, PHOTO = b"OggS" + bytes(range(256)) * 900, b"\xff\xd8\xff" + b"photo" * 50_000
OTHERS = "រឿងរបស់អ្នកផ្សេង"
RECEIVER = "មេធាវី សុខា"

fingerprint = cache(package_key.fingerprint)
"""It is slow on purpose; once is enough."""


def full_case(town: Town) -> str:
    """Lodge a case told in words, by voice and with a photo, with a letter and things added later;
    and another one.
    """
    site = town.site
    with site.store.writing() as session:
        begun = told_draft(session, site, STORY, name="សុភា គំរូ")
        for name, update, kind, media_type, data in (
            ("story", "v-1", "voice", "audio/ogg", VOICE),
            ("photos", "p-1", "photo", "image/jpeg", PHOTO),
        ):
            file = draft.seal_file(site, iter([data]), media_type)
            draft.tell(session, site, begun, name, update, file=file, kind=kind)
        made = lodging.lodge(session, site, begun, "u-1", language="km").code
    town.clock.pass_(hours=1)
    desk.write(site, town.people["mrc"], made, LETTER)
    with site.store.writing() as session:
        case = by_code(session, made)
        thread.add(session, site, case, "a-1", text=ADDITION)
        page = draft.seal_file(site, iter([b"<html>"]), "text/html")
        thread.add(session, site, case, "a-2", file=page, kind="document")
    town.lodges(OTHERS, conversation="d" * 64, update="u-2")
    return made


def order(code: str, to: PrivateKey, **changes: Any) -> Order:
    public = to.public
    given = Order(
        code=code,
        public=public,
        fingerprint=fingerprint(public),
        receiver=RECEIVER,
        reason=Reason.LAWYER,
        confirmed=True,
    )
    return replace(given, **changes)


def leaves(town: Town, asked: Order, who: str = "mrc") -> bytes:
    made = package.make(town.site, town.people[who], asked, drawn, "1.2.3")
    data = b"".join(made)
    assert made.size == len(data)
    return data


def opens(folder: Path, data: bytes, key: PrivateKey, known: str = "") -> Checked:
    sealed = folder / "case.samleng"
    sealed.write_bytes(data)
    return open_package(sealed, key, folder / "opened", known)


def acts(town: Town, act: Act) -> list[tuple[str | None, str | None]]:
    with town.site.store.reading() as session:
        rows = session.exec(
            select(AuditRow).where(AuditRow.act == act).order_by(col(AuditRow.id))
        ).all()
        return [(row.member_id, row.subject) for row in rows]
