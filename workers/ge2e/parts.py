"""A recording as overlapping parts of 1.6 s, each of which gets an embedding; their mean is the speaker's."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
import torch

from workers.contract import Samples
from workers.ge2e.network import Ge2eNetwork
from workers.ge2e.sound import HOP, WINDOW, mel_frames

#: Frames of one part.
FRAMES: Final = 160
#: The last part counts if this share of it lies inside the recording; what is missing is silence.
_COVERAGE: Final = 0.75
#: Parts of one run of the network: about half a minute of speech.
_BATCH: Final = 32


def part_starts(samples: int, step: int) -> list[int]:
    """The first frame of each part of a recording of `samples`, `step` frames apart; at least one."""
    frames = -(-(samples + 1) // HOP)
    starts = list(range(0, max(1, frames - FRAMES + step + 1), step))
    covered = (samples - starts[-1] * HOP) / (FRAMES * HOP)
    return starts[:-1] if covered < _COVERAGE and len(starts) > 1 else starts


def part_embeddings(network: Ge2eNetwork, samples: Samples, starts: Sequence[int]) -> Iterator[Samples]:
    """The embeddings of the parts that begin at `starts` (frames), some at a time: float32 [parts, dimensions]."""
    end = (starts[-1] + FRAMES) * HOP
    half = WINDOW // 2
    padded = torch.from_numpy(np.pad(samples[:end], (half, max(0, end - len(samples)) + half)))
    place = next(network.parameters()).device
    for first in range(0, len(starts), _BATCH):
        batch = starts[first : first + _BATCH]
        stretch = padded[batch[0] * HOP : (batch[-1] + FRAMES) * HOP + 2 * half].to(place)
        with torch.inference_mode():
            frames = mel_frames(stretch)
            parts = torch.stack([frames[start - batch[0] : start - batch[0] + FRAMES] for start in batch])
            yield network(parts).float().cpu().numpy()


def mean_embedding(parts: Sequence[Samples]) -> Samples:
    """The mean over all parts, of unit length: float32 [dimensions]."""
    mean = np.concatenate(parts).mean(axis=0)
    unit: Samples = (mean / np.linalg.norm(mean)).astype(np.float32)
    return unit
