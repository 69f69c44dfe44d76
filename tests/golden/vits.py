"""What the checks of all VITS families share: recorded draws, and comparison of what a network spoke."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from tests.golden.frame import Array, Component, Outcome
from workers.vits.synthesis import Spoken


def tensors(weights: Mapping[str, Array]) -> dict[str, Tensor]:
    return {key: torch.from_numpy(value) for key, value in weights.items()}


def recorded(arrays: Mapping[str, Array], prefix: str) -> Callable[[Sequence[int]], Tensor]:
    """Draws what was drawn in a case, first for the durations, then for the latent; zeros where nothing is recorded.

    Durations draw 2 channels; so a network that skips their draw still gets the latent's numbers for its latent.
    """

    def draw(shape: Sequence[int]) -> Tensor:
        numbers = arrays.get(f"{prefix}noise_z" if shape[1] != 2 else f"{prefix}noise_w")
        return torch.zeros(tuple(shape)) if numbers is None else torch.from_numpy(numbers)

    return draw


def compared(component: Component, made: Mapping[str, Tensor], prefix: str = "") -> Iterator[Outcome]:
    """Each of `made` that was recorded; whole numbers exactly."""
    for name, tensor in made.items():
        if prefix + name in component.arrays:
            yield component.compare(prefix + name, np.asarray(tensor), exact=not tensor.is_floating_point())


def compared_speech(component: Component, spoken: Spoken, prefix: str, case: Mapping[str, Any]) -> Iterator[Outcome]:
    """Everything that was recorded of a case: durations, hidden states, latents, sound."""
    made = {
        "durations": spoken.durations,
        "enc_h": spoken.prior.hidden,
        "enc_m": spoken.prior.mean,
        "enc_logs": spoken.prior.log_deviation,
        "z_p": spoken.before_flow,
        "z": spoken.latent,
        "logw_sdp": spoken.drawn,
        "logw_dp": spoken.predicted,
        "audio": spoken.sound,
    }
    if case["noise_scale_w"] and f"{prefix}noise_w" not in component.arrays:
        # Drawn from numbers that were not recorded; with a share of 0 nothing else depends on it.
        del made["logw_sdp"]
        note = "not compared: its noise is not recorded, and its share is 0"
        yield Outcome(f"{prefix}logw_sdp", math.nan, math.nan, passed=case["sdp_ratio"] == 0, note=note)
    yield from compared(component, made, prefix)
