"""What is left of an erased case: a certificate, codes in the audit, and nothing on the disk."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError
from sqlmodel import Session, SQLModel, func, select

from referrals import aftercare, case, consent, draft, erasure, group, lodging, statistic, store
from referrals import thread as talk
from referrals.audit import AuditRow
from referrals.case import CaseField, CaseFile, Wrap
from referrals.erasure import Certificate, Reason
from referrals.group import CaseGroup
from referrals.taxonomy import Category, ConsentCode, Country
from tests.house import Town, build_town, told_draft

CANARY, LATER = "ខ្យល់ចម្លែកពណ៌ស្វាយ", "ក្រោយមកទៀត"
CONVERSATION = "7c" * 32


def lodges(town: Town) -> str:
    """Lodge a case with a story, a voice, a name and an addition."""
    site = town.site
    with site.store.writing() as session:
        begun = told_draft(session, site, CANARY * 40, conversation=CONVERSATION, name="សុខ")
        file = draft.seal_file(site, iter([CANARY.encode() * 9000]), "audio/ogg")
        draft.tell(session, site, begun, "story", "told-3", file=file, kind="voice")
        code = lodging.lodge(session, site, begun, "u-canary", language="km").code
    with site.store.writing() as session:
        talk.add(session, site, case.by_code(session, code), "u-later", text=LATER)
    return code


def erases(town: Town, code: str, reason: Reason = Reason.HER_WISH) -> None:
    with town.site.store.writing() as session:
        erasure.erase(session, town.site, case.by_code(session, code).id, reason)


def certificates(session: Session) -> list[Certificate]:
    return list(session.exec(select(Certificate)))


# ---- the disk


def traces(session: Session, code: str) -> dict[str, bytes]:
    """Give what may be found nowhere once the case is gone, by what it is."""
    found = case.by_code(session, code)
    fields = session.exec(select(CaseField.sealed).where(CaseField.case_id == found.id)).all()
    entries = session.exec(select(talk.Entry.sealed).where(talk.Entry.case_id == found.id)).all()
    wraps = session.exec(select(Wrap.wrapped).where(Wrap.case_id == found.id)).all()
    (file_id,) = session.exec(select(CaseFile.id).where(CaseFile.case_id == found.id)).all()
    assert len(fields) > 1
    assert len(entries) == 1
    assert len(wraps) > 1
    return {
        **{f"field {n}": each[:200] for n, each in enumerate(fields)},
        **{f"wrap {n}": each for n, each in enumerate(wraps)},
        "entry": entries[0],
        "story": CANARY.encode(),
        "code": code.encode(),
        "delivery": b"u-canary",
        "public key": found.public_key,
        "file": file_id.encode(),
    }


def found_in(folder: Path, what: dict[str, bytes]) -> set[str]:
    """Look for each in every file below a folder, and in the files' names; gives what is there."""
    there = set()
    for path in folder.rglob("*"):
        held = path.read_bytes() if path.is_file() else b""
        there |= {name for name, each in what.items() if each in held or each in bytes(path)}
    return there


def test_of_an_erased_case_no_byte_is_left_in_any_file(tmp_path: Path) -> None:
    town = build_town(tmp_path)
    data = tmp_path / "data"
    code = lodges(town)
    kept = town.lodges("រឿងមួយទៀត", conversation="d" * 64, update="u-2")
    with town.site.store.reading() as session:
        case_id = case.by_code(session, code).id
        all_of_it = {**traces(session, code), "conversation": CONVERSATION.encode()}
    assert found_in(data, all_of_it) == set(all_of_it) - {"story"}, "it looks where things lie"
    erases(town, code)
    town.site.store.tidy(erasure.KEYS, erasure.TOUCHED)
    assert found_in(data, all_of_it) == set()
    # The case's random id stays in the audit, and nowhere else.
    with town.site.store.reading() as session:
        acts = len(session.exec(select(AuditRow).where(AuditRow.case_id == case_id)).all())
    held = (data / "samleng.sqlite").read_bytes()
    assert held.count(case_id.encode()) == 2 * acts, "a row and its index"
    assert found_in(data, {"case": case_id.encode()}) == {"case"}
    assert not (data / "samleng.sqlite-wal").read_bytes()
    assert case_is_there(town, kept)
    town.site.store.engine.dispose()


