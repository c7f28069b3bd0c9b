"""How often one conversation can lodge, and asking to be written to."""

import pytest
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, select

from referrals import case, consent, desk, draft, lodging
from referrals.case import Case, CaseFile
from referrals.files import on_disk
from referrals.lodging import DAY, LODGINGS, EnoughToday
from referrals.taxonomy import Category, ConsentCode, Country, Status, Urgency
from tests.house import Town, told_draft

CONVERSATION = "c" * 64


def asks(town: Town, update: str, *, danger: bool = False) -> str:
    """Ask for a call; gives the case's code."""
    agreed = (ConsentCode.STORE, ConsentCode.SHARE_MRC, ConsentCode.CONTACT_ME)
    with town.site.store.writing() as session:
        return lodging.request_callback(
            session,
            town.site,
            conversation=CONVERSATION,
            channel="telegram",
            update=update,
            category=Category.OTHER,
            country=Country.TH,
            province="KH-14",
            language="km",
            danger=danger,
            asked=[consent.Asked(c, True, 1, "km", "ពាក្យ", town.clock()) for c in agreed],
        ).code


def cases(session: Session) -> list[Case]:
    return list(session.exec(select(Case)))


def test_asking_again_while_a_call_is_open_makes_no_second_case(town: Town) -> None:
    first = asks(town, "u-1")
    desk.take(town.site, town.people["mrc"], first)
    assert asks(town, "u-2") == first
    with town.site.store.reading() as session:
        assert len(cases(session)) == 1


def test_danger_makes_a_call_that_is_already_asked_for_urgent(town: Town) -> None:
    code = asks(town, "u-1")
    asks(town, "u-2", danger=True)
    asks(town, "u-3")
    assert desk.open_case(town.site, town.people["mrc"], code).row.urgency is Urgency.NOW


def test_a_call_after_the_last_was_closed_is_a_new_case(town: Town) -> None:
    first = asks(town, "u-1")
    desk.set_status(town.site, town.people["mrc"], first, Status.CLOSED)
    assert asks(town, "u-2") != first


def test_a_call_whose_consent_was_withdrawn_is_asked_for_anew(town: Town) -> None:
    first = asks(town, "u-1")
    with town.site.store.writing() as session:
        no = consent.Asked(ConsentCode.SHARE_MRC, False, 1, "km", "ពាក្យ", town.clock())
        consent.record(session, case.by_code(session, first).id, no)
    second = asks(town, "u-2")
    assert desk.open_case(town.site, town.people["mrc"], second).row.code == second


def test_a_whole_complaint_is_no_call_and_a_call_no_complaint(town: Town) -> None:
    lodged = town.lodges("រឿង", update="u-1")
    assert asks(town, "u-2") != lodged


def test_nobody_lodges_more_than_enough_in_a_day(town: Town) -> None:
    for number in range(LODGINGS):
        town.lodges("រឿង", update=f"u-{number}")
    with pytest.raises(EnoughToday):
        asks(town, "u-call")
    with town.site.store.writing() as session:
        begun = told_draft(session, town.site, "រឿងទីប្រាំមួយ")
        with pytest.raises(EnoughToday):
            lodging.lodge(session, town.site, begun, "u-6", language="km")
    with town.site.store.reading() as session:
        kept = draft.find(session, CONVERSATION)
        assert kept is not None
        assert draft.told(session, town.site, kept, "story")[0].text == "រឿងទីប្រាំមួយ"
        assert len(cases(session)) == LODGINGS
    town.lodges("រឿង", update="u-other", conversation="d" * 64)
    town.clock.now += DAY
    with town.site.store.writing() as session:
        begun = draft.open_(session, town.site, CONVERSATION, "telegram")
        assert lodging.lodge(session, town.site, begun, "u-6", language="km").code


def test_a_code_that_is_taken_is_drawn_again(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    taken = town.lodges("រឿង", update="u-1")
    drawn = iter([taken, taken, "123456789"])
    monkeypatch.setattr(lodging.case_code, "new_code", lambda: next(drawn))
    assert town.lodges("រឿង", update="u-2", conversation="d" * 64) == "123456789"
    assert desk.open_case(town.site, town.people["mrc"], "123456789").fields == (("story", "រឿង"),)


def test_the_same_delivery_cannot_lodge_two_cases(town: Town) -> None:
    town.lodges("រឿង", update="u-1")
    with pytest.raises(IntegrityError):
        town.lodges("រឿងទីពីរ", update="u-1", conversation="d" * 64)
    with town.site.store.reading() as session:
        assert len(cases(session)) == 1
        assert draft.find(session, "d" * 64) is None, "the draft was rolled back with the rest"


def test_the_receipt_is_what_the_database_says(town: Town) -> None:
    with town.site.store.writing() as session:
        begun = told_draft(session, town.site, "រឿង", category="documents_withheld")
        draft.answer(session, town.site, begun, "complainant", "group")
        made = lodging.lodge(session, town.site, begun, "u-1", language="km")
    assert made.group_code is not None
    assert len(made.routes) == 3
    with town.site.store.reading() as session:
        assert case.receipt(session, case.by_code(session, made.code)) == made


def test_of_a_files_length_only_its_class_stands_in_clear(town: Town) -> None:
    """Its true length lies sealed beside its key."""
    site, lengths = town.site, (50_001, 50_999)
    with site.store.writing() as session:
        begun = told_draft(session, site, "រឿង")
        for number, length in enumerate(lengths):
            file = draft.seal_file(site, iter([b"x" * length]), "image/jpeg")
            draft.tell(session, site, begun, "story", f"f-{number}", file=file, kind="photo")
        parts = [part for part in draft.parts(session, begun) if part.file_id is not None]
        assert {part.size for part in parts} == {on_disk(50_001)}
        opened = [draft.opened(site, part).file for part in parts]
        assert sorted(each.size for each in opened if each) == list(lengths)
        code = lodging.lodge(session, site, begun, "u-1", language="km").code
    with site.store.reading() as session:
        assert {row.size for row in session.exec(select(CaseFile))} == {on_disk(50_001)}
    files = desk.open_case(site, town.people["mrc"], code).files
    assert sorted(row.size for row in files) == list(lengths)
    for row in files:
        shown, pieces = desk.open_file(site, town.people["mrc"], code, row.id)
        assert shown.size == row.size == len(b"".join(pieces))
