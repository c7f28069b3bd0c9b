"""Hello, menu, thanks, goodbye, language, what she can change, and who sees what."""

from sqlmodel import Session

from bot import conversation
from bot.actions.mine import ways_on
from bot.actions.protocol import Answer, Asked, Say
from bot.actions.unfinished import has_draft
from bot.message import Language
from referrals.site import Site


def greet(session: Session, site: Site, asked: Asked) -> Answer:  # noqa: ARG001
    """Say what Samleng is, with the menu; within a form only that it goes on."""
    if asked.loop:
        return Answer((Say("greet_again"),))
    if has_draft(session, asked):
        return Answer((Say("greet", buttons=()), Say("menu_paused")))
    return Answer((Say("greet"),))


def menu(session: Session, site: Site, asked: Asked) -> Answer:  # noqa: ARG001
    """Show the choices. A rule pauses the form."""
    key = "menu_paused" if has_draft(session, asked) else "menu"
    return Answer((Say(key),))


def goodbye(session: Session, site: Site, asked: Asked) -> Answer:  # noqa: ARG001
    """Say goodbye. A rule pauses the form."""
    return Answer((Say("goodbye", buttons=ways_on(session, asked)),))


def thank(session: Session, site: Site, asked: Asked) -> Answer:  # noqa: ARG001
    """Answer thanks."""
    buttons = () if asked.loop else ways_on(session, asked)
    return Answer((Say("thank", buttons=buttons),))


def language(session: Session, site: Site, asked: Asked) -> Answer:  # noqa: ARG001
    """Speak the language that the button names; without one, ask which.

    The button names the language rather than turning it over, so that a repeat changes nothing.
    """
    wanted = asked.entities.get("language")
    if wanted not in set(Language):
        return Answer((Say("language_choose"),))
    conversation.set_language(session, asked.conversation, Language(wanted))
    said = Say(f"language_is_{wanted}")
    return Answer((said,) if asked.loop else (said, Say("menu")))


def settings(session: Session, site: Site, asked: Asked) -> Answer:  # noqa: ARG001
    """Show what she can change, as it stands: saving data is offered, or undone."""
    if asked.loop:
        return Answer((Say("settings", buttons=()),))
    state = conversation.state(session, asked.conversation)
    data = "all_data" if state.low_data else "less_data"
    return Answer(
        (
            Say(
                "settings",
                buttons=("privacy", "have_code", "news", data, "to_english", "to_khmer", "menu"),
            ),
        )
    )


def data(session: Session, site: Site, asked: Asked) -> Answer:  # noqa: ARG001
    """Send no recorded voice by itself any more, or again: the button says which."""
    low = asked.entities.get("data") != "all"
    conversation.set_low_data(session, asked.conversation, low)
    return Answer((Say("less_data" if low else "all_data", buttons=() if asked.loop else None),))


def privacy(session: Session, site: Site, asked: Asked) -> Answer:  # noqa: ARG001
    """Say plainly who sees what."""
    return Answer((Say("privacy", buttons=() if asked.loop else None),))
