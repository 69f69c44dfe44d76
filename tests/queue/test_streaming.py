"""Speech that is listened to while it is made, on a deployment: its slot is killed, cancelled, or given a book."""

import io
import wave
from collections.abc import Callable
from dataclasses import replace
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import psutil
import pytest
from sqlalchemy import Row, select

from media.client import MediaHelper
from storage.chunks import ChunkReader
from storage.tables import artifacts
from tests.queue.stack import RECOVERY, Stack, on
from workers.text.clauses import clauses

TEXT = " ".join(f"This is sentence number {name}, and it is spoken on its own, as it is long." for name in "abcdef")
HEADER = 44
MB = 1 << 20


class Listener:
    """Somebody who reads a job's chunks as they come; what was read once is not read again."""

    def __init__(self, stack: Stack, job_id: str) -> None:
        self.pcm, self.encoded, self.rows = b"", b"", list[Row[Any]]()
        self._stack, self._job_id, self._reader = stack, job_id, ChunkReader(stack.database)

    def reads(self, count: int) -> Callable[[], bool]:
        """Whether so many chunks are read by now."""

        def there() -> bool:
            for row in self._reader.after(self._job_id, None, len(self.rows) - 1):
                self.rows.append(row)
                self.pcm += self._bytes(row.key)
                self.encoded += self._bytes(row.encoded_key)
            return len(self.rows) >= count

        return there

    def _bytes(self, key: str | None) -> bytes:
        if key is None:
            return b""
        with self._stack.artifacts.open(key) as stored:
            return stored.read()


def spoken(stack: Stack, job_id: str) -> bytes:
    """The samples of the WAV that the job's first step made."""
    made = select(artifacts).where(artifacts.c.job_id == job_id, artifacts.c.step_index == 0)
    with stack.database.read() as connection:
        artifact = connection.execute(made).one()
    return stack.artifacts.read(artifact.key, artifact.sha256)[HEADER:]


@on("sqlite")
@pytest.mark.chaos
def test_a_slot_that_is_killed_repeats_and_loses_no_sample(stack: Stack) -> None:
    """Kill -9 in the middle: what was heard before and after is the sound of a job that nothing happened to."""
    job_id = stack.submit(replace(stack.speech(TEXT, delay_ms=1000, format="mp3"), stream="mp3"))
    quiet = stack.tone(text=TEXT)
    listener = Listener(stack, job_id)
    stack.until(listener.reads(2), 30, "two chunks")
    heard = len(listener.rows)
    psutil.Process(stack.holder(job_id)).kill()
    assert stack.ends([job_id, quiet], RECOVERY + 30) == ["succeeded", "succeeded"]
    whole = spoken(stack, quiet)
    assert listener.reads(heard + 1)()
    assert listener.pcm == whole == spoken(stack, job_id)
    encoder = MediaHelper().stream("mp3", 8000)
    assert listener.encoded == encoder.feed(whole) + encoder.finish()
    assert {row.fence for row in listener.rows[:heard]} == {1}
    assert listener.rows[-1].fence > 1
    assert listener.rows[-1].last
    said = [row.text for row in listener.rows if row.text]
    assert said == [piece.text for piece in clauses(TEXT, None)], "a clause was repeated or lost"
    result = stack.get(job_id)
    assert result.job.output["spoken_text"] == TEXT
    assert [step.attempts for step in result.steps] == [2, 1]


@on("sqlite")
def test_a_cancel_comes_within_a_clause(stack: Stack) -> None:
    job_id = stack.submit(replace(stack.speech(TEXT, delay_ms=60_000), stream="pcm"))
    stack.happens(job_id, "step.started")
    stack.jobs.cancel(job_id)
    assert stack.ends([job_id], 15) == ["cancelled"]
    assert ChunkReader(stack.database).after(job_id) == []


@on("sqlite")
def test_who_comes_while_it_is_made_gets_all_of_it(stack: Stack) -> None:
    job_id = stack.tone(text=TEXT, delay_ms=700)
    stack.happens(job_id, "step.started")
    stack.jobs.open_stream(job_id, "pcm")
    listener = Listener(stack, job_id)
    stack.until(listener.reads(1), 30, "a chunk")
    assert stack.row(job_id).phase == "claimed", "it was heard only when it was over"
    assert stack.ends([job_id]) == ["succeeded"]
    listener.reads(0)()
    assert listener.pcm == spoken(stack, job_id)
    assert stack.history(job_id).count("step.chunk") == len(listener.rows)


@on("sqlite")
def test_a_book_of_a_hundred_thousand_characters_costs_no_memory(stack: Stack) -> None:
    """An hour and a half of sound, 80 MB of samples; the slot's child stays as large as it was."""
    sentences = cycle(f"Sentence number {number} of a book that is read out to the end. " for number in range(997))
    text = "".join(islice(sentences, 2000))[:99_990] + " The end."
    stack.ends([stack.tone(text=TEXT)])
    (child,) = psutil.Process(stack.slot("cpu-1").pid).children()
    _forget_peak(child)
    before = child.memory_info().rss
    job_id = stack.tone(text=text)
    assert stack.ends([job_id], 120) == ["succeeded"]
    grown = _peak(child) - before
    (artifact,) = stack.get(job_id).results
    assert artifact.bytes > 70 * MB
    assert artifact.seconds == pytest.approx(99_990 * 0.05, rel=0.02)
    print(f"grew by {grown / MB:.1f} MB")  # noqa: T201 - the figure is what people look for in the report
    assert grown < 24 * MB, f"grew by {grown / MB:.1f} MB"
    pieces = [piece.text for piece in clauses(text, None)]
    assert " ".join(pieces).split() == text.split()
    with wave.open(io.BytesIO(stack.artifacts.read(artifact.key, artifact.sha256))) as sound:
        assert sound.getnframes() == sum(int(0.05 * len(piece) * 8000) for piece in pieces)
    assert stack.get(job_id).job.output["spoken_text"] == text


def _peak(process: psutil.Process) -> int:
    """The most memory that it has held since `_forget_peak`, in bytes."""
    status = Path(f"/proc/{process.pid}/status").read_text(encoding="utf-8")
    return next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM"))


def _forget_peak(process: psutil.Process) -> None:
    Path(f"/proc/{process.pid}/clear_refs").write_text("5", encoding="utf-8")
