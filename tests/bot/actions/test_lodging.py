"""Sending: the summary, the receipt, who gets it, and what stands in the way."""

import json
import re

import pytest
from sqlmodel import Session, col, select

from bot.actions import Answer
from referrals import assisted, case, consent, directory, draft
from referrals.case import CaseField, Wrap
from referrals.directory import Organisation
from referrals.duty import Alarm
from referrals.lodging import LODGINGS
from referrals.taxonomy import Confidentiality, ConsentCode, PartnerType, Role
from tests.bot.actions.conftest import opens_office
from tests.bot.actions.talk import OFFERED, Clock, Talk, all_payloads, keys

# ---- the summary


@pytest.mark.usefixtures("offices")
def test_the_summary_holds_codes_only(talk: Talk) -> None:
    talk.gets_to("lodge")
    summary = talk.asks().says[0]
    assert summary.key == "summary"
    assert summary.values["shares"] == "mrc"
    assert summary.values["complainant"] == "self"
    assert all(re.fullmatch(r"[A-Za-z0-9_,.-]*", value) for value in summary.values.values())


@pytest.mark.usefixtures("offices")
def test_the_summary_offers_to_send_to_add_to_change_and_to_stop(talk: Talk) -> None:
    talk.gets_to("lodge")
    offered = all_payloads(talk.asks())
    assert offered[:3] == ["inform:lodge=yes", "details", "change"]
    assert offered[-2:] == ["back", "cancel"]


@pytest.mark.usefixtures("offices")
def test_the_summary_names_no_reader_who_must_not_see_it(talk: Talk) -> None:
    talk.gets_to("lodge")
    talk.hears("change", step="share_pdolvt")
    talk.answers_with(share_pdolvt="yes")
    assert talk.asks().says[0].values["shares"] == "mrc,pdolvt"
    talk.answers_with(choice="labour_office")
    talk.hears("done")
    talk.hears("done")
    assert talk.asks().says[0].values["shares"] == "mrc"


@pytest.mark.usefixtures("offices")
def test_no_to_the_summary_sends_nothing_and_asks_again(talk: Talk) -> None:
    talk.gets_to("lodge")
    talk.hears("deny")
    assert (talk.at, keys(talk.asks("deny"))) == ("lodge", ["lodge_not_yet"])
    assert not talk.cases()


@pytest.mark.usefixtures("offices")
def test_a_typed_no_to_the_question_before_it_does_not_skip_the_summary(talk: Talk) -> None:
    talk.gets_to("contact_me")
    talk.hears("deny")
    assert (talk.at, keys(talk.asks("deny"))) == ("lodge", ["summary"])


# ---- the receipt


@pytest.mark.usefixtures("offices")
def test_the_receipt_names_code_and_offices_and_leads_on(talk: Talk) -> None:
    talk.gets_to("lodge")
    receipt = talk.sends()
    assert keys(receipt) == ["receipt", "receipt_offices", "receipt_next"]
    code = talk.cases()[0].code
    assert receipt.says[0].values["code"].replace("-", "") == code
    ((khmer, english, why),) = json.loads(receipt.says[1].values["offices"])
    assert (khmer, english) == ("MRC Prey Veng ខ្មែរ", "MRC Prey Veng")
    assert why == ["home_province", "only_one_consented"]
    assert all_payloads(receipt) == [
        "case_status",
        f"secret:case={code}",
        f"paper:case={code}",
        f"count:case={code}",
        "case_add",
        "hide",
        "menu",
    ]
    assert not talk.query(draft.find, talk.conversation)
    assert not [name for name in ("answer", "group", "page", "misses") if talk.slots.get(name)]


@pytest.mark.usefixtures("offices")
def test_a_second_delivery_makes_no_second_case(talk: Talk) -> None:
    talk.gets_to("lodge")
    before = dict(talk.slots)
    first = talk.sends("her-yes")
    for _ in range(2):
        talk.slots = dict(before)
        assert talk.sends("her-yes") == first
    assert len(talk.cases()) == 1
    assert not talk.query(draft.find, talk.conversation)


@pytest.mark.usefixtures("offices")
def test_who_wants_no_letters_is_told_how_to_hear_news(talk: Talk) -> None:
    talk.gets_to("lodge", contact_me="no")
    assert keys(talk.sends())[-1] == "receipt_next_silent"


# ---- one clear yes


@pytest.mark.usefixtures("offices")
def test_a_yes_that_is_only_guessed_sends_nothing(talk: Talk) -> None:
    talk.gets_to("lodge")
    assert keys(talk.hears("affirm")) == ["press_to_agree"]
    assert talk.at == "lodge"
    assert keys(talk("action_lodge", "affirm")) == ["lodge_incomplete"]
    assert not talk.cases()


