"""The duty page: one's own phone, the office's order, alarms; and who sees and changes what."""

import re
from collections.abc import Iterator

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from playwright.sync_api import Browser, expect
from sqlmodel import delete, select

from referrals import alarm, audit, case, desk, duty
from referrals.duty import Alarm, DutyLink, DutyPhone
from referrals.taxonomy import Confidentiality, ConsentCode, Role
from tests.api.pages.at_desk import acts, signed_in
from tests.api.pages.at_door import shows_code
from tests.api.pages.conftest import serving
from tests.house import PASSWORD, Town, build_town
from tests.on_call import DANGER, alarms_of, calls, links, raises, works_at


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Town:
    built = build_town(tmp_path_factory.mktemp("town"))
    for name, role in (("editor", Role.EDITOR), ("administrator", Role.ADMINISTRATOR)):
        built.people[name] = built.comes(f"{name}@example.org", None, name, role)
    works_at(built, "mrc", "worker")
    office = built.people["mrc"].organisation_id
    built.people["waiting"] = built.comes(
        "waiting@example.org", office, "waiting", Role.CASE_WORKER
    )
    return built


@pytest.fixture(autouse=True)
def nobody_is_on_duty(town: Town) -> None:
    town.clock.pass_(seconds=1)
    with town.site.store.writing() as session:
        for table in (Alarm, DutyPhone, DutyLink, case.Case):
            session.exec(delete(table))


@pytest.fixture(scope="module")
def browsers(app: FastAPI) -> Iterator[dict[str, TestClient]]:
    """A signed-in browser for each, made when it is asked for."""

    class Made(dict[str, TestClient]):
        def __missing__(self, name: str) -> TestClient:
            self[name] = signed_in(app, name)
            return self[name]

    made = Made()
    yield made
    for client in made.values():
        client.close()


def guard(client: TestClient) -> str:
    found = re.search(r'name="csrf" value="([^"]+)"', client.get("/duty").text)
    assert found
    return found[1]


def posts(client: TestClient, path: str, **fields: str) -> int:
    return client.post(path, data={"csrf": guard(client), **fields}).status_code


def order(town: Town) -> list[tuple[str, bool]]:
    with town.site.store.reading() as session:
        office = town.people["mrc"].organisation_id
        assert office
        return [(each.name, each.on_duty) for each in duty.roster(session, office)]


def in_danger(town: Town, **more: object) -> tuple[str, str]:
    """Lodge a case of danger; gives its code and its alarm."""
    code = town.lodges("រឿង", category=DANGER, **more)  # type: ignore[arg-type]
    raised = raises(town, code)
    assert raised
    return code, raised


@pytest.mark.parametrize(
    ("name", "status"),
    [("mrc", 200), ("worker", 200), ("waiting", 200), ("editor", 403), ("administrator", 403)],
)
def test_the_page_is_for_those_who_can_be_on_duty(
    browsers: dict[str, TestClient], name: str, status: int
) -> None:
    assert browsers[name].get("/duty").status_code == status


def test_nobody_sees_it_without_signing_in(app: FastAPI) -> None:
    with TestClient(app, base_url="http://127.0.0.1", follow_redirects=False) as client:
        answer = client.get("/duty")
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")


def test_a_code_is_shown_once_and_links_the_phone(
    browsers: dict[str, TestClient], town: Town
) -> None:
    worker = browsers["worker"]
    page = worker.post("/duty/link", data={"csrf": guard(worker)}).text
    shown = re.search(r"/duty (\d{8})<", page)
    assert shown
    assert shown[1] not in worker.get("/duty").text
    with town.site.store.writing() as session:
        linked = duty.link(session, town.site, shown[1], "telegram", "t" * 64, "700", town.clock())
    assert linked == town.people["worker"].member_id
    assert order(town) == [("worker", True)]


def test_who_waits_to_be_admitted_gets_no_code(browsers: dict[str, TestClient]) -> None:
    assert posts(browsers["waiting"], "/duty/link") == 403


