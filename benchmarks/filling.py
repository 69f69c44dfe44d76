"""Jobs by the million, made inside the database: one statement for each table, indexes built afterwards.

The mix is that of a service that has run for weeks: five kinds and models, voices, labels, one job in twelve without
success, a handful of rare ones. Every job has a step, an attempt, five events and a result.
"""

# ruff: noqa: S608 - every statement is made of our own words and numbers, and none comes from outside

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.schema import CreateIndex, DropIndex

from storage.tables import metadata

Run = Callable[[str], object]

#: As many jobs as are rare in each way, however many there are in all.
RARE = 20
#: One job each 2.5 s: a million are a month.
_SPACING_MS = 2500
_FILLED = ("jobs", "steps", "attempts", "events", "artifacts", "job_labels")


def fill(url: str, count: int, *, waiting: bool = False) -> float:
    """Adds `count` jobs, finished or all of them waiting, to an empty migrated database; the seconds it took."""
    started = time.monotonic()
    newest = int(time.time() * 1000) - _SPACING_MS
    with _running(url) as (run, is_sqlite):
        dialect = sqlite.dialect() if is_sqlite else postgresql.dialect()  # type: ignore[no-untyped-call] # SQLAlchemy's constructors of dialects have no types
        indexes = [index for name in _FILLED for index in metadata.tables[name].indexes]
        for index in indexes:
            run(str(DropIndex(index).compile(dialect=dialect)))
        for statement in _statements(_Words(is_sqlite, count, newest), waiting=waiting):
            run(statement)
        for index in indexes:
            run(str(CreateIndex(index).compile(dialect=dialect)))
        # On PostgreSQL what autovacuum does by itself a minute later; SQLite keeps no statistics here.
        if not is_sqlite:
            run("VACUUM ANALYZE")
    return time.monotonic() - started


@contextmanager
def _running(url: str) -> Iterator[tuple[Run, bool]]:
    """Runs statements one by one, without checks of foreign keys: every row's job is there."""
    if url.startswith("sqlite"):
        file = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
        # A failed fill is thrown away, so it needs no journal.
        for setting in ("journal_mode=OFF", "synchronous=OFF", "cache_size=-262144", "temp_store=MEMORY"):
            file.execute(f"PRAGMA {setting}")
        try:
            yield file.execute, True
            file.execute("PRAGMA journal_mode=WAL")
        finally:
            file.close()
        return
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as server:
        server.execute("SET session_replication_role = replica")
        server.execute("SET synchronous_commit = off")
        server.execute("SET maintenance_work_mem = '256MB'")
        yield lambda statement: server.execute(statement.encode()), False


