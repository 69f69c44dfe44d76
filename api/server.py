"""The HTTP server around the app: uvicorn, told to end event streams before it waits for requests to end."""

from __future__ import annotations

import logging
import socket

import uvicorn
from fastapi import FastAPI

_log = logging.getLogger(__name__)

#: Seconds that requests have to end once the server stops.
_PATIENCE = 5


class Server(uvicorn.Server):
    """Stops promptly though streams are open: they have no end of their own."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Starts, and says where: port 0 takes a free one."""
        await super().startup(sockets)
        for server in self.servers:
            for listening in server.sockets:
                host, port = listening.getsockname()[:2]
                _log.info("listening on http://%s:%s", f"[{host}]" if ":" in host else host, port)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Ends the streams, then stops as uvicorn does."""
        app = self.config.app
        if isinstance(app, FastAPI) and hasattr(app.state, "services"):
            app.state.services.hub.end_streams()
        await super().shutdown(sockets)


def make_server(app: FastAPI, host: str, port: int) -> Server:
    """The server, not yet started."""
    return Server(
        uvicorn.Config(
            app,
            host=host,
            port=port,
            loop="uvloop",
            http="httptools",
            ws="none",
            lifespan="on",
            # The edge writes one line per request, with its id.
            access_log=False,
            log_config=None,
            server_header=False,
            date_header=True,
            # Whoever reaches a loopback port could claim any address.
            proxy_headers=False,
            timeout_graceful_shutdown=_PATIENCE,
        )
    )
