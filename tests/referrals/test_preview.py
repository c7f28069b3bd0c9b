"""A preview shows the picture and nothing that the camera wrote beside it."""

import struct
import zlib
from io import BytesIO

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms, PngImagePlugin

from referrals.preview import BYTES, FORMATS, LONGEST, PIXELS, NoPreview, preview

PLACE = b"a canary for the place"
GPS, ORIENTATION, MAKER = 0x8825, 0x0112, 0x010F


def photo(
    form: str = "JPEG", size: tuple[int, int] = (400, 200), *, turned: int = 1, mode: str = "RGB"
) -> bytes:
    """A picture with a red left half, and the place in every corner a camera writes to."""
    image = Image.new(mode, size)
    if mode in ("RGB", "RGBA"):
        image.paste((200, 0, 0), (0, 0, size[0] // 2, size[1]))
    exif = Image.Exif()
    exif[MAKER] = PLACE.decode()
    exif[ORIENTATION] = turned
    exif.get_ifd(GPS).update({1: "N", 2: (11.0, 33.0, 0.0), 3: "E", 4: (104.0, 55.0, 0.0)})
    given = {
        "exif": exif.tobytes(),
        "icc_profile": ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes(),
    }
    if form == "JPEG":
        given |= {"comment": PLACE, "xmp": b"<x:xmpmeta>" + PLACE + b"</x:xmpmeta>"}
    if form == "PNG":
        text = PngImagePlugin.PngInfo()
        text.add_itxt("XML:com.adobe.xmp", PLACE.decode())
        given |= {"pnginfo": text}
    if form == "GIF":
        given = {"comment": PLACE}
    out = BytesIO()
    image.save(out, form, **given)
    return out.getvalue()


def drawn(picture: bytes, media_type: str = "image/jpeg") -> Image.Image:
    image = Image.open(BytesIO(preview([picture], media_type)))
    image.load()
    return image


@pytest.mark.parametrize(("media_type", "form"), FORMATS.items())
def test_what_the_camera_wrote_beside_the_picture_is_gone(media_type: str, form: str) -> None:
    original = photo(form)
    assert PLACE in original
    shown = preview([original], media_type)
    assert shown.startswith(b"\xff\xd8\xff")
    for left in (PLACE, b"Exif", b"GPS", b"ICC_PROFILE", b"http://ns.adobe.com", b"xmpmeta"):
        assert left not in shown
    image = Image.open(BytesIO(shown))
    assert not dict(image.getexif())
    assert not image.getexif().get_ifd(GPS)
    assert set(image.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}


def test_a_picture_is_made_small_and_keeps_its_shape() -> None:
    assert drawn(photo(size=(4000, 2000))).size == (LONGEST, LONGEST // 2)
    assert drawn(photo(size=(90, 2600))).size[1] == LONGEST
    assert drawn(photo(size=(400, 200))).size == (400, 200)


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_a_picture_taken_sideways_is_shown_upright(form: str) -> None:
    shown = drawn(photo(form, turned=6))  # the camera was turned a quarter
    assert shown.size == (200, 400)
    red, *_ = shown.getpixel((100, 20))
    dark, *_ = shown.getpixel((100, 380))
    assert red > 150 > 50 > dark


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGBA", "LA", "I;16", "CMYK"])
def test_every_way_to_keep_colours_is_shown(mode: str) -> None:
    form = "JPEG" if mode == "CMYK" else "PNG"
    assert drawn(photo(form, mode=mode), FORMATS_BACK[form]).mode == "RGB"


FORMATS_BACK = {form: media_type for media_type, form in FORMATS.items()}


def test_what_was_see_through_is_white() -> None:
    clear = Image.new("RGBA", (40, 40), (0, 0, 0, 0))
    out = BytesIO()
    clear.save(out, "PNG")
    assert drawn(out.getvalue(), "image/png").getpixel((20, 20)) == (255, 255, 255)


def test_a_picture_under_a_wrong_name_is_shown_all_the_same() -> None:
    assert drawn(photo("WEBP"), "image/jpeg").size == (400, 200)


def chunk(name: bytes, data: bytes) -> bytes:
    body = name + data
    return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))


def bomb(width: int, height: int) -> bytes:
    """A PNG that says it is huge; its few bytes would unpack to that."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = zlib.compress(b"\0" * 1_000_000, 9)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    )


SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
HOSTILE = {
    "nothing": b"",
    "a page": b"<!doctype html><script>alert(1)</script>",
    "a drawing with a program in it": SVG,
    "a bomb": bomb(30_000, 30_000),
    "a bomb just over the limit": bomb(PIXELS // 4096 + 1, 4096),
    "a bomb with no end": bomb(2**31 - 1, 2**31 - 1),
    "a text that unpacks to very much": b"\x89PNG\r\n\x1a\n"
    + chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0))
    + chunk(b"zTXt", b"k\0\0" + zlib.compress(b"\0" * 50_000_000, 9))
    + chunk(b"IEND", b""),
    "PostScript": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
    "TIFF": b"II*\0\x08\0\0\0\0\0\0\0",
    "BMP": b"BM" + bytes(60),
    "PDF": b"%PDF-1.4\n1 0 obj\n",
    "PSD": b"8BPS\0\1" + bytes(40),
}


@pytest.mark.parametrize("media_type", FORMATS)
@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_gives_no_preview(name: str, media_type: str) -> None:
    with pytest.raises(NoPreview):
        preview([HOSTILE[name]], media_type)


@pytest.mark.parametrize(
    "media_type",
    ["image/svg+xml", "image/heic", "image/tiff", "text/html", "application/pdf", "", "IMAGE/JPEG"],
)
def test_only_a_few_kinds_of_file_are_looked_at(media_type: str) -> None:
    with pytest.raises(NoPreview):
        preview([photo()], media_type)


def test_a_file_too_long_is_given_up_before_it_is_read_to_its_end() -> None:
    read = 0

    def endless():
        nonlocal read
        while True:
            read += 1
            yield bytes(1_000_000)

    with pytest.raises(NoPreview):
        preview(endless(), "image/jpeg")
    assert read == BYTES // 1_000_000 + 1


def test_a_picture_that_is_also_a_page_becomes_only_a_picture() -> None:
    both = photo() + b"<script>alert(1)</script>" + SVG
    assert b"<s" not in preview([both], "image/jpeg")


@pytest.mark.parametrize(("media_type", "form"), FORMATS.items())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.differing_executors])
@given(data=st.data())
def test_whatever_is_cut_or_changed_gives_a_bare_picture_or_none(
    media_type: str, form: str, data: st.DataObject
) -> None:
    whole = bytearray(WHOLE[form])
    for _ in range(data.draw(st.integers(0, 6))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(whole)))
    rest = data.draw(st.binary(max_size=40))
    try:
        shown = preview([bytes(whole[:cut]) + rest], media_type)
    except NoPreview:
        return
    image = Image.open(BytesIO(shown))
    image.load()
    assert image.format == "JPEG"
    assert max(image.size) <= LONGEST
    assert PLACE not in shown
    assert not dict(image.getexif())


WHOLE = {form: photo(form, (64, 48)) for form in FORMATS.values()}


@given(anything=st.binary(max_size=400), media_type=st.sampled_from([*FORMATS, "text/html"]))
def test_any_bytes_give_no_preview_and_no_other_error(anything: bytes, media_type: str) -> None:
    with pytest.raises(NoPreview):
        preview([anything], media_type)
