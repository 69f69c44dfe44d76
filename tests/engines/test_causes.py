"""Every exception that a step may meet has one cause: whether it is tried again, and when."""

import errno
import os
import resource
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy.exc import DataError

from pipelines.errors import Cause, PermanentError, StepError, TransientError
from storage.database import Database, DatabaseUnavailable
from storage.local import LocalArtifacts
from workers.causes import as_step_error

CASES: list[tuple[Exception, Cause, str]] = [
    (MemoryError(), "resource", "out_of_memory"),
    (OSError(errno.ENOMEM, "no memory"), "resource", "out_of_memory"),
    (OSError(errno.ENOSPC, "no space"), "transient", "disk_full"),
    (OSError(errno.EDQUOT, "quota"), "transient", "disk_full"),
    (OSError(errno.EIO, "i/o error"), "transient", "disk_failed"),
    (OSError(errno.EMFILE, "too many files"), "transient", "disk_failed"),
    (ConnectionResetError(), "transient", "dependency_unavailable"),
    (TimeoutError(), "transient", "dependency_unavailable"),
    (DatabaseUnavailable("The database does not answer."), "transient", "database_unavailable"),
    (DataError("INSERT", {}, ValueError("NUL")), "permanent", "internal_error"),
    (FileNotFoundError(errno.ENOENT, "no such file"), "permanent", "engine_error"),
    (ZeroDivisionError("the user's words"), "permanent", "engine_error"),
    (RuntimeError("the user's words"), "permanent", "engine_error"),
]


@pytest.mark.parametrize(("error", "cause", "code"), CASES, ids=[repr(case[0]) for case in CASES])
def test_an_exception_gets_its_cause(error: Exception, cause: Cause, code: str) -> None:
    known = as_step_error(error)
    assert (known.cause, known.code) == (cause, code)
    assert "user's words" not in known.detail


@pytest.mark.parametrize("error", [PermanentError("no", code="audio_empty"), TransientError("later")])
def test_what_knows_its_cause_keeps_it(error: StepError) -> None:
    assert as_step_error(error) is error


@pytest.fixture
def small_files() -> Iterator[None]:
    """No file of this process may grow past 64 KiB, as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (65_536, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.usefixtures("small_files")
def test_a_store_that_is_full_is_tried_again(tmp_path: Path) -> None:
    store = LocalArtifacts(tmp_path)
    with pytest.raises(TransientError) as full:
        store.put_bytes("jobs/a/b", os.urandom(100_000), media_type="audio/wav")
    assert (full.value.cause, full.value.code) == ("transient", "storage_unavailable")
    assert [item.key for item in store.list()] == []


@pytest.mark.usefixtures("small_files")
def test_a_database_whose_disk_is_full_is_away(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'small.db'}")
    with pytest.raises(DatabaseUnavailable) as full, database.write() as connection:
        connection.exec_driver_sql("CREATE TABLE t AS SELECT zeroblob(100000) AS x")
    assert as_step_error(full.value).cause == "transient"
    database.close()
