"""What only the folder has: our own signed links, durability on disk, and leftovers of killed writers."""

from __future__ import annotations

import io
import signal
import stat
import statistics
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from pipelines.errors import TransientError
from storage.artifacts import artifact_store, content_disposition
from storage.links import LinkSigner, kept_secret, link_signer
from storage.local import LocalArtifacts
from storage.settings import StorageSettings

RESOURCE = "/v1/artifacts/art_1/content"


def test_a_signature_holds_for_its_resource_and_time_only() -> None:
    signer = LinkSigner(b"k" * 32)
    signature = signer.sign(RESOURCE, 1000)
    assert signer.verify(RESOURCE, 1000, signature, now=999.9)
    assert not signer.verify(RESOURCE, 1000, signature, now=1000)
    assert not signer.verify(RESOURCE, 1001, signature, now=0)
    assert not signer.verify("/v1/artifacts/art_2/content", 1000, signature, now=0)
    assert not LinkSigner(b"j" * 32).verify(RESOURCE, 1000, signature, now=0)
    for wrong in ("", "x", signature[:-1], signature + "A", "ü", "\ud800"):
        assert not signer.verify(RESOURCE, 1000, wrong, now=0)
    assert "kkk" not in repr(signer)


def test_the_link_of_a_folder_is_a_path_of_the_api(tmp_path: Path) -> None:
    store = artifact_store(StorageSettings(data_dir=tmp_path, artifacts="local"))
    link = store.link("a/b", resource=RESOURCE, filename="x", media_type="audio/wav", seconds=60, disposition="inline")
    parts = urlsplit(link)
    query = {name: values[0] for name, values in parse_qs(parts.query).items()}
    assert parts.path == RESOURCE
    assert time.time() + 55 < int(query["expires"]) <= time.time() + 60
    assert link_signer(tmp_path).verify(parts.path, int(query["expires"]), query["signature"], time.time())


def test_the_secret_is_made_once_and_private(tmp_path: Path) -> None:
    path = tmp_path / "data" / "link-secret"
    with ProcessPoolExecutor(4, mp_context=get_context("spawn")) as pool:
        made = set(pool.map(kept_secret, [path] * 8))
    assert len(made) == 1
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert sorted(path.parent.iterdir()) == [path]
    path.write_bytes(b"short")
    with pytest.raises(ValueError, match="is not a secret"):
        kept_secret(path)


def test_a_killed_writer_leaves_no_artifact(tmp_path: Path) -> None:
    program = (
        "import os, sys\n"
        "from pathlib import Path\n"
        "from storage.local import LocalArtifacts\n"
        "LocalArtifacts(Path(sys.argv[1])).put('a/b', sys.stdin.buffer, media_type='audio/wav')\n"
    )
    writer = subprocess.Popen([sys.executable, "-c", program, str(tmp_path)], stdin=subprocess.PIPE, cwd=Path.cwd())
    assert writer.stdin
    store = LocalArtifacts(tmp_path)
    writer.stdin.write(b"x" * (3 << 20))
    writer.stdin.flush()
    while not any(path.stat().st_size for path in store.root.rglob(".draft-*")):
        assert writer.poll() is None
    writer.send_signal(signal.SIGKILL)
    writer.wait()
    writer.stdin.close()
    assert store.stat("a/b") is None
    assert list(store.list()) == []
    assert store.drop_partial(3600) == 0
    assert store.drop_partial(0) == 1
    assert not list(store.root.rglob(".draft-*"))


def test_a_full_disk_is_transient_and_leaves_nothing(tmp_path: Path) -> None:
    program = (
        "import io, resource, sys\n"
        "from pathlib import Path\n"
        "from pipelines.errors import TransientError\n"
        "from storage.local import LocalArtifacts\n"
        "store = LocalArtifacts(Path(sys.argv[1]))\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))\n"
        "try:\n"
        "    store.put('a/b', io.BytesIO(bytes(1 << 20)), media_type='audio/wav')\n"
        "except TransientError as error:\n"
        "    print(error.code, list(store.root.rglob('*.*')))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)], check=True, capture_output=True, text=True, cwd=Path.cwd()
    )
    assert done.stdout == "storage_unavailable []\n"


def test_files_are_for_us_alone(tmp_path: Path) -> None:
    store = LocalArtifacts(tmp_path)
    store.put("jobs/job_1/audio.wav", io.BytesIO(b"x"), media_type="audio/wav")
    (path,) = [path for path in store.root.rglob("*") if path.is_file()]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.name == "jobs,job_1,audio.wav"


def test_a_folder_that_cannot_be_written_is_unhealthy(tmp_path: Path) -> None:
    store = LocalArtifacts(tmp_path)
    store.root.rmdir()
    store.root.write_text("a file where a folder was")
    with pytest.raises(TransientError) as caught:
        store.check()
    assert caught.value.code == "storage_unavailable"


def test_an_open_range_can_be_sought_only_whole(tmp_path: Path) -> None:
    store = LocalArtifacts(tmp_path)
    store.put_bytes("a", b"0123456789", media_type="text/plain")
    with store.open("a", start=2, end=8) as stream:
        assert [stream.read(4), stream.read(4), stream.read(4)] == [b"2345", b"67", b""]


def test_local_storage_imports_no_boto3() -> None:
    program = (
        "import sys, storage.local, storage.artifacts, storage.s3\n"
        "print([name for name in ('boto3', 'botocore', 'httpx') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True, cwd=Path.cwd())
    assert done.stdout == "[]\n"


@pytest.mark.parametrize(
    ("kind", "filename", "expected"),
    [
        ("inline", "audio.wav", 'inline; filename="audio.wav"'),
        ("attachment", "a b.wav", 'attachment; filename="a b.wav"'),
        ("attachment", 'a"b\\c/d.wav', 'attachment; filename="a_b_c_d.wav"'),
        ("attachment", "x\r\nSet-Cookie: y", 'attachment; filename="x__Set-Cookie: y"'),
        ("attachment", "né.wav", "attachment; filename=\"n_.wav\"; filename*=UTF-8''n%C3%A9.wav"),
        ("attachment", "50%.wav", "attachment; filename=\"50_.wav\"; filename*=UTF-8''50%25.wav"),
        ("attachment", "", "attachment; filename=\"file\"; filename*=UTF-8''"),
    ],
)
def test_content_disposition(kind: str, filename: str, expected: str) -> None:
    assert content_disposition("inline" if kind == "inline" else "attachment", filename) == expected


def test_durable_puts_are_quick(tmp_path: Path) -> None:
    """A put is one sync of a file and one of a folder: a thousand of them must not need minutes on any disk."""
    store = LocalArtifacts(tmp_path)
    took = []
    for number in range(50):
        begin = time.monotonic()
        store.put_bytes(f"jobs/job_{number}/steps/0/1/audio.wav", bytes(10_000), media_type="audio/wav")
        took.append(time.monotonic() - begin)
    assert statistics.median(took) < 0.1
    assert len(list(store.list())) == 50
