"""What the pages about members are given: the list, and a one-time link opened."""

from dataclasses import dataclass

from api.pages.views import Label


@dataclass(frozen=True, slots=True)
class MemberLine:
    """One member. `office` is named when it is not the reader's; `left` is the day in words when
    she left. The rest says what the reader may do about her.
    """

    id: str
    name: str
    email: str
    role: str
    state: Label
    office: str = ""
    left: str = ""
    mine: bool = False
    may_admit: bool = False
    may_end: bool = False
    may_reset: bool = False
    may_withdraw: bool = False


@dataclass(frozen=True, slots=True)
class MembersView:
    """The members, those who `left`, and for those who may invite: the form and, once, the link
    just made. `note` and `problem` are English message ids or empty. `keeps_keys`: of an office,
    whose key a member who leaves must not have.
    """

    lines: tuple[MemberLine, ...]
    may_invite: bool
    left: tuple[MemberLine, ...] = ()
    roles: tuple[Label, ...] = ()
    organisations: tuple[Label, ...] = ()
    link: str = ""
    link_for: str = ""
    note: str = ""
    problem: str = ""
    keeps_keys: bool = True


@dataclass(frozen=True, slots=True)
class AccountView:
    """A one-time link opened: the first administrator (`first`) or an invited member, who may be
    an editor (`edits`) or an analyst (`counts`), or `begins` her office: its key comes into being
    with hers. `lost`: she has an account, and lost its password.
    """

    first: bool
    organisation: str
    edits: bool = False
    counts: bool = False
    begins: bool = False
    lost: bool = False
    email: str = ""
    name: str = ""
    problem: str = ""
    least: int = 12


@dataclass(frozen=True, slots=True)
class DoneView:
    """The account exists (`waiting`: somebody must still admit it; `begins`: it is its office's
    first), or its link is `gone`.
    """

    waiting: bool = False
    begins: bool = False
    gone: bool = False
