"""Speech by OpenAI's Python SDK: its six formats as decoders hear them, its streams, its exceptions, who leaves."""

from __future__ import annotations

import asyncio
import base64
import io
import json
from pathlib import Path
from typing import Any

import av
import httpx
import jiwer
import numpy as np
import openai
import pytest
from av.audio.resampler import AudioResampler
from openai import AsyncOpenAI, OpenAI

from harmony.background import BackgroundStack

pytestmark = [pytest.mark.models, pytest.mark.stack, pytest.mark.slow, pytest.mark.xdist_group("conformance")]

SAID = "The quick brown fox jumps over the lazy dog."
LONG = " ".join(f"This is sentence number {number}, and there are many more of them to come." for number in range(40))
FORMATS = ("mp3", "opus", "aac", "flac", "wav", "pcm")
TYPES = {"mp3": "audio/mpeg", **{form: f"audio/{form}" for form in FORMATS[1:]}}


def heard(content: bytes, form: str, rate: int = 24_000) -> tuple[int, float, np.ndarray]:
    """The rate that the file has, its seconds, and its samples at `rate` Hz."""
    options: dict[str, Any] = {"format": "s16le", "options": {"ar": str(rate)}} if form == "pcm" else {}
    with av.open(io.BytesIO(content), **options) as container:
        stream = container.streams.audio[0]
        written = stream.rate
        resampler = AudioResampler(format="flt", layout="mono", rate=rate)
        frames = [part for frame in (*container.decode(stream), None) for part in resampler.resample(frame)]
    samples = np.concatenate([frame.to_ndarray().ravel() for frame in frames])
    return written, len(samples) / rate, samples


@pytest.fixture(scope="module")
def spoken(client: OpenAI) -> bytes:
    """The sentence by the voice that OpenAI calls alloy, in the format that OpenAI has as its default."""
    answer = client.audio.speech.with_raw_response.create(model="tts-1", voice="alloy", input=SAID)
    assert answer.headers["content-type"] == "audio/mpeg"
    return answer.content


@pytest.fixture(scope="module")
def tone_seconds(client: OpenAI) -> float:
    """How long the tone's sentence is."""
    wav = client.audio.speech.create(model="tone", voice="sine", input="Hello there.", response_format="wav").read()
    return heard(wav, "wav")[1]


@pytest.mark.parametrize("form", FORMATS)
def test_every_format_decodes_to_its_rate_and_length(client: OpenAI, tone_seconds: float, form: Any) -> None:
    """`pcm` has no header to tell its rate, so it is 24 kHz as OpenAI documents, whatever the model's is."""
    answer = client.audio.speech.with_raw_response.create(
        model="tone", voice="sine", input="Hello there.", response_format=form
    )
    assert answer.headers["content-type"] == TYPES[form]
    assert answer.headers["x-job-id"].startswith("job_")
    rate, seconds, samples = heard(answer.content, form)
    assert rate == {"opus": 48_000, "pcm": 24_000}.get(form, 8_000)
    # Frames of MP3 and AAC at 8 kHz are long, and a stream has no header that counts what fills the last.
    assert tone_seconds - 0.02 <= seconds <= tone_seconds + {"mp3": 0.3, "aac": 0.4}.get(form, 0.02)
    assert np.abs(samples).max() > 0.1


def test_a_rate_that_was_asked_for(client: OpenAI) -> None:
    made = client.audio.speech.create(
        model="tone", voice="sine", input="Hello.", response_format="flac", extra_body={"sample_rate": 44_100}
    )
    assert heard(made.read(), "flac")[0] == 44_100


def test_pcm_of_a_model_at_another_rate_flows_too(client: OpenAI, stack: BackgroundStack) -> None:
    with client.audio.speech.with_streaming_response.create(
        model="tone", voice="sine", input="Hello there. Here I am.", response_format="pcm"
    ) as answer:
        sound = answer.read()
    address = f"{stack.url}/v1/jobs/{answer.headers['x-job-id']}"
    job = httpx.get(address).raise_for_status().json()
    assert job["streams"] is True
    assert [step["name"] for step in job["steps"]] == ["synthesize", "encode"]
    again = httpx.get(f"{address}/audio", params={"format": "pcm"})
    assert again.headers["x-sample-rate"] == "24000"
    assert again.content == sound


@pytest.mark.parametrize("speed", [0.25, 0.5, 2.0, 4.0])
def test_speed_changes_the_length_and_not_the_pitch(client: OpenAI, speed: float) -> None:
    plain, changed = (
        heard(
            client.audio.speech.create(
                model="tone", voice="sine", input="One two three four five.", response_format="wav", speed=value
            ).read(),
            "wav",
        )
        for value in (1.0, speed)
    )
    assert changed[1] == pytest.approx(plain[1] / speed, rel=0.1, abs=0.05)


