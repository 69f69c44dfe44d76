"""From text to sound: clause by clause, shown as it is made; or up to a spectrogram and from there."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from pipelines.errors import PermanentError
from pipelines.streams import RATE
from workers.contract import AcousticModel, Audio, Mel, Progress, Samples, SynthesisRequest, Synthesizer, Vocoder
from workers.joining import Joiner
from workers.resampling import resampled
from workers.steps.context import Output, Result, StepContext, contents, sound
from workers.steps.gathering import GatheredSound
from workers.steps.showing import ShownSound
from workers.stretching import stretched
from workers.text.clauses import Clause, clauses
from workers.text.normalise import normalised
from workers.text.sentences import ends
from workers.wav import pcm16

_NOT_SPEAKABLE = "text_not_speakable"


def synthesize(context: StepContext) -> Result:
    """The text in one of the model's voices or, where the step names a `speaker`, in that one's."""
    asked = context.work.options
    speaker = context.embeddings("speaker")[0] if "speaker" in asked else None
    language: str | None = asked.get("reads") or asked["language"]
    text = normalised(asked["text"], language) if asked.get("normalise") else asked["text"]
    request = SynthesisRequest(text, asked["voice"], asked["language"], context.options, speaker)
    said = {"spoken_text": text}
    if asked.get("acoustics"):
        with context.engine(AcousticModel) as model:
            return replace(_spectrogram(contents(context, model.acoustics(request), Mel)), said=said)
    # What has no words is the engine's to judge.
    pieces = clauses(text, language) or [Clause(text, "text")]
    return replace(_Speech(context, request, pieces).spoken(), said=said)


def vocode(context: StepContext) -> Result:
    """A spectrogram → sound."""
    frames = np.load(io.BytesIO(context.read(context.input)), allow_pickle=False)
    with context.engine(Vocoder) as engine:
        made = joined(contents(context, engine.vocode(Mel(frames), context.options), Audio))
    pace = float(context.work.options.get("stretch", 1.0))
    return sound(Audio(stretched(made.samples, made.sample_rate, pace), made.sample_rate))


def joined(pieces: Iterable[Audio]) -> Audio:
    """The pieces, one after the other; PermanentError `text_not_speakable` if there are none."""
    whole = list(pieces)
    if not whole:
        raise _nothing()
    return Audio(np.concatenate([piece.samples for piece in whole]), whole[0].sample_rate)


class _Speech:
    """A text that is spoken clause by clause; a later attempt goes on behind what an earlier one has shown."""

    def __init__(self, context: StepContext, request: SynthesisRequest, pieces: Sequence[Clause]) -> None:
        self._context = context
        self._request = request
        self._pieces = pieces
        self._language: str | None = context.work.options.get("reads")
        self._sound = GatheredSound(context.scratch)
        self._shown = ShownSound(context, self._sound)
        self._characters = sum(len(piece.text) for piece in pieces)
        self._stretch = float(context.work.options.get("stretch", 1.0))
        self._pace = float(context.work.options.get("pace", 1.0))

    def spoken(self) -> Result:
        """The whole as a WAV; PermanentError `text_not_speakable` if nothing of it can be spoken."""
        start = self._shown.resume()
        if start < len(self._pieces):
            with self._context.engine(Synthesizer) as engine:
                for number in range(start, len(self._pieces)):
                    self._speak(engine, number)
        if self._sound.size == 0:
            raise _nothing()
        self._shown.finish()
        rate = self._shown.rate
        made = self._sound.wav(rate)
        return Result([Output("audio", "audio/wav", "wav", made, self._sound.samples / rate, rate)])

    def _speak(self, engine: Synthesizer, number: int) -> None:
        piece = self._pieces[number]
        try:
            made = list(self._made(engine, number))
        except PermanentError as error:
            if error.code != _NOT_SPEAKABLE:
                raise
            made = []
        if not made:
            # A clause of signs between others: if none of them can be spoken, that is said in the end.
            return
        audio = Audio(self._finished(made, number), made[0].sample_rate)
        if RATE in self._context.work.options:
            # A clause by itself, so that each can be made again; its edges are silent, or nearly so.
            audio = resampled(audio, self._context.work.options[RATE])
        last = number + 1 == len(self._pieces)
        self._shown.add(pcm16(audio.samples), audio.sample_rate, piece.text, number + 1, last=last)

    def _made(self, engine: Synthesizer, number: int) -> Iterator[Audio]:
        """What the engine makes of one clause; progress is in characters spoken."""
        text = self._pieces[number].text
        before, fraction = sum(len(piece.text) for piece in self._pieces[:number]), 0.0
        for made in engine.synthesize(replace(self._request, text=text)):
            fraction = made.fraction if isinstance(made, Progress) else fraction
            self._context.check((before + fraction * len(text)) / self._characters)
            if isinstance(made, Audio):
                yield made

    def _finished(self, made: Sequence[Audio], number: int) -> Samples:
        """One clause at the pace that is asked for, with the pauses that belong behind it and between its sentences."""
        rate, piece = made[0].sample_rate, self._pieces[number]
        parts = [stretched(audio.samples, rate, self._stretch) for audio in made]
        if not self._context.work.options.get("join"):
            return np.concatenate(parts)
        if len(parts) != _sentences(piece.text, self._language):
            # The engine has its own way of parting a clause, and of joining it.
            parts = [np.concatenate(parts)]
        joiner = Joiner(rate, self._pace)
        is_first, is_last = self._sound.size == 0, number + 1 == len(self._pieces)
        last = len(parts) - 1
        return np.concatenate(
            [
                joiner.piece(
                    part,
                    piece.end if place == last else "sentence",
                    is_first=is_first and place == 0,
                    is_last=is_last and place == last,
                )
                for place, part in enumerate(parts)
            ]
        )


def _sentences(text: str, language: str | None) -> int:
    """How many there are; the last may end without a mark."""
    return sum(sum(end < len(line) for end in ends(line, language)) + 1 for line in text.split("\n"))


def _spectrogram(pieces: Iterable[Mel]) -> Result:
    """The sentences' frames, one after the other, as .npy: float32 [mels, frames]."""
    whole = [piece.frames for piece in pieces]
    if not whole:
        raise _nothing()
    file = io.BytesIO()
    np.save(file, np.concatenate(whole, axis=1), allow_pickle=False)
    return Result([Output("mel", "application/octet-stream", "npy", file.getvalue())])


def _nothing() -> PermanentError:
    return PermanentError("The text holds nothing that can be spoken.", code=_NOT_SPEAKABLE, field="input.text")
