"""A complaint told at length, lodged as the journey lodges it: every kind of detail, choices on
buttons, a photo that knows where it was taken.
"""

from collections.abc import Mapping
from datetime import timedelta
from io import BytesIO

from PIL import Image
from sqlmodel import select

from referrals import consent, draft, lodging
from referrals.case import Case
from referrals.consent import Asked
from referrals.taxonomy import ConsentCode
from tests.house import SHARES, Town, told_draft

GPS = 0x8825

CHOSEN: Mapping[str, str] = {
    "age": "adult",
    "wants": "money,passport",
    "done": "employer",
    "counsellor": "woman",
    "speak": "khmer,thai",
    "safe_time": "evening",
    "safe_way": "chat",
    "support": "reading",
    "sector": "domestic_work",
    "destination_province": "TH-21",
}
TOLD: Mapping[str, str] = {
    "employer": "ម្ចាស់ផ្ទះគំរូ",
    "agency": "ក្រុមហ៊ុនគំរូ",
    "money": "៣ខែ មិនបានបើក",
    "not_see": "បងស្រីខ្ញុំមិនត្រូវដឹងទេ",
}


def taken_in_phnom_penh(size: tuple[int, int] = (90, 60)) -> bytes:
    """Give a photo whose camera wrote down the place."""
    exif = Image.Exif()
    exif.get_ifd(GPS).update({1: "N", 2: (11.0, 33.0, 0.0), 3: "E", 4: (104.0, 55.0, 0.0)})
    out = BytesIO()
    Image.new("RGB", size, (150, 90, 40)).save(out, "JPEG", exif=exif.tobytes())
    return out.getvalue()


PHOTO = taken_in_phnom_penh()


def lodges_much(
    town: Town,
    *,
    chosen: Mapping[str, str] = CHOSEN,
    told: Mapping[str, str] = TOLD,
    conversation: str = "d" * 64,
    shares: tuple[ConsentCode, ...] = SHARES,
    category: str = "unpaid_wages",
    photo: tuple[bytes, str] = (PHOTO, "image/jpeg"),
) -> str:
    """Lodge it; gives its code."""
    with town.site.store.writing() as session:
        begun = told_draft(
            session,
            town.site,
            "ថៅកែមិនបើកប្រាក់ខែ",
            conversation=conversation,
            shares=shares,
            category=category,
            name="ស្រីគំរូ",
        )
        for detail, codes in chosen.items():
            draft.answer(session, town.site, begun, detail, codes)
        for number, (detail, text) in enumerate(told.items()):
            draft.tell(session, town.site, begun, detail, f"more-{number}", text=text)
        picture, media_type = photo
        sealed = draft.seal_file(town.site, iter([picture]), media_type)
        draft.tell(session, town.site, begun, "passport", "photo-1", file=sealed, kind="photo")
        voice = draft.seal_file(town.site, iter([b"OggS voice"]), "audio/ogg")
        draft.tell(session, town.site, begun, "safe_way", "voice-1", file=voice, kind="voice")
        return lodging.lodge(
            session, town.site, begun, f"lodged-{conversation}", language="km"
        ).code


def answers(town: Town, code: str, asked: ConsentCode, *, granted: bool) -> None:
    """Let her answer a question of consent anew, a minute after the last thing that happened."""
    town.clock.now += timedelta(minutes=1)
    with town.site.store.writing() as session:
        case = session.exec(select(Case).where(Case.code == code)).one()
        consent.record(session, case.id, Asked(asked, granted, 1, "km", "ពាក្យ", town.clock()))
