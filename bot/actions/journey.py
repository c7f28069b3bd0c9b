"""Where she is in her complaint: a pure rule over what her draft holds.

The least that lets somebody act comes first: nine taps and one message. All else may follow, from
a menu, and never has to. The app decides the order, not Rasa, so that an answer can be changed, a
menu left and a draft taken up on another day without anything getting out of step.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlmodel import Session

from bot.buttons import VALUES
from referrals import draft, lodging, routing
from referrals.intake import CHOICES, GROUPS, MINOR, Detail, DetailGroup
from referrals.site import Site
from referrals.taxonomy import CONSENT_FOR, PHASE_OF, Category, Complainant, PartnerType, Phase

FORM = "complaint_form"
ADDITION_FORM = "addition_form"
CLAIM_FORM = "claim_form"

FIRST = ("category", "country", "province")
"""What is asked before the story: codes."""

SHARES = ("share_mrc", "share_pdolvt", "share_legal_aid")
CONSENTS = frozenset({"store", *SHARES, "contact_me"})
YES_NO = frozenset({*CONSENTS, "lodge"})

CORRECTED = ("country", "province", "sector", "destination_province")
"""What a sentence may fill or put right at any step."""

AT_ANY_STEP = frozenset({"complainant", *FIRST})
"""Answers that are heard whenever their button is pressed."""

AT, DETAIL, MENU = "at", "detail", "menu"
"""Where she went by herself: to an answer to be changed, to a detail, to a menu."""

OFFERED = "offered"
"""The category that she was asked about: whether the problem is to be changed to it."""

DETAILS, CHANGE = "details", "change"
"""The two menus; a page of the first is the code of its group."""

STEPS = frozenset({*AT_ANY_STEP, "story", *CONSENTS, "nobody", "lodge", DETAIL, DETAILS, CHANGE})
"""All questions, as Rasa names them in `requested_slot`."""

ANSWERS_TO_CHANGE = ("complainant", *FIRST, "story", *SHARES, "contact_me")
"""What the menu of changes offers, as far as it was answered."""

ANSWERED = "answer"
"""The one slot of the form: its question got an answer. What was answered is in the draft."""

BESIDE = ("group", "page", "misses")
"""Slots that steer the asking and are no answers."""

PAGE_LENGTH = 10
"""Provinces on one page: with `more`, `unsaid` and `back` it makes Messenger's 13 quick replies."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What a draft holds, as far as the order depends on it: codes by field, the fields of which
    something was told, and the kinds of partner that can receive a case.
    """

    answers: Mapping[str, str]
    told: frozenset[str]
    partners: frozenset[PartnerType] = frozenset(CONSENT_FOR)

    @property
    def minor(self) -> bool:
        """Say whether this is, or may be, about somebody under 18."""
        return self.answers.get(Detail.AGE) in MINOR or self.answers.get("minor") == "yes"

    def has(self, detail: Detail) -> bool:
        """Say whether something was told or chosen for a detail."""
        return detail in self.told or bool(self.answers.get(detail))


def standing(session: Session, site: Site, own: draft.Draft | None) -> Standing:
    """Read where a draft stands; None is a draft that holds nothing."""
    if own is None:
        return Standing({}, frozenset())
    told = frozenset(part.field for part in draft.parts(session, own))
    answers, there = draft.answers(site, own), lodging.candidates(session)
    if not there:  # an installation that has no office yet
        return Standing(answers, told)
    open_to = lodging.allowed(there, answers)
    return Standing(answers, told, frozenset(each.partner_type for each in open_to))


def accepts(step: str, value: str) -> bool:
    """Say whether a code answers a question."""
    return value in VALUES.get(step, frozenset())


def next_step(now: Standing) -> str:
    """Give the question that comes next: where she went by herself, else the least, else the
    summary (`lodge`).
    """
    if now.answers.get(AT):
        return now.answers[AT]
    if now.answers.get(DETAIL):
        return DETAIL
    menu = now.answers.get(MENU)
    if menu:
        return CHANGE if menu == CHANGE else DETAILS
    return _least(now) or "lodge"


def _least(now: Standing) -> str | None:
    answers = now.answers
    for step in FIRST:
        if step not in answers:
            return step
    if "story" not in now.told or "store" not in answers:
        return "story"
    if answers["store"] == "no":
        return "store"
    asked = shares(now)
    if not any(answers.get(share) == "yes" for share in asked):
        return next((share for share in asked if share not in answers), "nobody")
    return "contact_me" if "contact_me" not in answers else None


def complete(now: Standing) -> bool:
    """Say whether the least was answered, wherever she is now."""
    return _least(now) is None


def shares(now: Standing) -> tuple[str, ...]:
    """Give the consents to let a partner read, in the order in which they are asked.

    Who leads for the topic comes first; one yes is enough to go on. A child's case goes to the
    labour office, which conciliates, last; an office that must not see the case is never asked for.
    """
    category = Category(now.answers.get("category", Category.OTHER))
    order = [kind for kind in routing.leads(category) if kind in now.partners]
    if now.minor and PartnerType.PDOLVT in order:
        order = [*(kind for kind in order if kind is not PartnerType.PDOLVT), PartnerType.PDOLVT]
    if "labour_office" in chosen(now, Detail.NOT_SEE):
        order = [kind for kind in order if kind is not PartnerType.PDOLVT]
    return tuple(CONSENT_FOR[kind].value for kind in order)


def others(now: Standing) -> tuple[str, ...]:
    """Give the consents that were not asked yet and that would add a helper."""
    return tuple(share for share in shares(now) if share not in now.answers)


def chosen(now: Standing, detail: Detail) -> tuple[str, ...]:
    """Give what was chosen for a detail."""
    held = now.answers.get(detail, "").split(",")
    return tuple(choice for choice in CHOICES.get(detail, ()) if choice in held)


def detail_of(choice: str) -> Detail | None:
    """Give the detail that has this choice; no two have the same."""
    return next((detail for detail, choices in CHOICES.items() if choice in choices), None)


def page_of(
    now: Standing, group: DetailGroup, evidence: Mapping[str, tuple[str, ...]]
) -> list[Detail]:
    """Give the details on one page of the menu: of the papers, those that help in this case.

    The person concerned is asked for only when it is not the one who writes.
    """
    details = list(GROUPS[group])
    if group is DetailGroup.PAPERS:
        helping = evidence.get(now.answers.get("category", ""), ())
        details = [Detail(code) for code in helping if Detail(code) in GROUPS[group]] or details
    if now.answers.get("complainant", Complainant.SELF) == Complainant.SELF:
        details = [detail for detail in details if detail is not Detail.PERSON]
    return details


def to_undo(requested: str | None, now: Standing) -> tuple[str, ...]:
    """Give the keys of the draft that one step back takes away; none at the first question.

    Who went somewhere by herself comes back from there, and nothing is taken away.
    """
    if requested is None:
        return ()
    if requested in (DETAIL, CHANGE) or now.answers.get(AT) == requested:
        return (DETAIL if requested == DETAIL else MENU if requested == CHANGE else AT,)
    if requested == DETAILS:
        return (MENU,)
    match requested:
        case "category" if "complainant" in now.answers:
            return ("complainant", "group_code")
        case "country":
            return ("category",)
        case "province":
            return ("country",)
        case "story":
            return ("store",) if "store" in now.answers else ("province",)
        case "store":
            return ("store",)
        case "nobody":
            return SHARES if shares(now) else (Detail.NOT_SEE,)
        case "contact_me":
            return tuple(s for s in shares(now) if s in now.answers)[-1:] or SHARES
        case "lodge":
            return ("contact_me",)
        case _ if requested in SHARES:
            before = [s for s in shares(now) if s in now.answers]
            return (before[-1],) if before else ("store",)
    return ()


def of_group(group: str) -> list[Category]:
    """Give the categories of one phase, in the taxonomy's order; `other` is always last."""
    listed = [c for c in Category if PHASE_OF[c] is Phase(group) and c is not Category.OTHER]
    return [*listed, Category.OTHER]
