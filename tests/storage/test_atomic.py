"""A transaction happens wholly or not at all, wherever its process dies (invariant 3)."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import select

from pipelines.events import WEBHOOK_EVENTS
from storage.chunks import NewChunk
from storage.database import Database, db_now
from storage.deadlines import expire_overdue
from storage.submitting import Idempotency
from storage.tables import metadata
from tests.storage.house import CHILD, NEXT_CHILD, House, error_of, output
from tests.storage.machine.faults import AT_COMMIT, Died, dying

HOOK = {"url": "https://example.org/hook", "events": list(WEBHOOK_EVENTS), "secret": None}
Ready = Callable[[House], Callable[[], object]]


def _submit(house: House) -> Callable[[], object]:
    submission = house.submission(
        "cpu", "io", webhook=HOOK, labels={"a": "b"}, inputs=[output("in")], key=Idempotency("key", "print")
    )
    return lambda: house.store.submit(submission)


def _publish(house: House) -> Callable[[], object]:
    job_id = house.submit("cpu", "io")
    return lambda: house.publish(job_id)


def _claim(house: House) -> Callable[[], object]:
    job_id = house.submit("cpu", "io", webhook=HOOK)
    house.publish(job_id)
    return lambda: house.message(job_id, 0, 1)


def _take_over(house: House) -> Callable[[], object]:
    claim = house.running("cpu", "io", webhook=HOOK, child=CHILD)
    return lambda: house.message(claim.work.job_id, 0, 1, NEXT_CHILD)


def _complete(house: House) -> Callable[[], object]:
    claim = house.running("cpu", "io", webhook=HOOK)
    return lambda: house.store.complete_step(claim, [output()])


def _succeed(house: House) -> Callable[[], object]:
    claim = house.running(webhook=HOOK)
    return lambda: house.store.complete_step(claim, [output()], {"text": "hi"})


def _try_again(house: House) -> Callable[[], object]:
    claim = house.running("cpu", "io", webhook=HOOK)
    return lambda: house.store.fail_step(claim, "transient", error=error_of("transient"))


def _fail(house: House) -> Callable[[], object]:
    claim = house.running("cpu", "io", webhook=HOOK)
    return lambda: house.store.fail_step(claim, "permanent", error=error_of("permanent"))


def _cancel(house: House) -> Callable[[], object]:
    job_id = house.submit("cpu", "io", webhook=HOOK)
    return lambda: house.store.cancel(job_id)


def _ask_to_stop(house: House) -> Callable[[], object]:
    claim = house.running("cpu", "io", webhook=HOOK)
    return lambda: house.store.cancel(claim.work.job_id)


def _stop(house: House) -> Callable[[], object]:
    claim = house.running("cpu", "io", webhook=HOOK)
    house.store.cancel(claim.work.job_id)
    return lambda: house.store.stop_step(claim)


def _beat(house: House) -> Callable[[], object]:
    claim = house.running("cpu", "io")
    return lambda: house.store.heartbeat(claim, 0.5)


def _add_chunks(house: House) -> Callable[[], object]:
    claim = house.running("cpu", "io")
    return lambda: house.store.add_chunks(claim, [NewChunk(0, key="jobs/a/0.pcm", samples=1)])


def _expire(house: House) -> Callable[[], object]:
    for job_id in (house.submit("cpu", webhook=HOOK), house.running(webhook=HOOK).work.job_id):
        house.set(job_id, deadline_at=db_now() - 1.0)
    return lambda: expire_overdue(house.database)


@pytest.mark.parametrize(
    "ready",
    [
        _submit,
        _publish,
        _claim,
        _take_over,
        _complete,
        _succeed,
        _try_again,
        _fail,
        _cancel,
        _ask_to_stop,
        _stop,
        _beat,
        _add_chunks,
        _expire,
    ],
)
def test_who_dies_in_a_transaction_leaves_nothing(house: House, ready: Ready) -> None:
    do = ready(house)
    before = _everything(house.database)
    places = 0
    for after in (AT_COMMIT, *range(100)):
        try:
            with dying(house.database, after):
                do()
        except Died:
            places += 1
            assert _everything(house.database) == before, f"died after {after} statements"
        else:
            break
    assert places >= 2, "it never died"
    assert _everything(house.database) != before, "it did nothing in the end"


def _everything(database: Database) -> dict[str, list[str]]:
    """Every row of every table, as words that can be compared."""
    with database.read() as connection:
        tables = {table.name: connection.execute(select(table)).all() for table in metadata.sorted_tables}
    return {name: sorted(map(repr, rows)) for name, rows in tables.items()}
