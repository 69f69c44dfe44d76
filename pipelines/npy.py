"""NumPy's file format without NumPy: a vector of numbers as others load it."""

from __future__ import annotations

import struct
from collections.abc import Sequence

#: Format 1.0; the data begins at a multiple of so many bytes.
_MAGIC = b"\x93NUMPY\x01\x00"
_ALIGNED = 64


def float32_vector(values: Sequence[float]) -> bytes:
    """A whole file: float32 [len(values)], little-endian."""
    described = f"{{'descr': '<f4', 'fortran_order': False, 'shape': ({len(values)},), }}".encode("ascii")
    before = len(_MAGIC) + 2
    padding = -(before + len(described) + 1) % _ALIGNED
    header = described + b" " * padding + b"\n"
    return _MAGIC + struct.pack("<H", len(header)) + header + struct.pack(f"<{len(values)}f", *values)
