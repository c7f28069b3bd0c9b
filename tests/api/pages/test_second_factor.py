"""Signing in over HTTP: the password, then the second factor, and nothing before both."""

import re
from collections.abc import Iterator
from pathlib import Path

import pyotp
import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient

from api import sessions, tries
from api.policy import Allowed, each_route, policies_of
from api.tries import CODES, PER_PAIR, STRANGERS
from referrals.directory import Member
from referrals.installation import Mode
from tests.api.pages.at_door import (
    GUARD,
    acts,
    app_of,
    browser_of,
    code_now,
    enters,
    guard,
    new_phone,
)
from tests.house import PASSWORD, Town, build_town

HER = "mrc@example.org"
ASK, NEW = "/second-factor", "/second-factor/new"


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    built = build_town(tmp_path)
    yield built
    built.site.store.engine.dispose()


@pytest.fixture
def app(town: Town, tmp_path: Path) -> FastAPI:
    return app_of(town.site, tmp_path)


@pytest.fixture
def visitor(app: FastAPI) -> TestClient:
    return browser_of(app)


@pytest.fixture
def half(visitor: TestClient, town: Town) -> TestClient:
    """She showed the password, and her phone is asked for."""
    new_phone(town.site, HER)
    assert password(visitor).headers["location"] == ASK
    return visitor


def password(client: TestClient, given: str = PASSWORD, email: str = HER):
    return client.post("/sign-in", data={"email": email, "password": given})


def shows(client: TestClient, code: str, csrf: str = ""):
    return client.post(ASK, data={"csrf": csrf or guard(client, ASK), "code": code})


def secret_on(client: TestClient) -> str:
    shown = re.search(r'class="secret".*?</p>', client.get(NEW).text, re.DOTALL)
    assert shown
    return "".join(re.findall(r"<code>(\w+)</code>", shown[0]))


def codes_in(text: str) -> list[str]:
    return re.findall(r"<li><code>([0-9A-Z]{5}-[0-9A-Z]{5})</code>", text)


def set_up(client: TestClient, town: Town) -> list[str]:
    """Set up a first authenticator; gives the recovery codes, still to be written down."""
    phone = pyotp.TOTP(secret_on(client))
    given = {"csrf": guard(client, NEW), "code": phone.at(town.clock())}
    answer = client.post(NEW, data=given)
    assert answer.status_code == 200, answer.text
    return codes_in(answer.text)


# ---- both, and nothing before


def test_password_and_code_open_the_desk(visitor: TestClient, town: Town) -> None:
    assert enters(visitor, town.site, HER).headers["location"] == "/cases"
    assert visitor.get("/cases").status_code == 200
    assert "signed_in" in acts(town.site)


def test_half_a_session_opens_no_page(half: TestClient, app: FastAPI) -> None:
    """Every route of every role, not a list that somebody forgets to lengthen."""
    csrf = guard(half, ASK)
    tried = 0
    for route in each_route(app.routes):
        if not isinstance(route, APIRoute):
            continue
        if not any(isinstance(policy, Allowed) for policy in policies_of(route)):
            continue
        for method in sorted(route.methods or ()):
            path = re.sub(r"{(\w+)(:\w+)?}", "1", route.path)
            cookie = half.cookies.get(sessions.COOKIE)
            answer = half.request(method, path, data={"csrf": csrf} if method == "POST" else None)
            assert answer.headers.get("location") == "/sign-in", (method, path, answer.status_code)
            half.cookies.set(sessions.COOKIE, cookie or "", domain="localhost.local", path="/")
            tried += 1
    assert tried > 60
    assert half.get(ASK).status_code == 200, "and it was still half a session"


def test_a_wrong_code_is_refused_and_the_fifth_ends_it(half: TestClient, town: Town) -> None:
    for n in range(CODES - 1):
        assert shows(half, f"00000{n}").status_code == 401
    csrf = guard(half, ASK)
    assert shows(half, "000009", csrf).headers["location"] == "/sign-in"
    assert not half.cookies.get(sessions.COOKIE)
    assert acts(town.site).count("factor_failed") == CODES
    assert half.get(ASK).headers["location"] == "/sign-in"


