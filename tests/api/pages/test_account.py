"""The own account, and the second factor asked for once more."""

import re
from collections.abc import Iterator
from pathlib import Path

import pyotp
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlmodel import select

from api import sessions
from api.factors import Passkey, Totp
from api.pages.confirm import own_path
from api.tries import CODES
from referrals import keyring
from referrals.audit import AuditRow
from referrals.directory import Member
from referrals.installation import Mode
from referrals.permission import STEP_UP
from referrals.sealing import CannotOpen
from tests.api.pages.at_door import acts, app_of, browser_of, code_now, enters, guard, new_phone
from tests.house import PASSWORD, Town, build_town

HER = "mrc@example.org"
NEW_PASSWORD = "quite another password"
STRANGE_PATHS = (
    "//evil.example", "///evil.example", "/\\evil.example", "\\\\evil.example", "https://evil.example",
    "https:evil.example", "javascript:alert(1)", "evil.example", "", "/a\nb", "/\t/evil.example",
    "/a\\b", "/" + "a" * 600, "/confirm", "/confirm?back=/confirm", " /cases", "/\x00",
)  # fmt: skip


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    built = build_town(tmp_path)
    yield built
    built.site.store.engine.dispose()


@pytest.fixture
def app(town: Town, tmp_path: Path) -> FastAPI:
    return app_of(town.site, tmp_path)


@pytest.fixture
def her(app: FastAPI, town: Town) -> TestClient:
    """Signed in just now, with both factors."""
    client = browser_of(app)
    enters(client, town.site, HER)
    return client


@pytest.fixture
def later(her: TestClient, town: Town) -> TestClient:
    """Signed in a while ago."""
    town.clock.now += STEP_UP * 1.1
    return her


@pytest.fixture
def demo(town: Town, tmp_path: Path) -> TestClient:
    """In the demo, without a second factor."""
    client = browser_of(app_of(town.site, tmp_path, Mode.DEMO))
    assert client.post("/sign-in", data={"email": HER, "password": PASSWORD}).status_code == 303
    return client


def post(client: TestClient, path: str, **fields: str):
    return client.post(path, data={"csrf": guard(client, "/account"), **fields})


def changes(client: TestClient, old: str = PASSWORD, new: str = NEW_PASSWORD, again: str = ""):
    return post(client, "/account/password", old=old, password=new, again=again or new)


def opens(town: Town, password: str) -> bool:
    with town.site.store.reading() as session:
        member = session.get_one(Member, town.people["mrc"].member_id)
    try:
        return keyring.unlock(member, password).raw == town.people["mrc"].key.raw
    except CannotOpen:
        return False


def passkey(town: Town, credential: bytes, name: str = "mrc") -> None:
    with town.site.store.writing() as session:
        session.add(
            Passkey(
                credential=credential,
                member_id=town.people[name].member_id,
                public_key=b"k",
                sign_count=0,
                name=f"key {credential.decode()}",
                made_at=town.clock(),
            )
        )


# ---- the password


def test_a_new_password_takes_the_old_ones_place_and_ends_other_sessions(
    her: TestClient, app: FastAPI, town: Town
) -> None:
    elsewhere = browser_of(app)
    enters(elsewhere, town.site, HER)
    assert changes(her).headers["location"] == "/account?done=password"
    assert opens(town, NEW_PASSWORD)
    assert not opens(town, PASSWORD)
    assert elsewhere.get("/cases").headers["location"] == "/sign-in"
    assert her.get("/cases").status_code == 200
    assert "password_changed" in acts(town.site)


@pytest.mark.parametrize(
    ("old", "new", "again"),
    [
        ("wrong password here", NEW_PASSWORD, NEW_PASSWORD),
        (PASSWORD, NEW_PASSWORD, "different"),
        (PASSWORD, "short", "short"),
        (PASSWORD, "x" * 300, "x" * 300),
    ],
)
def test_a_password_is_not_changed_when_something_is_wrong(
    her: TestClient, town: Town, old: str, new: str, again: str
) -> None:
    answer = changes(her, old, new, again)
    assert answer.status_code == 422
    assert new not in answer.text
    assert opens(town, PASSWORD)


def test_who_sits_at_an_open_desk_cannot_guess_the_password(her: TestClient, town: Town) -> None:
    statuses = [changes(her, f"wrong password {n}").status_code for n in range(CODES)]
    assert statuses == [*[422] * (CODES - 1), 303]
    assert her.get("/cases").headers["location"] == "/sign-in"
    assert "session_ended" in acts(town.site)


