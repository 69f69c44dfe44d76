"""Settings of the HTTP role. Imports nothing heavy."""

from __future__ import annotations

from ipaddress import ip_address

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


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
    sse_heartbeat_seconds: float = Field(
        15.0, gt=0, le=300, description="A quiet event stream sends a comment this often, so that nothing closes it."
    )
    sse_buffer: int = Field(
        1000, ge=1, description="Events kept in memory for a slow reader; beyond, it is served from the database again."
    )


def is_loopback(host: str) -> bool:
    """Whether this name or address means this machine only."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
