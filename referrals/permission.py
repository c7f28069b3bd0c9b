"""What each role may do. Whatever is not written here is refused.

A permission opens a kind of act; whether this case may be opened is judged besides: by the wrap of
the member's office (promise 4), and for a restricted case by its named readers (readers.py).
"""

from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum

from referrals.taxonomy import Role

STEP_UP = timedelta(minutes=10)
"""How long a second factor that was shown again opens what NEEDS_STEP_UP names."""


class Permission(StrEnum):
    """One kind of act."""

    OWN_ACCOUNT = "own_account"
    LIST_CASES = "list_cases"
    OPEN_CASES = "open_cases"
    SEARCH_CASES = "search_cases"
    HANDLE_CASES = "handle_cases"
    WRITE_LETTERS = "write_letters"
    ASSIGN_CASES = "assign_cases"
    NAME_READERS = "name_readers"
    EXPORT_CASES = "export_cases"
    KEEP_CASES = "keep_cases"
    HELP_VISITORS = "help_visitors"
    BE_ON_DUTY = "be_on_duty"
    SEE_MEMBERS = "see_members"
    INVITE_MEMBERS = "invite_members"
    MANAGE_MEMBERS = "manage_members"
    MANAGE_KEYS = "manage_keys"
    SEE_READING = "see_reading"
    SEE_COUNTS = "see_counts"
    EDIT_CONTENT = "edit_content"


MEANING: Mapping[Permission, str] = {
    Permission.OWN_ACCOUNT: "own password, second factor, passkeys, sessions",
    Permission.LIST_CASES: "the list of the office's cases (codes, no words)",
    Permission.OPEN_CASES: "a case, its files, its readers",
    Permission.SEARCH_CASES: "exact search by phone, name, agency; repeat complaints",
    Permission.HANDLE_CASES: "take a case, change where it stands",
    Permission.WRITE_LETTERS: "write to the migrant",
    Permission.ASSIGN_CASES: "give a case to a colleague",
    Permission.NAME_READERS: "name who may open a restricted case",
    Permission.EXPORT_CASES: "one sealed package for a lawyer or a court",
    Permission.KEEP_CASES: "keep a closed case longer; see certificates of erasure",
    Permission.HELP_VISITORS: "lodge with a visitor beside one",
    Permission.BE_ON_DUTY: "be called when somebody may be in danger",
    Permission.SEE_MEMBERS: "the list of members",
    Permission.INVITE_MEMBERS: "invite a person",
    Permission.MANAGE_MEMBERS: "admit, end, and reset the second factor of a member",
    Permission.MANAGE_KEYS: "the office's key: recovery key, progress of a rotation",
    Permission.SEE_READING: "who read which case, and unusual reading",
    Permission.SEE_COUNTS: "numbers that name nobody",
    Permission.EDIT_CONTENT: "answers, numbers and news that migrants get",
}
"""Each permission in plain English, for docs/security.md."""

NEEDS_STEP_UP = frozenset(
    {Permission.EXPORT_CASES, Permission.MANAGE_MEMBERS, Permission.MANAGE_KEYS}
)
"""What asks for the second factor again, when it was not shown within STEP_UP."""

_READS = frozenset(
    {
        Permission.OWN_ACCOUNT,
        Permission.LIST_CASES,
        Permission.OPEN_CASES,
        Permission.SEARCH_CASES,
        Permission.BE_ON_DUTY,
        Permission.SEE_MEMBERS,
    }
)
_HANDLES = _READS | {Permission.HANDLE_CASES, Permission.WRITE_LETTERS, Permission.EXPORT_CASES}

ROLES: Mapping[Role, frozenset[Permission]] = {
    Role.TRIAGE: _READS | {Permission.ASSIGN_CASES, Permission.HELP_VISITORS},
    Role.CASE_WORKER: _HANDLES | {Permission.HELP_VISITORS},
    Role.PARTNER_WORKER: _HANDLES,
    Role.SUPERVISOR: _HANDLES
    | {
        Permission.HELP_VISITORS,
        Permission.ASSIGN_CASES,
        Permission.NAME_READERS,
        Permission.KEEP_CASES,
        Permission.INVITE_MEMBERS,
        Permission.MANAGE_MEMBERS,
        Permission.MANAGE_KEYS,
        Permission.SEE_READING,
        Permission.SEE_COUNTS,
    },
    Role.EDITOR: frozenset({Permission.OWN_ACCOUNT, Permission.EDIT_CONTENT}),
    Role.ANALYST: frozenset({Permission.OWN_ACCOUNT, Permission.SEE_COUNTS}),
    Role.ADMINISTRATOR: frozenset(
        {
            Permission.OWN_ACCOUNT,
            Permission.SEE_MEMBERS,
            Permission.INVITE_MEMBERS,
            Permission.MANAGE_MEMBERS,
        }
    ),
}
"""What each role may do. A role that is missing here may do nothing."""


def permits(role: Role, permission: Permission) -> bool:
    """Say whether a role may do this at all."""
    return permission in ROLES.get(role, frozenset())
