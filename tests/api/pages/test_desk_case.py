"""The page of one case: what the journey told, in an order that helps, and pictures without places.

Read in English: the words of a page in Khmer are the catalogue's.
"""

import hashlib
import re
from collections.abc import Iterator
from io import BytesIO

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from PIL import Image

from api.pages import case_words
from api.pages.case_shown import BEFORE
from bot.content import content
from referrals import aftercare, audit, case, group, intake
from referrals.case import Case
from referrals.consent import Asked
from referrals.taxonomy import Category, ConsentCode, Country
from tests.api.pages.at_desk import signed_in
from tests.api.pages.test_pages import Page as Drawn
from tests.house import Town
from tests.told import CHOSEN, GPS, PHOTO, TOLD, lodges_much


@pytest.fixture
def counsellor(app: FastAPI) -> Iterator[TestClient]:
    with signed_in(app, "mrc") as client:
        client.cookies.set("language", "en")
        yield client


@pytest.fixture(scope="module")
def told(town: Town) -> str:
    return lodges_much(town)


def change(town: Town, code: str, **values: object) -> None:
    with town.site.store.writing() as session:
        held = case.by_code(session, code)
        for name, value in values.items():
            setattr(held, name, value)
        session.add(held)


def fresh(town: Town, number: int, **given: object) -> str:
    return lodges_much(town, conversation=f"{number:064d}", **given)  # type: ignore[arg-type]


def box(text: str) -> str:
    """The box "Before you write or call"."""
    found = re.search(r'<section class="card before".*?</section>', text, re.DOTALL)
    assert found
    return found[0]


def opened_file(town: Town, code: str, name: str) -> str:
    with town.site.store.reading() as session:
        files = session.exec(
            case.select(case.CaseFile)
            .join(Case, case.col(Case.id) == case.CaseFile.case_id)
            .where(Case.code == code, case.CaseFile.name == name)
        )
        return files.one().id


# --- Reading -----------------------------------------------------------------------------------


def test_what_must_be_known_before_writing_stands_before_all_that_was_told(
    counsellor: TestClient, told: str
) -> None:
    text = counsellor.get(f"/cases/{told}").text
    assert text.index("Before you write or call") < text.index("What was told")
    for said in ("Evening", "Write here", "A woman", "Thai", "Reading", TOLD["not_see"]):
        assert said in box(text)
    assert "<audio" in box(text), "her voice note on the safe way is heard there"


def test_the_box_says_so_when_nothing_was_told_of_safety(
    counsellor: TestClient, town: Town
) -> None:
    code = town.lodges("រឿង", conversation="e" * 64, update="u-bare")
    assert "Somebody else may hold the phone" in box(counsellor.get(f"/cases/{code}").text)


def test_every_told_detail_and_choice_is_on_the_page_once(
    counsellor: TestClient, told: str
) -> None:
    text = counsellor.get(f"/cases/{told}").text
    for words in TOLD.values():
        assert text.count(words) == 1
    for shown in ("My money", "House work", "Rayong", "ស្រីគំរូ"):
        assert shown in text
    assert text.index("Who and where") < text.index("Papers and evidence")


def test_every_detail_and_group_has_a_name_for_staff_and_every_choice_a_label() -> None:
    assert set(case_words.DETAILS) == set(intake.Detail)
    assert set(case_words.GROUPS) == set(intake.DetailGroup)
    assert set(BEFORE) <= set(intake.Detail)
    for codes in intake.CHOICES.values():
        for code in codes:
            assert content().label(f"choice.{code}").km


@pytest.mark.parametrize("language", ["km", "en"])
def test_codes_of_a_newer_program_are_shown_and_break_nothing(
    counsellor: TestClient, town: Town, language: str
) -> None:
    newer = {**CHOSEN, "wants": "a_new_wish", "sector": "space", "destination_province": "TH-99"}
    code = fresh(town, 1 if language == "km" else 2, chosen=newer)
    change(town, code, satisfied="very", money="twice", closed_by="court", complainant="robot")
    counsellor.cookies.set("language", language)
    answer = counsellor.get(f"/cases/{code}")
    assert answer.status_code == 200
    for shown in ("a_new_wish", "space", "TH-99", "very", "twice", "court", "robot"):
        assert shown in answer.text


@pytest.mark.parametrize("language", ["km", "en"])
def test_the_fullest_page_is_whole_and_everything_on_it_has_a_name(
    counsellor: TestClient, town: Town, told: str, language: str
) -> None:
    change(town, told, minor=True, danger=True, closed_at=town.clock(), satisfied="yes")
    counsellor.cookies.set("language", language)
    page = Drawn(counsellor.get(f"/cases/{told}").text)
    assert (page.open, page.crossed) == ([], [])
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    for _, attributes in page.tags:
        assert set(attributes.get("aria-labelledby", "").split()) <= set(ids)
        assert "style" not in attributes
    assert page.all("img")
    assert all(image["alt"] for image in page.all("img"))


