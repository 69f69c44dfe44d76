"""Weights of submitters, as an operator writes them."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping


def parse_weights(text: str) -> Mapping[str, float]:
    """`name=3,other=2`, or the same as a JSON object for names with commas; ValueError says what is wrong.

    A weight is a number from 0.001 to 1000.
    """
    given = _object(text) if text.lstrip().startswith("{") else _pairs(text)
    return {name: _weight(name, value) for name, value in given}


def _object(text: str) -> list[tuple[str, object]]:
    # Pairs instead of a dict, which would keep the last of two and say nothing.
    found = json.loads(text, object_pairs_hook=list)
    return _unique(found)


def _pairs(text: str) -> list[tuple[str, object]]:
    found: list[tuple[str, object]] = []
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, equals, value = part.rpartition("=")
        if not equals:
            msg = f"{part!r} is not name=weight"
            raise ValueError(msg)
        found.append((name.strip(), value.strip()))
    return _unique(found)


def _unique(found: list[tuple[str, object]]) -> list[tuple[str, object]]:
    names = [name for name, _ in found]
    for name in names:
        if names.count(name) > 1:
            msg = f"{name!r} has two weights"
            raise ValueError(msg)
    return found


def _weight(name: str, value: object) -> float:
    msg = f"the weight of {name!r} must be a number from 0.001 to 1000"
    if not isinstance(value, (str, int, float)) or isinstance(value, bool):
        raise ValueError(msg)  # noqa: TRY004 - whoever reads a setting handles one kind of error
    try:
        weight = float(value)
    except ValueError:
        raise ValueError(msg) from None
    if not (math.isfinite(weight) and 0.001 <= weight <= 1000):  # noqa: PLR2004 - said in the message
        raise ValueError(msg)
    return weight
