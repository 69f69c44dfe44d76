"""One suite over every artifact store: the folder, and a real S3 server."""

from __future__ import annotations

import hashlib
import io
import os
import secrets
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import BinaryIO, cast
from urllib.parse import parse_qs, urlsplit

import pytest

from pipelines.errors import PermanentError, TransientError
from storage.artifacts import ArtifactStore, artifact_store, content_disposition
from storage.local import LocalArtifacts
from storage.s3 import MULTIPART, PART, S3Artifacts
from storage.s3_client import S3Options
from storage.settings import StorageSettings
from tests.services.seaweedfs import options


@pytest.fixture(params=["local", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ArtifactStore]:
    if request.param == "local":
        yield LocalArtifacts(tmp_path / "data")
        return
    s3 = S3Artifacts(options(request.getfixturevalue("s3_url")))
    yield s3
    s3.close()


@pytest.fixture
def key() -> str:
    """A key of this test's own: tests share the bucket."""
    return f"jobs/job_{secrets.token_hex(8)}/steps/0/3/audio.wav"


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


class Trickle(io.RawIOBase):
    """A source that cannot seek and gives a little at a time, as a request's body does."""

    def __init__(self, data: bytes) -> None:
        self._data = io.BytesIO(data)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        view = memoryview(cast("bytearray", buffer))[:1000]
        return self._data.readinto(view)


def test_what_is_put_is_read(store: ArtifactStore, key: str, tmp_path: Path) -> None:
    data = os.urandom(300_000)
    stored = store.put(key, io.BytesIO(data), media_type="audio/wav")
    assert (stored.bytes, stored.sha256) == (len(data), sha256(data))
    assert store.stat(key) == len(data)
    assert store.read(key, stored.sha256) == data
    store.fetch(key, tmp_path / "copy", stored.sha256)
    assert (tmp_path / "copy").read_bytes() == data


def test_a_source_that_cannot_seek(store: ArtifactStore, key: str) -> None:
    data = os.urandom(50_000)
    stored = store.put(key, cast("BinaryIO", Trickle(data)), media_type="audio/wav")
    assert store.read(key, stored.sha256) == data


def test_a_source_is_read_from_where_it_stands(store: ArtifactStore, key: str) -> None:
    source = io.BytesIO(b"headbody")
    source.seek(4)
    stored = store.put(key, source, media_type="text/plain")
    assert stored.bytes == 4
    assert store.read(key, sha256(b"body")) == b"body"
    assert not source.closed


def test_no_bytes_are_an_artifact_too(store: ArtifactStore, key: str) -> None:
    stored = store.put_bytes(key, b"", media_type="text/plain")
    assert stored.bytes == store.stat(key) == 0
    assert store.read(key, stored.sha256) == b""


def test_a_large_artifact_goes_up_in_parts(store: ArtifactStore, key: str, tmp_path: Path) -> None:
    block = os.urandom(1 << 20)
    source = tmp_path / "large"
    with source.open("wb") as file:
        for _ in range(MULTIPART // len(block) + 3):
            file.write(block)
        file.write(b"odd end")
    with source.open("rb") as file:
        stored = store.put(key, file, media_type="audio/wav")
    assert stored.bytes == source.stat().st_size > MULTIPART > PART
    store.fetch(key, tmp_path / "copy", stored.sha256)
    assert (tmp_path / "copy").read_bytes() == source.read_bytes()
    store.delete(key)


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [(0, None, b"0123456789"), (3, None, b"3456789"), (0, 4, b"0123"), (3, 7, b"3456"), (5, 5, b""), (8, 100, b"89"),
     (10, None, b""), (50, 60, b""), (9, 10, b"9")],
)  # fmt: skip
def test_ranges(store: ArtifactStore, key: str, start: int, end: int | None, expected: bytes) -> None:
    store.put_bytes(key, b"0123456789", media_type="text/plain")
    with store.open(key, start=start, end=end) as stream:
        assert stream.read() == expected


def test_a_range_of_nonsense_is_a_mistake_of_ours(store: ArtifactStore, key: str) -> None:
    for start, end in ((-1, None), (4, 3)):
        with pytest.raises(ValueError, match="range"):
            store.open(key, start=start, end=end)


def test_other_bytes_than_recorded_are_refused(store: ArtifactStore, key: str, tmp_path: Path) -> None:
    store.put_bytes(key, b"changed", media_type="text/plain")
    with pytest.raises(TransientError) as caught:
        store.read(key, sha256(b"original"))
    assert caught.value.code == "artifact_corrupt"
    with pytest.raises(TransientError) as caught:
        store.fetch(key, tmp_path / "copy", sha256(b"original"))
    assert caught.value.code == "artifact_corrupt"
    assert not (tmp_path / "copy").exists()


def test_what_is_not_there(store: ArtifactStore, key: str, tmp_path: Path) -> None:
    assert store.stat(key) is None
    for read in (
        lambda: store.open(key),
        lambda: store.read(key, "0"),
        lambda: store.fetch(key, tmp_path / "copy", "0"),
    ):
        with pytest.raises(PermanentError) as caught:
            read()
        assert caught.value.code == "artifact_missing"
    store.delete(key)


def test_delete_and_replace(store: ArtifactStore, key: str) -> None:
    store.put_bytes(key, b"one", media_type="text/plain")
    second = store.put_bytes(key, b"two!", media_type="text/plain")
    assert store.read(key, second.sha256) == b"two!"
    store.delete(key)
    assert store.stat(key) is None
    store.delete(key)


def test_list_by_prefix(store: ArtifactStore) -> None:
    job = f"jobs/job_{secrets.token_hex(8)}"
    for name in ("a.wav", "steps/0/1/b.json"):
        store.put_bytes(f"{job}/{name}", b"12345", media_type="text/plain")
    store.put_bytes(f"{job}x/c", b"", media_type="text/plain")
    listed = {item.key: item.bytes for item in store.list(f"{job}/")}
    assert listed == {f"{job}/a.wav": 5, f"{job}/steps/0/1/b.json": 5}
    times = [item.modified for item in store.list(job)]
    assert len(times) == 3
    assert max(times) - min(times) < 60


@pytest.mark.parametrize(
    "key",
    ["", "/etc/passwd", "../x", "a/../b", "a//b", "a/", "a b", "a\x00b", "ä", ".hidden", "a/.b", "a,b", "a" * 201],
)
def test_a_key_that_is_not_ours(store: ArtifactStore, key: str) -> None:
    for call in (
        lambda: store.put_bytes(key, b"", media_type="text/plain"),
        lambda: store.open(key),
        lambda: store.stat(key),
        lambda: store.delete(key),
    ):
        with pytest.raises(ValueError, match="not an artifact key"):
            call()


def test_many_threads_at_once(store: ArtifactStore, key: str) -> None:
    def one(number: int) -> bool:
        data = str(number).encode() * 1000
        stored = store.put_bytes(f"{key}-{number}", data, media_type="text/plain")
        return store.read(f"{key}-{number}", stored.sha256) == data

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(one, range(24)))


