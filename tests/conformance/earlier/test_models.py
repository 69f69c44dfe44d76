"""The Harmony door with real models: what Kokoro says is what Whisper hears, and Silero finds it."""

import base64

import httpx
import pytest

from tests.conformance.earlier.recordings import samples_of

pytestmark = [pytest.mark.models, pytest.mark.stack, pytest.mark.slow, pytest.mark.xdist_group("conformance")]


def test_speech_is_recognised_and_found(door: httpx.Client) -> None:
    pytest.importorskip("misaki", reason="the extra kokoro is not installed")
    body = {
        "model": "kokoro",
        "input": "The quick brown fox jumps over the lazy dog.",
        "mode": "single_speaker_tts",
        "language": "EN",
        "voice": "default",
        "generation_options": {"speed": 0.9},
    }
    spoken = door.post("/v1/audio/speech", json=body).json()
    rate, samples = samples_of(spoken["data"])
    seconds = len(samples) / 2 / rate
    assert rate == 24000
    assert 2 < seconds < 6

    asked = {"input_audio": spoken["data"], "get_language": True, "get_timestamps": True}
    heard = door.post("/v1/audio/transcriptions", json={"model": "faster-whisper-base", **asked}).json()
    assert heard["model"] == "faster-whisper-base"
    assert "quick brown fox" in heard["text"].lower()
    assert heard["language"] == "en"
    words = [word for segment in heard["timestamps"] for word in segment["words"]]
    assert len(words) == 9
    assert all(0 <= word["start"] <= word["end"] <= seconds + 0.1 for word in words)

    found = {
        unit: door.post(
            "/v1/audio/vad",
            json={
                "model": "silero-vad",
                "input_audio": spoken["data"],
                "get_timestamps": True,
                "return_seconds": unit,
                "threshold": 0.4,
                "min_silence_duration_ms": 1000,
            },
        ).json()
        for unit in (True, False)
    }
    assert found[True]["speech_activity"]
    ((stretch,), (counted,)) = found[True]["timestamps"], found[False]["timestamps"]
    assert stretch["end"] - stretch["start"] > seconds / 2
    # Without return_seconds: samples, at the 16 kHz that the detector hears.
    assert counted == {name: pytest.approx(stretch[name] * 16000, abs=16) for name in ("start", "end")}


def test_silence_is_no_speech(door: httpx.Client) -> None:
    silence = base64.b64encode(b"RIFF" + (36 + 32000).to_bytes(4, "little") + _HEAD + bytes(32000)).decode()
    answer = door.post("/v1/audio/vad", json={"model": "silero-vad", "input_audio": silence, "get_timestamps": True})
    assert (answer.json()["speech_activity"], answer.json()["timestamps"]) == (False, [])


#: The rest of the head of a WAV file: a second of 16 kHz, mono, 16 bits.
_HEAD = b"".join(
    (
        b"WAVEfmt ",
        (16).to_bytes(4, "little"),
        b"\x01\x00\x01\x00",
        (16000).to_bytes(4, "little"),
        (32000).to_bytes(4, "little"),
        b"\x02\x00\x10\x00data",
        (32000).to_bytes(4, "little"),
    )
)
