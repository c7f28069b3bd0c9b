"""Passkeys in a real Chromium with its virtual authenticator, and the pages on real screens."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from playwright.sync_api import Browser, BrowserContext, Page, expect
from sqlmodel import select, update

from api.factors import Passkey
from api.staff_session import StaffSession
from referrals.permission import STEP_UP
from tests.api.pages.at_door import acts, app_of, code_now, new_phone
from tests.api.pages.conftest import serving
from tests.house import PASSWORD, Town, build_town

pytestmark = pytest.mark.browser

HER, OTHER = "mrc@example.org", "lawyer@example.org"
ASK = "/second-factor"

TAMPERED = """async ([path, only, verification]) => {
  const bytes = (t) => Uint8Array.from(
    atob(t.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
  const text = (b) => btoa(String.fromCharCode(...new Uint8Array(b)))
    .replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  const csrf = document.querySelector("[name=csrf]").value;
  const asked = await (await fetch(`${path}/challenge`,
    {method: "POST", body: new URLSearchParams({csrf})})).json();
  const key = await navigator.credentials.get({publicKey: {
    challenge: bytes(asked.challenge), rpId: asked.rpId, userVerification: verification,
    allowCredentials: [{type: "public-key", id: bytes(only)}]}});
  return JSON.stringify({id: key.id, rawId: text(key.rawId), type: key.type, response: {
    clientDataJSON: text(key.response.clientDataJSON),
    authenticatorData: text(key.response.authenticatorData),
    signature: text(key.response.signature)}});
}"""
"""What a thief's script would do: ask for a challenge, and answer it as she likes."""

POSTED = """async ([path, answer]) => {
  const csrf = document.querySelector("[name=csrf]").value;
  const sent = await fetch(`${path}/passkey`,
    {method: "POST", body: new URLSearchParams({csrf, answer, back: "/account"})});
  return [sent.status, new URL(sent.url).pathname];
}"""


@dataclass
class Key:
    """A phone with a passkey program, in front of somebody whom it knows."""

    context: BrowserContext
    page: Page
    session: Any
    id: str

    def credentials(self) -> list[dict[str, Any]]:
        found = self.session.send("WebAuthn.getCredentials", {"authenticatorId": self.id})
        held: list[dict[str, Any]] = found["credentials"]
        return held

    def verifies(self, *, her: bool) -> None:
        given = {"authenticatorId": self.id, "isUserVerified": her}
        self.session.send("WebAuthn.setUserVerified", given)


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    built = build_town(tmp_path)
    yield built
    built.site.store.engine.dispose()


@pytest.fixture
def app(town: Town, tmp_path: Path) -> FastAPI:
    return app_of(town.site, tmp_path)


@pytest.fixture
def address(app: FastAPI) -> Iterator[str]:
    with serving(app) as where:
        yield where.replace("127.0.0.1", "localhost")


@contextmanager
def a_key(browser: Browser) -> Iterator[Key]:
    context = browser.new_context(locale="km-KH", viewport={"width": 360, "height": 740})
    page = context.new_page()
    session = context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    made = session.send(
        "WebAuthn.addVirtualAuthenticator",
        {
            "options": {
                "protocol": "ctap2",
                "transport": "internal",
                "hasResidentKey": True,
                "hasUserVerification": True,
                "isUserVerified": True,
                "automaticPresenceSimulation": True,
            }
        },
    )
    yield Key(context, page, session, made["authenticatorId"])
    context.close()


@pytest.fixture
def key(browser: Browser) -> Iterator[Key]:
    with a_key(browser) as made:
        yield made


def password(page: Page, address: str, email: str = HER) -> None:
    page.goto(f"{address}/sign-in")
    page.fill("#email", email)
    page.fill("#password", PASSWORD)
    page.press("#password", "Enter")
    page.wait_for_url(re.compile(rf"{ASK}(/new)?$"))


def sets_up(key: Key, address: str, email: str = HER) -> None:
    """Set up a passkey as the first factor, and write the codes down."""
    password(key.page, address, email)
    key.page.locator("form[data-passkey] button").click()
    key.page.locator("#written").check()
    key.page.locator("main form button.strong").click()
    key.page.wait_for_url("**/cases")


def signs_out(page: Page) -> None:
    page.locator("form[action='/sign-out'] button").click()
    page.wait_for_url("**/sign-in")


def hers(town: Town) -> list[Passkey]:
    with town.site.store.reading() as session:
        return list(session.exec(select(Passkey).where(
            Passkey.member_id == town.people["mrc"].member_id)))  # fmt: skip


def test_a_passkey_is_set_up_and_signs_in_and_steps_up(key: Key, address: str, town: Town) -> None:
    sets_up(key, address)
    (held,) = hers(town)
    assert len(key.credentials()) == 1
    signs_out(key.page)
    password(key.page, address)
    key.page.locator("form[data-passkey] button").click()
    key.page.wait_for_url("**/cases")
    assert hers(town)[0].sign_count > held.sign_count
    town.clock.now += STEP_UP * 1.1
    key.page.goto(f"{address}/confirm?back=/account")
    key.page.locator("form[data-passkey] button").click()
    key.page.wait_for_url(f"{address}/account")
    assert acts(town.site).count("stepped_up") == 1


def test_another_passkey_is_added_with_a_name_and_removed(
    key: Key, browser: Browser, address: str, town: Town
) -> None:
    password(key.page, address)
    new_phone(town.site, HER)
    key.page.goto(f"{address}{ASK}")
    key.page.fill("#code", code_now(town.site))
    key.page.press("#code", "Enter")
    key.page.wait_for_url("**/cases")
    key.page.goto(f"{address}/account")
    key.page.locator("[data-passkeys] summary").click()
    key.page.fill("#passkey-name", "ទូរសព្ទខ្ញុំ")
    key.page.press("#passkey-name", "Enter")
    expect(key.page.locator(".held")).to_have_count(2)
    expect(key.page.locator(".held").first).to_contain_text("ទូរសព្ទខ្ញុំ")
    assert [each.name for each in hers(town)] == ["ទូរសព្ទខ្ញុំ"]
    # The same program is not asked to make a second one for the same account.
    key.page.locator("[data-passkeys] summary").click()
    key.page.press("#passkey-name", "Enter")
    expect(key.page.locator("[data-failed]")).to_be_visible()
    key.page.locator("form[action='/account/passkeys/remove'] button").click()
    expect(key.page.locator(".good")).to_be_visible()
    assert hers(town) == []


def test_the_passkey_of_another_member_is_refused(
    key: Key, address: str, town: Town, browser: Browser
) -> None:
    """Also in the same phone: both share a computer, and she has the other's password."""
    sets_up(key, address, OTHER)
    signs_out(key.page)
    sets_up(key, address, HER)
    signs_out(key.page)
    password(key.page, address, HER)
    with town.site.store.reading() as session:
        owner = town.people["lawyer"].member_id
        other = session.exec(select(Passkey).where(Passkey.member_id == owner)).one()
    for held, status in ((other, 401), (hers(town)[0], 200)):
        answer = key.page.evaluate(TAMPERED, [ASK, in_base64(held.credential), "required"])
        assert key.page.evaluate(POSTED, [ASK, answer])[0] == status


def in_base64(raw: bytes) -> str:
    from webauthn.helpers import bytes_to_base64url

    return bytes_to_base64url(raw)


def answers(key: Key, path: str, town: Town, verification: str = "required") -> str:
    (held,) = hers(town)
    given: str = key.page.evaluate(TAMPERED, [path, in_base64(held.credential), verification])
    return given


def test_an_answer_is_heard_once_and_only_to_the_last_challenge(
    key: Key, address: str, town: Town
) -> None:
    sets_up(key, address)
    signs_out(key.page)
    password(key.page, address)
    first = answers(key, ASK, town)
    second = answers(key, ASK, town)  # another tab asked meanwhile
    assert key.page.evaluate(POSTED, [ASK, first])[0] == 401
    assert key.page.evaluate(POSTED, [ASK, second])[0] == 401, "the challenge is used up by then"
    third = answers(key, ASK, town)
    assert key.page.evaluate(POSTED, [ASK, third]) == [200, "/cases"]
    key.page.goto(f"{address}/cases")
    signs_out(key.page)
    password(key.page, address)
    assert key.page.evaluate(POSTED, [ASK, third])[0] == 401
    answers(key, ASK, town)
    assert key.page.evaluate(POSTED, [ASK, third])[0] == 401


def test_a_challenge_serves_one_purpose_and_not_for_long(
    key: Key, address: str, town: Town
) -> None:
    sets_up(key, address)
    key.page.goto(f"{address}/confirm?back=/account")
    late = answers(key, "/confirm", town)
    town.clock.pass_(minutes=6)
    assert key.page.evaluate(POSTED, ["/confirm", late])[0] == 401
    with town.site.store.writing() as session:
        session.exec(update(StaffSession).values(challenge=None))
    assert key.page.evaluate(POSTED, ["/confirm", late])[0] == 401
    fresh = answers(key, "/confirm", town)
    with town.site.store.writing() as session:
        row = session.exec(select(StaffSession)).one()
        row.challenge = b"\x02" + (row.challenge or b"")[1:]  # as if made for signing in
        session.add(row)
    assert key.page.evaluate(POSTED, ["/confirm", fresh])[0] == 401


def test_a_key_that_did_not_know_its_owner_is_refused(key: Key, address: str, town: Town) -> None:
    sets_up(key, address)
    signs_out(key.page)
    password(key.page, address)
    key.verifies(her=False)
    answer = answers(key, ASK, town, "discouraged")
    assert key.page.evaluate(POSTED, [ASK, answer])[0] == 401
    key.page.locator("form[data-passkey] button").click()
    expect(key.page.locator("[data-failed]")).to_be_visible()


def test_a_copied_key_that_counts_from_before_is_refused(
    key: Key, address: str, town: Town
) -> None:
    sets_up(key, address)
    signs_out(key.page)
    with town.site.store.writing() as session:
        session.exec(update(Passkey).values(sign_count=1000))
    password(key.page, address)
    key.page.locator("form[data-passkey] button").click()
    expect(key.page.locator("p.problem[role=alert]").first).to_be_visible()
    assert "factor_failed" in acts(town.site)


@pytest.mark.parametrize(
    "answer", ["", "{}", "null", "[]", '"x"', '{"id":"a","rawId":"a","type":"public-key"}',
               '{"id":"YQ","rawId":"YQ","type":"public-key","response":{}}', "\x00", "{" * 5000],
)  # fmt: skip
def test_an_answer_that_is_none_is_only_wrong(
    key: Key, address: str, town: Town, answer: str
) -> None:
    password(key.page, address)
    new_phone(town.site, HER)
    key.page.goto(f"{address}{ASK}")
    key.page.evaluate(
        "p => fetch(p, {method: 'POST', body: new URLSearchParams("
        "{csrf: document.querySelector('[name=csrf]').value})})",
        f"{ASK}/challenge",
    )
    assert key.page.evaluate(POSTED, [ASK, answer])[0] == 401


def test_at_another_address_the_passkey_is_not_offered_and_it_is_said_why(
    key: Key, address: str, town: Town
) -> None:
    sets_up(key, address)
    signs_out(key.page)
    elsewhere = address.replace("localhost", "127.0.0.1")
    password(key.page, elsewhere)
    expect(key.page.locator("[data-passkeys]")).to_be_hidden()
    expect(key.page.locator("[data-no-passkeys]")).to_contain_text(address)


def test_both_factors_without_a_mouse(browser: Browser, address: str, town: Town) -> None:
    page = browser.new_context(locale="km-KH").new_page()
    new_phone(town.site, HER)
    page.goto(f"{address}/sign-in")
    expect(page.locator("#email")).to_be_focused()
    page.keyboard.type(HER)
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.locator("#code")).to_be_focused()
    page.keyboard.type(code_now(town.site))
    page.keyboard.press("Enter")
    page.wait_for_url("**/cases")
