"""The base speakers of V1: text to speech in English, in nine styles, and in Chinese."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, Protocol

import numpy as np
import torch

from pipelines.errors import PermanentError
from workers.contract import Audio, Progress, Samples
from workers.enginekit import library_errors
from workers.engines.openvoice.layout import load_network
from workers.engines.openvoice.network import base_speaker
from workers.text.sentences import clauses
from workers.vits.config import VitsConfig
from workers.vits.noise import NoiseSource
from workers.vits.synthesis import Manner, SpeakingNetwork

NAME: Final = "OpenVoice"
#: Seconds of silence after each piece, at the pace 1.
PAUSE: Final = 0.05
#: Symbols of a piece, blanks included; a longer one is cut: the network's memory grows with their square.
LONGEST: Final = 1500


class Frontend(Protocol):
    """The text side of one language."""

    def pieces(self, text: str) -> Sequence[str]:
        """`text` in pieces that are spoken one after the other."""

    def ids(self, piece: str) -> Sequence[int]:
        """The piece as symbol numbers, with blanks where the model has them; none if nothing of it can be spoken."""


class BaseSpeaker:
    """One language: its network, its styles by name, and its front end."""

    def __init__(self, config: VitsConfig, network: SpeakingNetwork, frontend: Frontend) -> None:
        self._config = config
        self._network = network
        self._frontend = frontend

    @classmethod
    def load(cls, folder: Path, frontend: Callable[[Sequence[str]], Frontend], device: str) -> BaseSpeaker:
        """From `config.json` and `checkpoint.pth`; `frontend` makes one for a table of symbols."""
        config, network = load_network(folder, base_speaker)
        _check_styles(config.speakers, config.data.n_speakers, folder.name)
        network.drop_training_parts()
        with library_errors(NAME):
            made = frontend(config.symbols)
        return cls(config, network.to(device), made)

    def speak(self, text: str, style: str, manner: Manner, noise: NoiseSource) -> Iterator[Audio | Progress]:
        """Piece by piece, each with its pause; PermanentError for a style the weights lack."""
        number = self._config.speakers.get(style)
        if number is None:
            known = ", ".join(self._config.speakers)
            message = f"The weights have no style {style!r}; they have: {known}."
            raise PermanentError(message, code="unknown_style", field="options.voice")
        rate = self._config.data.sampling_rate
        pause = np.zeros(int(PAUSE * manner.pace * rate), np.float32)
        with library_errors(NAME):
            pieces = self._frontend.pieces(text)
        for index, piece in enumerate(pieces, start=1):
            for ids in self._runs(piece):
                with library_errors(NAME):
                    sound = self._run(ids, number, manner, noise)
                yield Audio(np.concatenate((sound, pause)), rate)
            yield Progress(index / len(pieces))

    def _runs(self, piece: str) -> Iterator[Sequence[int]]:
        """The symbols of a piece; of one without a mark for pages, those of its parts."""
        with library_errors(NAME):
            ids = self._frontend.ids(piece)
        parts = clauses(piece) if len(ids) > LONGEST else [piece]
        if len(parts) > 1:
            for part in parts:
                yield from self._runs(part)
        elif ids:
            yield ids

    @torch.inference_mode()
    def _run(self, ids: Sequence[int], style: int, manner: Manner, noise: NoiseSource) -> Samples:
        device = next(self._network.parameters()).device
        symbols = torch.tensor([ids], device=device)
        prior = self._network.enc_p(symbols, torch.ones(1, 1, len(ids), device=device))
        speaker = self._network.speaker(torch.tensor([style], device=device))
        spoken = self._network.speak(prior, speaker, manner, noise.normal)
        sound: Samples = spoken.sound[0, 0].float().cpu().numpy()
        return sound


def _check_styles(styles: Mapping[str, int], rows: int, folder: str) -> None:
    beyond = [name for name, number in styles.items() if not 0 <= number < rows]
    if beyond or not styles:
        what = f"gives {', '.join(beyond)} a number beyond its {rows} speakers" if beyond else "names no speakers"
        raise PermanentError(f"{folder}/config.json {what}.", code="weights_config")
