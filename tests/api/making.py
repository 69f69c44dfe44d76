"""A speech job whose worker is the test: it makes chunks one by one, while others listen."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select, update

from pipelines.errors import PermanentError
from pipelines.problems import step_problem
from storage.chunks import NewChunk, forget_chunks
from storage.claims import Claim
from storage.submitting import NewArtifact
from storage.tables import steps
from tests.api.site import Site
from workers.wav import wav_header

RATE = 24000


def samples(seed: int, count: int = 2400) -> bytes:
    """So many samples of 16 bits that are nobody else's."""
    block = hashlib.sha512(str(seed).encode()).digest()
    return (block * (count * 2 // len(block) + 1))[: count * 2]


@dataclass
class Making:
    """A job that has been claimed, what was made of it, and what it will be encoded to."""

    site: Site
    job_id: str
    claim: Claim
    form: str = "wav"
    made: list[bytes] = field(default_factory=list)
    encoded: list[bytes] = field(default_factory=list)

    @property
    def path(self) -> str:
        return f"/v1/jobs/{self.job_id}/audio"

    @property
    def pcm(self) -> bytes:
        return b"".join(self.made)

    def chunk(self, count: int = 2400, *, last: bool = False, encode: bool = True) -> None:
        """Adds a chunk as a worker does: bytes first, then the row under the claim."""
        number = len(self.made)
        self.made.append(samples(number, count))
        key = f"jobs/{self.job_id}/chunks/{number}"
        self.site.artifacts.put_bytes(f"{key}.pcm", self.made[-1], media_type="application/octet-stream")
        encoded_key = encoded_bytes = None
        if self.form != "wav" and encode:
            # Any bytes: nobody decodes them here.
            self.encoded.append(b"<%d>" % number + samples(1000 + number, (count or 2400) // 20))
            encoded_key, encoded_bytes = f"{key}.{self.form}", len(self.encoded[-1])
            self.site.artifacts.put_bytes(encoded_key, self.encoded[-1], media_type="application/octet-stream")
        new = NewChunk(
            number,
            key=f"{key}.pcm",
            samples=count,
            sample_rate=RATE,
            encoded_key=encoded_key,
            encoded_bytes=encoded_bytes,
            last=last,
        )
        self.site.store.add_chunks(self.claim, [new])

    def segments(self, *new: Mapping[str, Any], last: bool = False) -> None:
        """Adds segments of a transcript."""
        self.made.append(b"")
        chunk = NewChunk(len(self.made) - 1, kind="segments", body=new, last=last)
        self.site.store.add_chunks(self.claim, [chunk])

    def chunkless(self) -> None:
        """Ends a step that shows nothing while it runs."""
        self._complete(wav_header(0, RATE), "audio/wav", None)

    def fail(self, code: str = "text_not_speakable") -> None:
        """Ends the job for good."""
        self.site.store.fail_step(self.claim, "permanent", error=step_problem(PermanentError("No.", code=code)))

    def succeed(self, document: Mapping[str, Any] | None = None) -> bytes:
        """Ends it with the result of all chunks; of a format that is encoded, in a second step. Returns the bytes."""
        content = wav_header(len(self.pcm) // 2, RATE) + self.pcm
        self._complete(content, "audio/wav", document)
        if self.form == "mp3":
            content = b"encoded as a whole" * 10
            self.claim = self.site.claim(self.job_id, 1)
            self._complete(content, "audio/mpeg", None)
        return content

    def _complete(self, content: bytes, media_type: str, document: Mapping[str, Any] | None) -> None:
        key = f"jobs/{self.job_id}/{self.claim.work.index}/audio"
        self.site.artifacts.put_bytes(key, content, media_type=media_type)
        digest = hashlib.sha256(content).hexdigest()
        seconds = len(self.pcm) / 2 / RATE
        artifact = NewArtifact("audio", key, media_type, len(content), digest, seconds, RATE)
        self.site.store.complete_step(self.claim, [artifact], document)

    def forget(self) -> None:
        """What the janitor does some minutes after the end."""
        with self.site.database.write() as connection:
            forget_chunks(connection, self.job_id)

    @property
    def stream(self) -> str | None:
        """The format in which somebody listens."""
        rows = self.site.reader.get(self.job_id)
        assert rows is not None
        stream: str | None = rows.job.stream
        return stream


def making(site: Site, *, form: str = "wav", streams: bool = True) -> Making:
    """A speech job whose one step is claimed."""
    job_id = site.submit(options={"format": form})["id"]
    if not streams:
        with site.database.write() as connection:
            own = steps.c.job_id == job_id
            options = dict(connection.scalars(select(steps.c.options).where(own, steps.c.number == 0)).one())
            options.pop("streams", None)
            connection.execute(update(steps).where(own, steps.c.number == 0).values(options=options))
    return Making(site, job_id, site.claim(job_id), form)
