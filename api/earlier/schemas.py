"""What the Harmony routes take, field by field: every field is honoured, or refused by its name."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from pipelines.errors import InvalidRequest
from pipelines.requests import explain

_Body = TypeVar("_Body", bound="Body")

SINGLE_SPEAKER = "single_speaker_tts"
VOICE_CLONING = "voice_cloning"

#: Earlier clients send what was not filled in as an empty string.
Given = Annotated[str | None, BeforeValidator(lambda value: value or None if isinstance(value, str) else value)]

Number = Annotated[float | None, Field(allow_inf_nan=False)]
Filter = dict[str, Any]

_RECORDING = "A recording of any usual format, as base64."
_EMBEDDING = "What POST /v1/embed/speaker gave for this model: see docs/harmony-api.md."


class Body(BaseModel):
    """A field that is not listed is refused by name; null is the same as left out."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class EarlierGenerationOptions(Body):
    """How to speak or convert. What the model cannot do is refused, unless the value asks for no change."""

    seed: int | None = None
    style: int | str | None = Field(None, description="A style of the voice, by its name or its place in `styles`.")
    speed: Number = Field(None, description="1 is the voice's own pace, 2 twice as fast.")
    pitch: Number = Field(None, description="1 leaves the melody as it is; see docs/harmony-api.md.")
    energy: Number = Field(None, description="1 leaves the emphasis as it is.")
    exaggeration: Number = None
    cfg_weight: Number = None
    temperature: Number = None
    repetition_penalty: Number = None
    top_p: Number = None
    min_p: Number = None
    top_k: int | None = None
    norm_loudness: bool | None = Field(None, description="Whether to bring the sound to a usual loudness.")


class EarlierOutputOptions(Body):
    """In what form the sound comes."""

    format: Given = Field(None, description="wav (if nothing else is said), flac, mp3, opus, aac or pcm.")
    sample_rate: int | None = Field(None, description="In Hz; otherwise the model's own.")
    stream: bool | None = Field(None, description="Answer with the bytes of the sound as they are made, not with JSON.")


class EarlierSpeech(Body):
    """The body of POST /v1/audio/speech: text to speak."""

    model: str = Field(description="A model or a toolchain of GET /v1/audio/speech/models.")
    input: str = Field(description="The text.")
    mode: Literal["single_speaker_tts", "voice_cloning"]
    language: Given = Field(None, description="Needed only to choose between several.")
    voice: Given = None
    input_audio: Given = Field(None, description=f"Of voice_cloning: whom to sound like. {_RECORDING}")
    input_vad_mode: Given = Field(None, description="Which detector finds the speech in input_audio.")
    input_vad_data: Given = Field(None, description="Where in input_audio is speech: JSON as /v1/audio/vad answers.")
    input_embedding: Given = Field(None, description=f"Of voice_cloning, instead of input_audio. {_EMBEDDING}")
    generation_options: EarlierGenerationOptions | None = None
    output_options: EarlierOutputOptions | None = None
    pre_processing_filters: list[Filter] | None = None
    post_generation_filters: list[Filter] | None = Field(None, description="Each as `post_processing` of a job.")


class EarlierTranscription(Body):
    """The body of POST /v1/audio/transcriptions in JSON."""

    model: str = Field(description="A model of GET /v1/audio/transcriptions/models.")
    input_audio: str = Field(description=_RECORDING)
    get_language: bool | None = Field(None, description="Whether to say the language.")
    get_timestamps: bool | None = Field(None, description="Whether to say when what was said.")


class EarlierSpeakerEmbedding(Body):
    """The body of POST /v1/embed/speaker."""

    model: str = Field(description="A model or a toolchain of GET /v1/embed/models.")
    input_audio: str = Field(description=_RECORDING)


class EarlierConversion(Body):
    """The body of POST /v1/voice/convert: exactly one of target_audio and target_embedding says whose voice."""

    model: str = Field(description="A model or a toolchain of GET /v1/voice/convert/models.")
    source_audio: str = Field(description=_RECORDING)
    target_audio: Given = Field(None, description=_RECORDING)
    target_embedding: Given = Field(None, description=_EMBEDDING)
    generation_options: EarlierGenerationOptions | None = None
    output_options: EarlierOutputOptions | None = None
    pre_processing_filters: list[Filter] | None = None


class EarlierVoiceActivity(Body):
    """The body of POST /v1/audio/vad; what is not given is as the model has it."""

    model: str = Field(description="A model of GET /v1/audio/vad/models.")
    input_audio: str = Field(description=_RECORDING)
    get_timestamps: bool | None = Field(None, description="Whether to say where the speech is.")
    threshold: Number = None
    min_speech_duration_ms: int | None = None
    min_silence_duration_ms: int | None = None
    speech_pad_ms: int | None = None
    return_seconds: bool | None = Field(None, description="Times in seconds; otherwise in samples at 16 kHz.")


class EarlierRestoration(Body):
    """The body of POST /v1/audio/convert."""

    model: str = Field(description="A model of GET /v1/audio/convert/models: there is none yet.")
    source_audio: str = Field(description=_RECORDING)
    output_options: EarlierOutputOptions | None = None
    pre_processing_filters: list[Filter] | None = None


def parsed(body: dict[str, Any], kind: type[_Body]) -> _Body:
    """The body, which is emptied; InvalidRequest names every field that is wrong."""
    try:
        asked = kind.model_validate(body)
    except ValidationError as error:
        explain(error)
    # It may hold recordings, and whoever brought it waits for a job.
    body.clear()
    return asked


def missing(field: str, message: str) -> InvalidRequest:
    """A field that this request needs."""
    return InvalidRequest.of(field, message, code="missing_field")
