"""Each mistake a client can make, as the exception that OpenAI's SDK raises for it: status, type, param and code."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import openai
import pytest
from openai import BadRequestError, NotFoundError, OpenAI

from harmony.background import BackgroundStack
from tests.conformance.conftest import FILE_BYTES

pytestmark = [pytest.mark.models, pytest.mark.stack, pytest.mark.slow, pytest.mark.xdist_group("conformance")]

INVALID = "invalid_request_error"


def told(error: openai.APIStatusError) -> tuple[str | None, str | None, str | None]:
    """Its type, param and code; every error names its request."""
    assert error.request_id
    assert str(error.status_code) in error.message
    return error.type, error.param, error.code


@pytest.mark.parametrize(
    ("fields", "param", "code"),
    [
        ({"response_format": "yaml"}, "response_format", "invalid_value"),
        ({"response_format": "diarized_json"}, "response_format", "field_not_supported"),
        ({"stream": True, "response_format": "srt"}, "response_format", "field_not_supported"),
        ({"include": ["logprobs"]}, "include", "field_not_supported"),
        ({"include": ["words"]}, "include", "invalid_value"),
        ({"timestamp_granularities": ["word"]}, "timestamp_granularities", "invalid_value"),
        (
            {"timestamp_granularities": ["syllable"], "response_format": "verbose_json"},
            "timestamp_granularities",
            "invalid_value",
        ),
        ({"temperature": 1.5}, "temperature", "invalid_value"),
        ({"language": "tlh"}, "language", "unsupported_language"),
        ({"languages": ["en", "es"]}, "languages", "field_not_supported"),
        ({"prompt": "word " * 500}, "prompt", "invalid_value"),
        ({"chunking_strategy": "sentences"}, "chunking_strategy", "invalid_value"),
        (
            {"chunking_strategy": {"type": "server_vad", "eagerness": 1}},
            "chunking_strategy.eagerness",
            "unknown_parameter",
        ),
        ({"chunking_strategy": {"type": "server_vad", "threshold": 3}}, "chunking_strategy.threshold", "invalid_value"),
        (
            {"chunking_strategy": {"type": "server_vad", "prefix_padding_ms": 9000}},
            "chunking_strategy.prefix_padding_ms",
            "invalid_value",
        ),
        ({"known_speaker_names": ["Jane"]}, "known_speaker_names", "field_not_supported"),
        ({"known_speaker_references": ["data:,"]}, "known_speaker_references", "field_not_supported"),
        ({"extra_body": {"vad_filter": "perhaps"}}, "vad_filter", "invalid_value"),
        ({"extra_body": {"speed": 2}}, "speed", "unknown_parameter"),
        ({"model": "tone", "temperature": 0.5}, "temperature", "unknown_parameter"),
        ({"model": "tone", "chunking_strategy": "auto"}, "chunking_strategy", "unknown_parameter"),
        ({"model": "kokoro"}, "model", "unsupported_kind"),
    ],
)
def test_a_field_that_cannot_be_honoured(
    client: OpenAI, tone_file: Path, fields: dict[str, Any], param: str, code: str
) -> None:
    with pytest.raises(BadRequestError) as caught:
        client.audio.transcriptions.create(**{"file": tone_file, "model": "whisper-1", **fields})
    assert told(caught.value) == (INVALID, param, code)


def test_an_unknown_model(client: OpenAI, tone_file: Path) -> None:
    with pytest.raises(NotFoundError) as caught:
        client.audio.transcriptions.create(file=tone_file, model="whisper-9")
    assert told(caught.value) == (INVALID, "model", "model_not_found")
    with pytest.raises(NotFoundError) as caught:
        client.audio.speech.create(input="Hello.", model="tts-9", voice="alloy")
    assert told(caught.value) == (INVALID, "model", "model_not_found")
    with pytest.raises(NotFoundError) as caught:
        client.models.retrieve("whisper-9")
    assert caught.value.code == "model_not_found"


def test_what_is_missing(stack: BackgroundStack) -> None:
    """The SDK does not let one leave these out; other clients do."""
    with httpx.Client(base_url=stack.url, trust_env=False) as http:
        answers = [
            http.post("/v1/audio/transcriptions", files={"model": (None, "whisper-1")}),
            http.post("/v1/audio/transcriptions", files={"file": ("a.wav", b"RIFF")}),
            http.post("/v1/audio/translations", files={"file": (None, "no file"), "model": (None, "whisper-1")}),
            http.post("/v1/audio/speech", json={"model": "tts-1", "voice": "alloy"}),
        ]
    found = [(answer.status_code, answer.json()["error"]["param"]) for answer in answers]
    assert found == [(400, "file"), (400, "model"), (400, "file"), (400, "input")]
    assert [answer.json()["error"]["code"] for answer in answers[:2]] == ["missing_required_parameter"] * 2


@pytest.mark.parametrize(
    ("content", "code"), [(b"", "audio_empty"), (b"this is no sound", "audio_undecodable")], ids=["empty", "text"]
)
def test_a_file_that_is_no_recording(client: OpenAI, content: bytes, code: str) -> None:
    for stream in (False, True):
        with pytest.raises(BadRequestError) as caught:
            client.audio.transcriptions.create(file=("notes.wav", content), model="tone", stream=stream)
        assert told(caught.value) == (INVALID, "file", code)


def test_a_file_that_is_too_large(client: OpenAI) -> None:
    for bytes_over in (1, 3_000_000):
        with pytest.raises(openai.APIStatusError) as caught:
            client.audio.transcriptions.create(file=("long.wav", bytes(FILE_BYTES + bytes_over)), model="whisper-1")
        assert caught.value.status_code == 413
        assert told(caught.value) == (INVALID, "file", "audio_too_large")
        assert str(FILE_BYTES) in caught.value.message


def test_speech_that_is_too_long_or_names_nothing(client: OpenAI) -> None:
    cases: list[tuple[dict[str, Any], str, str]] = [
        ({"input": "a" * 4097}, "input", "string_above_max_length"),
        ({"input": ""}, "input", "text_empty"),
        ({"response_format": "midi"}, "response_format", "invalid_value"),
        ({"voice": "nobody"}, "voice", "unknown_voice"),
        ({"speed": 5}, "speed", "invalid_value"),
    ]
    for fields, param, _code in cases:
        with pytest.raises(BadRequestError) as caught:
            client.audio.speech.create(**{"input": "Hello.", "model": "tts-1", "voice": "alloy", **fields})
        assert told(caught.value)[:2] == (INVALID, param)
