"""Speech, cloning, saved voices and conversion by the first-party families: over HTTP, through worker processes."""

import json
from typing import Any

import numpy as np
import pytest

from harmony.client import ApiProblem, Document
from tests.families.damages import DAMAGES
from tests.families.deployment import ENGLISH, SPANISH, Deployment, recording, steps
from workers.contract import Audio
from workers.wav import write_wav

pytestmark = [pytest.mark.queue, pytest.mark.models, pytest.mark.xdist_group("families")]

TEXT = "Good morning."
HEARD = ["decode-reference", "segment", "embed"]
#: Three seconds in whole hops of every network here.
PERIOD = 258 * 256


def embedding(deployed: Deployment, model: str, who: int) -> dict[str, Any]:
    """What an embedding job finds in all of the recording."""
    job = deployed.made(deployed.submit(model, "embedding", audio=recording(who)))
    return dict(job["result"]["embedding"])


def models(job: Document) -> dict[str, str | None]:
    return {step["name"]: step["model"] for step in job["steps"]}


def test_harmony_speech_by_itself_and_in_the_voice_of_a_reference(deployed: Deployment) -> None:
    own = deployed.submit("harmony-speech", text=TEXT)
    by_recording = deployed.submit("harmony-speech", text=TEXT, reference=recording(ENGLISH))
    all_of_it = {"reference": {"segments": [{"start": 0, "end": 3}]}}
    by_segments = deployed.submit("harmony-speech", text=TEXT, reference=recording(ENGLISH), input=all_of_it)
    known = embedding(deployed, "harmony-speech", ENGLISH)
    by_embedding = deployed.submit("harmony-speech", text=TEXT, input={"reference": {"embedding": known}})

    assert steps(own) == steps(by_embedding) == ["synthesize", "vocode"]
    assert steps(by_recording) == [*HEARD, "synthesize", "vocode"]
    assert steps(by_segments) == ["decode-reference", "embed", "synthesize", "vocode"]
    sounds = [deployed.sound(job) for job in (own, by_recording, by_segments, by_embedding)]
    assert {sound.sample_rate for sound in sounds} == {16000}
    # It is the embedding that tells the voices apart, wherever it comes from.
    assert np.array_equal(sounds[2].samples, sounds[3].samples)
    assert not np.array_equal(sounds[0].samples, sounds[3].samples)


def test_openvoice_v1_speaks_in_styles_and_converts_to_the_reference(deployed: Deployment) -> None:
    jobs = [
        deployed.submit("openvoice-v1", text=TEXT, seed=7),
        deployed.submit("openvoice-v1", text=TEXT, seed=7, voice="en-cheerful"),
        deployed.submit("openvoice-v1", text="早上好。", seed=7, language="zh"),
        deployed.submit("openvoice-v1", text=TEXT, seed=7, reference=recording(SPANISH)),
    ]
    assert steps(jobs[0]) == ["synthesize"]
    assert steps(jobs[3]) == [*HEARD, "synthesize", "convert"]
    sounds = [deployed.sound(job) for job in jobs]
    assert {sound.sample_rate for sound in sounds} == {22050}
    assert not np.array_equal(sounds[0].samples, sounds[1].samples)
    # Converted is what the base voice says: as long, and other sound.
    assert len(sounds[3].samples) == len(sounds[0].samples)
    assert not np.array_equal(sounds[3].samples, sounds[0].samples)


def test_openvoice_v2_speaks_through_the_model_of_the_language(deployed: Deployment) -> None:
    english = deployed.submit("openvoice-v2", text=TEXT, language="en", reference=recording(SPANISH))
    spanish = deployed.submit("openvoice-v2", text="Buenos días.", language="es", reference=recording(ENGLISH))
    british = deployed.submit("openvoice-v2", text=TEXT, voice="EN-BR", reference=recording(SPANISH))
    plain = deployed.submit("openvoice-v2", text=TEXT, language="en")
    assert steps(english) == [*HEARD, "synthesize", "convert"]
    assert (models(english)["synthesize"], models(english)["convert"]) == ("melo-en", "openvoice-v2")
    assert models(spanish)["synthesize"] == "melo-es"
    assert {deployed.sound(job).sample_rate for job in (english, spanish, british)} == {22050}
    # Nobody is to sound like somebody else here: it is the base voice, as it is.
    assert steps(plain) == ["synthesize"]
    assert deployed.sound(plain).sample_rate == 44100


def saved_voice(deployed: Deployment) -> str:
    """The id of a voice that is fit to be used."""
    files: dict[str, Any] = {
        "voice": (None, json.dumps({"name": "Ada"})),
        "audio": ("a", write_wav(recording(SPANISH))),
    }
    answer = deployed.http.post("/v1/voices", files=files)
    assert answer.status_code == 202, answer.text
    voice = answer.json()
    deployed.client.wait(voice["job"], timeout=90)
    assert deployed.http.get(f"/v1/voices/{voice['id']}").json()["status"] == "ready"
    return str(voice["id"])


