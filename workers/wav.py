"""WAV in memory: what engines read and write. RIFF with 16-bit PCM out; 8–32-bit PCM and floats in."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from pipelines.errors import PermanentError
from workers.contract import Audio, Samples

PCM, FLOAT, EXTENSIBLE = 1, 3, 0xFFFE
HEADER = struct.Struct("<4sI4s4sIHHIIHH4sI")
FULL_SCALE = 32767.0


def wav_header(frames: int, sample_rate: int) -> bytes:
    """The 44 bytes before `frames` mono samples of 16 bits."""
    size = frames * 2
    return HEADER.pack(
        b"RIFF", 36 + size, b"WAVE", b"fmt ", 16, PCM, 1, sample_rate, sample_rate * 2, 2, 16, b"data", size
    )


def pcm16(samples: Samples) -> bytes:
    """Samples as 16-bit little-endian bytes: clipped to −1…1, NaN as silence."""
    clean = np.nan_to_num(samples, nan=0.0, posinf=1.0, neginf=-1.0)
    return bytes(np.rint(np.clip(clean, -1.0, 1.0) * FULL_SCALE).astype("<i2").data)


def write_wav(audio: Audio) -> bytes:
    """A whole WAV file, mono, 16 bits."""
    return wav_header(len(audio.samples), audio.sample_rate) + pcm16(audio.samples)


def read_wav(source: bytes | Path) -> Audio:
    """A WAV file as mono float32; channels are averaged. Raises PermanentError `audio_undecodable`."""
    data = memoryview(source.read_bytes() if isinstance(source, Path) else source)
    try:
        return _read(data)
    except (struct.error, ValueError, KeyError, ZeroDivisionError) as error:
        raise PermanentError("not a WAV file that can be read", code="audio_undecodable") from error


def _read(data: memoryview) -> Audio:
    chunks = dict(_chunks(data))
    kind, channels, sample_rate, _, _, bits = struct.unpack_from("<HHIIHH", chunks[b"fmt "])
    if kind == EXTENSIBLE:
        # The true kind is the beginning of the sub-format's identifier.
        (kind,) = struct.unpack_from("<H", chunks[b"fmt "], 24)
    if sample_rate == 0:
        raise ValueError("no sampling rate")
    frame = channels * bits // 8
    body = chunks[b"data"]
    samples = _floats(body[: len(body) // frame * frame], kind, bits)
    mono = samples if channels == 1 else samples.reshape(-1, channels).mean(axis=1, dtype=np.float32)
    return Audio(mono, sample_rate)


def _chunks(data: memoryview) -> Iterator[tuple[bytes, memoryview]]:
    """Identifier and content of each chunk; a length beyond the end (a stream's unknown one) means the rest."""
    riff, _, wave = struct.unpack_from("<4sI4s", data)
    if riff != b"RIFF" or wave != b"WAVE":
        raise ValueError("not RIFF/WAVE")
    position = 12
    while position + 8 <= len(data):
        name, size = struct.unpack_from("<4sI", data, position)
        yield bytes(name), data[position + 8 : position + 8 + size]
        position += 8 + size + size % 2


def _floats(body: memoryview, kind: int, bits: int) -> Samples:
    if kind == FLOAT and bits in {32, 64}:
        return np.frombuffer(body, f"<f{bits // 8}").astype(np.float32)
    if kind == PCM and bits in {16, 32}:
        integers = np.frombuffer(body, f"<i{bits // 8}")
        return integers.astype(np.float32) / np.float32(2 ** (bits - 1))
    if kind == PCM and bits == 24:  # noqa: PLR2004 - bits
        triples = np.frombuffer(body, np.uint8).reshape(-1, 3)
        wide = np.zeros((len(triples), 4), np.uint8)
        wide[:, 1:] = triples
        return wide.view("<i4")[:, 0].astype(np.float32) / np.float32(2**31)
    if kind == PCM and bits == 8:  # noqa: PLR2004 - bits
        return (np.frombuffer(body, np.uint8).astype(np.float32) - 128) / np.float32(128)
    raise ValueError("a kind of WAV that nobody writes")
