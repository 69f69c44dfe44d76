"""The speaker encoder trained with the generalised end-to-end loss (GE2E, arXiv 1710.10467): an LSTM, a projection.

Names follow the published checkpoints, so that a state dict loads strictly. `similarity_weight` and `similarity_bias`
in such a file belong to the loss alone (`TRAINING_ONLY`).
"""

from __future__ import annotations

from typing import Final

from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor, nn
from torch.nn import functional

#: Entries of a checkpoint that inference has no use for.
TRAINING_ONLY: Final = ("similarity_weight", "similarity_bias")


class Ge2eConfig(BaseModel):
    """Sizes of the network, under the names of the published `config.json`."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    mel_n_channels: int = Field(default=40, gt=0)
    model_hidden_size: int = Field(default=256, gt=0)
    model_num_layers: int = Field(default=3, gt=0)
    model_embedding_size: int = Field(default=256, gt=0)


class Ge2eNetwork(nn.Module):
    """Parts of a recording [parts, frames, mels] to a vector each [parts, dimensions], of unit length, not negative."""

    def __init__(self, config: Ge2eConfig) -> None:
        super().__init__()
        self.lstm = nn.LSTM(config.mel_n_channels, config.model_hidden_size, config.model_num_layers, batch_first=True)
        self.linear = nn.Linear(config.model_hidden_size, config.model_embedding_size)

    def forward(self, mels: Tensor) -> Tensor:
        _, (hidden, _) = self.lstm(mels)
        return functional.normalize(functional.relu(self.linear(hidden[-1])), dim=1)
