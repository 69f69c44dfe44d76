"""The newest position over all jobs: kept beside the events, so that deleting the newest never gives a number twice."""

from __future__ import annotations

from sqlalchemy import func, select, union_all, update

from storage.tables import events
from storage.tables_workers import dispatcher

# Of both, because a dispatcher of the release before this one does not keep the number.
_given = union_all(
    select(func.max(events.c.position).label("position")), select(dispatcher.c.position.label("position"))
).subquery("given")

#: The last position that was given, 0 if none was; as an expression.
last_position = select(func.coalesce(func.max(_given.c.position), 0)).scalar_subquery()

#: Keeps it; to be run by whoever gives positions, in the same transaction.
keep_position = update(dispatcher).values(position=last_position)
