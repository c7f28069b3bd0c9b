"""What she can do with a case that was sent, and that no button acts on another one."""

import json

import pytest
from sqlmodel import Session, select

from bot.content import content
from bot.message import Language
from referrals import audit, case, consent, statistic
from referrals.aftercare import REOPENING
from referrals.case import CaseFile, Referral, Wrap
from referrals.code import spoken
from referrals.consent import Consent
from referrals.directory import Organisation
from referrals.statistic import Statistic
from referrals.taxonomy import ConsentCode, PartnerType, Status
from tests.bot.actions.talk import OFFERED, Clock, Talk, all_payloads, keys, payloads_of, ticked

pytestmark = pytest.mark.usefixtures("offices")

ACTS = ("consent_change", "readers", "close", "reopen", "satisfied", "received", "paper", "count")


@pytest.fixture
def code(talk: Talk) -> str:
    """The code of her case."""
    return talk.lodges()


def wraps(session: Session, code: str) -> int:
    """Say how many offices hold the case's key."""
    return len(
        session.exec(select(Wrap).where(Wrap.case_id == case.by_code(session, code).id)).all()
    )


def history(session: Session, code: str) -> list[tuple[str, bool, str]]:
    """Give every consent that was answered, with the words."""
    rows: list[Consent] = consent.history(session, case.by_code(session, code).id)
    return [(row.code, row.granted, row.words) for row in rows]


def everything(session: Session) -> list[tuple[object, ...]]:
    """Give what can be changed of all cases."""
    cases = session.exec(select(case.Case).order_by("code")).all()
    kept = [(c.code, c.status, c.satisfied, c.money, c.counted, c.closed_at) for c in cases]
    return [*kept, *session.exec(select(Consent.case_id, Consent.code, Consent.granted))]


# ---- consent


def test_her_consents_are_shown_with_what_she_agreed_to(talk: Talk, code: str) -> None:
    shown = talk.presses(f"consent_change:case={code}")
    assert keys(shown) == ["consents"]
    assert all_payloads(shown) == [
        f"consent:consent=share_mrc;case={code}",
        f"consent:consent=share_pdolvt;case={code}",
        f"consent:consent=share_legal_aid;case={code}",
        f"consent:consent=contact_me;case={code}",
        "menu",
    ]
    assert ticked(shown) == [
        f"consent:consent=share_mrc;case={code}",
        f"consent:consent=contact_me;case={code}",
    ]


@pytest.mark.parametrize("answer", ["yes", "no"])
def test_one_consent_is_asked_in_its_words_and_changed_alone(
    talk: Talk, code: str, answer: str
) -> None:
    asked = talk.presses(f"consent:consent=share_legal_aid;case={code}")
    assert (keys(asked), asked.says[0].values) == (["ask_consent"], {"consent": "share_legal_aid"})
    payload = f"consent:consent=share_legal_aid;case={code};answer={answer};in=km1"
    assert payload in all_payloads(asked)
    before = talk.query(history, code)
    said = "consent_given" if answer == "yes" else "consent_withdrawn"
    assert keys(talk.presses(payload)) == [said, "consents"]
    words = content().consent_words(ConsentCode.SHARE_LEGAL_AID, talk.language)[1]
    assert talk.query(history, code) == [*before, ("share_legal_aid", answer == "yes", words)]


def test_only_looking_at_a_consent_changes_nothing(talk: Talk, code: str) -> None:
    before = talk.query(everything)
    talk.presses(f"consent_change:case={code}")
    for each in ("share_mrc", "contact_me", "store", "statistics"):
        talk.presses(f"consent:consent={each};case={code}")
    talk.presses(f"consent:consent=store;case={code};answer=no;in=km1")  # she erases, instead
    talk.presses(f"consent:consent=share_mrc;case={code};answer=partly;in=km1")
    assert talk.query(everything) == before


def test_before_the_last_reader_is_sent_away_she_is_told_what_that_means(talk: Talk) -> None:
    code = talk.lodges()
    asked = talk.presses(f"consent:consent=share_mrc;case={code}")
    assert keys(asked) == ["consent_last", "ask_consent"]
    asked = talk.presses(f"consent:consent=contact_me;case={code}")
    assert keys(asked) == ["ask_consent"]


def test_a_consent_taken_back_takes_the_key_and_when_nobody_is_left_she_is_told(
    talk: Talk, code: str
) -> None:
    said = talk.presses(f"consent:consent=share_mrc;case={code};answer=no;in=km1")
    assert keys(said) == ["consent_withdrawn", "nobody_left"]
    assert talk.query(wraps, code) == 0
    assert all_payloads(said) == ["complaint", f"erase:case={code}", "menu"]


