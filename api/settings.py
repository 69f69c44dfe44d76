"""Settings of the HTTP role. Imports nothing heavy."""

from __future__ import annotations

import math
from ipaddress import ip_address

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

#: What surrounds the audio in a JSON body, or the field `job` of a form, in bytes.
JSON_BYTES = 2 * 2**20


class ApiSettings(BaseSettings):
    """Environment variables with the prefix HARMONY_, and a `.env` file."""

    model_config = SettingsConfigDict(env_prefix="HARMONY_", env_file=".env", extra="ignore", frozen=True)

    host: str = Field(
        "127.0.0.1", description="Address that the API listens on; only loopback while there are no keys."
    )
    port: int = Field(8000, ge=0, le=65_535, description="Port that the API listens on; 0 takes a free one.")
    max_body_bytes: int = Field(2**30, ge=1024, description="Largest request body, in bytes.")
    max_inline_bytes: int = Field(
        32 * 2**20, ge=1, description="Largest audio sent as base64 in JSON, decoded, in bytes."
    )
    request_threads: int = Field(
        12, ge=2, le=200, description="Requests that use the database or the artifacts at once."
    )
    uploads: int = Field(16, ge=1, le=1000, description="Files that are received at once; more wait for their turn.")
    max_connections: int = Field(
        10_000, ge=10, description="Connections at once; more are closed with 503. Open files may allow fewer."
    )
    max_requests: int = Field(64, ge=1, description="Requests that are worked on at once, beside the sorts below.")
    max_queued_requests: int = Field(
        256, ge=0, description="Requests that wait for a place; more are refused with 503 before their body is read."
    )
    queue_seconds: float = Field(2.0, ge=0, le=60, description="How long a request waits for a place.")
    max_transfers: int = Field(
        128, ge=1, description="Uploads of files and downloads of results at once; more are refused with 503."
    )
    max_inline_requests: int = Field(
        8,
        ge=1,
        description="JSON bodies over 64 KiB worked on at once, each in memory several times; until then they wait "
        "in files in TMPDIR.",
    )
    max_streams: int = Field(
        1000, ge=1, description="Event streams, long-polls and listeners to sound at once; more are refused with 503."
    )
    head_seconds: float = Field(10.0, gt=0, description="How long the head of a request may take, else 408.")
    body_seconds: float = Field(
        30.0, gt=0, description="How long a body may keep us waiting in all, beside what its length allows, else 408."
    )
    body_bytes_per_second: int = Field(
        16_384, ge=1, description="A body may keep us waiting one second more for each so many bytes that came."
    )
    send_seconds: float = Field(
        60.0, gt=0, description="A client that takes nothing of its answer for so long is cut off."
    )
    drain_seconds: float = Field(
        0.0,
        ge=0,
        description="How long the API, told to stop, still answers while /readyz says 503, so that whatever "
        "sends clients here can notice.",
    )
    sse_heartbeat_seconds: float = Field(
        15.0, gt=0, le=300, description="A quiet event stream sends a comment this often, so that nothing closes it."
    )
    sse_buffer: int = Field(
        1000, ge=1, description="Events kept in memory for a slow reader; beyond, it is served from the database again."
    )
    door_wait_seconds: float = Field(
        600.0,
        gt=0,
        le=86_400,
        description="How long the OpenAI and the Harmony routes wait for their job; then 504, and the job goes on.",
    )
    openai_max_characters: int = Field(
        4096,
        ge=1,
        description="Longest text of the OpenAI route /v1/audio/speech, in characters; HARMONY_MAX_TEXT_CHARACTERS "
        "holds there, too.",
    )
    openai_max_file_bytes: int = Field(
        25 * 2**20, ge=1, description="Largest file of the OpenAI routes, in bytes; OpenAI has 25 MiB."
    )


def json_limit(max_inline: int) -> int:
    """Longest JSON body whose audio may have `max_inline` bytes before base64, in bytes."""
    return math.ceil(max_inline / 3) * 4 + JSON_BYTES


def is_loopback(host: str) -> bool:
    """Whether this name or address means this machine only."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
