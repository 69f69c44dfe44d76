"""Whether the stack answers yet: GET /readyz, which says yes when every queue has had its first beat."""

from __future__ import annotations

import asyncio

_EVERY = 0.1
_OK = 200


async def wait_until_ready(host: str, port: int) -> None:
    """Returns once /readyz has answered 200. No HTTP library: importing one takes longer than all of the asking."""
    while await _status(host, port) != _OK:  # noqa: ASYNC110 - it is another process that becomes ready
        await asyncio.sleep(_EVERY)


async def _status(host: str, port: int) -> int | None:
    try:
        reader, writer = await asyncio.wait_for(asyncio.open_connection(host, port), 2)
    except (OSError, TimeoutError):
        return None
    try:
        name = f"[{host}]" if ":" in host else host
        writer.write(f"GET /readyz HTTP/1.1\r\nHost: {name}:{port}\r\nConnection: close\r\n\r\n".encode())
        line = await asyncio.wait_for(reader.readline(), 5)
        version, status, *_ = line.split()
        return int(status) if version.startswith(b"HTTP/") else None
    except (OSError, TimeoutError, ValueError):
        return None
    finally:
        writer.close()
