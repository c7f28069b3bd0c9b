"""What the page of numbers is given: frozen values, already in the reader's language."""

from dataclasses import dataclass

from api.pages.views import Label


@dataclass(frozen=True, slots=True)
class TopicLine:
    """One topic of a month, and its numbers in the order of the month's countries; an empty text
    is a number that is not told.
    """

    topic: Label
    counts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MonthView:
    """One month, by its name, with numbers: only topics and countries in which one is told.

    `others` is all the rest together, empty when that is not told.
    """

    month: str
    countries: tuple[Label, ...]
    lines: tuple[TopicLine, ...]
    others: str = ""


@dataclass(frozen=True, slots=True)
class CountsView:
    """The page: the months with numbers, newest first, and the first and last month that were
    looked at. `fewest` is the smallest number that is told.
    """

    months: tuple[MonthView, ...]
    first: str
    last: str
    fewest: int
