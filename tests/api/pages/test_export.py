"""The page that hands a case to a lawyer or a court, with real keys, as the program serves it."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from playwright.sync_api import Browser, sync_playwright
from sqlmodel import select

from api import limits
from api.words import Words
from referrals import package_key, signed
from referrals.audit import Act, AuditRow
from referrals.keys import PrivateKey
from referrals.package_open import open_package
from referrals.taxonomy import ConsentCode, Role
from tests.api.pages import at_door
from tests.api.pages.conftest import serving
from tests.conftest import CHROMIUM_ARGUMENTS
from tests.house import Town, build_town
from tests.referrals.packed import RECEIVER, STORY, VOICE, acts, full_case

KM = Words("km").gettext


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Town:
    built = build_town(tmp_path_factory.mktemp("town"))
    mrc = built.people["mrc"].organisation_id
    built.comes("triage@example.org", mrc, "triage", Role.TRIAGE)
    return built


@pytest.fixture(scope="module")
def code(town: Town) -> str:
    return full_case(town)


@pytest.fixture(scope="module")
def code_without_legal_aid(town: Town) -> str:
    return town.lodges(STORY, conversation="e" * 64, update="u-3", shares={ConsentCode.SHARE_MRC})


@pytest.fixture(scope="module")
def app(town: Town, tmp_path_factory: pytest.TempPathFactory) -> FastAPI:
    return at_door.app_of(town.site, tmp_path_factory.mktemp("settings"))


@pytest.fixture(scope="module")
def receiver() -> PrivateKey:
    return PrivateKey.new()


@pytest.fixture(scope="module")
def public(receiver: PrivateKey) -> str:
    return package_key.public_text(receiver.public)


def enters(app: FastAPI, town: Town, name: str = "mrc") -> TestClient:
    client = at_door.browser_of(app)
    at_door.enters(client, town.site, f"{name}@example.org")
    town.clock.pass_(minutes=1)  # a code counts once
    return client


def confirms(client: TestClient, town: Town, back: str, name: str = "mrc") -> Any:
    at_door.new_phone(town.site, f"{name}@example.org")
    given = {"csrf": at_door.guard(client, f"/confirm?back={back}"), "back": back}
    answer = client.post("/confirm", data={**given, "code": at_door.code_now(town.site)})
    town.clock.pass_(minutes=1)
    return answer


@pytest.fixture
def client(app: FastAPI, town: Town, code: str) -> TestClient:
    """A counsellor who showed her second factor just now."""
    limits._storage.reset()
    made = enters(app, town)
    assert confirms(made, town, f"/cases/{code}/export").status_code == 303
    return made


def form(client: TestClient, code: str, public: str, **changes: str) -> dict[str, str]:
    given = {
        "csrf": at_door.guard(client, f"/cases/{code}/export"),
        "key": public,
        "receiver": RECEIVER,
        "reason": "lawyer",
        "compared": "yes",
        "agreed": "yes",
    }
    return {**given, **changes}


def exported(town: Town) -> list[str | None]:
    return [subject for _, subject in acts(town, Act.EXPORTED)]


# ---- the way there


def test_the_second_factor_is_asked_for_again(app: FastAPI, town: Town, code: str) -> None:
    client = enters(app, town)
    page, giving = f"/cases/{code}/export", f"/cases/{code}/export/package"
    town.clock.pass_(minutes=11)
    asked = client.get(page)
    assert (asked.status_code, asked.headers["location"]) == (303, f"/confirm?back={page}")
    csrf = at_door.guard(client, "/confirm")
    before = exported(town)
    for path in (page, giving):
        refused = client.post(path, data={"csrf": csrf})
        assert refused.status_code == 303
        assert refused.headers["location"].startswith("/confirm")
    assert exported(town) == before
    assert confirms(client, town, page).headers["location"] == page
    assert client.get(page).status_code == 200
    town.clock.pass_(minutes=10)
    assert client.get(page).status_code == 303


def test_a_role_without_the_permission_does_not_come_in(
    app: FastAPI, town: Town, code: str
) -> None:
    client = enters(app, town, "triage")
    for answer in (
        client.get(f"/cases/{code}/export"),
        client.post(f"/cases/{code}/export/package"),
    ):
        assert answer.status_code == 403


def test_a_case_of_others_looks_like_no_case(app: FastAPI, town: Town, code: str) -> None:
    client = enters(app, town, "mrc-kampot")
    confirms(client, town, "/cases", "mrc-kampot")
    none = "000000000"
    pages = [client.get(f"/cases/{each}/export") for each in (code, none)]
    assert [page.status_code for page in pages] == [404, 404]
    assert pages[0].text.replace(code, "") == pages[1].text.replace(none, "")


# ---- the key


def test_it_says_what_goes_in_and_asks_for_the_key(client: TestClient, code: str) -> None:
    text = client.get(f"/cases/{code}/export").text
    for said in ("What goes in", "What does not", "The receiver's public key"):
        assert KM(said) in text.replace("&#39;", "'")
    assert STORY[:10] not in text


@pytest.mark.parametrize("as_file", [True, False])
def test_the_keys_fingerprint_is_shown_to_be_compared(
    client: TestClient, code: str, receiver: PrivateKey, public: str, as_file: bool
) -> None:
    csrf = at_door.guard(client, f"/cases/{code}/export")
    sent = {"csrf": csrf} if as_file else {"csrf": csrf, "key": f"Hello\r\n{public}"}
    page = client.post(
        f"/cases/{code}/export",
        data=sent,
        files={"file": ("my.key.pub", public.encode() if as_file else b"")},
    )
    assert page.status_code == 200
    shown = package_key.read_aloud(package_key.fingerprint(receiver.public))
    assert shown in page.text
    assert KM("I compared the fingerprint by phone, and it is the same.") in page.text


@pytest.mark.parametrize("text", ["", "not a key", "-----BEGIN SAMLENG PUBLIC KEY-----"])
def test_what_is_no_key_is_asked_for_again(client: TestClient, code: str, text: str) -> None:
    csrf = at_door.guard(client, f"/cases/{code}/export")
    page = client.post(
        f"/cases/{code}/export", data={"csrf": csrf, "key": text}, files={"file": ("", b"")}
    )
    assert page.status_code == 422
    assert 'type="file"' in page.text
    given = client.post(f"/cases/{code}/export/package", data=form(client, code, text))
    assert given.status_code == 422


# ---- the package


def test_the_package_comes_and_opens_with_the_receivers_key(
    client: TestClient,
    town: Town,
    code: str,
    receiver: PrivateKey,
    public: str,
    tmp_path: Path,
) -> None:
    before = exported(town)
    answer = client.post(f"/cases/{code}/export/package", data=form(client, code, public))
    assert answer.status_code == 200
    assert answer.headers["content-disposition"] == f"attachment; filename={code}.samleng"
    assert answer.headers["content-length"] == str(len(answer.content))
    assert answer.headers["cache-control"] == "no-store"
    sealed = tmp_path / "x"
    sealed.write_bytes(answer.content)
    published = client.get("/verify/key").text
    checked = open_package(sealed, receiver, tmp_path / "out", published)
    assert checked.key == signed.public_key(town.site.server_key)
    assert checked.manifest["receiver"]["name"] == RECEIVER
    assert checked.manifest["program"] == "0.1.0"
    told = json.loads((checked.folder / "case.json").read_text())
    assert STORY in [said["text"] for said in told["told"]]
    assert VOICE in [path.read_bytes() for path in (checked.folder / "files").iterdir()]
    print_ = package_key.fingerprint(receiver.public)
    assert exported(town)[len(before) :] == [f"{print_}:lawyer"]


def test_the_receivers_name_is_kept_in_no_table(
    client: TestClient, town: Town, code: str, public: str
) -> None:
    name = "ឈ្មោះមិនឱ្យកត់\u200bត្រា"
    given = form(client, code, public, receiver=name)
    assert client.post(f"/cases/{code}/export/package", data=given).status_code == 200
    with town.site.store.reading() as session:
        rows = session.exec(select(AuditRow)).all()
        assert not [row for row in rows if "ឈ្មោះ" in (row.subject or "")]


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"agreed": ""}, 403),
        ({"compared": ""}, 422),
        ({"receiver": "  "}, 422),
        ({"receiver": "ក" * 121}, 422),
        ({"reason": ""}, 422),
        ({"reason": "because"}, 422),
    ],
)
def test_what_is_missing_is_asked_for_and_nothing_leaves(
    client: TestClient,
    town: Town,
    code: str,
    public: str,
    changes: dict[str, str],
    status: int,
) -> None:
    before = exported(town)
    given = form(client, code, public, **changes)
    page = client.post(f"/cases/{code}/export/package", data=given)
    assert page.status_code == status
    assert 'role="alert"' in page.text
    assert "BEGIN SAMLENG PUBLIC KEY" in page.text  # nothing must be sought again
    assert exported(town) == before


def test_without_consent_to_legal_aid_no_lawyer_is_offered_or_served(
    client: TestClient, town: Town, code_without_legal_aid: str, public: str
) -> None:
    code, before = code_without_legal_aid, exported(town)
    given = form(client, code, public)
    page = client.post(f"/cases/{code}/export/package", data=given)
    assert page.status_code == 403
    assert 'value="lawyer"' not in page.text
    assert 'value="her_wish"' in page.text
    assert exported(town) == before
    wished = client.post(f"/cases/{code}/export/package", data={**given, "reason": "her_wish"})
    assert wished.status_code == 200


def test_no_other_site_can_send_the_form(client: TestClient, code: str, public: str) -> None:
    given = form(client, code, public)
    path = f"/cases/{code}/export/package"
    assert client.post(path, data={**given, "csrf": "x"}).status_code == 419
    foreign = {"sec-fetch-site": "cross-site"}
    assert client.post(path, data=given, headers=foreign).status_code == 403


# ---- in a browser


@pytest.fixture(scope="module")
def browser(chromium: Path) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_ARGUMENTS)
        yield running
        running.close()


@pytest.mark.browser
@pytest.mark.parametrize("width", [360, 1280])
def test_a_counsellor_saves_a_sealed_copy(
    browser: Browser,
    client: TestClient,
    app: FastAPI,
    code: str,
    public: str,
    receiver: PrivateKey,
    width: int,
    tmp_path: Path,
) -> None:
    with serving(app) as address:
        context = browser.new_context(viewport={"width": width, "height": 800})
        context.add_cookies(
            [
                {"name": each.name, "value": each.value or "", "url": address}
                for each in client.cookies.jar
            ]
        )
        page = context.new_page()
        page.goto(f"{address}/cases/{code}/export")
        _fits(page)
        key_file = tmp_path / "my.key.pub"
        key_file.write_text(public)
        page.locator("#key-file").set_input_files(key_file)
        page.locator("main form button.strong").click()
        _fits(page)
        page.locator("#receiver").fill(RECEIVER)
        page.locator("#reason").select_option("lawyer")
        page.locator("#compared").check()
        page.locator("#agreed").check()
        with page.expect_download() as download:
            page.locator("main form button.strong").click()
        sealed = tmp_path / "case.samleng"
        download.value.save_as(sealed)
        checked = open_package(sealed, receiver, tmp_path / "opened")
        for name in ("case.html", "case.en.html"):
            page.goto((checked.folder / name).as_uri())
            _fits(page)
        context.close()


def _fits(page: Any) -> None:
    assert page.locator("h1").count() == 1
    wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert wide <= 0, (page.url, wide)
    assert not re.search(r"\{\{|%\(", page.content())
