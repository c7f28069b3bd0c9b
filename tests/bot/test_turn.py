"""What a turn makes of a message: what is kept, what the dialogue hears, and danger before all.

The dialogue is a stand-in that hears and says nothing; tests/test_web_chat.py plays with the real
one.
"""

from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

from bot import conversation, durable, news, parcel, trace
from bot.message import Attachment, AttachmentKind, ChannelName, Language, Message
from bot.rasa import RasaUnavailable
from bot.turn import HIDE, SHORT
from referrals import draft
from tests.bot.actions.talk import HER, NOW
from tests.bot.turn_house import Chat, new_chat

BEATEN = "ថៅកែវាយខ្ញុំរាល់ថ្ងៃ"
"""The lexicon hears it."""

UNSPOKEN = "ថៅកែធ្វើបាបខ្ញុំរាល់ថ្ងៃ"
"""The lexicon does not; the stand-in's `ranking` says what the model makes of it."""

UNPAID = "ថៅកែអត់បើកប្រាក់ខែឱ្យខ្ញុំ ៣ ខែហើយ ខ្ញុំសួរគាត់ គាត់ថាចាំសិន"


@pytest.fixture
def chat(tmp_path: Path) -> Chat:
    return new_chat(tmp_path)


def photo() -> tuple[Attachment, ...]:
    return (Attachment(AttachmentKind.PHOTO, "file-1", size=10),)


# ---- danger


@pytest.mark.parametrize(
    "asked", [None, "story", "detail", "country", "addition", "code", "secret"]
)
def test_danger_is_heard_whatever_was_asked(chat: Chat, asked: str | None) -> None:
    chat.asked_for(asked)
    assert chat.sends(BEATEN).intent == "danger"
    assert chat.is_urgent


def test_danger_that_only_the_model_hears_is_as_urgent(chat: Chat) -> None:
    chat.dialogue.ranking = (("danger", 0.95),)
    assert chat.sends(UNSPOKEN).intent == "danger"
    assert chat.is_urgent


def test_the_button_for_danger_is_as_urgent(chat: Chat) -> None:
    chat.asked_for("story")
    chat.sends("រឿងរបស់ខ្ញុំ")
    assert not chat.is_urgent
    chat.sends(button="danger")
    assert chat.is_urgent
    with chat.site.store.reading() as session:
        begun = draft.find(session, HER)
        assert begun is not None
        assert draft.answers(chat.site, begun)["danger"] == "yes"


@pytest.mark.parametrize("asked", [None, "story"])
@pytest.mark.parametrize(("caption", "label"), [(BEATEN, "faq"), (UNSPOKEN, "danger")])
def test_danger_in_a_caption_is_heard_by_words_and_by_model(
    chat: Chat, asked: str | None, caption: str, label: str
) -> None:
    chat.asked_for(asked)
    chat.dialogue.ranking = ((label, 0.95),)
    assert chat.sends(caption, attachments=photo()).intent == "danger"
    assert chat.told() == [None, caption] or chat.told() == [caption, None]


def test_a_photo_is_kept_once_when_its_caption_could_not_be_read_at_first(chat: Chat) -> None:
    chat.asked_for("story")
    chat.dialogue.away = True
    message = Message(ChannelName.TELEGRAM, "tg-9", HER, "1", NOW, UNSPOKEN, attachments=photo())
    for _ in range(2):
        with pytest.raises(RasaUnavailable):
            chat.turns.play(message)
    chat.dialogue.away = False
    chat.turns.play(message)
    assert sorted(map(str, chat.told())) == sorted(["None", UNSPOKEN])


def test_danger_is_answered_while_the_dialogue_is_away(chat: Chat) -> None:
    chat.dialogue.away = True
    assert chat.plays(BEATEN, at=NOW).replies
    with pytest.raises(RasaUnavailable):
        chat.turns.play(Message(ChannelName.TELEGRAM, "tg-8", HER, "1", NOW, "សួស្តី"))


# ---- telling


@pytest.mark.parametrize(
    ("piece", "label"),
    [
        ("stop paying me", "cancel"),
        ("I had to stop", "cancel"),
        ("I quit", "cancel"),
        ("I want to go back", "back"),
        ("ខ្ញុំមិនចង់ធ្វើទៀតទេ", "cancel"),
        ("ឈប់ហើយ", "cancel"),
        ("ខ្ញុំអត់ចេះភាសាថៃ", "language"),
        ("ខ្ញុំចង់ត្រឡប់ទៅផ្ទះវិញ", "back"),
        ("nhom chong tralop tov pteah", "back"),
    ],
)
def test_a_short_piece_of_a_story_is_no_order(chat: Chat, piece: str, label: str) -> None:
    chat.asked_for("story")
    chat.dialogue.ranking = ((label, 1.0),)
    heard = chat.sends(piece)
    assert (heard.intent, heard.entities) == ("told", (("told", "story"),))
    assert chat.told() == [piece]


