"""Transcripts and translations by OpenAI's Python SDK: its types, its defaults, and where other servers deviate."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import httpx
import jiwer
import pytest
from openai import AsyncOpenAI, BadRequestError, OpenAI
from openai.types.audio import (
    Transcription,
    TranscriptionTextDeltaEvent,
    TranscriptionTextDoneEvent,
    TranscriptionTextSegmentEvent,
    TranscriptionVerbose,
    TranslationVerbose,
)

from harmony.background import BackgroundStack

pytestmark = [pytest.mark.models, pytest.mark.stack, pytest.mark.slow, pytest.mark.xdist_group("conformance")]

SAID = (
    "And Mr. John Dashwood had then leisure to consider how much there might be prudently in his power to do for them."
)
#: The SDK says so of translations; the route is not.
DEPRECATED = "ignore:deprecated:DeprecationWarning"
_PLAIN = re.compile(r"[^\w\s]")


def wrong(text: str) -> float:
    """The share of words that are not those that were said."""
    rate: float = jiwer.wer(_PLAIN.sub("", SAID).lower(), _PLAIN.sub("", text).lower())
    return rate


def joined(events: Iterable[object]) -> str:
    """The deltas one after the other."""
    return "".join(event.delta for event in events if isinstance(event, TranscriptionTextDeltaEvent))


@pytest.fixture(scope="module")
def verbose(client: OpenAI, english: Path) -> TranscriptionVerbose:
    """One transcript with everything in it."""
    return client.audio.transcriptions.create(
        file=english,
        model="whisper-1",
        response_format="verbose_json",
        timestamp_granularities=["word", "segment"],
        language="en",
        prompt="A novel.",
        temperature=0,
    )


def test_the_default_is_json_with_usage(client: OpenAI, english: Path) -> None:
    raw = client.audio.transcriptions.with_raw_response.create(file=english, model="whisper-1")
    assert raw.headers["content-type"] == "application/json"
    assert raw.headers["x-job-id"].startswith("job_")
    assert raw.headers["location"].endswith(f"/v1/jobs/{raw.headers['x-job-id']}")
    assert set(raw.http_response.json()) == {"text", "usage"}
    made = raw.parse()
    assert isinstance(made, Transcription)
    assert wrong(made.text) <= 0.1
    assert made.usage is not None
    assert made.usage.type == "duration"
    assert made.usage.seconds == pytest.approx(7.1, abs=0.01)


def test_verbose_json_has_every_number_of_openais_types(verbose: TranscriptionVerbose) -> None:
    # What the types do not know, or know otherwise, strict validation finds.
    TranscriptionVerbose.model_validate(verbose.model_dump(), strict=True)
    assert (verbose.language, verbose.model_extra) == ("english", {"task": "transcribe"})
    assert verbose.duration == pytest.approx(7.1, abs=0.01)
    assert verbose.usage is not None
    assert verbose.usage.seconds == verbose.duration
    assert verbose.segments
    assert " ".join(segment.text for segment in verbose.segments) == verbose.text
    for segment in verbose.segments:
        assert segment.tokens
        assert segment.seek == 0 == segment.temperature
        assert -1 < segment.avg_logprob < 0 <= segment.no_speech_prob < 0.5 < segment.compression_ratio < 2.4
    assert verbose.words
    times = [time for word in verbose.words for time in (word.start, word.end)]
    assert times == sorted(times)
    assert wrong(" ".join(word.word for word in verbose.words)) <= 0.1


def test_words_alone_leave_the_segments_out(client: OpenAI, tone_file: Path) -> None:
    made = client.audio.transcriptions.create(
        file=tone_file, model="tone", response_format="verbose_json", timestamp_granularities=["word"]
    )
    assert made.words
    assert made.segments is None
    plain = client.audio.transcriptions.create(file=tone_file, model="tone", response_format="verbose_json")
    assert plain.words is None
    assert plain.segments


def test_subtitles_are_strings_with_times(client: OpenAI, english: Path) -> None:
    made: Any = client.audio.transcriptions.create(
        file=english, model="whisper-1", response_format="srt", language="en"
    )
    lines = made.splitlines()
    times = [line for line in lines if "-->" in line]
    assert times
    assert all(re.fullmatch(r"00:00:\d\d,\d{3} --> 00:00:\d\d,\d{3}", line) for line in times)
    spoken = [line for line in lines if line and "-->" not in line and not line.isdecimal()]
    assert wrong(" ".join(spoken)) <= 0.1


@pytest.mark.parametrize("form", ["text", "srt", "vtt"])
def test_what_is_no_json_is_plain_text(client: OpenAI, tone_file: Path, form: Any) -> None:
    raw = client.audio.transcriptions.with_raw_response.create(file=tone_file, model="tone", response_format=form)
    assert raw.headers["content-type"] == "text/plain; charset=utf-8"
    made: Any = raw.parse()
    text = client.audio.transcriptions.create(file=tone_file, model="tone").text
    first = text.split()[0]
    begins = {
        "text": text,
        "srt": f"1\n00:00:00,000 --> 00:00:01,000\n{first}\n\n2\n",
        "vtt": f"WEBVTT\n\n00:00:00.000 --> 00:00:01.000\n{first}\n\n",
    }
    assert made.startswith(begins[form])
    assert made.endswith("\n")


def test_a_stream_ends_with_the_whole_text_and_real_usage(client: OpenAI, english: Path) -> None:
    with client.audio.transcriptions.create(
        file=english, model="whisper-1", stream=True, prompt="A novel.", language="en"
    ) as stream:
        events = list(stream)
    *deltas, done = events
    assert isinstance(done, TranscriptionTextDoneEvent)
    assert joined(deltas) == done.text
    assert wrong(done.text) <= 0.1
    TranscriptionTextDoneEvent.model_validate(done.model_dump(), strict=True)
    assert done.usage is not None
    details = done.usage.input_token_details
    assert details is not None
    # Whisper's encoder has a position for each 20 ms.
    assert details.audio_tokens == 355
    assert details.text_tokens is not None
    assert 1 < details.text_tokens < 6
    assert done.usage.input_tokens == 355 + details.text_tokens
    assert 20 < done.usage.output_tokens < 60
    assert done.usage.total_tokens == done.usage.input_tokens + done.usage.output_tokens


def test_text_comes_as_it_is_heard(client: OpenAI, stack: BackgroundStack, tone_file: Path) -> None:
    """With verbose_json there are events of segments too, in order, and the first long before the job's end."""
    stream = client.audio.transcriptions.create(
        file=tone_file, model="tone", stream=True, response_format="verbose_json", timestamp_granularities=["segment"]
    )
    with stream:
        events = list(stream)
    segments = [event for event in events if isinstance(event, TranscriptionTextSegmentEvent)]
    assert [segment.start for segment in segments] == list(map(float, range(len(segments))))
    assert [event.type for event in events[:2]] == ["transcript.text.delta", "transcript.text.segment"]
    done = events[-1]
    assert isinstance(done, TranscriptionTextDoneEvent)
    assert " ".join(segment.text for segment in segments) == done.text
    assert joined(events) == done.text


