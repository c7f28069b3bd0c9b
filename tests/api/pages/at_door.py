"""Signing in with both factors, for tests that begin behind the door."""

import re
from pathlib import Path
from typing import Any, Protocol, cast

import pyotp
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlmodel import col, select

from api.app import create_app
from api.factors import TOTP_SECRET, Totp
from api.parts import Parts
from api.settings import Settings
from bot.content import content
from bot.turn import Turns
from referrals.audit import AuditRow
from referrals.directory import Member
from referrals.installation import Mode
from referrals.site import Site
from tests.house import PASSWORD

SECRET = pyotp.random_base32()
GUARD = re.compile(r'name="csrf" value="([^"]+)"')


class Client(Protocol):
    """A browser without a browser: TestClient, httpx.Client."""

    def get(self, url: str) -> Any: ...

    def post(self, url: str, *, data: dict[str, str]) -> Any: ...


def app_of(site: Site, folder: Path, mode: Mode = Mode.REAL, **settings: Any) -> FastAPI:
    """The program as it is served, without a dialogue."""
    given = Settings(data_dir=folder, **settings)
    app = create_app(given, mode, site)
    nobody = cast(Turns, None)
    app.state.parts = Parts(given, site, content(), mode, nobody, "unused", lambda _: None)
    return app


def browser_of(app: FastAPI, address: str = "192.0.2.1") -> TestClient:
    """A browser at an address, with no cookie yet."""
    return TestClient(app, base_url="http://localhost", client=(address, 1), follow_redirects=False)


def acts(site: Site) -> list[str]:
    """What stands in the audit, the oldest first."""
    with site.store.reading() as session:
        return list(session.exec(select(AuditRow.act).order_by(col(AuditRow.id))))


def guard(client: Client, path: str) -> str:
    found = GUARD.search(client.get(path).text)
    assert found, path
    return found[1]


def member_id(site: Site, email: str) -> str:
    with site.store.reading() as session:
        return session.exec(select(Member.id).where(Member.email == email)).one()


def new_phone(site: Site, email: str) -> None:
    """Give a member an authenticator of which no code was used yet."""
    hers = member_id(site, email)
    sealed = site.server_key.seal(TOTP_SECRET, hers, SECRET.encode())
    with site.store.writing() as session:
        session.merge(Totp(member_id=hers, sealed_secret=sealed, confirmed_at=site.clock()))


def code_now(site: Site, *, steps: int = 0) -> str:
    """What her authenticator shows, or showed so many steps of 30 seconds from now."""
    return pyotp.TOTP(SECRET).at(site.clock(), counter_offset=steps)


def enters(client: Client, site: Site, email: str, password: str = PASSWORD) -> Any:
    """Sign in with the password and a code; gives the last answer, which leads to her home."""
    new_phone(site, email)
    first = client.post("/sign-in", data={"email": email, "password": password})
    assert first.headers["location"] == "/second-factor", first.text
    given = {"csrf": guard(client, "/second-factor"), "code": code_now(site)}
    answer = client.post("/second-factor", data=given)
    assert answer.status_code == 303, answer.text
    return answer


def shows_code(page: Any, site: Site, email: str) -> None:
    """Type the code on the page that asks for it, in a real browser."""
    new_phone(site, email)
    page.wait_for_url(re.compile(r"/second-factor(/new)?$"))
    if page.url.endswith("/new"):  # she had no phone when the password was shown
        page.goto(page.url.removesuffix("/new"))
    page.locator("#code").fill(code_now(site))
    page.locator("#code").press("Enter")


def sets_up_phone(page: Any) -> pyotp.TOTP:
    """Set up her first authenticator in a real browser, as a person does; gives it."""
    page.wait_for_url("**/second-factor/new")
    phone = pyotp.TOTP("".join(page.locator(".secret code").all_text_contents()))
    page.locator("#code").fill(phone.now())
    page.locator("#code").press("Enter")
    page.locator("#written").check()
    page.locator("main form button.strong").click()
    return phone
