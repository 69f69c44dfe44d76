"""WAV in memory: what we write is read back, and what others write is understood."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.errors import PermanentError
from workers.contract import Audio
from workers.wav import read_wav, write_wav


def riff(  # noqa: PLR0917 - the fields of the header in their order
    kind: int, channels: int, rate: int, bits: int, body: bytes, extra: bytes = b"", before: bytes = b""
) -> bytes:
    fmt = struct.pack("<HHIIHH", kind, channels, rate, rate * channels * bits // 8, channels * bits // 8, bits) + extra
    chunks = struct.pack("<4sI", b"fmt ", len(fmt)) + fmt + before + struct.pack("<4sI", b"data", len(body)) + body
    return struct.pack("<4sI4s", b"RIFF", 4 + len(chunks), b"WAVE") + chunks


def test_write_and_read() -> None:
    samples = np.array([0.0, 0.5, -0.5, 1.0, -1.0], np.float32)
    data = write_wav(Audio(samples, 24000))
    assert len(data) == 44 + 10
    audio = read_wav(data)
    assert audio.sample_rate == 24000
    np.testing.assert_allclose(audio.samples, samples, atol=1e-4)


def test_what_no_loudspeaker_can_play_is_clipped() -> None:
    samples = np.array([np.nan, np.inf, -np.inf, 7.0, -7.0], np.float32)
    assert read_wav(write_wav(Audio(samples, 8000))).samples == pytest.approx([0, 1, -1, 1, -1], abs=1e-4)


@pytest.mark.parametrize(
    ("kind", "bits", "body"),
    [
        (1, 8, bytes([128, 192, 64])),
        (1, 16, struct.pack("<3h", 0, 1 << 14, -(1 << 14))),
        (1, 24, b"\0\0\0" + (1 << 22).to_bytes(3, "little") + (-(1 << 22)).to_bytes(3, "little", signed=True)),
        (1, 32, struct.pack("<3i", 0, 1 << 30, -(1 << 30))),
        (3, 32, struct.pack("<3f", 0, 0.5, -0.5)),
        (3, 64, struct.pack("<3d", 0, 0.5, -0.5)),
    ],
)
def test_widths(kind: int, bits: int, body: bytes) -> None:
    assert read_wav(riff(kind, 1, 8000, bits, body)).samples == pytest.approx([0, 0.5, -0.5])
    extensible = struct.pack("<HHIH", 22, bits, 0, kind) + bytes(14)
    other = struct.pack("<4sI3sx", b"LIST", 3, b"odd")
    assert read_wav(riff(0xFFFE, 1, 8000, bits, body, extensible, other)).samples == pytest.approx([0, 0.5, -0.5])


def test_channels_are_averaged_and_an_unknown_length_is_the_rest() -> None:
    data = riff(1, 2, 8000, 16, struct.pack("<4h", 1 << 14, 0, -(1 << 14), 0))
    assert read_wav(data).samples == pytest.approx([0.25, -0.25])
    streamed = data.replace(struct.pack("<4sI", b"data", 8), struct.pack("<4sI", b"data", 0xFFFFFFFF)) + b"\0"
    assert read_wav(streamed).samples == pytest.approx([0.25, -0.25])


@given(st.binary(max_size=80))
def test_rubbish_is_undecodable_and_nothing_else(data: bytes) -> None:
    for candidate in (data, riff(1, 1, 8000, 16, b"")[:20] + data, riff(1, 1, 8000, 16, b"")[: len(data)]):
        try:
            read_wav(candidate)
        except PermanentError as error:
            assert error.code == "audio_undecodable"  # noqa: PT017 - not raising is fine too
