"""The checks of `make golden`, side by side: a module of its own, as other processes cannot import what is run."""

from __future__ import annotations

import importlib
import os
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

from tests.golden.frame import Component, Outcome


class Task(NamedTuple):
    """One thing to check: its printed name, the function, and what it is called with."""

    name: str
    check: str
    subject: Component | Path


class Ran(NamedTuple):
    """What came of a task."""

    name: str
    outcomes: list[Outcome]
    seconds: float


def ran(tasks: Sequence[Task]) -> Iterator[Ran]:
    """Every task, in order, with one process per core and one thread in each.

    Threads that share out so little work wait for each other far longer than they work where the machine is busy.
    """
    # Not forked: torch may have started threads.
    with ProcessPoolExecutor(len(os.sched_getaffinity(0)), get_context("spawn"), _one_thread) as pool:
        yield from pool.map(_ran, tasks)


def run(task: Task) -> Iterator[Outcome]:
    """The comparisons of one task."""
    module, _, name = task.check.partition(":")
    check: Any = getattr(importlib.import_module(module), name)
    yield from check(task.subject)


def _one_thread() -> None:
    import torch

    torch.set_num_threads(1)


def _ran(task: Task) -> Ran:
    started = time.monotonic()
    return Ran(task.name, list(run(task)), time.monotonic() - started)
