"""A store that is away: a step waits for it with its work in hand, and gives way when it is told to."""

import threading
from pathlib import Path

import pytest

from pipelines.errors import StepCancelled, TransientError
from pipelines.jobs import Action
from storage.artifacts import Stored
from storage.claims import Claim, Signal, SlotChild, Work
from storage.local import LocalArtifacts
from workers.heartbeat import Pulse
from workers.patience import patiently


@pytest.fixture
def pulse() -> Pulse:
    work = Work("job_1", 0, 1, "speech", Action.SYNTHESIZE, "cpu", "tone", {}, "cpu", ())
    return Pulse(Claim(work, SlotChild("cpu-1", "cpu-1:1:1.0"), 1, 0.0, 60.0))


@pytest.fixture
def store(tmp_path: Path) -> LocalArtifacts:
    return LocalArtifacts(tmp_path)


def lose(store: LocalArtifacts) -> Path:
    """Puts a file where the folder was; the folder's new place."""
    away = store.root.rename(store.root.with_name("away"))
    store.root.write_bytes(b"")
    return away


def put(store: LocalArtifacts) -> Stored:
    return store.put_bytes("jobs/1/sound.wav", b"sound", media_type="audio/wav")


def test_what_a_step_made_is_stored_when_the_store_is_back(pulse: Pulse, store: LocalArtifacts) -> None:
    away = lose(store)
    failed = threading.Event()

    def attempt() -> Stored:
        try:
            return put(store)
        except TransientError:
            failed.set()
            raise

    def mend() -> None:
        failed.wait(10)
        store.root.unlink()
        away.rename(store.root)

    mending = threading.Thread(target=mend)
    mending.start()
    stored = patiently(pulse, attempt)
    mending.join()
    assert failed.is_set()
    assert store.read("jobs/1/sound.wav", stored.sha256) == b"sound"


def test_a_step_that_should_stop_does_not_wait(pulse: Pulse, store: LocalArtifacts) -> None:
    lose(store)
    pulse.signal = Signal.CANCEL
    with pytest.raises(StepCancelled):
        patiently(pulse, lambda: put(store))


def test_patience_has_an_end(pulse: Pulse, store: LocalArtifacts) -> None:
    lose(store)
    with pytest.raises(TransientError) as caught:
        patiently(pulse, lambda: put(store), seconds=0.0)
    assert caught.value.code == "storage_unavailable"


def test_other_troubles_are_told_at_once(pulse: Pulse) -> None:
    calls = []

    def refused() -> None:
        calls.append(1)
        raise TransientError("the store said no", code="storage_refused")

    with pytest.raises(TransientError):
        patiently(pulse, refused)
    assert calls == [1]
