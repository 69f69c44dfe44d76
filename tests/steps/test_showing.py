"""What a step shows while it runs: every sample once, whichever attempts made it, and nothing that nobody asked for."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import event

from media.formats import AudioFormat
from migrations import upgrade
from pipelines.errors import StepCancelled
from storage.chunks import NewChunk
from storage.claims import Claim, Told
from storage.database import Database, DatabaseUnavailable
from storage.jobs import JobStore
from tests.steps.booth import HEADER, TEXT, Booth, Dies, dies_at, undisturbed
from tests.steps.chain import Chain
from tests.storage.house import House
from workers.contract import Segment
from workers.heartbeat import ClaimLost, Pulse
from workers.steps import Scratch
from workers.steps.gathering import GatheredSound
from workers.steps.showing import GATHER_SECONDS, ShownSegments
from workers.text.clauses import clauses


@pytest.fixture(scope="module")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("migrated") / "harmony.db"
    upgrade(f"sqlite:///{path}")
    return path


@pytest.fixture
def booth(chain: Chain, migrated: Path, tmp_path: Path) -> Iterator[Booth]:
    path = tmp_path / "harmony.db"
    shutil.copyfile(migrated, path)
    database = Database(f"sqlite:///{path}")
    yield Booth(House(database), chain)
    database.close()


def test_whoever_listens_gets_each_clause_at_once_and_all_of_it(booth: Booth) -> None:
    claim = booth.claim(stream="pcm")
    wav = booth.run(claim)
    rows = booth.rows(claim)
    said = [piece.text for piece in clauses(TEXT, None)]
    assert [row.text for row in rows] == said
    assert [row.clauses for row in rows] == list(range(1, len(said) + 1))
    assert [row.last for row in rows] == [False] * (len(said) - 1) + [True]
    assert [row.number for row in rows] == list(range(len(said)))
    assert booth.pcm(claim) == wav[HEADER:]
    assert wav == undisturbed(booth.chain)
    assert rows[-1].ends_at == pytest.approx(len(wav[HEADER:]) / 16000)


@pytest.mark.parametrize("form", ["mp3", "opus", "flac"])
def test_whoever_listens_in_another_format_gets_it_from_its_beginning_on(booth: Booth, form: AudioFormat) -> None:
    claim = booth.claim(stream=form, format=form)
    wav = booth.run(claim)
    encoder = booth.chain.media.stream(form, 8000)
    assert booth.encoded(claim) == encoder.feed(wav[HEADER:]) + encoder.finish()
    assert booth.pcm(claim) == wav[HEADER:]
    assert booth.rows(claim)[0].encoded_bytes, "nobody waits for the first clause until the second is made"


@pytest.mark.parametrize("stream", ["pcm", "mp3"])
def test_the_next_attempt_goes_on_behind_what_was_shown(booth: Booth, stream: AudioFormat) -> None:
    """No sample twice, none lost: of three attempts, two of which died."""
    claim = booth.claim(stream=stream, format="wav" if stream == "pcm" else stream)
    heard = b""
    for share in (0.4, 0.8):
        with pytest.raises(Dies):
            booth.run(claim, dies_at(share))
        assert booth.pcm(claim).startswith(heard)
        heard = booth.pcm(claim)
        claim = booth.again(claim)
    wav, told = booth.watched(claim)
    assert told[1] >= 0.6, "it began anew"
    assert wav == undisturbed(booth.chain)
    assert booth.pcm(claim) == wav[HEADER:]
    assert {row.fence for row in booth.rows(claim)} == {1, 2, 3}
    assert [row.last for row in booth.rows(claim)].count(True) == 1
    if stream != "pcm":
        encoder = booth.chain.media.stream(stream, 8000)
        assert booth.encoded(claim) == encoder.feed(wav[HEADER:]) + encoder.finish()


def test_another_rate_is_made_clause_by_clause_whichever_attempt_makes_it(booth: Booth) -> None:
    undying = booth.run(booth.claim(rate=24_000))
    claim = booth.claim(rate=24_000, stream="pcm")
    with pytest.raises(Dies):
        booth.run(claim, dies_at(0.4))
    assert booth.rows(claim), "nothing was shown before the end"
    claim = booth.again(claim)
    wav = booth.run(claim)
    plain = undisturbed(booth.chain)
    assert wav == undying
    assert booth.pcm(claim) == wav[HEADER:]
    assert {row.sample_rate for row in booth.rows(claim)} == {24_000}
    assert len(wav) - HEADER == 3 * (len(plain) - HEADER)
    heard, same = (np.frombuffer(data[HEADER:], np.int16).astype(np.float64) for data in (wav, plain))
    # Every third sample is one of the engine's, as near as filters come at the edges of clauses.
    assert np.corrcoef(heard[::3], same)[0, 1] > 0.999


@pytest.mark.parametrize("share", [0.4, 2.0], ids=["in the middle", "at the end"])
def test_the_format_may_change_between_two_attempts(booth: Booth, share: float) -> None:
    """The first showed samples alone, some or all of them; the next encodes them from the beginning on."""
    claim = booth.claim(stream="pcm", format="opus")
    with suppress(Dies):
        booth.run(claim, dies_at(share))
    shown = booth.rows(claim)
    assert [row.encoded_key for row in shown] == [None] * len(shown)
    booth.house.store.open_stream(claim.work.job_id, "opus")
    wav = booth.run(booth.again(claim))
    assert wav == undisturbed(booth.chain)
    assert booth.rows(claim)[: len(shown)] == shown
    assert booth.pcm(claim) == wav[HEADER:]
    encoder = booth.chain.media.stream("opus", 8000)
    assert booth.encoded(claim) == encoder.feed(wav[HEADER:]) + encoder.finish()


class LosesAnswers(JobStore):
    """Each second chunk is committed, and the connection breaks before anybody is told so."""

    def add_chunks(self, claim: Claim, new: Sequence[NewChunk]) -> Told:
        told = super().add_chunks(claim, new)
        if new[0].number % 2:
            msg = "The connection to the database was lost."
            raise DatabaseUnavailable(msg, retry_after=2)
        return told


def test_a_chunk_whose_commit_was_not_heard_of_is_shown_once(booth: Booth) -> None:
    booth.house.store = LosesAnswers(booth.house.database)
    claim = booth.claim(stream="pcm")
    wav = booth.run(claim)
    rows = booth.rows(claim)
    assert [row.number for row in rows] == list(range(len(clauses(TEXT, None))))
    assert booth.pcm(claim) == wav[HEADER:] == undisturbed(booth.chain)[HEADER:]
    assert booth.house.history(claim.work.job_id).count("step.chunk") == len(rows)


def test_what_dies_after_its_last_chunk_is_not_spoken_again(booth: Booth) -> None:
    claim = booth.claim(stream="pcm")
    first = booth.run(claim)
    shown = booth.rows(claim)
    again = booth.again(claim)
    assert booth.run(again) == first
    assert booth.rows(again) == shown


def test_a_late_attempt_shows_nothing(booth: Booth) -> None:
    claim = booth.claim(stream="pcm")
    with pytest.raises(Dies):
        booth.run(claim, dies_at(0.4))
    again = booth.again(claim)
    before = booth.rows(claim)
    with pytest.raises(ClaimLost):
        booth.run(claim)
    assert booth.rows(claim) == before
    assert booth.run(again) == undisturbed(booth.chain)
    assert booth.pcm(again) == undisturbed(booth.chain)[HEADER:]


def test_what_is_cancelled_stops_at_the_next_clause(booth: Booth) -> None:
    claim = booth.claim(stream="pcm")
    booth.house.store.cancel(claim.work.job_id)
    with pytest.raises(StepCancelled):
        booth.run(claim)
    assert booth.rows(claim) == []


def test_who_comes_in_the_middle_gets_all_of_it_in_the_format_of_the_job(booth: Booth) -> None:
    """The first listener takes samples; the second comes while the last clause is made."""
    claim = booth.claim(stream="pcm", format="mp3")

    def comes(progress: float) -> None:
        if progress == 1.0:
            booth.house.store.open_stream(claim.work.job_id, "mp3")

    wav = booth.run(claim, comes)
    encoder = booth.chain.media.stream("mp3", 8000)
    assert booth.encoded(claim) == encoder.feed(wav[HEADER:]) + encoder.finish()
    assert booth.pcm(claim) == wav[HEADER:]
    assert [row.encoded_bytes is None for row in booth.rows(claim)].count(False) == 1


def test_who_comes_just_after_the_claim_does_not_wait_for_a_heartbeat(
    booth: Booth, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workers.steps.showing.LOOK_SECONDS", 0.0)
    claim = booth.claim()
    coming = iter(["pcm"])

    def comes(_progress: float) -> None:
        for form in coming:
            booth.house.store.open_stream(claim.work.job_id, form)

    wav = booth.run(claim, comes)
    assert [row.text for row in booth.rows(claim)] == [piece.text for piece in clauses(TEXT, None)]
    assert booth.pcm(claim) == wav[HEADER:]


def test_an_attempt_whose_job_was_deleted_meanwhile_is_a_late_one(
    booth: Booth, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workers.steps.showing.LOOK_SECONDS", 0.0)
    monkeypatch.setattr("workers.steps.showing.GATHER_SECONDS", 0.0)
    claim = booth.claim()
    booth.house.store.cancel(claim.work.job_id)
    booth.house.store.stop_step(claim)
    booth.house.store.delete(claim.work.job_id)
    with pytest.raises(ClaimLost):
        booth.run(claim)


def test_a_short_job_without_listeners_costs_no_statement(booth: Booth, monkeypatch: pytest.MonkeyPatch) -> None:
    # However slow this machine is at it.
    monkeypatch.setattr("workers.steps.showing.LOOK_SECONDS", 60.0)
    monkeypatch.setattr("workers.steps.showing.GATHER_SECONDS", 60.0)
    claim = booth.claim()
    statements: list[str] = []
    engines = {booth.house.database.engine, booth.house.database._hasty, booth.house.database._reading}

    def note(_c: object, _k: object, statement: str, *_: object) -> None:
        statements.append(statement)

    for engine in engines:
        event.listen(engine, "before_cursor_execute", note)
    try:
        booth.run(claim)
    finally:
        for engine in engines:
            event.remove(engine, "before_cursor_execute", note)
    assert statements == []
    assert booth.rows(claim) == []


def test_a_long_job_without_listeners_shows_what_it_has_now_and_then(
    booth: Booth, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workers.steps.showing.GATHER_SECONDS", 0.25)
    claim = booth.claim(delay_ms=100)
    wav = booth.run(claim)
    rows = booth.rows(claim)
    assert 2 <= len(rows) < len(clauses(TEXT, None))
    assert booth.pcm(claim) == wav[HEADER:]
    assert rows[-1].last
    assert " ".join(row.text for row in rows if row.text) == TEXT
    assert GATHER_SECONDS == 2.0


def test_progress_is_told_in_characters_spoken(booth: Booth) -> None:
    _, told = booth.watched(booth.claim(chunks=2))
    assert told == sorted(told)
    lengths = np.cumsum([len(piece.text) for piece in clauses(TEXT, None)])
    for share in lengths / lengths[-1]:
        assert min(abs(share - one) for one in told) < 1e-9, f"{share} was not told"


def segment(start: float, end: float, text: str = "la") -> Segment:
    return Segment(0, start, end, text)


def test_segments_that_were_shown_stay_and_later_ones_are_added(booth: Booth) -> None:
    claim = booth.claim(stream="pcm")
    with Scratch() as scratch:
        first = ShownSegments(booth.context(claim, Pulse(claim), scratch))
        first.add(segment(0, 1, "one"))
        first.add(segment(1, 2, "two"))
        again = booth.again(claim)
        second = ShownSegments(booth.context(again, Pulse(again), scratch))
        # Heard anew, a little otherwise.
        for one in (segment(0, 1.1, "won"), segment(1.1, 1.9, "too"), segment(1.95, 3, "three")):
            second.add(one)
        second.finish()
    assert [(one["id"], one["text"]) for one in second.segments] == [(0, "one"), (1, "two"), (2, "three")]
    rows = booth.rows(again)
    assert [one["text"] for row in rows for one in row.body] == ["one", "two", "three"]
    assert [(row.fence, row.kind, row.last) for row in rows] == [
        (1, "segments", False),
        (1, "segments", False),
        (2, "segments", False),
        (2, "segments", True),
    ]
    told = [one.data for one in booth.house.reader.events(claim.work.job_id, 0) if one.type == "step.chunk"]
    assert [[one["text"] for one in data.get("segments", ())] for data in told] == [["one"], ["two"], ["three"], []]


def test_sound_is_the_same_in_memory_and_in_a_file(tmp_path: Path) -> None:
    pieces = [bytes([number]) * 1000 for number in range(50)]
    whole = b"".join(pieces)
    made = []
    for most in (100, 10_000, 1_000_000):
        with Scratch() as scratch:
            sound = GatheredSound(scratch, most)
            for number, piece in enumerate(pieces):
                sound.add(piece)
                assert b"".join(sound.since(500)) == whole[500 : 1000 * (number + 1)]
                with sound.part(500) as part:
                    assert part.read() == whole[500 : 1000 * (number + 1)]
            wav = sound.wav(8000)
            assert isinstance(wav, bytes) == (most > len(whole))
            made.append(wav if isinstance(wav, bytes) else wav.read_bytes())
    assert made[0] == made[1] == made[2]
    assert made[0][HEADER:] == whole
