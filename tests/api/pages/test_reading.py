"""Who read what: for a supervisor, of her own office, and itself written down."""

import re
from collections.abc import Iterator
from html import escape, unescape

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from playwright.sync_api import Browser, expect
from sqlmodel import select

from api.pages import reading
from api.pages.reading import MADE_READY
from api.words import Words
from referrals import audit, case, desk, unusual
from referrals.audit import Act, AuditRow
from referrals.case import Case
from referrals.directory import Member
from referrals.readers import CaseReader
from referrals.taxonomy import Confidentiality, ConsentCode, Role
from tests.api.pages.at_desk import signed_in, town_with_editor
from tests.api.pages.at_door import shows_code
from tests.api.pages.conftest import serving
from tests.house import PASSWORD, Town
from tests.on_call import works_at

CANARY = "ពាក្យដែលមិនត្រូវឱ្យឃើញ"


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Town:
    built = town_with_editor(tmp_path_factory.mktemp("town"))
    works_at(built, "mrc", "second")
    works_at(built, "mrc", "triage", Role.TRIAGE)
    built.comes("analyst@example.org", None, "analyst", Role.ANALYST)
    return built


@pytest.fixture(autouse=True)
def nothing_happened_lately(town: Town) -> None:
    """What other tests did is out of sight."""
    town.clock.pass_(days=60)


@pytest.fixture
def chief(app: FastAPI) -> Iterator[TestClient]:
    """The supervisor of the MRC in Prey Veng, reading English."""
    with signed_in(app, "mrc") as client:
        client.cookies.set("language", "en")
        yield client


def opens(town: Town, name: str, code: str, times: int = 1) -> None:
    for _ in range(times):
        try:
            desk.open_case(town.site, town.people[name], code)
        except desk.NotYours:
            continue


def lodges(town: Town, **more: object) -> str:
    with town.site.store.reading() as session:
        update = f"u-{len(session.exec(select(Case.id)).all())}"
    return town.lodges(CANARY, update=update, **more)  # type: ignore[arg-type]


def text_of(page: str) -> str:
    return unescape(" ".join(re.sub(r"<[^>]+>", " ", page).split()))


def acts_of(page: str) -> list[str]:
    listed = re.search(r'<ol class="card deeds">(.*?)</ol>', page, re.DOTALL)
    return (
        [text_of(line) for line in re.findall(r"<li>(.*?)</li>", listed[1], re.DOTALL)]
        if listed
        else []
    )


def unusual_of(page: str) -> list[str]:
    listed = re.search(r'<ul class="unusual">(.*?)</ul>', page, re.DOTALL)
    return (
        [text_of(li) for li in re.findall(r"<li.*?</li>", listed[1], re.DOTALL)] if listed else []
    )


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("mrc", 200),
        ("second", 403),
        ("triage", 403),
        ("editor", 403),
        ("administrator", 403),
        ("analyst", 403),
    ],
)
def test_the_page_is_for_supervisors(app: FastAPI, name: str, status: int) -> None:
    with signed_in(app, name) as client:
        assert client.get("/reading").status_code == status


def test_it_tells_who_did_what_to_which_case_and_nothing_told(
    town: Town, chief: TestClient
) -> None:
    code = lodges(town)
    opens(town, "second", code)
    desk.take(town.site, town.people["second"], code)
    page = chief.get("/reading").text
    shown = f"{code[:3]}-{code[3:6]}-{code[6:]}"
    assert [line for line in acts_of(page) if "second" in line][:2] == [
        f"{line_time(town)} second took the case {shown}",
        f"{line_time(town)} second opened the case {shown}",
    ]
    assert re.search(r"second</th>\s*<td[^>]*>1</td>\s*<td[^>]*>0</td>", page)
    assert CANARY not in page


def line_time(town: Town) -> str:
    return Words("en").when(town.clock())


