"""The Harmony door with the families that earlier clients know: raw embeddings, cloning, voices, styles, conversion."""

import base64
from typing import Any

import numpy as np
import pytest

from tests.conformance.earlier.recordings import in_base64, samples_of
from tests.families.deployment import ENGLISH, SPANISH, Deployment, recording, steps

pytestmark = [pytest.mark.queue, pytest.mark.models, pytest.mark.xdist_group("families")]

TEXT = "Good morning."


def told(deployed: Deployment, path: str, **body: Any) -> dict[str, Any]:
    answer = deployed.http.post(path, json=body, timeout=120)
    assert answer.status_code == 200, (answer.text, deployed.stack.logs())
    return dict(answer.json())


def spoken(deployed: Deployment, model: str, **more: Any) -> dict[str, Any]:
    mode = "voice_cloning" if {"input_audio", "input_embedding"} & more.keys() else "single_speaker_tts"
    return told(deployed, "/v1/audio/speech", **{"model": model, "input": TEXT, "mode": mode, **more})


def test_harmony_speech_clones_from_the_raw_embedding_that_it_made(deployed: Deployment) -> None:
    whose = told(deployed, "/v1/embed/speaker", model="hs1-encoder", input_audio=in_base64(recording(ENGLISH)))
    raw = base64.b64decode(whose["data"], validate=True)
    # The published weights have 256 numbers, the made-up ones fewer.
    vector = np.frombuffer(raw, "<f4")
    assert np.linalg.norm(vector) == pytest.approx(1.0, abs=1e-3)
    native = deployed.http.get(f"/v1/jobs/{whose['id']}").json()["result"]["embedding"]
    assert np.array_equal(vector, np.array(native["vector"], np.float32))
    # What that client stored years ago is sent back as it is; no language is needed, and none is in the way.
    by_embedding = spoken(deployed, "harmonyspeech", input_embedding=whose["data"])
    job = deployed.http.get(f"/v1/jobs/{by_embedding['id']}").json()
    assert (job["model"], steps(job)) == ("harmony-speech", ["synthesize", "vocode"])
    heard = '{"timestamps": [{"start": 0, "end": 48000}]}'
    recorded = {"input_audio": in_base64(recording(ENGLISH)), "input_vad_data": heard}
    by_recording = spoken(deployed, "harmonyspeech", language="EN", **recorded)
    assert samples_of(by_recording["data"]) == samples_of(by_embedding["data"])
    higher = {"pitch": 1.5, "energy": 1.2, "speed": 1.25}
    changed = spoken(deployed, "harmonyspeech", input_embedding=whose["data"], generation_options=higher)
    assert samples_of(changed["data"]) != samples_of(by_embedding["data"])


def test_openvoice_v1_speaks_in_the_voices_and_styles_that_clients_name(deployed: Deployment) -> None:
    seed = {"seed": 7}
    by_voice = spoken(deployed, "openvoice_v1", language="EN", voice="cheerful", generation_options=seed)
    by_style = spoken(deployed, "openvoice_v1", voice="default", generation_options={**seed, "style": "cheerful"})
    by_place = spoken(deployed, "ov1-synthesizer-en", generation_options={**seed, "style": 4})
    assert by_voice["data"] == by_style["data"] == by_place["data"]
    assert by_voice["data"] != spoken(deployed, "openvoice_v1", generation_options=seed)["data"]
    chinese = told(
        deployed,
        "/v1/audio/speech",
        model="openvoice_v1",
        input="早上好。",
        mode="single_speaker_tts",
        language="ZH",
        voice="default",
    )
    assert deployed.http.get(f"/v1/jobs/{chinese['id']}").json()["request"]["options"]["voice"] == "zh-default"


def test_openvoice_v2_clones_and_converts_with_its_tagged_embedding(deployed: Deployment) -> None:
    whose = told(deployed, "/v1/embed/speaker", model="openvoice_v2", input_audio=in_base64(recording(SPANISH)))
    assert base64.b64decode(whose["data"]).startswith(b'{"family":"openvoice_v2"')
    cloned = spoken(
        deployed,
        "openvoice_v2",
        language="EN",
        voice="EN-US",
        input_embedding=whose["data"],
        generation_options={"seed": 7},
    )
    job = deployed.http.get(f"/v1/jobs/{cloned['id']}").json()
    assert steps(job) == ["synthesize", "convert"]
    source = in_base64(recording(ENGLISH))
    made = [
        told(
            deployed,
            "/v1/voice/convert",
            model=model,
            source_audio=source,
            target_embedding=whose["data"],
            generation_options={"seed": 7, "pitch": pitch},
        )["data"]
        for model, pitch in (("ov2-tone-converter", 1.0), ("openvoice_v2", 1), ("openvoice_v2", 1.5))
    ]
    assert made[0] == made[1] != made[2]


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        (
            "/v1/audio/speech",
            {"model": "openvoice_v1", "generation_options": {"energy": 2}},
            "generation_options.energy",
        ),
        ("/v1/audio/speech", {"model": "openvoice_v1", "generation_options": {"pitch": 2}}, "generation_options.pitch"),
        (
            "/v1/audio/speech",
            {"model": "openvoice_v1", "generation_options": {"style": "dull"}},
            "generation_options.style",
        ),
        ("/v1/audio/speech", {"model": "openvoice_v1", "voice": "dull", "language": "EN"}, "voice"),
        ("/v1/audio/speech", {"model": "openvoice_v1", "language": "FR"}, "language"),
        ("/v1/audio/speech", {"model": "ov1-synthesizer-zh", "language": "EN"}, "language"),
        ("/v1/audio/speech", {"model": "openvoice_v2", "language": "JP"}, "language"),
        ("/v1/audio/speech", {"model": "openvoice_v2", "voice": "EN-Newest"}, "voice"),
        ("/v1/audio/speech", {"model": "harmonyspeech", "language": "ZH"}, "language"),
        ("/v1/audio/speech", {"model": "chatterbox"}, "model"),
    ],
)
def test_refusals_name_the_field(deployed: Deployment, path: str, body: dict[str, Any], field: str) -> None:
    answer = deployed.http.post(path, json={"input": TEXT, "mode": "single_speaker_tts", **body})
    assert answer.status_code == 422, answer.text[:300]
    assert answer.json()["errors"][0]["field"] == field, answer.json()
