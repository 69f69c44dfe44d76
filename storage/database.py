"""Connections and transactions on SQLite and PostgreSQL, and the database's clock.

`read()` and `write()` give different types, so that a function that only reads cannot be handed a transaction that
writes, nor the other way round. A database that is away raises `DatabaseUnavailable`: a 503, which may be retried.
"""

from __future__ import annotations

import random
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any, NewType, Protocol, TypeVar, cast

from sqlalchemy import Connection, Double, Engine, ExceptionContext, create_engine, event
from sqlalchemy.engine.interfaces import IsolationLevel
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from pipelines.errors import Unavailable
from pipelines.failpoints import AFTER, BEFORE, Commit, reach

ReadConnection = NewType("ReadConnection", Connection)
WriteConnection = NewType("WriteConnection", Connection)
AnyConnection = ReadConnection | WriteConnection

#: SQLite's own back-off sleeps 100 ms and more under contention, so it is off and this one waits under a millisecond.
_LOCK_PATIENCE_SECONDS = 10.0
_WRITE = "harmony_write"
# A process that freezes inside a transaction keeps its locks: a stand-by could not take the lead.
_POSTGRESQL_OPTIONS = "-c idle_in_transaction_session_timeout=10s"
#: For every connection: a server whose host vanishes without a word is given up within some 11 s, not after minutes.
TCP_LIMITS: Mapping[str, Any] = {
    "keepalives": 1,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    # Milliseconds that what was sent may stay unacknowledged.
    "tcp_user_timeout": 10_000,
}
# The server is there and does not do its work: it only reads, as after a failover, it ended the session, shuts down or
# starts up, or has no connection left. The driver calls some of these a fault of the statement.
_AWAY = ("08", "25006", "25P03", "25P04", "53300", "57P")
_BY_INDEX = "".join(f" -c enable_{way}=off" for way in ("seqscan", "bitmapscan", "hashjoin", "mergejoin"))
_LAST = "harmony_last"

#: Values of a statement that fails are texts and secrets of users; its error, which is logged, must not hold them.
_HIDE = True


class DatabaseUnavailable(Unavailable):
    """The database does not answer."""

    code = "database_unavailable"


class db_now(FunctionElement[float]):  # noqa: N801 - named like the SQL function that it is
    """Seconds since the epoch by the database's clock (on SQLite the host's), at the moment of the statement."""

    type = Double()
    inherit_cache = True


@compiles(db_now, "postgresql")
def _now_on_postgresql(*_: object, **__: object) -> str:
    return "extract(epoch from clock_timestamp())::float8"


@compiles(db_now, "sqlite")
def _now_on_sqlite(*_: object, **__: object) -> str:
    return "((julianday('now') - 2440587.5) * 86400.0)"


class AtTheEnd(Protocol):
    """Gathers what a transaction does last: for rows that many want, so that their locks are held briefly."""

    def write(self, connection: WriteConnection) -> None:
        """Called after everything else, before the commit; what it raises rolls the transaction back."""
        ...


_AtTheEnd = TypeVar("_AtTheEnd", bound=AtTheEnd)


def at_the_end(connection: WriteConnection, kind: type[_AtTheEnd]) -> _AtTheEnd:
    """The transaction's one `kind`, made at first use."""
    last: dict[type[AtTheEnd], AtTheEnd] = connection.get_execution_options()[_LAST]
    return cast("_AtTheEnd", last.setdefault(kind, kind()))