@pytest.mark.usefixtures("offices")
def test_a_plain_yes_can_be_typed(talk: Talk) -> None:
    talk.gets_to("lodge")
    talk.hears("affirm", "yes", surely="yes")
    assert (talk.at, talk.slots["answer"]) == (None, "send")
    assert keys(talk("action_lodge", "affirm", {"surely": "yes"}, update="yes"))[0] == "receipt"


@pytest.mark.usefixtures("offices")
@pytest.mark.parametrize(
    "step", ["category", "country", "province", "story", "share_mrc", "contact_me"]
)
def test_nothing_is_lodged_while_something_is_missing(talk: Talk, step: str) -> None:
    talk.gets_to(step)
    sent = talk("action_lodge", "inform", {"lodge": "yes"})
    assert keys(sent) == ["lodge_incomplete"]
    assert not talk.cases()


@pytest.mark.usefixtures("offices")
def test_nothing_is_lodged_from_a_menu(talk: Talk) -> None:
    talk.gets_to("lodge")
    talk.hears("details")
    assert keys(talk("action_lodge", "inform", {"lodge": "yes"})) == ["lodge_incomplete"]
    assert not talk.cases()


@pytest.mark.usefixtures("offices")
def test_without_a_draft_nothing_is_lodged(talk: Talk) -> None:
    assert keys(talk("action_lodge", "inform", {"lodge": "yes"})) == ["lodge_incomplete"]


# ---- what is lodged


@pytest.mark.usefixtures("offices")
def test_what_was_told_and_chosen_becomes_the_case(talk: Talk) -> None:
    talk.gets_to("lodge")
    for choice in ("money", "woman", "evening"):
        talk.answers_with(choice=choice)
    talk.hears("detail", detail="employer")
    talk.hears("told", talk.tells("employer", "ម្ចាស់រោងចក្រ"), told="detail")
    talk.hears("done")
    talk.hears("done")
    talk.sends()
    found = talk.case(talk.cases()[0].code)
    names = select(CaseField.name).where(CaseField.case_id == found.id)
    assert sorted(talk.query(lambda s: s.exec(names).all())) == ["choices", "employer", "story"]
    assert found.confidentiality == Confidentiality.ANONYMOUS


@pytest.mark.usefixtures("offices")
@pytest.mark.parametrize(
    ("detail", "confidentiality"),
    [("name", Confidentiality.STANDARD), ("not_see", Confidentiality.RESTRICTED)],
)
def test_a_name_and_who_must_not_see_it_say_how_confidential_it_is(
    talk: Talk, detail: str, confidentiality: str
) -> None:
    talk.gets_to("lodge")
    talk.hears("detail", detail=detail)
    talk.hears("told", talk.tells(detail, "សុខា"), told="detail")
    talk.hears("done")
    talk.hears("done")
    talk.sends()
    assert talk.case(talk.cases()[0].code).confidentiality == confidentiality


@pytest.mark.usefixtures("offices")
@pytest.mark.parametrize(
    ("age", "minor"), [("under_15", True), ("aged_15_17", True), ("adult", False)]
)
def test_a_childs_case_is_marked(talk: Talk, age: str, minor: bool) -> None:
    talk.gets_to("lodge")
    talk.answers_with(choice=age)
    talk.sends()
    assert talk.case(talk.cases()[0].code).minor is minor


@pytest.mark.usefixtures("offices")
@pytest.mark.parametrize("whose", ["family", "representative"])
def test_for_whom_it_is_stands_in_the_case(talk: Talk, whose: str) -> None:
    talk.gets_to("lodge")
    talk.answers_with(complainant=whose)
    talk.sends()
    found = talk.case(talk.cases()[0].code)
    assert (found.complainant, found.group_id) == (whose, None)


def readers(session: Session, case_id: str) -> set[str]:
    """Give the kinds of office that hold the key."""
    rows = session.exec(
        select(Organisation.partner_type)
        .join(Wrap, col(Wrap.organisation_id) == col(Organisation.id))
        .where(Wrap.case_id == case_id)
    )
    return set(rows)


@pytest.mark.usefixtures("offices")
def test_the_labour_office_that_must_not_see_it_gets_no_key_whatever_was_agreed_to(
    talk: Talk,
) -> None:
    talk.gets_to("lodge", category="overcharged_fees", share_pdolvt="yes", share_mrc="yes")
    talk.answers_with(choice="labour_office")
    talk.hears("done")
    talk.hears("done")
    assert talk.at == "share_mrc"  # the only yes was to the labour office
    talk.answers_with(share_mrc="yes")
    talk.sends()
    found = talk.case(talk.cases()[0].code)
    assert talk.query(readers, found.id) == {PartnerType.MRC}
    assert found.confidentiality == Confidentiality.RESTRICTED


