"""The `config.json` beside the weights of a VITS model: every size that a network is built from."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Size = Annotated[int, Field(gt=0)]
Count = Annotated[int, Field(ge=0)]


class _Section(BaseModel):
    # Files hold the settings of training, too; those are nobody's business here.
    model_config = ConfigDict(extra="ignore", frozen=True)


class DataConfig(_Section):
    """How the sound of a model is cut up. Lengths in samples."""

    sampling_rate: Size
    filter_length: Size
    hop_length: Size
    win_length: Size
    #: Rows of the speaker table; 0 = there is none, and a reference encoder in its place.
    n_speakers: Count = 0
    #: Whether a blank (0) stands before, between and after the symbols.
    add_blank: bool = True
    #: MeloTTS: speakers by name.
    spk2id: Mapping[str, int] = Field(default_factory=dict)


class ModelConfig(_Section):
    """The sizes of the network."""

    inter_channels: Size
    hidden_channels: Size
    filter_channels: Size
    n_heads: Size
    n_layers: Size
    kernel_size: Size
    resblock: str = "1"
    resblock_kernel_sizes: tuple[Size, ...] = Field(min_length=1)
    resblock_dilation_sizes: tuple[tuple[Size, ...], ...]
    upsample_rates: tuple[Size, ...] = Field(min_length=1)
    upsample_initial_channel: Size
    upsample_kernel_sizes: tuple[Size, ...]
    gin_channels: Size
    #: Layers of each transformer in a flow of transformers.
    n_layers_trans_flow: Size = 3
    #: MeloTTS: the text encoder hears the speaker.
    use_spk_conditioned_encoder: bool = False
    use_transformer_flow: bool = True
    #: OpenVoice V2: posterior encoder and generator get no speaker; only the flow does.
    zero_g: bool = False

    @model_validator(mode="after")
    def _parts_fit(self) -> Self:
        if len(self.upsample_rates) != len(self.upsample_kernel_sizes):
            msg = "upsample_rates and upsample_kernel_sizes must be of one length"
            raise ValueError(msg)
        if len(self.resblock_kernel_sizes) != len(self.resblock_dilation_sizes):
            msg = "resblock_kernel_sizes and resblock_dilation_sizes must be of one length"
            raise ValueError(msg)
        if self.resblock not in {"1", "2"}:
            msg = "resblock must be 1 or 2"
            raise ValueError(msg)
        if self.hidden_channels % self.n_heads or self.inter_channels % 2:
            msg = "hidden_channels must be a multiple of n_heads, inter_channels of 2"
            raise ValueError(msg)
        return self


class VitsConfig(_Section):
    """A whole `config.json`; `workers.checkpoints.load_config` reads it and names what is wrong."""

    data: DataConfig
    model: ModelConfig
    symbols: tuple[str, ...] = ()
    #: The number of symbols, where the file does not list them.
    n_symbols: Count = 0
    num_tones: Count = 0
    num_languages: Count = 0
    #: OpenVoice V1: styles by name.
    speakers: Mapping[str, int] = Field(default_factory=dict)

    @property
    def vocabulary(self) -> int:
        """How many symbols the text encoder knows."""
        return len(self.symbols) or self.n_symbols

    @property
    def bins(self) -> int:
        """Frequencies of a spectrogram."""
        return self.data.filter_length // 2 + 1

    @model_validator(mode="after")
    def _frames_become_hops(self) -> Self:
        if math.prod(self.model.upsample_rates) != self.data.hop_length:
            msg = "the product of upsample_rates must be hop_length"
            raise ValueError(msg)
        return self
