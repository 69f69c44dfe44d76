"""What is known of a request before any route sees it: its id, and whether it comes from here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from starlette.types import Scope

from api.settings import is_loopback
from pipelines.ids import uuid7

_REQUEST_ID = re.compile(r"[A-Za-z0-9._:/+=@-]{1,128}")


def headers_of(scope: Scope) -> dict[str, str]:
    """The headers that the edge reads; names are lower case by ASGI."""
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}


def choose_request_id(headers: Mapping[str, str]) -> str:
    """The client's own id if it is sane, else a new one."""
    given = headers.get("x-request-id", "")
    return given if _REQUEST_ID.fullmatch(given) else f"req_{uuid7()}"


def request_id_of(scope: Scope) -> str:
    """The id that the edge gave this request."""
    return str(scope["state"]["request_id"])


def is_ours(authority: str, public_host: str | None) -> bool:
    """Whether `host[:port]` means this machine, or is the host that our links begin with."""
    try:
        host = urlsplit(f"//{authority}").hostname
    except ValueError:
        return False
    return host is not None and (is_loopback(host) or host == public_host)


def origin_is_ours(origin: str, public_host: str | None) -> bool:
    """Whether a page of this machine, or of our own address, sent the request."""
    scheme, separator, authority = origin.partition("://")
    return bool(separator) and scheme in {"http", "https"} and is_ours(authority, public_host)
