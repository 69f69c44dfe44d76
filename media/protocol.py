"""What passes between a process and its helper: frames of JSON with a length before them.

Files pass as paths. Only sound that is encoded while it is made passes itself, as plain bytes behind a frame that
tells their number (`size`).
"""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass
from typing import Any, BinaryIO

LENGTH = struct.Struct(">I")
MAX_FRAME = 1 << 16
#: Most bytes of sound behind one frame.
MAX_SOUND = 1 << 19

GIB = 1 << 30


@dataclass(frozen=True)
class MediaLimits:
    """What one request may cost; over any of them it fails, and only it."""

    #: Longest recording, decoded.
    audio_seconds: float = 4 * 3600.0
    #: Address space of the helper.
    memory_bytes: int = GIB
    #: Processor time of one request.
    cpu_seconds: int = 600
    #: Real time of one request.
    wall_seconds: float = 900.0
    #: Longest file it may write.
    output_bytes: int = 2 * GIB


@dataclass(frozen=True)
class MediaInfo:
    """What was read and written. `seconds` and `sample_rate` are of the target."""

    seconds: float
    sample_rate: int
    #: FFmpeg's name of the container, then of the codec: `ogg/opus`.
    source_format: str
    source_sample_rate: int
    source_channels: int


def send(stream: BinaryIO, message: dict[str, Any]) -> None:
    """Writes one frame."""
    body = json.dumps(message).encode()
    stream.write(LENGTH.pack(len(body)) + body)
    stream.flush()


def receive(stream: BinaryIO) -> dict[str, Any] | None:
    """Reads one frame; None at the end of the stream, also in the middle of a frame."""
    head = stream.read(LENGTH.size)
    if len(head) < LENGTH.size:
        return None
    (size,) = LENGTH.unpack(head)
    if size > MAX_FRAME:
        return None
    body = stream.read(size)
    return dict(json.loads(body)) if len(body) == size else None


def send_sound(stream: BinaryIO, message: dict[str, Any], sound: bytes) -> None:
    """Writes one frame and the bytes behind it."""
    body = json.dumps(message | {"size": len(sound)}).encode()
    stream.write(LENGTH.pack(len(body)) + body)
    stream.write(sound)
    stream.flush()


def receive_sound(stream: BinaryIO, message: dict[str, Any]) -> bytes | None:
    """Reads the bytes behind this frame; None if the stream ends before they do."""
    size = int(message["size"])
    sound = stream.read(size)
    return sound if len(sound) == size else None