def test_one_of_two_readers_taken_back_leaves_the_other(talk: Talk) -> None:
    talk.gets_to("lodge", category="wage_deductions")
    talk.hears("change", step="share_pdolvt")
    talk.answers_with(share_pdolvt="yes")
    talk.sends()
    code = talk.cases()[0].code
    assert talk.query(wraps, code) == 2
    said = talk.presses(f"consent:consent=share_pdolvt;case={code};answer=no;in=km1")
    assert keys(said) == ["consent_withdrawn", "consents"]
    assert talk.query(wraps, code) == 1


@pytest.mark.parametrize(
    "question", ["consent:consent=contact_me;case={};answer=no", "count:case={};answer=yes"]
)
def test_what_is_written_down_is_what_she_read_in_whatever_language(
    talk: Talk, code: str, question: str
) -> None:
    """She may press the button of a bubble that stood there before she changed the language."""
    talk.presses(f"{question.format(code)};in=en1")
    (row,) = talk.query(lambda s: consent.history(s, case.by_code(s, code).id))[-1:]
    shown = content().consent_words(row.code, Language.EN)
    assert (row.language, (row.version, row.words)) == ("en", shown)


@pytest.mark.parametrize("shown", ["", ";in=km9"])
@pytest.mark.parametrize(
    "question", ["consent:consent=share_mrc;case={};answer=no", "count:case={};answer=yes"]
)
def test_an_answer_to_other_words_than_todays_is_asked_for_again(
    talk: Talk, code: str, question: str, shown: str
) -> None:
    before = talk.query(everything)
    assert "ask_consent" in keys(talk.presses(f"{question.format(code)}{shown}"))
    assert talk.query(everything) == before


@pytest.mark.parametrize(
    ("answer", "said"), [("no", "consent_contact_off"), ("yes", "consent_contact_on")]
)
def test_letters_are_stopped_and_wanted_again(
    talk: Talk, code: str, answer: str, said: str
) -> None:
    payload = f"consent:consent=contact_me;case={code};answer={answer};in=km1"
    assert keys(talk.presses(payload))[0] == said


def test_a_consent_changed_by_a_repeat_is_changed_once(talk: Talk, code: str) -> None:
    payload = f"consent:consent=share_mrc;case={code};answer=no;in=km1"
    first = talk.presses(payload, "same")
    before = talk.query(everything)
    assert talk.presses(payload, "same") == first
    assert talk.query(everything) == before


def test_who_has_sent_nothing_is_told_so_and_led_to_what_is_unfinished(talk: Talk) -> None:
    assert keys(talk.presses("consent_change")) == ["no_case"]
    talk.opens()
    assert keys(talk.presses("consent_change")) == ["consent_change_none"]


# ---- who read it


def test_she_is_told_which_office_read_it_and_when_and_no_name(talk: Talk, code: str) -> None:
    assert keys(talk.presses(f"readers:case={code}")) == ["case_no_readers"]
    with talk.site.store.writing() as session:
        office = session.exec(
            select(Organisation).where(Organisation.partner_type == PartnerType.MRC)
        ).one()
        audit.add(
            session,
            talk.site.clock(),
            audit.Act.OPENED_CASE,
            organisation_id=office.id,
            case_id=case.by_code(session, code).id,
        )
    shown = talk.presses(f"readers:case={code}")
    assert keys(shown) == ["case_readers"]
    assert json.loads(shown.says[0].values["readers"]) == [
        ["MRC Prey Veng ខ្មែរ", "MRC Prey Veng", "2026-11-21"]
    ]


def test_she_is_told_of_a_copy_that_an_office_made(talk: Talk, code: str) -> None:
    with talk.site.store.writing() as session:
        office = session.exec(
            select(Organisation).where(Organisation.partner_type == PartnerType.MRC)
        ).one()
        audit.add(
            session,
            talk.site.clock(),
            audit.Act.EXPORTED,
            organisation_id=office.id,
            case_id=case.by_code(session, code).id,
        )
    shown = talk.presses(f"readers:case={code}")
    assert json.loads(shown.says[0].values["readers"]) == [
        ["MRC Prey Veng ខ្មែរ", "MRC Prey Veng", "2026-11-21", "copied"]
    ]


# ---- the end


def test_a_case_is_closed_after_one_clear_yes(talk: Talk, code: str) -> None:
    asked = talk.presses(f"close:case={code}")
    assert (keys(asked), talk.case(code).status) == (["close_sure"], Status.LODGED)
    assert f"close:case={code};sure=yes" in all_payloads(asked)
    first = talk.presses(f"close:case={code};sure=yes", "same")
    assert keys(first) == ["case_closed", "ask_satisfied"]
    assert (talk.case(code).status, talk.case(code).closed_by) == (Status.CLOSED, "migrant")
    assert talk.presses(f"close:case={code};sure=yes", "same") == first  # a repeat
    again = talk.presses(f"close:case={code}")
    assert keys(again) == ["case_closed"]
    assert f"reopen:case={code}" in all_payloads(again)


