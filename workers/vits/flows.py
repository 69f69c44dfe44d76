"""Normalising flows between the latent of a text and that of a sound: chains of additive couplings.

Each coupling shifts the second half of the channels by what it makes of the first; the order of the channels is turned
round after it. Lists hold a place without weights for each turn, as the published files count them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import torch
from torch import Tensor, nn

from workers.vits.config import ModelConfig
from workers.vits.transformer import Transformer
from workers.vits.wavenet import WaveNet, context

_COUPLINGS: Final = 4
_WAVENET_LAYERS: Final = 4
_TRANSFORMER_KERNEL: Final = 5
#: How many frames to either side of a moment one pass of a flow of WaveNets sees.
CONTEXT: Final = _COUPLINGS * context(_WAVENET_LAYERS)


class CouplingFlow(nn.Module):
    """`encoder()` makes the network of one coupling: (hidden, mask, speaker) to hidden."""

    def __init__(self, channels: int, hidden: int, encoder: Callable[[], nn.Module]) -> None:
        super().__init__()
        steps: list[nn.Module] = []
        for _ in range(_COUPLINGS):
            steps += [_Coupling(channels, hidden, encoder()), nn.Identity()]
        self.flows = nn.ModuleList(steps)

    def forward(self, z: Tensor, mask: Tensor, speaker: Tensor) -> Tensor:
        """From the latent of a sound to that of the text, which the speaker has left."""
        for coupling in self.flows[::2]:
            z = coupling(z, mask, speaker, 1).flip(1)
        return z

    def inverse(self, z: Tensor, mask: Tensor, speaker: Tensor) -> Tensor:
        """From the latent of a text to that of its sound by the speaker."""
        for coupling in reversed(self.flows[::2]):
            z = coupling(z.flip(1), mask, speaker, -1)
        return z


class ResidualCouplingFlow(CouplingFlow):
    """VITS's: each coupling is a WaveNet."""

    def __init__(self, config: ModelConfig) -> None:
        hidden, speaker = config.hidden_channels, config.gin_channels
        super().__init__(config.inter_channels, hidden, lambda: WaveNet(hidden, _WAVENET_LAYERS, speaker))


class TransformerCouplingFlow(CouplingFlow):
    """VITS2's (arXiv 2307.16430), as MeloTTS has it: each coupling is a transformer."""

    def __init__(self, config: ModelConfig) -> None:
        hidden = config.hidden_channels

        def encoder() -> nn.Module:
            return Transformer(
                hidden,
                config.filter_channels,
                config.n_heads,
                layers=config.n_layers_trans_flow,
                kernel=_TRANSFORMER_KERNEL,
                speaker_channels=config.gin_channels,
            )

        super().__init__(config.inter_channels, hidden, encoder)


class _Coupling(nn.Module):
    """Shifts the second half of the channels by what it makes of the first, forth (1) or back (−1)."""

    def __init__(self, channels: int, hidden: int, encoder: nn.Module) -> None:
        super().__init__()
        self.pre = nn.Conv1d(channels // 2, hidden, 1)
        self.enc = encoder
        self.post = nn.Conv1d(hidden, channels // 2, 1)

    def forward(self, z: Tensor, mask: Tensor, speaker: Tensor, direction: int) -> Tensor:
        kept, shifted = z.chunk(2, dim=1)
        shift = self.post(self.enc(self.pre(kept) * mask, mask, speaker)) * mask
        return torch.cat((kept, (shifted + direction * shift) * mask), dim=1)
