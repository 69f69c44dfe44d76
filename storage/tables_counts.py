"""The tables behind /v1/stats and /v1/queues: roll-ups of jobs and of how they ran, and which queues are paused.

Times here are whole seconds since 1970, the beginning of a bucket. `grain` is the bucket's length in seconds; 0 is one
bucket for all time. Only the bookkeeper writes the roll-ups, so nobody waits for another's row.
"""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, CheckConstraint, Column, Double, Integer, Table, Text, text

from storage.schema import Name, Number, metadata

#: How many jobs that were made in a bucket have a status now.
job_counts = Table(
    "job_counts",
    metadata,
    Column("grain", Integer, primary_key=True),
    Column("at", BigInteger, primary_key=True),
    Column("kind", Name, primary_key=True),
    Column("model", Name, primary_key=True),
    Column("queue", Name, primary_key=True),
    Column("status", Name, primary_key=True),
    Column("jobs", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

#: How the jobs went that ended in a bucket.
job_ends = Table(
    "job_ends",
    metadata,
    Column("grain", Integer, primary_key=True),
    Column("at", BigInteger, primary_key=True),
    Column("kind", Name, primary_key=True),
    Column("model", Name, primary_key=True),
    Column("queue", Name, primary_key=True),
    Column("jobs", BigInteger, nullable=False),
    Column("succeeded", BigInteger, nullable=False),
    Column("failed", BigInteger, nullable=False),
    # Measure → bucket of the histogram → how many: {"wait": {"-3": 5}}.
    Column("measured", JSON, nullable=False),
    sqlite_with_rowid=False,
)

#: How many steps ended in a minute, by the queue they ran on.
step_counts = Table(
    "step_counts",
    metadata,
    Column("at", BigInteger, primary_key=True),
    Column("queue", Name, primary_key=True),
    Column("steps", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

#: Jobs that were deleted after they were counted, to be taken off the counts by the bookkeeper.
count_corrections = Table(
    "count_corrections",
    metadata,
    Column("id", Number, primary_key=True, autoincrement=True),
    # When the job was made.
    Column("at", BigInteger, nullable=False),
    Column("kind", Text, nullable=False),
    Column("model", Text, nullable=False),
    Column("queue", Text, nullable=False),
    Column("status", Text, nullable=False),
)

#: One row: how far the roll-ups go. Who counts locks it, who deletes a counted job shares it: so neither misses the
#: other.
count_state = Table(
    "count_state",
    metadata,
    Column("id", Integer, primary_key=True),
    # Events up to this position are in the roll-ups.
    Column("position", BigInteger, nullable=False),
    Column("counted_at", Double),
    # Of jobs that are older than the roll-ups, those up to `counted_to` have been counted; `older_to` is the last.
    Column("counted_to", Name, nullable=False, server_default=text("''")),
    Column("older_to", Name, nullable=False, server_default=text("''")),
    CheckConstraint("id = 1", name="one_row"),
)

#: Queues for which nothing new is published or claimed.
paused_queues = Table(
    "paused_queues",
    metadata,
    Column("name", Name, primary_key=True),
    Column("paused_at", Double, nullable=False),
)
