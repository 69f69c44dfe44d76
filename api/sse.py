"""Server-sent events (WHATWG HTML, section 9.2): replay, then live, with a heartbeat."""

from __future__ import annotations

import asyncio

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from api.hub import Hub, Listener

_HEADERS = {"cache-control": "no-store", "x-accel-buffering": "no"}

#: How long a client waits before it comes back, in milliseconds.
_BEGIN = b"retry: 3000\n\n"
_HEARTBEAT = b": heartbeat\n\n"


class EventStream(Response):
    """Sends what a listener is told until the job ends, the client goes, or the server stops."""

    media_type = "text/event-stream"

    def __init__(self, hub: Hub, job_id: str | None, after: int, heartbeat: float) -> None:
        super().__init__(headers=_HEADERS)
        # The length of an empty body, which this one is not.
        del self.headers["content-length"]
        self._hub = hub
        self._job_id = job_id
        self._after = after
        self._heartbeat = heartbeat

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Streams; a reader that is slow holds up only itself."""
        del scope
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        await send({"type": "http.response.body", "body": _BEGIN, "more_body": True})
        with self._hub.follow(self._job_id, self._after) as listener:
            sending = asyncio.ensure_future(self._send_all(listener, send))
            leaving = asyncio.ensure_future(_gone(receive))
            try:
                await asyncio.wait((sending, leaving), return_when=asyncio.FIRST_COMPLETED)
                if sending.done():
                    sending.result()
            finally:
                for task in (sending, leaving):
                    task.cancel()
                await asyncio.gather(sending, leaving, return_exceptions=True)

    async def _send_all(self, listener: Listener, send: Send) -> None:
        while not listener.closed:
            frames = await listener.next(self._heartbeat)
            body = b"".join(frame.encoded for frame in frames) or _HEARTBEAT
            await send({"type": "http.response.body", "body": body, "more_body": True})
            if self._job_id is not None and frames and frames[-1].is_end:
                break
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
