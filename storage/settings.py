"""Settings of what is remembered, and of what every role must agree on. Imports nothing heavy."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class StorageSettings(BaseSettings):
    """Environment variables with the prefix HARMONY_, and a `.env` file."""

    model_config = SettingsConfigDict(env_prefix="HARMONY_", env_file=".env", extra="ignore", frozen=True)

    data_dir: Path = Field(
        Path("data"), description="Where a one-machine deployment keeps its database, artifacts and secrets."
    )
    config: Path = Field(Path("config.yml"), description="The models of this deployment.")
    database_url: str | None = Field(
        None,
        description="SQLAlchemy URL: postgresql+psycopg://… or sqlite:///…; default: harmony.db in the data directory.",
    )
    artifacts: Literal["local", "s3"] = Field(
        "local", description="Where artifacts lie: a folder, or an S3-compatible store."
    )
    s3_endpoint: str | None = Field(None, description="Endpoint of the S3-compatible store; empty means AWS.")
    s3_public_endpoint: str | None = Field(
        None, description="Endpoint that clients reach, used in links; default: the same as HARMONY_S3_ENDPOINT."
    )
    s3_bucket: str = Field("harmony", description="Bucket of the artifacts.")
    s3_region: str = Field("us-east-1", description="Region of the bucket.")
    s3_access_key: SecretStr | None = Field(None, description="Access key; default: what boto3 finds by itself.")
    s3_secret_key: SecretStr | None = Field(None, description="Secret key; default: what boto3 finds by itself.")
    s3_path_style: bool = Field(True, description="Address the bucket in the path; most S3-compatible stores need it.")
    public_url: str = Field(
        "http://127.0.0.1:8000", description="The address that links in answers and webhooks begin with."
    )
    webhook_secret: SecretStr | None = Field(
        None,
        description="Signs webhooks without a secret of their own (whsec_…); default: made in the data directory.",
    )
    egress_allow: str = Field(
        "", description="Comma-separated host:port that webhooks may reach though private or without TLS."
    )
    webhook_concurrency: int = Field(
        4, ge=1, le=64, description="Webhook messages under way at once to one endpoint, or to one address of jobs."
    )
    webhook_disable_days: float = Field(
        5.0, gt=0, le=365, description="A webhook endpoint that fails for so many days without a success is disabled."
    )
    webhook_keep_days: float = Field(
        30.0, gt=0, le=3650, description="How long the log of ended webhook deliveries is kept."
    )
    max_webhook_endpoints: int = Field(1000, ge=1, description="Webhook endpoints that there may be.")
    max_voices: int = Field(10_000, ge=1, description="Saved voices that one submitter may have.")
    link_seconds: int = Field(900, ge=1, le=604_800, description="How long a link to an artifact is valid.")
    max_text_characters: int = Field(100_000, ge=1, description="Longest text of a speech job.")
    max_audio_seconds: int = Field(14_400, ge=1, description="Longest recording, decoded.")
    result_seconds: int = Field(
        7 * 86_400,
        ge=0,
        description="How long what went into a job and what it made are kept after its end, unless the job says so "
        "itself; 0 means for ever.",
    )
    job_seconds: int = Field(
        0, ge=0, description="How long after its end a job is deleted with its history; 0 means never."
    )
    stream_seconds: int = Field(
        600,
        ge=0,
        description="How long after its end what a job has made can be heard or read piece by piece, as it came.",
    )
    orphan_seconds: int = Field(
        86_400, ge=3600, description="Age at which stored bytes that no job knows are removed; sought twice as often."
    )
    max_waiting_jobs: int = Field(100_000, ge=1, description="Jobs that may wait at once; more are refused with 503.")
    max_waiting_seconds: int = Field(
        30 * 86_400,
        ge=1,
        description="Expected work of all waiting jobs together, in seconds of one slot; more is refused with 503.",
    )
    submitter_max_jobs: int = Field(
        20_000, ge=1, description="Jobs of one submitter that may wait at once; more are refused with 429."
    )
    submitter_max_seconds: int = Field(
        7 * 86_400,
        ge=1,
        description="Expected work of one submitter's waiting jobs together, in seconds of one slot; more is refused "
        "with 429.",
    )
    failpoint_dir: Path | None = Field(
        None,
        description="For tests only, and only from the environment: a folder whose files make a process end itself "
        "at the places that they name; empty: never.",
    )
    shutdown_seconds: float = Field(
        20.0,
        ge=0,
        description="How long a process that is told to stop waits for what is under way: a slot for its step, which "
        "it then hands back, the API for its requests.",
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", description="Least level of log lines.")

    @cached_property
    def url(self) -> str:
        """The database's URL, derived from the data directory if none is set."""
        return self.database_url or f"sqlite:///{self.data_dir.resolve() / 'harmony.db'}"
