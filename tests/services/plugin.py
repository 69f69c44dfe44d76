"""Fixtures of real services: each server starts once per run, on first use, whichever xdist worker asks first.

The run's folder and lock make them shared; the process that began the run (the controller under xdist) ends them.
A service that cannot start is an error, never a skip.
"""

from __future__ import annotations

import fcntl
import json
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from storage.settings import StorageSettings
from tests.services.postgres import Databases, Postgres
from tests.services.process import Service
from tests.services.seaweedfs import ACCESS_KEY, BUCKET, SECRET_KEY, SeaweedFS
from tests.services.valkey import Valkey, flushed_url

STOP_TIMEOUT = 20
FOLDER = pytest.StashKey[Path]()


def pytest_configure(config: pytest.Config) -> None:
    """A folder that other users may enter (PostgreSQL runs as one), made by the process that began the run."""
    given = getattr(config, "workerinput", {}).get("services_folder")
    # Services started by this run only; the random name and the owner's write rights keep others out.
    folder = Path(given) if given else Path(tempfile.mkdtemp(prefix="harmony-services-"))
    folder.chmod(0o755)
    config.stash[FOLDER] = folder


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tells an xdist worker where the run's services are."""
    node.workerinput["services_folder"] = str(node.config.stash[FOLDER])


def pytest_unconfigure(config: pytest.Config) -> None:
    """Ends what the run started; only in the process that began it."""
    if hasattr(config, "workerinput") or FOLDER not in config.stash:
        return
    for record in config.stash[FOLDER].glob("*.json"):
        _end(json.loads(record.read_text()))
    shutil.rmtree(config.stash[FOLDER], ignore_errors=True)


@pytest.fixture(scope="session")
def postgres(pytestconfig: pytest.Config) -> Databases:
    """The run's PostgreSQL server (without fsync: nothing here outlives the run)."""
    record = _shared(pytestconfig.stash[FOLDER], "postgres", lambda folder: Postgres(folder, durable=False))
    return Databases(record["port"])


@pytest.fixture
def postgres_url(postgres: Databases) -> Iterator[str]:
    """The SQLAlchemy URL of an empty database for this test."""
    url = postgres.fresh()
    yield url
    postgres.drop(url)


@pytest.fixture
def valkey_url(pytestconfig: pytest.Config) -> str:
    """An empty database of the run's Valkey server; each xdist worker has a number of its own."""
    record = _shared(pytestconfig.stash[FOLDER], "valkey", Valkey)
    worker = getattr(pytestconfig, "workerinput", {}).get("workerid", "gw0")
    return flushed_url(record["port"], int(worker.removeprefix("gw")) % 16)


@pytest.fixture(scope="session")
def s3_url(pytestconfig: pytest.Config) -> str:
    """The endpoint of the run's S3 server."""
    return str(_shared(pytestconfig.stash[FOLDER], "seaweedfs", SeaweedFS)["url"])


@pytest.fixture
def s3_settings(s3_url: str, tmp_path: Path) -> StorageSettings:
    """Settings that keep artifacts in the run's bucket; tests share it, so their keys must be their own."""
    return StorageSettings(
        data_dir=tmp_path,
        artifacts="s3",
        s3_endpoint=s3_url,
        s3_bucket=BUCKET,
        s3_region="us-east-1",
        s3_access_key=ACCESS_KEY,
        s3_secret_key=SECRET_KEY,
        s3_path_style=True,
    )


def _shared(folder: Path, name: str, make: Callable[[Path], Service]) -> dict[str, Any]:
    """Starts a service unless the run has it; returns its record: pid, created, port, url."""
    record = folder / f"{name}.json"
    with _locked(folder / f"{name}.lock"):
        if not record.exists():
            service = make(folder / name).start()
            facts = {
                "pid": service.pid,
                "created": psutil.Process(service.pid).create_time(),
                "stop": service.quick_stop,
            }
            record.write_text(json.dumps(facts | {"port": service.port, "url": service.url}))
            _KEPT.append(service)
    return dict(json.loads(record.read_text()))


#: Popen objects complain when they are collected while their process runs.
_KEPT: list[Service] = []


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _end(record: dict[str, Any]) -> None:
    try:
        process = psutil.Process(record["pid"])
        # The number may belong to somebody else by now.
        if process.create_time() == record["created"]:
            process.send_signal(record["stop"])
            process.wait(STOP_TIMEOUT)
    except psutil.NoSuchProcess:
        return
