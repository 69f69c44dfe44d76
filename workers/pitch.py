"""The pitch of a voice: YIN (de Cheveigné and Kawahara, "YIN, a fundamental frequency estimator", JASA 2002)."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from workers.contract import Audio

#: Where people speak, in Hz.
LOWEST: Final = 60.0
HIGHEST: Final = 420.0
_WINDOW_SECONDS: Final = 0.04
_HOP_SECONDS: Final = 0.02
#: A frame is voiced if its difference function dips below this. The paper takes 0.1; made-up voices are less regular,
#: and on tests/data/speech the same range of pitches is found from 0.1 to 0.4.
_DIP: Final = 0.25
#: With fewer voiced frames nothing is said.
_LEAST: Final = 15
#: Of the mean difference: nothing to hear.
_SILENT: Final = 1e-9
#: Of a long recording so much is heard, in seconds.
_MOST: Final = 30.0


def median_pitch(audio: Audio) -> float | None:
    """The median over the voiced frames, in Hz; None where there are too few of them."""
    rate = audio.sample_rate
    shortest, longest = int(rate / HIGHEST), int(rate / LOWEST)
    window, hop = int(_WINDOW_SECONDS * rate), int(_HOP_SECONDS * rate)
    if len(audio.samples) < window + longest:
        return None
    samples = audio.samples[: int(_MOST * rate)].astype(np.float64)
    frames = np.lib.stride_tricks.sliding_window_view(samples, window + longest)[::hop]
    found = [period for frame in frames if (period := _period(frame, window, shortest, longest)) is not None]
    return float(rate / np.median(found)) if len(found) >= _LEAST else None


def _period(frame: NDArray[np.float64], window: int, shortest: int, longest: int) -> float | None:
    """The period in samples, if the frame is voiced: the first deep dip, refined by a parabola."""
    difference = _difference(frame, window, longest)
    mean = np.cumsum(difference[1:]) / np.arange(1, longest + 1)
    normal = np.concatenate([[1.0], difference[1:] / np.maximum(mean, 1e-12)])
    below = np.flatnonzero(normal[shortest:longest] < _DIP)
    if len(below) == 0 or mean[-1] < _SILENT:
        return None
    lag = shortest + int(below[0])
    while lag + 1 < longest and normal[lag + 1] < normal[lag]:
        lag += 1
    before, here, after = normal[lag - 1], normal[lag], normal[lag + 1]
    bend = before - 2 * here + after
    return lag + float((before - after) / (2 * bend)) if bend > 0 else float(lag)


def _difference(frame: NDArray[np.float64], window: int, longest: int) -> NDArray[np.float64]:
    """For each lag the squared difference between the window and the window so much later."""
    size = 1 << (len(frame) + window).bit_length()
    spectrum = np.fft.rfft(frame, size) * np.conj(np.fft.rfft(frame[:window], size))
    product = np.fft.irfft(spectrum, size)[: longest + 1]
    energy = np.concatenate([[0.0], np.cumsum(frame**2)])
    later = energy[window : window + longest + 1] - energy[: longest + 1]
    return np.asarray(np.maximum(later[0] + later - 2 * product, 0.0))