@pytest.mark.usefixtures("offices")
def test_an_office_at_home_that_must_not_see_it_gets_no_key(talk: Talk) -> None:
    opens_office(talk.site, PartnerType.MRC, "MRC Kampot", "KH-7")
    talk.gets_to("lodge")
    talk.answers_with(choice="home_offices")
    talk.hears("done")
    talk.hears("done")
    talk.sends()
    assert [english for _, english in talk.cases()[0].offices] == ["MRC Kampot"]


# ---- what stands in the way


@pytest.mark.usefixtures("offices")
def test_who_sent_enough_today_is_told_so_and_keeps_the_draft(talk: Talk, clock: Clock) -> None:
    for _ in range(LODGINGS):
        talk.lodges()
    talk.gets_to("lodge")
    answer = talk.sends()
    assert keys(answer) == ["enough_today"]
    assert answer.says[0].values == {"count": str(LODGINGS), "country": "TH"}
    assert talk.answers()["category"] == "unpaid_wages"
    assert len(talk.cases()) == LODGINGS
    clock.pass_(hours=25)
    talk.opens("resume")
    assert keys(talk.sends())[0] == "receipt"


def test_when_no_office_can_receive_the_draft_stays(talk: Talk) -> None:
    talk.gets_to("lodge")
    assert keys(talk.sends()) == ["lodge_unable"]
    assert talk.answers()["category"] == "unpaid_wages"
    assert talk.told() == ["story"]


# ---- a group


@pytest.mark.usefixtures("offices")
def test_who_writes_for_a_group_gets_its_code_for_the_others(talk: Talk, other: Talk) -> None:
    talk.gets_to("lodge")
    talk.answers_with(complainant="group")
    receipt = talk.sends()
    assert keys(receipt) == ["receipt", "receipt_offices", "receipt_group", "receipt_next"]
    assert re.fullmatch(r"(\d\d-){3}\d\d", receipt.says[2].values["group_code"])
    other.gets_to("lodge")
    assert "receipt_group" not in keys(other.sends())
    assert other.case(other.cases()[0].code).group_id is None


# ---- at a counter


@pytest.mark.usefixtures("offices")
def test_what_a_counsellor_lodges_for_a_visitor_is_handed_over(talk: Talk) -> None:
    with talk.site.store.writing() as session:
        office = session.exec(select(Organisation)).first()
        assert office is not None
        now = talk.site.clock()
        secret = directory.invite(session, "a@example.org", Role.SUPERVISOR, office.id, now)
        member = directory.invited(session, secret, now)
        assisted.begin(session, talk.conversation, member.id, now)
        helper = member.id
    talk.gets_to("lodge")
    receipt = talk.sends()
    assert keys(receipt)[0] == "receipt_assisted"
    assert receipt.says[0].values["case"] == talk.cases()[0].code
    assert not [p for p in all_payloads(receipt) if p.startswith("secret")]
    assert talk.case(talk.cases()[0].code).assisted_by == helper


# ---- what cannot wait


def alarms(session: Session) -> list[str]:
    return list(session.exec(select(Alarm.case_id)))


@pytest.mark.usefixtures("offices")
@pytest.mark.parametrize(
    ("category", "age", "raised"),
    [
        ("violence_harassment", None, 1),
        ("detention_deportation", None, 1),
        ("unpaid_wages", "under_15", 1),
        ("unpaid_wages", "adult", 0),
        ("unpaid_wages", None, 0),
    ],
)
def test_a_case_that_cannot_wait_calls_somebody_once(
    talk: Talk, category: str, age: str | None, raised: int
) -> None:
    talk.gets_to("lodge", category=category)
    if age:
        talk.answers_with(choice=age)
        talk.hears("done")
    before = dict(talk.slots)
    for _ in range(2):
        talk.slots = dict(before)
        talk.sends("same")
    assert len(talk.query(alarms)) == raised


@pytest.mark.usefixtures("offices")
def test_every_consent_of_the_case_was_asked_for_in_the_chat(talk: Talk) -> None:
    code = talk.lodges()
    rows = talk.query(lambda s: consent.history(s, case.by_code(s, code).id))
    assert [(row.code, row.granted) for row in rows] == [
        (ConsentCode.STORE, True),
        (ConsentCode.SHARE_MRC, True),
        (ConsentCode.CONTACT_ME, True),
    ]


@pytest.mark.usefixtures("offices")
def test_a_call_asked_for_twice_by_a_repeat_is_not_taken_for_sending(talk: Talk) -> None:
    talk.gets_to("lodge")
    talk("action_callback", "callback", OFFERED, update="same")
    assert talk.hears("callback", "same", **OFFERED) == Answer(
        events=({"event": "slot", "name": "requested_slot", "value": "lodge"},)
    )
    assert talk.told() == ["story"]
