import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipelines.catalog import Catalog, Family, Model, load_families
from pipelines.errors import PermanentError, ResourceError
from workers.contract import Device
from workers.engines.tone.engine import Tone
from workers.residency import Residency, engine_of
from workers.weights import WeightStore


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        self.now += 1
        return self.now


def family(**changes: object) -> Family:
    return load_families()["tone"].model_copy(update=changes)


@pytest.fixture
def residency_of(tmp_path: Path) -> Callable[..., Residency]:
    """A residency of the tone models a, b and c, which claim 100, 100 and 300 MB."""

    def build(**limits: Any) -> Residency:
        models = {
            name: Model(
                name, family(memory_mb=memory), None, device=Device().kind, pool=None, languages=(), settings={}
            )
            for name, memory in (("a", 100), ("b", 100), ("c", 300))
        }
        return Residency(Catalog(models, {}), WeightStore(tmp_path), Device(), clock=Clock(), **limits)

    return build


def test_an_engine_is_loaded_once_and_shared(residency_of: Callable[..., Residency]) -> None:
    residency = residency_of()
    with residency.use("a") as first, residency.use("a") as second:
        assert isinstance(first, Tone)
        assert first is second
    with residency.use("a") as third:
        assert third is first


def test_two_threads_load_it_once(residency_of: Callable[..., Residency]) -> None:
    residency, seen, barrier = residency_of(), [], threading.Barrier(4)

    def use() -> None:
        barrier.wait()
        with residency.use("a") as engine:
            seen.append(id(engine))
            barrier.wait()

    threads = [threading.Thread(target=use) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen) == 4
    assert len(set(seen)) == 1


def use(residency: Residency, *names: str) -> None:
    for name in names:
        with residency.use(name):
            pass


def test_the_least_recently_used_makes_room(residency_of: Callable[..., Residency]) -> None:
    residency = residency_of(memory_budget_mb=400)
    use(residency, "a", "b", "a")
    assert residency.loaded() == ["b", "a"]
    use(residency, "c")
    assert residency.loaded() == ["a", "c"]


def test_what_is_in_use_is_not_unloaded(residency_of: Callable[..., Residency]) -> None:
    residency = residency_of(memory_budget_mb=300)
    with residency.use("a"):
        with pytest.raises(ResourceError), residency.use("c"):
            pass
        assert residency.loaded() == ["a"]
        assert residency.unload_idle() == []
        assert not residency.unload("a")
    use(residency, "c")
    assert residency.loaded() == ["c"]


def test_the_number_of_models_is_bounded(residency_of: Callable[..., Residency]) -> None:
    residency = residency_of(max_models=1)
    use(residency, "a", "b")
    assert residency.loaded() == ["b"]


def test_a_model_beyond_the_budget_is_refused(residency_of: Callable[..., Residency]) -> None:
    residency = residency_of(memory_budget_mb=200)
    use(residency, "a")
    with pytest.raises(PermanentError, match="300 MB") as caught, residency.use("c"):
        pass
    assert caught.value.code == "model_too_large"
    assert residency.loaded() == ["a"]


def test_idle_models_expire(residency_of: Callable[..., Residency]) -> None:
    residency = residency_of()
    use(residency, "a", "b")  # each use reads the clock: b's is the latest
    assert residency.unload_idle(older_than_s=2) == ["a"]
    assert residency.unload("b")
    assert residency.loaded() == []


def test_an_unknown_model_is_named(residency_of: Callable[..., Residency]) -> None:
    with pytest.raises(PermanentError, match="'nobody'") as caught, residency_of().use("nobody"):
        pass
    assert caught.value.code == "unknown_model"


def test_a_missing_package_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "wants_more.py").write_text("import a_package_nobody_has\n", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(
        PermanentError, match=r"a_package_nobody_has: pip install 'harmony-speech-engine\[more\]'"
    ) as caught:
        engine_of(family(engine="wants_more:Engine", extra="more"))
    assert caught.value.code == "missing_dependency"


def test_whoever_asked_is_told_of_every_change(residency_of: Callable[..., Residency]) -> None:
    told: list[list[str]] = []
    residency = residency_of(max_models=1, changed=told.append)
    with residency.use("a"):
        pass
    with residency.use("a"):
        pass
    with residency.use("b"):
        pass
    residency.unload_idle()
    assert told == [["a"], [], ["b"], []]