def test_looking_is_written_down_before_anything_is_shown(town: Town, chief: TestClient) -> None:
    code = lodges(town)
    second = town.people["second"].member_id
    chief.get(f"/reading?case={code}&member={second}")
    with town.site.store.reading() as session:
        row = session.exec(
            select(AuditRow).where(AuditRow.act == Act.READING_SHOWN).order_by(AuditRow.id.desc())  # type: ignore[union-attr]
        ).first()
        assert row is not None
        assert row.case_id == case.by_code(session, code).id
    assert (row.member_id, row.subject) == (town.people["mrc"].member_id, second)
    assert "mrc looked at this page" in text_of(chief.get("/reading").text)


def test_no_office_sees_another(town: Town, app: FastAPI, chief: TestClient) -> None:
    code = lodges(town, shares=[ConsentCode.SHARE_PDOLVT])
    opens(town, "pdolvt", code)
    opens(town, "mrc-kampot", code)
    opens(town, "second", code)  # refused: her office has no key of it
    shown = f"{code[:3]}-{code[3:6]}-{code[6:]}"
    page = chief.get("/reading").text
    mine = text_of(page)
    assert "second was refused no case of this office" in mine
    assert shown not in mine
    for stranger in ("pdolvt", "kampot"):
        assert stranger not in mine.replace("mrc-kampot", "kampot")
    assert "There is no such case in your office." in text_of(
        chief.get(f"/reading?case={code}").text
    )
    pdolvt = town.people["pdolvt"].member_id
    assert "pdolvt" not in text_of(chief.get(f"/reading?member={pdolvt}").text)
    with signed_in(app, "pdolvt") as theirs:
        assert shown in text_of(theirs.get("/reading").text)


def test_acts_are_chosen_by_member_and_by_code_however_it_is_typed(
    town: Town, chief: TestClient
) -> None:
    one, other = lodges(town), lodges(town)
    opens(town, "second", one)
    opens(town, "mrc", other)
    typed = f"{one[:3]} {one[3:6]} {one[6:]}".translate(
        {ord(str(n)): ord("០") + n for n in range(10)}
    )
    acts = acts_of(chief.get("/reading", params={"case": typed}).text)
    assert [line for line in acts if "second opened the case" in line]
    assert all("second opened" in line or "looked at this page" in line for line in acts)
    member = town.people["mrc"].member_id
    assert not any(
        "second" in line for line in acts_of(chief.get(f"/reading?member={member}").text)
    )


@pytest.mark.parametrize("typed", ["12", "no code", "123456789", "<script>"])
def test_a_slip_in_the_code_is_said_and_shows_nothing(chief: TestClient, typed: str) -> None:
    answer = chief.get("/reading", params={"case": typed})
    assert answer.status_code == 422
    assert acts_of(answer.text) == []
    assert f'value="{escape(typed)}"' in answer.text


def test_fifty_on_a_page(town: Town, chief: TestClient) -> None:
    who = town.people["second"]
    for _ in range(reading.A_PAGE + 5):
        audit.record(
            town.site,
            Act.SEARCHED,
            member_id=who.member_id,
            organisation_id=who.organisation_id,
        )
    first = chief.get(f"/reading?member={who.member_id}").text
    assert len(acts_of(first)) == reading.A_PAGE
    older = re.search(r'href="([^"]*page=2[^"]*)"', first)
    assert older
    second = chief.get(unescape(older[1])).text
    assert len(acts_of(second)) >= 5
    assert f"member={who.member_id}#acts" in second, "back to the first"
    assert chief.get("/reading?page=0").status_code == 422


def test_a_restricted_case_that_she_may_not_open_is_not_named(
    town: Town, chief: TestClient
) -> None:
    code = lodges(town)
    opens(town, "second", code)
    with town.site.store.writing() as session:
        held = case.by_code(session, code)
        held.confidentiality = Confidentiality.RESTRICTED
        second = town.people["second"].member_id
        session.get_one(Member, second).role = Role.SUPERVISOR
        session.add(CaseReader(case_id=held.id, member_id=second, named_by=second, at=town.clock()))
        session.add(held)
    mine = text_of(chief.get("/reading").text)
    assert "second opened the case a restricted case" in mine
    assert code[:3] + "-" + code[3:6] not in mine
    assert "There is no such case" in text_of(chief.get(f"/reading?case={code}").text)