def test_places_abroad_have_names_in_both_languages() -> None:
    assert case_words.place_abroad("TH-21", "en") == "Rayong"
    assert case_words.place_abroad("MY-14", "km") == "កូឡាឡាំពួរ"
    assert len(case_words.ABROAD) == 93
    assert len(set(case_words.ABROAD.values())) == 93


# --- Banners -----------------------------------------------------------------------------------


def test_an_ordinary_case_has_no_banner(counsellor: TestClient, town: Town) -> None:
    code = town.lodges("រឿង", conversation="f" * 64, update="u-plain")
    assert 'class="banners"' not in counsellor.get(f"/cases/{code}").text


@pytest.mark.parametrize(
    ("number", "values", "said"),
    [
        (10, {"minor": True}, "This person is under 18, or may be."),
        (11, {"danger": True}, "Words of danger were said."),
        (12, {"confidentiality": "restricted"}, "must not learn of it"),
        (13, {"callback": True}, "only asks that somebody writes"),
        (14, {"assisted_by": "somebody who is gone"}, "A member of staff filled it in"),
    ],
)
def test_what_is_special_is_said_at_the_top(
    counsellor: TestClient, town: Town, number: int, values: dict[str, object], said: str
) -> None:
    code = fresh(town, number, told={}, chosen={})
    assert said not in counsellor.get(f"/cases/{code}").text
    change(town, code, **values)
    text = counsellor.get(f"/cases/{code}").text
    assert said in text
    assert text.index(said) < text.index("Before you write or call")


def test_who_helped_is_named(counsellor: TestClient, town: Town) -> None:
    code = fresh(town, 20)
    change(town, code, assisted_by=town.people["mrc"].member_id)
    assert "mrc filled it in together with this person." in counsellor.get(f"/cases/{code}").text


def test_a_group_links_the_other_cases_that_the_office_can_open(
    counsellor: TestClient, town: Town
) -> None:
    mine, ours = fresh(town, 21), fresh(town, 22)
    theirs = fresh(town, 23, shares=(ConsentCode.SHARE_LEGAL_AID,))
    with town.site.store.writing() as session:
        begun = group.begin(session, town.site, Category.UNPAID_WAGES, Country.TH)
    for code in (mine, ours, theirs):
        change(town, code, group_id=begun.id)
    text = counsellor.get(f"/cases/{mine}").text
    assert "Your office can open 1 other case:" in text
    assert f'href="/cases/{ours}"' in text
    assert theirs not in text


def test_a_consent_taken_back_is_said_at_the_top_and_the_office_sees_it_in_its_list(
    counsellor: TestClient, app: FastAPI, town: Town
) -> None:
    code = fresh(town, 24)
    town.clock.pass_(minutes=1)
    with town.site.store.writing() as session:
        said = Asked(ConsentCode.SHARE_PDOLVT, False, 1, "km", "ពាក្យ", town.clock())
        aftercare.change_consent(session, town.site, case.by_code(session, code), said)
    text = counsellor.get(f"/cases/{code}").text
    assert text.index("Taken back") < text.index("Before you write or call")
    assert "Withdrawn by the migrant" in text
    with signed_in(app, "pdolvt") as other:
        other.cookies.set("language", "en")
        listed = other.get("/cases").text
        assert f"{code[:3]}-{code[3:6]}-{code[6:]}" in listed
        assert "Nothing of them can be read here any more." in listed
        assert f'href="/cases/{code}"' not in listed
        assert other.get(f"/cases/{code}").status_code == 404
    assert "Withdrawn by the migrant" not in counsellor.get("/cases").text


def test_how_it_ended_is_shown_when_it_ended(counsellor: TestClient, town: Town) -> None:
    code = fresh(town, 25)
    assert "How it ended" not in counsellor.get(f"/cases/{code}").text
    change(town, code, closed_at=town.clock(), closed_by="migrant", satisfied="no", money="part")
    text = counsellor.get(f"/cases/{code}").text
    found = re.search(r'<h2 id="ending">.*?</section>', text, re.DOTALL)
    assert found
    for said in ("Closed on", "The person who complained", "Not content", "A part"):
        assert said in found[0]