def test_what_is_spoken_is_understood_in_a_mixture_and_fast(client: OpenAI, spoken: bytes, tmp_path: Path) -> None:
    mixed = client.audio.speech.create(
        model="gpt-4o-mini-tts", voice="af_heart(2)+am_adam(1)", input=SAID, response_format="wav", speed=1.25
    ).read()
    rate, seconds, _ = heard(spoken, "mp3")
    assert rate == 24_000
    assert 0.6 * seconds < heard(mixed, "wav")[1] < 0.95 * seconds
    file = tmp_path / "mixed.wav"
    file.write_bytes(mixed)
    text = client.audio.transcriptions.create(file=file, model="whisper-1", language="en").text
    assert jiwer.wer(SAID.lower().rstrip("."), text.lower().strip().rstrip(".")) <= 0.12, text


def test_events_hold_the_sound_and_its_usage(client: OpenAI) -> None:
    with client.audio.speech.with_streaming_response.create(
        model="tone", voice="sine", input="Hello there.", response_format="wav", stream_format="sse"
    ) as answer:
        assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
        events = [json.loads(line.removeprefix("data: ")) for line in answer.iter_lines() if line]
    *deltas, done = events
    assert deltas
    sound = b"".join(base64.b64decode(delta["audio"]) for delta in deltas)
    seconds = heard(sound, "wav")[1]
    assert done["type"] == "speech.audio.done"
    assert done["usage"]["input_tokens"] == 3
    assert done["usage"]["output_tokens"] == pytest.approx(seconds * 20, abs=1)
    assert done["usage"]["total_tokens"] == 3 + done["usage"]["output_tokens"]


@pytest.mark.parametrize(
    ("change", "error", "param", "code"),
    [
        ({"model": "gpt-9"}, openai.NotFoundError, "model", "model_not_found"),
        ({"instructions": "Sing."}, openai.BadRequestError, "instructions", "field_not_supported"),
        ({"input": "\N{PUNCTUATION SPACE}…"}, openai.BadRequestError, "input", "text_not_speakable"),
    ],
)
def test_a_refusal_is_the_right_exception(
    client: OpenAI, change: dict[str, Any], error: type[openai.APIStatusError], param: str, code: str
) -> None:
    body: dict[str, Any] = {"model": "kokoro", "voice": "af_heart", "input": "Hello.", **change}
    with pytest.raises(error) as refused:
        client.audio.speech.create(**body)
    assert (refused.value.param, refused.value.code) == (param, code)
    assert refused.value.type == "invalid_request_error"
    assert refused.value.request_id


def test_a_wait_of_ones_own_that_is_long_enough(client: OpenAI) -> None:
    answer = client.audio.speech.with_raw_response.create(
        model="tone", voice="sine", input="Hello.", response_format="wav", extra_headers={"Prefer": "wait=30"}
    )
    assert (answer.status_code, answer.headers["preference-applied"]) == (200, "wait=30")
    assert heard(answer.content, "wav")[1] > 0


def test_the_asynchronous_sdk(stack: BackgroundStack) -> None:
    async def speak() -> bytes:
        async with (
            AsyncOpenAI(api_key="unused", base_url=f"{stack.url}/v1", max_retries=0, timeout=60) as client,
            client.audio.speech.with_streaming_response.create(
                model="tone", voice="sine", input="Hello.", response_format="wav"
            ) as answer,
        ):
            return b"".join([piece async for piece in answer.iter_bytes()])

    assert heard(asyncio.run(speak()), "wav")[1] > 0


def test_models_by_openais_types(client: OpenAI) -> None:
    models = {model.id: model for model in client.models.list()}
    assert {"kokoro", "tts-1", "gpt-4o-mini-tts", "whisper-1"} <= models.keys()
    assert client.models.retrieve("tts-1").model_dump() == models["tts-1"].model_dump()
    with pytest.raises(openai.NotFoundError):
        client.models.retrieve("gpt-9")


def ended(job: str) -> dict[str, Any]:
    """The job's document at its end."""
    while (document := httpx.get(job).json())["status"] in {"queued", "running", "cancelling"}:
        tag = httpx.get(job).headers["etag"]
        httpx.get(f"{job}?wait=30", headers={"If-None-Match": tag}, timeout=40)
    return dict(document)


def test_bytes_flow_while_the_rest_is_made_and_who_leaves_ends_it(client: OpenAI, stack: BackgroundStack) -> None:
    """The last one: a slot that is stopped in the middle of a clause loads its model anew."""
    with client.audio.speech.with_streaming_response.create(
        model="tts-1", voice={"id": "af_heart"}, input=LONG, response_format="pcm"
    ) as answer:
        job = f"{stack.url}/v1/jobs/{answer.headers['x-job-id']}"
        pieces = answer.iter_bytes()
        assert next(pieces)
        assert httpx.get(job).json()["status"] == "running"
    assert ended(job)["status"] == "cancelled"
