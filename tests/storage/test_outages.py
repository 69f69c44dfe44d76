"""A PostgreSQL that is there and of no use, or vanishes without a word."""

import os
import socket
import time
from collections.abc import Callable

import psutil
import pytest
from sqlalchemy import make_url, text, update

from storage.changes import Changes
from storage.database import TCP_LIMITS, Database, DatabaseUnavailable, db_now
from storage.tables import jobs
from tests.services.postgres import Databases
from tests.storage.conftest import KINDS
from tests.storage.house import House
from workers.heartbeat import Heartbeat

on_postgresql = pytest.mark.parametrize("database_url", KINDS[1:], indirect=True)


def refuse_writes(database: Database) -> None:
    """What a connection in the pool is after a failover: it leads to a server that only reads."""
    with database.write() as connection:
        connection.execute(text("SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY"))


@on_postgresql
def test_a_server_that_only_reads_is_away_and_left(house: House) -> None:
    job_id = house.submit()
    refuse_writes(house.database)
    with pytest.raises(DatabaseUnavailable):
        house.set(job_id, progress=0.5)
    house.set(job_id, progress=0.5)
    assert house.row(job_id).progress == 0.5


@on_postgresql
def test_a_session_that_the_server_ended_is_away(house: House, postgres: Databases) -> None:
    with house.database.read() as connection:
        pid = connection.scalar(text("SELECT pg_backend_pid()"))
    postgres.execute(f"SELECT pg_terminate_backend({pid:d})")
    with pytest.raises(DatabaseUnavailable), house.database.read() as connection:
        connection.scalar(text("SELECT 1"))
    with house.database.read() as connection:
        assert connection.scalar(text("SELECT 1")) == 1


@on_postgresql
def test_a_transaction_that_froze_too_long_is_away(house: House) -> None:
    with pytest.raises(DatabaseUnavailable):
        freeze(house)


def freeze(house: House) -> None:
    """Goes on in a transaction that the server has ended meanwhile."""
    alive = text("SELECT count(*) FROM pg_stat_activity WHERE pid = :pid")
    with house.database.write() as frozen, house.database.read() as watching:
        pid = frozen.scalar(text("SELECT pg_backend_pid()"))
        frozen.execute(text("SET LOCAL idle_in_transaction_session_timeout = '20ms'"))
        until(lambda: watching.scalar(alive, {"pid": pid}) == 0)
        frozen.execute(text("SELECT 1"))


@on_postgresql
def test_a_heartbeat_goes_on_whatever_happened(house: House, caplog: pytest.LogCaptureFixture) -> None:
    """A broken schema stands for what nobody thought of: no code of ours knows that error."""
    claim = house.running()
    with Heartbeat(house.store).keep(claim) as pulse:
        rename(house, "progress", "progressed")
        pulse.next_beat = 0.0
        until(lambda: "heartbeat_failed reason=crashed" in caplog.text)
        rename(house, "progressed", "progress")
        with house.database.write() as connection:
            connection.execute(update(jobs).where(jobs.c.id == claim.work.job_id).values(lease_until=db_now()))
            now = connection.scalar(text("SELECT lease_until FROM jobs")) or 0.0
        until(lambda: house.row(claim.work.job_id).lease_until > now + 5.0)


def rename(house: House, column: str, name: str) -> None:
    with house.database.write() as connection:
        connection.execute(text(f"ALTER TABLE jobs RENAME COLUMN {column} TO {name}"))


def until(condition: Callable[[], bool]) -> None:
    give_up = time.monotonic() + 10.0
    while not condition():
        assert time.monotonic() < give_up
        time.sleep(0.02)


@on_postgresql
def test_no_connection_waits_for_a_host_that_vanished(database_url: str) -> None:
    before = set(connections(database_url))
    database, changes = Database(database_url), Changes(database_url)
    with database.read(), database.write():
        changes.wait(0.01)
        mine = set(connections(database_url)) - before
        assert len(mine) == 3, "one that reads, one that writes, one that listens"
        assert [in_force(number) for number in mine] == [TCP_LIMITS] * 3
    changes.close()
    database.close()


def connections(url: str) -> list[int]:
    """The descriptors of this process's sockets that lead to the server."""
    port = make_url(url).port
    ours = psutil.Process().net_connections("tcp")
    return [each.fd for each in ours if tuple(each.raddr)[1:] == (port,)]


def in_force(descriptor: int) -> dict[str, int]:
    """As the kernel has them."""
    options = {
        "keepalives": (socket.SOL_SOCKET, socket.SO_KEEPALIVE),
        "keepalives_idle": (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE),
        "keepalives_interval": (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL),
        "keepalives_count": (socket.IPPROTO_TCP, socket.TCP_KEEPCNT),
        "tcp_user_timeout": (socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT),
    }
    with socket.socket(fileno=os.dup(descriptor)) as raw:
        return {name: raw.getsockopt(*option) for name, option in options.items()}
