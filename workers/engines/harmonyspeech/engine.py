"""Harmony Speech V1: English speech of 16 kHz in anybody's voice, by way of an embedding and a spectrogram."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Final, Self

import numpy as np
import torch

from pipelines.catalog import Model, OptionValue
from pipelines.errors import PermanentError
from workers.contract import Audio, Device, Embedding, EmbeddingRequest, Mel, Progress, Samples, SynthesisRequest
from workers.devices import torch_device
from workers.enginekit import Options, checked, heard, library_errors
from workers.engines.harmonyspeech import pauses
from workers.engines.harmonyspeech.frontend import speakable, symbol_ids
from workers.engines.harmonyspeech.parts import PART_STEP, Encoding, Synthesis, Vocoding
from workers.engines.harmonyspeech.reference import ready
from workers.engines.harmonyspeech.text import sentences
from workers.ge2e.parts import mean_embedding
from workers.ge2e.sound import HOP, RATE
from workers.wav import read_wav

NAME: Final = "Harmony Speech"
#: Of a spectrogram: bands and frames.
_AXES: Final = 2
#: Who speaks when nobody is asked for: a reader of LibriVox, in the public domain.
NARRATOR: Final = Path(__file__).with_name("narrator.wav")


class HarmonySpeech:
    """Implements SpeakerEncoder, AcousticModel and Vocoder; each network is loaded when it is first needed."""

    def __init__(self, model: Model, folder: Path, device: str) -> None:
        self._model = model
        self._folder = folder
        self._device = device

    @classmethod
    def load(cls, model: Model, weights: Path | None, device: Device) -> Self:
        place = torch_device(device)
        if place == "cpu":
            torch.set_num_threads(device.threads)
        return cls(model, weights or Path(), place)

    def close(self) -> None:
        for part in ("_encoder", "_synthesizer", "_vocoder", "_narrator"):
            self.__dict__.pop(part, None)
        if self._device != "cpu":
            torch.cuda.empty_cache()

    def embed(self, audio: Audio, request: EmbeddingRequest) -> Iterator[Embedding | Progress]:
        """One embedding of what was asked for; PermanentError if there is not enough of a voice in it."""
        voice = ready(heard(checked(audio, RATE), request.segments))
        partials: list[Samples] = []
        with library_errors(NAME):
            for heard_now in self._encoder.partials(voice):
                partials.append(heard_now)
                yield Progress(min(1.0, sum(map(len, partials)) * PART_STEP * HOP / len(voice)))
            vector = _one(partials)
        yield Embedding(vector, self._space)

    def acoustics(self, request: SynthesisRequest) -> Iterator[Mel | Progress]:
        """The spectrogram of each sentence with its pause; PermanentError for a text without a letter."""
        options = Options.of(self._model, request.options)
        speaker = self._speaker(request)
        texts = [text for text in sentences(request.text) if speakable(text)]
        if not texts:
            message = "The text holds nothing that can be spoken."
            raise PermanentError(message, code="text_not_speakable", field="input.text")
        hop = self._vocoder.config.hop
        for number, text in enumerate(texts, start=1):
            with library_errors(NAME):
                spoken = self._synthesizer.spoken(
                    symbol_ids(text),
                    speaker,
                    speed=options.number("speed"),
                    pitch=options.number("pitch"),
                    energy=options.number("energy"),
                )
                frames: Samples = spoken.mel[0].cpu().numpy()
            yield Mel(pauses.with_pause(frames, hop))
            yield Progress(number / len(texts))

    def vocode(
        self,
        mel: Mel,
        options: Mapping[str, OptionValue],  # noqa: ARG002 - the contract's; what shapes the sound is in the mel
    ) -> Iterator[Audio | Progress]:
        """The sound of a spectrogram, in one piece: its level follows from its peak."""
        vocoder = self._vocoder
        hop, wanted = vocoder.config.hop, vocoder.config.in_channels
        if mel.frames.ndim != _AXES or mel.frames.shape[0] != wanted or mel.frames.shape[1] == 0:
            message = f"The spectrogram is {list(mel.frames.shape)}; the vocoder takes [{wanted}, frames]."
            raise PermanentError(message, code="engine_refused")
        spoken = pauses.spoken_frames(mel.frames)
        made: list[Samples] = [np.zeros(0, np.float32)]
        with library_errors(NAME):
            for chunk in vocoder.chunks(mel.frames[:, spoken]):
                made.append(chunk)
                yield Progress(sum(map(len, made)) / (len(spoken) * hop))
            sound = pauses.spread(np.concatenate(made), spoken, hop)
        yield Audio(sound, RATE)

    def _speaker(self, request: SynthesisRequest) -> Samples:
        """Whom to sound like; PermanentError `embedding_mismatch` for a vector of another space or size."""
        given = request.speaker
        if given is None:
            if request.voice not in {None, *(voice.id for voice in self._model.family.voices)}:
                message = f"There is no voice {request.voice!r}."
                raise PermanentError(message, code="unknown_voice", field="options.voice")
            return self._narrator
        wanted = self._synthesizer.config.speaker_embed_dims
        if given.family != self._space:
            message = f"The embedding is of {given.family}; {self._model.name} takes those of {self._space}."
            raise PermanentError(message, code="embedding_mismatch")
        if given.vector.shape != (wanted,):
            message = f"The embedding has {given.vector.size} numbers; {self._model.name} takes {wanted}."
            raise PermanentError(message, code="embedding_mismatch")
        return given.vector.astype(np.float32)

    @property
    def _space(self) -> str:
        return self._model.space or self._model.family.name

    @cached_property
    def _encoder(self) -> Encoding:
        return Encoding.load(self._folder / "encoder", self._device)

    @cached_property
    def _synthesizer(self) -> Synthesis:
        return Synthesis.load(self._folder / "synthesizer", self._device)

    @cached_property
    def _vocoder(self) -> Vocoding:
        return Vocoding.load(self._folder / "vocoder", self._device)

    @cached_property
    def _narrator(self) -> Samples:
        """The default voice, as these weights hear it: the embedding belongs to them, so it is made, not shipped."""
        return _one(list(self._encoder.partials(ready(read_wav(NARRATOR)))))


def _one(partials: Sequence[Samples]) -> Samples:
    """The embedding of a whole recording; PermanentError if the network found nothing in it."""
    vector = mean_embedding(partials)
    if not np.all(np.isfinite(vector)):
        raise PermanentError("No voice can be told from the recording.", code="audio_no_speech")
    return vector
