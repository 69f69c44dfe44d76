"""Triggers that write down every move a status makes, whoever makes it and however many a transaction holds.

What a test reads afterwards is what the database did, so that a move between two looks is not missed.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from sqlalchemy import Column, Connection, Integer, MetaData, Table, Text, bindparam, select, text

from pipelines.jobs import JOB_MOVES, STEP_MOVES, JobStatus, StepStatus
from storage.database import Database

_seen = Table(
    "seen_moves",
    MetaData(),
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("of", Text, nullable=False),
    Column("job_id", Text, nullable=False),
    Column("before", Text, nullable=False),
    Column("after", Text, nullable=False),
)
_new = select(_seen).where(_seen.c.id > bindparam("last")).order_by(_seen.c.id)
#: The key under which each table's rows name their job.
_KEYS = {"jobs": "id", "steps": "job_id"}

#: Which updates are moves. A retry makes its steps and lets them take over results in one transaction, unattempted.
_MOVES = {
    "jobs": "OLD.status <> NEW.status",
    "steps": "OLD.status <> NEW.status AND NOT (NEW.status = 'succeeded' AND NEW.attempts = 0)",
}

Move = tuple[str, str]

ALLOWED: dict[str, frozenset[Move]] = {
    "jobs": frozenset((JobStatus(a).value, b.value) for a, after in JOB_MOVES.items() for b in after),
    "steps": frozenset((StepStatus(a).value, b.value) for a, after in STEP_MOVES.items() for b in after),
}


@dataclass
class Watch:
    """The moves that were seen, by table; each is looked at once."""

    database: Database
    seen: dict[str, Counter[Move]] = field(default_factory=lambda: {"jobs": Counter(), "steps": Counter()})
    _last: int = 0

    def __post_init__(self) -> None:
        with self.database.write() as connection:
            _seen.create(connection, checkfirst=True)
            for table, key in _KEYS.items():
                (_watch_sqlite if self.database.is_sqlite else _watch_postgresql)(connection, table, key)

    def look(self) -> list[str]:
        """What moved since the last look though it may not."""
        with self.database.read() as connection:
            rows = connection.execute(_new, {"last": self._last}).all()
        wrong = []
        for row in rows:
            self._last, move = row.id, (row.before, row.after)
            self.seen[row.of][move] += 1
            if move not in ALLOWED[row.of]:
                wrong.append(f"{row.of} of {row.job_id}: {row.before} → {row.after}")
        return wrong


def _watch_sqlite(connection: Connection, table: str, key: str) -> None:
    connection.execute(
        text(
            f"CREATE TRIGGER IF NOT EXISTS watch_{table} AFTER UPDATE OF status ON {table} "  # noqa: S608 - our names
            f'WHEN {_MOVES[table]} BEGIN INSERT INTO seen_moves ("of", job_id, before, after) '
            f"VALUES ('{table}', NEW.{key}, OLD.status, NEW.status); END"
        )
    )


def _watch_postgresql(connection: Connection, table: str, key: str) -> None:
    connection.execute(
        text(
            f"CREATE OR REPLACE FUNCTION watch_{table}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "  # noqa: S608 - our names
            f'INSERT INTO seen_moves ("of", job_id, before, after) '
            f"VALUES ('{table}', NEW.{key}, OLD.status, NEW.status); RETURN NULL; END $$"
        )
    )
    connection.execute(
        text(
            f"CREATE OR REPLACE TRIGGER watch_{table} AFTER UPDATE OF status ON {table} FOR EACH ROW "
            f"WHEN ({_MOVES[table]}) EXECUTE FUNCTION watch_{table}()"
        )
    )