class Database:
    """One engine and its pool. Made in the process that uses it: pools do not survive a fork."""

    def __init__(self, url: str, *, pool_size: int = 5, by_index: bool = False) -> None:
        """`by_index`: every statement walks an index, and PostgreSQL is to plan it so whatever it believes of the rows.

        The dispatcher's must: PostgreSQL plans them once, while hardly anything waits, and would go on to read and sort
        all that waits, twenty times a second, until it next looks at the table; that may be after the flood.
        """
        self.url = url
        self.is_sqlite = url.startswith("sqlite")
        options = _POSTGRESQL_OPTIONS + (_BY_INDEX if by_index else "")
        self.engine: Engine = (
            _sqlite_engine(url, pool_size) if self.is_sqlite else _postgresql_engine(url, pool_size, options)
        )
        self._hasty = _sqlite_engine(url, pool_size, "NORMAL") if self.is_sqlite else self.engine
        # On SQLite a connection is without a transaction until `_begin_sqlite` begins one. On PostgreSQL a pool of its
        # own is cheaper than to change a connection's mode for each read; it opens connections as they are needed.
        self._reading = self.engine if self.is_sqlite else _postgresql_engine(url, pool_size, options, "AUTOCOMMIT")

    @contextmanager
    def read(self) -> Iterator[ReadConnection]:
        """A connection for statements that only read; each sees what was committed before it.

        No transaction spans them, which saves two round trips on PostgreSQL and holds back no vacuum.
        """
        with _telling_when_away(), self._reading.connect() as connection:
            yield ReadConnection(connection)

    @contextmanager
    def write(self, name: Commit | None = None, *, durable: bool = True) -> Iterator[WriteConnection]:
        """One transaction, committed at the end of the block, rolled back if it raises; a failpoint before and after.

        What is not `durable` may be undone by a loss of power, and then only together with every process that saw it:
        claims, publications, beats. On SQLite that saves waiting for the disk under the one write lock; a PostgreSQL
        server may die alone, so there everything is durable.
        """
        with _telling_when_away(), (self.engine if durable else self._hasty).connect() as connection:
            last: dict[type[AtTheEnd], AtTheEnd] = {}
            writing = connection.execution_options(**{_WRITE: True, _LAST: last})
            with writing.begin():
                yield WriteConnection(writing)
                for work in last.values():
                    work.write(WriteConnection(writing))
                if name is not None:
                    reach(name, BEFORE)
            if name is not None:
                reach(name, AFTER)

    def close(self) -> None:
        """Closes the pool's connections."""
        self.engine.dispose()
        self._hasty.dispose()
        self._reading.dispose()


@contextmanager
def _telling_when_away() -> Iterator[None]:
    try:
        yield
    except (OperationalError, InterfaceError, PoolTimeout) as error:
        msg = "The database does not answer."
        raise DatabaseUnavailable(msg, retry_after=2) from error
    except DBAPIError as error:
        if not error.connection_invalidated:
            raise
        msg = "The connection to the database was lost."
        raise DatabaseUnavailable(msg, retry_after=2) from error


def _postgresql_engine(url: str, pool_size: int, options: str, isolation: IsolationLevel = "READ COMMITTED") -> Engine:
    # prepare_threshold=1: the same few statements run over and over, so planning them once pays from the second time.
    engine = create_engine(
        url,
        isolation_level=isolation,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=5,
        pool_use_lifo=True,
        hide_parameters=_HIDE,
        connect_args={
            "connect_timeout": 5,
            "prepare_threshold": 1,
            "application_name": "harmony",
            "options": options,
            **TCP_LIMITS,
        },
    )
    event.listen(engine, "handle_error", _leave_who_is_away)
    return engine


def _leave_who_is_away(context: ExceptionContext) -> None:
    """Closes the pool's connections to a server that does not do its work: the next may lead to one that does."""
    state = getattr(context.original_exception, "sqlstate", None)
    if isinstance(state, str) and state.startswith(_AWAY):
        context.is_disconnect = True


def _sqlite_engine(url: str, pool_size: int, synchronous: str = "FULL") -> Engine:
    engine = create_engine(
        url,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=10,
        pool_use_lifo=True,
        hide_parameters=_HIDE,
        connect_args={"check_same_thread": False, "timeout": 0},
    )
    event.listen(engine, "connect", partial(_prepare_sqlite, synchronous))
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(synchronous: str, connection: sqlite3.Connection, _record: object) -> None:
    # The driver's own BEGIN is deferred and would take the write lock too late; `_begin_sqlite` says what it wants.
    connection.isolation_level = None
    settings = (
        "journal_mode=WAL",
        f"synchronous={synchronous}",
        "busy_timeout=0",
        "foreign_keys=ON",
        "temp_store=MEMORY",
    )
    for setting in settings:
        _patiently(partial(_run, connection, f"PRAGMA {setting}"))


def _begin_sqlite(connection: Connection) -> None:
    if connection.get_execution_options().get(_WRITE):
        raw = connection.connection.driver_connection
        _patiently(partial(_run, cast("sqlite3.Connection", raw), "BEGIN IMMEDIATE"))


def _run(connection: sqlite3.Connection, statement: str) -> None:
    connection.execute(statement).close()


def _patiently(statement: Callable[[], None]) -> None:
    give_up = time.monotonic() + _LOCK_PATIENCE_SECONDS
    while True:
        try:
            statement()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF not in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
                raise
            if time.monotonic() > give_up:
                msg = "The database stayed locked."
                raise DatabaseUnavailable(msg, retry_after=2) from error
            time.sleep(random.uniform(0.0003, 0.001))  # noqa: S311 - jitter needs no cryptographic randomness
        else:
            return
