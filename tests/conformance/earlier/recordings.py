"""Recordings as base64."""

from __future__ import annotations

import base64
import io
import wave

import numpy as np

from tests.contract.subjects import voice
from workers.contract import Audio
from workers.wav import write_wav


def sound(seconds: float = 2.0, pitch: float = 500.0) -> str:
    """A hum, which the weightless model takes for a voice."""
    samples = np.sin(np.arange(int(16000 * seconds), dtype=np.float32) * np.float32(2 * np.pi * pitch / 16000))
    return in_base64(Audio(samples * np.float32(0.3), 16000))


def speech() -> str:
    """Three seconds of somebody reading."""
    return in_base64(voice(0, 16000))


def in_base64(audio: Audio) -> str:
    return base64.b64encode(write_wav(audio)).decode("ascii")


def samples_of(data: str) -> tuple[int, bytes]:
    """The sampling rate and the samples of a WAV file in base64."""
    with wave.open(io.BytesIO(base64.b64decode(data, validate=True))) as recording:
        assert (recording.getnchannels(), recording.getsampwidth()) == (1, 2)
        return recording.getframerate(), recording.readframes(recording.getnframes())
