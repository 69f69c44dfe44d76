"""A transcript in the shapes that OpenAI's clients read: json, text, subtitles, and verbose_json with its segments."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from api.openai.languages import name_of
from api.openai.listening import Asked
from api.openai.usage import HEARD_PER_SECOND, sound_tokens, text_tokens
from pipelines.catalog import Capability
from pipelines.subtitles import cues, srt, vtt

JSON = "application/json"
TEXT = "text/plain; charset=utf-8"

_TRANSLATION = Capability.TRANSLATION


def written(document: Mapping[str, Any], kind: Capability, asked: Asked) -> tuple[bytes, str]:
    """The answer's body and media type, from the native result; in a thread, for a long one takes its time."""
    form = asked.response_format
    if form == "text":
        return f"{document['text']}\n".encode(), TEXT
    if form in {"srt", "vtt"}:
        shown = cues(document["segments"])
        return (srt(shown) if form == "srt" else vtt(shown)).encode(), TEXT
    body = _verbose(document, kind, asked) if form == "verbose_json" else {"text": document["text"]}
    if kind is not _TRANSLATION:
        # OpenAI's translations have no usage.
        body["usage"] = {"type": "duration", "seconds": round(document["duration"], 3)}
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode(), JSON


def _verbose(document: Mapping[str, Any], kind: Capability, asked: Asked) -> dict[str, Any]:
    translated = kind is _TRANSLATION
    body: dict[str, Any] = {
        "task": "translate" if translated else "transcribe",
        "language": name_of("en" if translated else document["language"]),
        "duration": document["duration"],
        "text": document["text"],
    }
    segments: Sequence[Mapping[str, Any]] = document["segments"]
    if asked.words:
        body["words"] = [word_of(word) for segment in segments for word in segment.get("words") or ()]
    if asked.segments:
        body["segments"] = [segment_of(segment) for segment in segments]
    return body


def segment_of(segment: Mapping[str, Any]) -> dict[str, Any]:
    """OpenAI's segment; what it says of the decoding is there if the model says it."""
    plain = {name: segment[name] for name in ("id", "start", "end", "text")}
    return {**plain, **(segment.get("decoding") or {})}


def word_of(word: Mapping[str, Any]) -> dict[str, Any]:
    """OpenAI's word."""
    return {name: word[name] for name in ("word", "start", "end")}


def token_usage(document: Mapping[str, Any]) -> dict[str, Any]:
    """Tokens that went in and came out: the model's own, else counted as `api.openai.usage` counts."""
    decodings: Iterable[Mapping[str, Any] | None] = [segment.get("decoding") for segment in document["segments"]]
    own = document.get("input_tokens")
    if own is None:
        heard, shown = sound_tokens(document["duration"], HEARD_PER_SECOND), 0
        made = text_tokens(document["text"])
    else:
        heard, shown = own["audio"], own["text"]
        made = sum(len(decoding["tokens"]) for decoding in decodings if decoding is not None)
    return {
        "type": "tokens",
        "input_tokens": heard + shown,
        "input_token_details": {"audio_tokens": heard, "text_tokens": shown},
        "output_tokens": made,
        "total_tokens": heard + shown + made,
    }
