"""Ids of endpoints and deliveries as clients send them: what is none is not there."""

from __future__ import annotations

import re

from pipelines.errors import InvalidRequest, NotFound
from storage.endpoints import no_endpoint

_UUID = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_ID = {prefix: re.compile(f"{prefix}_{_UUID}") for prefix in ("whe", "msg", "job", "voice")}


def endpoint_id_of(given: str) -> str:
    """The id; NotFound if no endpoint can have it."""
    if not _ID["whe"].fullmatch(given):
        raise no_endpoint(given)
    return given


def delivery_id_of(given: str) -> str:
    """The same for a delivery."""
    if not _ID["msg"].fullmatch(given):
        raise NotFound(f"There is no delivery {given[:64]} here.", code="delivery_not_found")
    return given


def job_id_of(given: str) -> str:
    """The same for a job."""
    if not _ID["job"].fullmatch(given):
        raise NotFound(f"There is no job {given[:64]}.", code="job_not_found")
    return given


def is_id(prefix: str, given: str) -> bool:
    """Whether it is written like an id of this sort."""
    return _ID[prefix].fullmatch(given) is not None


def check_cursor(prefix: str, after: str | None, field: str = "after") -> None:
    """InvalidRequest for what no list gave."""
    if after is not None and not is_id(prefix, after):
        raise InvalidRequest.of(field, "is not a cursor that this list gave", code="invalid_cursor")
