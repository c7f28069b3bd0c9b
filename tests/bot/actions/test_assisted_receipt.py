"""On a counsellor's screen nobody writes to the visitor: the receipt does not promise it."""

import pytest

from bot.content import content
from bot.message import Language
from referrals import assisted
from referrals.taxonomy import PartnerType
from tests.bot.actions.conftest import goes_on_duty, opens_office
from tests.bot.actions.talk import Talk, keys


@pytest.mark.parametrize(
    ("contact_me", "said"),
    [("yes", "receipt_next_assisted"), ("no", "receipt_next_assisted_silent")],
)
def test_a_visitor_is_told_where_she_reads_what_is_written_to_her(
    talk: Talk, contact_me: str, said: str
) -> None:
    office = opens_office(talk.site, PartnerType.MRC, "MRC Prey Veng", "KH-14")
    helper = goes_on_duty(talk.site, office)
    with talk.site.store.writing() as session:
        assisted.begin(session, talk.conversation, helper, talk.site.clock())
    talk.gets_to("lodge", contact_me=contact_me)
    assert keys(talk.sends())[-1] == said


@pytest.mark.parametrize("key", ["receipt_next_assisted", "receipt_next_assisted_silent"])
def test_neither_receipt_promises_a_message_in_this_chat(key: str) -> None:
    words = content().says[key]
    assert "in this chat" not in words.text(Language.EN)
    assert "ក្នុងឆាតនេះ" not in words.text(Language.KM)
