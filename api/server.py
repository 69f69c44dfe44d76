"""The HTTP server around the app: uvicorn, which leaves in the order of `api.draining` and ends streams first."""

from __future__ import annotations

import logging
import signal
import socket
import time
from types import FrameType

import uvicorn
from fastapi import FastAPI

from api.connection import Connection, configured, connection_limit
from api.draining import Draining
from api.settings import ApiSettings

_log = logging.getLogger(__name__)

#: Connections that the system holds for us until we take them; it has a bound of its own (net.core.somaxconn).
_BACKLOG = 8192

#: Ticks come ten times a second; connections are looked after at every tenth.
_SWEEP_TICKS = 10

#: Added to every answer once the process leaves: the client's next request opens a connection, to somebody else.
_CLOSE = (b"connection", b"close")


class Server(uvicorn.Server):
    """Stops promptly though streams are open: they have no end of their own."""

    def __init__(self, config: uvicorn.Config, draining: Draining, drain_seconds: float) -> None:
        super().__init__(config)
        self._draining = draining
        self._drain_seconds = drain_seconds

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Starts, and says where: port 0 takes a free one."""
        await super().startup(sockets)
        for server in self.servers:
            for listening in server.sockets:
                host, port = listening.getsockname()[:2]
                _log.info("listening on http://%s:%s", f"[{host}]" if ":" in host else host, port)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """A first signal begins the end; a second one is the end."""
        del frame
        if self._draining.begun:
            signal.signal(sig, signal.SIG_DFL)
            signal.raise_signal(sig)
        self._draining.begin(self._drain_seconds)
        self.config.encoded_headers.append(_CLOSE)
        self.server_state.default_headers.append(_CLOSE)
        _log.info("leaving; listens for another %g s", self._drain_seconds)

    async def on_tick(self, counter: int) -> bool:
        """Ten times a second: whether to stop."""
        if counter % _SWEEP_TICKS == 0:
            now = time.monotonic()
            for connection in list(self.server_state.connections):
                if isinstance(connection, Connection):
                    connection.sweep(now)
        return self._draining.over or await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Ends the streams, then stops as uvicorn does: requests under way may end."""
        app = self.config.app
        if isinstance(app, FastAPI) and hasattr(app.state, "services"):
            app.state.services.hub.end_streams()
        await super().shutdown(sockets)


def make_server(app: FastAPI, host: str, port: int, *, drain_seconds: float = 0.0, patience: float = 5.0) -> Server:
    """The server, not yet started; `patience` is how long requests under way may take once it has stopped listening."""
    settings: ApiSettings = app.state.settings
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        loop="uvloop",
        http=configured(settings, connection_limit(settings)),
        # As many may knock at once as the system lets wait; the rest knock again a second later.
        backlog=_BACKLOG,
        ws="none",
        lifespan="on",
        # The edge writes one line per request, with its id.
        access_log=False,
        log_config=None,
        server_header=False,
        date_header=True,
        # Whoever reaches a loopback port could claim any address.
        proxy_headers=False,
        # Whole seconds by its type; the time is handed on to asyncio as it is.
        timeout_graceful_shutdown=max(1, round(patience)),
    )
    return Server(config, app.state.draining, drain_seconds)