def case_is_there(town: Town, code: str) -> bool:
    with town.site.store.reading() as session:
        return bool(session.exec(select(case.Case).where(case.Case.code == code)).all())


@pytest.fixture
def on_postgres(tmp_path: Path, postgres_url: str) -> Iterator[Town]:
    town = build_town(tmp_path, postgres_url)
    yield town
    town.site.store.engine.dispose()


def test_on_postgresql_no_key_of_an_erased_case_is_left_in_the_tables(on_postgres: Town) -> None:
    """Its log (pg_wal) keeps the bytes until it is written over: docs/operating.md says so."""
    town, code = on_postgres, lodges(on_postgres)
    with town.site.store.reading() as session:
        wraps = {k: v for k, v in traces(session, code).items() if k.startswith("wrap")}
    address = make_url(town.site.store.url).set(drivername="postgresql")
    with psycopg.connect(address.render_as_string(), autocommit=True) as connection:
        (data,) = connection.execute("SHOW data_directory").fetchone() or ("",)
        (oid,) = connection.execute(
            "SELECT oid FROM pg_database WHERE datname = current_database()"
        ).fetchone() or (0,)
        tables = Path(data) / "base" / str(oid)
        connection.execute("CHECKPOINT")
        assert found_in(tables, wraps) == set(wraps)
        erases(town, code)
        connection.execute("CHECKPOINT")
        assert found_in(tables, wraps) == set(wraps), "deleting alone leaves them"
        town.site.store.tidy(erasure.KEYS, erasure.TOUCHED)
        connection.execute("CHECKPOINT")
        assert found_in(tables, wraps) == set()
        (dead,) = connection.execute(
            "SELECT sum(n_dead_tup) FROM pg_stat_user_tables WHERE relname = 'case_field'"
        ).fetchone() or (1,)
        assert dead == 0


def test_tidying_a_table_in_use_gives_up_and_holds_nobody_up(on_postgres: Town) -> None:
    site = on_postgres.site
    with site.store.writing() as session:
        session.exec(select(Wrap)).all()
        with pytest.raises(OperationalError):
            site.store.tidy(erasure.KEYS, ())
    site.store.tidy(erasure.KEYS, erasure.TOUCHED)


def test_a_table_in_use_keeps_no_other_from_being_tidied(
    on_postgres: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "LOCK_SECONDS", 1)
    site = on_postgres.site

    def file_of(table: str) -> int:
        with site.store.reading() as session:
            found = session.execute(text(f"SELECT pg_relation_filenode('{table}')"))
            return int(found.scalar_one())

    before = file_of("letter")
    with site.store.writing() as session:
        session.exec(select(Wrap)).all()
        with pytest.raises(OperationalError):
            site.store.tidy(("wrap", "letter"), ())
    assert file_of("letter") != before


def test_a_full_disk_or_a_busy_database_is_said_as_the_database_says_all_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "BUSY_MILLISECONDS", 50)
    site = build_town(tmp_path).site
    with site.store.writing() as session:
        session.exec(select(Wrap)).all()
        with pytest.raises(OperationalError):
            site.store.tidy((), ())
    site.store.tidy((), ())


# ---- the certificate


def test_each_office_that_held_it_gets_a_signed_certificate(town: Town) -> None:
    code = lodges(town)
    with town.site.store.reading() as session:
        held_by = set(session.exec(select(Wrap.organisation_id)))
    with town.site.store.writing() as session:
        no = consent.Asked(ConsentCode.SHARE_MRC, False, 1, "km", "ពាក្យ", town.clock())
        aftercare.change_consent(session, town.site, case.by_code(session, code), no)
    town.clock.pass_(days=1)
    erases(town, code)
    with town.site.store.reading() as session:
        made = certificates(session)
        mine = erasure.of_office(session, str(town.people["mrc"].organisation_id))
        asked = erasure.of_code(session, town.site, str(town.people["mrc"].organisation_id), code)
        others = erasure.of_code(
            session, town.site, str(town.people["mrc-kampot"].organisation_id), code
        )
    assert {each.organisation_id for each in made} == held_by, "also the one she took it from"
    assert mine == asked
    assert (len(mine), others) == (1, [])
    (mine_,) = mine
    assert (mine_.reason, mine_.files, mine_.erased_at) == ("her_wish", 1, town.clock())
    assert mine_.fields == 3, "story, name, and what she added"
    assert code not in mine_.case_mark
    assert all(erasure.is_signed(town.site.server_key, each) for each in made)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("case_mark", "0" * 64),
        ("organisation_id", None),
        ("reason", "time"),
        ("erased_at", None),
        ("fields", 5),
        ("files", 0),
        ("id", "0" * 32),
    ],
)
def test_a_certificate_that_was_changed_is_none(town: Town, column: str, value: object) -> None:
    erases(town, lodges(town))
    with town.site.store.reading() as session:
        one = certificates(session)[0]
    setattr(one, column, town.clock() - timedelta(days=1) if column == "erased_at" else value)
    assert not erasure.is_signed(town.site.server_key, one)


