"""Which devices this machine has, found without loading a GPU runtime into this process.

A process that has touched CUDA cannot fork, nor hand its GPU memory back; so torch is never imported here: its build is
read from its version file, and a short child process confirms that a GPU answers.
"""

from __future__ import annotations

import ast
import importlib.util
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

from pipelines.catalog import DeviceClass
from workers.contract import Device

_CONFIRM: Final = "import sys, torch; sys.exit(0 if torch.cuda.is_available() else 3)"
_CONFIRM_SECONDS: Final = 120.0

#: The class of the GPU that torch was built for, None for a CPU build or no torch at all.
Build = Callable[[], DeviceClass | None]
#: Whether a GPU answers.
Confirm = Callable[[], bool]


def torch_build() -> DeviceClass | None:
    """What the installed torch was built for, from `torch/version.py`."""
    spec = importlib.util.find_spec("torch")
    if spec is None or spec.origin is None:
        return None
    versions = _constants(Path(spec.origin).with_name("version.py"))
    if versions.get("hip") is not None:
        return DeviceClass.GPU_AMD
    return DeviceClass.GPU_NVIDIA if versions.get("cuda") is not None else None


def gpu_answers() -> bool:
    """Whether torch, in a process of its own, finds a GPU that works."""
    try:
        done = subprocess.run(
            [sys.executable, "-c", _CONFIRM], capture_output=True, timeout=_CONFIRM_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def find_device_classes(build: Build = torch_build, confirm: Confirm = gpu_answers) -> tuple[DeviceClass, ...]:
    """The device classes a worker on this machine serves by itself: its GPU's, else the CPU."""
    gpu = build()
    return (gpu,) if gpu is not None and confirm() else (DeviceClass.CPU,)


def torch_device(device: Device) -> str:
    """What torch calls it; its ROCm build answers to `cuda` too."""
    return "cpu" if device.kind is DeviceClass.CPU else f"cuda:{device.index}"


def _constants(source: Path) -> dict[str, object]:
    """The names that a module binds to literals, read without running it."""
    try:
        tree = ast.parse(source.read_text(encoding="utf-8"))
    except (OSError, SyntaxError):
        return {}
    found: dict[str, object] = {}
    for node in tree.body:
        if isinstance(node, ast.Assign):
            targets = node.targets
        elif isinstance(node, ast.AnnAssign):
            targets = [node.target]
        else:
            continue
        if isinstance(node.value, ast.Constant):
            found.update({target.id: node.value.value for target in targets if isinstance(target, ast.Name)})
    return found
