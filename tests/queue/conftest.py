"""One deployment for each kind of database, shared by all tests of this folder in one xdist worker."""

from collections.abc import Iterator

import pytest

from tests.queue.stack import KINDS, Stack
from tests.services.postgres import Databases
from workers.board import VARIABLE


@pytest.fixture(scope="session", params=list(KINDS.values()))
def deployment(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The processes, started at first use and ended with the run."""
    folder = tmp_path_factory.mktemp(f"stack-{request.param}")
    server: Databases | None = None
    if request.param == "sqlite":
        url = f"sqlite:///{folder / 'harmony.db'}"
    else:
        server = request.getfixturevalue("postgres")
        url = server.fresh()
    stack = Stack(folder, url)
    yield stack
    stack.close()
    if server is not None:
        server.drop(url)


@pytest.fixture
def stack(deployment: Stack) -> Iterator[Stack]:
    """The deployment with its usual parts running, whatever the test before did; afterwards nothing waits in it."""
    deployment.base()
    yield deployment
    deployment.only("dispatcher", "cpu-1", "io-1")
    deployment.cancel_rest()


@pytest.fixture(autouse=True)
def _no_board_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """A board is announced to children in the environment; what later tests start must not see it."""
    monkeypatch.setenv(VARIABLE, "none yet")