def test_a_saved_voice_is_listened_to_once(deployed: Deployment) -> None:
    voice = saved_voice(deployed)
    first = deployed.submit("openvoice-v1", text=TEXT, voice=voice, seed=7)
    one = deployed.sound(first)
    second = deployed.submit("openvoice-v1", text=TEXT, voice=voice, seed=7)
    assert "embed" in steps(first)
    assert steps(second) == ["synthesize", "convert"]
    assert np.array_equal(deployed.sound(second).samples, one.samples)
    converted = deployed.submit(
        "openvoice-v1", "voice_conversion", audio=recording(ENGLISH), input={"target": {"voice": voice}}
    )
    assert steps(converted) == ["decode", "embed-source", "convert"]
    assert len(deployed.sound(converted).samples) == len(recording(ENGLISH).samples)
    # Each space has a vector of its own.
    other = deployed.submit("harmony-speech", text=TEXT, voice=voice)
    assert "embed" in steps(other)
    deployed.sound(other)
    assert deployed.http.delete(f"/v1/voices/{voice}").status_code == 204


def test_conversions_last_as_long_as_their_source(deployed: Deployment) -> None:
    source = Audio(np.pad(recording(ENGLISH).samples, (0, 77)), 22050)
    parts = {"target": {"segments": [{"start": 0.5, "end": 2.5}]}}
    jobs = [
        deployed.submit("openvoice-v2", "voice_conversion", audio=source, target=recording(SPANISH), seed=7),
        deployed.submit("openvoice-v2", "voice_conversion", audio=source, target=recording(SPANISH), input=parts),
        deployed.submit("openvoice-v1", "voice_conversion", audio=source, target=recording(SPANISH), pitch=3),
    ]
    assert steps(jobs[0]) == ["decode", "decode-target", "segment", "embed-source", "embed", "convert"]
    assert "segment" not in steps(jobs[1])
    sounds = [deployed.sound(job) for job in jobs]
    assert [len(sound.samples) for sound in sounds] == [len(source.samples)] * 3
    assert not np.array_equal(sounds[0].samples, sounds[1].samples)


def test_a_long_conversion_has_no_seams(deployed: Deployment) -> None:
    once = np.resize(recording(ENGLISH).samples, PERIOD)
    source = Audio(np.tile(once, 21), 22050)
    assert source.seconds > 60
    job = deployed.submit("openvoice-v2", "voice_conversion", audio=source, target=recording(SPANISH), tau=0.0)
    sound = deployed.sound(job)
    assert len(sound.samples) == len(source.samples)
    # What repeats itself is converted the same each time, though each time a chunk ends at another place in it.
    again = sound.samples.reshape(21, PERIOD)[1:-1]
    assert np.abs(again - again[0]).max() < 1e-5 * np.abs(again).max()


def code(refused: pytest.ExceptionInfo[ApiProblem]) -> str:
    return refused.value.code


def test_what_no_model_has_is_refused_at_once(deployed: Deployment) -> None:
    known = embedding(deployed, "harmony-speech", ENGLISH)
    other = {"reference": {"embedding": known}}
    asked: dict[str, dict[str, Any]] = {
        "unsupported_language": {"model": "harmony-speech", "language": "fr"},
        "unknown_voice": {"model": "openvoice-v1", "voice": "en-bored"},
        "embedding_mismatch": {"model": "openvoice-v1", "input": other},
        "cannot_clone": {"model": "melo-en", "input": other},
    }
    for wanted, more in asked.items():
        with pytest.raises(ApiProblem) as refused:
            deployed.submit(text=TEXT, **more)
        assert code(refused) == wanted
    # Of a language that the converter knows, and no model of the deployment speaks for it:
    with pytest.raises(ApiProblem, match="for ja") as refused:
        deployed.submit("openvoice-v2", text="おはよう", language="ja", reference=recording(ENGLISH))
    assert code(refused) == "unsupported_language"


def test_what_fails_fails_by_name_and_the_worker_lives_on(deployed: Deployment) -> None:
    deployed.sound(deployed.submit("openvoice-v1", text=TEXT))
    before = deployed.worker()
    times = np.arange(3 * 22050) / 22050
    whole = recording(ENGLISH)
    hum = Audio((0.3 * np.sin(2 * np.pi * 110 * times)).astype(np.float32), 22050)
    nothing = Audio(np.zeros(3 * 22050, np.float32), 22050)
    short = Audio(whole.samples[: 22050 + 5000], 22050)
    sized = {"reference": {"embedding": {"family": "openvoice_v1", "vector": [0.5, 0.5]}}}
    jobs = [
        ("reference_too_short", "2 s", deployed.submit("openvoice-v1", text=TEXT, reference=short)),
        ("reference_silent", "", deployed.submit("harmony-speech", text=TEXT, reference=nothing)),
        ("reference_no_speech", "", deployed.submit("openvoice-v2", text=TEXT, reference=hum)),
        (
            "reference_silent",
            "",
            deployed.submit("openvoice-v1", "voice_conversion", audio=whole, target=nothing),
        ),
        ("embedding_mismatch", "openvoice_v1", deployed.submit("openvoice-v1", text=TEXT, input=sized)),
        ("unknown_style", "cheerful", deployed.submit("styleless", text=TEXT, voice="en-whispering")),
        *(
            (damage.code, damage.named, deployed.submit(name, "embedding", audio=whole))
            for name, damage in DAMAGES.items()
        ),
    ]
    for wanted, named, job in jobs:
        error = deployed.refused(job)
        assert (error["code"], error["cause"]) == (wanted, "permanent")
        assert named in error["detail"]
    deployed.sound(deployed.submit("openvoice-v1", text=TEXT))
    assert deployed.worker() == before
