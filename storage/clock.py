"""The clock that leases and deadlines go by: the database server's, on SQLite the host's."""

from __future__ import annotations

from sqlalchemy import select

from storage.database import AnyConnection, Database, db_now

_clock = select(db_now())


def read_clock(database: Database) -> float:
    """Seconds since the epoch."""
    with database.read() as connection:
        return moment(connection)


def moment(connection: AnyConnection) -> float:
    """The same, by a connection that is at hand."""
    now: float = connection.execute(_clock).scalar_one()
    return now
