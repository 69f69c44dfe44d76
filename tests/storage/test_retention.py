"""What is removed and what is kept: expired results, deleted jobs, garbage and orphans."""

import io
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import func, insert, select

from pipelines.errors import Conflict, InvalidRequest, NotFound, TransientError
from pipelines.ids import new_id
from storage import dispatch, leadership
from storage.database import Database, db_now
from storage.documents import job_document
from storage.garbage import collect, sweep_orphans
from storage.local import LocalArtifacts
from storage.outcomes import Ended
from storage.retention import delete_old, remove_expired
from storage.retrying import Retry, retry
from storage.submitting import NewArtifact
from storage.tables import artifacts, attempts, events, garbage, job_labels, jobs, steps
from storage.tables_webhooks import webhook_deliveries
from tests.storage.house import House, at_once, error_of, output

HOOK = {"url": "https://example.org/hook", "events": ["job.succeeded"], "secret": None}


@pytest.fixture
def store(tmp_path: Path) -> LocalArtifacts:
    return LocalArtifacts(tmp_path / "data")


def stored(store: LocalArtifacts, key: str) -> NewArtifact:
    """Bytes under a key, about to become visible."""
    made = store.put(key, io.BytesIO(key.encode()), media_type="audio/wav")
    return NewArtifact("audio", key, "audio/wav", made.bytes, made.sha256)


def keys(store: LocalArtifacts) -> set[str]:
    return {item.key for item in store.list()}


def spoken(house: House, store: LocalArtifacts, name: str, **more: object) -> str:
    """A job of two steps that succeeded, with bytes for its input and both steps."""
    job_id = house.submit("io", "cpu", inputs=[stored(store, f"jobs/{name}/in")], labels={"a": "b"}, **more)
    house.publish(job_id)
    house.store.complete_step(house.claim(job_id, 0), [stored(store, f"jobs/{name}/0")])
    claim = house.claim(job_id, 1)
    assert house.store.complete_step(claim, [stored(store, f"jobs/{name}/1")], {"text": "la"}) is Ended.SUCCEEDED
    return job_id


def let_expire(house: House, job_id: str) -> None:
    """As if its results had been kept for long enough a second ago."""
    house.set(job_id, expires_at=db_now() - 1.0)


def notes(database: Database) -> list[str]:
    """What is noted as garbage."""
    with database.read() as reading:
        return list(reading.scalars(select(garbage.c.key).order_by(garbage.c.key)))


def test_the_end_says_how_long_results_are_kept(house: House) -> None:
    succeeded = house.running(expires_in=100.0)
    house.store.complete_step(succeeded, [output()])
    failed = house.running(expires_in=100.0)
    house.store.fail_step(failed, "permanent", error=error_of("permanent"))
    cancelled = house.submit(expires_in=100.0)
    house.store.cancel(cancelled)
    for job_id in (succeeded.work.job_id, failed.work.job_id, cancelled):
        row = house.row(job_id)
        assert row.expires_at == pytest.approx(row.finished_at + 100.0, abs=0.1)
    for_ever = house.running()
    house.store.complete_step(for_ever, [output()])
    assert house.row(for_ever.work.job_id).expires_at is None


def test_expired_results_go_and_the_rest_stays(house: House, store: LocalArtifacts) -> None:
    request = {"kind": "speech", "input": {"text": "my secret"}, "options": {"speed": 2}}
    expired = spoken(house, store, "expired", request=request, expires_in=100.0)
    kept = spoken(house, store, "kept", expires_in=100.0)
    untouched = house.everything(kept)
    seq = house.row(expired).seq
    assert remove_expired(house.database) == 0
    let_expire(house, expired)
    assert remove_expired(house.database) == 1
    row = house.row(expired)
    assert (row.status, row.output, row.seq) == ("succeeded", None, seq + 1)
    assert row.removed_at is not None
    assert row.request == {"kind": "speech", "input": {"text": None}, "options": {"speed": 2}}
    assert house.history(expired)[-2:] == ["job.succeeded", "results.removed"]
    rows = house.reader.get(expired)
    assert rows is not None
    assert job_document(rows.job, rows.steps, rows.results, base="", link=lambda _: "")["result"] == {"artifacts": []}
    assert remove_expired(house.database) == 0
    assert collect(house.database, store) == 3
    assert keys(store) == {"jobs/kept/in", "jobs/kept/0", "jobs/kept/1"}
    assert house.everything(kept) == untouched
    assert notes(house.database) == []


def test_the_words_of_a_step_go_with_the_results(house: House) -> None:
    claim = house.running(expires_in=100.0)
    job_id = claim.work.job_id
    with house.database.write() as connection:
        connection.execute(steps.update().values(options={"text": "my secret", "voice": "v"}))
    house.store.complete_step(claim, [output()])
    let_expire(house, job_id)
    remove_expired(house.database)
    rows = house.reader.get(job_id)
    assert rows is not None
    assert rows.steps[0].options == {"text": None, "voice": "v"}


