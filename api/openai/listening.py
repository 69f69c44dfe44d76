"""What a request for a transcript asks for: the fields of a form, each honoured or refused by name."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from api.errors import JobEnded
from api.openai.errors import reworded
from api.openai.languages import tag_of
from pipelines.errors import InvalidRequest

FORMATS = ("json", "text", "srt", "verbose_json", "vtt")
#: What a stream can give: events of text, and with `verbose_json` of segments too.
STREAMED = ("json", "text", "verbose_json")
GRANULARITIES = ("word", "segment")

_LISTS = frozenset({"timestamp_granularities", "include", "keywords", "languages"})
_WORDS = frozenset(
    {"model", "language", "prompt", "response_format", "temperature", "stream", "hotwords", "vad_filter"}
)
_CHUNKING = "chunking_strategy"
#: What OpenAI has and no model here can do.
_REFUSED = {
    "known_speaker_names": "no model here tells speakers apart",
    "known_speaker_references": "no model here tells speakers apart",
}

#: Fields of `chunking_strategy` → the VAD options that they are, with how they are read.
_VAD = {
    "threshold": "vad_threshold",
    "prefix_padding_ms": "vad_speech_pad_ms",
    "silence_duration_ms": "vad_min_silence_duration_ms",
}

#: Native place → field, for errors of the job.
NAMES: Mapping[str, str] = {
    "input.audio": "file",
    "options.vad_filter": "vad_filter",
    **{f"options.{option}": f"{_CHUNKING}.{name}" for name, option in _VAD.items()},
}


@dataclass(frozen=True)
class Asked:
    """A request in our words: `options` are those of the native job, without `word_timestamps`."""

    model: str
    response_format: str
    words: bool
    segments: bool
    stream: bool
    #: Whether the VAD filter was asked for by OpenAI's field.
    chunked: bool
    options: Mapping[str, Any]


def check_name(name: str) -> None:
    """InvalidRequest if a form has no such field, or none that can be honoured."""
    base = name.partition("[")[0]
    if base in _REFUSED:
        raise InvalidRequest.of(base, _REFUSED[base], code="field_not_supported")
    if base not in _LISTS and base != _CHUNKING and name not in _WORDS:
        known = ", ".join(sorted(("file", _CHUNKING, *_LISTS, *_WORDS)))
        raise InvalidRequest.of(name, f"is not a field of this form; it has: {known}", code="unknown_field")


def read_fields(pairs: Iterable[tuple[str, str]]) -> Asked:
    """The request, whose names `check_name` has passed; empty values count as left out. InvalidRequest."""
    words, lists, chunking = _sorted(pairs)
    model = words.get("model")
    if model is None:
        raise InvalidRequest.of("model", "is required: a name from /v1/models", code="missing_field")
    form = _response_format(words.get("response_format", "json"))
    _check_include(lists.get("include", ()))
    granularities = _granularities(lists.get("timestamp_granularities", ()), form)
    stream = _flag("stream", words.get("stream", "false"))
    if stream and form not in STREAMED:
        message = f"{form} cannot be streamed; a stream gives: {', '.join(STREAMED)}"
        raise InvalidRequest.of("response_format", message, code="field_not_supported")
    return Asked(
        model=model,
        response_format=form,
        words="word" in granularities,
        segments="segment" in granularities or not granularities,
        stream=stream,
        chunked=bool(chunking),
        options={**_options(words, lists), **_vad_options(words, chunking)},
    )


def told(error: JobEnded) -> JobEnded:
    """The same in this door's words: what is wrong with the recording is wrong with `file`."""
    problem = reworded(error.problem, NAMES)
    if str(problem["code"]).startswith("audio_") and not problem.get("errors"):
        problem["errors"] = [{"field": "file", "message": problem["detail"]}]
    return JobEnded(problem)


def _sorted(pairs: Iterable[tuple[str, str]]) -> tuple[dict[str, str], dict[str, list[str]], dict[str, str]]:
    """Plain fields, lists (`name[]`, or `name` again and again), and the parts of the chunking strategy."""
    words: dict[str, str] = {}
    lists: dict[str, list[str]] = {}
    chunking: dict[str, str] = {}
    for name, value in pairs:
        base, _, rest = name.partition("[")
        if not value.strip():
            continue
        if base in _LISTS:
            lists.setdefault(base, []).append(value)
            continue
        into, key = (chunking, rest.removesuffix("]")) if base == _CHUNKING else (words, name)
        if key in into:
            raise InvalidRequest.of(name, "is in the form twice", code="invalid_multipart")
        into[key] = value
    return words, lists, chunking


