"""Of two places the one that is meant."""

import re

import pytest

from bot.denied import denied, only_puts_right
from bot.text import normalise

PLACES = re.compile(r"thailand|malaysia|thai|malay|ថៃ|ម៉ាឡេស៊ី|ព្រៃវែង|កំពត", re.IGNORECASE)


def spans(text: str) -> list[tuple[int, int]]:
    return [found.span() for found in PLACES.finditer(text)]


def meant(text: str) -> list[str]:
    text = normalise(text)
    return [text[start:end] for start, end in spans(text) if not denied(text, start, end)]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("no, Thailand not Malaysia", "Thailand"),
        ("not Malaysia, Thailand", "Thailand"),
        ("I am not in Thailand, I am in Malaysia", "Malaysia"),
        ("Thailand instead of Malaysia", "Thailand"),
        ("not Thailand but Malaysia", "Malaysia"),
        ("Malaysia is wrong, Thailand", "Thailand"),
        ("it isn\u2019t Malaysia, it is Thailand", "Thailand"),
        ("ទេ ថៃ មិនមែនម៉ាឡេស៊ី", "ថៃ"),
        ("មិនមែនម៉ាឡេស៊ីទេ ថៃ", "ថៃ"),
        ("ទេ អត់មែនថៃទេ នៅម៉ាឡេស៊ីវិញ", "ម៉ាឡេស៊ី"),
        ("ខ្ញុំមិននៅប្រទេសថៃទេ នៅម៉ាឡេស៊ី", "ម៉ាឡេស៊ី"),
        ("មិនមែនខេត្តព្រៃវែងទេ ខេត្តកំពត", "កំពត"),
        ("ម៉ាឡេស៊ីមិនមែនទេ ថៃ", "ថៃ"),
        ("min men malay te, thai", "thai"),
        ("thai ot men malay te", "thai"),
    ],
)
def test_the_place_that_is_affirmed_is_meant_wherever_the_other_stands(
    text: str, place: str
) -> None:
    assert meant(text) == [place]
    assert only_puts_right(normalise(text), spans(normalise(text)))


@pytest.mark.parametrize(
    "text",
    ["min men te, thai", "មិនមែនទេ ថៃ", "ទេ ថៃ", "no, Thailand", "no Thailand", "why not Thailand"],
)
def test_a_no_that_stands_alone_denies_no_place(text: str) -> None:
    assert len(meant(text)) == 1
    assert not only_puts_right(normalise(text), spans(normalise(text)))


@pytest.mark.parametrize(
    "text",
    [
        "not Malaysia",
        "Thailand, Malaysia",
        "they did not pay me in Thailand, not Malaysia",
        "ថៅកែនៅថៃ មិនមែនម៉ាឡេស៊ី វាយខ្ញុំ",
        "3000 baht Thailand not Malaysia",
        "minimum wage Thailand not Malaysia",
    ],
)
def test_who_says_more_or_less_than_that_does_not_only_put_right(text: str) -> None:
    assert not only_puts_right(normalise(text), spans(normalise(text)))
