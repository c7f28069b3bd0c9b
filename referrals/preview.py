"""A preview: a picture small and bare, made in memory when somebody who may see it asks.

What a camera wrote beside the picture (place, time, device, its own small picture) stays in the
original alone.
"""

from collections.abc import Iterable
from io import BytesIO
from threading import Semaphore

from PIL import Image, ImageOps

LONGEST = 1280
"""Pixels of the longer side of a preview."""

BYTES = 20_000_000
"""Bytes of the largest picture that is looked at; Telegram hands a bot no larger file."""

PIXELS = 8192 * 6144
"""Width times height of the largest picture that is unpacked: what phones of today take, and about
200 MB while it is made small.
"""

FORMATS = {"image/jpeg": "JPEG", "image/png": "PNG", "image/webp": "WEBP", "image/gif": "GIF"}
"""Media types that are looked at, and Pillow's names of the few decoders that may try. HEIC is not
among them: its decoder is one more large program to feed hostile files to.
"""

Image.MAX_IMAGE_PIXELS = PIXELS  # Pillow itself gives up at twice this, while it opens

_ONE_AT_A_TIME = Semaphore(1)
"""A page with thirty photos must not unpack thirty at once."""


class NoPreview(Exception):
    """Nothing can be shown of this file: not a picture we look at, broken, or too large."""


def preview(chunks: Iterable[bytes], media_type: str) -> bytes:
    """Give a JPEG of at most LONGEST pixels a side, upright, with no metadata at all.

    `media_type` is what the sender said; it must be one of FORMATS, the picture may be any of them.
    Of a moving picture, the first frame. Raises NoPreview, also for more than BYTES or PIXELS.
    """
    if media_type not in FORMATS:
        raise NoPreview("this kind of file is not looked at")
    held = bytearray()
    for chunk in chunks:
        held += chunk
        if len(held) > BYTES:
            raise NoPreview("the picture has too many bytes")
    with _ONE_AT_A_TIME:
        return _drawn(bytes(held))


def _drawn(picture: bytes) -> bytes:
    try:
        with Image.open(BytesIO(picture), formats=list(FORMATS.values())) as opened:
            if opened.width * opened.height > PIXELS:
                raise NoPreview("the picture has too many pixels")
            return _small(opened)
    except NoPreview:
        raise
    except Exception as error:
        # Pillow's readers meet a hostile file with whatever error lies nearest: struct.error,
        # SyntaxError, IndexError, ZeroDivisionError. Each says the same here.
        raise NoPreview("the picture is broken") from error


def _small(opened: Image.Image) -> bytes:
    # Letting a JPEG shrink while it is unpacked saves most of the memory and time.
    opened.draft("RGB", (LONGEST, LONGEST))
    # Pillow shrinks a palette badly, and grey of 16 bits not at all.
    plain = opened if opened.mode in ("RGB", "L") else opened.convert("RGBA")
    plain.thumbnail((LONGEST, LONGEST))
    upright = ImageOps.exif_transpose(plain)
    # A new picture knows nothing of the old one's metadata, comments and colour profile.
    bare = Image.new("RGB", upright.size, "white")
    bare.paste(upright, mask=upright if upright.mode == "RGBA" else None)
    out = BytesIO()
    bare.save(out, "JPEG", quality=82)
    return out.getvalue()
