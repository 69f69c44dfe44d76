"""Golden vectors: made-up weights, recorded inputs, and what the original programs computed from them.

The layout is explained in `tests/data/golden/README.md`; any folder of the same layout can be checked.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.golden.fill import fill

Array = NDArray[Any]


@dataclass(frozen=True)
class Outcome:
    """One comparison. Errors are the largest over all numbers; `note` says what was not compared, and why."""

    name: str
    max_abs: float
    max_rel: float
    passed: bool
    note: str = ""


@dataclass(frozen=True)
class Component:
    """One network with its made-up weights: the small one, or the published size."""

    folder: Path
    #: `manifest` or `manifest_full`.
    stem: str

    @cached_property
    def manifest(self) -> dict[str, Any]:
        loaded: dict[str, Any] = json.loads((self.folder / f"{self.stem}.json").read_text(encoding="utf-8"))
        return loaded

    @property
    def is_full(self) -> bool:
        return self.stem == "manifest_full"

    @cached_property
    def run(self) -> Mapping[str, Any]:
        """What says seed, scale, tolerance, arrays and cases: the manifest, or its `check` entry at full size."""
        return {**self.manifest, **self.manifest["check"]} if self.is_full else self.manifest

    @property
    def config(self) -> dict[str, Any]:
        """What lies as `config.json` beside the published weights."""
        config: dict[str, Any] = self.manifest["config"]
        return config

    @cached_property
    def arrays(self) -> dict[str, Array]:
        """Every recorded array, inputs and outputs, by name."""
        name = "golden_full.npz" if self.is_full else "golden.npz"
        with np.load(self.folder / name, allow_pickle=False) as file:
            return {key: file[key] for key in file.files}

    @cached_property
    def weights(self) -> dict[str, Array]:
        """The made-up weights by key, scaled and tied as the manifest says."""
        run = self.run
        made: dict[str, Array] = fill(self.manifest["keys"], run["seed"])
        for key, factor in run.get("scale", {}).items():
            made[key] = made[key] * np.float32(factor)
        for key, other in run.get("tied", {}).items():
            made[key] = made[other]
        return made

    def compare(self, name: str, actual: Array, *, label: str | None = None, exact: bool = False) -> Outcome:
        """`actual` against the recorded array `name`, within the manifest's tolerance."""
        expected = self.arrays[name]
        tolerance = self.run["tolerance"]
        return compare(
            label or name,
            actual,
            expected,
            atol=0.0 if exact else tolerance["atol"],
            rtol=0.0 if exact else tolerance["rtol"],
        )


def compare(name: str, actual: Array, expected: Array, *, atol: float, rtol: float) -> Outcome:
    """The largest differences; passed if none exceeds `atol + rtol · |expected|` and the shapes agree."""
    if actual.shape != expected.shape:
        return Outcome(name, float("inf"), float("inf"), passed=False, note=f"{actual.shape}, not {expected.shape}")
    if expected.size == 0:
        return Outcome(name, 0.0, 0.0, passed=True)
    actual, expected = actual.astype(np.float64), expected.astype(np.float64)
    difference = np.abs(actual - expected)
    # Relative errors of what is as good as zero say nothing.
    scale = np.maximum(np.abs(expected), max(atol, 1e-12))
    passed = bool(np.all(difference <= atol + rtol * np.abs(expected)))
    return Outcome(name, float(difference.max()), float((difference / scale).max()), passed=passed)


def same(name: str, actual: object, expected: object, note: str = "") -> Outcome:
    """An exact comparison of what is no array: phones, tones, ids."""
    passed = actual == expected
    error = 0.0 if passed else float("inf")
    return Outcome(name, error, error, passed=passed, note=note)


#: What a family gives: one for a component's network, one for a front-end file.
CheckComponent = Callable[[Component], Iterator[Outcome]]
CheckFrontend = Callable[[Path], Iterator[Outcome]]
