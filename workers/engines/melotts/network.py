"""MeloTTS's synthesizer: a VITS whose text encoder also reads tones, languages and a language model's features.

Sizes come from the `config.json` beside the weights; only the widths of the two kinds of features are the same in all
published models.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import torch
from torch import Tensor, nn

from workers.checkpoints import load_state, load_strictly
from workers.vits.config import VitsConfig
from workers.vits.flows import CouplingFlow, ResidualCouplingFlow, TransformerCouplingFlow
from workers.vits.lengths import mask_of
from workers.vits.synthesis import Draw, Manner, SpeakingNetwork, Spoken, unfilled
from workers.vits.text import TextEncoder

#: Features of the pure Chinese models' language model, and of all others'.
WIDE: Final = 1024
NARROW: Final = 768
_CONTAINER: Final = ("model",)


@dataclass(frozen=True)
class Script:
    """What is to be spoken, int64 [batch, symbols] each; features are [batch, width, symbols], None = all zero."""

    symbols: Tensor
    tones: Tensor
    languages: Tensor
    #: int64 [batch]: how many symbols of each row count.
    lengths: Tensor
    wide: Tensor | None = None
    narrow: Tensor | None = None


class MeloTextEncoder(TextEncoder):
    """Symbols with their tones, languages and features to a Prior."""

    def __init__(self, config: VitsConfig) -> None:
        sizes = config.model
        speaker_channels = sizes.gin_channels if sizes.use_spk_conditioned_encoder else 0
        super().__init__(config.vocabulary, sizes, speaker_channels)
        self.tone_emb = nn.Embedding(config.num_tones, sizes.hidden_channels)
        self.language_emb = nn.Embedding(config.num_languages, sizes.hidden_channels)
        self.bert_proj = nn.Conv1d(WIDE, sizes.hidden_channels, 1)
        self.ja_bert_proj = nn.Conv1d(NARROW, sizes.hidden_channels, 1)

    def read(self, script: Script) -> Tensor:
        """A script as vectors, [batch, symbols, hidden]."""
        vectors: Tensor = self.emb(script.symbols) + self.tone_emb(script.tones) + self.language_emb(script.languages)
        for projection, features in ((self.bert_proj, script.wide), (self.ja_bert_proj, script.narrow)):
            # All-zero features leave the projection's bias.
            vectors = vectors + (_bias(projection) if features is None else projection(features).transpose(1, 2))
        return vectors


def _bias(layer: nn.Conv1d) -> Tensor:
    bias = layer.bias
    if bias is None:
        raise TypeError("the projections of features have a bias")
    return bias


class MeloSynthesizer(SpeakingNetwork):
    """A script to sound."""

    enc_p: MeloTextEncoder

    def __init__(self, config: VitsConfig) -> None:
        flow: CouplingFlow
        if config.model.use_transformer_flow:
            flow = TransformerCouplingFlow(config.model)
        else:
            flow = ResidualCouplingFlow(config.model)
        super().__init__(config, MeloTextEncoder(config), flow)

    def forward(self, script: Script, speaker_ids: Tensor, manner: Manner, draw: Draw) -> Spoken:
        """Sound of [batch] speakers."""
        speaker = self.speaker(speaker_ids)
        prior = self.enc_p.encoded(self.enc_p.read(script), mask_of(script.lengths), speaker)
        return self.speak(prior, speaker, manner, draw)


def load_synthesizer(path: Path, config: VitsConfig, device: torch.device) -> MeloSynthesizer:
    """The network of a published `checkpoint.pth`; a PermanentError names what of it does not fit its config.json."""
    network = unfilled(lambda: MeloSynthesizer(config))
    load_strictly(network, load_state(path, _CONTAINER), path.name)
    network.drop_training_parts()
    return network.to(device)