def test_written_as_a_line_it_comes_back_and_strange_lines_are_counted(town: Town) -> None:
    erases(town, lodges(town))
    key = town.site.server_key
    with town.site.store.reading() as session:
        made = certificates(session)
    lines = [erasure.as_line(each) for each in made]
    strange = [lines[0][:-9], "{}", "[]", "3", lines[0].replace("her_wish", "time"), "erased"]
    found, passed_over = erasure.read_lines(key, [*lines, "", *strange])
    assert [erasure.as_line(each) for each in found] == lines
    assert passed_over == len(strange)


def test_erasing_that_is_rolled_back_certifies_nothing(town: Town) -> None:
    code = lodges(town)
    with town.site.store.writing() as session:
        erasure.erase(session, town.site, case.by_code(session, code).id, Reason.TIME)
        session.rollback()
    with town.site.store.reading() as session:
        assert certificates(session) == []
        assert not erasure.any_since(session, town.clock())
    erases(town, code, Reason.TIME)
    with town.site.store.writing() as session:
        assert erasure.any_since(session, town.clock())
        made = len(certificates(session))
        assert not erasure.erase(session, town.site, "0" * 32, Reason.TIME)
        assert len(certificates(session)) == made


# ---- what others need stays


def test_a_group_goes_with_the_last_of_its_cases(town: Town) -> None:
    codes = [
        town.lodges("រឿង", conversation=f"{number}" * 64, update=f"u-{number}")
        for number in range(2)
    ]
    with town.site.store.writing() as session:
        ours = group.begin(session, town.site, Category.UNPAID_WAGES, Country.TH)
        theirs = group.begin(session, town.site, Category.UNPAID_WAGES, Country.TH)
        for code in codes:
            each = case.by_code(session, code)
            each.group_id = ours.id
            session.add(each)
    for code, left in zip(codes, ({ours.id, theirs.id}, {theirs.id}), strict=True):
        erases(town, code)
        with town.site.store.reading() as session:
            assert set(session.exec(select(CaseGroup.id))) == left


def test_of_numbers_only_what_she_agreed_to_count_stays(town: Town) -> None:
    counted, uncounted = (
        town.lodges("រឿង", conversation=name * 64, update=f"u-{name}") for name in "ab"
    )
    with town.site.store.writing() as session:
        found = case.by_code(session, counted)
        yes = consent.Asked(ConsentCode.STATISTICS, True, 1, "km", "ពាក្យ", town.clock())
        consent.record(session, found.id, yes)
        assert statistic.count(session, town.site, found, "valid")
        assert not statistic.count(session, town.site, case.by_code(session, uncounted), "valid")
    before = rows(town)
    for code in (counted, uncounted):
        erases(town, code)
    after = rows(town)
    assert after["statistic"] == before["statistic"] == 1
    grown = {name for name in after if after[name] > before[name]}
    assert grown == {"erasure_certificate", "audit"}
    left = {name for name in erasure.TOUCHED + erasure.KEYS if after[name]}
    assert left == set()


def rows(town: Town) -> dict[str, int]:
    with town.site.store.reading() as session:
        return {
            table.name: session.exec(select(func.count()).select_from(table)).one()
            for table in SQLModel.metadata.tables.values()
        }


def test_the_tables_that_are_swept_are_those_that_erasing_deletes_from() -> None:
    """Whoever adds a table that hangs on a case must have it swept."""
    tables, hanging = SQLModel.metadata.tables.values(), {"case", "case_group"}
    while True:
        more = {
            table.name
            for table in tables
            for key in table.foreign_keys
            if key.column.table.name in hanging and key.ondelete == "CASCADE"
        }
        if more <= hanging:
            break
        hanging |= more
    assert hanging == {*erasure.KEYS, *erasure.TOUCHED}
