"""The jobs of a run: a stream that a seed decides, and what each must come to."""

from __future__ import annotations

import base64
import hashlib
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import av
import numpy as np

from chaos.members import ROOT
from chaos.receiver import Receiver
from pipelines.catalog import load_catalog
from workers.contract import Audio, SynthesisRequest
from workers.engines.tone.engine import Tone
from workers.wav import write_wav

END_TYPES = ("job.succeeded", "job.failed", "job.cancelled", "job.expired")

_WORDS = ("sun", "moon", "star", "river", "stone", "wind", "cloud", "leaf", "one", "two", "three", "four")
_SUBMITTERS = ("anna", "ben", "chris")
#: How often each sort of job comes, by weight.
_SORTS = {"short": 54, "medium": 24, "long": 10, "encoded": 6, "vad": 6}
_CANCELLED = 0.08
_ASKED_TWICE = 0.10
_RECORDING = ROOT / "tests" / "data" / "speech" / "librivox-austen-en.flac"
_RECORDING_SECONDS = 2.0


@dataclass
class Ask:
    """One job as its client knows it: what was asked, and everything that was answered."""

    key: str
    sort: str
    body: dict[str, Any]
    #: SHA-256 of the result, where it can be said beforehand.
    expected: str | None
    #: Seconds after acceptance at which the client cancels, or asks again with the same key.
    cancel_after: float | None = None
    again_after: float | None = None
    asked_at: float = 0.0
    #: Every id that an answer to this key named: all should be the same.
    ids: list[str] = field(default_factory=list)
    #: Answers that refused it for good.
    refusals: list[str] = field(default_factory=list)
    #: Attempts whose answer did not come, or said to come again.
    retries: int = 0
    cancel_answers: list[int] = field(default_factory=list)
    #: Terminal statuses as polling saw them.
    polled: list[str] = field(default_factory=list)

    @property
    def id(self) -> str | None:
        """The job's id, once it was accepted."""
        return self.ids[0] if self.ids else None

    @property
    def wants_webhook(self) -> bool:
        return self.body.get("webhook") is not None


def asks(seed: int, run: str, receiver: Receiver) -> Iterator[Ask]:
    """Jobs without end; `run` keeps the keys of two stacks apart."""
    chance = random.Random(seed)
    number = 0
    while True:
        number += 1
        (sort,) = chance.choices(list(_SORTS), weights=list(_SORTS.values()))
        key = f"{run}-{seed}-{number}"
        body = _vad() if sort == "vad" else _speech(chance, sort, number)
        body["labels"] = {"chaos": key, "submitter": chance.choice(_SUBMITTERS)}
        body["priority"] = chance.choices(("low", "normal", "high"), weights=(2, 6, 2))[0]
        more = ["job.started"] if chance.random() < 0.2 else []
        body["webhook"] = receiver.webhook([*END_TYPES, *more], own_secret=chance.random() < 0.5)
        yield Ask(
            key,
            sort,
            body,
            _expected(body) if sort in {"short", "medium", "long"} else None,
            cancel_after=chance.uniform(0.0, 3.0) if chance.random() < _CANCELLED else None,
            again_after=chance.uniform(0.2, 8.0) if chance.random() < _ASKED_TWICE else None,
        )


def _speech(chance: random.Random, sort: str, number: int) -> dict[str, Any]:
    text = " ".join(chance.choices(_WORDS, k=chance.randint(2, 12))) + f" {number}"
    options: dict[str, Any] = {
        "stages": chance.randint(1, 4),
        "voice": chance.choice(("sine", "square")),
        "delay_ms": chance.randint(0, 200),
    }
    if sort == "medium":
        options |= {
            "chunks": chance.randint(4, 10),
            "delay_ms": chance.randint(50, 120),
            "stages": chance.randint(1, 2),
        }
    elif sort == "long":
        options |= {"chunks": chance.randint(15, 30), "delay_ms": 120, "stages": chance.randint(1, 2)}
    elif sort == "encoded":
        options |= {"format": chance.choice(("flac", "opus", "mp3")), "stages": 1}
    return {"kind": "speech", "model": "tone", "input": {"text": text}, "options": options}


def _expected(body: dict[str, Any]) -> str:
    """The SHA-256 of the sound that the engine makes of it, whatever number of hops it takes afterwards."""
    options = {"chunks": body["options"].get("chunks", 1)}
    request = SynthesisRequest(body["input"]["text"], body["options"]["voice"], None, options)
    pieces = [piece for piece in _tone().synthesize(request) if isinstance(piece, Audio)]
    sound = Audio(np.concatenate([piece.samples for piece in pieces]), pieces[0].sample_rate)
    return hashlib.sha256(write_wav(sound)).hexdigest()


@cache
def _tone() -> Tone:
    model = load_catalog(ROOT / "config.yml").get("tone")
    if model is None:
        raise LookupError("config.yml names no model `tone`")
    return Tone(model)


def _vad() -> dict[str, Any]:
    return {"kind": "vad", "model": "silero-vad", "input": {"audio": {"data": _recording()}}}


@cache
def _recording() -> str:
    """The first seconds of a real recording, as base64 of a WAV file."""
    with av.open(str(_RECORDING)) as container:
        rate = container.streams.audio[0].rate
        frames = [frame.to_ndarray().ravel().astype(np.float32) for frame in container.decode(audio=0)]
    samples = np.concatenate(frames)[: int(rate * _RECORDING_SECONDS)] / np.float32(32768)
    return base64.b64encode(write_wav(Audio(samples, rate))).decode()
