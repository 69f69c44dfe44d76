"""Text to audio: synthesize, by parts or whole, in a built-in voice or somebody's; then encode if need be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pipelines.catalog import IO_QUEUE, Model
from pipelines.jobs import Action, Plan, Step
from pipelines.mixing import voice_of
from pipelines.workflows.reference import Listening

#: What engines write; every other format needs an encode step.
ENGINE_FORMAT = "wav"


@dataclass(frozen=True)
class Speaking:
    """What is spoken by which model, with its options."""

    model: Model
    text: str
    voice: str | None
    language: str | None
    options: dict[str, Any]
    #: Whether the text is put into words before it is spoken.
    normalise: bool = True
    #: How much faster it is made than the engine speaks it, and than the voice's own pace in all.
    stretch: float = 1.0
    pace: float = 1.0

    @property
    def reads(self) -> str | None:
        """The language of the text: the one that is named, the voice's, or the only one of the model."""
        known = voice_of(self.voice, self.model) if self.voice is not None else None
        of_voice = known.language if known is not None else None
        languages = self.model.languages
        tag = self.language or of_voice or (languages[0] if len(languages) == 1 else None)
        return None if tag == "und" else tag


def speech(speaking: Speaking, form: str) -> Plan:
    """In a built-in voice. `stages` (of the `tone` family) adds hops, so that load tests have chains."""
    model, options = speaking.model, speaking.options
    by_parts = model.cloning is not None and model.cloning.recipe == "vocode"
    steps = _by_parts(speaking, None) if by_parts else [_synthesize(speaking)]
    for number in range(2, int(options.get("stages", 1)) + 1):
        on_model = number % 2 == 1
        steps.append(
            Step(
                f"stage-{number}",
                Action.STAGE,
                model.queue if on_model else IO_QUEUE,
                model.name if on_model else None,
                {"delay_ms": options.get("delay_ms", 0)},
            )
        )
    return Plan((*steps, *encoding(form)))


def direct(speaking: Speaking, reference: Listening, form: str) -> Plan:
    """After embed, synthesize: the model itself speaks like the reference."""
    return Plan((*reference.steps, _synthesize(speaking, reference), *encoding(form)))


def vocode(speaking: Speaking, reference: Listening, form: str) -> Plan:
    """After embed, synthesize a spectrogram → vocode."""
    return Plan((*reference.steps, *_by_parts(speaking, reference), *encoding(form)))


def convert(speaking: Speaking, converter: Model, options: dict[str, Any], reference: Listening, form: str) -> Plan:
    """After embed, synthesize in a base voice → convert from that voice to the reference's, at the converter's rate."""
    asked = {
        "options": options,
        "source": {"voice": speaking.voice},
        "target": reference.source,
        "sample_rate": converter.family.sample_rate,
    }
    takes = ("synthesize.audio", *reference.takes)
    converting = Step("convert", Action.CONVERT, converter.queue, converter.name, asked, takes)
    return Plan((*reference.steps, _synthesize(speaking), converting, *encoding(form)))


def encoding(form: str) -> tuple[Step, ...]:
    """The last step, where another format is asked for than the engine writes."""
    return () if form == ENGINE_FORMAT else (Step("encode", Action.ENCODE, IO_QUEUE, options={"format": form}),)


def _by_parts(speaking: Speaking, reference: Listening | None) -> list[Step]:
    model = speaking.model
    asked = {"options": speaking.options, "stretch": speaking.stretch}
    vocoding = Step("vocode", Action.VOCODE, model.queue, model.name, asked)
    return [_synthesize(speaking, reference, acoustics=True), vocoding]


def _synthesize(speaking: Speaking, reference: Listening | None = None, *, acoustics: bool = False) -> Step:
    """`acoustics`: up to the spectrogram, which is left to a vocoder."""
    asked: dict[str, Any] = {
        "text": speaking.text,
        "voice": speaking.voice,
        "language": speaking.language,
        "options": speaking.options,
        "normalise": speaking.normalise,
        "reads": speaking.reads,
        "join": speaking.model.family.joining,
        "stretch": speaking.stretch,
        "pace": speaking.pace,
    }
    if reference is not None:
        asked["speaker"] = reference.source
    if acoustics:
        asked["acoustics"] = True
    model, takes = speaking.model, () if reference is None else reference.takes
    return Step("synthesize", Action.SYNTHESIZE, model.queue, model.name, asked, takes)
