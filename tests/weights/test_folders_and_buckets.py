"""Weights of folders, whose changes are noticed, and of S3."""

import hashlib
import os
from pathlib import Path

import pytest

from pipelines.catalog import WeightFile, WeightSet, load_catalog
from storage.s3_client import make_client
from tests.services.seaweedfs import ACCESS_KEY, BUCKET, SECRET_KEY, options
from workers.weights import WeightsCorrupt, WeightsError, WeightsOffline, WeightStore, WeightsUnavailable
from workers.weights.buckets import Buckets

FIRST = os.urandom(300_000)


@pytest.fixture
def store(tmp_path: Path) -> WeightStore:
    return WeightStore(tmp_path / "cache")


def weights(source: str, path: str = "model.bin", **pins: object) -> WeightSet:
    return WeightSet(licence="MIT", files=(WeightFile.model_validate({"path": path, "sources": [[source]], **pins}),))


def test_a_folder_of_the_configuration_replaces_the_published_source(tmp_path: Path, store: WeightStore) -> None:
    config = tmp_path / "config.yml"
    config.write_text(
        f"models: [{{name: mine, family: silero_vad, weights: v6, source: 'path:{tmp_path}/tuned', revision: r2}}]"
    )
    (tmp_path / "tuned").mkdir()
    (tmp_path / "tuned" / "silero_vad.onnx").write_bytes(FIRST)
    model = load_catalog(config).models["mine"]
    assert model.weights is not None
    assert (store.ensure(model.weights, "mine") / "silero_vad.onnx").read_bytes() == FIRST
    assert model.weights_revision.endswith("@r2")


def test_a_copy_is_taken_and_a_change_is_noticed(tmp_path: Path, store: WeightStore) -> None:
    file = tmp_path / "model.bin"
    file.write_bytes(FIRST)
    wanted = weights(f"path:{file}")
    folder = store.ensure(wanted, "mine")
    file.write_bytes(FIRST[::-1])
    assert (folder / "model.bin").read_bytes() == FIRST, "what an engine has open stays"
    assert not store.present(wanted)
    changed = store.ensure(wanted, "mine")
    assert changed != folder
    assert (changed / "model.bin").read_bytes() == FIRST[::-1]


def test_the_copy_serves_where_the_folder_is_gone(tmp_path: Path, store: WeightStore) -> None:
    file = tmp_path / "model.bin"
    file.write_bytes(FIRST)
    folder = store.ensure(weights(f"path:{file}"), "mine")
    file.unlink()
    assert store.ensure(weights(f"path:{file}"), "mine") == folder


def test_the_home_folder_and_empty_files_are_understood(
    tmp_path: Path, store: WeightStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("HARMONY_OFFLINE", "1")
    (tmp_path / "empty.txt").write_bytes(b"")
    assert (store.ensure(weights("path:~/empty.txt", "empty.txt"), "mine") / "empty.txt").read_bytes() == b""


@pytest.mark.parametrize(
    ("name", "sentence", "code"),
    [
        ("absent.bin", "No such file", "weights_missing"),
        ("sub", "not a file", "weights_missing"),
        # A folder may be mounted later; what it lacks it will lack the next time, too.
        ("away/model.bin", "No such file", "weights_unavailable"),
    ],
)
def test_what_is_no_file_is_said(tmp_path: Path, store: WeightStore, name: str, sentence: str, code: str) -> None:
    (tmp_path / "sub").mkdir()
    with pytest.raises(WeightsError, match=sentence) as caught:
        store.ensure(weights(f"path:{tmp_path}/{name}"), "mine")
    assert caught.value.code == code


def test_a_pinned_hash_is_kept_to(tmp_path: Path, store: WeightStore) -> None:
    (tmp_path / "model.bin").write_bytes(FIRST)
    with pytest.raises(WeightsCorrupt, match="pinned"):
        store.ensure(weights(f"path:{tmp_path}/model.bin", sha256="0" * 64), "mine")
    assert (tmp_path / "model.bin").read_bytes() == FIRST


@pytest.fixture
def bucket(s3_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A prefix of the run's bucket, with an object under it; the settings name the store."""
    monkeypatch.setenv("HARMONY_WEIGHTS_S3_ENDPOINT", s3_url)
    monkeypatch.setenv("HARMONY_WEIGHTS_S3_ACCESS_KEY", ACCESS_KEY)
    monkeypatch.setenv("HARMONY_WEIGHTS_S3_SECRET_KEY", SECRET_KEY)
    prefix = f"weights/{tmp_path.name}-{os.urandom(4).hex()}"
    put(s3_url, f"{prefix}/model.bin", FIRST)
    return f"s3:{BUCKET}/{prefix}"


def put(url: str, key: str, content: bytes) -> None:
    client = make_client(options(url), url)
    client.put_object(Bucket=BUCKET, Key=key, Body=content)
    client.close()


@pytest.mark.services
def test_objects_arrive(bucket: str, store: WeightStore) -> None:
    wanted = weights(f"{bucket}/model.bin")
    assert (store.ensure(wanted, "mine") / "model.bin").read_bytes() == FIRST
    assert store.verify(wanted) == []
    assert WeightStore(store.cache).present(wanted)


@pytest.mark.services
def test_an_object_is_gone_on_with(bucket: str, store: WeightStore) -> None:
    wanted = f"{bucket}/model.bin"
    origin = Buckets()
    stated = origin.state(wanted)
    assert stated.size == len(FIRST)
    with origin.read(stated, 200_000) as reading:
        assert (reading.start, b"".join(reading.blocks)) == (200_000, FIRST[200_000:])
    origin.close()
    # What an earlier process had of it is taken up.
    partial = store.cache / "partial"
    partial.mkdir(parents=True)
    key = hashlib.sha256(f"{stated.source}\n{stated.version}".encode()).hexdigest()[:40]
    (partial / key).write_bytes(FIRST[:100_000])
    assert (store.ensure(weights(wanted), "mine") / "model.bin").read_bytes() == FIRST


@pytest.mark.services
def test_an_object_that_was_replaced_meanwhile_is_not_mixed(bucket: str, s3_url: str) -> None:
    origin = Buckets()
    stated = origin.state(f"{bucket}/model.bin")
    put(s3_url, f"{bucket.partition('/')[2]}/model.bin", FIRST[::-1])
    with pytest.raises(WeightsUnavailable, match="replaced"), origin.read(stated, 5) as reading:
        list(reading.blocks)
    origin.close()


@pytest.mark.services
def test_what_the_store_says_is_passed_on_without_keys(
    bucket: str, store: WeightStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(WeightsUnavailable, match="the store has no such object"):
        store.ensure(weights(f"{bucket}/absent.bin"), "mine")
    monkeypatch.setenv("HARMONY_WEIGHTS_S3_SECRET_KEY", "wrong-secret")
    with pytest.raises(WeightsUnavailable, match="the store refuses") as caught:
        store.ensure(weights(f"{bucket}/model.bin"), "mine")
    assert "wrong-secret" not in caught.value.detail
    monkeypatch.setenv("HARMONY_OFFLINE", "1")
    with pytest.raises(WeightsOffline):
        store.ensure(weights(f"{bucket}/model.bin"), "mine")
