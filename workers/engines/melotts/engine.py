"""MeloTTS: speech of 44.1 kHz, piece by piece, in the language of the voice model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final, Self

import numpy as np
import torch

from pipelines.catalog import Model
from pipelines.errors import PermanentError
from pipelines.languages import same_language
from workers.checkpoints import load_config
from workers.contract import Audio, Device, Progress, Samples, SynthesisRequest
from workers.devices import torch_device
from workers.enginekit import Options, library_errors
from workers.engines.melotts.features import TextFeatures
from workers.engines.melotts.frontend.base import Closable, Frontend, Phonemes
from workers.engines.melotts.frontend.splitting import halves
from workers.engines.melotts.frontends import load_frontend
from workers.engines.melotts.network import WIDE, MeloSynthesizer, Script, load_synthesizer
from workers.engines.melotts.symbols import SymbolTable
from workers.vits.config import VitsConfig
from workers.vits.noise import NoiseSource
from workers.vits.synthesis import Draw, Manner

NAME: Final = "MeloTTS"
#: Behind each piece, at speed 1.
SILENCE_SECONDS: Final = 0.05
#: Languages of the catalog, and what the voice models' makers call them. Chinese models read English among it, but for
#: those of the first kind, whose language model is wider.
_LANGUAGES: Final[Mapping[str, str]] = MappingProxyType(
    {"en": "EN", "es": "ES", "fr": "FR", "zh": "ZH_MIX_EN", "ja": "JP", "ko": "KR"}
)
_CHINESE: Final = "ZH"


@dataclass(frozen=True)
class _Loaded:
    """What one voice model needs to speak."""

    config: VitsConfig
    symbols: SymbolTable
    frontend: Frontend
    features: TextFeatures
    network: MeloSynthesizer
    device: torch.device


@dataclass(frozen=True)
class _Piece:
    text: str
    phonemes: Phonemes


class MeloTTS:
    """Implements Synthesizer."""

    def __init__(self, model: Model, loaded: _Loaded) -> None:
        self._model = model
        self._loaded: _Loaded | None = loaded

    @classmethod
    def load(cls, model: Model, weights: Path | None, device: Device) -> Self:
        """From a folder with config.json, checkpoint.pth and the language model under bert/."""
        folder = weights or Path()
        place = torch.device(torch_device(device))
        if place.type == "cpu":
            torch.set_num_threads(device.threads)
        config = load_config(folder / "config.json", VitsConfig)
        network = load_synthesizer(folder / "checkpoint.pth", config, place)
        features = TextFeatures.load(folder / "bert", place)
        frontend = load_frontend(_language(model, features), folder, features.tokens)
        symbols = SymbolTable(config.symbols, add_blank=config.data.add_blank)
        return cls(model, _Loaded(config, symbols, frontend, features, network, place))

    def close(self) -> None:
        loaded, self._loaded = self._loaded, None
        if loaded is not None and isinstance(loaded.frontend, Closable):
            loaded.frontend.close()
        if loaded is not None and loaded.device.type == "cuda":
            del loaded
            torch.cuda.empty_cache()

    def synthesize(self, request: SynthesisRequest) -> Iterator[Audio | Progress]:
        """One sound per piece of the text, each with the silence behind it."""
        loaded = self._open()
        speaker = self._speaker(request.voice, loaded.config)
        self._check_language(request.language)
        options = Options.of(self._model, request.options)
        speed = options.number("speed")
        manner = Manner(
            noise_scale=options.number("noise_scale"),
            noise_scale_w=options.number("noise_scale_w"),
            sdp_ratio=options.number("sdp_ratio"),
            pace=1 / speed,
        )
        seed = request.options.get("seed")
        draw = NoiseSource(None if seed is None else int(seed)).normal
        rate = loaded.config.data.sampling_rate
        silence = np.zeros(int(rate * SILENCE_SECONDS / speed), np.float32)
        done, spoken = 0, False
        for piece in self._pieces(request.text, loaded):
            with library_errors(NAME), torch.inference_mode():
                samples = _speak(loaded, piece, speaker, manner, draw)
            spoken = True
            yield Audio(np.concatenate((samples, silence)), rate)
            done += len(piece.text)
            yield Progress(min(1.0, done / len(request.text)))
        if not spoken:
            message = "The text holds nothing that can be spoken."
            raise PermanentError(message, code="text_not_speakable", field="input.text")

    def _pieces(self, text: str, loaded: _Loaded) -> Iterator[_Piece]:
        """What is speakable of the text, in pieces that the language model can read at once."""
        waiting = list(reversed(loaded.frontend.pieces(text)))
        while waiting:
            piece = waiting.pop()
            with library_errors(NAME):
                phonemes = loaded.frontend.phonemes(piece)
            cut = halves(piece) if len(phonemes.word2ph) > loaded.features.most_tokens else None
            if cut is not None:
                waiting += reversed(cut)
            elif phonemes.speakable:
                yield _Piece(piece, phonemes)

    def _open(self) -> _Loaded:
        if self._loaded is None:
            raise RuntimeError("the engine is closed")
        return self._loaded

    def _speaker(self, voice: str | None, config: VitsConfig) -> int:
        """The voice's number; the first one's if none is asked for."""
        speakers = config.data.spk2id
        name = next(iter(speakers), "") if voice is None else voice
        if name not in speakers:
            message = f"{self._model.name} has no voice {name!r}; it has: {', '.join(speakers)}."
            raise PermanentError(message, code="unknown_voice", field="options.voice")
        return speakers[name]

    def _check_language(self, language: str | None) -> None:
        if language is not None and not any(same_language(language, known) for known in self._model.languages):
            message = f"{self._model.name} speaks {', '.join(self._model.languages)}, not {language}."
            raise PermanentError(message, code="unsupported_language", field="options.language")


def _language(model: Model, features: TextFeatures) -> str:
    """What the makers call the language of `model`; it has one, as its weights have."""
    known = next((name for tag, name in _LANGUAGES.items() if model.speaks(tag)), None)
    if known is None:
        message = f"{model.name} is to speak {', '.join(model.languages)}; MeloTTS has {', '.join(_LANGUAGES)}."
        raise PermanentError(message, code="unsupported_language")
    return _CHINESE if known == _LANGUAGES["zh"] and features.width == WIDE else known


def _speak(loaded: _Loaded, piece: _Piece, speaker: int, manner: Manner, draw: Draw) -> Samples:
    """The sound of one piece: float32 [samples]."""
    ids = loaded.symbols.ids(piece.phonemes, loaded.frontend.language)
    features = loaded.features(piece.phonemes.normalised, ids.word2ph)[None]
    wide = loaded.frontend.language == _CHINESE

    def row(numbers: tuple[int, ...]) -> torch.Tensor:
        return torch.tensor([numbers], device=loaded.device)

    script = Script(
        symbols=row(ids.symbols),
        tones=row(ids.tones),
        languages=row(ids.languages),
        lengths=row((len(ids.symbols),))[0],
        wide=features if wide else None,
        narrow=None if wide else features,
    )
    sound: Samples = loaded.network(script, row((speaker,))[0], manner, draw).sound[0, 0].cpu().numpy()
    return np.clip(sound, -1.0, 1.0)
