"""What a step makes, shown while it still runs: as rows that listeners read, and that the next attempt goes on behind.

While somebody listens each piece is shown at once. Otherwise pieces are gathered for a while: a short step shows none,
and costs nothing; a long one loses little with its slot, and looks between two pieces whether somebody listens now.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from functools import partial
from io import BytesIO
from typing import Any, BinaryIO, Final

from sqlalchemy import Row

from pipelines.errors import NotFound
from pipelines.streams import STREAMS
from storage.chunks import NewChunk
from storage.claims import Signal, Told
from storage.database import DatabaseUnavailable
from workers.contract import Segment
from workers.patience import committed, patiently
from workers.steps.context import StepContext
from workers.steps.encoded import EncodedSound
from workers.steps.gathering import GatheredSound

log = logging.getLogger(__name__)

#: How often what nobody waits for is shown, in seconds.
GATHER_SECONDS: Final = 2.0
#: How often a step looks whether somebody listens, in seconds: whoever submits and then listens is not much later than
#: the claim, and would otherwise wait for a heartbeat.
LOOK_SECONDS: Final = 0.25


class _Shown:
    """The chunks of one step, of all its attempts so far."""

    def __init__(self, context: StepContext) -> None:
        self._context = context
        self._pulse = context.pulse
        now = time.monotonic()
        self._next_at, self._next_look = now + GATHER_SECONDS, now + LOOK_SECONDS
        #: How many chunks there are, and whether nothing comes after them.
        self._count = 0
        self._closed = False
        #: Whether a row was sent of which nobody knows if it was written.
        self._in_doubt = False

    def _is_due(self) -> bool:
        now = time.monotonic()
        if self._pulse.stream is None and now >= self._next_look:
            self._next_look = now + LOOK_SECONDS
            self._look()
        return self._pulse.stream is not None or now >= self._next_at

    def _look(self) -> None:
        """Whether somebody listens by now."""
        jobs = self._context.jobs
        if jobs is None:
            return
        try:
            stream = jobs.stream_of(self._context.work.job_id)
        except DatabaseUnavailable:
            # There is another look, and a heartbeat.
            log.warning("listener_unknown reason=database_unavailable")
        except NotFound:
            # Ended by a later attempt, and deleted: a heartbeat or the next write tells this one that it is late.
            log.info("listener_unknown reason=job_deleted")
        else:
            self._pulse.stream = stream or self._pulse.stream

    def _earlier(self) -> list[Row[Any]]:
        """What the attempts before this one have shown."""
        jobs, claim = self._context.jobs, self._pulse.claim
        if jobs is None or claim.attempt == 1:
            return []
        rows = committed(lambda: jobs.own_chunks(claim))
        if rows:
            self._count, self._closed = rows[-1].number + 1, rows[-1].last
        return rows

    def _show(self, chunk: NewChunk) -> None:
        """Writes the row; raises if the step should not go on."""
        told = committed(lambda: self._written(chunk))
        if told.signal is not Signal.GO_ON:
            self._pulse.signal = told.signal
        if (reason := self._pulse.reason_to_stop()) is not None:
            raise reason
        self._pulse.stream = told.stream or self._pulse.stream
        self._count, self._closed = chunk.number + 1, chunk.last
        self._next_at = time.monotonic() + GATHER_SECONDS

    def _written(self, chunk: NewChunk) -> Told:
        jobs, claim = self._context.jobs, self._pulse.claim
        if jobs is None:
            return Told(Signal.GO_ON)
        if self._in_doubt and any(row.number == chunk.number for row in jobs.own_chunks(claim)):
            # The database went away in the middle of the commit, and it was one.
            return jobs.heartbeat(claim, self._pulse.progress)
        self._in_doubt = True
        told = jobs.add_chunks(claim, [chunk])
        self._in_doubt = False
        return told


class ShownSound(_Shown):
    """Sound, shown piece by piece; `sound` gathers all of it."""

    def __init__(self, context: StepContext, sound: GatheredSound) -> None:
        super().__init__(context)
        self._sound = sound
        self._streams = context.jobs is not None and bool(context.work.options.get(STREAMS))
        self._encoded = EncodedSound(context.media, sound)
        self._rate = 0
        #: Bytes of the sound that are shown, the texts of what is not, and how many clauses are spoken.
        self._shown = 0
        self._texts: list[str] = []
        self._clauses = 0

    def resume(self) -> int:
        """Takes over what earlier attempts have shown; how many clauses are spoken with it."""
        if not self._streams:
            return 0
        self._encoded.expect(self._pulse.stream)
        rows = self._earlier()
        for row in rows:
            self._rate = row.sample_rate or self._rate
            self._encoded.skip += row.encoded_bytes or 0
            if row.key is not None:
                patiently(self._pulse, partial(self._fetch, row))
        self._shown = self._sound.size
        self._clauses = rows[-1].clauses if rows else 0
        return self._clauses

    @property
    def rate(self) -> int:
        """In Hz; 0 while there is no sound."""
        return self._rate

    def add(self, pcm: bytes, rate: int, text: str, clauses: int, *, last: bool) -> None:
        """One more piece (s16le), with which so many clauses of the text are spoken; `last`: all of them."""
        self._sound.add(pcm)
        self._rate = rate
        if not self._streams:
            return
        self._texts.append(text)
        self._clauses = clauses
        if self._is_due():
            self._show_rest(last=last)

    def finish(self) -> None:
        """Shows the rest, if somebody listens or has seen the beginning; who came just now gets it in that format."""
        if not self._streams or (self._count == 0 and self._pulse.stream is None):
            return
        form = None
        while not self._closed or form != self._pulse.stream:
            form = self._pulse.stream
            self._show_rest(last=True)

    def _fetch(self, row: Row[Any]) -> None:
        """One chunk's samples into the sound; a second call begins again where the first did."""
        with self._context.store.open(row.key) as stored:
            pcm = stored.read(row.samples * 2)
        self._sound.add(pcm)

    def _show_rest(self, *, last: bool) -> None:
        size = self._sound.size - self._shown
        form = self._pulse.stream
        encoded = self._encoded.more(form, self._rate, last=last)
        if self._closed and not size and not encoded:
            # An earlier attempt has shown all of it.
            return
        work = self._context.work
        # The attempt's own folder, as for its results.
        name = f"jobs/{work.job_id}/steps/{work.index}/{self._pulse.claim.fence}/chunks/{self._count}"
        chunk = NewChunk(
            self._count,
            key=self._stored(f"{name}.pcm", partial(self._sound.part, self._shown)) if size else None,
            samples=size // 2,
            sample_rate=self._rate,
            clauses=self._clauses,
            text=" ".join(self._texts) or None,
            encoded_key=self._stored(f"{name}.{form}", partial(BytesIO, encoded)) if encoded else None,
            encoded_bytes=len(encoded) or None,
            ends_at=self._sound.samples / self._rate if self._rate else 0.0,
            last=last,
        )
        self._show(chunk)
        self._shown += size
        self._texts.clear()

    def _stored(self, key: str, opened: Callable[[], BinaryIO]) -> str:
        """Stores what `opened` gives; durable when this returns."""

        def store() -> None:
            with opened() as source:
                self._context.store.put(key, source, media_type="application/octet-stream")

        patiently(self._pulse, store)
        return key


