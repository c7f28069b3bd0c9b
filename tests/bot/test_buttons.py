import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.buttons import ENTITIES, VALUES, UnknownButton, build, parse
from bot.message import PAYLOAD_LIMIT

CODES = st.from_regex("[0-9]{9}", fullmatch=True, alphabet="0123456789")


def values(name: str) -> st.SearchStrategy[str]:
    """Give the values that an entity may have."""
    return CODES if name == "case" else st.sampled_from(sorted(VALUES[name]))


@st.composite
def made(draw: st.DrawFn) -> tuple[str, dict[str, str]]:
    intent = draw(st.sampled_from(sorted(ENTITIES)))
    names = draw(
        st.lists(st.sampled_from(sorted(ENTITIES[intent]) or [""]), unique=True, max_size=2)
    )
    return intent, {n: draw(values(n)) for n in names if n}


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
            for value in ["123456789"] if name == "case" else VALUES[name]:
                build(intent, **{name: value})


@pytest.mark.parametrize("intent", [i for i, names in ENTITIES.items() if "case" in names])
def test_every_button_about_a_case_fits_with_its_longest_answer(intent: str) -> None:
    longest = {n: max(VALUES[n], key=len) for n in ENTITIES[intent] if n != "case"}
    if intent == "count":  # whether, and then about papers
        longest.pop("answer")
    if intent == "consent":  # answered with yes or no; "partly" is another question's
        longest["answer"] = "yes"
    assert parse(build(intent, case="123456789", **longest)).entities["case"] == "123456789"


def test_every_entity_a_button_may_carry_has_its_values() -> None:
    assert {name for names in ENTITIES.values() for name in names} == {*VALUES, "case"}


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
        "inform:case=482913057",
        "menu:murder=yes",
        "erase:case=",
        "erase:case=48291305",
        "erase:case=4829130570",
        "erase:case=48291305x",
        "erase:case=all",
        "erase:sure=no",
        "consent:consent=everything",
        "detail:detail=secret",
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
