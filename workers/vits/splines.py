"""Monotonic rational-quadratic splines with straight tails (neural spline flows, arXiv 1906.04032), backwards."""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor
from torch.nn import functional

#: No bin is narrower, lower or flatter than this.
_LEAST: Final = 1e-3


def inverse_spline(outputs: Tensor, widths: Tensor, heights: Tensor, slopes: Tensor, bound: float) -> Tensor:
    """The x whose spline value is `outputs` [...]; beyond −bound…bound the spline is the identity.

    `widths` and `heights` [..., bins] and `slopes` [..., bins − 1] come as a network gives them, before softmax and
    softplus; at both ends the slope is 1.
    """
    left, width = _bins(widths, bound)
    bottom, height = _bins(heights, bound)
    inner = _LEAST + functional.softplus(slopes)
    slope = functional.pad(inner, (1, 1), value=1.0)
    # The last edge is left out of the search, so that the bound itself falls into the last bin.
    inside = (outputs >= -bound) & (outputs <= bound)
    clamped = outputs.clamp(-bound, bound)
    bin_index = (clamped[..., None] >= bottom[..., 1:-1]).sum(dim=-1, keepdim=True)

    def of(values: Tensor) -> Tensor:
        return values.gather(-1, bin_index)[..., 0]

    d_left, d_right = of(slope), of(slope[..., 1:])
    w, h = of(width), of(height)
    share = _share(clamped - of(bottom), h, h / w, d_left, d_right)
    return torch.where(inside, of(left) + share * w, outputs)


def _bins(raw: Tensor, bound: float) -> tuple[Tensor, Tensor]:
    """The edges [..., bins + 1] and sizes [..., bins] of bins that fill −bound…bound."""
    sizes = _LEAST + (1 - _LEAST * raw.shape[-1]) * functional.softmax(raw, dim=-1)
    edges = 2 * bound * functional.pad(sizes.cumsum(dim=-1), (1, 0)) - bound
    edges[..., 0], edges[..., -1] = -bound, bound
    return edges, edges.diff(dim=-1)


def _share(rise: Tensor, height: Tensor, steepness: Tensor, d_left: Tensor, d_right: Tensor) -> Tensor:
    """Where in its bin, 0–1, the spline has risen by `rise`: the root of equations 6–8 of the paper."""
    bend = d_left + d_right - 2 * steepness
    a = rise * bend + height * (steepness - d_left)
    b = height * d_left - rise * bend
    c = -steepness * rise
    # Rounding may push the discriminant of a root at the edge below zero.
    return 2 * c / (-b - (b.square() - 4 * a * c).clamp(min=0).sqrt())
