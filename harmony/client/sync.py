"""The client for programs that wait."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from os import PathLike
from pathlib import Path
from typing import Any, Unpack, overload

from harmony.client import calls, orders
from harmony.client.calls import JobRef, id_of
from harmony.client.connections import Connection
from harmony.client.documents import (
    TERMINAL,
    Artifact,
    AudioFormat,
    ConversionFields,
    Document,
    Job,
    JobFields,
    JobList,
    ListeningFields,
    Model,
    ModelList,
    Segment,
    SpeechFields,
    TextFormat,
    Voice,
    VoiceFields,
    VoiceList,
)
from harmony.client.landing import Landing, artifact_of
from harmony.client.problems import ApiProblem, result_of
from harmony.client.recordings import Audio, File
from harmony.client.tails import Download, Events, JobEvent, Polling, Segments, Sound


class Client(Connection):
    """Speaks to one server. Raises ApiProblem for what it refuses, httpx.TransportError if it cannot be reached.

    What is safe to repeat is repeated up to `retries` times, after 429, 502, 503 and connections that broke off; a job
    that is submitted has a key under which it stays one job. AsyncClient is the same for programs that do not wait.
    """

    # ----------------------------------------------------------------------------------------------- making jobs

    def submit(
        self,
        job: Mapping[str, Any],
        *,
        audio: File | None = None,
        reference: File | None = None,
        target: File | None = None,
        idempotency_key: str | None = None,
    ) -> Job:
        """The accepted job.

        `audio` is streamed as a multipart file and stands for `input.audio`, so do `reference` and `target` for the
        audio of the voice to speak in. Without a key the job gets one of its own.
        """
        given = {"audio": audio, "reference": reference, "target": target}
        files = {name: file for name, file in given.items() if file is not None}
        return self._json(calls.submit(orders.Order(job, files, idempotency_key)))

    def speech(self, text: str, **fields: Unpack[SpeechFields]) -> Job:
        """Speaks the text."""
        return self._json(calls.submit(orders.speech(text, fields)))

    def clone(self, text: str, reference: Audio, **fields: Unpack[SpeechFields]) -> Job:
        """Speaks the text like the recording."""
        return self._json(calls.submit(orders.speech(text, fields, reference)))

    def transcribe(self, audio: Audio, **fields: Unpack[ListeningFields]) -> Job:
        """Writes down what is said."""
        return self._json(calls.submit(orders.listening("transcription", audio, fields)))

    def translate(self, audio: Audio, **fields: Unpack[ListeningFields]) -> Job:
        """Writes down in English what is said in another language."""
        return self._json(calls.submit(orders.listening("translation", audio, fields)))

    def embed(self, audio: Audio, **fields: Unpack[JobFields]) -> Job:
        """Computes who speaks, as a vector."""
        return self._json(calls.submit(orders.listening("embedding", audio, fields)))

    def detect(self, audio: Audio, **fields: Unpack[JobFields]) -> Job:
        """Finds where somebody speaks."""
        return self._json(calls.submit(orders.listening("vad", audio, fields)))

    def convert(
        self,
        audio: Audio,
        *,
        target: Audio | None = None,
        voice: str | None = None,
        **fields: Unpack[ConversionFields],
    ) -> Job:
        """Says the recording again in the voice of `target`, a recording, or of `voice`, the id of a saved one."""
        return self._json(calls.submit(orders.conversion(audio, fields, target, voice)))

    # -------------------------------------------------------------------------------------------- following them

    def get(self, job: JobRef) -> Job:
        """The job as it stands."""
        return self._json(calls.get(job))

    def wait(self, job: JobRef, *, timeout: float | None = None) -> Job:
        """The job once it has ended, by long-polling; TimeoutError after `timeout` seconds."""
        for seen in self.changes(job, timeout=timeout):
            if seen["status"] in TERMINAL:
                return seen
        raise TimeoutError(f"{id_of(job)} has not ended within {timeout:g} seconds")

    def changes(self, job: JobRef, *, timeout: float | None = None) -> Iterator[Job]:
        """The job now and at each change, by long-polling, until it has ended or `timeout` seconds are over."""
        polling = Polling(job, None if timeout is None else time.monotonic() + timeout)
        while True:
            seen = polling.take(self._request(polling.ask()))
            if seen is not None:
                yield seen
            if polling.over(seen):
                return

    def events(self, job: JobRef, *, last_event_id: int | None = None) -> Iterator[JobEvent]:
        """The job's events as they happen, to its end; a stream that breaks off is resumed where it was."""
        return self._follow(Events(job, last_event_id))

    def stream(self, job: JobRef, *, form: AudioFormat | None = None, offset: int = 0) -> Iterator[bytes]:
        """The job's sound while it is made, from byte `offset` on: in its own format, as `wav` or as `pcm`.

        A job whose sound cannot be had before its end is waited for. A stream that breaks off is gone on with at its
        byte; ApiProblem if the job ends without a result.
        """
        return self._follow(Sound(job, form, offset))

    def segments(self, job: JobRef) -> Iterator[Segment]:
        """The segments of a transcript as they are made; JobFailed if the job fails."""
        told = Segments()
        for event in self.events(job):
            yield from told.of_event(event)
        yield from told.of_result(result_of(self.get(job)).get("segments", []))

    def result(self, job: JobRef, *, form: AudioFormat | TextFormat | None = None) -> bytes:
        """What the job made, as it is or in another format: `srt` of a transcript, `mp3` of sound."""
        return self._request(calls.result(job, form)).content

    @overload
    def download(self, what: Job | Artifact) -> bytes: ...
    @overload
    def download(self, what: Job | Artifact, to: str | PathLike[str]) -> Path: ...
    def download(self, what: Job | Artifact, to: str | PathLike[str] | None = None) -> bytes | Path:
        """The bytes that a job made, or those of one artifact: here, or in the file `to`; checked by their SHA-256.

        A connection that breaks off is resumed, and so is a file that an earlier call left half done.
        """
        artifact = artifact_of(what)
        if to is None:
            tail = Download(artifact)
            content = b"".join(self._fetched(tail))
            tail.check()
            return content
        landing = Landing(artifact, Path(to))
        try:
            for chunk in self._fetched(landing.begin()):
                landing.write(chunk)
            return landing.finish()
        finally:
            landing.close()

    # ------------------------------------------------------------------------------------------- looking after them

    def list(self, **filters: str | int) -> JobList:
        """One page of jobs; filters as in `GET /v1/jobs`."""
        return self._json(calls.jobs(filters))

    def cancel(self, job: JobRef) -> Job:
        """The job; a running step is asked to stop."""
        return self._json(calls.cancel(job))

    def retry(self, job: JobRef, *, start: str | None = None, **fields: Unpack[JobFields]) -> Job:
        """A new job that goes on where the finished one stopped, or at step `start` (its name or number)."""
        return self._json(calls.retry(job, start, fields))

    def delete(self, job: JobRef) -> None:
        """Removes a finished job with its artifacts."""
        self._request(calls.delete(job))

    def bulk(self, action: str, which: Mapping[str, Any], *, dry_run: bool = False) -> Document:
        """An order to cancel, retry or delete all jobs that a list with this filter holds; or only their count."""
        return self._json(calls.bulk(action, which, dry_run=dry_run))

    # ------------------------------------------------------------------------------------ what the deployment has

    def models(self) -> ModelList:
        return self._json(calls.models())

    def model(self, name: str) -> Model:
        return self._json(calls.model(name))

    def voices(self, **filters: str | int) -> VoiceList:
        """One page of saved voices; filters as in `GET /v1/voices`."""
        return self._json(calls.voices(filters))

    def voice(self, voice_id: str) -> Voice:
        return self._json(calls.voice(voice_id))

    def save_voice(self, name: str, audio: Audio, **fields: Unpack[VoiceFields]) -> Voice:
        """Keeps a recording of one person to speak like it; ready once the job in its field `job` has ended."""
        return self._json(calls.save_voice(name, audio, fields))

    def delete_voice(self, voice_id: str) -> None:
        """Removes the voice, its recording and all that is known of it."""
        self._request(calls.delete_voice(voice_id))

    def queues(self) -> Document:
        return self._json(calls.queues())

    def pause(self, queue: str) -> Document:
        """Lets nothing new begin on the queue; the queue."""
        return self._json(calls.pause(queue))

    def resume(self, queue: str) -> Document:
        """Lets the queue go on; the queue."""
        return self._json(calls.resume(queue))

    def workers(self) -> Document:
        return self._json(calls.workers())

    # ------------------------------------------------------------------------------------------------- underneath

    def _fetched(self, tail: Download) -> Iterator[bytes]:
        try:
            yield from self._follow(tail)
        except ApiProblem as problem:
            if problem.status not in calls.CLOSED:
                raise
            # Links are open for a while only; a fresh one is a request away.
            tail.artifact = self._json(calls.artifact(tail.artifact["id"]))
            yield from self._follow(tail)