# ---- step-up


@pytest.mark.parametrize(
    "path",
    [
        "password",
        "authenticator",
        "authenticator/remove",
        "passkeys/remove",
        "passkeys/passkey",
        "codes",
    ],
)
def test_what_guards_the_account_asks_for_the_factor_again(later: TestClient, path: str) -> None:
    assert post(later, f"/account/{path}").headers["location"] == "/confirm?back=/account"
    asked = later.post(
        "/account/passkeys/challenge",
        data={"csrf": guard(later, "/account")},
        headers={"accept": "application/json"},
    )
    assert (asked.status_code, asked.json()["confirm"]) == (403, True)


def test_a_code_opens_it_for_a_while_and_leads_back(later: TestClient, town: Town) -> None:
    csrf = guard(later, "/confirm?back=/account")
    given = {"csrf": csrf, "back": "/account", "code": code_now(town.site)}
    assert later.post("/confirm", data=given).headers["location"] == "/account"
    assert "stepped_up" in acts(town.site)
    assert changes(later).headers["location"] == "/account?done=password"
    town.clock.now += STEP_UP * 1.1
    assert changes(later, NEW_PASSWORD, PASSWORD).headers["location"].startswith("/confirm")


def test_a_code_that_signed_in_does_not_step_up_as_well(her: TestClient, town: Town) -> None:
    csrf = guard(her, "/confirm?back=/account")
    given = {"csrf": csrf, "back": "/account", "code": code_now(town.site)}
    assert her.post("/confirm", data=given).status_code == 401


def test_wrong_codes_end_the_session(later: TestClient, town: Town) -> None:
    csrf = guard(later, "/account")
    given = {"csrf": csrf, "back": "/account", "code": "000000"}
    statuses = [later.post("/confirm", data=given).status_code for _ in range(CODES)]
    assert statuses == [*[401] * (CODES - 1), 303]
    assert later.get("/account").headers["location"] == "/sign-in"
    assert acts(town.site).count("step_up_failed") == CODES


@pytest.mark.parametrize("back", STRANGE_PATHS)
def test_nobody_is_sent_elsewhere(later: TestClient, town: Town, back: str) -> None:
    page = later.get("/confirm", params={"back": back}).text
    assert 'name="back" value="/home"' in page
    assert "evil" not in page
    given = {"csrf": guard(later, "/account"), "back": back, "code": code_now(town.site)}
    assert later.post("/confirm", data=given).headers["location"] == "/home"


@pytest.mark.parametrize("back", ["/account", "/members?x=1#y", "/cases/482913057/export"])
def test_a_path_of_ours_is_kept(back: str) -> None:
    assert own_path(back) == back


def test_the_guard_is_asked_for(her: TestClient) -> None:
    for path in ("/confirm", "/confirm/challenge", "/confirm/passkey", "/account/codes",
                 "/account/password", "/account/sessions/end"):  # fmt: skip
        assert her.post(path, data={"csrf": "x"}).status_code == 419


# ---- the second factor


def test_a_new_program_takes_the_old_ones_place(her: TestClient, town: Town) -> None:
    page = her.get("/account/authenticator").text
    phone = pyotp.TOTP("".join(re.findall(r"<code>(\w+)</code>", page)))
    old, cookie = code_now(town.site, steps=1), her.cookies[sessions.COOKIE]
    assert post(her, "/account/authenticator", code="000000").status_code == 422
    done = post(her, "/account/authenticator", code=phone.at(town.clock()))
    assert done.headers["location"] == "/account?done=authenticator"
    assert her.cookies[sessions.COOKIE] != cookie
    town.clock.now += STEP_UP * 1.1
    csrf = guard(her, "/account")

    def confirms(code: str) -> int:
        given = {"csrf": csrf, "back": "/account", "code": code}
        return her.post("/confirm", data=given).status_code

    assert confirms(old) == 401
    assert confirms(code_now(town.site)) == 401
    assert confirms(phone.at(town.clock())) == 303