def test_a_deleted_job_leaves_nothing(house: House, store: LocalArtifacts) -> None:
    gone, kept = spoken(house, store, "gone", webhook=HOOK), spoken(house, store, "kept", webhook=HOOK)
    untouched = house.everything(kept)
    house.store.delete(gone)
    assert house.reader.get(gone) is None
    with house.database.read() as reading:
        for table in (steps, attempts, events, artifacts, job_labels, webhook_deliveries):
            count = select(func.count()).where(table.c.job_id == gone)
            assert reading.scalar(count) == 0, table.name
    collect(house.database, store)
    assert keys(store) == {"jobs/kept/in", "jobs/kept/0", "jobs/kept/1"}
    assert house.everything(kept) == untouched
    with pytest.raises(NotFound):
        house.store.delete(gone)


def test_what_goes_on_cannot_be_deleted(house: House) -> None:
    waiting, running, cancelling = house.submit(), house.running().work.job_id, house.running().work.job_id
    house.store.cancel(cancelling)
    for job_id in (waiting, running, cancelling):
        before = house.everything(job_id)
        with pytest.raises(Conflict) as refused:
            house.store.delete(job_id)
        assert refused.value.code == "not_finished"
        assert house.everything(job_id) == before


def test_bytes_go_with_the_last_row_that_names_them(house: House, store: LocalArtifacts) -> None:
    first = spoken(house, store, "first")
    second = house.store.retry(Retry(new_id("job"), first, start="1")).id
    house.store.cancel(second)
    borrowed = house.reader.get(first)
    assert borrowed is not None
    result = borrowed.results[0]
    third = house.submit(
        "cpu",
        inputs=[NewArtifact("audio", result.key, "audio/wav", 1, "00")],
        borrowed={result.id: "input.audio.artifact"},
    )
    house.store.cancel(third)
    house.store.delete(first)
    collect(house.database, store)
    assert keys(store) == {"jobs/first/in", "jobs/first/0", "jobs/first/1"}
    assert notes(house.database) == [], "whoever deletes the others notes the keys anew"
    house.store.delete(second)
    collect(house.database, store)
    assert keys(store) == {"jobs/first/1"}
    house.store.delete(third)
    collect(house.database, store)
    assert keys(store) == set()


@pytest.mark.parametrize("_round", range(3))
def test_borrowing_against_deleting(house: House, store: LocalArtifacts, _round: int) -> None:
    """Either the new job has its input's bytes, or it is refused; never a job without its bytes."""
    first = spoken(house, store, "first")
    rows = house.reader.get(first)
    assert rows is not None
    result = rows.results[0]
    new = house.submission(
        "cpu",
        inputs=[NewArtifact("audio", result.key, "audio/wav", 1, "00")],
        borrowed={result.id: "input.audio.artifact"},
    )

    def delete() -> None:
        house.store.delete(first)
        collect(house.database, store)

    calls: list[Callable[[], object]] = [
        lambda: house.store.submit(new),
        delete,
        lambda: collect(house.database, store),
    ]
    submitted, *_ = at_once(*calls)
    collect(house.database, store)
    if isinstance(submitted, InvalidRequest):
        assert submitted.code == "unknown_artifact"
        assert (house.reader.get(new.id), keys(store)) == (None, set())
    else:
        assert not isinstance(submitted, Exception)
        assert keys(store) == {"jobs/first/1"}


@pytest.mark.parametrize("_round", range(3))
def test_two_who_delete_the_same_bytes(house: House, store: LocalArtifacts, _round: int) -> None:
    first = spoken(house, store, "first")
    second = house.store.retry(Retry(new_id("job"), first, start="1")).id
    house.store.cancel(second)
    calls: list[Callable[[], object]] = [
        lambda: house.store.delete(first),
        lambda: house.store.delete(second),
        lambda: collect(house.database, store),
    ]
    assert not [outcome for outcome in at_once(*calls) if isinstance(outcome, Exception)]
    collect(house.database, store)
    assert (keys(store), notes(house.database)) == (set(), [])


@pytest.mark.parametrize("_round", range(3))
def test_a_retry_against_retention(house: House, store: LocalArtifacts, _round: int) -> None:
    """Either everything is taken over with its bytes, or the retry is refused."""
    first = spoken(house, store, "first", expires_in=100.0)
    let_expire(house, first)
    calls: list[Callable[[], object]] = [
        lambda: house.store.retry(Retry(new_id("job"), first, start="1")),
        lambda: remove_expired(house.database),
    ]
    made, _ = at_once(*calls)
    remove_expired(house.database)
    collect(house.database, store)
    assert keys(store) == (set() if isinstance(made, Exception) else {"jobs/first/in", "jobs/first/0"})