@pytest.mark.parametrize("answer", ["yes", "partly", "no"])
@pytest.mark.parametrize("money", ["all", "part", "none"])
def test_she_says_how_it_ended_and_who_is_not_content_may_say_why(
    talk: Talk, code: str, answer: str, money: str
) -> None:
    talk.presses(f"close:case={code};sure=yes")
    asked = talk.presses(f"satisfied:case={code};answer={answer}")
    assert keys(asked) == ["ask_money"]
    assert f"received:case={code};money={money}" in all_payloads(asked)
    ended = talk.presses(f"received:case={code};money={money}")
    content_ = (answer, money) == ("yes", "all")
    assert keys(ended) == ["thanks_outcome" if content_ else "thanks_unhappy"]
    assert (f"case_add:case={code}" in all_payloads(ended)) != content_
    assert (talk.case(code).satisfied, talk.case(code).money) == (answer, money)


def test_a_closed_case_is_opened_again_and_what_was_said_of_its_end_is_forgotten(
    talk: Talk, code: str
) -> None:
    talk.presses(f"close:case={code};sure=yes")
    talk.presses(f"satisfied:case={code};answer=no")
    assert keys(talk.presses(f"reopen:case={code}")) == ["case_reopened"]
    found = talk.case(code)
    assert (found.status, found.satisfied, found.closed_at) == (Status.LODGED, None, None)
    ends = talk.query(lambda s: s.exec(select(Referral.ended_at)).all())
    assert ends == [None]


def test_too_late_it_is_not_opened_again(talk: Talk, code: str, clock: Clock) -> None:
    talk.presses(f"close:case={code};sure=yes")
    clock.now += REOPENING
    clock.pass_(seconds=1)
    assert keys(talk.presses(f"reopen:case={code}")) == ["case_not_reopened"]
    assert talk.case(code).status == Status.CLOSED


def test_of_a_closed_case_only_opening_and_erasing_are_offered(talk: Talk, code: str) -> None:
    shown = all_payloads(talk("action_case_status", "case_status"))
    assert shown == [
        f"case_add:case={code}",
        f"readers:case={code}",
        f"consent_change:case={code}",
        f"secret:case={code}",
        f"close:case={code}",
        f"erase:case={code}",
        "menu",
    ]
    talk.presses(f"close:case={code};sure=yes")
    told = talk("action_case_status", "case_status")
    assert payloads_of(told.says[0]) == [f"reopen:case={code}", f"erase:case={code}", "menu"]


def test_whoever_comes_back_to_a_closed_case_is_asked_once_how_it_ended(
    talk: Talk, code: str
) -> None:
    talk.presses(f"close:case={code};sure=yes")
    told = talk("action_case_status", "case_status")
    assert keys(told) == ["case_unread", "ask_satisfied"]
    assert f"satisfied:case={code};answer=partly" in all_payloads(told)
    talk.presses(f"satisfied:case={code};answer=partly")
    assert keys(talk("action_case_status", "case_status")) == ["case_unread"]


# ---- erased


def test_a_case_is_erased_after_one_clear_yes_to_this_very_case(talk: Talk, code: str) -> None:
    assert f"erase:case={code}" in all_payloads(talk.presses("erase"))
    asked = talk.presses(f"erase:case={code}")
    assert keys(asked) == ["erase_sure"]
    assert f"erase:case={code};sure=yes" in all_payloads(asked)
    assert keys(talk.presses("erase:sure=yes")) == ["erase"]  # which one?
    assert len(talk.cases()) == 1
    assert keys(talk.presses(f"erase:case={code};sure=yes")) == ["erased"]
    assert not talk.cases()
    assert not talk.query(lambda s: s.exec(select(CaseFile.id)).all())


def test_the_same_yes_again_erases_no_other_case(talk: Talk, code: str) -> None:
    talk.lodges()
    for _ in range(2):
        said = talk.presses(f"erase:case={code};sure=yes", "same")
    assert keys(said) == ["erase_nothing"]
    assert len(talk.cases()) == 1


def test_what_was_not_sent_and_what_was_are_told_apart(talk: Talk, code: str) -> None:
    assert "discard" not in all_payloads(talk.presses("erase"))
    talk.opens()
    assert {"discard", f"erase:case={code}", "resume"} <= set(all_payloads(talk.presses("erase")))
    talk.presses(f"erase:case={code};sure=yes")
    assert f"erase:case={code}" not in all_payloads(talk.presses("erase"))
    talk("action_discard", "discard")
    assert keys(talk.presses("erase")) == ["erase_nothing"]


