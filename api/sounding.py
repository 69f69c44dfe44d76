"""A job's sound as an answer: it flows while the sound grows, and can be gone on with from any byte.

While nobody knows how long it will be, `Range: bytes=N-` cannot be answered by all the rest: a Content-Range must name
its last byte (RFC 9110, section 14.4). So it gets what there is from N on, at least a byte, as `bytes N-M/*`; a server
may send less than was asked for (section 15.3.7). `bytes=0-`, which browsers send with every first request, gets the
whole as it grows, as if there were no Range. `?offset=N` is an address of its own: the sound from N on, to its end.
"""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass, replace
from functools import partial

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from api.attending import while_there
from api.content import no_page
from api.documents import read_job
from api.errors import JobEnded
from api.ranges import Span, choose_span
from api.results import main_result
from api.services import Services
from api.sounds import Sound
from api.streaming import opened
from media.formats import MEDIA_TYPES, AudioFormat
from pipelines.errors import HarmonyError
from storage.artifacts import content_disposition

_log = logging.getLogger(__name__)
_FROM = re.compile(r"bytes\s*=\s*(\d{1,18})\s*-\s*(\d{0,18})\s*", re.IGNORECASE)


@dataclass(frozen=True)
class Wanted:
    """Whose sound, in which format, from which byte on; a range only where no offset was asked for."""

    job_id: str
    form: AudioFormat
    offset: int = 0
    range: str | None = None
    if_range: str | None = None

    @classmethod
    def of(cls, job_id: str, form: AudioFormat, offset: int | None, headers: Headers) -> Wanted:
        """What a request asks for."""
        if offset is not None:
            return cls(job_id, form, offset)
        return cls(job_id, form, 0, headers.get("range"), headers.get("if-range"))

    def of_same(self, sound: Sound) -> Wanted:
        """The same, without the range if it was meant for other bytes than these (If-Range)."""
        return self if self.if_range in {None, sound.tag} else replace(self, range=None)

    @property
    def begin(self) -> int:
        """The byte to wait for before there is anything to say."""
        match = _FROM.fullmatch((self.range or "").strip())
        return self.offset if match is None else int(match[1])

    def span(self, sound: Sound) -> Span | None:
        """Which part to send; None for all from the offset on. BadRange behind the end."""
        if self.range is None:
            return None
        if sound.total is not None:
            span = choose_span(self.range, sound.total, if_range=None, tag=sound.tag)
            return span if span.partial else None
        match = _FROM.fullmatch(self.range.strip())
        if match is None or (match[1], match[2]) == ("0", ""):
            return None
        first, last = int(match[1]), match[2]
        end = sound.made if last == "" else min(sound.made, int(last) + 1)
        return Span(first, end, None, partial=True) if first < end else None


class SoundAnswer(Response):
    """Begins with the first byte; what goes wrong until then is answered as a problem, later it ends the connection."""

    def __init__(self, services: Services, wanted: Wanted) -> None:
        super().__init__()
        self._services = services
        self._wanted = wanted
        self._begun = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Sends to the end; a reader that is slow holds up only itself, one that leaves ends it."""
        del scope
        try:
            await while_there(receive, self._send(send))
        except HarmonyError as error:
            if not self._begun:
                if isinstance(error, JobEnded):
                    # Which is not the fault of this request: as /result says it.
                    main_result(await self._services.reading(partial(read_job, self._services, self._wanted.job_id)))
                raise
            # Without the end of its last chunk a client sees that it has not got everything (RFC 9112, section 8).
            _log.info("audio.broken_off job_id=%s code=%s", self._wanted.job_id, error.code)

    async def _send(self, send: Send) -> None:
        wanted = self._wanted
        known = wanted.begin if wanted.if_range is None else 0
        async with opened(self._services, wanted.job_id, wanted.form, known) as sound:
            if wanted.if_range is not None:
                # The name of a sound that still grows is certain with its first byte.
                await sound.read(0)
            wanted = wanted.of_same(sound)
            begin = wanted.begin
            first = await sound.read(begin)
            span = wanted.span(sound)
            if span is None and begin != wanted.offset:
                begin = wanted.offset
                first = await sound.read(begin)
            elif span is not None and span.start != begin:
                begin = span.start
                first = await sound.read(begin)
            end = span.end if span is not None else sound.total
            await self._start(send, sound, span, None if end is None else end - begin)
            await self._pieces(send, sound, begin, first, end)
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _start(self, send: Send, sound: Sound, span: Span | None, length: int | None) -> None:
        headers = sound_headers(self._wanted.job_id, self._wanted.form) | {"etag": sound.tag}
        if sound.sample_rate is not None and self._wanted.form in {"pcm", "wav"}:
            headers["x-sample-rate"] = str(sound.sample_rate)
        if length is not None:
            headers["content-length"] = str(length)
        if sound.total is not None and self._wanted.offset == 0:
            headers["accept-ranges"] = "bytes"
        if span is not None:
            headers["content-range"] = span.content_range
        self._begun = True
        raw = [(name.encode("ascii"), value.encode("latin-1")) for name, value in headers.items()]
        status = 200 if span is None else 206
        await send({"type": "http.response.start", "status": status, "headers": raw})

    @staticmethod
    async def _pieces(send: Send, sound: Sound, position: int, piece: bytes, end: int | None) -> None:
        while piece:
            sent = piece if end is None else piece[: end - position]
            await send({"type": "http.response.body", "body": sent, "more_body": True})
            position += len(sent)
            if position == end:
                return
            piece = await sound.read(position)


def sound_headers(job_id: str, form: AudioFormat) -> dict[str, str]:
    """What every answer with a job's sound says."""
    media_type, extension = MEDIA_TYPES[form]
    return {
        "content-type": media_type,
        "cache-control": "no-store",
        # Of nginx and those who learnt from it: what comes is passed on at once.
        "x-accel-buffering": "no",
        "content-disposition": content_disposition("inline", f"{job_id}.{extension}"),
        **no_page(),
    }
