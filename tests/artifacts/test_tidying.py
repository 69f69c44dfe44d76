"""Removing bytes that no row names, on both kinds of store."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from migrations import upgrade
from storage.artifacts import ArtifactStore
from storage.database import Database
from storage.garbage import OURS, collect, sweep_orphans
from storage.local import LocalArtifacts
from storage.s3 import S3Artifacts
from storage.submitting import NewArtifact
from tests.services.seaweedfs import options
from tests.storage.house import House


@pytest.fixture(params=["local", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ArtifactStore]:
    if request.param == "local":
        yield LocalArtifacts(tmp_path / "data")
        return
    # A bucket of its own: what no row of this test names is removed from it.
    s3 = S3Artifacts(replace(options(request.getfixturevalue("s3_url")), bucket=f"tidy-{secrets.token_hex(6)}"))
    s3.create_bucket()
    yield s3
    s3.close()


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    url = f"sqlite:///{tmp_path / 'harmony.db'}"
    upgrade(url)
    database = Database(url)
    yield House(database)
    database.close()


def test_bytes_without_a_row_are_removed_and_others_kept(store: ArtifactStore, house: House) -> None:
    kept, deleted, lost = (f"{OURS[0]}{name}/input/audio" for name in ("kept", "deleted", "lost"))
    for key in (kept, deleted, lost):
        store.put_bytes(key, key.encode(), media_type="audio/wav")
    ended = []
    for key in (kept, deleted):
        ended.append(house.submit(inputs=[NewArtifact("audio", key, "audio/wav", 1, "00" * 32)]))
        house.store.cancel(ended[-1])
    house.store.delete(ended[1])
    assert collect(house.database, store) == 1
    assert {item.key for item in store.list()} == {kept, lost}
    sweep_orphans(house.database, store, 3600)
    assert {item.key for item in store.list()} == {kept, lost}, "it is too young"
    # A minute in the future: everything is old enough, whatever the two clocks say.
    assert sweep_orphans(house.database, store, -60.0) == 1
    assert {item.key for item in store.list()} == {kept}


def test_a_host_whose_clock_is_ahead_removes_nothing_too_young(
    store: ArtifactStore, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bytes of an attempt that is about to commit are no orphans, whatever this host takes the time to be."""
    key = f"{OURS[0]}running/steps/0/1/audio.wav"
    store.put_bytes(key, b"la", media_type="audio/wav")
    ahead = time.time() + 7200.0
    monkeypatch.setattr(time, "time", lambda: ahead)
    assert sweep_orphans(house.database, store, 3600) == 0
    assert [item.key for item in store.list()] == [key]
