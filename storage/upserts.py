"""INSERT … ON CONFLICT for both databases, built once for each table."""

from __future__ import annotations

from functools import cache
from typing import Any

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite


@cache
def adding(dialect: str, table: Table, column: str) -> Any:  # noqa: ANN401 - the two dialects' inserts have no common type that can upsert
    """Adds to `column` of the row with the same key, or makes the row."""
    new = _insert(dialect, table)
    return new.on_conflict_do_update(
        index_elements=list(table.primary_key), set_={column: table.c[column] + new.excluded[column]}
    )


@cache
def replacing(dialect: str, table: Table) -> Any:  # noqa: ANN401 - see adding
    """Puts the row in the place of the one with the same key, if there is one."""
    new = _insert(dialect, table)
    rest = [column.name for column in table.columns if not column.primary_key]
    return new.on_conflict_do_update(
        index_elements=list(table.primary_key), set_={name: new.excluded[name] for name in rest}
    )


def _insert(dialect: str, table: Table) -> Any:  # noqa: ANN401 - see adding
    return (postgresql if dialect == "postgresql" else sqlite).insert(table)