def test_a_right_code_after_wrong_ones_is_still_right(half: TestClient, town: Town) -> None:
    for n in range(CODES - 1):
        shows(half, f"00000{n}")
    assert shows(half, code_now(town.site)).headers["location"] == "/cases"


def test_who_has_the_password_cannot_guess_codes_for_long(app: FastAPI, town: Town) -> None:
    new_phone(town.site, HER)
    thief, guessed = browser_of(app), 0
    while password(thief).status_code == 303:
        csrf = guard(thief, ASK)
        while "csrf" in shows(thief, "000000", csrf).text:
            guessed += 1
        assert guessed < 20
    assert guessed < PER_PAIR + CODES


def test_a_code_cannot_be_shown_twice(app: FastAPI, half: TestClient, town: Town) -> None:
    code = code_now(town.site)
    assert shows(half, code).status_code == 303
    other = browser_of(app)
    password(other)
    assert shows(other, code).status_code == 401


def test_the_guard_of_before_is_worth_nothing_after(half: TestClient, town: Town) -> None:
    """Fixation: cookie and token are others once the factor was shown."""
    cookie, csrf = half.cookies[sessions.COOKIE], guard(half, ASK)
    shows(half, code_now(town.site), csrf)
    assert half.cookies[sessions.COOKIE] != cookie
    assert half.post("/sign-out", data={"csrf": csrf}).status_code == 419
    before = TestClient(half.app, base_url="http://localhost", follow_redirects=False)
    before.cookies.set(sessions.COOKIE, cookie)
    assert before.get("/cases").headers["location"] == "/sign-in"


def test_a_cookie_brought_along_is_not_the_one_of_the_sign_in(
    visitor: TestClient, app: FastAPI
) -> None:
    attacker = browser_of(app)
    password(attacker, email="lawyer@example.org")
    planted = attacker.cookies[sessions.COOKIE]
    visitor.cookies.set(sessions.COOKIE, planted, domain="localhost.local", path="/")
    password(visitor)
    assert attacker.get(NEW).headers["location"] == "/sign-in", "the planted session has ended"


@pytest.mark.parametrize("path", ["", "/challenge", "/passkey", "/leave"])
def test_nothing_is_done_without_the_guard(half: TestClient, path: str) -> None:
    assert half.post(f"{ASK}{path}", data={"csrf": "x", "code": "1"}).status_code == 419


@pytest.mark.parametrize("path", ["", "/challenge", "/passkey", "/leave"])
def test_another_site_cannot_show_a_factor_for_her(half: TestClient, path: str) -> None:
    data = {"csrf": guard(half, ASK), "code": "1"}
    answer = half.post(f"{ASK}{path}", data=data, headers={"sec-fetch-site": "cross-site"})
    assert answer.status_code == 403


def test_a_second_tab_that_waited_is_brought_to_the_desk(half: TestClient, town: Town) -> None:
    csrf = guard(half, ASK)
    shows(half, code_now(town.site))
    for answer in (shows(half, "000000", csrf), half.get(ASK), half.get(NEW)):
        assert answer.headers["location"] == "/home"
    assert half.get("/cases").status_code == 200


def test_she_can_leave_at_any_moment(half: TestClient) -> None:
    assert half.post(f"{ASK}/leave", data={"csrf": guard(half, ASK)}).headers["location"]
    assert half.get(ASK).headers["location"] == "/sign-in"


# ---- the first factor


def test_who_has_none_sets_one_up_and_writes_the_codes_down(
    visitor: TestClient, town: Town
) -> None:
    assert password(visitor).headers["location"] == ASK
    assert visitor.get(ASK).headers["location"] == NEW
    before = visitor.cookies[sessions.COOKIE]
    codes = set_up(visitor, town)
    assert len(codes) == 10
    assert visitor.cookies[sessions.COOKIE] != before
    assert visitor.get("/cases").headers["location"] == "/sign-in"


