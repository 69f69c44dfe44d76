"""Settings of the dispatcher and the slots. Imports nothing heavy."""

from __future__ import annotations

import os
from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class WorkerSettings(BaseSettings):
    """Environment variables with the prefix HARMONY_, and a `.env` file."""

    model_config = SettingsConfigDict(env_prefix="HARMONY_", env_file=".env", extra="ignore", frozen=True)

    broker_url: str = Field(
        "redis://127.0.0.1:6379/0", description="Redis or Valkey for Celery's messages; a database of its own."
    )
    cache_dir: Path = Field(
        Path("~/.cache/harmony-speech"), description="Where downloaded weights are kept, shared by all deployments."
    )
    threads: int = Field(
        0, ge=0, description="Threads of an engine on a CPU; 0 means every core that this process may use."
    )
    memory_budget_mb: int | None = Field(
        None, ge=1, description="Memory that loaded models of a slot may take together; empty means no limit."
    )
    max_models: int | None = Field(None, ge=1, description="Models that a slot keeps loaded; empty means no limit.")
    shutdown_seconds: float = Field(
        20.0, ge=0, description="How long a slot that is told to stop waits for its running step."
    )

    @property
    def engine_threads(self) -> int:
        """The number of threads, resolved."""
        return self.threads or len(os.sched_getaffinity(0))
