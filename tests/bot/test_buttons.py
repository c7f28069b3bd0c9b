import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.buttons import ENTITIES, VALUES, UnknownButton, build, parse
from bot.message import PAYLOAD_LIMIT


@st.composite
def made(draw: st.DrawFn) -> tuple[str, dict[str, str]]:
    intent = draw(st.sampled_from(sorted(ENTITIES)))
    names = draw(
        st.lists(st.sampled_from(sorted(ENTITIES[intent]) or [""]), unique=True, max_size=2)
    )
    return intent, {n: draw(st.sampled_from(sorted(VALUES[n]))) for n in names if n}


@given(made())
def test_what_is_built_is_read_back(made: tuple[str, dict[str, str]]) -> None:
    intent, entities = made
    try:
        payload = build(intent, **entities)
    except UnknownButton:
        return  # two long codes in one button: over 64 bytes
    pressed = parse(payload)
    assert (pressed.intent, dict(pressed.entities)) == (intent, entities)
    assert payload.isascii()
    assert len(payload) <= PAYLOAD_LIMIT


def test_every_button_with_one_value_fits_into_64_bytes() -> None:
    for intent, names in ENTITIES.items():
        for name in names:
            for value in VALUES[name]:
                build(intent, **{name: value})


@pytest.mark.parametrize(
    "forged",
    [
        "",
        "told",
        "told:told=name",
        "unknown",
        "nlu_fallback",
        "lost",
        "restart",
        "/restart",
        "session_start",
        "inform:name=told",
        "inform:story=done",
        "inform:category=murder",
        "inform:province=KH-26",
        "inform:lodge=maybe",
        "inform:lodge",
        "inform:",
        "inform:lodge=yes;lodge=no",
        "complaint:lodge=yes",
        "menu:category=other",
        "menu ",
        "ម៉ឺនុយ",
        "inform:category=" + "x" * 64,
    ],
)
def test_a_payload_we_never_made_is_refused_and_not_quoted(forged: str) -> None:
    with pytest.raises(UnknownButton) as refusal:
        parse(forged)
    assert not forged or forged not in str(refusal.value)


@given(st.text(max_size=80))
def test_no_text_breaks_the_grammar(text: str) -> None:
    try:
        pressed = parse(text)
    except UnknownButton:
        return
    assert build(pressed.intent, **pressed.entities) == text
