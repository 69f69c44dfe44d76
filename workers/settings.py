"""Settings of the dispatcher and the slots. Imports nothing heavy."""

from __future__ import annotations

import os
from pathlib import Path

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from pipelines.weights import parse_weights


class WorkerSettings(BaseSettings):
    """Environment variables with the prefix HARMONY_, and a `.env` file."""

    model_config = SettingsConfigDict(env_prefix="HARMONY_", env_file=".env", extra="ignore", frozen=True)

    broker_url: str = Field(
        "redis://127.0.0.1:6379/0", description="Redis or Valkey for Celery's messages; a database of its own."
    )
    cache_dir: Path = Field(
        Path("~/.cache/harmony-speech"), description="Where downloaded weights are kept, shared by all deployments."
    )
    offline: bool = Field(
        False,
        description="Fetch no weights from the network: what is not in the cache is an error. HF_ENDPOINT, HF_TOKEN "
        "and HF_HUB_OFFLINE are read from the environment, for weights of a model hub.",
    )
    weights_s3_endpoint: str | None = Field(
        None, description="Endpoint of the store that weights with s3: come from; default: HARMONY_S3_ENDPOINT."
    )
    weights_s3_region: str | None = Field(None, description="Its region; default: HARMONY_S3_REGION.")
    weights_s3_access_key: SecretStr | None = Field(
        None, description="Its access key; default: HARMONY_S3_ACCESS_KEY, with its secret key."
    )
    weights_s3_secret_key: SecretStr | None = Field(None, description="Its secret key.")
    threads: int = Field(
        0, ge=0, description="Threads of an engine on a CPU; 0 means every core that this process may use."
    )
    memory_budget_mb: int | None = Field(
        None, ge=1, description="Memory that loaded models of a slot may take together; empty means no limit."
    )
    max_models: int | None = Field(None, ge=1, description="Models that a slot keeps loaded; empty means no limit.")
    submitter_weights: str = Field(
        "",
        description="Shares of submitters (label `submitter`) in jobs of one priority, as name=3,other=2 or as a JSON "
        "object; 1 for whoever is not named.",
    )
    ageing_seconds: float = Field(
        60.0,
        ge=0,
        allow_inf_nan=False,
        description="How long jobs wait behind those of better priority before every eighth place at their queue is "
        "theirs.",
    )

    @field_validator("submitter_weights")
    @classmethod
    def _are_weights(cls, value: str) -> str:
        parse_weights(value)
        return value

    @property
    def engine_threads(self) -> int:
        """The number of threads, resolved."""
        return self.threads or len(os.sched_getaffinity(0))
