"""Standard normal numbers for the draws of a VITS model: given, seeded, or fresh."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


class NoiseSource:
    """Draws on the CPU whatever the device, so that a seed means the same on each. No seed = fresh numbers."""

    def __init__(self, seed: int | None = None) -> None:
        self._generator = torch.Generator()
        if seed is None:
            self._generator.seed()
        else:
            self._generator.manual_seed(seed)

    def normal(self, shape: Sequence[int], device: torch.device | str = "cpu") -> Tensor:
        """float32 numbers in `shape`."""
        return torch.randn(tuple(shape), generator=self._generator).to(device)
