"""OpenVoice V1 and V2 (arXiv 2312.01479): speech, tone-color embeddings and voice conversion at 22.05 kHz."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Final, Self

import numpy as np
import torch

from pipelines.catalog import Model
from pipelines.errors import PermanentError
from pipelines.languages import same_language
from workers.contract import (
    Audio,
    ConversionRequest,
    Device,
    Embedding,
    EmbeddingRequest,
    Progress,
    Samples,
    SynthesisRequest,
)
from workers.devices import torch_device
from workers.enginekit import Options, checked, heard, library_errors
from workers.engines.openvoice.converting import converted
from workers.engines.openvoice.frontend import frontend
from workers.engines.openvoice.layout import BaseVoices, Layout, load_network
from workers.engines.openvoice.listening import embeddings, parts_of
from workers.engines.openvoice.network import ToneConverter
from workers.engines.openvoice.pitch import Work, shifting
from workers.engines.openvoice.speaking import NAME, BaseSpeaker
from workers.vits.config import VitsConfig
from workers.vits.noise import NoiseSource
from workers.vits.synthesis import Manner

#: The tag of each folder of base speakers.
_TAGS: Final = {"EN": "en", "ZH": "zh"}


class OpenVoice:
    """Implements Synthesizer (V1), SpeakerEncoder and VoiceConverter."""

    def __init__(
        self,
        model: Model,
        config: VitsConfig,
        converter: ToneConverter,
        voices: BaseVoices,
        speakers: Mapping[str, BaseSpeaker],
    ) -> None:
        self._model = model
        self._config = config
        self._converter: ToneConverter | None = converter
        self._voices = voices
        self._speakers = speakers

    @classmethod
    def load(cls, model: Model, weights: Path | None, device: Device) -> Self:
        """The converter, and the base speakers of the model's languages; PermanentError for weights that do not fit."""
        place = torch_device(device)
        if place == "cpu":
            torch.set_num_threads(device.threads)
        layout = Layout.of(weights or Path())
        config, converter = load_network(layout.converter, ToneConverter)
        voices = BaseVoices.load(layout, config.model.gin_channels)
        speakers = {
            _TAGS[name]: BaseSpeaker.load(folder, partial(frontend, name), place)
            for name, folder in layout.base_speakers.items()
            if model.speaks(_TAGS[name])
        }
        return cls(model, config, converter.to(place), voices, speakers)

    def close(self) -> None:
        self._converter = None
        self._speakers = {}
        if torch.cuda.is_available():
            torch.cuda.empty_cache()

    def synthesize(self, request: SynthesisRequest) -> Iterator[Audio | Progress]:
        """In a base voice of V1, `en-default`, `en-cheerful` …; one piece of sound per sentence or so."""
        voice = self._model.voice(request.voice or "")
        if voice is None:
            raise PermanentError(f"There is no voice {request.voice!r}.", code="unknown_voice", field="options.voice")
        tag, _, style = voice.id.partition("-")
        speaker = self._speakers.get(tag)
        if speaker is None or (request.language is not None and not same_language(request.language, voice.language)):
            message = f"{voice.id} speaks {voice.language}, not {request.language or 'here'}."
            raise PermanentError(message, code="unsupported_language", field="options.language")
        options = Options.of(self._model, request.options)
        manner = Manner(
            options.number("noise_scale"),
            options.number("noise_scale_w"),
            options.number("sdp_ratio"),
            1 / options.number("speed"),
        )
        spoken = False
        for chunk in speaker.speak(request.text, style, manner, _noise(request.options)):
            spoken = spoken or isinstance(chunk, Audio)
            yield chunk
        if not spoken:
            raise PermanentError(
                "The text holds nothing that can be spoken.", code="text_not_speakable", field="input.text"
            )

    def embed(self, audio: Audio, request: EmbeddingRequest) -> Iterator[Embedding | Progress]:
        """The tone color of what was asked for: the mean over parts of about ten seconds, as in the original."""
        audio = heard(checked(audio, self._rate), request.segments)
        parts = parts_of(audio)
        vectors: list[Samples] = []
        for index in range(len(parts)):
            with library_errors(NAME):
                vectors += embeddings(self._loaded, self._config.data, parts[index : index + 1])
            yield Progress((index + 1) / len(parts))
        yield Embedding(np.mean(vectors, axis=0, dtype=np.float32), self._space)

    def convert(self, audio: Audio, request: ConversionRequest) -> Iterator[Audio | Progress]:
        """To the target's tone color, chunk by chunk, to the sample as long as `audio`."""
        samples = checked(audio, self._rate).samples
        options = Options.of(self._model, request.options)
        voices = (self._source(request.source), self._vector(request.target))
        noise = _noise(request.options)
        with library_errors(NAME):
            samples = yield from _with_pauses(shifting(samples, self._rate, options.number("pitch")))
        pieces = converted(self._loaded, self._config, samples, voices, tau=options.number("tau"), noise=noise)
        while True:
            with library_errors(NAME):
                piece = next(pieces, None)
            if piece is None:
                return
            yield Audio(piece, self._rate)

    @property
    def _loaded(self) -> ToneConverter:
        if self._converter is None:
            raise RuntimeError("the engine is closed")
        return self._converter

    @property
    def _rate(self) -> int:
        return self._config.data.sampling_rate

    @property
    def _space(self) -> str:
        return self._model.space or self._model.family.name

    def _source(self, source: Embedding | str) -> Samples:
        return self._voices.of(source) if isinstance(source, str) else self._vector(source)

    def _vector(self, embedding: Embedding) -> Samples:
        """float32 [gin_channels]; PermanentError for one of another space or size."""
        size = self._config.model.gin_channels
        vector = np.asarray(embedding.vector, np.float32)
        if embedding.family != self._space or vector.shape != (size,) or not np.isfinite(vector).all():
            message = f"{self._model.name} takes embeddings of {self._space} with {size} numbers."
            raise PermanentError(message, code="embedding_mismatch")
        return vector


def _with_pauses(work: Work) -> Generator[Progress, None, Samples]:
    """The same, with a chance to stop at each of its pauses; nothing is converted by then."""
    while True:
        try:
            next(work)
        except StopIteration as end:
            made: Samples = end.value
            return made
        yield Progress(0.0)


def _noise(options: Mapping[str, object]) -> NoiseSource:
    """Fresh numbers, or those of the `seed` that was asked for."""
    seed = options.get("seed")
    return NoiseSource(seed if isinstance(seed, int) else None)
