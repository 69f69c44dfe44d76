"""Every error that a client, a job or an operator may see, and what it means.

HarmonyError
├── RequestError            the client's: a 4xx now
│   ├── InvalidRequest          422, names fields
│   ├── NotFound                404
│   ├── Conflict                409
│   ├── Gone                    410
│   ├── TooLarge                413
│   └── TooMany                 429
├── Unavailable             503: ours, and passing
├── CatalogError            config.yml or a family file is wrong; the process refuses to start
└── StepError               a step failed; the job carries it
    ├── PermanentError          the same input fails again: not retried
    ├── TransientError          storage, database, network: retried with back-off
    ├── ResourceError           out of memory: retried later
    └── StepCancelled           the engine noticed the cancellation and stopped

The class carries the HTTP status or the retry cause, the instance the code that clients may branch on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

Cause = Literal["permanent", "transient", "resource", "lost", "timeout"]


@dataclass(frozen=True)
class FieldProblem:
    """One field that is wrong: its dotted path in the request, and what is wrong with it."""

    field: str
    message: str


class HarmonyError(Exception):
    """The root; `code` is stable, `detail` is a sentence for a person."""

    code: str = "error"

    def __init__(self, detail: str, *, code: str | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        if code is not None:
            self.code = code


class RequestError(HarmonyError):
    """Something about the request itself; `status` is its HTTP status."""

    status: ClassVar[int] = 400
    title: ClassVar[str] = "Bad request"
    code = "bad_request"

    def __init__(
        self,
        detail: str,
        *,
        code: str | None = None,
        fields: tuple[FieldProblem, ...] = (),
        retry_after: int | None = None,
    ) -> None:
        super().__init__(detail, code=code)
        self.fields = fields
        self.retry_after = retry_after


class InvalidRequest(RequestError):
    """A field is missing, unknown, over its limit, or cannot be honoured."""

    status = 422
    title = "Invalid request"
    code = "invalid_request"

    @classmethod
    def of(cls, field: str, message: str, *, code: str) -> InvalidRequest:
        """The usual case: one field, one sentence."""
        return cls(f"{field}: {message}", code=code, fields=(FieldProblem(field, message),))


class NotFound(RequestError):
    """No such thing, or not for this client."""

    status = 404
    title = "Not found"
    code = "not_found"


class Conflict(RequestError):
    """The thing exists, but is not in a state that allows this."""

    status = 409
    title = "Conflict"
    code = "conflict"


class Gone(RequestError):
    """The thing existed and was removed by its retention."""

    status = 410
    title = "Gone"
    code = "gone"


class TooLarge(RequestError):
    """More bytes than the limit."""

    status = 413
    title = "Content too large"
    code = "body_too_large"


class TooMany(RequestError):
    """Over a rate or queue limit of this client."""

    status = 429
    title = "Too many requests"
    code = "too_many_requests"


class Unavailable(RequestError):
    """The service cannot take this now; the same request may succeed later."""

    status = 503
    title = "Service unavailable"
    code = "unavailable"


class CatalogError(HarmonyError):
    """`config.yml` or a family file cannot be used; the sentence names the place and the fix."""

    code = "catalog_error"


class StepError(HarmonyError):
    """A step did not succeed; `cause` decides whether and when it is tried again."""

    cause: ClassVar[Cause] = "permanent"
    code = "step_failed"

    def __init__(self, detail: str, *, code: str | None = None, field: str | None = None) -> None:
        super().__init__(detail, code=code)
        self.field = field


class PermanentError(StepError):
    """The same input would fail the same way."""


class TransientError(StepError):
    """A dependency was away or slow."""

    cause = "transient"
    code = "dependency_unavailable"


class ResourceError(StepError):
    """Not enough memory for this step at this time."""

    cause = "resource"
    code = "out_of_memory"


class StepCancelled(StepError):
    """The step stopped between two chunks because its row asked it to."""

    code = "cancelled"
