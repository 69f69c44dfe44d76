"""Text features: what a BERT model makes of a piece, one column per symbol (arXiv 1810.04805).

The voice models take the third hidden state from the end, so the two layers behind it are never loaded.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, Self

import torch
from torch import Tensor
from transformers import AutoTokenizer, BertConfig, BertModel
from transformers.utils import logging as hub_logging

from pipelines.errors import PermanentError
from workers.enginekit import library_errors

#: Hidden states are the embeddings and each layer's output; behind the third from the end come two layers.
_UNUSED_LAYERS: Final = 2
_WEIGHTS: Final = ("model.safetensors", "pytorch_model.bin")
_KIND: Final = "bert"


def spread(states: Tensor, word2ph: Sequence[int]) -> Tensor:
    """Hidden states [tokens, width] to one column per symbol, [width, symbols]: token i for `word2ph[i]` symbols."""
    return states.repeat_interleave(torch.tensor(word2ph, device=states.device), dim=0).T


class TextFeatures:
    """A BERT model with its tokenizer; loads once, keeps nothing of a call."""

    def __init__(self, model: BertModel, tokenizer: Any) -> None:  # noqa: ANN401 - transformers publishes no type for it
        self._model = model
        self._tokenizer = tokenizer

    @classmethod
    def load(cls, folder: Path, device: torch.device) -> Self:
        """From a folder in transformers' layout; PermanentError `weights_missing` or `weights_mismatch` if not."""
        if not (folder / "config.json").is_file() or not any((folder / name).is_file() for name in _WEIGHTS):
            wanted = f"{folder.name}/config.json and {' or '.join(_WEIGHTS)} beside it"
            raise PermanentError(f"The language model is not there: {wanted}.", code="weights_missing")
        # Its report on the layers left out and its progress bars are for people at a console.
        hub_logging.set_verbosity_error()  # type: ignore[no-untyped-call]  # transformers gives it no types
        hub_logging.disable_progress_bar()  # type: ignore[no-untyped-call]  # transformers gives it no types
        with library_errors("transformers"):
            config = BertConfig.from_pretrained(folder, local_files_only=True)
            if config.model_type != _KIND:
                message = f"{folder.name}/config.json describes a model of type {config.model_type}, not {_KIND}."
                raise PermanentError(message, code="weights_mismatch")
            config.num_hidden_layers -= _UNUSED_LAYERS
            # The library declares one result, and gives two when asked for its report.
            load: Any = BertModel.from_pretrained
            model, report = load(
                folder, config=config, local_files_only=True, add_pooling_layer=False, output_loading_info=True
            )
            if missing := sorted(report["missing_keys"]):
                message = f"The language model lacks {len(missing)} of its entries, {missing[0]} among them."
                raise PermanentError(message, code="weights_mismatch")
            tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        return cls(model.to(device).eval().requires_grad_(requires_grad=False), tokenizer)

    @property
    def width(self) -> int:
        """Numbers per symbol."""
        return int(self._model.config.hidden_size)

    @property
    def most_tokens(self) -> int:
        """How many tokens a piece may have, start and end mark included."""
        return int(self._model.config.max_position_embeddings)

    def tokens(self, text: str) -> list[str]:
        """Word pieces without start and end mark."""
        return list(self._tokenizer.tokenize(text))

    def __call__(self, text: str, word2ph: Sequence[int]) -> Tensor:
        """Features [width, symbols] of `text`; `word2ph` counts the symbols of each token, marks included."""
        marked = [self._tokenizer.cls_token, *self.tokens(text), self._tokenizer.sep_token]
        if len(marked) != len(word2ph):
            message = f"The front end counted {len(word2ph)} tokens, the language model {len(marked)}."
            raise PermanentError(message, code="engine_refused")
        ids = torch.tensor([self._tokenizer.convert_tokens_to_ids(marked)], device=self._model.device)
        states: Tensor = self._model(input_ids=ids).last_hidden_state[0]
        return spread(states, word2ph)
