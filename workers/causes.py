"""What a step met, in our words: every exception has one cause, which decides whether and when it is tried again."""

from __future__ import annotations

import errno

from sqlalchemy.exc import SQLAlchemyError

from pipelines.errors import PermanentError, ResourceError, StepError, TransientError, Unavailable

#: The machine has no memory, or no more processes and threads, to give.
_NO_MEMORY = frozenset({errno.ENOMEM, errno.EAGAIN})
_DISK_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
#: A disk or a mount that fails, files that are all in use: another machine, or this one later, may do better.
_FAILING = frozenset({errno.EIO, errno.EMFILE, errno.ENFILE, errno.EROFS, errno.ESTALE, errno.EBUSY, errno.EINTR})


def as_step_error(error: Exception) -> StepError:
    """`error` itself if it knows its cause, else one that does; never with the words of a library in it.

    Whatever is not known to pass is `permanent`: the fault of an engine, or ours.
    """
    known: StepError
    match error:
        case StepError():
            known = error
        case Unavailable():
            known = TransientError(error.detail, code=error.code)
        case MemoryError():
            known = ResourceError("There was not enough memory for this step.")
        case ConnectionError() | TimeoutError():
            known = TransientError(f"A dependency of this step was away: {type(error).__name__}.")
        case OSError(errno=number) if number in _NO_MEMORY:
            known = ResourceError("The machine had no memory left for this step.")
        case OSError(errno=number) if number in _DISK_FULL:
            known = TransientError("The worker's disk is full.", code="disk_full")
        case OSError(errno=number) if number in _FAILING:
            known = TransientError("The worker's disk failed.", code="disk_failed")
        case SQLAlchemyError():
            known = PermanentError("The result of this step cannot be written down.", code="internal_error")
        case _:
            detail = f"The engine failed with {type(error).__name__}; the log of the worker says where."
            known = PermanentError(detail, code="engine_error")
    return known
