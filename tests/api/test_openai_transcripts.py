"""Transcriptions and translations in OpenAI's words: forms that make no sense, who waits, who leaves, and streams."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from pipelines.errors import PermanentError
from pipelines.problems import step_problem
from storage.chunks import NewChunk
from storage.claims import Claim
from storage.submitting import NewArtifact
from tests.api.calling import Caller, leave, ordered, sent, status_after
from tests.api.site import Site, serving, wav

PATH = "/v1/audio/transcriptions"
LIMIT = 100_000


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A service that takes short files only."""
    folder = tmp_path_factory.mktemp("transcripts")
    with serving(f"sqlite:///{folder / 'test.db'}", folder, openai_max_file_bytes=LIMIT) as running:
        running.beat()
        yield running


def asked(**fields: Any) -> dict[str, Any]:
    """A form for the model that the test is the worker of; no two are the same."""
    return {"file": wav(0.5), "model": "tone", **fields}


@dataclass
class Hearing:
    """A transcription with the test as its worker, its recording decoded already."""

    site: Site
    job_id: str
    claim: Claim
    segments: list[dict[str, Any]] = field(default_factory=list)

    @classmethod
    def of(cls, site: Site, job_id: str) -> Hearing:
        claim = site.claim(job_id, 0)
        key = f"jobs/{job_id}/0/audio"
        stored = site.artifacts.put_bytes(key, wav(), media_type="audio/wav")
        decoded = NewArtifact("audio", key, "audio/wav", stored.bytes, stored.sha256, 0.1, 8000)
        site.store.complete_step(claim, [decoded])
        return cls(site, job_id, site.claim(job_id, 1))

    def says(self, *texts: str) -> None:
        """The next segments, as the step stores them while it runs."""
        first = len(self.segments)
        new: list[dict[str, Any]] = [
            {"id": number, "start": float(number), "end": number + 1.0, "text": text, "words": [], "decoding": None}
            for number, text in enumerate(texts, first)
        ]
        self.segments += new
        self.site.store.add_chunks(self.claim, [NewChunk(first, "segments", body=new, ends_at=first + 1.0)])

    def succeeds(self) -> None:
        text = " ".join(segment["text"] for segment in self.segments)
        document = {"text": text, "language": "it", "duration": 7.25, "segments": self.segments}
        key = f"jobs/{self.job_id}/1/transcript"
        stored = self.site.artifacts.put_bytes(key, json.dumps(document).encode(), media_type="application/json")
        made = NewArtifact("transcript", key, "application/json", stored.bytes, stored.sha256)
        assert self.site.store.complete_step(self.claim, [made], document) == "succeeded"

    def fails(self, code: str) -> None:
        error = PermanentError("It does not work.", code=code)
        self.site.store.fail_step(self.claim, error.cause, error=step_problem(error))


def event(data: Mapping[str, Any]) -> bytes:
    return f"data: {json.dumps(data, separators=(',', ':'))}\n\n".encode()


def delta(text: str) -> bytes:
    return event({"type": "transcript.text.delta", "delta": text})


def segment(number: int, text: str) -> bytes:
    shown = {"id": f"seg_{number:03}", "start": float(number), "end": number + 1.0, "text": text, "speaker": ""}
    return event({"type": "transcript.text.segment", **shown})


def stored(site: Site) -> list[Path]:
    """Every file of the store."""
    return [path for path in site.settings.data_dir.rglob("*") if path.name.endswith(",input,audio")]


def test_text_comes_as_it_is_heard_and_its_deltas_are_the_whole(site: Site) -> None:
    body = asked(stream="true", response_format="verbose_json", prompt="")
    hearing = Hearing.of(site, ordered(site, PATH, body, "heard"))
    caller = Caller(site, PATH, body, **{"Idempotency-Key": "heard"})
    hearing.says("Do", "re")
    caller.hears(delta("Do") + segment(0, "Do") + delta(" re") + segment(1, "re"))
    answer = caller.begun()
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/event-stream; charset=utf-8")
    assert answer.headers["x-job-id"] == hearing.job_id
    assert site.http.get(f"/v1/jobs/{hearing.job_id}").json()["status"] == "running"
    hearing.says("mi.")
    caller.hears(delta(" mi.") + segment(2, "mi."))
    hearing.succeeds()
    # A model that does not count in tokens: 0.1 s of sound each, words and marks.
    usage = {
        "type": "tokens",
        "input_tokens": 73,
        "input_token_details": {"audio_tokens": 73, "text_tokens": 0},
        "output_tokens": 4,
        "total_tokens": 77,
    }
    done = event({"type": "transcript.text.done", "text": "Do re mi.", "usage": usage})
    assert caller.to_the_end() == done
    # Who would rather have had the job after five seconds asked for events all the same.
    again = site.http.post(PATH, headers={"Idempotency-Key": "heard", "Prefer": "wait=5"}, **sent(body))
    assert (again.headers["content-type"], again.headers["preference-applied"]) == (
        "text/event-stream; charset=utf-8",
        "wait=5",
    )
    assert again.content.endswith(segment(2, "mi.") + done)


