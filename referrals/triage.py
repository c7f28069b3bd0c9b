"""How soon somebody must look at a case: a pure rule."""

from datetime import timedelta

from referrals.taxonomy import CRIMES, RED, Category, Status, Urgency

UNANSWERED = timedelta(days=3)
"""After this long, a case that nobody took becomes more urgent. A working rule, not a legal
limit.
"""


def urgency(
    category: Category, *, danger: bool, minor: bool, status: Status, age: timedelta
) -> Urgency:
    """Judge a case by its topic, by danger said in the chat, by whether a child (under 18) may be
    in it, and by how long it has waited.
    """
    if status is Status.CLOSED:
        return Urgency.NORMAL
    if danger or minor or category in CRIMES:
        return Urgency.NOW
    waits = status is Status.LODGED and age >= UNANSWERED
    if category in RED:
        return Urgency.NOW if waits else Urgency.SOON
    return Urgency.SOON if waits else Urgency.NORMAL
