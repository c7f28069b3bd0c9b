"""Cases are found by what was told, by those alone who may open them."""

import logging
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlmodel import select

from referrals import audit, blind, desk, readers, searching
from referrals.audit import Act, AuditRow
from referrals.blind import Kind
from referrals.case import Case
from referrals.directory import Member
from referrals.keyring import NoKey
from referrals.searching import NothingToFind, TooMany
from referrals.taxonomy import Role
from tests.house import Town
from tests.on_call import works_at
from tests.searches import ALL, NAME, adds, finds, opens, prepares, restrict, tells, tokens

# ---- found


@pytest.mark.parametrize("kind", Kind)
def test_a_case_is_found_by_what_was_told_in_another_way_of_writing(town: Town, kind: Kind) -> None:
    code = tells(town)
    assert finds(town, kind, ALL[kind]) == []
    assert prepares(town) == 0
    assert finds(town, kind, ALL[kind]) == [code]


def test_what_was_told_as_one_kind_is_not_found_as_another(town: Town) -> None:
    tells(town)
    prepares(town)
    assert finds(town, Kind.NAME, "Invented Manpower") == []
    assert finds(town, Kind.AGENCY, NAME) == []
    assert finds(town, Kind.NAME, "ស្រីនាង") == []


def test_an_agency_is_found_by_a_word_and_says_how_many_fit(town: Town) -> None:
    whole = tells(town)
    some = tells(town, 2, told={"employer": "Manpower Elsewhere"})
    prepares(town)
    found = searching.search(town.site, town.people["mrc"], Kind.AGENCY, "invented manpower")
    assert [(each.row.code, each.matched, each.of) for each in found] == [
        (whole, 2, 2),
        (some, 1, 2),
    ]


def test_what_is_added_later_is_found_once_the_case_was_opened(town: Town) -> None:
    code = tells(town)
    prepares(town)
    adds(town, code, "លេខថ្មី ០១៦ ៣៤៥ ៦៧៨")
    with town.site.store.reading() as session:
        assert searching.waiting(session, town.people["mrc"]) == 1
    assert finds(town, Kind.PHONE, "016345678") == []
    opens(town, code)
    assert finds(town, Kind.PHONE, "016345678") == [code]
    assert finds(town, Kind.PHONE, "012345678") == [code]


def test_the_offices_own_letters_make_nothing_found(town: Town) -> None:
    code = tells(town)
    desk.write(town.site, town.people["mrc"], code, "ខលមកយើង 016 345 678")
    opens(town, code)
    assert finds(town, Kind.PHONE, "016345678") == []
    with town.site.store.reading() as session:
        assert searching.waiting(session, town.people["mrc"]) == 0


def test_a_case_that_has_all_its_tokens_is_not_indexed_again(town: Town) -> None:
    code = tells(town)
    with town.site.store.writing() as session:
        who = town.people["mrc"]
        found, case_key = desk.key_of(session, who, code)
        assert searching.index(session, who, found, case_key)
        assert not searching.index(session, who, found, case_key)


def test_of_several_who_open_a_case_at_once_one_makes_its_tokens(town: Town) -> None:
    code = tells(town)
    for number in range(3):
        works_at(town, "mrc", f"worker-{number}")
    with ThreadPoolExecutor(4) as at_once:
        opening = [at_once.submit(opens, town, code, f"worker-{each}") for each in range(3)]
        coming = at_once.submit(prepares, town)
        for each in (*opening, coming):
            each.result()
    assert len(tokens(town)) > 5
    assert finds(town, Kind.NAME, NAME) == [code]
    assert prepares(town) == 0