# ---- whose


@pytest.mark.parametrize(
    "act",
    [
        "consent:consent=share_mrc;answer=no;in=km1;case=",
        "consent:consent=contact_me;answer=no;in=km1;case=",
        "close:sure=yes;case=",
        "erase:sure=yes;case=",
        "satisfied:answer=no;case=",
        "received:money=none;case=",
        "reopen:case=",
        "count:answer=yes;in=km1;case=",
        "count:papers=none;case=",
    ],
)
@pytest.mark.parametrize("whose", ["somebody else's", "erased", "closed"])
def test_a_button_of_another_case_acts_on_none(
    talk: Talk, other: Talk, act: str, whose: str
) -> None:
    """Somebody else's code, or a button that was left in the chat by a case that is gone."""
    named = other.lodges() if whose == "somebody else's" else talk.lodges()
    if whose == "erased":
        talk.presses(f"erase:case={named};sure=yes")
    hers = talk.lodges()
    if whose == "closed":  # her newest case is closed, and still it is hers alone that is meant
        talk.presses(f"close:case={hers};sure=yes")
        named, hers = hers, named
    rows = [row for row in talk.query(everything) if hers in row[:1]]
    about = talk.query(history, hers)
    talk.presses(act + named)
    assert [row for row in talk.query(everything) if hers in row[:1]] == rows
    assert talk.query(history, hers) == about
    if whose == "somebody else's":
        assert other.case(named).status == Status.LODGED
        assert [answered for *answered, _ in other.query(history, named)] == [
            ["store", True],
            ["share_mrc", True],
            ["contact_me", True],
        ]


@pytest.mark.parametrize("act", ACTS)
def test_nothing_is_told_of_a_case_that_is_not_hers(talk: Talk, other: Talk, act: str) -> None:
    named = other.lodges()
    said = talk.presses(f"{act}:case={named}")
    assert keys(said) == ["unknown_button"]


def test_without_a_code_her_newest_open_complaint_is_meant(talk: Talk, clock: Clock) -> None:
    first = talk.lodges()
    clock.pass_(minutes=1)
    second = talk.lodges()
    clock.pass_(minutes=1)
    talk("action_callback", "callback", OFFERED)
    assert talk.presses("close").says[0].values["code"] == spoken(second)
    talk.presses(f"close:case={second};sure=yes")
    assert talk.presses("close").says[0].values["code"] == spoken(first)


# ---- paper, and counting


def test_the_paper_is_given_where_it_can_be_reached(talk: Talk, code: str) -> None:
    said = talk.presses(f"paper:case={code}")
    assert keys(said) == ["paper_none"]
    assert said.says[0].values["code"].replace("-", "") == code
    object.__setattr__(talk.site, "public_url", "https://samleng.example")
    said = talk.presses(f"paper:case={code}")
    assert keys(said) == ["paper"]
    assert said.says[0].values["case"] == code


def counted(session: Session) -> list[str]:
    """Give the papers of all rows of statistics."""
    return list(session.exec(select(Statistic.papers)))


def test_a_case_is_counted_only_after_a_yes_and_once(talk: Talk, code: str) -> None:
    asked = talk.presses(f"count:case={code}")
    assert (keys(asked), asked.says[0].values) == (["ask_consent"], {"consent": "statistics"})
    assert keys(talk.presses(f"count:case={code};papers=valid")) == ["count_no"]  # not asked yet
    assert talk.query(counted) == []
    papers = talk.presses(f"count:case={code};answer=yes;in=km1")
    assert keys(papers) == ["ask_papers"]
    assert set(all_payloads(papers)) == {f"count:case={code};papers={p}" for p in statistic.PAPERS}
    for _ in range(2):
        assert keys(talk.presses(f"count:case={code};papers=expired", "same")) == ["counted"]
    assert talk.query(counted) == ["expired"]


def test_a_no_to_counting_counts_nothing(talk: Talk, code: str) -> None:
    assert keys(talk.presses(f"count:case={code};answer=no;in=km1")) == ["count_no"]
    assert keys(talk.presses(f"count:case={code};papers=valid")) == ["count_no"]
    assert talk.query(counted) == []


# ---- beside what is unfinished


@pytest.mark.parametrize(
    "payload",
    [
        "consent_change",
        "readers",
        "close",
        "erase",
        "consent:consent=share_mrc",
        "count",
    ],
)
def test_while_a_draft_waits_every_answer_leads_back_to_it(
    talk: Talk, code: str, payload: str
) -> None:
    talk.opens()
    colon = ";" if ":" in payload else ":"
    assert "resume" in all_payloads(talk.presses(f"{payload}{colon}case={code}"))
