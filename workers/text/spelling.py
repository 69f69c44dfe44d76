"""How an unknown English word is pronounced: a small recurrent network from letters to ARPAbet, in numpy.

The weights are g2p_en's (Apache-2.0): an encoder and a decoder, each one GRU of 256 units, and a linear layer. The
decoder starts with the encoder's last state and the start symbol, and takes the likeliest symbol each time.
"""

from __future__ import annotations

import string
from pathlib import Path
from typing import Final, Self

import numpy as np

from workers.contract import Samples

_LETTERS: Final = {letter: index for index, letter in enumerate(string.ascii_lowercase, start=3)}
_UNKNOWN_LETTER: Final = 1
_END_OF_WORD: Final = 2

_VOWELS: Final = ("AA", "AE", "AH", "AO", "AW", "AY", "EH", "ER", "EY", "IH", "IY", "OW", "OY", "UH", "UW")
_CONSONANTS: Final = (
    "B", "CH", "D", "DH", "F", "G", "HH", "JH", "K", "L", "M", "N", "NG", "P", "R", "S", "SH", "T", "TH", "V", "W", "Y",
    "Z", "ZH",
)  # fmt: skip
#: What the network emits: four marks, then all symbols in alphabetical order; UW stands once without a stress, too.
_MARKS: Final = ("<pad>", "<unk>", "<s>", "</s>")
_SYMBOLS: Final = (
    *_MARKS,
    *sorted([*(vowel + stress for vowel in _VOWELS for stress in "012"), "UW", *_CONSONANTS]),
)
_START: Final = _SYMBOLS.index("<s>")
_STOP: Final = _SYMBOLS.index("</s>")
#: No English word needs more symbols than this for each of its letters.
_SYMBOLS_PER_LETTER: Final = 2


class _Gru:
    """One gated recurrent unit; the rows of its matrices are the reset gate, the update gate and the candidate."""

    def __init__(self, inputs: Samples, hidden: Samples, input_bias: Samples, hidden_bias: Samples) -> None:
        self._inputs, self._hidden = inputs, hidden
        self._input_bias, self._hidden_bias = input_bias, hidden_bias
        self.size = hidden.shape[1]

    def step(self, x: Samples, state: Samples) -> Samples:
        """The next state: float32 [256], from an input [256] and the state before it."""
        new = np.split(self._inputs @ x + self._input_bias, 3)
        old = np.split(self._hidden @ state + self._hidden_bias, 3)
        reset = _sigmoid(new[0] + old[0])
        keep = _sigmoid(new[1] + old[1])
        candidate: Samples = np.tanh(new[2] + reset * old[2])
        following: Samples = keep * state + (1 - keep) * candidate
        return following


class Speller:
    """Letters in, ARPAbet out."""

    def __init__(self, tensors: dict[str, Samples]) -> None:
        self._letters = tensors["enc_emb"]
        self._symbols = tensors["dec_emb"]
        self._encoder = _gru(tensors, "enc")
        self._decoder = _gru(tensors, "dec")
        self._weights, self._bias = tensors["fc_w"], tensors["fc_b"]

    @classmethod
    def load(cls, path: Path) -> Self:
        with np.load(path, allow_pickle=False) as archive:
            return cls({name: archive[name] for name in archive.files})

    def __call__(self, word: str) -> list[str]:
        """The ARPAbet of a word in lower-case letters: `["HH", "AH0", "L", "OW1"]`."""
        state: Samples = np.zeros(self._encoder.size, dtype=np.float32)
        for index in (*(_LETTERS.get(letter, _UNKNOWN_LETTER) for letter in word), _END_OF_WORD):
            state = self._encoder.step(self._letters[index], state)
        said: list[str] = []
        symbol = _START
        for _ in range(_SYMBOLS_PER_LETTER * len(word) + 2):
            state = self._decoder.step(self._symbols[symbol], state)
            symbol = int(np.argmax(self._weights @ state + self._bias))
            if symbol == _STOP:
                break
            said.append(_SYMBOLS[symbol])
        return [symbol for symbol in said if symbol not in _MARKS]


def _gru(tensors: dict[str, Samples], part: str) -> _Gru:
    return _Gru(*(tensors[f"{part}_{name}"] for name in ("w_ih", "w_hh", "b_ih", "b_hh")))


def _sigmoid(x: Samples) -> Samples:
    value: Samples = np.reciprocal(1 + np.exp(-x))
    return value
