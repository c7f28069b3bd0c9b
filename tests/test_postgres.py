"""The whole program on PostgreSQL: its own tables and the durable queue's in one database."""

from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from tests.running import Running
from tests.test_web_chat import Visitor

pytestmark = [pytest.mark.rasa, pytest.mark.slow, pytest.mark.timeout(300)]


def test_a_complaint_goes_its_way_on_postgresql_and_is_there_after_a_restart(
    tmp_path: Path, postgres_url: str, free_port: Callable[[], int]
) -> None:
    house = Running(tmp_path, free_port(), SAMLENG_DATABASE_URL=postgres_url).start()
    visitor = Visitor(house).reaches("lodge")
    visitor.taps("inform:lodge=yes", message="pressed-once")
    (code,) = visitor.codes()
    house.stop()
    house.start()
    again = {"conversation": visitor.conversation, "message": "pressed-once"}
    visitor.ask("messages", json={**again, "button": "inform:lodge=yes"})
    assert visitor.codes() == [code]
    house.stop()
    with psycopg.connect(postgres_url.replace("+psycopg", "")) as connection:
        row = connection.execute("SELECT count(*) FROM \"case\" WHERE channel = 'web'").fetchone()
        schemas = {r[0] for r in connection.execute("SELECT nspname FROM pg_namespace")}
    assert row == (4,)
    assert "dbos" in schemas
    assert not (house.data / "samleng.sqlite").exists()
