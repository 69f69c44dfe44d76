"""Made-up weights: every number depends only on a seed, the entry's name and its shape.

The rules are those of the golden data: other ones would not reproduce their recorded outputs. numpy's legacy generator
is frozen, so the same manifest gives the same bytes whatever the release.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

_SMALL = re.compile(r"(^|\.)(bias\w*|beta|m|logs|running_mean|similarity_bias)$")
_NORM = re.compile(r"(^|\.)(weight_g|weight\.original0)$")
_SNAKE = re.compile(r"(^|\.)alphas?\d*(\.\d+)?$")
_SMALLEST_MATRIX = 2


def fill(keys: Iterable[tuple[str, Sequence[int], str]], seed: int) -> dict[str, Array]:
    """A value for each (name, shape, dtype), in the same order. Whole-number entries, which are counters, are 0."""
    entries = [(name, tuple(shape), dtype) for name, shape, dtype in keys]
    shapes = {name: shape for name, shape, _ in entries}
    made: dict[str, Array] = {}
    for name, shape, dtype in entries:
        if "float" in dtype:
            made[name] = np.ascontiguousarray(_value(name, shapes, seed), dtype=dtype).reshape(shape)
        else:
            made[name] = np.zeros(shape, dtype)
    return made


def _value(name: str, shapes: Mapping[str, tuple[int, ...]], seed: int) -> Array:
    shape = shapes[name]
    noise = _normal(name, shape, seed)
    if _NORM.search(name):
        value = _magnitude(name, shapes, seed, noise)
    elif name.endswith("weight_u"):
        value = noise / np.sqrt((noise**2).sum())
    elif name.endswith("weight_v") and (matrix := re.sub(r"weight_v$", "weight_orig", name)) in shapes:
        value = _right_vector(matrix, shapes, seed)
    elif _SNAKE.search(name):
        value = 1.0 + 0.1 * np.clip(noise, -3, 3)
    elif name.endswith("running_var"):
        value = 0.5 + np.abs(noise)
    elif _SMALL.search(name):
        value = 0.1 * noise
    elif len(shape) < _SMALLEST_MATRIX:
        value = 1.0 + 0.1 * noise
    elif name.endswith("emb_g.weight"):
        value = noise
    else:
        value = noise / np.sqrt(np.prod(shape[1:]))
    return value


def _normal(name: str, shape: tuple[int, ...], seed: int) -> Array:
    """Standard normal numbers from a stream of the entry's own."""
    stream = np.random.RandomState(zlib.crc32(f"{seed}/{name}/{shape}".encode()))
    numbers: Array = np.asarray(stream.standard_normal(shape))
    return numbers


def _magnitude(name: str, shapes: Mapping[str, tuple[int, ...]], seed: int, noise: Array) -> Array:
    """Of a weight norm: the length of its direction, slice by slice of the first dimension, varied by 10 %."""
    direction = re.sub(r"weight_g$", "weight_v", re.sub(r"original0$", "original1", name))
    v = _value(direction, shapes, seed).astype(np.float64)
    norm = np.sqrt((v**2).sum(axis=tuple(range(1, v.ndim)), keepdims=True))
    value: Array = norm.reshape(shapes[name]) * (1.0 + 0.1 * np.clip(noise, -3, 3))
    return value


def _right_vector(matrix: str, shapes: Mapping[str, tuple[int, ...]], seed: int) -> Array:
    """Of a spectral norm: the right singular vector that belongs to the left one."""
    left = _value(re.sub(r"weight_orig$", "weight_u", matrix), shapes, seed)
    rows = _value(matrix, shapes, seed).reshape(len(left), -1).astype(np.float64)
    v = (rows * left[:, None]).sum(axis=0)
    unit: Array = v / np.sqrt((v**2).sum())
    return unit