def _response_format(asked: str) -> str:
    if asked == "diarized_json":
        message = "diarized_json cannot be had: no model here tells speakers apart"
        raise InvalidRequest.of("response_format", message, code="field_not_supported")
    if asked not in FORMATS:
        raise _invalid("response_format", f"must be one of: {', '.join(FORMATS)}")
    return asked


def _check_include(asked: Iterable[str]) -> None:
    for item in asked:
        if item == "logprobs":
            message = "logprobs cannot be had: no model here gives the probabilities of its tokens"
            raise InvalidRequest.of("include", message, code="field_not_supported")
        raise _invalid("include", "must be: logprobs")


def _granularities(asked: Iterable[str], form: str) -> set[str]:
    found = set(asked)
    if found - set(GRANULARITIES):
        raise _invalid("timestamp_granularities", f"must be of: {', '.join(GRANULARITIES)}")
    if found and form != "verbose_json":
        raise _invalid("timestamp_granularities", "needs response_format verbose_json")
    return found


def _options(words: Mapping[str, str], lists: Mapping[str, list[str]]) -> dict[str, Any]:
    options: dict[str, Any] = {}
    if "prompt" in words:
        options["prompt"] = words["prompt"]
    if "temperature" in words:
        options["temperature"] = _number("temperature", words["temperature"], 0, 1)
    language = _language(words, lists)
    if language is not None:
        options["language"] = language
    hotwords = [words["hotwords"]] if "hotwords" in words else []
    if hotwords or "keywords" in lists:
        options["hotwords"] = ", ".join([*hotwords, *lists.get("keywords", ())])
    return options


def _language(words: Mapping[str, str], lists: Mapping[str, list[str]]) -> str | None:
    possible = {tag_of(given) for given in lists.get("languages", ())}
    if "language" in words:
        possible.add(tag_of(words["language"]))
    if len(possible) > 1:
        message = "a model here takes one language, or finds it out of all; name one, or none"
        raise InvalidRequest.of("languages", message, code="field_not_supported")
    return next(iter(possible), None)


def _vad_options(words: Mapping[str, str], chunking: Mapping[str, str]) -> dict[str, Any]:
    """The VAD filter: by our own field `vad_filter`, or by OpenAI's strategy, which both of its kinds are."""
    options: dict[str, Any] = {}
    if "vad_filter" in words:
        options["vad_filter"] = _flag("vad_filter", words["vad_filter"])
    strategy = _strategy(chunking)
    if strategy is None:
        return options
    if options.get("vad_filter") is False:
        raise _invalid("vad_filter", f"must not be false with {_CHUNKING}, which is the same filter")
    options["vad_filter"] = True
    for name, value in strategy.items():
        if name not in _VAD:
            message = f"is not a field of server_vad; it has: {', '.join(_VAD)}"
            raise InvalidRequest.of(f"{_CHUNKING}.{name}", message, code="unknown_field")
        number = _number(f"{_CHUNKING}.{name}", value, 0, 1 if name == "threshold" else math.inf)
        options[_VAD[name]] = number if name == "threshold" else int(number)
    return options


def _strategy(chunking: Mapping[str, str]) -> dict[str, Any] | None:
    """The settings of `server_vad`, none of them for `auto`; None if no strategy was named."""
    if not chunking:
        return None
    given: Any = dict(chunking)
    if chunking.keys() == {""}:
        if chunking[""] == "auto":
            return {}
        try:
            given = json.loads(chunking[""])
        except ValueError:
            given = None
    if not isinstance(given, dict) or given.pop("type", None) != "server_vad":
        raise _invalid(_CHUNKING, 'must be "auto", or an object with type "server_vad"')
    return given


def _number(name: str, value: object, least: float, most: float) -> float:
    try:
        number = float(str(value))
    except ValueError:
        number = math.nan
    if not least <= number <= most or math.isinf(number):
        upper = f" to {most:g}" if math.isfinite(most) else " or more"
        raise _invalid(name, f"must be a number, {least:g}{upper}")
    return number


def _flag(name: str, value: str) -> bool:
    if value.lower() not in {"true", "false"}:
        raise _invalid(name, "must be true or false")
    return value.lower() == "true"


def _invalid(name: str, message: str) -> InvalidRequest:
    return InvalidRequest.of(name, message, code="invalid_option")