def test_what_she_closed_herself_has_no_forms_and_a_form_sent_all_the_same_is_refused(
    counsellor: TestClient, town: Town
) -> None:
    code = fresh(town, 27)
    forms = [f'action="/cases/{code}/{what}"' for what in ("take", "status", "letters")]
    page = counsellor.get(f"/cases/{code}").text
    assert all(form in page for form in forms)
    change(town, code, status="closed", closed_at=town.clock(), closed_by="migrant")
    page = counsellor.get(f"/cases/{code}").text
    token = re.search(r'name="csrf" value="([^"]+)"', page)
    assert token
    assert not any(form in page for form in forms)
    assert "Only this person can open it again." in page
    for what, fields in (
        ("take", {}),
        ("status", {"status": "working"}),
        ("letters", {"text": "សួស្តី"}),
    ):
        answer = counsellor.post(f"/cases/{code}/{what}", data={**fields, "csrf": token[1]})
        assert answer.status_code == 422


def test_a_child_and_a_call_back_are_marked_in_the_list(counsellor: TestClient, town: Town) -> None:
    code = fresh(town, 26)
    change(town, code, minor=True, callback=True)
    found = re.search(
        rf'<tr(?:(?!</tr>).)*href="/cases/{code}".*?</tr>', counsellor.get("/cases").text, re.DOTALL
    )
    assert found
    assert "Child" in found[0]
    assert "Please write" in found[0]
    assert "Urgent now" in found[0]


# --- Pictures ----------------------------------------------------------------------------------


def test_the_page_shows_a_preview_and_gives_the_original_with_its_hash(
    counsellor: TestClient, town: Town, told: str
) -> None:
    address = f"/cases/{told}/files/{opened_file(town, told, 'passport')}"
    text = counsellor.get(f"/cases/{told}").text
    assert f'<img src="{address}/preview"' in text
    assert 'loading="lazy"' in text
    assert f'href="{address}" download' in text
    assert hashlib.sha256(PHOTO).hexdigest() in text
    assert "This file may hold the place where it was taken." in text


def test_the_preview_has_no_place_and_the_original_is_whole(
    counsellor: TestClient, town: Town, told: str
) -> None:
    address = f"/cases/{told}/files/{opened_file(town, told, 'passport')}"
    shown, original = counsellor.get(f"{address}/preview"), counsellor.get(address)
    assert original.content == PHOTO
    assert Image.open(BytesIO(original.content)).getexif().get_ifd(GPS)
    assert shown.headers["content-type"] == "image/jpeg"
    small = Image.open(BytesIO(shown.content))
    assert not small.getexif()
    assert b"Exif" not in shown.content
    for answer in (shown, original):
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["content-security-policy"] == "default-src 'none'; sandbox"


def test_looking_at_a_preview_is_written_down_like_opening_the_file(
    counsellor: TestClient, town: Town, told: str
) -> None:
    file_id = opened_file(town, told, "passport")

    def openings() -> int:
        with town.site.store.reading() as session:
            rows = audit.of_case(session, case.by_code(session, told).id)
            return sum((r.act, r.subject) == (audit.Act.OPENED_FILE, file_id) for r in rows)

    before = openings()
    counsellor.get(f"/cases/{told}/files/{file_id}/preview")
    assert openings() == before + 1


@pytest.mark.parametrize(
    ("number", "photo"),
    [
        (30, (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image/svg+xml")),
        (31, (PHOTO[:200], "image/jpeg")),
        (32, (b"<script>alert(1)</script>", "image/png")),
        (33, (b"%PDF-1.4", "application/pdf")),
    ],
)
def test_what_cannot_be_shown_can_still_be_saved_and_the_page_stands(
    counsellor: TestClient, town: Town, number: int, photo: tuple[bytes, str]
) -> None:
    code = fresh(town, number, photo=photo)
    assert counsellor.get(f"/cases/{code}").status_code == 200
    address = f"/cases/{code}/files/{opened_file(town, code, 'passport')}"
    refused = counsellor.get(f"{address}/preview")
    assert (refused.status_code, refused.content) == (415, b"")
    assert refused.headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert counsellor.get(address).content == photo[0]


def test_nobody_else_sees_the_preview(app: FastAPI, town: Town, told: str) -> None:
    address = f"/cases/{told}/files/{opened_file(town, told, 'passport')}/preview"
    with signed_in(app, "mrc-kampot") as other:
        assert other.get(address).status_code == 404
    stranger = TestClient(app, base_url="http://127.0.0.1", follow_redirects=False)
    assert stranger.get(address).headers["location"] == "/sign-in"
    with signed_in(app, "mrc") as counsellor:
        none = counsellor.get(f"/cases/{told}/files/{'0' * 32}/preview")
        assert none.status_code == 404
