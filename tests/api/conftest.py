"""Services for the tests of the API: on both databases where storage matters, else on SQLite."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.api.site import Site, serving


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.services)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'test.db'}"
    return str(request.getfixturevalue("postgres_url"))


@pytest.fixture
def site(database_url: str, tmp_path: Path) -> Iterator[Site]:
    """A service of its own, with workers for every queue."""
    with serving(database_url, tmp_path) as running:
        running.beat()
        yield running


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """One service on SQLite for tests that leave nothing that another would notice."""
    folder = tmp_path_factory.mktemp("shared")
    with serving(f"sqlite:///{folder / 'test.db'}", folder) as running:
        running.beat()
        yield running
