"""A signed receipt: it says that a complaint was lodged, and anybody can check that we said so.

It states the code, the day, the offices and the class of topic, and never what was told. As text
it is base64url without padding (RFC 4648, section 5) of these bytes, numbers with the highest byte
first, short enough for a QR code:

    version (1 byte: 1), code (4), day (2: days since 2020-01-01), class of topic (1),
    number of offices (1), each office's id (16), Ed25519 signature of all before it (64)

Offices stand as ids, so that they are named in the reader's language and the QR code stays coarse
enough for cheap paper. The key is Ed25519 (RFC 8032), its seed derived from the root of the server
key, which never rotates. It signs manifests of exported cases, too (package.py): a receipt begins
with the byte 1, a manifest with a brace. With the public key (`public_key`) anybody can
check the text without us.
"""

import base64
import binascii
import struct
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from sqlmodel import Session, col, select

from referrals.case import Case, Referral
from referrals.code import DIGITS
from referrals.directory import Organisation
from referrals.serverkey import ServerKey
from referrals.site import Site
from referrals.taxonomy import PHASE_OF, Category, Phase

VERSION = 1
ZONE = ZoneInfo("Asia/Phnom_Penh")
FIRST_DAY = date(2020, 1, 1)
HEAD = struct.Struct(">BIHBB")
ID_BYTES = 16
SIGNATURE_BYTES = 64
MOST_OFFICES = 24
TEXT_LIMIT = 620
"""Characters of the longest text (MOST_OFFICES); a longer one is no receipt."""

CLASS_NUMBERS: dict[Phase, int] = {
    Phase.RECRUITMENT: 1,
    Phase.WORK: 2,
    Phase.ABUSE: 3,
    Phase.STATUS: 4,
    Phase.RETURN: 5,
    Phase.MONEY: 6,
}
"""Printed on paper that people keep: a number never changes its meaning."""


class NotGenuine(Exception):
    """A text that this installation did not sign, or that was changed since."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a receipt states. `day` is the day of lodging in Phnom Penh, `offices` are ids of
    organisations in the order of routing, at most MOST_OFFICES.
    """

    code: str
    day: date
    offices: tuple[str, ...]
    topic_class: Phase


def local_day(moment: datetime) -> date:
    """Give the day of a UTC moment, as a calendar in Phnom Penh shows it."""
    return moment.astimezone(ZONE).date()


def sign(key: ServerKey, receipt: Receipt) -> str:
    """Give the receipt as signed text. The same receipt always gives the same text.

    Raises ValueError for an office whose id is not 32 hex digits, or for too many of them.
    """
    offices = [bytes.fromhex(office) for office in receipt.offices]
    if len(offices) > MOST_OFFICES or any(len(office) != ID_BYTES for office in offices):
        raise ValueError("a receipt names few offices, each by an id of 32 hex digits")
    head = HEAD.pack(
        VERSION,
        int(receipt.code),
        (receipt.day - FIRST_DAY).days,
        CLASS_NUMBERS[receipt.topic_class],
        len(offices),
    )
    body = head + b"".join(offices)
    return _text(body + signing_key(key).sign(body))


def check(key: ServerKey, text: str) -> Receipt:
    """Read a signed text. Raises NotGenuine for whatever `sign` did not give, to the letter."""
    raw = _bytes(text)
    body, signature = raw[:-SIGNATURE_BYTES], raw[-SIGNATURE_BYTES:]
    try:
        signing_key(key).public_key().verify(signature, body)
    except InvalidSignature:
        raise NotGenuine("the signature does not fit") from None
    version, code, days, number, count = HEAD.unpack_from(body)
    ids = body[HEAD.size :]
    topic_class = next((each for each, n in CLASS_NUMBERS.items() if n == number), None)
    if version != VERSION or topic_class is None or len(ids) != count * ID_BYTES:
        raise NotGenuine("signed, but not in a form that is known here")
    return Receipt(
        code=f"{code:0{DIGITS}d}",
        day=FIRST_DAY + timedelta(days=days),
        offices=tuple(ids[at : at + ID_BYTES].hex() for at in range(0, len(ids), ID_BYTES)),
        topic_class=topic_class,
    )


def public_key(key: ServerKey) -> str:
    """Give the public key as PEM (SubjectPublicKeyInfo, RFC 8410)."""
    public = signing_key(key).public_key()
    return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def of_case(session: Session, case: Case) -> Receipt:
    """Give what the receipt of a case states: every office it was sent to, the class of its topic
    and not the topic. An anonymous case and one that only asks to be written to have one too.
    """
    sent_to = session.exec(
        select(Referral.organisation_id)
        .where(Referral.case_id == case.id)
        .order_by(col(Referral.place))
    )
    return Receipt(
        code=case.code,
        day=local_day(case.lodged_at),
        offices=tuple(sent_to)[:MOST_OFFICES],
        topic_class=PHASE_OF[Category(case.category)],
    )


def for_code(session: Session, code: str) -> Receipt | None:
    """Give what the receipt of the case with this code states; None when no case has it."""
    case = session.exec(select(Case).where(Case.code == code)).one_or_none()
    return None if case is None else of_case(session, case)


def still_kept(session: Session, receipt: Receipt) -> bool:
    """Tell whether the case of a receipt is still there. The day counts as well, for the code of
    an erased case may be drawn again.
    """
    case = session.exec(select(Case).where(Case.code == receipt.code)).one_or_none()
    return case is not None and local_day(case.lodged_at) == receipt.day


def named_offices(session: Session, receipt: Receipt) -> list[Organisation | None]:
    """Give the offices of a receipt in its order; None for one that left the directory."""
    found = session.exec(
        select(Organisation).where(col(Organisation.id).in_(receipt.offices))
    ).all()
    by_id = {office.id: office for office in found}
    return [by_id.get(each) for each in receipt.offices]


def link(session: Session, site: Site, case: Case, public_url: str | None) -> str | None:
    """Give the address of the page that shows this case's receipt, in the case's language.

    None when the world cannot reach this server (no `public_url`, an address without a path).
    """
    if not public_url:
        return None
    text = sign(site.server_key, of_case(session, case))
    language = "" if case.language == "km" else f"&language={case.language}"
    return f"{public_url.rstrip('/')}/receipt?r={text}{language}"


def signing_key(key: ServerKey) -> Ed25519PrivateKey:
    """Give the private key of receipts, for package.py too."""
    return Ed25519PrivateKey.from_private_bytes(key.derived("receipt"))


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    """Undo `_text`. Raises NotGenuine for any other spelling of the same bytes, and for too few."""
    if len(text) > TEXT_LIMIT or not text.isascii():
        raise NotGenuine("this is no receipt")
    try:
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        raise NotGenuine("this is no receipt") from None
    if len(raw) < HEAD.size + SIGNATURE_BYTES or _text(raw) != text:
        raise NotGenuine("this is no receipt")
    return raw
