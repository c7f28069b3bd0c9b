"""Who looked at, or changed, which case. Rows are only ever added."""

from datetime import datetime
from enum import StrEnum

from sqlmodel import Field, Session, SQLModel, col, select

from referrals.site import Site
from referrals.store import UtcDateTime


class Act(StrEnum):
    """What was done."""

    SIGNED_IN = "signed_in"
    SIGN_IN_FAILED = "sign_in_failed"
    OPENED_CASE = "opened_case"
    OPENED_FILE = "opened_file"
    REFUSED = "refused"
    TOOK = "took"
    CHANGED_STATUS = "changed_status"
    WROTE = "wrote"
    INVITED = "invited"
    INVITATION_WITHDRAWN = "invitation_withdrawn"
    JOINED = "joined"
    ADMITTED = "admitted"
    LEFT = "left"
    RECOVERY_SET = "recovery_set"
    RECOVERED = "recovered"
    PASSWORD_CHANGED = "password_changed"  # noqa: S105 the name of an act
    EDITED = "edited"
    CHECKED_NUMBER = "checked_number"
    RECORDED = "recorded"
    NEWS = "news"
    CLAIMED = "claimed"
    SECRET_SET = "secret_set"  # noqa: S105 the name of an act
    CONSENT_CHANGED = "consent_changed"
    CLOSED = "closed"
    REOPENED = "reopened"
    ERASED = "erased"
    SHARED = "shared"
    LISTED = "listed"
    SEARCHED = "searched"
    EXPORTED = "exported"
    ASSIGNED = "assigned"
    READER_NAMED = "reader_named"
    READER_REMOVED = "reader_removed"
    READING_SHOWN = "reading_shown"
    COUNTS_SHOWN = "counts_shown"
    SIGNED_OUT = "signed_out"
    SESSION_ENDED = "session_ended"
    STEPPED_UP = "stepped_up"
    STEP_UP_FAILED = "step_up_failed"
    FACTOR_SET = "factor_set"
    FACTOR_REMOVED = "factor_removed"
    FACTOR_FAILED = "factor_failed"
    CODE_USED = "code_used"
    SERVER_KEY_TURNED = "server_key_turned"
    SERVER_KEY_DROPPED = "server_key_dropped"
    REWRAPPED = "rewrapped"
    ERASURE_WARNED = "erasure_warned"
    KEPT_LONGER = "kept_longer"
    BACKED_UP = "backed_up"
    RESTORED = "restored"
    ALARM_ANSWERED = "alarm_answered"
    DUTY_CHANGED = "duty_changed"
    ORGANISATION_ADDED = "organisation_added"


class AuditRow(SQLModel, table=True):
    """One act. Holds no word of a migrant. `case_id` is no foreign key: the row outlives the
    case.
    """

    __tablename__ = "audit"

    id: int | None = Field(default=None, primary_key=True)
    at: datetime = Field(sa_type=UtcDateTime, index=True)
    act: str = Field(max_length=32)
    member_id: str | None = Field(default=None, max_length=32)
    organisation_id: str | None = Field(default=None, max_length=32)
    case_id: str | None = Field(default=None, max_length=32, index=True)
    subject: str | None = Field(default=None, max_length=64)


def add(
    session: Session,
    at: datetime,
    act: Act,
    *,
    member_id: str | None = None,
    organisation_id: str | None = None,
    case_id: str | None = None,
    subject: str | None = None,
) -> None:
    """Write one act in the caller's transaction: for acts that leave no trace if they fail.

    `subject` is a code (a file id, a new status), never a word of a migrant.
    """
    session.add(
        AuditRow(
            at=at,
            act=act,
            member_id=member_id,
            organisation_id=organisation_id,
            case_id=case_id,
            subject=subject,
        )
    )


def record(
    site: Site,
    act: Act,
    *,
    member_id: str | None = None,
    organisation_id: str | None = None,
    case_id: str | None = None,
    subject: str | None = None,
) -> None:
    """Write one act, like `add`, in a transaction of its own: no later error can roll it back."""
    with site.store.writing() as session:
        add(
            session,
            site.clock(),
            act,
            member_id=member_id,
            organisation_id=organisation_id,
            case_id=case_id,
            subject=subject,
        )


def of_case(session: Session, case_id: str) -> list[AuditRow]:
    """Give all acts on a case, newest first."""
    return list(
        session.exec(
            select(AuditRow).where(AuditRow.case_id == case_id).order_by(col(AuditRow.id).desc())
        )
    )
