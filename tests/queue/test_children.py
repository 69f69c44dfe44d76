"""A slot's parent ends its own children, and nobody else's process that has the pid of one it had before."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.claims import Held
from workers.children import end_child

_SLEEP = ["sleep", "300"]


@pytest.fixture
def child() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(_SLEEP) as process:
        yield process
        process.kill()


def held_by(pid: int, since: float) -> Held:
    return Held("job_1", 1, f"cpu-1:{pid}:{since:.3f}")


def test_its_own_child_is_ended(child: subprocess.Popen[bytes]) -> None:
    began = time.monotonic() - 1.0
    end_child(held_by(child.pid, began + 0.5), began)
    assert child.wait(timeout=10) == -signal.SIGKILL


def test_a_child_with_the_pid_of_an_earlier_one_is_left_alone(child: subprocess.Popen[bytes]) -> None:
    began = time.monotonic()
    end_child(held_by(child.pid, began - 5.0), began)
    _still_runs(child.pid)


def test_a_strangers_process_is_left_alone() -> None:
    began = time.monotonic() - 1.0
    with subprocess.Popen(["/bin/sh", "-c", "sleep 300 & echo $!; wait"], stdout=subprocess.PIPE, text=True) as shell:
        assert shell.stdout is not None
        stranger = int(shell.stdout.readline())
        try:
            end_child(held_by(stranger, began + 0.5), began)
            _still_runs(stranger)
        finally:
            os.kill(stranger, signal.SIGKILL)


def _still_runs(pid: int) -> None:
    """A signal that was sent would have taken effect when the system next looks at the process."""
    state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    assert state in {"S", "R"}