class ShownSegments(_Shown):
    """Segments of a transcript. The engine hears the recording anew in each attempt; what was shown stays as it was."""

    def __init__(self, context: StepContext) -> None:
        super().__init__(context)
        #: All of them, as JSON.
        self.segments: list[dict[str, Any]] = []
        for row in self._earlier():
            self.segments += row.body or ()
        self._known_to = self._ends_at
        self._shown = len(self.segments)

    @property
    def _ends_at(self) -> float:
        return float(self.segments[-1]["end"]) if self.segments else 0.0

    def add(self, segment: Segment) -> None:
        """One more, unless an earlier attempt has shown what was said then."""
        if self.segments and (segment.start + segment.end) / 2 <= self._known_to:
            return
        self.segments.append(asdict(replace(segment, id=len(self.segments))))
        if self._context.jobs is not None and self._is_due():
            self._show_rest(last=False)

    def finish(self) -> None:
        """Shows the rest, if somebody listens or has seen the beginning."""
        listened = self._count > 0 or self._pulse.stream is not None
        if self._context.jobs is not None and listened and not self._closed:
            self._show_rest(last=True)

    def _show_rest(self, *, last: bool) -> None:
        new = self.segments[self._shown :]
        self._show(NewChunk(self._count, "segments", body=new, ends_at=self._ends_at, last=last))
        self._shown = len(self.segments)
