"""Every test here runs on SQLite and on PostgreSQL, on a database that the migrations made."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from migrations import upgrade
from storage.database import Database
from tests.services.postgres import Databases
from tests.storage.house import House

KINDS = [
    "sqlite",
    pytest.param("postgresql", marks=[pytest.mark.database, pytest.mark.services]),
]


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite database at the newest revision, to be copied."""
    path = tmp_path_factory.mktemp("migrated") / "harmony.db"
    upgrade(f"sqlite:///{path}")
    return path


@pytest.fixture(params=KINDS)
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a database without tables."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty.db'}"
    else:
        yield request.getfixturevalue("postgres_url")


@pytest.fixture(params=KINDS)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a migrated database."""
    if request.param == "sqlite":
        path = tmp_path / "harmony.db"
        shutil.copyfile(request.getfixturevalue("migrated_file"), path)
        yield f"sqlite:///{path}"
    else:
        server: Databases = request.getfixturevalue("postgres")
        url = server.fresh(server.template("migrated", upgrade))
        yield url
        server.drop(url)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A migrated database."""
    made = Database(database_url)
    yield made
    made.close()


@pytest.fixture
def house(database: Database) -> House:
    """A migrated database with everything that works on it."""
    return House(database)
