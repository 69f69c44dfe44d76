"""POST /v1/audio/speech as OpenAI has it, in words of a native request for speech."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, WithJsonSchema

from api.openai.names import own_voice
from media.formats import AudioFormat, can_write
from pipelines.catalog import Capability, Catalog, Model
from pipelines.errors import InvalidRequest
from pipelines.languages import normalise_language
from pipelines.planning import choose_model
from pipelines.requests import explain, has_text, parse_request
from pipelines.speakers import asked_of
from pipelines.styles import style_for
from pipelines.voices import is_saved

#: Native place → the field of this route that it came by.
NAMES = {
    "input.text": "input",
    "input.reference": "reference",
    "options.format": "response_format",
    "post_processing.sample_rate": "sample_rate",
}

#: OpenAI's `pcm` has no header that could say its rate, in Hz.
PCM_RATE = 24_000
#: Of the longest mixture, in characters.
_LONGEST_VOICE = 1024


_VOICE = {
    "anyOf": [
        {"type": "string"},
        {"type": "object", "required": ["id"], "properties": {"id": {"type": "string"}}, "additionalProperties": False},
    ],
    "description": "A voice of the model, one of OpenAI's names, a saved voice (`voice_…`), either also as `{id}`, or "
    "a mixture such as `af_heart(2)+am_adam(1)`. Required unless there is a `reference`.",
}
_REFERENCE = {
    "anyOf": [{"type": "string", "contentEncoding": "base64"}, {"type": "object"}],
    "description": "Whom to sound like: `input.reference` of a native request, or a recording in base64.",
}


class SpeechRequest(BaseModel):
    """OpenAI's fields, then ours: language, sample_rate, seed, reference."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    model: Annotated[str, Field(max_length=64, description="A name from /v1/models, or one of OpenAI's.")]
    input: Annotated[str, Field(description="The text; its longest is a setting, 4,096 characters as OpenAI has it.")]
    #: A name, or `{"id": name}`; looked at by `voice_of`, so that errors name the field and no type.
    voice: Annotated[Any, WithJsonSchema(_VOICE)] = None
    instructions: Annotated[
        str | None, Field(max_length=4096, description="Asks for one of the model's styles; /v1/models lists them.")
    ] = None
    response_format: AudioFormat | None = Field(default=None, description="mp3 unless another is named.")
    speed: Annotated[float | None, Field(ge=0.25, le=4, strict=True, allow_inf_nan=False)] = None
    stream_format: Literal["audio", "sse"] | None = Field(default=None, description="audio unless sse is named.")
    language: Annotated[str | None, Field(max_length=64, description="A language tag such as en-US.")] = None
    sample_rate: Annotated[
        int | None, Field(ge=8000, le=48_000, strict=True, description="Hz of what comes back; pcm has 24000.")
    ] = None
    seed: Annotated[int | None, Field(strict=True, description="For models that have the option.")] = None
    #: Looked at as `input.reference` of the native request.
    reference: Annotated[Any, WithJsonSchema(_REFERENCE)] = None

    @property
    def form(self) -> AudioFormat:
        return self.response_format or "mp3"


def parse_speech(body: dict[str, Any], most_characters: int) -> SpeechRequest:
    """The request; InvalidRequest names every wrong field."""
    try:
        asked = SpeechRequest.model_validate(body)
    except ValidationError as error:
        explain(error)
    if voice_of(asked.voice) is None and asked.reference is None:
        raise InvalidRequest.of("voice", "is required", code="missing_field")
    if not has_text(asked.input):
        raise InvalidRequest.of("input", "is empty", code="text_empty")
    if len(asked.input) > most_characters:
        message = f"has {len(asked.input)} characters; the limit is {most_characters}"
        raise InvalidRequest.of("input", message, code="text_too_long")
    return asked


def voice_of(given: object) -> str | None:
    """The name in `"name"` or `{"id": "name"}`; InvalidRequest for anything else."""
    if given is None:
        return None
    if isinstance(given, dict):
        if (more := sorted(given.keys() - {"id"})) or "id" not in given:
            code = "unknown_field" if more else "missing_field"
            place = f"voice.{more[0]}" if more else "voice.id"
            message = "is not a field of a voice, which has: id" if more else "is required"
            raise InvalidRequest.of(place, message, code=code)
        given = given["id"]
    if not isinstance(given, str) or not 1 <= len(given) <= _LONGEST_VOICE:
        message = f"must be a name of 1 to {_LONGEST_VOICE} characters, or an object with an `id`"
        raise InvalidRequest.of("voice", message, code="invalid_request")
    return given


def native_speech(asked: SpeechRequest, catalog: Catalog) -> dict[str, Any]:
    """The native request; InvalidRequest, in native places, for what no model here can do."""
    told: dict[str, Any] = {"text": asked.input}
    if asked.reference is not None:
        sent = asked.reference
        told["reference"] = {"audio": {"data": sent}} if isinstance(sent, str) else sent
    named = voice_of(asked.voice)
    given = {
        "format": asked.form,
        "voice": named,
        "speed": asked.speed,
        "language": asked.language,
        "seed": asked.seed,
    }
    options = {name: value for name, value in given.items() if value is not None}
    native: dict[str, Any] = {"kind": Capability.SPEECH.value, "model": asked.model, "input": told, "options": options}
    request = parse_request(native)
    model = choose_model(request, catalog, asked_of(request))
    if named is not None:
        _take_voice(native, model, named, asked)
    if asked.instructions:
        _take_style(native, model, asked.instructions)
    _take_rate(native, model, asked)
    return native


def _take_voice(native: dict[str, Any], model: Model, named: str, asked: SpeechRequest) -> None:
    """OpenAI's names become voices of the model."""
    language = None if asked.language is None else normalise_language(asked.language)
    own = own_voice(model, named, language)
    if own is None:
        del native["options"]["voice"]
    else:
        native["options"]["voice"] = own


def _take_style(native: dict[str, Any], model: Model, instructions: str) -> None:
    """The voice that speaks so, in place of the plain one; a saved voice goes on to be whom it sounds like."""
    style = style_for(instructions, model, field="instructions")
    options, told = native["options"], native["input"]
    voice = options.get("voice")
    if is_saved(voice):
        told["reference"] = {"voice": voice}
    elif voice not in {None, style.of, style.voice}:
        message = f"{voice} speaks in one way only; {style.of} speaks in styles"
        raise InvalidRequest.of("instructions", message, code="invalid_option")
    options["voice"] = style.voice


def _take_rate(native: dict[str, Any], model: Model, asked: SpeechRequest) -> None:
    """The rate that was asked for, or that `pcm` has, where the model's own is another."""
    rate = asked.sample_rate or (PCM_RATE if asked.form == "pcm" else None)
    if rate is None or rate == model.family.sample_rate:
        return
    if not can_write(asked.form, rate):
        message = f"{asked.form} cannot have {rate} Hz"
        raise InvalidRequest.of("sample_rate", message, code="invalid_option")
    native["post_processing"] = {"sample_rate": rate}