def test_a_job_that_fails_has_a_status_before_its_first_word_and_an_event_after(site: Site) -> None:
    for code, status in (("audio_undecodable", 400), ("engine_failed", 500)):
        for heard in (False, True):
            body = asked(stream="true", language="it", response_format="text" if heard else "json")
            key = f"fails-{code}-{heard}"
            hearing = Hearing.of(site, ordered(site, PATH, body, key))
            caller = Caller(site, PATH, body, **{"Idempotency-Key": key})
            if heard:
                hearing.says("Do")
                caller.hears(delta("Do"))
            hearing.fails(code)
            last = caller.to_the_end().decode()
            assert caller.begun().status_code == (200 if heard else status)
            assert last.startswith("event: error\ndata: ") == heard
            error = json.loads(last.removeprefix("event: error\ndata: "))["error"]
            assert (error["code"], error["param"]) == (code, "file" if status == 400 else None)


def test_who_leaves_takes_the_job_along_unless_it_is_kept(site: Site) -> None:
    for keep, status in (("false", "cancelled"), ("true", "queued")):
        body, key = asked(language="it"), f"left-{keep}"
        job_id = ordered(site, PATH, body, key)
        leave(site, PATH, body, **{"Idempotency-Key": key, "X-Keep-Job": keep})
        assert status_after(site, job_id, 2 if keep == "true" else 15) == status


def test_who_would_rather_not_wait_gets_the_job(site: Site) -> None:
    answer = site.http.post(
        PATH,
        files={"file": ("a.wav", wav())},
        data={"model": "tone", "stream": "true"},
        headers={"Prefer": "respond-async"},
    )
    assert (answer.status_code, answer.json()["kind"]) == (202, "transcription")
    assert answer.headers["x-job-id"] == answer.json()["id"]


def test_words_are_made_only_for_who_reads_them(site: Site) -> None:
    for fields, timed in (
        ({}, False),
        ({"response_format": "verbose_json"}, False),
        ({"response_format": "verbose_json", "timestamp_granularities[]": "word"}, True),
        ({"response_format": "srt"}, True),
    ):
        body = {"model": "whisper-1", **fields}
        answer = site.http.post(PATH, files={"file": ("a.wav", wav())}, data=body, headers={"Prefer": "respond-async"})
        assert answer.json()["request"]["options"] == {"word_timestamps": timed}


@pytest.mark.parametrize(
    ("parts", "status", "param"),
    [
        ([("model", None, b"tone"), ("model", None, b"tone"), ("file", "a.wav", b"RIFF")], 400, "model"),
        ([("file", "a.wav", b"RIFF"), ("file", "b.wav", b"RIFF"), ("model", None, b"tone")], 400, "file"),
        ([("file", "a.wav", b"RIFF"), ("model", "model.txt", b"tone")], 400, "model"),
        ([("file", "a.wav", b"RIFF"), ("model", None, b"\xff")], 400, "model"),
        ([("file", "a.wav", b"RIFF"), ("prompt", None, b"a" * 300_000)], 400, "prompt"),
        ([("file", "a.wav", b"R" * (LIMIT + 1)), ("model", None, b"tone")], 413, "file"),
        ([("file", "a.wav", b"R" * LIMIT), ("model", None, b"nothing")], 404, "model"),
        ([("file", "a.wav", b"R" * LIMIT), ("model", None, b"tone"), ("language", None, b"tlh!")], 400, "language"),
        ([("file", "a.wav", b"")], 400, "file"),
    ],
)
def test_of_a_form_that_is_refused_nothing_stays_stored(
    site: Site, parts: list[tuple[str, str | None, bytes]], status: int, param: str
) -> None:
    before = stored(site)
    content = httpx.Request("POST", site.url, files=[(name, (file, data)) for name, file, data in parts])
    body, headers = content.read(), {"content-type": content.headers["content-type"]}
    # Once as it is, and once without a length that could be looked at before.
    for given in (body, (body[start : start + 5000] for start in range(0, len(body), 5000))):
        answer = site.http.post(PATH, content=given, headers=headers)
        assert (answer.status_code, answer.json()["error"]["param"]) == (status, param), answer.text
    assert stored(site) == before


def test_a_form_of_nothing_but_empty_fields_has_an_end(site: Site) -> None:
    name = "timestamp_granularities[]"
    part = f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n\r\n'.encode()
    headers = {"content-type": "multipart/form-data; boundary=x"}
    answer = site.http.post(PATH, content=(part * 100 for _ in range(110)), headers=headers)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "too_long")


def test_without_room_to_wait_nothing_stays_stored(tmp_path: Path) -> None:
    with serving(f"sqlite:///{tmp_path / 'test.db'}", tmp_path, max_streams=1) as full:
        full.beat()
        with full.http.stream("GET", "/v1/events", headers={"Accept": "text/event-stream"}):
            answer = full.http.post(PATH, **sent(asked()))
        assert (answer.status_code, answer.json()["error"]["code"]) == (503, "overloaded")
        assert stored(full) == []


def test_a_translation_must_be_a_form(site: Site) -> None:
    answer = site.http.post("/v1/audio/translations", json={"model": "tone"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (415, "unsupported_media_type")
    other = site.http.post(PATH, json={"model": "nothing", "input_audio": ""})
    assert other.headers["content-type"] == "application/problem+json"
