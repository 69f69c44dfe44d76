"""A slot that stops puts back what it was fetching, as soon as the database can be told."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from migrations import upgrade
from storage.commands import CommandStore, ask_for_pull, pulls
from storage.database import Database, DatabaseUnavailable
from tests.queue.test_beats import beats
from workers.commands import Commands


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    url = f"sqlite:///{tmp_path / 'test.db'}"
    upgrade(url)
    database = Database(url)
    yield database
    database.close()


def test_a_pull_that_could_not_be_put_back_is_put_back_later(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask_for_pull(database, "voice", "cpu", 3)
    commands = Commands(beats(tmp_path), database)
    commands._pull = CommandStore(database).take("voice", "cpu-1")
    commands._process = subprocess.Popen(["/bin/sleep", "300"], start_new_session=True)
    away = Database(f"sqlite:///{tmp_path / 'nowhere' / 'test.db'}")
    with monkeypatch.context() as patch:
        patch.setattr(commands, "_store", CommandStore(away))
        for _ in range(2):
            with pytest.raises(DatabaseUnavailable):
                commands.end()
    away.close()
    commands.end()
    with database.read() as connection:
        assert pulls(connection)["voice"].status == "queued"
    assert commands._process is None
