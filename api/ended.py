"""How waiting for a job can end without what it was to make."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from pipelines.errors import RequestError

#: To the OpenAI SDKs: do not send it again.
_ONCE: Mapping[str, str] = {"x-should-retry": "false"}


class WaitExceeded(RequestError):
    """A request waited for its job as long as it may; the job goes on, so that asking again would make a second one."""

    status = 504
    title = "Gateway timeout"
    code = "wait_exceeded"
    headers: ClassVar[Mapping[str, str]] = _ONCE

    def __init__(self, job_id: str, seconds: float) -> None:
        super().__init__(f"The job {job_id} has not ended within {seconds:g} s. It goes on; look at /v1/jobs/{job_id}.")


class JobEnded(RequestError):
    """The job has ended without success, after all the attempts that it was due; `problem` is the job's own error."""

    headers: ClassVar[Mapping[str, str]] = _ONCE

    def __init__(self, ended: Mapping[str, Any]) -> None:
        super().__init__(str(ended["detail"]), code=str(ended["code"]))
        self.problem = dict(ended)
