"""The same engines in a bare FastAPI route: `python -m benchmarks.bare_app PORT`.

No rows, no queue, no other process: a request loads nothing, waits for its turn, runs the engine in a thread, and is
answered. What it takes is what there is to be compared with.
"""

from __future__ import annotations

import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Any

import anyio
import anyio.to_thread
import uvicorn
from fastapi import FastAPI, File, Response, UploadFile
from pydantic import BaseModel

from benchmarks.bare import LANGUAGE, MODELS, VOICE
from media.codec import decode, encode
from pipelines.catalog import DeviceClass, load_catalog
from workers.contract import Audio, Device, RecognitionRequest, SynthesisRequest
from workers.residency import Residency
from workers.settings import WorkerSettings
from workers.steps.speaking import joined
from workers.wav import read_wav, write_wav
from workers.weights import WeightStore

_RATE = 16_000
_HOUR = 3600.0


class Speech(BaseModel):
    """What a client asks for."""

    input: str
    response_format: str = "wav"


def main() -> None:
    """Loads both engines, prints `ready`, serves until it is killed."""
    settings, catalog = WorkerSettings(), load_catalog(Path("config.yml"))
    residency = Residency(
        catalog, WeightStore(settings.cache_dir.expanduser()), Device(DeviceClass.CPU, settings.engine_threads)
    )
    with ExitStack() as loaded:
        engines = {kind: loaded.enter_context(residency.use(name)) for kind, name in MODELS.items()}
        app = _app(engines)
        print("ready", flush=True)
        uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="warning", access_log=False)


def _app(engines: dict[str, Any]) -> FastAPI:
    app, turn = FastAPI(), anyio.Lock()

    @app.post("/v1/audio/speech")
    async def speech(asked: Speech) -> Response:
        async with turn:
            return Response(await anyio.to_thread.run_sync(_speak, engines["speech"], asked))

    @app.post("/v1/audio/transcriptions")
    async def transcription(file: Annotated[UploadFile, File()]) -> dict[str, str]:
        content = await file.read()
        async with turn:
            return {"text": await anyio.to_thread.run_sync(_hear, engines["transcription"], content)}

    return app


def _speak(engine: Any, asked: Speech) -> bytes:  # noqa: ANN401 - either engine
    made = engine.synthesize(SynthesisRequest(asked.input, VOICE, None))
    sound = joined(part for part in made if isinstance(part, Audio))
    content = write_wav(sound)
    if asked.response_format == "wav":
        return content
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "sound.wav"), Path(folder, "sound.mp3")
        source.write_bytes(content)
        encode(source, target, "mp3", sound.sample_rate)
        return target.read_bytes()


def _hear(engine: Any, content: bytes) -> str:  # noqa: ANN401 - either engine
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "sound"), Path(folder, "sound.wav")
        source.write_bytes(content)
        decode(source, target, _RATE, _HOUR)
        heard = engine.transcribe(read_wav(target), RecognitionRequest(LANGUAGE))
        return "".join(str(part.text) for part in heard if hasattr(part, "text")).strip()


if __name__ == "__main__":
    main()
