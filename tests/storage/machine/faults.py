"""A process that dies in the middle of a transaction: after some statements, or right before the commit."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event

from storage.database import Database

#: Dies once everything is written, before the commit.
AT_COMMIT = -1


class Died(BaseException):
    """The process is gone; no handler of ours may catch this."""


@contextmanager
def dying(database: Database, after: int | None) -> Iterator[None]:
    """Whoever writes in this block dies after so many statements, or AT_COMMIT; nobody does if None."""
    if after is None:
        yield
        return
    left = after

    def before_statement(*_: Any) -> None:
        nonlocal left
        if left == 0:
            raise Died
        left -= 1

    def before_commit(*_: Any) -> None:
        raise Died

    name, listener = ("commit", before_commit) if after == AT_COMMIT else ("before_cursor_execute", before_statement)
    engines = {database.engine, database._hasty}
    for engine in engines:
        event.listen(engine, name, listener)
    try:
        yield
    finally:
        for engine in engines:
            event.remove(engine, name, listener)