@pytest.mark.parametrize(
    ("order", "intent"),
    [
        ("ឈប់", "cancel"),
        ("បោះបង់ បង", "cancel"),
        ("STOP!", "cancel"),
        ("chhob sen", "cancel"),
        ("ត្រឡប់ក្រោយ", "back"),
        ("go back please", "back"),
        ("ម៉ឺនុយ", "menu"),
        ("Menu", "menu"),
        ("ប្តូរភាសា", "language"),
        ("English", "language"),
    ],
)
@pytest.mark.parametrize("asked", ["story", "detail"])
def test_a_plain_order_is_no_story(chat: Chat, asked: str, order: str, intent: str) -> None:
    chat.asked_for(asked)
    assert chat.sends(order).intent == intent
    assert chat.told() == []


def test_what_may_be_both_is_kept_and_heeded(chat: Chat) -> None:
    chat.asked_for("story")
    chat.dialogue.ranking = (("hide", 0.9),)
    assert chat.sends("គេមើលទូរស័ព្ទខ្ញុំ").intent == "hide"
    assert chat.told() == ["គេមើលទូរស័ព្ទខ្ញុំ"]


@pytest.mark.parametrize("asked", [None, "country", "share_mrc"])
@pytest.mark.parametrize(
    "ranking",
    [
        (("complaint.unpaid_wages", 0.95),),
        (("complaint.unpaid_wages", 0.4), ("complaint.dismissal", 0.35)),
        (("faq.unpaid_wages_help", 0.4), ("complaint.unpaid_wages", 0.35)),
    ],
)
def test_a_story_told_before_it_was_asked_for_is_kept_and_she_is_told(
    chat: Chat, asked: str | None, ranking: tuple[tuple[str, float], ...]
) -> None:
    chat.asked_for(asked)
    chat.dialogue.ranking = ranking
    chat.sends(UNPAID)
    assert chat.told() == [UNPAID]
    assert "🔒" in chat.outgoing.replies[0].text


def test_long_words_of_danger_are_kept_and_the_card_comes_first(chat: Chat) -> None:
    chat.sends(f"{BEATEN} ខ្ញុំនៅផ្ទះលេខ ១២ ផ្លូវធំ ជិតផ្សារ ក្នុងក្រុងរ៉ាយ៉ង")
    assert len(chat.told()) == 1
    assert chat.outgoing.replies == ()  # the stand-in's card is empty, and nothing stands before it


@pytest.mark.parametrize(
    ("text", "label"),
    [("ថៅកែអត់បើកលុយ", "complaint.unpaid_wages"), ("តើប្រាក់ឈ្នួលអប្បបរមា" * 4, "faq.minimum_wage")],
)
def test_a_remark_and_a_question_are_not_kept(chat: Chat, text: str, label: str) -> None:
    assert len(text) > SHORT or label.startswith("complaint")
    chat.dialogue.ranking = ((label, 0.95),)
    chat.sends(text)
    with chat.site.store.reading() as session:
        assert draft.find(session, HER) is None


@pytest.mark.parametrize(
    ("asked", "of"), [(None, "story"), ("detail", "story"), ("store", "story")]
)
def test_what_could_not_be_played_at_all_is_rescued(chat: Chat, asked: str | None, of: str) -> None:
    chat.asked_for(asked)
    message = Message(ChannelName.TELEGRAM, "tg-7", HER, "1", NOW, UNPAID)
    assert chat.turns.rescue(message)
    assert chat.turns.rescue(message)
    assert chat.told(of) == [UNPAID]


@pytest.mark.parametrize("how", [{"text": "សួស្តី"}, {"button": "menu"}, {}])
def test_where_nothing_was_told_nothing_is_rescued(chat: Chat, how: dict[str, str]) -> None:
    message = Message(ChannelName.TELEGRAM, "tg-7", HER, "1", NOW, **how)  # type: ignore[arg-type]
    assert not chat.turns.rescue(message)


# ---- a typed yes


def test_a_yes_after_the_question_was_shown_is_meant(chat: Chat) -> None:
    chat.asked_for("store")
    assert chat.sends("យល់ព្រម").entities == (("surely", "yes"),)


def test_a_yes_that_was_waiting_agrees_to_no_later_question(chat: Chat) -> None:
    """Four times "ok", typed while the server was slow and before it asked."""
    chat.asked_for("store")
    chat.dialogue.ranking = (("affirm", 0.99),)
    hasty = NOW - timedelta(seconds=2)
    heard = [chat.sends("ok", at=hasty) for _ in range(4)]
    assert [h.entities for h in heard] == [()] * 4


def test_a_yes_typed_before_the_question_left_is_not_meant(chat: Chat) -> None:
    chat.dialogue.awaiting = "store"
    chat.plays(None, at=NOW, shown=False, button="menu")
    assert chat.sends("ok", at=NOW + timedelta(minutes=3)).entities == ()


# ---- once more, hiding, and what stands in the chat


@pytest.mark.parametrize(
    ("text", "intent"),
    [("ម្តងទៀត", "again"), ("សូមនិយាយឱ្យងាយ", "simpler"), ("read it again please", "again")],
)
def test_a_plain_order_about_what_was_said_is_heard_without_the_model(
    chat: Chat, text: str, intent: str
) -> None:
    assert chat.sends(text).intent == intent
    assert chat.told() == []


