"""Who dispatches: one lease row. Every write of the dispatcher names its fencing number, so a frozen one cannot act."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from pipelines.errors import HarmonyError
from pipelines.failpoints import Commit
from storage.database import Database, WriteConnection, db_now
from storage.tables_workers import dispatcher

#: How long the lead holds without renewal, in seconds.
LEAD_SECONDS = 5.0


class NotLeading(HarmonyError):
    """Another dispatcher leads now."""

    code = "not_leading"


@dataclass(frozen=True)
class Lead:
    """The lead, under its fencing number."""

    owner: str
    fence: int


def lead_is_free(database: Database) -> bool:
    """Whether `take_lead` would succeed now: a stand-by asks often, and this takes no lock."""
    held = select(dispatcher.c.id).where(dispatcher.c.until >= db_now())
    with database.read() as connection:
        return connection.scalar(held) is None


def take_lead(database: Database, owner: str) -> Lead | None:
    """The lead, if nobody holds it."""
    with database.write(Commit.LEAD) as connection:
        dialect = sqlite if database.is_sqlite else postgresql
        connection.execute(
            dialect.insert(dispatcher)
            .values(id=1, owner="", fence=0, until=0.0, broker_ok=False, depths={}, waiting=0)
            .on_conflict_do_nothing()
        )
        fence = connection.execute(
            update(dispatcher)
            .where(or_(dispatcher.c.until < db_now(), dispatcher.c.owner == owner))
            .values(owner=owner, fence=dispatcher.c.fence + 1, until=db_now() + LEAD_SECONDS)
            .returning(dispatcher.c.fence)
        ).scalar_one_or_none()
    return None if fence is None else Lead(owner, fence)


def keep_lead(database: Database, lead: Lead, seen: dict[str, Any]) -> None:
    """Renews the lead and writes what was seen of the broker; NotLeading if it is lost."""
    with database.write(Commit.KEEP_LEAD, durable=False) as connection:
        renewed = connection.execute(
            update(dispatcher)
            .where(dispatcher.c.fence == lead.fence)
            .values(until=db_now() + LEAD_SECONDS, seen_at=db_now(), **seen)
        ).rowcount
        if renewed == 0:
            _refuse(lead)


def give_up_lead(database: Database, lead: Lead) -> None:
    """Lets a stand-by take over at once."""
    with database.write() as connection:
        connection.execute(update(dispatcher).where(dispatcher.c.fence == lead.fence).values(until=0.0))


_holds_lead = (
    select(dispatcher.c.fence).where(dispatcher.c.fence == bindparam("under_fence")).with_for_update(read=True)
)


@contextmanager
def leading(database: Database, lead: Lead, name: Commit | None = None) -> Iterator[WriteConnection]:
    """A transaction that commits only while `lead` holds: nobody can take it before this one ends."""
    with database.write(name, durable=False) as connection:
        if connection.scalar(_holds_lead, {"under_fence": lead.fence}) is None:
            _refuse(lead)
        yield connection


def _refuse(lead: Lead) -> None:
    msg = f"{lead.owner} no longer leads."
    raise NotLeading(msg)
