"""An artifact's bytes as an answer: whole or in part, never whole in memory."""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import partial
from typing import Any, BinaryIO

import anyio.to_thread
from fastapi import Request
from sqlalchemy import Row
from starlette.responses import Response, StreamingResponse

from api.headers import names_tag
from api.links import filename
from api.ranges import Span, choose_span
from api.services import Services
from storage.artifacts import Disposition, content_disposition

_CHUNK = 256 * 1024


async def bytes_answer(
    services: Services, request: Request, row: Row[Any], disposition: Disposition = "inline"
) -> Response:
    """200, 206, 304 or 416; the entity tag is the SHA-256, so that a resumed download cannot be mixed up."""
    tag = f'"{row.sha256}"'
    headers = {"etag": tag, "accept-ranges": "bytes", "cache-control": "private, max-age=0, must-revalidate"}
    if names_tag(request.headers.get("if-none-match"), tag):
        return Response(status_code=304, headers=headers)
    range_header = request.headers.get("range") if request.method == "GET" else None
    span = choose_span(range_header, row.bytes, if_range=request.headers.get("if-range"), tag=tag)
    headers |= {
        "content-length": str(span.length),
        "content-disposition": content_disposition(disposition, filename(row)),
        **no_page(),
    }
    status = 206 if span.partial else 200
    if span.partial:
        headers["content-range"] = span.content_range
    if request.method == "HEAD":
        await services.reading(partial(_open, services, row, Span(0, 0, span.total, partial=False)))
        return _typed(Response(status_code=status, headers=headers), row)
    source = await services.reading(partial(_open, services, row, span))
    return _typed(StreamingResponse(file_chunks(source), status_code=status, headers=headers), row)


def _open(services: Services, row: Row[Any], span: Span) -> BinaryIO:
    return services.artifacts.open(row.key, start=span.start, end=span.end)


def no_page() -> dict[str, str]:
    """A recording is data of some client: it must never run as a page of this origin."""
    return {"content-security-policy": "default-src 'none'; sandbox", "x-content-type-options": "nosniff"}


async def file_chunks(source: BinaryIO) -> AsyncIterator[bytes]:
    """What is left of a file, which is closed then."""
    try:
        while chunk := await anyio.to_thread.run_sync(source.read, _CHUNK):
            yield chunk
    finally:
        source.close()


def _typed(response: Response, row: Row[Any]) -> Response:
    # Set here and not by Starlette, which would add a charset to text.
    response.headers["content-type"] = row.media_type
    return response