def test_what_is_being_retried_is_left_alone(house: House, store: LocalArtifacts) -> None:
    """Held until the new job's rows are there: retention passes it by."""
    if house.database.is_sqlite:
        pytest.skip("there only one writes at a time")
    first = spoken(house, store, "first", expires_in=100.0)
    let_expire(house, first)
    with house.database.write() as connection:
        retry(connection, Retry(new_id("job"), first, start="1"))
        assert remove_expired(house.database) == 0
    assert remove_expired(house.database) == 1
    collect(house.database, store)
    assert keys(store) == {"jobs/first/in", "jobs/first/0"}


def test_a_key_that_cannot_be_removed_does_not_hold_up_the_others(house: House, store: LocalArtifacts) -> None:
    house.store.delete(spoken(house, store, "job"))
    # A folder where the file should be: the store fails on it, as on a disk that is broken there.
    [stuck] = store.root.rglob("jobs,job,1")
    stuck.unlink()
    stuck.mkdir()
    failures: list[TransientError] = []
    for _ in range(2):
        try:
            collect(house.database, store)
        except TransientError as error:
            failures.append(error)
    assert [error.code for error in failures] == ["storage_unavailable"]
    assert keys(store) == {"jobs/job/1"}
    assert notes(house.database) == ["jobs/job/1"], "it is tried again later"
    stuck.rmdir()
    with house.database.write() as connection:
        connection.execute(garbage.update().values(not_before=0.0))
    assert collect(house.database, store) == 1
    assert notes(house.database) == []


def test_orphans_go_when_they_are_old(house: House, store: LocalArtifacts) -> None:
    spoken(house, store, "kept")
    for key in ("jobs/lost/steps/0/1/audio.wav", "jobs/refused/input/audio", "jobs/fresh/steps/0/1/audio.wav"):
        stored(store, key)
    stored(store, "somebody/elses")
    for path in store.root.rglob("*"):
        if path.is_file() and "fresh" not in path.name:
            os.utime(path, (time.time() - 5000, time.time() - 5000))
    draft = store.root / "00" / ".draft-old"
    draft.parent.mkdir(exist_ok=True)
    draft.write_bytes(b"half")
    os.utime(draft, (time.time() - 5000, time.time() - 5000))
    assert sweep_orphans(house.database, store, 3600, lambda: False) == 0, "told to stop at once"
    assert sweep_orphans(house.database, store, 3600) == 2
    assert keys(store) == {
        *("jobs/kept/in", "jobs/kept/0", "jobs/kept/1"),
        *("jobs/fresh/steps/0/1/audio.wav", "somebody/elses"),
    }
    assert not draft.exists()


def test_a_late_attempt_leaves_only_an_orphan(house: House, store: LocalArtifacts) -> None:
    """What a frozen slot stores after it lost its step is nobody's, and is found by its age."""
    claim = house.running()
    house.store.lose_claim(claim.held, "lost", "It froze.")
    late = stored(store, f"jobs/{claim.work.job_id}/steps/0/{claim.fence}/audio.wav")
    assert house.store.complete_step(claim, [late]) is Ended.LATE
    assert sweep_orphans(house.database, store, 0.0) == 1
    assert keys(store) == set()


def test_old_jobs_are_deleted_wholly(house: House, store: LocalArtifacts) -> None:
    old, young = spoken(house, store, "old"), spoken(house, store, "young")
    unfinished = house.submit()
    before = 1_600_000_000.0
    with house.database.write() as connection:
        # An old id belongs to a job that was made long ago.
        row = connection.execute(select(jobs).where(jobs.c.id == unfinished)).one()
        for phase, finished in (("ended", before), ("waiting", None)):
            itself = {"id": f"job_01700000-0000-7000-8000-00000000000{len(phase)}", "phase": phase}
            connection.execute(insert(jobs).values({**row._asdict(), **itself, "finished_at": finished}))
    house.set(old, finished_at=before)
    assert delete_old(house.database, 3600.0) == 1, "a job made just now cannot have ended an hour ago"
    with house.database.read() as reading:
        left = set(reading.scalars(select(jobs.c.id)))
    assert left == {old, young, unfinished, "job_01700000-0000-7000-8000-000000000007"}


def test_deleting_the_newest_events_gives_no_position_twice(house: House, store: LocalArtifacts) -> None:
    """Who has read up to a position misses nothing that comes later."""

    def number() -> int:
        with leadership.leading(house.database, house.lead) as connection:
            return dispatch.number_events(connection)

    gone = spoken(house, store, "gone")
    number()
    newest = house.reader.last_position()
    house.store.delete(gone)
    assert house.reader.all_events(0) == []
    assert house.reader.last_position() == newest
    later = house.submit()
    assert number() == 1
    assert [(event.job_id, event.position) for event in house.reader.all_events(newest)] == [(later, newest + 1)]
