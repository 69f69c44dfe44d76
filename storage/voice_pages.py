"""Which saved voices a list holds: a walk from the newest, or along the rarest of the filters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import ColumnElement, Select, func, select

from storage.database import AnyConnection
from storage.filters import Page
from storage.tables_voices import voice_labels, voices

#: If no more match a filter they are looked up by it; else the newest voices are looked through.
_FEW = 1000
#: Behind every text that begins the same.
_LAST = "\U0010ffff"


@dataclass(frozen=True)
class VoiceFilter:
    """Which voices a list holds; of those that are lists any value matches. `name` begins the name, in any case."""

    statuses: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    name: str | None = None


def folded(name: str) -> str:
    """A name as lists are searched by it."""
    return name.casefold()


def page_ids(connection: AnyConnection, which: VoiceFilter, page: Page) -> list[str]:
    """The ids of a page, newest first."""
    conditions = _conditions(which)
    query = select(voices.c.id).where(voices.c.deleted_at.is_(None))
    for few in (select(voices.c.id).where(condition) for condition in conditions):
        if _is_few(connection, few):
            # The limit keeps either database from walking along the newest voices, which may all lack what is rare.
            query = query.where(voices.c.id.in_(select(few.limit(_FEW).subquery().c.id)))
            break
    query = query.where(*conditions)
    if page.before is not None:
        query = query.where(voices.c.id > page.before).order_by(voices.c.id)
    else:
        query = query.order_by(voices.c.id.desc())
    if page.after is not None:
        query = query.where(voices.c.id < page.after)
    found = list(connection.scalars(query.limit(page.limit)))
    return found if page.before is None else found[::-1]


def _conditions(which: VoiceFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    for key, value in which.labels.items():
        labelled = select(voice_labels.c.voice_id).where(voice_labels.c.key == key, voice_labels.c.value == value)
        conditions.append(voices.c.id.in_(labelled))
    if which.name is not None:
        begin = folded(which.name)
        conditions.append((voices.c.folded >= begin) & (voices.c.folded < begin + _LAST))
    if which.languages:
        conditions.append(voices.c.language.in_(which.languages))
    if which.statuses:
        conditions.append(voices.c.status.in_(which.statuses))
    return conditions


def _is_few(connection: AnyConnection, ids: Select[tuple[str]]) -> bool:
    some = ids.limit(_FEW).subquery()
    return (connection.scalar(select(func.count()).select_from(some)) or 0) < _FEW
