"""An editor at the desk: a town with people of every role, and what their browsers send."""

import re
from pathlib import Path

from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlmodel import col, delete, func, select

from api.pages import editing
from bot.content import living
from bot.content.shapes import FaqEntry
from referrals import audit
from referrals.audit import AuditRow
from referrals.taxonomy import Role
from tests.api.pages.at_door import enters
from tests.house import Town, build_town

TOPIC, COUNTRY = "send_money", "any"
PATH = f"/answers/{TOPIC}/{COUNTRY}"


def town_with_editor(folder: Path) -> Town:
    built = build_town(folder)
    for name, role in (("editor", Role.EDITOR), ("administrator", Role.ADMINISTRATOR)):
        built.people[name] = built.comes(f"{name}@example.org", None, name, role)
    mrc = built.people["mrc"].organisation_id
    built.comes("worker@example.org", mrc, "worker", Role.CASE_WORKER)
    return built


def begin_anew(town: Town) -> None:
    """Forget what a test changed before this one."""
    town.clock.pass_(seconds=1)
    with town.site.store.writing() as session:
        for table in (living.AnswerVersion, living.NumberCheck, living.Recording):
            session.exec(delete(table))
        town.acts_before = session.exec(select(func.max(AuditRow.id))).one() or 0


def signed_in(app: FastAPI, name: str) -> TestClient:
    client = TestClient(app, base_url="http://127.0.0.1", follow_redirects=False)
    enters(client, app.state.parts.site, f"{name}@example.org")
    return client


def guard(client: TestClient) -> str:
    found = re.search(r'name="csrf" value="([^"]+)"', client.get("/numbers").text)
    assert found
    return found[1]


def now_says(town: Town, topic: str = TOPIC, country: str = COUNTRY) -> FaqEntry:
    with town.site.store.reading() as session:
        words = living.current(session, town.clock())
        return next(each for each in words.faq[topic] if each.country == country)


def form(town: Town, desk: TestClient, **changes: str) -> dict[str, str]:
    with town.site.store.reading() as session:
        over = living.version_of(session, TOPIC, COUNTRY)
    held = editing.typed(now_says(town))
    return {**held, "csrf": guard(desk), "over": str(over), **changes}


def acts(town: Town, act: audit.Act) -> list[tuple[str | None, str | None]]:
    with town.site.store.reading() as session:
        rows = session.exec(
            select(AuditRow)
            .where(AuditRow.act == act, col(AuditRow.id) > town.acts_before)
            .order_by(col(AuditRow.id))
        ).all()
        return [(row.member_id, row.subject) for row in rows]