def test_the_last_factor_stays(her: TestClient, town: Town) -> None:
    assert "/account/authenticator/remove" not in her.get("/account").text
    assert post(her, "/account/authenticator/remove").status_code == 422
    passkey(town, b"1")
    assert "/account/authenticator/remove" in her.get("/account").text
    assert post(her, "/account/authenticator/remove").status_code == 303
    assert post(her, "/account/passkeys/remove", id="MQ").status_code == 422
    with town.site.store.reading() as session:
        assert session.exec(select(Totp)).all() == []
        assert len(session.exec(select(Passkey)).all()) == 1


@pytest.mark.parametrize("name", ["!", "", "MQ=", "ខ្មែរ", "A"])
def test_a_name_of_no_passkey_removes_nothing(her: TestClient, town: Town, name: str) -> None:
    passkey(town, b"other", "lawyer")
    assert post(her, "/account/passkeys/remove", id=name).status_code == 303
    with town.site.store.reading() as session:
        assert len(session.exec(select(Passkey)).all()) == 1


def test_new_recovery_codes_are_shown_once(her: TestClient) -> None:
    shown = post(her, "/account/codes").text
    codes = re.findall(r"<code>(\w{5}-\w{5})</code>", shown)
    assert len(codes) == 10
    again = her.get("/account").text
    assert "10" in again
    assert not [code for code in codes if code in again]


# ---- sessions


def test_own_sessions_are_shown_in_two_words_and_ended(
    her: TestClient, app: FastAPI, town: Town
) -> None:
    phone = browser_of(app)
    phone.headers["user-agent"] = (
        "Mozilla/5.0 (Linux; Android 14; SM-A057F) AppleWebKit/537.36 "
        "SamsungBrowser/27.0 Chrome/125.0.0.0 Mobile Safari/537.36"
    )
    enters(phone, town.site, HER)
    page = her.get("/account").text
    assert "Samsung Internet, Android" in page
    assert "SM-A057F" not in page
    ended = re.search(r'name="session" value="(\w+)"', page)
    assert ended
    assert post(her, "/account/sessions/end", session=ended[1]).status_code == 303
    assert phone.get("/cases").headers["location"] == "/sign-in"
    assert her.get("/cases").status_code == 200


def test_all_others_are_ended_at_once(her: TestClient, app: FastAPI, town: Town) -> None:
    others = [browser_of(app) for _ in range(3)]
    for other in others:
        enters(other, town.site, HER)
    post(her, "/account/sessions/end")
    assert {other.get("/cases").headers["location"] for other in others} == {"/sign-in"}
    assert her.get("/cases").status_code == 200


def test_the_traces_hold_no_secret(her: TestClient, town: Town) -> None:
    changes(her)
    post(her, "/account/codes")
    with town.site.store.reading() as session:
        rows = session.exec(select(AuditRow)).all()
    assert {row.subject for row in rows if row.member_id == town.people["mrc"].member_id} <= {
        None, "totp", "passkey", "recovery_codes", "supervisor",
    }  # fmt: skip


# ---- the demo


def test_the_demo_asks_for_the_password_again_who_has_no_factor(demo: TestClient) -> None:
    asked = demo.get("/confirm?back=/members").text
    assert 'name="password"' in asked
    assert 'name="code"' not in asked
    csrf = guard(demo, "/account")
    wrong = {"csrf": csrf, "back": "/members", "password": "wrong"}
    assert demo.post("/confirm", data=wrong).status_code == 401
    right = wrong | {"password": PASSWORD}
    assert demo.post("/confirm", data=right).headers["location"] == "/members"


def test_in_the_demo_a_password_steps_up_nobody_who_has_a_factor(
    demo: TestClient, town: Town
) -> None:
    csrf = guard(demo, "/account")
    new_phone(town.site, HER)
    given = {"csrf": csrf, "back": "/members", "password": PASSWORD}
    assert demo.post("/confirm", data=given).headers["location"] == "/sign-in"


def test_in_the_demo_a_factor_can_be_set_up_and_taken_away(demo: TestClient, town: Town) -> None:
    page = demo.get("/account/authenticator").text
    phone = pyotp.TOTP("".join(re.findall(r"<code>(\w+)</code>", page)))
    shown = post(demo, "/account/authenticator", code=phone.at(town.clock())).text
    assert len(re.findall(r"<code>(\w{5}-\w{5})</code>", shown)) == 10
    assert demo.get("/cases").status_code == 200
    assert post(demo, "/account/authenticator/remove").status_code == 303
    assert demo.get("/cases").status_code == 200