def test_a_source_that_fails_leaves_nothing(store: ArtifactStore, key: str) -> None:
    class Broken(io.RawIOBase):
        def readable(self) -> bool:
            return True

        def readinto(self, buffer: object) -> int:  # noqa: ARG002 - the base class's signature
            raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        store.put(key, cast("BinaryIO", Broken()), media_type="text/plain")
    assert store.stat(key) is None
    assert list(store.list(key)) == []
    store.drop_partial(0)
    assert store.drop_partial(0) == 0


def test_health(store: ArtifactStore) -> None:
    store.check()


def test_after_a_fork_the_store_still_works(store: ArtifactStore, key: str) -> None:
    stored = store.put_bytes(key, b"before", media_type="text/plain")
    child = os.fork()
    if child == 0:
        try:
            same = store.read(key, stored.sha256) == b"before"
            store.put_bytes(f"{key}-child", b"child", media_type="text/plain")
        finally:
            os._exit(0 if same else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert store.read(f"{key}-child", sha256(b"child")) == b"child"


def fetch(url: str) -> tuple[bytes, dict[str, str]]:
    with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310 - our own address
        return answer.read(), {name.lower(): value for name, value in answer.headers.items()}


def test_a_presigned_link_says_what_it_holds(s3_settings: StorageSettings, key: str) -> None:
    store = artifact_store(s3_settings)
    assert isinstance(store, S3Artifacts)
    store.put_bytes(key, b"RIFF", media_type="application/octet-stream")
    url = store.link(
        key, resource="/unused", filename="Grüße 1.wav", media_type="audio/wav", seconds=60, disposition="attachment"
    )
    data, headers = fetch(url)
    assert data == b"RIFF"
    assert headers["content-type"] == "audio/wav"
    assert headers["content-disposition"] == content_disposition("attachment", "Grüße 1.wav")
    with pytest.raises(urllib.error.HTTPError, match="403"):
        fetch(url.replace("audio.wav", "other.wav"))
    store.close()


def test_a_presigned_link_runs_out(s3_settings: StorageSettings, key: str) -> None:
    store = S3Artifacts(options(str(s3_settings.s3_endpoint)))
    store.put_bytes(key, b"x", media_type="text/plain")
    url = store.link(key, resource="", filename="x", media_type="text/plain", seconds=1, disposition="inline")
    with pytest.raises(urllib.error.HTTPError, match="403"):  # noqa: PT012 - asked until the second is over
        for _ in range(200):
            fetch(url)
            time.sleep(0.05)
    store.close()


def test_links_are_signed_with_the_public_host(s3_settings: StorageSettings, key: str) -> None:
    public = s3_settings.model_copy(update={"s3_public_endpoint": "https://files.example.org"})
    store = artifact_store(public)
    assert isinstance(store, S3Artifacts)
    link = store.link(key, resource="", filename="x", media_type="audio/wav", seconds=60, disposition="inline")
    parts = urlsplit(link)
    assert (parts.scheme, parts.netloc) == ("https", "files.example.org")
    assert parse_qs(parts.query)["X-Amz-SignedHeaders"] == ["host"]
    store.close()


def test_the_checksum_is_beside_the_object(s3_settings: StorageSettings, key: str) -> None:
    store = S3Artifacts(options(str(s3_settings.s3_endpoint)))
    stored = store.put_bytes(key, b"data", media_type="audio/flac")
    head = store._inner().head_object(Bucket=s3_settings.s3_bucket, Key=key)
    assert head["Metadata"] == {"sha256": stored.sha256}
    assert head["ContentType"] == "audio/flac"
    store.close()


def test_an_s3_that_is_away_or_refuses_is_transient(s3_settings: StorageSettings, key: str) -> None:
    wrong = S3Artifacts(
        S3Options(
            bucket=s3_settings.s3_bucket,
            region="us-east-1",
            endpoint=s3_settings.s3_endpoint,
            access_key="testkey",
            secret_key="wrong",
        )
    )
    with pytest.raises(TransientError) as caught:
        wrong.put_bytes(key, b"", media_type="text/plain")
    assert caught.value.code == "storage_refused"
    assert "wrong" not in str(caught.value)
    wrong.close()
    away = S3Artifacts(options("http://127.0.0.1:1"))
    with pytest.raises(TransientError) as caught:
        away.check()
    assert caught.value.code == "storage_unavailable"
    away.close()
