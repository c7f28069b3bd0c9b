"""The menu: where a member may go, by what her role permits."""

from dataclasses import dataclass

from api.words import mark
from referrals.permission import Permission, permits
from referrals.taxonomy import Role


@dataclass(frozen=True, slots=True)
class Place:
    """One page of the menu. `name` is an English message id; `here` marks where the reader is."""

    path: str
    name: str
    here: bool = False


_MAIN = (
    ("/cases", mark("Cases"), Permission.LIST_CASES),
    ("/search", mark("Search"), Permission.SEARCH_CASES),
    ("/assist", mark("Help a visitor"), Permission.HELP_VISITORS),
    ("/duty", mark("On duty"), Permission.BE_ON_DUTY),
    ("/answers", mark("Answers"), Permission.EDIT_CONTENT),
    ("/numbers", mark("Numbers"), Permission.EDIT_CONTENT),
    ("/news", mark("News"), Permission.EDIT_CONTENT),
)
_OFFICE = (
    ("/members", mark("Members"), Permission.SEE_MEMBERS),
    ("/keys", mark("Keys"), Permission.MANAGE_KEYS),
    ("/reading", mark("Who read what"), Permission.SEE_READING),
    ("/retention", mark("Kept and erased"), Permission.KEEP_CASES),
    ("/counts", mark("Counts"), Permission.SEE_COUNTS),
)
OFFICE = mark("Office")
"""The name under which the pages about an office stand together."""


def _permitted(role: Role, places: tuple[tuple[str, str, Permission], ...], at: str) -> list[Place]:
    return [
        Place(path, name, here=_is_below(at, path))
        for path, name, permission in places
        if permits(role, permission)
    ]


def _is_below(at: str, path: str) -> bool:
    return at == path or at.startswith(f"{path}/")


def menu(role: Role, at: str) -> tuple[Place, ...]:
    """Give the main menu; `at` is the path of the page that is shown."""
    main, office = _permitted(role, _MAIN, at), _permitted(role, _OFFICE, at)
    if len(office) > 1:
        within = any(place.here for place in office)
        office = [Place(office[0].path, OFFICE, here=within)]
    return (*main, *office)


def beside(role: Role, at: str) -> tuple[Place, ...]:
    """Give the pages about the office when one of them is shown, for the second row of the menu."""
    office = _permitted(role, _OFFICE, at)
    return tuple(office) if len(office) > 1 and any(place.here for place in office) else ()


def home(role: Role) -> str:
    """Give the path where a member begins; the own account for who may see nothing else."""
    main = [*_permitted(role, _MAIN, ""), *_permitted(role, _OFFICE, "")]
    return main[0].path if main else "/account"
