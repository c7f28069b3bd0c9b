"""What the dialogue can do: every custom action of Rasa's, by name (bot/actions/protocol.py)."""

from collections.abc import Mapping
from types import MappingProxyType

from bot.actions import (
    after_lodging,
    claims,
    complaint,
    complaint_answer,
    danger,
    fallback,
    lodging,
    my_case,
    news,
    questions,
    session,
    welcome,
)
from bot.actions.complaint_ask import ASKS
from bot.actions.protocol import Action, Answer, Asked, BadRequest, Say, parse_request

__all__ = ["ACTIONS", "Action", "Answer", "Asked", "BadRequest", "Say", "parse_request"]

ACTIONS: Mapping[str, Action] = MappingProxyType(
    {
        "action_session_start": session.start,
        "action_greet": welcome.greet,
        "action_menu": welcome.menu,
        "action_goodbye": welcome.goodbye,
        "action_thank": welcome.thank,
        "action_language": welcome.language,
        "action_privacy": welcome.privacy,
        "action_faq": questions.faq,
        "action_faq_topics": questions.faq_topics,
        "action_again": questions.again,
        "action_simpler": questions.simpler,
        "action_hear": questions.listen,
        "action_settings": welcome.settings,
        "action_data": welcome.data,
        "action_news": news.news,
        "action_open_complaint": complaint.open_complaint,
        **ASKS,
        "validate_complaint_form": complaint_answer.validate,
        "action_lodge": lodging.lodge,
        "action_back": complaint.back,
        "action_cancel": complaint.cancel,
        "action_discard": complaint.discard,
        "action_danger": danger.danger,
        "action_human": danger.human,
        "action_callback": danger.callback,
        "action_hide": danger.hide,
        "action_case_status": after_lodging.case_status,
        "action_case_add": after_lodging.case_add,
        "action_ask_addition_form_addition": after_lodging.ask_addition,
        "validate_addition_form": after_lodging.validate_addition,
        "action_take_addition": after_lodging.take_addition,
        "action_letter": after_lodging.letter,
        "action_about_my_case": my_case.about_my_case,
        "action_begin_claim": claims.begin,
        **claims.ASKS,
        "validate_claim_form": claims.validate,
        "action_end_claim": claims.end,
        "action_unknown": fallback.unknown,
        "action_out_of_scope": fallback.out_of_scope,
        "action_not_understood_here": fallback.not_understood_here,
        "action_lost": fallback.lost,
        "action_default_ask_affirmation": fallback.ask_affirmation,
        "action_default_ask_rephrase": fallback.ask_rephrase,
        "action_default_fallback": fallback.default_fallback,
    }
)
