"""Runs migrations: one at a time, with short waits for locks, in one transaction each."""

from __future__ import annotations

from alembic import context
from sqlalchemy import text

from storage.database import Database
from storage.settings import StorageSettings
from storage.tables import metadata

#: Any number; the same in every process that migrates, so that they wait for each other.
_ADVISORY_LOCK = 4_862_137


def run() -> None:
    """Applies what is missing. Old code may still be running, so a migration only adds; removals wait a release."""
    url = context.config.attributes.get("url") or StorageSettings().url
    database = Database(url, pool_size=1)
    with database.write() as connection:
        if not database.is_sqlite:
            connection.execute(text("SET LOCAL lock_timeout = '10s'"))
            connection.execute(text(f"SELECT pg_advisory_xact_lock({_ADVISORY_LOCK})"))
        context.configure(
            connection=connection,
            target_metadata=metadata,
            render_as_batch=database.is_sqlite,
            compare_type=True,
            transaction_per_migration=False,
        )
        context.run_migrations()
    database.close()


run()
