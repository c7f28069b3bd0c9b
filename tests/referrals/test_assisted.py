"""A counsellor who helps a visitor."""

from datetime import timedelta

import pytest

from referrals import assisted
from tests.house import Town

CONVERSATION = "v" * 64


def helps(town: Town, name: str, conversation: str = CONVERSATION) -> None:
    with town.site.store.writing() as session:
        assisted.begin(session, conversation, town.people[name].member_id, town.clock())


def helper(town: Town, conversation: str = CONVERSATION) -> str | None:
    with town.site.store.reading() as session:
        return assisted.helper_of(session, conversation)


def test_it_is_known_who_helps_in_a_conversation(town: Town) -> None:
    assert helper(town) is None
    helps(town, "mrc")
    helps(town, "mrc")
    assert helper(town) == town.people["mrc"].member_id
    assert helper(town, "w" * 64) is None


def test_nobody_takes_over_a_visitor_of_somebody_else(town: Town) -> None:
    helps(town, "mrc")
    with pytest.raises(assisted.AnotherHelper):
        helps(town, "pdolvt")
    assert helper(town) == town.people["mrc"].member_id


def test_after_a_day_it_is_forgotten(town: Town) -> None:
    helps(town, "mrc")
    town.clock.pass_(hours=23)
    helps(town, "mrc", "w" * 64)
    for hours, known in ((0, True), (1, False)):
        town.clock.pass_(hours=hours)
        with town.site.store.writing() as session:
            assisted.sweep(session, town.clock())
        assert (helper(town) is not None) is known
    assert helper(town, "w" * 64) == town.people["mrc"].member_id
    assert timedelta(days=1) == assisted.LIFETIME
