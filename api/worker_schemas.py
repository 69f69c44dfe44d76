"""The shapes of workers, and of what models say of them, for the OpenAPI description."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, Field


class WorkerMemory(BaseModel):
    """Memory in MB (10⁶ bytes)."""

    used_mb: int | None = Field(
        description="Resident memory of the worker's processes; of a GPU what all who use it take. Null if unknown."
    )
    total_mb: int | None = Field(description="What its machine, container or GPU has; null if unknown.")
    budget_mb: int | None = Field(description="What its loaded models may take together; null means no limit.")


class WorkerStep(BaseModel):
    """The step that a worker runs."""

    job_id: str
    name: str
    number: int = Field(description="Counted from 0.")
    model: str | None
    started_at: datetime
    progress: float = Field(ge=0, le=1, description="Of this step.")


class Worker(BaseModel):
    """A worker: it runs one step at a time."""

    id: str
    queues: list[str]
    host: str
    pid: int
    device: str = Field(description="cpu, gpu-nvidia or gpu-amd.")
    device_name: str | None = Field(description="The processor, or the GPU once a model is loaded on it.")
    threads: int
    memory: WorkerMemory
    loaded_models: list[str] = Field(description="The least recently used first.")
    started_at: datetime
    last_beat_at: datetime
    alive: bool = Field(description="Its last beat is younger than ten seconds.")
    draining: bool = Field(description="It was told to stop and takes no more work.")
    step: WorkerStep | None


class WorkerList(BaseModel):
    """Every worker that beat within the last hour."""

    object: Literal["list"]
    data: list[Worker]
    next: None
