"""What a GE2E encoder hears: 40 mel energies per 10 ms of a recording of 16 kHz, raised in volume, long pauses cut."""

from __future__ import annotations

from functools import cache
from typing import Final

import numpy as np
import torch
import webrtcvad
from numpy.typing import NDArray
from torch import Tensor

from workers.contract import Samples

RATE: Final = 16000
MELS: Final = 40
#: A frame is 25 ms wide and they follow each other by 10 ms; samples.
WINDOW: Final = 400
HOP: Final = 160

_FULL_SCALE: Final = 32767
_TARGET_DBFS: Final = -30.0
#: One flag of voice per 30 ms, smoothed over 8 flags; pauses of up to 6 flags stay.
_FLAG: Final = 480
_SMOOTHED: Final = 8
_KEPT_AROUND: Final = 3
#: WebRTC's detector at its strictest.
_AGGRESSIVENESS: Final = 3

#: The Slaney scale: linear below 1 kHz, logarithmic above (Auditory Toolbox, 1998).
_LINEAR_HZ: Final = 200 / 3
_BREAK_HZ: Final = 1000.0
_BREAK_MEL: Final = _BREAK_HZ / _LINEAR_HZ
_LOG_STEP: Final = np.log(6.4) / 27


def raised(samples: Samples) -> Samples:
    """`samples` [n], made louder so that their root mean square is −30 dB of full scale; never softer."""
    rms = float(np.sqrt(np.mean(np.square(samples, dtype=np.float64))))
    gain = 10 ** ((_TARGET_DBFS - 20 * np.log10(rms)) / 20) if rms > 0 else 1.0
    return samples if gain <= 1 else (samples * np.float32(gain)).astype(np.float32)


def without_long_pauses(samples: Samples) -> Samples:
    """The stretches of `samples` with voice in them, and the pauses between that are short; may be empty.

    Samples after the last whole window of 30 ms are dropped.
    """
    flags = voice_flags(samples)
    mask = np.repeat(_widened(_smoothed(flags)), _FLAG)
    kept: Samples = samples[: len(mask)][mask]
    return kept


def voice_flags(samples: Samples) -> NDArray[np.bool_]:
    """Whether each whole window of 30 ms holds voice: bool [windows]."""
    count = len(samples) // _FLAG
    whole = samples[: count * _FLAG]
    pcm = np.clip(np.round(whole * _FULL_SCALE), -_FULL_SCALE - 1, _FULL_SCALE).astype("<i2").reshape(count, _FLAG)
    detector = webrtcvad.Vad(_AGGRESSIVENESS)
    return np.array([detector.is_speech(window.tobytes(), RATE) for window in pcm], dtype=np.bool_)


def _smoothed(flags: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which flags have voice in more than half of the 8 around them (three before, four behind)."""
    padded = np.pad(flags.astype(np.float64), ((_SMOOTHED - 1) // 2, _SMOOTHED // 2))
    sums = np.concatenate([[0.0], np.cumsum(padded)])
    # Rounds half to even: a mean of exactly one half is no voice.
    return np.asarray(np.round((sums[_SMOOTHED:] - sums[:-_SMOOTHED]) / _SMOOTHED), np.bool_)


def _widened(flags: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Flags that are set, or lie within three of one that is."""
    if not flags.size:
        return flags
    around = np.lib.stride_tricks.sliding_window_view(np.pad(flags, _KEPT_AROUND), 2 * _KEPT_AROUND + 1)
    return np.asarray(around.any(axis=1), np.bool_)


def mel_frames(samples: Tensor) -> Tensor:
    """Mel energies, not their logarithm: [n] to [frames, 40], the first frame beginning at the first sample.

    For centred frames pad half a window of zeros on both sides.
    """
    window = torch.hann_window(WINDOW, device=samples.device)
    spectrum = torch.stft(samples, WINDOW, HOP, window=window, center=False, return_complex=True)
    return spectrum.abs().square().T @ _filters().to(samples.device)


@cache
def _filters() -> Tensor:
    """Triangular filters [frequencies, 40] from 0 to 8 kHz, equally wide in mel, each of unit area."""
    edges = _hz(np.linspace(0.0, _mel(RATE / 2), MELS + 2))
    frequencies = np.linspace(0.0, RATE / 2, WINDOW // 2 + 1)[:, None]
    rising = (frequencies - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - frequencies) / (edges[2:] - edges[1:-1])
    triangles = np.maximum(0.0, np.minimum(rising, falling)) * (2.0 / (edges[2:] - edges[:-2]))
    return torch.from_numpy(triangles.astype(np.float32))


def _mel(hz: float) -> float:
    return hz / _LINEAR_HZ if hz < _BREAK_HZ else _BREAK_MEL + float(np.log(hz / _BREAK_HZ)) / _LOG_STEP


def _hz(mel: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(mel < _BREAK_MEL, mel * _LINEAR_HZ, _BREAK_HZ * np.exp(_LOG_STEP * (mel - _BREAK_MEL)))