class _Words:
    """Expressions over a job's number `i`, in the words of each database."""

    def __init__(self, is_sqlite: bool, count: int, newest: int) -> None:  # noqa: FBT001 - which of the two
        self.count = count
        self.rare = max(1, count // RARE)
        self._sqlite = is_sqlite
        self._oldest = newest - count * _SPACING_MS

    @property
    def numbers(self) -> str:
        """The source of `i`, from 0."""
        if not self._sqlite:
            return f"generate_series(0, {self.count - 1}) AS n(i)"
        upto = f"SELECT 0 AS i UNION ALL SELECT i + 1 FROM n WHERE i < {self.count - 1}"
        return f"(WITH RECURSIVE n AS ({upto}) SELECT i FROM n)"

    @property
    def ms(self) -> str:
        return f"({self._oldest} + i * CAST({_SPACING_MS} AS bigint))"

    @property
    def at(self) -> str:
        return f"({self.ms} / 1000.0)"

    def id(self, prefix: str) -> str:
        """A UUIDv7 of the job's moment; the rest is its number, scattered."""
        parts = (
            f"'{prefix}_'",
            self._hex(f"{self.ms} / 65536", 8),
            "'-'",
            self._hex(f"{self.ms} % 65536", 4),
            "'-7000-8000-'",
            self._hex("(i * CAST(7919 AS bigint)) % 281474976710656", 12),
        )
        return " || ".join(parts)

    def _hex(self, number: str, digits: int) -> str:
        return f"printf('%0{digits}x', {number})" if self._sqlite else f"lpad(to_hex({number}), {digits}, '0')"

    def json(self, text: str) -> str:
        return text if self._sqlite else f"({text})::json"

    def one_of(self, *values: str) -> str:
        """One of several, in turn."""
        cases = " ".join(f"WHEN {number} THEN {value}" for number, value in enumerate(values))
        return f"CASE i % {len(values)} {cases} END"

    def rarely(self, at: int, value: str, otherwise: str) -> str:
        """`value` for RARE jobs all over the table, a different set for each `at`."""
        return f"CASE WHEN i % {self.rare} = {at} % {self.rare} THEN {value} ELSE {otherwise} END"


def _statements(words: _Words, *, waiting: bool) -> Iterator[str]:
    yield _jobs(words, waiting=waiting)
    done = "'pending'" if waiting else "CASE WHEN status = 'succeeded' THEN 'succeeded' ELSE 'failed' END"
    empty, tries = words.json("'{}'"), 0 if waiting else 1
    yield (
        "INSERT INTO steps (job_id, number, name, action, model, queue, options, status, attempts) "
        f"SELECT id, 0, 'synthesize', 'synthesize', model, queue, {empty}, {done}, {tries} FROM jobs"
    )
    told = ["job.queued"] if waiting else ["job.queued", "job.started", "step.started", "step.succeeded", "job."]
    for seq, kind in enumerate(told, start=1):
        name = f"'{kind}' || status" if kind == "job." else f"'{kind}'"
        yield (
            "INSERT INTO events (job_id, seq, position, type, at, data) "
            f"SELECT id, {seq}, (row_number() OVER (ORDER BY id)) * {len(told)} + {seq}, {name}, created_at, "
            f"{empty} FROM jobs"
        )
    team = words.rarely(5, "'rare'", words.one_of("'red'", "'green'", "'blue'"))
    numbered = f"(SELECT {words.id('job')} AS id, i FROM {words.numbers}) AS numbered"
    yield f"INSERT INTO job_labels (job_id, key, value) SELECT id, 'team', {team} FROM {numbered}"
    if waiting:
        yield f"INSERT INTO submitters (name, waiting, seconds) VALUES ('', {words.count}, {words.count})"
        return
    yield (
        "INSERT INTO attempts (job_id, step_index, fence, queue, worker, started_at, finished_at, outcome) "
        "SELECT id, 0, 1, queue, 'cpu-1', created_at, created_at + 1, 'succeeded' FROM jobs"
    )
    yield (
        "INSERT INTO artifacts (id, job_id, step_index, purpose, role, key, media_type, bytes, sha256, seconds, "
        "sample_rate, created_at) SELECT 'art_' || substr(id, 5), id, 0, 'result', 'audio', "
        f"'jobs/' || id || '/audio.wav', 'audio/wav', 88244, '{'0' * 64}', 2.0, 22050, created_at "
        "FROM jobs WHERE status = 'succeeded'"
    )


def _jobs(words: _Words, *, waiting: bool) -> str:
    ended = words.rarely(1, "'expired'", "CASE WHEN i % 12 = 0 THEN 'failed' ELSE 'succeeded' END")
    code = f"CASE WHEN (i / 12) % {max(1, words.rare // 12)} = 0 THEN 'worker_lost' ELSE 'engine_error' END"
    columns = {
        "id": words.id("job"),
        "kind": words.rarely(3, "'vad'", words.one_of("'speech'", "'transcription'", "'embedding'")),
        "model": words.rarely(4, "'campplus'", words.one_of("'tone'", "'whisper'", "'kokoro'", "'tone-2'", "'tone-3'")),
        "voice": words.rarely(6, "'ann'", words.one_of("'sine'", "NULL", "'bella'", "'adam'")),
        "status": "'queued'" if waiting else ended,
        "priority": "1",
        "progress": "0.0" if waiting else "1.0",
        "request": words.json("""'{"kind": "speech", "input": {"text": "do re mi fa sol la ti do"}}'"""),
        "labels": words.json("""'{"team": "red"}'"""),
        "submitter": "''",
        "created_at": words.at,
        "started_at": "NULL" if waiting else words.at,
        "finished_at": "NULL" if waiting else f"{words.at} + 1",
        "seq": "1" if waiting else "5",
        "phase": "'waiting'" if waiting else "'ended'",
        "steps": "1",
        "step_index": "0",
        "queue": "'cpu'",
        "model_queue": words.rarely(7, "'gpu-amd'", "'cpu'"),
        "route": "'cpu'",
        "rank": "1",
        "run_at": words.at,
        "ready_at": words.at,
        "publication": "0" if waiting else "1",
        "republished": "0",
        "charged": words.json("'{}'"),
        "fence": "0" if waiting else "1",
        "error_code": "NULL" if waiting else f"CASE WHEN i % 12 = 0 THEN {code} END",
    }
    return f"INSERT INTO jobs ({', '.join(columns)}) SELECT {', '.join(columns.values())} FROM {words.numbers}"