def test_a_worker_switches_herself_and_nobody_else(
    browsers: dict[str, TestClient], town: Town
) -> None:
    for user, name in enumerate(("mrc", "worker")):
        links(town, name, str(user))
    mine, chief = (town.people[name].member_id for name in ("worker", "mrc"))
    worker = browsers["worker"]
    assert posts(worker, f"/duty/{mine}/switch", on="no") == 303
    assert order(town) == [("mrc", True), ("worker", False)]
    for path in (f"/duty/{chief}/switch", f"/duty/{chief}/unlink", f"/duty/{mine}/move"):
        assert posts(worker, path, on="no", to="earlier") == 403
    assert f"/duty/{chief}/" not in worker.get("/duty").text
    assert posts(worker, f"/duty/{mine}/unlink") == 303
    assert order(town) == [("mrc", True)]


def test_a_supervisor_orders_her_office_and_no_other(
    browsers: dict[str, TestClient], town: Town
) -> None:
    for user, name in enumerate(("mrc", "worker", "pdolvt")):
        links(town, name, str(user))
    chief, worker = browsers["mrc"], town.people["worker"].member_id
    assert posts(chief, f"/duty/{worker}/move", to="earlier") == 303
    assert posts(chief, f"/duty/{worker}/switch", on="no") == 303
    assert order(town) == [("worker", False), ("mrc", True)]
    assert posts(chief, f"/duty/{worker}/move", to="later") == 303
    other = town.people["pdolvt"].member_id
    assert posts(chief, f"/duty/{other}/switch", on="no") == 403
    assert posts(chief, f"/duty/{worker}/unlink") == 303
    assert order(town) == [("mrc", True)]


def test_an_alarm_says_who_was_called_and_whoever_takes_it_has_the_case(
    browsers: dict[str, TestClient], town: Town
) -> None:
    links(town, "mrc", "1")
    code, raised = in_danger(town, shares=[ConsentCode.SHARE_MRC])
    assert calls(town, raised) == "mrc"
    worker = browsers["worker"]
    page = worker.get("/duty").text
    assert f'id="alarm-{raised}"' in page
    assert f"{code[:3]}-{code[3:6]}-{code[6:]}" in page
    answer = worker.post(f"/duty/alarms/{raised}/take", data={"csrf": guard(worker)})
    assert (answer.status_code, answer.headers["location"]) == (303, f"/cases/{code}")
    assert f'id="alarm-{raised}"' not in worker.get("/duty").text
    (kept,) = alarms_of(town)
    assert kept.answered_by == town.people["worker"].member_id
    with town.site.store.reading() as session:
        assert case.by_code(session, code).handler_id == town.people["worker"].member_id


def test_who_is_too_late_is_told_and_takes_nothing(
    browsers: dict[str, TestClient], town: Town
) -> None:
    code, raised = in_danger(town)
    assert posts(browsers["mrc"], f"/duty/alarms/{raised}/take") == 303
    worker = browsers["worker"]
    answer = worker.post(f"/duty/alarms/{raised}/take", data={"csrf": guard(worker)})
    assert answer.headers["location"] == "/duty?done=late"
    assert 'role="status"' in worker.get("/duty?done=late").text
    with town.site.store.reading() as session:
        assert case.by_code(session, code).handler_id == town.people["mrc"].member_id


def test_the_handler_of_a_case_keeps_it_when_another_answers(
    browsers: dict[str, TestClient], town: Town
) -> None:
    code = town.lodges("រឿង", category=DANGER)
    desk.take(town.site, town.people["mrc"], code)
    raised = raises(town, code)
    assert raised
    assert posts(browsers["worker"], f"/duty/alarms/{raised}/take") == 303
    with town.site.store.reading() as session:
        assert case.by_code(session, code).handler_id == town.people["mrc"].member_id


def test_for_a_restricted_case_those_are_called_first_who_may_open_it(
    browsers: dict[str, TestClient], town: Town
) -> None:
    """The worker stands first in the order; she can answer, and is told to fetch her supervisor."""
    for user, name in enumerate(("worker", "mrc")):
        links(town, name, str(user))
    code = town.lodges("រឿង", category=DANGER, shares=[ConsentCode.SHARE_MRC])
    with town.site.store.writing() as session:
        case.by_code(session, code).confidentiality = Confidentiality.RESTRICTED
    raised = raises(town, code)
    assert raised
    assert [calls(town, raised), calls(town, raised)] == ["mrc", "worker"]
    worker = browsers["worker"]
    answer = worker.post(f"/duty/alarms/{raised}/take", data={"csrf": guard(worker)})
    assert answer.headers["location"] == "/duty?done=restricted"
    assert 'role="status"' in worker.get("/duty?done=restricted").text
    with town.site.store.reading() as session:
        assert case.by_code(session, code).handler_id is None