def test_a_case_that_was_deleted_is_called_so(town: Town, chief: TestClient) -> None:
    audit.record(
        town.site,
        Act.OPENED_CASE,
        member_id=town.people["second"].member_id,
        organisation_id=town.people["second"].organisation_id,
        case_id="0" * 32,
    )
    assert "second opened the case a case that was deleted" in text_of(chief.get("/reading").text)


def test_what_is_unusual_stands_on_top_in_plain_words(town: Town, chief: TestClient) -> None:
    who = town.people["second"]
    code = lodges(town)
    desk.take(town.site, town.people["mrc"], code)
    opens(town, "second", code, unusual.OPENED_IDLY)
    for _ in range(unusual.REFUSED_A_DAY):
        opens(town, "second", "no such case")
    for _ in range(unusual.FAILED_SIGN_INS):
        audit.record(town.site, Act.SIGN_IN_FAILED, member_id=who.member_id)
    page = chief.get("/reading").text
    shown = f"{code[:3]}-{code[3:6]}-{code[6:]}"
    day = Words("en").day(town.clock().astimezone(unusual.ZONE).date())
    assert unusual_of(page) == [
        f"second {day} Signing in to this account failed 5 times in one day. It may be a stranger.",
        f"second {day} Was refused 3 times in one day: the cases were not open to them.",
        f"second {day} Opened a case of a colleague 5 times in a week, "
        f"without doing anything in it. {shown}",
    ]
    assert "Unusual is not wrong." in page
    assert "guilty" not in page


def test_every_rule_and_every_act_has_its_words() -> None:
    assert set(reading.REASONS) == set(unusual.Rule)
    by_the_office = set(Act) - {
        *(Act.EDITED, Act.CHECKED_NUMBER, Act.RECORDED, Act.NEWS),  # editors
        *(Act.CLAIMED, Act.SECRET_SET, Act.CONSENT_CHANGED, Act.CLOSED, Act.REOPENED),  # migrants
        *(Act.ERASED, Act.ERASURE_WARNED, Act.BACKED_UP, Act.RESTORED),  # the program
        Act.ORGANISATION_ADDED,  # the operator
        *(Act.SERVER_KEY_TURNED, Act.SERVER_KEY_DROPPED),  # who runs it
    }
    assert by_the_office <= set(reading.ACTS)


@pytest.mark.browser
@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_in_a_browser_it_fits_and_needs_no_mouse(
    browser: Browser, app: FastAPI, town: Town, width: int, scheme: str
) -> None:
    code = lodges(town)
    desk.take(town.site, town.people["mrc"], code)
    opens(town, "second", code, unusual.OPENED_IDLY)
    opens(town, "second", "no such case", unusual.REFUSED_A_DAY)
    with serving(app) as address:
        size = {"width": width, "height": 800}
        page = browser.new_context(viewport=size, locale="km-KH", color_scheme=scheme).new_page()  # type: ignore[arg-type]
        page.goto(f"{address}/sign-in")
        page.fill("#email", "mrc@example.org")
        page.fill("#password", PASSWORD)
        page.keyboard.press("Enter")
        shows_code(page, town.site, "mrc@example.org")
        page.wait_for_url("**/cases")
        page.goto(f"{address}/reading")
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
        expect(page.locator(".unusual li")).to_have_count(2)
        for _ in range(60):
            page.keyboard.press("Tab")
            if page.evaluate("document.activeElement.matches('#case')"):
                break
        page.keyboard.type(code)
        page.keyboard.press("Enter")
        page.wait_for_url(f"**/reading?member=&case={code}*")
        expect(page.locator(".deeds li")).not_to_have_count(0)
        page.context.close()


def test_who_only_opened_the_search_is_not_said_to_have_searched(
    town: Town, chief: TestClient
) -> None:
    lodges(town)
    with town.site.store.writing() as session:
        mrc = town.people["mrc"]
        audit.add(
            session,
            town.clock(),
            audit.Act.SEARCHED,
            member_id=mrc.member_id,
            organisation_id=mrc.organisation_id,
            subject=f"{unusual.MADE_READY} 3",
        )
    first = acts_of(chief.get("/reading").text)[1]
    assert MADE_READY in first, first
    assert Words("km").gettext(MADE_READY) != MADE_READY
