"""What a slot says of itself with each beat: its child's models, its memory, the weights on its host."""

from __future__ import annotations

import logging
import multiprocessing
import os
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pytest

from pipelines.catalog import Catalog, DeviceClass, Model, WeightFile, WeightSet, load_families
from storage.slots import SlotFacts
from workers import memory
from workers.beats import Beats
from workers.board import VARIABLE, Board, Reporter
from workers.contract import Device
from workers.memory import DeviceMemory, gpu_memory, machine_mb, resident_mb
from workers.settings import WorkerSettings

GPU = Device(DeviceClass.GPU_NVIDIA, index=1)
SMALL = WeightSet(licence="MIT", files=(WeightFile(path="a.bin", sha256="0" * 64, bytes=3, sources=(("x",),)),))


def tell(models: list[str], told: Any, end: Any) -> None:
    """What a slot's child does, then it waits for its end."""
    Reporter(Device()).tell(models)
    told.set()
    end.wait(60)


def beats(folder: Path, device: str = "cpu") -> Beats:
    """Of a slot that serves `voice` (with weights) and `tone`; `other` runs on another queue."""
    family = load_families()["tone"]
    needs = family.model_copy(update={"weights": {"small": SMALL}})
    models = {
        "tone": Model("tone", family, None, DeviceClass.CPU, None, (), {}),
        "voice": Model("voice", needs, "small", DeviceClass.CPU, None, (), {}),
        "other": Model("other", needs, "small", DeviceClass.GPU_AMD, None, (), {}),
    }
    facts = SlotFacts("cpu-1", ["cpu"], "host", os.getpid(), device, 1)
    return Beats(facts, Catalog(models, {}), WorkerSettings(cache_dir=folder, memory_budget_mb=4000))


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_the_parent_learns_what_its_child_has_loaded_until_that_is_gone(tmp_path: Path, method: str) -> None:
    slot = beats(tmp_path)
    assert slot.state().loaded == ()
    context: Any = multiprocessing.get_context(method)
    told, end = context.Event(), context.Event()
    child = context.Process(target=tell, args=(["tone", "voice"], told, end))
    child.start()
    assert told.wait(30)
    assert list(slot.state().loaded) == ["tone", "voice"]
    child.kill()
    child.join(30)
    assert slot.state().loaded == ()


def test_a_notice_that_is_being_written_is_not_read() -> None:
    board = Board()
    assert board.read() is None
    Reporter(Device()).tell(["tone"])
    notice = board.read()
    assert notice is not None
    assert (notice.pid, notice.models, notice.gpu) == (os.getpid(), ["tone"], None)
    with Path(os.environ[VARIABLE]).open("r+b") as page:
        page.seek(12)
        page.write(b"?")
    assert board.read() is None
    Reporter(Device()).tell([])
    shorter = board.read()
    assert shorter is not None
    assert shorter.models == []


def test_a_child_goes_on_without_its_parent(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setenv(VARIABLE, "/proc/none/fd/3")
    with caplog.at_level(logging.WARNING):
        Reporter(Device()).tell(["tone"])
    assert "notice_failed" in caplog.text


def test_weights_are_seen_when_they_are_looked_for(tmp_path: Path) -> None:
    slot = beats(tmp_path)
    assert slot.state().weights == []
    folder = slot._weights._folder(slot._weights._pins(SMALL) or ())
    folder.mkdir(parents=True)
    (folder / "a.bin").write_bytes(b"abc")
    assert slot.state().weights == [], "not looked at with every beat"
    slot.look()
    assert slot.state().weights == ["voice"]


def test_a_cache_that_cannot_be_read_holds_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "sets").write_text("no folder")
    with caplog.at_level(logging.WARNING):
        assert beats(tmp_path).state().weights == []
    assert "cache_unreadable model=voice" in caplog.text


def test_memory_counts_what_the_slot_started() -> None:
    before = resident_mb(os.getpid())
    hold = "x = bytearray(200_000_000); x[::4096] = b'1' * len(x[::4096]); print(flush=True); input()"
    with subprocess.Popen([sys.executable, "-c", hold], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.readline()
        assert 200 <= resident_mb(os.getpid()) - before < 300
        child.communicate(b"\n")
    assert resident_mb(os.getpid()) - before < 100
    assert resident_mb(child.pid) == 0


def test_memory_is_told_while_processes_come_and_go() -> None:
    with subprocess.Popen(["/bin/sh", "-c", "while :; do (:); done"]) as busy:
        try:
            end = time.monotonic() + 4
            while time.monotonic() < end:
                resident_mb(busy.pid)
        finally:
            busy.kill()


def test_a_state_that_cannot_be_told_costs_no_beat(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    slot = beats(tmp_path)
    before = slot.state()
    assert before.used_mb
    # What no kernel does: where the threads are listed lies a file.
    (tmp_path / str(os.getpid())).mkdir()
    (tmp_path / str(os.getpid()) / "task").write_text("no folder")
    with monkeypatch.context() as patch:
        patch.setattr(memory, "_PROC", tmp_path)
        assert [slot.state() for _ in range(2)] == [before, before]
    assert caplog.text.count("state_unknown slot=cpu-1") == 1
    assert slot.state().used_mb


def test_a_slot_on_a_processor_tells_its_memory(tmp_path: Path) -> None:
    state = beats(tmp_path).state()
    whole = machine_mb()
    assert whole is not None
    assert whole <= psutil.virtual_memory().total / 1e6
    assert state.used_mb is not None
    assert 20 < state.used_mb < whole
    assert (state.total_mb, state.budget_mb) == (whole, 4000)


def fake_torch(*, initialized: bool) -> SimpleNamespace:
    """As much of torch as is asked, for one who has no GPU: two cards of 8 GB, the second with 3 GB in use."""
    free = {0: 8_000_000_000, 1: 5_000_000_000}
    return SimpleNamespace(
        cuda=SimpleNamespace(
            is_initialized=lambda: initialized,
            mem_get_info=lambda index: (free[index], 8_000_000_000),
            get_device_name=lambda index: f"Card {index}",
        )
    )


def test_a_gpu_is_told_as_torch_says_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", fake_torch(initialized=True))
    assert gpu_memory(GPU) == DeviceMemory("Card 1", 3000, 8000)
    assert gpu_memory(Device()) is None
    slot = beats(tmp_path, "gpu-nvidia")
    assert (slot.state().device_name, slot.state().used_mb, slot.state().total_mb) == (None, None, None)


def test_a_gpu_is_not_touched_only_to_be_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", fake_torch(initialized=False))
    assert gpu_memory(GPU) is None
    monkeypatch.delitem(sys.modules, "torch")
    assert gpu_memory(GPU) is None
    # Half of torch, while another thread imports it.
    monkeypatch.setitem(sys.modules, "torch", SimpleNamespace())
    assert gpu_memory(GPU) is None
