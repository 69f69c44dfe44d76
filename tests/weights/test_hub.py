"""Weights of a hub: pinned to a commit, resumed, checked, and never asked for again."""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipelines.catalog import WeightFile, WeightSet
from tests.weights.hubs import COMMIT, NEXT_COMMIT, Hub, hub
from workers.weights import WeightProgress, WeightsCorrupt, WeightsOffline, WeightStore, WeightsUnavailable

LARGE = os.urandom(3_000_001)
SMALL = b'{"rate": 24000}'


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    with hub(
        first={"model.bin": LARGE, "sub dir/config.json": SMALL},
        second={"model.bin": LARGE[::-1], "sub dir/config.json": b"{}"},
    ) as running:
        monkeypatch.setenv("HF_ENDPOINT", running.endpoint)
        for name in ("HF_TOKEN", "HF_HUB_OFFLINE", "HARMONY_OFFLINE"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setattr("workers.weights.download._PAUSE", 0.0)
        yield running


@pytest.fixture
def store(tmp_path: Path) -> WeightStore:
    return WeightStore(tmp_path / "cache")


def weights(revision: str = "main", repo: str = "acme/voice", path: str = "model.bin", **pins: object) -> WeightSet:
    file = WeightFile.model_validate(
        {"path": path.rpartition("/")[2], "sources": [[f"hf:{repo}@{revision}/{path}"]], **pins}
    )
    return WeightSet(licence="MIT", files=(file,))


def test_large_and_small_files_arrive(site: Hub, store: WeightStore) -> None:
    large, small = weights(), weights(path="sub dir/config.json")
    assert not store.present(large)
    assert (store.ensure(large, "voice") / "model.bin").read_bytes() == LARGE
    assert (store.ensure(small, "voice") / "config.json").read_bytes() == SMALL
    assert store.present(large)
    assert (store.verify(large), store.verify(small)) == ([], [])
    assert list((store.cache / "partial").iterdir()) == []


def test_what_is_cached_needs_no_hub(site: Hub, store: WeightStore, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = store.ensure(weights(), "voice")
    asked = len(site.seen)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert WeightStore(store.cache).ensure(weights(), "voice") == folder
    assert len(site.seen) == asked


def test_a_branch_stays_the_commit_that_it_was(site: Hub, store: WeightStore) -> None:
    store.ensure(weights(), "voice")
    site.main = NEXT_COMMIT
    # Another file of the same branch comes from the same commit.
    assert (store.ensure(weights(path="sub dir/config.json"), "voice") / "config.json").read_bytes() == SMALL
    assert (store.ensure(weights(NEXT_COMMIT), "voice") / "model.bin").read_bytes() == LARGE[::-1]
    # Until it is asked for anew.
    store.remove(weights())
    assert (store.ensure(weights(), "voice") / "model.bin").read_bytes() == LARGE[::-1]


def test_a_commit_in_the_source_is_what_is_asked_for(site: Hub, store: WeightStore) -> None:
    site.main = NEXT_COMMIT
    assert (store.ensure(weights(COMMIT), "voice") / "model.bin").read_bytes() == LARGE


def test_a_cut_connection_is_gone_on_with(site: Hub, store: WeightStore) -> None:
    site.cuts = [1_000_000, 500_000]
    assert (store.ensure(weights(), "voice") / "model.bin").read_bytes() == LARGE
    starts = [int((wanted or "bytes=0-").removeprefix("bytes=").rstrip("-")) for _, wanted in site.gets()]
    assert starts == sorted(set(starts))
    assert starts[1] == 1_000_000
    assert len(starts) == 3


def test_a_dead_source_is_named_and_the_next_try_goes_on(site: Hub, store: WeightStore) -> None:
    site.cuts = [2_000_000, 0, 0, 0]
    with pytest.raises(WeightsUnavailable, match="2000000 of 3000001 bytes are here") as caught:
        store.ensure(weights(), "voice")
    assert (caught.value.code, caught.value.cause) == ("weights_unavailable", "transient")
    assert not store.present(weights())
    site.seen.clear()
    assert (store.ensure(weights(), "voice") / "model.bin").read_bytes() == LARGE
    assert site.gets() == [("cdn", "bytes=2000000-")]


def test_a_server_without_ranges_begins_anew(site: Hub, store: WeightStore) -> None:
    site.ranges, site.cuts = False, [1_000_000]
    assert (store.ensure(weights(), "voice") / "model.bin").read_bytes() == LARGE


@pytest.mark.parametrize(
    ("path", "content"), [("model.bin", LARGE), ("sub dir/config.json", SMALL)], ids=["sha", "git"]
)
def test_other_bytes_than_stated_are_refused(site: Hub, store: WeightStore, path: str, content: bytes) -> None:
    site.wrong = content[::-1]
    with pytest.raises(WeightsCorrupt, match="stated") as caught:
        store.ensure(weights(path=path), "voice")
    assert caught.value.cause == "permanent"
    assert list((store.cache / "partial").iterdir()) == []
    # Once the hub is mended, nothing of the wrong bytes is left.
    site.wrong = None
    store.ensure(weights(path=path), "voice")


def test_more_bytes_than_stated_are_not_read_to_the_end(site: Hub, store: WeightStore) -> None:
    site.wrong = LARGE + bytes(50_000_000)
    with pytest.raises(WeightsCorrupt, match="more than the 3000001 bytes"):
        store.ensure(weights(), "voice")


def test_what_is_pinned_counts_more_than_what_is_stated(site: Hub, store: WeightStore) -> None:
    digest = hashlib.sha256(LARGE).hexdigest()
    store.ensure(weights(sha256=digest, bytes=len(LARGE)), "voice")
    assert not (store.cache / "locks" / "files").exists(), "a pinned file needs no lock"
    with pytest.raises(WeightsCorrupt, match="pinned"):
        store.ensure(weights(NEXT_COMMIT, sha256=digest), "voice")


def test_a_token_opens_a_gated_repository_and_stays_with_the_hub(
    site: Hub, store: WeightStore, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    site.token = "hf_secret"
    with pytest.raises(WeightsUnavailable, match="HF_TOKEN"):
        store.ensure(weights(), "voice")
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    store.ensure(weights(), "voice")
    assert {authorization for _, host, _, _, authorization in site.seen if host == "cdn"} == {None}
    assert "hf_secret" not in caplog.text


def test_a_renamed_repository_is_followed(site: Hub, store: WeightStore) -> None:
    assert (store.ensure(weights(repo="acme/old-name"), "voice") / "model.bin").read_bytes() == LARGE


def test_what_is_not_there_is_said(site: Hub, store: WeightStore) -> None:
    with pytest.raises(WeightsUnavailable, match=r"absent\.bin: there is no such repository, revision or file"):
        store.ensure(weights(path="absent.bin"), "voice")


def test_no_hub_is_said(site: Hub, store: WeightStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(WeightsUnavailable, match="cannot be reached: ConnectError"):
        store.ensure(weights(), "voice")


@pytest.mark.parametrize("name", ["HF_HUB_OFFLINE", "HARMONY_OFFLINE"])
def test_offline_names_what_forbids_it(
    site: Hub, store: WeightStore, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, "1")
    with pytest.raises(WeightsOffline, match=f"{name} forbids") as caught:
        store.ensure(weights(), "voice")
    assert (caught.value.code, caught.value.cause) == ("weights_offline", "permanent")
    assert site.seen == []


def test_the_total_is_learnt_before_the_first_byte(site: Hub, store: WeightStore) -> None:
    both = WeightSet(licence="MIT", files=(*weights().files, *weights(path="sub dir/config.json").files))
    assert both.bytes == 0
    seen: list[WeightProgress] = []
    store.ensure(both, "voice", seen.append)
    fetching = [progress for progress in seen if progress.phase == "fetching"]
    assert {progress.total for progress in fetching} == {len(LARGE) + len(SMALL)}
    done = [progress.done for progress in seen]
    assert done == sorted(done)
    assert seen[-1].done == len(LARGE) + len(SMALL)


def test_parts_of_a_hub_are_joined(site: Hub, store: WeightStore) -> None:
    parts = (f"hf:acme/voice@{COMMIT}/model.bin", f"hf:acme/voice@{NEXT_COMMIT}/model.bin")
    joined = WeightSet(licence="MIT", files=(WeightFile(path="whole.bin", sources=(parts,)),))
    assert (store.ensure(joined, "voice") / "whole.bin").read_bytes() == LARGE + LARGE[::-1]
    assert store.verify(joined) == []