@pytest.mark.filterwarnings(DEPRECATED)
def test_a_translation_is_english_whatever_is_spoken(client: OpenAI, spanish: Path) -> None:
    raw = client.audio.translations.with_raw_response.create(
        file=spanish, model="whisper-1", response_format="verbose_json"
    )
    made: Any = raw.parse()
    assert isinstance(made, TranslationVerbose)
    assert made.language == "english"
    assert made.segments
    assert all(word in made.text.lower() for word in ("conference", "our", "glorious", "leader")), made.text


@pytest.mark.filterwarnings(DEPRECATED)
def test_a_translation_is_json_with_text_alone_by_default(client: OpenAI, tone_file: Path) -> None:
    raw = client.audio.translations.with_raw_response.create(file=tone_file, model="tone")
    assert set(raw.http_response.json()) == {"text"}
    text: Any = client.audio.translations.create(file=tone_file, model="tone", response_format="text")
    assert text == f"{raw.parse().text}\n"


def test_the_vad_filter_by_openais_names_and_ours(client: OpenAI, english: Path) -> None:
    """`chunking_strategy`, `hotwords`, `keywords` and `vad_filter` reach the model: the job shows its options."""
    raw = client.audio.transcriptions.with_raw_response.create(
        file=english,
        model="gpt-4o-transcribe",
        chunking_strategy={
            "type": "server_vad",
            "threshold": 0.4,
            "silence_duration_ms": 700,
            "prefix_padding_ms": 250,
        },
        keywords=["Dashwood", "leisure"],
        extra_body={"hotwords": "prudently", "vad_filter": True},
        language="english",
        extra_headers={"Prefer": "respond-async"},
    )
    assert raw.status_code == 202
    job = raw.http_response.json()
    assert raw.headers["preference-applied"] == "respond-async"
    assert (job["kind"], job["model"], job["id"]) == ("transcription", "whisper-base", raw.headers["x-job-id"])
    assert job["request"]["options"] == {
        "hotwords": "prudently, Dashwood, leisure",
        "language": "en",
        "vad_filter": True,
        "vad_min_silence_duration_ms": 700,
        "vad_speech_pad_ms": 250,
        "vad_threshold": 0.4,
        "word_timestamps": False,
    }
    # Nobody reads it, and the next test need not wait for it.
    httpx.post(job["links"]["cancel"], trust_env=False).raise_for_status()


def test_the_async_client(stack: BackgroundStack, tone_file: Path) -> None:
    async def several() -> tuple[list[str], str]:
        async with AsyncOpenAI(api_key="unused", base_url=f"{stack.url}/v1", max_retries=0, timeout=120) as client:
            create = client.audio.transcriptions.create
            made = await asyncio.gather(*(create(file=tone_file, model="tone") for _ in range(3)))
            text = ""
            async for event in await create(file=tone_file, model="tone", stream=True):
                text += event.delta if isinstance(event, TranscriptionTextDeltaEvent) else ""
            async with client.audio.transcriptions.with_streaming_response.create(
                file=tone_file, model="tone", response_format="text"
            ) as response:
                body = await response.text()
        assert body == f"{text}\n"
        return [one.text for one in made], text

    texts, streamed = asyncio.run(several())
    assert texts == [streamed] * 3
    assert streamed


def test_an_error_in_the_middle_of_a_stream_is_raised(client: OpenAI, english: Path) -> None:
    with pytest.raises(BadRequestError) as caught:
        client.audio.transcriptions.create(file=("notes.wav", b"this is no sound"), model="whisper-1", stream=True)
    assert caught.value.param == "file"
