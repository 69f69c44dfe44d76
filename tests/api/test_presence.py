"""What the process knows of the others, while the database answers and while it does not."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from api.ledger import Ledger
from api.presence import Presence
from migrations import upgrade
from storage.database import Database, DatabaseUnavailable
from storage.queries import JobReader
from storage.slots import SlotFacts, SlotStore

THREADS = 12


@dataclass
class Dead:
    """A database server that takes connections and closes them unanswered, once it may."""

    url: str
    may_close: threading.Event
    came: threading.Semaphore
    tried: int = 0


@contextmanager
def dead_database() -> Iterator[Dead]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"postgresql+psycopg://nobody@127.0.0.1:{server.getsockname()[1]}/none?sslmode=disable"
        dead = Dead(address, threading.Event(), threading.Semaphore(0))

        def serve() -> None:
            while True:
                client, _ = server.accept()
                with client:
                    if not client.recv(1, socket.MSG_PEEK):
                        return
                    dead.tried += 1
                    dead.came.release()
                    dead.may_close.wait(20)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield dead
        finally:
            dead.may_close.set()
            socket.create_connection(server.getsockname()).close()
            thread.join(10)


def presence_of(database: Database) -> Presence:
    return Presence(database, JobReader(database), Ledger().mark)


def test_one_looks_for_a_dead_database_on_behalf_of_all_who_queue() -> None:
    with dead_database() as dead, ThreadPoolExecutor(THREADS) as threads:
        database = Database(dead.url)
        presence, asking = presence_of(database), threading.Barrier(THREADS)

        def ask(_: int) -> str:
            asking.wait(10)
            with pytest.raises(DatabaseUnavailable) as refused:
                presence.snapshot()
            assert refused.value.retry_after
            return refused.value.code

        answers = threads.map(ask, range(THREADS))
        assert dead.came.acquire(timeout=10)
        dead.may_close.set()
        assert list(answers) == ["database_unavailable"] * THREADS
        assert dead.tried == 1
        database.close()


def test_a_failure_is_not_remembered_for_long(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'x.db'}"
    upgrade(url)
    database = Database(url)
    presence = presence_of(database)
    SlotStore(database).beat(SlotFacts("cpu-1", ["cpu"], "host", 1, "cpu", 1))
    with database.write() as connection:
        connection.exec_driver_sql("ALTER TABLE slots RENAME TO away")
    with pytest.raises(DatabaseUnavailable):
        presence.snapshot()
    with database.write() as connection:
        connection.exec_driver_sql("ALTER TABLE away RENAME TO slots")
    for _ in range(40):
        try:
            assert presence.snapshot().live == {"cpu": 1}
            break
        except DatabaseUnavailable:
            threading.Event().wait(0.05)
    else:
        pytest.fail("it stayed away")
    database.close()
