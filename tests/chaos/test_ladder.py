"""Time that is made to pass for webhooks hides none that would have waited for too long."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import insert, select

from chaos.ladder import let_time_pass, longest_wait
from migrations import upgrade
from pipelines.delivering import LONGEST_OPEN, RETRY_SECONDS, retry_seconds
from storage.database import Database, db_now
from storage.tables_webhooks import webhook_deliveries, webhook_targets


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    url = f"sqlite:///{tmp_path / 'harmony.db'}"
    upgrade(url)
    opened = Database(url)
    yield opened
    opened.close()


def waiting(database: Database, tries: int, seconds: float) -> None:
    """A message that was tried so often and is due in so many seconds."""
    values = {
        "id": "msg_1",
        "seq": 1,
        "type": "job.succeeded",
        "url": "http://127.0.0.1:9/",
        "body": "{}",
        "status": "pending",
        "tries": tries,
        "created_at": db_now(),
        "next_at": db_now() + seconds,
    }
    with database.write() as connection:
        connection.execute(insert(webhook_deliveries).values(values))


def left(database: Database) -> float:
    with database.read() as connection:
        return float(connection.scalar(select(webhook_deliveries.c.next_at - db_now())) or 0.0)


@pytest.mark.parametrize("tries", range(1, len(RETRY_SECONDS) + 1))
def test_the_ladders_own_waits_pass(database: Database, tries: int) -> None:
    waiting(database, tries, retry_seconds(tries, 500, None))
    assert let_time_pass(database) == []
    assert left(database) <= longest_wait(1)


@pytest.mark.parametrize("tries", range(len(RETRY_SECONDS)))
def test_a_message_that_waits_for_longer_than_its_rung_is_told(database: Database, tries: int) -> None:
    waiting(database, tries, longest_wait(tries) + 2.0)
    (violation,) = let_time_pass(database)
    assert violation.sort == "webhook"
    assert "msg_1" in violation.text
    assert left(database) <= 0.0
    assert let_time_pass(database) == []


@pytest.mark.parametrize(("seconds", "told"), [(LONGEST_OPEN, 0), (LONGEST_OPEN + 5.0, 1)])
def test_a_receiver_that_is_left_alone_for_too_long_is_told(database: Database, seconds: float, told: int) -> None:
    row = {"target": "one", "failures": 9, "open_until": db_now() + seconds, "seconds": 0.1, "updated_at": db_now()}
    with database.write() as connection:
        connection.execute(insert(webhook_targets).values(row))
    assert len(let_time_pass(database)) == told
