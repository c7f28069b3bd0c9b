"""Lodging, and who can open what."""

import pytest
from sqlmodel import func, select

from referrals import case, consent, desk, draft, lodging
from referrals.case import Case, Wrap
from referrals.consent import ConsentMissing
from referrals.lodging import NobodyCanReceive
from referrals.taxonomy import ConsentCode
from tests.house import SHARES, Town, empty_site, told_draft

STORY = "ថៅកែមិនបើកប្រាក់ខែឱ្យខ្ញុំ"


def test_the_office_of_the_home_province_opens_what_was_told(town: Town) -> None:
    code = town.lodges(STORY, name="សុខ")
    opened = desk.open_case(town.site, town.people["mrc"], code)
    assert opened.fields == (("story", STORY), ("name", "សុខ"))
    assert {o.name_en for o in opened.offices} == {"mrc", "pdolvt"}


def test_an_office_of_another_province_cannot_open_it(town: Town) -> None:
    code = town.lodges(STORY)
    with pytest.raises(desk.NotYours):
        desk.open_case(town.site, town.people["mrc-kampot"], code)
    with town.site.store.reading() as session:
        assert desk.list_cases(session, town.people["mrc-kampot"], town.clock()) == []


def test_a_serious_case_goes_to_the_lawyer_too(town: Town) -> None:
    code = town.lodges(STORY, category="documents_withheld")
    assert desk.open_case(town.site, town.people["lawyer"], code).fields == (("story", STORY),)


def test_lodging_destroys_the_draft(town: Town) -> None:
    town.lodges(STORY)
    with town.site.store.reading() as session:
        assert draft.find(session, "c" * 64) is None
        assert session.exec(select(func.count()).select_from(draft.DraftPart)).one() == 0


def test_a_complaint_without_a_name_is_anonymous(town: Town) -> None:
    opened = desk.open_case(town.site, town.people["mrc"], town.lodges(STORY))
    assert opened.fields == (("story", STORY),)
    assert opened.confidentiality == "anonymous"


def test_a_name_is_taken_only_from_who_told_one(town: Town) -> None:
    opened = desk.open_case(town.site, town.people["mrc"], town.lodges(STORY, name="សុខ"))
    assert set(opened.fields) == {("story", STORY), ("name", "សុខ")}
    assert opened.confidentiality == "standard"


def test_nothing_is_lodged_without_the_consent_to_keep_it(town: Town) -> None:
    with town.site.store.writing() as session:
        begun = told_draft(session, town.site, STORY, store=False)
        with pytest.raises(ConsentMissing):
            lodging.lodge(session, town.site, begun, "u", language="km")


def test_nothing_is_lodged_when_nobody_may_read_it(town: Town) -> None:
    with town.site.store.writing() as session:
        begun = told_draft(session, town.site, STORY, shares=())
        with pytest.raises(ConsentMissing):
            lodging.lodge(session, town.site, begun, "u", language="km")


def test_where_no_office_can_receive_the_draft_stays(tmp_path, database_url: str) -> None:
    site = empty_site(tmp_path, database_url)
    with site.store.writing() as session:
        told_draft(session, site, STORY)
    with site.store.writing() as session:
        begun = draft.find(session, "c" * 64)
        assert begun is not None
        with pytest.raises(NobodyCanReceive):
            lodging.lodge(session, site, begun, "u", language="km")
    with site.store.reading() as session:
        begun = draft.find(session, "c" * 64)
        assert begun is not None
        assert draft.told(session, site, begun, "story")[0].text == STORY
        assert session.exec(select(func.count()).select_from(Case)).one() == 0
    site.store.engine.dispose()


def test_only_the_partners_that_were_agreed_to_get_a_key(town: Town) -> None:
    code = town.lodges(STORY, category="documents_withheld", shares=[ConsentCode.SHARE_LEGAL_AID])
    with pytest.raises(desk.NotYours):
        desk.open_case(town.site, town.people["mrc"], code)
    assert desk.open_case(town.site, town.people["lawyer"], code).row.code == code


def test_every_answer_to_a_question_of_consent_is_kept_with_its_words(town: Town) -> None:
    code = town.lodges(STORY, shares=SHARES[:1])
    with town.site.store.reading() as session:
        rows = consent.history(session, case.by_code(session, code).id)
    assert {(r.code, r.granted) for r in rows} == {
        ("store", True),
        ("contact_me", True),
        ("share_mrc", True),
        ("share_pdolvt", False),
        ("share_legal_aid", False),
    }
    assert {(r.words, r.language, r.version) for r in rows} == {("ពាក្យ", "km", 1)}


def test_a_file_told_is_opened_whole_at_the_desk_and_gone_from_the_draft(town: Town) -> None:
    voice = bytes(range(256)) * 1000
    with town.site.store.writing() as session:
        begun = told_draft(session, town.site, STORY)
        file = draft.seal_file(town.site, iter([voice[:100], voice[100:]]), "audio/ogg")
        draft.tell(session, town.site, begun, "story", "told-3", file=file, kind="voice")
        code = lodging.lodge(session, town.site, begun, "u", language="km").code
    opened = desk.open_case(town.site, town.people["mrc"], code)
    (row,) = opened.files
    shown, pieces = desk.open_file(town.site, town.people["mrc"], code, row.id)
    assert b"".join(pieces) == voice
    assert (shown.media_type, shown.size) == ("audio/ogg", len(voice))
    assert [file_id for file_id, _ in town.site.files.ids()] == [row.id]
    with pytest.raises(desk.NotYours):
        desk.open_file(town.site, town.people["mrc-kampot"], code, row.id)


def test_one_wrap_for_each_chosen_office(town: Town) -> None:
    town.lodges(STORY, category="documents_withheld")
    with town.site.store.reading() as session:
        assert session.exec(select(func.count()).select_from(Wrap)).one() == 3
