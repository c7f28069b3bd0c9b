"""Of several cases that were sent, each can be told apart, opened and acted upon."""

import pytest

from referrals.code import spoken
from tests.bot.actions.talk import Clock, Talk, all_payloads, keys, payloads_of

pytestmark = pytest.mark.usefixtures("offices")


def lodges_twice(talk: Talk, clock: Clock) -> tuple[str, str]:
    """Let her send two complaints; gives their codes, the older first."""
    first = talk.lodges()
    clock.pass_(minutes=1)
    return first, talk.lodges()


def test_of_several_cases_each_has_two_buttons_and_the_ways_on_stand_once(
    talk: Talk, clock: Clock
) -> None:
    first, second = lodges_twice(talk, clock)
    told = talk("action_case_status", "case_status")
    assert [payloads_of(said) for said in told.says] == [
        [f"case_add:case={second}", f"case_status:case={second}"],
        [f"case_add:case={first}", f"case_status:case={first}", "menu"],
    ]
    talk.presses(f"close:case={first};sure=yes")
    talk.presses(f"satisfied:case={first};answer=yes")
    told = talk("action_case_status", "case_status")
    assert payloads_of(told.says[1]) == [f"case_status:case={first}", "menu"]


def test_the_button_of_one_of_several_cases_shows_it_alone_with_all_its_buttons(
    talk: Talk, clock: Clock
) -> None:
    first, second = lodges_twice(talk, clock)
    for code in (first, second):
        told = talk("action_case_status", "case_status", {"case": code})
        assert [said.values["code"] for said in told.says] == [spoken(code)]
        assert payloads_of(told.says[0]) == [
            f"{intent}:case={code}"
            for intent in ("case_add", "readers", "consent_change", "secret", "close", "erase")
        ] + ["menu"]


def test_within_a_form_a_list_has_no_buttons_and_a_case_that_is_asked_for_has(
    talk: Talk, clock: Clock
) -> None:
    first, _ = lodges_twice(talk, clock)
    talk.gets_to("country")
    told = talk("action_case_status", "case_status")
    assert [payloads_of(said) for said in told.says] == [[], []]
    told = talk("action_case_status", "case_status", {"case": first})
    assert f"erase:case={first}" in all_payloads(told)
    assert "resume" not in all_payloads(told)  # the question comes again by itself


@pytest.mark.parametrize("loop", [None, "complaint_form"])
def test_the_button_of_a_case_that_is_gone_or_not_hers_shows_no_other(
    talk: Talk, other: Talk, loop: str | None
) -> None:
    code = talk.lodges()
    talk.loop = loop
    for gone in (other.lodges(), "482913057"):
        assert keys(talk("action_case_status", "case_status", {"case": gone})) == ["unknown_button"]
    assert code in str(talk("action_case_status", "case_status", {"case": code}))
