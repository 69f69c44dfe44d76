"""Chunks: shown while the step runs, once each, by whoever holds it; gone some time after the end."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import func, select

from pipelines.errors import NotFound
from pipelines.ids import first_id_at, new_id
from storage.chunks import ChunkReader, NewChunk
from storage.claims import Claim, Signal, Told
from storage.database import db_now
from storage.documents import event_document
from storage.garbage import collect, sweep_orphans
from storage.local import LocalArtifacts
from storage.retention import remove_expired, remove_heard
from storage.retrying import Retry
from storage.tables import jobs
from storage.tables_chunks import chunks
from tests.storage.house import OTHER, House, at_once, error_of, output

SEGMENTS = [{"id": 0, "start": 0.0, "end": 1.0, "text": "my secret", "words": [{"word": "my"}]}]


def spoken(number: int, *, fence: int = 1, last: bool = False) -> NewChunk:
    """A second of sound at 8 kHz."""
    return NewChunk(
        number,
        key=f"jobs/a/chunks/{fence}/{number}.pcm",
        samples=8000,
        sample_rate=8000,
        clauses=number + 1,
        text=f"clause {number}",
        ends_at=number + 1.0,
        last=last,
    )


def numbers(house: House, job_id: str, step: int | None = None, behind: int = -1) -> list[tuple[int, int]]:
    """Number and fence of each chunk behind one."""
    return [(row.number, row.fence) for row in ChunkReader(house.database).after(job_id, step, behind)]


def test_chunks_come_in_order_with_one_event_for_those_that_came_together(house: House) -> None:
    claim = house.running("cpu", "io")
    job_id = claim.work.job_id
    assert house.store.add_chunks(claim, [spoken(0)]) == Told(Signal.GO_ON, None)
    assert house.store.add_chunks(claim, [spoken(1), spoken(2, last=True)]) == Told(Signal.GO_ON, None)
    rows = ChunkReader(house.database).after(job_id)
    assert [(row.number, row.clauses, row.text, row.last) for row in rows] == [
        (0, 1, "clause 0", False),
        (1, 2, "clause 1", False),
        (2, 3, "clause 2", True),
    ]
    assert (rows[0].kind, rows[0].samples, rows[0].sample_rate, rows[0].body) == ("audio", 8000, 8000, None)
    assert numbers(house, job_id, 0, 1) == [(2, 1)]
    assert numbers(house, job_id, 1) == []
    assert house.history(job_id)[-2:] == ["step.chunk", "step.chunk"]
    told = [event.data for event in house.reader.events(job_id, 0) if event.type == "step.chunk"]
    assert told == [{"step": 0, "chunks": 1, "seconds": 1.0}, {"step": 0, "chunks": 3, "seconds": 3.0}]


def test_segments_are_told_without_their_words(house: House) -> None:
    claim = house.running()
    house.store.add_chunks(claim, [NewChunk(0, "segments", body=SEGMENTS, ends_at=1.0)])
    assert ChunkReader(house.database).after(claim.work.job_id)[0].body == SEGMENTS
    said = event_document(house.reader.events(claim.work.job_id, 0)[-1])["data"]
    assert said == {
        "step": 0,
        "chunks": 1,
        "seconds": 1.0,
        "segments": [{"id": 0, "start": 0.0, "end": 1.0, "text": "my secret"}],
    }


def test_whoever_lost_the_step_adds_nothing(house: House) -> None:
    """Invariant 2: not even while nobody holds the step, nor when another does."""
    late = house.running("cpu", "io")
    job_id = late.work.job_id
    house.store.add_chunks(late, [spoken(0)])
    house.store.lose_claim(late.held, "lost", "gone")
    assert house.store.add_chunks(late, [spoken(1)]) == Told(Signal.LOST)
    house.publish(job_id)
    held = house.claim(job_id, child=OTHER)
    before = house.everything(job_id)
    assert house.store.add_chunks(late, [spoken(1)]) == Told(Signal.LOST)
    assert house.everything(job_id) == before
    assert (held.attempt, late.attempt) == (2, 1)
    house.store.add_chunks(held, [spoken(1, fence=2)])
    assert numbers(house, job_id) == [(0, 1), (1, 2)]
    house.store.complete_step(held, [output()])
    assert house.store.add_chunks(held, [spoken(2)]) == Told(Signal.LOST), "the step is over"


@pytest.mark.parametrize("_round", range(3))
def test_of_two_attempts_at_once_one_adds(house: House, _round: int) -> None:
    late = house.running()
    job_id = late.work.job_id
    house.store.lose_claim(late.held, "lost", "gone")
    house.publish(job_id)

    def again() -> Claim:
        return house.claim(job_id, child=OTHER)

    told, held = at_once(partial(house.store.add_chunks, late, [spoken(0)]), again)
    assert told == Told(Signal.LOST)
    assert isinstance(held, Claim)
    assert numbers(house, job_id) == []


def test_what_is_being_cancelled_adds_nothing(house: House) -> None:
    claim = house.running()
    house.store.cancel(claim.work.job_id)
    assert house.store.add_chunks(claim, [spoken(0)]) == Told(Signal.CANCEL)
    assert numbers(house, claim.work.job_id) == []


def test_a_stream_is_opened_at_submit_or_later_and_never_closed(house: House) -> None:
    asked = house.running(stream="mp3")
    assert asked.stream == "mp3"
    claim = house.running()
    job_id = claim.work.job_id
    assert (claim.stream, house.store.heartbeat(claim, 0.0)) == (None, Told(Signal.GO_ON, None))
    assert house.store.open_stream(job_id, "pcm") == "pcm"
    assert house.store.heartbeat(claim, 0.0) == Told(Signal.GO_ON, "pcm")
    assert house.store.open_stream(job_id, "opus") == "opus"
    assert house.store.add_chunks(claim, [spoken(0)]) == Told(Signal.GO_ON, "opus")
    assert [house.store.open_stream(job_id, form) for form in ("pcm", "opus")] == ["opus", "opus"]
    assert house.row(job_id).stream == "opus"
    with pytest.raises(NotFound):
        house.store.open_stream(new_id("job"), "pcm")


def test_a_retry_begins_without_chunks_and_without_listeners(house: House) -> None:
    claim = house.running(stream="pcm")
    house.store.add_chunks(claim, [spoken(0)])
    house.store.fail_step(claim, "permanent", error=error_of("permanent"))
    again = house.store.retry(Retry(new_id("job"), claim.work.job_id)).id
    house.publish(again)
    second = house.claim(again)
    assert (second.stream, second.attempt, numbers(house, again)) == (None, 1, [])
    house.store.add_chunks(second, [spoken(0)])
    house.store.complete_step(second, [output()])
    assert numbers(house, claim.work.job_id) == numbers(house, again) == [(0, 1)]


@pytest.fixture
def store(tmp_path: Path) -> LocalArtifacts:
    return LocalArtifacts(tmp_path / "data")


def heard(house: House, store: LocalArtifacts, *, ends: bool = True) -> str:
    """A job with two chunks, whose bytes lie in the store."""
    claim = house.running()
    made = claim.work.job_id
    for number in range(2):
        keys = [f"jobs/{made}/{number}.{ending}" for ending in ("pcm", "mp3")]
        for key in keys:
            store.put_bytes(key, b"sound", media_type="audio/basic")
        new = NewChunk(number, key=keys[0], samples=1, encoded_key=keys[1], encoded_bytes=5, body=SEGMENTS)
        house.store.add_chunks(claim, [new])
    if ends:
        house.store.complete_step(claim, [output(made)])
    return made


def names(store: LocalArtifacts) -> Sequence[str]:
    return sorted(item.key.partition("/")[2] for item in store.list())


def old(house: House, job_id: str) -> str:
    """The same job as if it had been made and had ended an hour ago."""
    renamed = first_id_at("job", 1_700_000_000.0)
    with house.database.write() as connection:
        if house.database.is_sqlite:
            connection.exec_driver_sql("PRAGMA defer_foreign_keys=ON")
        row = connection.execute(select(jobs).where(jobs.c.id == job_id)).one()
        finished = None if row.finished_at is None else row.finished_at - 3600
        connection.execute(jobs.insert().values({**row._asdict(), "id": renamed, "finished_at": finished}))
        connection.execute(chunks.update().where(chunks.c.job_id == job_id).values(job_id=renamed))
    return renamed


def test_chunks_go_some_time_after_the_end(house: House, store: LocalArtifacts) -> None:
    kept, gone = heard(house, store), heard(house, store)
    renamed = old(house, gone)
    assert len(names(store)) == 8
    assert remove_heard(house.database, 7200.0) == 0, "it ended an hour ago"
    assert remove_heard(house.database, 600.0) == 1
    assert remove_heard(house.database, 600.0) == 0
    collect(house.database, store)
    assert (numbers(house, renamed), numbers(house, kept)) == ([], [(0, 1), (1, 1)])
    assert names(store) == [f"{kept}/{name}" for name in ("0.mp3", "0.pcm", "1.mp3", "1.pcm")]


def test_what_still_runs_keeps_its_chunks(house: House, store: LocalArtifacts) -> None:
    renamed = old(house, heard(house, store, ends=False))
    assert remove_heard(house.database, 600.0) == 0
    assert len(numbers(house, renamed)) == 2


def test_chunks_go_with_their_job_and_with_its_results(house: House, store: LocalArtifacts) -> None:
    deleted, expired = heard(house, store), heard(house, store)
    house.store.delete(deleted)
    house.set(expired, expires_at=db_now() - 1.0)
    assert remove_expired(house.database) == 1
    collect(house.database, store)
    assert names(store) == []
    with house.database.read() as reading:
        assert reading.scalar(select(func.count()).select_from(chunks)) == 0
    told = [event.data for event in house.reader.events(expired, 0) if event.type == "step.chunk"]
    assert told == [{"step": 0, "chunks": 1, "seconds": 0.0}, {"step": 0, "chunks": 2, "seconds": 0.0}]


def test_the_sweep_knows_chunks(house: House, store: LocalArtifacts) -> None:
    job_id = heard(house, store, ends=False)
    store.put_bytes(f"jobs/{job_id}/lost.pcm", b"of an attempt that was lost", media_type="audio/basic")
    assert sweep_orphans(house.database, store, -10.0) == 1
    assert len(names(store)) == 4
