"""Events as they go over the wire, encoded once however many follow."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row

from pipelines.events import LAST_EVENTS
from storage.documents import event_document


@dataclass(frozen=True, slots=True)
class Frame:
    """One event: its number in the stream that it goes to, and its bytes in that stream."""

    number: int
    type: str
    encoded: bytes

    @property
    def is_end(self) -> bool:
        """Whether the job goes on no more: a stream need not wait for the next."""
        return self.type in LAST_EVENTS


def job_frames(rows: Iterable[Row[Any]]) -> list[Frame]:
    """For a job's own stream, numbered by `seq`."""
    return [_frame(row, row.seq) for row in rows]


def all_frames(rows: Iterable[Row[Any]]) -> list[Frame]:
    """For the stream of all jobs, numbered by `position`."""
    return [_frame(row, row.position) for row in rows]


def _frame(row: Row[Any], number: int) -> Frame:
    data = json.dumps(event_document(row), ensure_ascii=False, separators=(",", ":"))
    return Frame(number, row.type, f"id: {number}\nevent: {row.type}\ndata: {data}\n\n".encode())
