"""The office's key at the desk, and members who come, leave, lose a phone or a password."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlmodel import select

from api import sessions
from api.factors import has_any
from api.sessions import StaffSession
from referrals import (
    aftercare,
    audit,
    case,
    desk,
    directory,
    keyring,
    membership,
    permission,
    recoverykey,
)
from referrals.directory import Member, Organisation
from referrals.permission import Permission
from referrals.taxonomy import Role, Status
from tests.api.pages.at_desk import acts, signed_in
from tests.api.pages.at_door import app_of
from tests.house import PASSWORD, Town, build_town
from tests.on_call import works_at

STORY = "ថៅកែមិនបើកប្រាក់ខែ"


@pytest.fixture
def town(tmp_path_factory: pytest.TempPathFactory) -> Town:
    return build_town(tmp_path_factory.mktemp("town"))


@pytest.fixture
def app(town: Town, tmp_path: Path) -> FastAPI:
    return app_of(town.site, tmp_path)


@pytest.fixture
def chief(app: FastAPI, town: Town) -> Iterator[TestClient]:
    with confirmed(app, town, "mrc") as client:
        yield client


def confirmed(app: FastAPI, town: Town, name: str) -> TestClient:
    """Sign somebody in who has just shown the second factor again."""
    client = signed_in(app, name)
    with town.site.store.writing() as session:
        for row in session.exec(select(StaffSession)):
            row.stepped_up_at = town.clock()
            session.add(row)
    return client


def sends(client: TestClient, page: str, path: str, **fields: str) -> tuple[int, str]:
    """Press a button of a page; gives the status, and the text or where it leads."""
    token = re.search(r'name="csrf" value="([^"]+)"', client.get(page).text)
    assert token, client.get(page).text[:300]
    answer = client.post(path, data={"csrf": token[1], **fields})
    return answer.status_code, answer.headers.get("location", answer.text)


def office(town: Town) -> str:
    return town.people["mrc"].organisation_id or ""


def draws(client: TestClient) -> str:
    status, text = sends(client, "/keys", "/keys/recovery")
    assert status == 200
    groups = re.findall(r'<li class="code">([A-Z2-7]{4})</li>', text)
    assert len(groups) == 9
    return " ".join(groups)


def has_recovery(town: Town) -> bool:
    with town.site.store.reading() as session:
        return session.get_one(Organisation, office(town)).sealed_recovery is not None


# ---- the office's key


def test_a_recovery_key_is_shown_once_and_in_force_when_typed_back(
    chief: TestClient, town: Town
) -> None:
    shown = draws(chief)
    assert not has_recovery(town), "nothing has changed before it is typed back"
    assert shown.split()[0] not in chief.get("/keys").text
    wrong = shown[:-1] + ("A" if shown[-1] != "A" else "B")
    status, _ = sends(chief, "/keys", "/keys/recovery/set", typed=wrong)
    assert (status, has_recovery(town)) == (422, False)
    typed = shown.lower().replace(" ", "")
    assert sends(chief, "/keys", "/keys/recovery/set", typed=typed) == (303, "/keys?done=set")
    assert has_recovery(town)


def test_with_it_a_supervisor_whom_nobody_can_admit_opens_the_cases(
    app: FastAPI, chief: TestClient, town: Town
) -> None:
    code, shown = town.lodges(STORY), draws(chief)
    sends(chief, "/keys", "/keys/recovery/set", typed=shown)
    town.people["new"] = town.comes("new@example.org", office(town), "new")
    with confirmed(app, town, "new") as new:
        assert new.get(f"/cases/{code}").status_code == 404
        another = recoverykey.new_recovery_key()
        assert sends(new, "/keys", "/keys/recover", typed=another)[0] == 422
        refused = acts(town, audit.Act.REFUSED)
        assert (town.people["new"].member_id, "recovery_key") in refused
        assert sends(new, "/keys", "/keys/recover", typed=shown)[0] == 303
        assert new.get(f"/cases/{code}").status_code == 200


def test_who_does_not_hold_the_key_makes_no_recovery_key(app: FastAPI, town: Town) -> None:
    town.people["new"] = town.comes("new@example.org", office(town), "new")
    with confirmed(app, town, "new") as new:
        assert sends(new, "/keys", "/keys/recovery")[0] == 403
        typed = recoverykey.new_recovery_key()
        assert sends(new, "/keys", "/keys/recovery/set", typed=typed)[0] == 403
    assert not has_recovery(town)


def test_after_somebody_left_the_cases_follow_at_a_button(chief: TestClient, town: Town) -> None:
    works_at(town, "mrc", "helper")
    code = town.lodges(STORY)
    helper = town.people["helper"].member_id
    assert sends(chief, "/members", f"/members/{helper}/leave")[0] == 303
    assert "<progress" in chief.get("/keys").text
    assert sends(chief, "/keys", "/keys/follow") == (303, "/keys")
    assert "<progress" not in chief.get("/keys").text
    assert acts(town, audit.Act.REWRAPPED) == [(town.people["mrc"].member_id, "1 to 2")]
    assert chief.get(f"/cases/{code}").status_code == 200


@pytest.mark.parametrize("role", [Role.CASE_WORKER, Role.TRIAGE, Role.PARTNER_WORKER])
def test_the_page_is_for_supervisors(app: FastAPI, town: Town, role: Role) -> None:
    works_at(town, "mrc", "worker", role)
    with confirmed(app, town, "worker") as worker:
        assert worker.get("/keys").status_code == 403


def test_a_form_without_its_token_changes_nothing(chief: TestClient, town: Town) -> None:
    for path in ("/keys/recovery", "/keys/recovery/set", "/keys/follow", "/keys/recover"):
        assert chief.post(path, data={"csrf": "wrong"}).status_code == 419


# ---- members


def test_who_leaves_is_signed_out_and_her_cases_go_back(
    app: FastAPI, chief: TestClient, town: Town
) -> None:
    helper = works_at(town, "mrc", "helper")
    open_, closed = town.lodges(STORY), town.lodges(STORY, update="u-2", conversation="d" * 64)
    for code in (open_, closed):
        desk.take(town.site, helper, code)
    desk.set_status(town.site, helper, closed, Status.CLOSED)
    with confirmed(app, town, "helper") as gone:
        assert gone.get("/cases").status_code == 200
        status, where = sends(chief, "/members", f"/members/{helper.member_id}/leave")
        assert (status, where) == (303, "/members?done=left")
        assert gone.get("/cases").headers["location"] == "/sign-in"
    with town.site.store.reading() as session:
        assert case.by_code(session, open_).handler_id is None
        assert case.by_code(session, closed).handler_id == helper.member_id
        assert not has_any(session, helper.member_id)
        assert not session.exec(
            select(StaffSession).where(StaffSession.member_id == helper.member_id)
        ).all()
    with pytest.raises(sessions.SignInFailed):
        sessions.sign_in(town.site, "helper@example.org", PASSWORD)
    page = chief.get("/members").text
    assert page.index("អ្នកដែលបានចាកចេញ") < page.index("<b>helper</b>")


def test_the_last_supervisor_stays(chief: TestClient, town: Town) -> None:
    mine = town.people["mrc"].member_id
    assert sends(chief, "/members", f"/members/{mine}/leave")[0] == 409
    works_at(town, "mrc", "helper")
    assert sends(chief, "/members", f"/members/{mine}/leave")[0] == 409
    works_at(town, "mrc", "second", Role.SUPERVISOR)
    assert sends(chief, "/members", f"/members/{mine}/leave") == (303, "/sign-in")
    assert chief.get("/members").headers["location"] == "/sign-in"


def test_a_member_of_another_office_is_out_of_reach(chief: TestClient, town: Town) -> None:
    other = town.people["pdolvt"].member_id
    for act in ("leave", "reset-factor", "admit", "withdraw"):
        assert sends(chief, "/members", f"/members/{other}/{act}")[0] == 403, act
    assert sends(chief, "/members", f"/members/{'0' * 32}/leave")[0] == 404


def test_an_invitation_that_is_taken_back_opens_nothing(chief: TestClient, town: Town) -> None:
    given = {"email": "new@example.org", "role": "triage"}
    status, text = sends(chief, "/members", "/members", **given)
    link = re.search(r"(/invite/[\w-]+)<", text)
    assert status == 200
    assert link
    with town.site.store.reading() as session:
        (new,) = session.exec(select(Member).where(Member.email == given["email"])).all()
    assert sends(chief, "/members", f"/members/{new.id}/withdraw")[0] == 303
    assert chief.get(link[1]).status_code == 410
    assert sends(chief, "/members", f"/members/{new.id}/withdraw")[0] == 403


def test_who_left_can_be_invited_again_and_waits_like_anybody(
    chief: TestClient, town: Town
) -> None:
    helper = works_at(town, "mrc", "helper")
    sends(chief, "/members", f"/members/{helper.member_id}/leave")
    given = {"email": "helper@example.org", "role": "case_worker"}
    _, text = sends(chief, "/members", "/members", **given)
    link = re.search(r"(/invite/[\w-]+)<", text)
    assert link
    account = {"name": "helper", "password": PASSWORD, "again": PASSWORD}
    assert chief.post(link[1], data=account).status_code == 200
    with town.site.store.reading() as session:
        (waits,) = directory.waiting_members(session, office(town))
        assert (waits.id, waits.left_at) == (helper.member_id, None)


def test_a_supervisor_invites_into_every_role_of_an_office_and_no_other(
    chief: TestClient, town: Town
) -> None:
    for number, role in enumerate(Role):
        given = {"email": f"{number}@example.org", "role": role}
        of_an_office = role not in {Role.ADMINISTRATOR, Role.EDITOR, Role.ANALYST}
        assert sends(chief, "/members", "/members", **given)[0] == (200 if of_an_office else 422)


def test_without_the_second_factor_shown_again_nobody_is_let_go(app: FastAPI, town: Town) -> None:
    helper = works_at(town, "mrc", "helper")
    with confirmed(app, town, "mrc") as chief:
        town.clock.pass_(seconds=permission.STEP_UP.total_seconds() + 1)
        token = re.search(r'name="csrf" value="([^"]+)"', chief.get("/members").text)
        assert token
        answer = chief.post(f"/members/{helper.member_id}/leave", data={"csrf": token[1]})
        assert (answer.status_code, answer.headers["location"][:9]) == (303, "/confirm?")
    with town.site.store.reading() as session:
        assert session.get_one(Member, helper.member_id).left_at is None


def test_an_administrator_ends_those_of_no_office_and_never_the_last(town: Town) -> None:
    first, second = (
        town.comes(f"{name}@example.org", None, name, Role.ADMINISTRATOR) for name in ("a", "b")
    )
    editor = town.comes("editor@example.org", None, "editor", Role.EDITOR)

    def ends(who: directory.SignedIn, member_id: str) -> None:
        with town.site.store.writing() as session:
            member = session.get_one(Member, member_id)
            membership.let_go(session, who, member, town.clock())

    ends(first, editor.member_id)
    ends(first, second.member_id)
    with pytest.raises(PermissionError):
        ends(second, first.member_id)
    with pytest.raises(keyring.LastSupervisor):
        ends(first, first.member_id)
    with pytest.raises(PermissionError):
        ends(first, town.people["mrc"].member_id)


def test_an_administrator_may_end_accounts_at_the_desk(app: FastAPI, town: Town) -> None:
    assert permission.permits(Role.ADMINISTRATOR, Permission.MANAGE_MEMBERS)
    town.comes("root@example.org", None, "root", Role.ADMINISTRATOR)
    editor = town.comes("editor@example.org", None, "editor", Role.EDITOR)
    with confirmed(app, town, "root") as root:
        answer = sends(root, "/members", f"/members/{editor.member_id}/leave")
        assert answer == (303, "/members?done=ended")


# ---- one-time links


def test_the_first_of_an_office_is_told_in_advance_what_a_lost_password_costs(
    app: FastAPI, town: Town
) -> None:
    with town.site.store.writing() as session:
        new = directory.add_organisation(session, "mrc", "ថ្មី", "New").id  # type: ignore[arg-type]
        secret = directory.invite(session, "n@example.org", Role.SUPERVISOR, new, town.clock())
    with TestClient(app, base_url="http://127.0.0.1") as visitor:
        assert "កូនសោសង្គ្រោះ" in visitor.get(f"/invite/{secret}").text
        account = {"name": "n", "password": PASSWORD, "again": PASSWORD}
        assert "«កូនសោ»" in visitor.post(f"/invite/{secret}", data=account).text


def test_who_lost_her_password_gets_new_keys_and_waits(app: FastAPI, town: Town) -> None:
    helper = works_at(town, "mrc", "helper")
    code = town.lodges(STORY)
    with confirmed(app, town, "helper") as elsewhere:
        with town.site.store.writing() as session:
            member = session.get_one(Member, helper.member_id)
            secret = membership.new_link(session, member, town.clock())
        assert elsewhere.get(f"/cases/{code}").status_code == 200, "the old password still works"
        with TestClient(app, base_url="http://127.0.0.1") as visitor:
            account = {
                "name": "helper",
                "password": "another long one",
                "again": "another long one",
            }
            assert visitor.post(f"/invite/{secret}", data=account).status_code == 200
            assert visitor.post(f"/invite/{secret}", data=account).status_code == 410
        assert elsewhere.get("/cases").headers["location"] == "/sign-in"
    with town.site.store.reading() as session:
        assert [each.id for each in directory.waiting_members(session, office(town))] == [
            helper.member_id
        ]
    with pytest.raises(sessions.SignInFailed):
        sessions.sign_in(town.site, "helper@example.org", PASSWORD)


def test_the_form_to_type_it_back_is_there_after_the_second_factor_was_asked_for(
    app: FastAPI, town: Town
) -> None:
    with confirmed(app, town, "mrc") as chief:
        shown = draws(chief)
        token = re.search(r'name="csrf" value="([^"]+)"', chief.get("/keys").text)
        assert token
        with town.site.store.writing() as session:
            for row in session.exec(select(StaffSession)):
                row.stepped_up_at = None
                session.add(row)
        late = chief.post("/keys/recovery/set", data={"csrf": token[1], "typed": shown})
        assert late.headers["location"] == "/confirm?back=/keys/recovery/set"
    with confirmed(app, town, "mrc") as chief:
        page = "/keys/recovery/set"
        assert f'action="{page}"' in chief.get(page).text
        assert sends(chief, page, page, typed=shown) == (303, "/keys?done=set")
    assert has_recovery(town)


def test_a_case_that_goes_on_is_nobodys_when_who_handled_it_has_left(
    chief: TestClient, town: Town
) -> None:
    helper = works_at(town, "mrc", "helper")
    hers, ours = town.lodges(STORY), town.lodges(STORY, update="u-2", conversation="d" * 64)
    for code in (hers, ours):
        desk.take(town.site, helper, code)
        desk.set_status(town.site, helper, code, Status.CLOSED)
    sends(chief, "/members", f"/members/{helper.member_id}/leave")
    with town.site.store.writing() as session:
        aftercare.reopen(session, town.site, case.by_code(session, hers))
    desk.set_status(town.site, town.people["mrc"], ours, Status.WORKING)
    with town.site.store.reading() as session:
        again = case.by_code(session, hers)
        assert (again.status, again.handler_id) == (Status.LODGED, None)
        assert case.by_code(session, ours).handler_id is None
    listed = chief.get("/cases?show=new").text
    assert hers in listed
    assert ours in listed
