"""What no column can hold is refused in words: PostgreSQL takes no NUL and nothing too long."""

from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from tests.api.pages.at_door import app_of, enters, guard
from tests.house import build_town


@pytest.mark.parametrize(
    ("path", "given"),
    [
        ("/members", {"email": "a\0@example.org", "role": "case_worker"}),
        ("/members", {"email": "a" * 300 + "@example.org", "role": "case_worker"}),
        ("/members/%00/leave", {}),
        ("/account/sessions/end", {"session": "\0"}),
        ("/retention/%00/keep", {"reason": "court", "months": "3"}),
        ("/cases/%00", None),
    ],
)
def test_odd_input_is_no_error_of_ours(
    database_url: str, tmp_path: Path, path: str, given: dict[str, str] | None
) -> None:
    town = build_town(tmp_path, database_url)
    browser = TestClient(app_of(town.site, tmp_path), "http://localhost", follow_redirects=False)
    enters(browser, town.site, "mrc@example.org")
    if given is None:
        answer = browser.get(path)
    else:
        answer = browser.post(path, data={"csrf": guard(browser, "/members"), **given})
    assert answer.status_code < 500
    town.site.store.engine.dispose()


def test_an_answer_of_a_thousand_brackets_is_no_passkey(tmp_path: Path) -> None:
    town = build_town(tmp_path)
    browser = TestClient(app_of(town.site, tmp_path), "http://localhost", follow_redirects=False)
    enters(browser, town.site, "mrc@example.org")
    csrf = guard(browser, "/account")
    browser.post("/account/passkeys/challenge", data={"csrf": csrf})
    given = {"csrf": csrf, "answer": "[" * 50_000, "name": "x"}
    assert browser.post("/account/passkeys/passkey", data=given).status_code == 422
    town.site.store.engine.dispose()