def test_again_in_the_middle_of_her_story_is_an_order_and_not_her_story(chat: Chat) -> None:
    chat.asked_for("story")
    assert chat.sends("អានម្តងទៀត").intent == "again"
    assert chat.told() == []


def test_a_longer_sentence_with_the_same_words_is_her_story(chat: Chat) -> None:
    chat.asked_for("story")
    assert chat.sends("គាត់វាយខ្ញុំម្តងទៀត").intent != "again"
    assert chat.told() == ["គាត់វាយខ្ញុំម្តងទៀត"]


def test_what_she_sent_can_be_cleared_later(chat: Chat) -> None:
    chat.sends("សួស្តី", mark="41")
    chat.sends(button="menu")
    with chat.site.store.reading() as session:
        assert trace.marks(session, HER) == ["41"]


@pytest.mark.parametrize("channel", ChannelName)
def test_hiding_clears_the_chat_and_ends_on_an_innocent_word(
    chat: Chat, channel: ChannelName
) -> None:
    chat.dialogue.says = ({"say": f"hide_how_{channel}"}, {"say": HIDE})
    chat.sends(button="hide")
    assert chat.outgoing.clear
    assert len(chat.outgoing.replies) == 2
    assert not chat.outgoing.replies[-1].buttons
    chat.dialogue.says = ()
    chat.sends(button="menu")
    assert not chat.outgoing.clear


def test_hiding_says_nothing_of_the_story_that_was_kept_with_it(chat: Chat) -> None:
    chat.dialogue.ranking = (("hide", 0.6), ("complaint.violence_harassment", 0.3))
    chat.dialogue.says = ({"say": "hide_how_telegram"}, {"say": HIDE})
    chat.sends(UNPAID)
    assert chat.told() == [UNPAID]
    assert len(chat.outgoing.replies) == 2
    assert not [reply for reply in chat.outgoing.replies if "🔒" in reply.text]


def test_news_that_could_not_be_pushed_stands_before_what_she_asked_for(chat: Chat) -> None:
    alert = waiting_news(chat)
    chat.dialogue.says = ({"say": "menu"},)
    chat.sends(button="menu")
    first, last = chat.outgoing.replies[0], chat.outgoing.replies[-1]
    assert "ការចុះឈ្មោះបើកហើយ" in first.text
    assert not first.buttons
    assert last.buttons
    assert chat.outgoing.news == (alert,)


def test_news_that_is_on_its_way_is_not_shown_twice(chat: Chat) -> None:
    alert = waiting_news(chat)
    chat.plays(None, at=NOW, shown=False, button="menu")
    chat.sends(button="menu")
    assert chat.outgoing.news == ()
    with chat.site.store.writing() as session:  # the first of the two never left
        parcel.left(session, "tg-00000000000000000002")
    chat.sends(button="menu")
    assert chat.outgoing.news == (alert,)


@pytest.mark.parametrize("say", [HIDE, "safety_card"])
def test_neither_danger_nor_hiding_waits_for_news(chat: Chat, say: str) -> None:
    waiting_news(chat)
    chat.dialogue.says = ({"say": say},)
    chat.sends(button="menu")
    assert chat.outgoing.news == ()


def test_news_does_not_break_into_a_question(chat: Chat) -> None:
    waiting_news(chat)
    chat.asked_for("country")
    assert chat.outgoing.news == ()


def waiting_news(chat: Chat) -> str:
    """Let a piece of news wait for her, who could not be reached."""
    chat.sends(button="menu")
    with chat.site.store.writing() as session:
        written = news.Written("TH", "ការចុះឈ្មោះបើកហើយ", "Open", "ក្រសួង", "Ministry", NOW.date())
        alert = news.write(session, written, author=None, now=NOW)
        alert.state, alert.started_at = news.AlertState.DONE, NOW
        news.subscribe(session, HER, "TH", language=Language.KM, asked_version=1, now=NOW)
        session.add(alert)
        session.flush()
        session.add(
            news.AlertDelivery(
                alert_id=alert.id, conversation=HER, state=news.Delivery.LATER, at=NOW
            )
        )
        return alert.id


# ---- the turn that failed for good


@pytest.mark.parametrize(("text", "says"), [(UNPAID, 3), ("សួស្តី", 2)])
def test_when_a_turn_fails_for_good_her_words_are_kept_and_she_hears_of_it(
    chat: Chat, monkeypatch: pytest.MonkeyPatch, text: str, says: int
) -> None:
    monkeypatch.setattr(durable, "_house", SimpleNamespace(turns=chat.turns))
    message = Message(ChannelName.TELEGRAM, "tg-7", HER, "1", NOW, text)
    with chat.site.store.writing() as session:
        conversation.begin(session, HER, NOW)
        parcel.accept(session, chat.site, "tg-7", message)
    assert durable._trouble("tg-7", HER) == says
    assert chat.told() == ([text] if says == 3 else [])
    with chat.site.store.reading() as session:
        assert parcel.message_of(session, chat.site, "tg-7") is None