def test_the_codes_must_be_called_written_before_the_desk_opens(
    visitor: TestClient, town: Town
) -> None:
    password(visitor)
    old = set_up(visitor, town)
    csrf = guard(visitor, ASK)
    assert visitor.post(f"{ASK}/written", data={"csrf": csrf}).status_code == 422
    shown = visitor.post(f"{ASK}/codes", data={"csrf": csrf})
    assert len(codes_in(shown.text)) == 10
    assert not set(codes_in(shown.text)) & set(old)
    answer = visitor.post(f"{ASK}/written", data={"csrf": csrf, "written": "yes"})
    assert answer.headers["location"] == "/cases"
    assert visitor.get("/cases").status_code == 200
    assert "signed_in" in acts(town.site)


def test_the_secret_stays_the_same_while_she_installs_the_program(
    visitor: TestClient, app: FastAPI
) -> None:
    password(visitor)
    first = secret_on(visitor)
    assert secret_on(visitor) == first
    assert len(first) == 32
    other = browser_of(app)
    password(other)
    assert secret_on(other) != first


def test_who_has_a_factor_cannot_set_up_another_with_the_password_alone(
    half: TestClient, town: Town
) -> None:
    csrf = guard(half, ASK)
    assert half.get(NEW).headers["location"] == ASK
    for path in ("", "/challenge", "/passkey"):
        answer = half.post(f"{NEW}{path}", data={"csrf": csrf, "code": code_now(town.site)})
        assert answer.headers["location"] == ASK
    for path in ("/codes", "/written"):
        answer = half.post(f"{ASK}{path}", data={"csrf": csrf, "written": "yes"})
        assert answer.headers["location"] == ASK


def test_of_two_who_set_one_up_at_once_the_other_begins_anew(app: FastAPI, town: Town) -> None:
    """Else the slower one would be in with the password and a factor of her own."""
    first, second = browser_of(app), browser_of(app)
    for client in (first, second):
        password(client)
    phone = pyotp.TOTP(secret_on(second))
    csrf = guard(second, NEW)
    set_up(first, town)
    late = second.post(NEW, data={"csrf": csrf, "code": phone.at(town.clock())})
    assert late.headers["location"] == "/sign-in"


def test_a_recovery_code_opens_once_and_leads_to_the_account(
    visitor: TestClient, app: FastAPI, town: Town
) -> None:
    password(visitor)
    codes = set_up(visitor, town)
    lost = browser_of(app)
    password(lost)
    assert shows(lost, codes[0]).headers["location"] == "/account"
    assert lost.get("/account").status_code == 200
    assert "code_used" in acts(town.site)
    again = browser_of(app)
    password(again)
    assert shows(again, codes[0]).status_code == 401


# ---- who guesses


def test_an_unknown_account_and_a_wrong_password_read_the_same(app: FastAPI) -> None:
    def answers(email: str) -> list[tuple[int, str, str]]:
        client = browser_of(app, "198.51.100.7" if "mrc" in email else "198.51.100.8")
        found = [password(client, "wrong", email) for _ in range(PER_PAIR + 1)]
        return [
            (each.status_code, each.text.replace(email, ""), each.headers.get("retry-after", ""))
            for each in found
        ]

    known = answers(HER)
    assert known == answers("who@example.org")
    assert [status for status, _, _ in known] == [*[401] * PER_PAIR, 429]


def test_who_must_wait_is_refused_with_the_right_password_too(visitor: TestClient) -> None:
    for _ in range(PER_PAIR):
        password(visitor, "wrong")
    assert password(visitor).status_code == 429
    assert not visitor.cookies.get(sessions.COOKIE)


def test_strangers_cannot_lock_out_who_signed_in_here_before(app: FastAPI, town: Town) -> None:
    hers = browser_of(app)
    enters(hers, town.site, HER)
    device = hers.cookies[tries.DEVICE_COOKIE]
    with town.site.store.writing() as session:
        for n in range(STRANGERS + 10):
            place = tries.place_of(session, town.site, HER, f"203.0.113.{n}", "")
            try:
                tries.begin(session, town.site, HER, place)
            except tries.MustWait:
                town.clock.pass_(hours=1)
    assert password(browser_of(app, "203.0.113.99")).status_code == 429
    back = browser_of(app)
    back.cookies.set(tries.DEVICE_COOKIE, device)
    assert password(back).status_code == 303


