"""Erasing a case: nothing of it is left but codes in the audit."""

import threading
from collections.abc import Iterable

import pytest
from sqlalchemy.exc import NoResultFound
from sqlmodel import Session, SQLModel, col, func, select

from referrals import (
    aftercare,
    audit,
    blind,
    case,
    consent,
    desk,
    directory,
    draft,
    duty,
    lodging,
    readers,
    recovery,
)
from referrals import thread as talk
from referrals.case import Case
from referrals.taxonomy import ConsentCode
from tests.house import Town, told_draft

CONVERSATION = "c" * 64


def row(town: Town, code: str) -> Case:
    with town.site.store.reading() as session:
        return case.by_code(session, code)


def acts(town: Town, case_id: str) -> list[tuple[str, str | None]]:
    with town.site.store.reading() as session:
        return [(r.act, r.subject) for r in reversed(audit.of_case(session, case_id))]


def no_to_the_centre(town: Town) -> consent.Asked:
    return consent.Asked(ConsentCode.SHARE_MRC, False, 1, "km", "ពាក្យ", town.clock())


def with_everything(town: Town, update: str, conversation: str) -> str:
    """Lodge a case on which something hangs in every table that can hang on one; gives its code."""
    site, mrc = town.site, town.people["mrc"]
    with site.store.writing() as session:
        begun = told_draft(session, site, "រឿង", conversation=conversation, name="សុខ")
        file = draft.seal_file(site, iter([b"voice"]), "audio/ogg")
        draft.tell(session, site, begun, "story", "told-3", file=file, kind="voice")
        code = lodging.lodge(session, site, begun, update, language="km").code
    with site.store.writing() as session:
        found = case.by_code(session, code)
        added = draft.seal_file(site, iter([b"photo"]), "image/jpeg")
        talk.add(session, site, found, f"{update}-photo", file=added, kind="photo")
        talk.add(session, site, found, f"{update}-word", text="ខ្ញុំមានបង្កាន់ដៃ")
        recovery.set_secret(session, site, found.id, "ម្ជុល ៧៣")
        alarm = duty.Alarm(case_id=found.id, raised_at=town.clock())
        session.add(alarm)
        session.flush()
        call = duty.AlarmCall(alarm_id=alarm.id, member_id=mrc.member_id, called_at=town.clock())
        session.add(call)
        readers.name(
            session, found, session.get_one(directory.Member, mrc.member_id), mrc, town.clock()
        )
        office = str(mrc.organisation_id)
        session.add(
            blind.SearchToken(
                organisation_id=office,
                token=f"token {update}".encode(),
                case_id=found.id,
                kind="phone",
            )
        )
        session.add(
            blind.Indexed(
                organisation_id=office, case_id=found.id, generation=1, rules=1, entries=0
            )
        )
    desk.write(site, mrc, code, "សូមមក")
    return code


def hanging(session: Session, case_ids: Iterable[str]) -> dict[str, int]:
    """Count the rows that name one of the cases, by table."""
    tables = {t.name: t for t in SQLModel.metadata.tables.values() if "case_id" in t.columns}
    counted = {
        name: session.exec(
            select(func.count()).select_from(table).where(table.c.case_id.in_(case_ids))
        ).one()
        for name, table in tables.items()
    }
    calls = select(func.count()).select_from(duty.AlarmCall).join(duty.Alarm)
    counted["alarm_call"] = session.exec(calls.where(col(duty.Alarm.case_id).in_(case_ids))).one()
    return counted


def test_an_erased_case_leaves_nothing_but_codes_in_the_audit(town: Town) -> None:
    erased = with_everything(town, "u-1", CONVERSATION)
    kept = with_everything(town, "u-2", "d" * 64)
    erased_id, kept_id = row(town, erased).id, row(town, kept).id
    with town.site.store.reading() as session:
        before = hanging(session, [erased_id])
        others = hanging(session, [kept_id])
        files = set(
            session.exec(select(case.CaseFile.id).where(case.CaseFile.case_id == erased_id))
        )
    assert all(before.values()), "something must hang in each table, or nothing is proved"
    assert {"consent", "standing_consent", "wrap", "recovery", "letter", "entry"} <= set(before)
    assert len(files) == 2
    with town.site.store.writing() as session:
        aftercare.erase(session, town.site, case.by_code(session, erased))
        lying = {file_id for file_id, _ in town.site.files.ids()}
        assert files <= lying, "files go only once the transaction is committed"
    with town.site.store.reading() as session:
        left = hanging(session, [erased_id])
        assert {table for table, rows in left.items() if rows} == {"audit"}
        assert session.get(Case, erased_id) is None
        assert hanging(session, [kept_id]) == others
    assert not files & {file_id for file_id, _ in town.site.files.ids()}
    assert acts(town, erased_id)[-1] == ("erased", "her_wish")
    with pytest.raises(desk.NotYours):
        desk.open_case(town.site, town.people["mrc"], erased)
    assert desk.open_case(town.site, town.people["mrc"], kept).row.code == kept


def test_erasing_that_is_rolled_back_erases_nothing(town: Town) -> None:
    code = with_everything(town, "u-1", CONVERSATION)
    with town.site.store.writing() as session:
        aftercare.erase(session, town.site, case.by_code(session, code))
        session.rollback()
    opened = desk.open_case(town.site, town.people["mrc"], code)
    for file in opened.files:
        _, pieces = desk.open_file(town.site, town.people["mrc"], code, file.id)
        assert b"".join(pieces) in (b"voice", b"photo")


def test_erasing_twice_is_fine_and_what_was_erased_is_changed_no_more(town: Town) -> None:
    code = town.lodges("រឿង")
    stale = row(town, code)
    for _ in range(2):
        with town.site.store.writing() as session:
            aftercare.erase(session, town.site, stale)
    assert [act for act, _ in acts(town, stale.id)] == ["erased"]
    no = no_to_the_centre(town)
    for late in (aftercare.close, aftercare.reopen):
        with pytest.raises(NoResultFound), town.site.store.writing() as session:
            late(session, town.site, stale)
    with pytest.raises(NoResultFound), town.site.store.writing() as session:
        aftercare.change_consent(session, town.site, stale, no)


def test_everything_that_names_a_case_goes_with_it_by_the_database(town: Town) -> None:
    """Whoever adds a table that hangs on a case must say so there."""
    names = [
        (table.name, key.parent.name, key.ondelete)
        for table in SQLModel.metadata.tables.values()
        for key in table.foreign_keys
        if key.column.table.name == "case"
    ]
    assert len(names) > 7
    assert not [name for name in names if name[2] != "CASCADE"]


def test_erasing_and_withdrawing_at_once_end_well(town: Town) -> None:
    code = town.lodges("រឿង", category="documents_withheld")
    together, errors = threading.Barrier(2), list[BaseException]()

    def withdraw() -> None:
        together.wait()
        try:
            with town.site.store.writing() as session:
                found = case.by_code(session, code)
                aftercare.change_consent(session, town.site, found, no_to_the_centre(town))
        except NoResultFound:
            pass
        except BaseException as error:
            errors.append(error)

    def erase() -> None:
        with town.site.store.writing() as session:
            found = case.by_code(session, code)
            together.wait()
            aftercare.erase(session, town.site, found)

    threads = [threading.Thread(target=act) for act in (withdraw, erase)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(60)
    assert errors == []
    with town.site.store.reading() as session:
        assert session.exec(select(func.count()).select_from(Case)).one() == 0