def test_who_changes_who_is_on_duty_is_written_down(
    browsers: dict[str, TestClient], town: Town
) -> None:
    links(town, "worker", "1")
    worker, chief = town.people["worker"].member_id, town.people["mrc"].member_id
    for act, form in (("switch", {"on": "no"}), ("move", {"to": "later"}), ("unlink", {})):
        before = len(acts(town, audit.Act.DUTY_CHANGED))
        assert posts(browsers["mrc"], f"/duty/{worker}/{act}", **form) == 303
        assert acts(town, audit.Act.DUTY_CHANGED)[before:] == [(chief, worker)]
    assert posts(browsers["worker"], f"/duty/{chief}/unlink") == 403
    assert acts(town, audit.Act.DUTY_CHANGED)[-1] == (chief, worker)


def test_an_office_without_the_key_neither_sees_nor_answers(
    browsers: dict[str, TestClient], town: Town
) -> None:
    code, raised = in_danger(town, shares=[ConsentCode.SHARE_MRC])
    lawyer = browsers["lawyer"]
    assert raised not in lawyer.get("/duty").text
    assert posts(lawyer, f"/duty/alarms/{raised}/take") == 404
    assert posts(lawyer, f"/duty/alarms/{'0' * 32}/take") == 404
    assert alarms_of(town)[0].answered_at is None
    with town.site.store.reading() as session:
        assert case.by_code(session, code).handler_id is None


def test_a_form_from_elsewhere_or_without_its_token_is_refused(
    browsers: dict[str, TestClient], town: Town
) -> None:
    _, raised = in_danger(town)
    chief = browsers["mrc"]
    for path in (f"/duty/alarms/{raised}/take", "/duty/link"):
        assert chief.post(path, data={"csrf": "wrong"}).status_code == 419
        elsewhere = {"sec-fetch-site": "cross-site"}
        given = {"csrf": guard(chief)}
        assert chief.post(path, data=given, headers=elsewhere).status_code == 403
    assert alarms_of(town)[0].answered_at is None


def test_what_was_given_up_stays_until_somebody_takes_it(
    browsers: dict[str, TestClient], town: Town
) -> None:
    _, raised = in_danger(town)
    with town.site.store.writing() as session:
        alarm.give_up(session, town.site, session.get_one(Alarm, raised))
    assert f'id="alarm-{raised}"' in browsers["mrc"].get("/duty").text
    assert posts(browsers["mrc"], f"/duty/alarms/{raised}/take") == 303
    assert f'id="alarm-{raised}"' not in browsers["mrc"].get("/duty").text


@pytest.mark.browser
@pytest.mark.parametrize("width", [360, 1280])
def test_in_a_browser_an_alarm_is_taken_without_a_mouse(
    app: FastAPI, browser: Browser, town: Town, width: int
) -> None:
    links(town, "mrc", "1")
    links(town, "worker", "2")
    code, raised = in_danger(town)
    calls(town, raised)
    size = {"width": width, "height": 800}
    context = browser.new_context(viewport=size, locale="km-KH")  # type: ignore[arg-type]
    with serving(app) as address:
        page = context.new_page()
        page.goto(f"{address}/sign-in")
        page.fill("#email", "mrc@example.org")
        page.fill("#password", PASSWORD)
        page.keyboard.press("Enter")
        shows_code(page, town.site, "mrc@example.org")
        page.wait_for_url("**/cases")
        page.goto(f"{address}/duty")
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
        button = page.locator(f"#alarm-{raised} button")
        box = button.bounding_box()
        assert box
        assert box["height"] >= 44
        expect(page.locator("h1")).to_have_text("ប្រចាំការ")
        button.focus()
        page.keyboard.press("Enter")
        page.wait_for_url(f"**/cases/{code}")
    context.close()
    with town.site.store.reading() as session:
        assert session.exec(select(Alarm.answered_by)).one() == town.people["mrc"].member_id
