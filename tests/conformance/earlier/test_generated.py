"""A client generated from a description of exactly the earlier routes and fields, unchanged, against the stack."""

import asyncio
import base64
import json
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.conformance.earlier._generated.harmony_speech_client import Client
from tests.conformance.earlier._generated.harmony_speech_client.api.harmony import (
    create_activity,
    create_audio_conversion,
    create_audio_embedding,
    create_conversion,
    create_embedding,
    create_restoration,
    create_speech,
    create_transcription,
)
from tests.conformance.earlier._generated.harmony_speech_client.models import (
    ActivityRequest,
    ActivityResponse,
    ConversionRequest,
    DataResponse,
    EmbeddingRequest,
    GenerationOptions,
    ModelList,
    OutputOptions,
    Problem,
    RestorationRequest,
    SpeechRequest,
    SpeechRequestMode,
    TextResponse,
    TranscriptionRequest,
)
from tests.conformance.earlier.recordings import samples_of, sound

pytestmark = [pytest.mark.models, pytest.mark.stack, pytest.mark.slow, pytest.mark.xdist_group("conformance")]

DESCRIPTION: dict[str, Any] = json.loads(
    (Path(__file__).parents[2] / "data" / "earlier-openapi.json").read_text(encoding="utf-8")
)
_API = "tests.conformance.earlier._generated.harmony_speech_client.api.harmony"


@pytest.fixture
def client(door: httpx.Client) -> Iterator[Client]:
    with Client(base_url=str(door.base_url), raise_on_unexpected_status=True) as client:
        yield client


def test_speech_embedding_and_cloning(client: Client) -> None:
    told = create_speech.sync(
        client=client,
        body=SpeechRequest(
            model="tone",
            input_="Good morning.",
            mode=SpeechRequestMode.SINGLE_SPEAKER_TTS,
            voice="sine",
            generation_options=GenerationOptions(speed=1.0),
            output_options=OutputOptions(format_="wav", stream=False),
            post_generation_filters=[],
        ),
    )
    assert isinstance(told, DataResponse)
    assert told.model == "tone"
    assert samples_of(told.data)[0] == 8000
    for embed in (create_embedding, create_audio_embedding):
        whose = embed.sync(client=client, body=EmbeddingRequest(model="tone", input_audio=sound()))
        assert isinstance(whose, DataResponse)
    request = SpeechRequest("tone", "Good morning.", SpeechRequestMode.VOICE_CLONING, input_embedding=whose.data)
    cloned = create_speech.sync(client=client, body=request)
    assert isinstance(cloned, DataResponse)
    assert cloned.data != told.data
    for convert in (create_conversion, create_audio_conversion):
        body = ConversionRequest(model="tone", source_audio=sound(), target_embedding=whose.data)
        converted = convert.sync(client=client, body=body)
        assert isinstance(converted, DataResponse)
        assert samples_of(converted.data)[1]


def test_listening_asynchronously(door: httpx.Client) -> None:
    asyncio.run(_listen(str(door.base_url)))


async def _listen(url: str) -> None:
    async with Client(base_url=url, raise_on_unexpected_status=True) as client:
        await _listen_by(client)


async def _listen_by(client: Client) -> None:
    asked = TranscriptionRequest(model="tone", input_audio=sound(), get_language=True, get_timestamps=True)
    text = await create_transcription.asyncio(client=client, body=asked)
    assert isinstance(text, TextResponse)
    assert text.text
    assert text.language
    assert text.timestamps
    assert text.timestamps[0].words[0].end > 0
    heard = await create_activity.asyncio(
        client=client, body=ActivityRequest("tone", sound(), get_timestamps=True, return_seconds=True)
    )
    assert isinstance(heard, ActivityResponse)
    assert heard.speech_activity
    assert heard.timestamps
    assert heard.timestamps[0].end == pytest.approx(2.0)


def test_problems_name_the_field(client: Client) -> None:
    recording = base64.b64encode(b"?").decode()
    refused = create_restoration.sync(client=client, body=RestorationRequest("voicefixer-restorer", recording))
    assert isinstance(refused, Problem)
    assert refused.errors
    assert (refused.code, refused.errors[0].field) == ("no_model", "model")
    options = GenerationOptions(top_k=5)
    request = SpeechRequest("tone", "Hello.", SpeechRequestMode.SINGLE_SPEAKER_TTS, generation_options=options)
    named = create_speech.sync(client=client, body=request)
    assert isinstance(named, Problem)
    assert named.errors
    assert named.errors[0].field == "generation_options.top_k"


@pytest.mark.parametrize("path", [path for path in DESCRIPTION["paths"] if path.endswith("/models")])
def test_every_list(client: Client, path: str) -> None:
    operation = import_module(f"{_API}.{DESCRIPTION['paths'][path]['get']['operationId']}")
    found = operation.sync(client=client)
    assert isinstance(found, ModelList)
    assert ("tone" in {card.id for card in found.data}) == (path != "/v1/audio/convert/models")


def test_the_service_describes_the_same_routes_and_fields(door: httpx.Client) -> None:
    ours = door.get("/openapi.json").json()
    schemas = ours["components"]["schemas"]

    def fields(description: dict[str, Any], name: str) -> set[str]:
        found: set[str] = set()
        for field, schema in description["components"]["schemas"][name]["properties"].items():
            found.add(field)
            inside = schema.get("$ref") or next((one["$ref"] for one in schema.get("anyOf", ()) if "$ref" in one), None)
            found |= (
                {f"{field}.{inner}" for inner in fields(description, inside.rpartition("/")[2])} if inside else set()
            )
        return found

    for path, ways in DESCRIPTION["paths"].items():
        assert set(ways) <= set(ours["paths"][path]), path
        if "post" not in ways:
            continue
        name = ways["post"]["requestBody"]["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
        described = json.dumps(ours["paths"][path]["post"]["requestBody"])
        (own,) = [one for one in schemas if one.startswith("Earlier") and f'schemas/{one}"' in described]
        more = {"pre_processing_filters"} if name in {"ConversionRequest", "RestorationRequest"} else set()
        assert fields(ours, own) - more == fields(DESCRIPTION, name), path
        told = ways["post"]["responses"]["200"]["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
        answered = json.dumps(ours["paths"][path]["post"]["responses"]["200"]["content"]["application/json"])
        (answer,) = [one for one in schemas if one.startswith("Earlier") and f'schemas/{one}"' in answered]
        assert fields(ours, answer) == fields(DESCRIPTION, told), path
