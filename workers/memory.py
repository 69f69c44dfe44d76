"""How much memory processes and devices have, as the kernel and torch say. In MB of 10⁶ bytes; None where unknown."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pipelines.catalog import DeviceClass

if TYPE_CHECKING:
    # A slot's parent reads memory, and needs no numpy for it.
    from workers.contract import Device

_PROC: Final = Path("/proc")
#: Where the limit of a container's memory stands, in cgroups of version 2.
_LIMIT: Final = Path("/sys/fs/cgroup/memory.max")
_MB: Final = 1_000_000
_KB: Final = 1024


@dataclass(frozen=True)
class DeviceMemory:
    """What a GPU says of itself: `used_mb` of all who use it."""

    name: str
    used_mb: int
    total_mb: int


def resident_mb(pid: int) -> int:
    """Resident memory of the process and all that it started; pages that they share count for each.

    Sources: proc_pid_status(5), VmRSS; proc_tid_children(5).
    """
    return sum(_field(_PROC / str(member) / "status", "VmRSS") for member in _tree(pid)) // _MB


def machine_mb() -> int | None:
    """The memory of this machine, or of the container if that may have less."""
    total = _field(_PROC / "meminfo", "MemTotal")
    try:
        limit = int(_LIMIT.read_text(encoding="ascii"))
    except (OSError, ValueError):  # no container, or `max`: no limit
        limit = total
    return min(total, limit) // _MB or None


def processor_name() -> str | None:
    """The processor as the kernel names it; not every architecture says."""
    try:
        text = (_PROC / "cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    names = (line.partition(":")[2].strip() for line in text.splitlines() if line.startswith("model name"))
    return next(names, None)


def gpu_memory(device: Device) -> DeviceMemory | None:
    """What torch says of the GPU, in the process that uses it through torch; it is not loaded for this."""
    cuda = getattr(sys.modules.get("torch"), "cuda", None)
    if device.kind is DeviceClass.CPU or cuda is None or not cuda.is_initialized():
        return None
    free, total = cuda.mem_get_info(device.index)
    return DeviceMemory(cuda.get_device_name(device.index), (total - free) // _MB, total // _MB)


def _tree(pid: int) -> list[int]:
    """The process and its descendants, as far as they can be seen."""
    found, left = [], [pid]
    while left:
        found.append(current := left.pop())
        left.extend(_children(_PROC / str(current) / "task"))
    return found


def _children(tasks: Path) -> Iterator[int]:
    """What the threads of a process have started; either may end, and be gone, while we look."""
    try:
        threads = list(tasks.iterdir())
    except (FileNotFoundError, ProcessLookupError):
        return
    for thread in threads:
        try:
            started = (thread / "children").read_text(encoding="ascii")
        except (FileNotFoundError, ProcessLookupError):
            continue
        yield from map(int, started.split())


def _field(path: Path, name: str) -> int:
    """The field of a file of /proc that is given in kB, in bytes; 0 if the process has ended."""
    try:
        text = path.read_text(encoding="ascii", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return 0
    for line in text.splitlines():
        key, _, value = line.partition(":")
        if key == name:
            return int(value.split()[0]) * _KB
    return 0
