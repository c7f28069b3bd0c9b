"""Consents: asked one by one, in words that are kept, and only a clear yes agrees."""

import pytest

from bot.actions.journey import CONSENTS
from bot.content import content
from bot.message import Language
from referrals import draft
from referrals.taxonomy import ConsentCode
from tests.bot.actions.talk import Talk, all_payloads, keys, payloads

# ---- consents, one by one


@pytest.mark.usefixtures("offices")
def test_no_consent_is_ticked_or_taken_for_granted(talk: Talk) -> None:
    talk.opens()
    assert talk.consents() == {}
    for step, value in {"category": "other", "country": "TH", "province": "KH-14"}.items():
        talk.answers_with(**{step: value})
    talk.tells_the_story()
    seen: list[str] = []
    for step in ("store", "share_mrc", "contact_me"):
        asked = talk.asks()
        assert asked.says[-1].values == {"consent": step}
        assert payloads(asked) == [f"inform:{step}=yes", f"inform:{step}=no"]
        assert not [b for b in asked.says[-1].buttons or () if "ticked" in b]
        seen.append(step)
        talk.answers_with(**{step: "yes"})
        assert list(talk.consents()) == [ConsentCode(each) for each in seen]


def at_consent(talk: Talk, code: str) -> None:
    """Have this consent asked for."""
    if code == "store":
        talk.gets_to("story")
        talk.tells_the_story()
    elif code in {"share_pdolvt", "share_legal_aid"}:
        talk.gets_to("lodge")
        talk.hears("change", step=code)
    else:
        talk.gets_to(code)
    assert talk.asks().says[-1].values == {"consent": code}


@pytest.mark.usefixtures("offices")
@pytest.mark.parametrize("code", sorted(CONSENTS))
def test_a_plain_yes_and_any_no_can_be_typed(talk: Talk, code: str) -> None:
    at_consent(talk, code)
    talk.hears("affirm", surely="yes")
    assert (talk.answers()[code], talk.consents()[ConsentCode(code)]) == ("yes", True)


@pytest.mark.usefixtures("offices")
@pytest.mark.parametrize("code", sorted(CONSENTS))
def test_a_no_needs_no_button(talk: Talk, code: str) -> None:
    at_consent(talk, code)
    talk.hears("deny")
    assert (talk.answers()[code], talk.consents()[ConsentCode(code)]) == ("no", False)


@pytest.mark.usefixtures("offices")
@pytest.mark.parametrize("code", sorted(CONSENTS))
def test_a_yes_that_is_only_guessed_agrees_to_nothing(talk: Talk, code: str) -> None:
    """ "Wait" and "why" may be taken for a yes."""
    at_consent(talk, code)
    before, at = talk.consents(), talk.at
    assert keys(talk.hears("affirm")) == ["press_to_agree"]
    assert (talk.consents(), talk.at) == (before, at)
    assert code not in talk.answers()
    assert payloads(talk.asks("affirm")) == [f"inform:{code}=yes", f"inform:{code}=no"]


@pytest.mark.usefixtures("offices")
@pytest.mark.parametrize("intent", ["complaint", "nlu_fallback", "inform", "deny"])
def test_a_plain_yes_counts_only_as_a_yes(talk: Talk, intent: str) -> None:
    at_consent(talk, "share_mrc")
    talk.hears(intent, surely="yes")
    assert talk.answers().get("share_mrc") != "yes"
    assert not talk.consents().get(ConsentCode.SHARE_MRC)


@pytest.mark.usefixtures("offices")
@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("code", ["store", "share_mrc", "contact_me"])
def test_a_consent_is_recorded_in_the_words_that_were_shown(
    talk: Talk, code: str, language: Language
) -> None:
    talk.language = language
    at_consent(talk, code)
    talk.answers_with(**{code: "yes"})
    with talk.site.store.reading() as session:
        own = draft.find(session, talk.conversation)
        assert own is not None
        last = draft.consents(talk.site, own)[-1]
    version, words = content().consent_words(code, language)
    assert (last.code, last.granted, last.version, last.language, last.words) == (
        code,
        True,
        version,
        language,
        words,
    )


def test_a_repeat_records_a_consent_once(talk: Talk) -> None:
    at_consent(talk, "store")
    before = dict(talk.slots)
    for _ in range(2):
        talk.slots = dict(before)
        talk.hears("inform", "same", store="yes")
    with talk.site.store.reading() as session:
        own = draft.find(session, talk.conversation)
        assert own is not None
        assert len(draft.consents(talk.site, own)) == 1


@pytest.mark.usefixtures("offices")
def test_a_consent_that_back_undid_is_agreed_to_no_more(talk: Talk) -> None:
    """She said yes to the lawyers as well, then went back over it: the summary names them not."""
    talk.gets_to("lodge")
    talk.hears("change", step="share_legal_aid")
    talk.answers_with(share_legal_aid="yes")
    talk.goes_back()
    talk.goes_back()
    assert talk.at == "contact_me"
    assert ConsentCode.SHARE_LEGAL_AID not in talk.consents()
    assert ConsentCode.CONTACT_ME not in talk.consents()
    talk.answers_with(contact_me="yes")
    assert talk.asks().says[-1].values["shares"] == "mrc"
    talk.sends()
    assert [english for _, english in talk.cases()[0].offices] == ["MRC Prey Veng"]


def test_no_to_keeping_it_gives_numbers_and_can_be_thought_over(talk: Talk) -> None:
    at_consent(talk, "store")
    talk.answers_with(store="no")
    asked = talk.asks()
    assert (talk.at, keys(asked)) == ("store", ["store_refused"])
    assert asked.says[0].values == {"country": "TH"}
    assert all_payloads(asked) == ["back", "discard"]
    talk.goes_back()
    assert (talk.at, talk.told()) == ("story", ["story"])
    assert ConsentCode.STORE not in talk.consents()


@pytest.mark.usefixtures("offices")
@pytest.mark.parametrize(
    ("category", "order"),
    [
        ("unpaid_wages", ["share_mrc", "share_legal_aid", "share_pdolvt"]),
        ("overcharged_fees", ["share_pdolvt", "share_mrc", "share_legal_aid"]),
    ],
)
def test_after_a_no_to_who_leads_the_next_partner_is_asked_for(
    talk: Talk, category: str, order: list[str]
) -> None:
    at_first = order[0]
    talk.gets_to(at_first, category=category)
    for asked, following in zip(order, [*order[1:], "nobody"], strict=True):
        assert talk.at == asked
        talk.hears("deny")
        assert talk.at == following
    told = talk.asks()
    assert (keys(told), told.says[0].values) == (["nobody_can_act"], {"country": "TH"})
    talk.goes_back()
    assert talk.at == at_first
    assert not set(order) & set(talk.answers())
    assert list(talk.consents()) == [ConsentCode.STORE]


@pytest.mark.usefixtures("offices")
def test_one_yes_to_a_partner_is_enough_to_go_on(talk: Talk) -> None:
    talk.gets_to("share_mrc")
    talk.answers_with(share_mrc="no")
    talk.answers_with(share_legal_aid="yes")
    assert talk.at == "contact_me"
    assert "share_pdolvt" not in talk.answers()