def test_a_new_rule_makes_every_case_wait_for_new_tokens(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    tells(town)
    assert prepares(town) == 0
    monkeypatch.setattr(blind, "RULES", blind.RULES + 1)
    with town.site.store.reading() as session:
        assert searching.waiting(session, town.people["mrc"]) == 1
    assert prepares(town) == 0


def test_cases_are_made_ready_little_by_little_the_newest_first(town: Town) -> None:
    codes = []
    for number in range(3):
        town.clock.pass_(minutes=1)
        codes.append(tells(town, number))
    assert prepares(town, limit=2) == 1
    assert set(finds(town, Kind.NAME, NAME)) == set(codes[1:])
    assert prepares(town, limit=2) == 0
    assert finds(town, Kind.NAME, NAME) == codes[::-1]


@pytest.mark.parametrize(
    ("kind", "term"),
    [(Kind.PHONE, "hello"), (Kind.PHONE, ""), (Kind.NAME, "លោក"), (Kind.AGENCY, "Co., Ltd")],
)
def test_a_term_without_a_word_is_refused(town: Town, kind: Kind, term: str) -> None:
    with pytest.raises(NothingToFind):
        finds(town, kind, term)


# ---- by whom


def test_an_office_without_the_case_finds_nothing(town: Town) -> None:
    tells(town)
    prepares(town)
    assert prepares(town, "mrc-kampot") == 0
    for kind, term in ALL.items():
        assert finds(town, kind, term, "mrc-kampot") == []


def test_no_token_of_one_office_is_anothers(town: Town) -> None:
    tells(town, category="dismissal")
    for office in ("mrc", "pdolvt", "lawyer"):
        assert prepares(town, office) == 0
    made = [tokens(town, office) for office in ("mrc", "pdolvt", "lawyer")]
    assert len({len(each) for each in made}) == 1
    assert len(made[0]) > 5
    assert not made[0] & made[1]
    assert not made[0] & made[2]
    assert not made[1] & made[2]


def test_who_was_not_admitted_neither_searches_nor_indexes(town: Town) -> None:
    tells(town)
    office = town.people["mrc"].organisation_id
    town.people["new"] = town.comes("new@example.org", office, "new", Role.CASE_WORKER)
    assert prepares(town, "new") == 0
    assert tokens(town) == set()
    with pytest.raises(NoKey):
        finds(town, Kind.NAME, NAME, "new")


@pytest.mark.parametrize("role", [Role.EDITOR, Role.ADMINISTRATOR, Role.ANALYST])
def test_a_role_that_reads_no_case_does_not_search(town: Town, role: Role) -> None:
    town.people["other"] = town.comes("other@example.org", None, "other", role)
    with pytest.raises(PermissionError):
        finds(town, Kind.NAME, NAME, "other")


def test_a_restricted_case_is_found_by_its_readers_alone(town: Town) -> None:
    code, open_one = tells(town), tells(town, 2)
    works_at(town, "mrc", "worker")
    prepares(town)
    restrict(town, code)
    assert finds(town, Kind.NAME, NAME, "worker") == [open_one]
    with town.site.store.writing() as session:
        found = session.exec(select(Case).where(Case.code == code)).one()
        worker = session.get_one(Member, town.people["worker"].member_id)
        readers.name(session, found, worker, town.people["mrc"], town.clock())
    assert set(finds(town, Kind.NAME, NAME, "worker")) == {code, open_one}


def test_a_restricted_case_is_neither_indexed_nor_counted_for_who_may_not_open_it(
    town: Town,
) -> None:
    code = tells(town)
    restrict(town, code)
    works_at(town, "mrc", "worker")
    with town.site.store.reading() as session:
        assert searching.waiting(session, town.people["worker"]) == 0
        assert searching.waiting(session, town.people["mrc"]) == 1
    prepares(town, "worker")
    assert tokens(town) == set()


# ---- the trace


def test_a_search_is_written_down_without_what_was_looked_for(
    town: Town, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    tells(town)
    prepares(town)
    for kind, term in ALL.items():
        finds(town, kind, term)
    with town.site.store.reading() as session:
        rows = session.exec(select(AuditRow).where(AuditRow.act == Act.SEARCHED)).all()
        every = session.exec(select(AuditRow)).all()
    assert [row.subject for row in rows] == ["indexed 1", "phone 1", "name 1", "agency 1"]
    assert {row.member_id for row in rows} == {town.people["mrc"].member_id}
    said = " ".join(str(row.model_dump()) for row in every) + caplog.text
    for word in ("ស្រីនាង", "គំរូ", "12345678", "12 345 678", "៣៤៥", "nvented", "NVENTED"):
        assert word not in said


def test_nobody_searches_without_end(town: Town) -> None:
    _, most = searching.LIMITS[0]
    who = town.people["mrc"]
    with town.site.store.writing() as session:
        for _ in range(most):
            audit.add(
                session, town.clock(), Act.SEARCHED, member_id=who.member_id, subject="name 0"
            )
    with pytest.raises(TooMany):
        finds(town, Kind.NAME, NAME)
    assert finds(town, Kind.NAME, NAME, "pdolvt") == []
    with town.site.store.reading() as session:
        refused = session.exec(select(AuditRow).where(AuditRow.act == Act.REFUSED)).all()
    assert [(row.member_id, row.subject) for row in refused] == [(who.member_id, "search")]
    town.clock.pass_(hours=1, seconds=1)
    assert finds(town, Kind.NAME, NAME) == []


def test_making_cases_ready_is_no_search(town: Town) -> None:
    _, most = searching.LIMITS[0]
    who = town.people["mrc"]
    with town.site.store.writing() as session:
        for _ in range(most):
            audit.add(
                session, town.clock(), Act.SEARCHED, member_id=who.member_id, subject="indexed 9"
            )
    assert finds(town, Kind.NAME, NAME) == []