def test_the_cookie_of_a_known_device_is_given_with_both_factors_only(
    half: TestClient, town: Town
) -> None:
    assert tries.DEVICE_COOKIE not in half.cookies
    answer = shows(half, code_now(town.site))
    given = next(c for c in answer.headers.get_list("set-cookie") if tries.DEVICE_COOKIE in c)
    assert "HttpOnly" in given
    assert "SameSite=strict" in given
    assert "Max-Age=7776000" in given


def test_an_address_with_tls_gets_cookies_for_tls_only(town: Town, tmp_path: Path) -> None:
    app = app_of(town.site, tmp_path, public_url="https://samleng.example")
    client = TestClient(app, base_url="https://samleng.example", follow_redirects=False)
    answer = enters(client, town.site, HER)
    cookies = answer.headers.get_list("set-cookie")
    assert len(cookies) == 2
    assert all("Secure" in cookie for cookie in cookies)


def test_who_left_cannot_go_on(half: TestClient, town: Town) -> None:
    csrf = guard(half, ASK)
    with town.site.store.writing() as session:
        member = session.get_one(Member, town.people["mrc"].member_id)
        member.left_at = town.clock()
        session.add(member)
    assert shows(half, code_now(town.site), csrf).headers["location"] == "/sign-in"


# ---- the demo


def test_the_demo_asks_for_a_second_factor_only_who_set_one_up(town: Town, tmp_path: Path) -> None:
    app = app_of(town.site, tmp_path, Mode.DEMO)
    client = browser_of(app)
    assert password(client).headers["location"] == "/cases"
    assert client.get("/cases").status_code == 200
    new_phone(town.site, HER)
    assert client.get("/cases").headers["location"] == "/sign-in"
    assert password(client).headers["location"] == ASK
    assert shows(client, code_now(town.site)).headers["location"] == "/cases"


def test_the_pages_say_nothing_that_a_cache_keeps(half: TestClient) -> None:
    answer = half.get(ASK)
    assert answer.headers["cache-control"] == "no-store"
    assert GUARD.search(answer.text)


def test_half_sessions_that_were_stocked_up_give_no_more_codes_to_guess(
    app: FastAPI, town: Town
) -> None:
    """Right passwords are not counted, so a thief can begin as many half sessions as he likes."""
    new_phone(town.site, HER)
    stocked = [browser_of(app) for _ in range(PER_PAIR)]
    for thief in stocked:
        assert password(thief).status_code == 303
    csrfs = [guard(thief, ASK) for thief in stocked]
    for thief, csrf in zip(stocked, csrfs, strict=True):
        for _ in range(CODES):
            shows(thief, "000000", csrf)
    assert acts(town.site).count("factor_failed") == PER_PAIR
    assert password(stocked[0]).status_code == 429


def test_a_right_code_is_not_heard_either_after_too_many_wrong_ones_elsewhere(
    app: FastAPI, town: Town
) -> None:
    new_phone(town.site, HER)
    first, second, last = (browser_of(app) for _ in range(3))
    for thief in (first, second, last):
        password(thief)
    csrf = guard(last, ASK)
    for thief in (first, second):
        given = guard(thief, ASK)
        for _ in range(CODES):
            shows(thief, "000000", given)
    assert shows(last, code_now(town.site), csrf).headers["location"] == "/sign-in"


@pytest.mark.parametrize(("back", "way"), [("/keys", "/home"), ("/members", "/members")])
def test_who_does_not_show_it_again_gets_away(
    visitor: TestClient, town: Town, back: str, way: str
) -> None:
    enters(visitor, town.site, HER)
    shown = visitor.get(f"/confirm?back={back}").text
    assert f'class="button quiet" href="{way}"' in shown
    assert f'name="back" value="{back}"' in shown
