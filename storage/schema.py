"""What all tables have in common: the one metadata, how constraints are named, and the types of ids and row numbers."""

from __future__ import annotations

from sqlalchemy import BigInteger, Integer, MetaData, Text

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

#: Ids and labels are compared byte by byte on both databases, so that prefixes and cursors mean the same.
Name = Text().with_variant(Text(collation="C"), "postgresql")

#: SQLite numbers rows only if the key is INTEGER; PostgreSQL should have the larger type.
Number = BigInteger().with_variant(Integer(), "sqlite")
