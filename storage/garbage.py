"""Removing bytes that no row of an artifact, voice or chunk names: those noted as garbage, and those never named.

Why nothing is removed that somebody needs: a key is made by one attempt or one upload and named first by the row that
this attempt or upload writes. Every later row that names it (a retry's, an input that is an earlier artifact) is
written while the row it was found through is locked against delete (`submitting._hold`, `retrying.retry`). So a key
that no row names, although its job is gone or it is older than any attempt can be, will never be named again.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from itertools import chain, islice

from sqlalchemy import Row, delete, exists, or_, select, update

from pipelines.errors import StepError
from pipelines.failpoints import Place, reach
from storage.artifacts import ArtifactStore, Listed
from storage.database import Database, WriteConnection, db_now
from storage.tables import artifacts, garbage
from storage.tables_chunks import chunks
from storage.tables_voices import voices
from storage.upserts import replacing

log = logging.getLogger(__name__)

#: Notes that one round looks at.
BATCH = 200
#: A key that could not be removed is not tried again for so long, so that it does not hold up the others.
_PAUSE_SECONDS = 300.0

#: Where all bytes of jobs and of saved voices lie; whatever else is in the bucket or folder is not ours to remove.
OURS = ("jobs/", "voices/")
_PAGE = 500
#: Written and removed again, to be told the store's time.
_CLOCK = "clock/now"

_is_named = or_(
    exists().where(artifacts.c.key == garbage.c.key),
    exists().where(voices.c.key == garbage.c.key),
    exists().where(voices.c.preview_key == garbage.c.key),
    exists().where(chunks.c.key == garbage.c.key),
    exists().where(chunks.c.encoded_key == garbage.c.key),
)
_noted = select(garbage.c.key, _is_named.label("is_named"))
_due = _noted.where(garbage.c.not_before <= db_now()).order_by(garbage.c.not_before, garbage.c.key).limit(BATCH)


def note(connection: WriteConnection, keys: Iterable[str]) -> None:
    """Notes bytes that the rows removed in this transaction named.

    Whether another row names a key too is looked at by whoever removes the bytes. A note that is there already is
    written again: so this waits for one who is about to drop it, seeing that a row still names the key.
    """
    # In order of the keys, so that two who discard the same bytes do not wait for each other.
    ordered = sorted(set(keys))
    if ordered:
        now = connection.scalar(select(db_now()))
        statement = replacing(connection.dialect.name, garbage)
        connection.execute(statement, [{"key": key, "not_before": now} for key in ordered])


def collect_now(database: Database, store: ArtifactStore, keys: Collection[str]) -> None:
    """Removes the bytes behind these notes at once, as `collect` would soon; StepError as there."""
    ordered = sorted(keys)
    for first in range(0, len(ordered), BATCH):
        some = ordered[first : first + BATCH]
        with database.read() as reading:
            noted = reading.execute(_noted.where(garbage.c.key.in_(some))).all()
        _remove([row for row in noted if not row.is_named], database, store)


def collect(database: Database, store: ArtifactStore) -> int:
    """Removes the bytes behind up to BATCH notes, and then the notes; how many notes there were.

    StepError when the store is away: the notes stay.
    """
    with database.read() as reading:
        due = reading.execute(_due).all()
    _keep([row.key for row in due if row.is_named], database)
    _remove([row for row in due if not row.is_named], database, store)
    return len(due)


def _remove(due: Iterable[Row[tuple[str, bool]]], database: Database, store: ArtifactStore) -> None:
    removed: list[str] = []
    try:
        for row in due:
            try:
                store.delete(row.key)
            except StepError:
                with database.write(durable=False) as connection:
                    later = db_now() + _PAUSE_SECONDS
                    connection.execute(update(garbage).where(garbage.c.key == row.key).values(not_before=later))
                raise
            removed.append(row.key)
            reach(Place.BYTES_REMOVED)
    finally:
        if removed:
            with database.write(durable=False) as connection:
                connection.execute(delete(garbage).where(garbage.c.key.in_(removed)))


def _keep(keys: list[str], database: Database) -> None:
    """Drops the notes of keys that another row names; whoever deletes that row notes them anew."""
    if not keys:
        return
    with database.write(durable=False) as connection:
        locked = select(garbage.c.key).where(garbage.c.key.in_(keys)).with_for_update(skip_locked=True)
        held = list(connection.scalars(locked))
        # Looked at again under the lock: without it, that delete could commit in between and its note be lost.
        connection.execute(delete(garbage).where(garbage.c.key.in_(held), _is_named))


def sweep_orphans(
    database: Database, store: ArtifactStore, older_than: float, go_on: Callable[[], bool] = lambda: True
) -> int:
    """Removes bytes that are older than `older_than` seconds and that no row names; how many objects.

    What a lost or failed attempt stored, and the recordings of refused requests. `older_than` must be longer than any
    attempt or upload can take from its first byte to its commit. Asks `go_on` before each page, which may wait.
    Ages go by the store's clock: by this host's, if it were ahead, bytes could go that were stored just now.
    """
    now = _store_time(store)
    if now is None:
        return 0
    before = now - older_than
    removed = 0
    for page in _pages(chain.from_iterable(map(store.list, OURS))):
        if not go_on():
            break
        old = [item.key for item in page if item.modified < before]
        for key in _unnamed(database, old):
            store.delete(key)
            removed += 1
    store.drop_partial(older_than + max(0.0, time.time() - now))
    return removed


def _store_time(store: ArtifactStore) -> float | None:
    """Seconds since 1970 by the store's clock; None if another janitor asks it at this moment."""
    store.put_bytes(_CLOCK, b"now", media_type="text/plain")
    found = next((item.modified for item in store.list(_CLOCK) if item.key == _CLOCK), None)
    store.delete(_CLOCK)
    return found


def _unnamed(database: Database, keys: list[str]) -> list[str]:
    if not keys:
        return []
    with database.read() as reading:
        columns = (artifacts.c.key, voices.c.key, voices.c.preview_key, chunks.c.key, chunks.c.encoded_key)
        named = {key for column in columns for key in reading.scalars(select(column).where(column.in_(keys)))}
    return [key for key in keys if key not in named]


def _pages(items: Iterator[Listed]) -> Iterator[list[Listed]]:
    while page := list(islice(items, _PAGE)):
        yield page
