"""The migrations: up, down, up again, and the tables in code against the tables made."""

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect

from migrations import configuration, upgrade
from storage.database import Database
from storage.tables import metadata


def tables(database: Database) -> set[str]:
    return set(inspect(database.engine).get_table_names()) - {"alembic_version"}


def test_up_and_down_and_up_again(empty_url: str) -> None:
    database = Database(empty_url)
    for _ in range(2):
        upgrade(empty_url)
        assert tables(database) == set(metadata.tables)
        command.downgrade(configuration(empty_url), "base")
        assert tables(database) == set()
    database.close()


def test_upgrading_twice_changes_nothing(database: Database, database_url: str) -> None:
    upgrade(database_url)
    assert tables(database) == set(metadata.tables)


def test_the_migrations_make_the_tables_that_the_code_names(database: Database) -> None:
    with database.read() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_drift_would_be_seen(database: Database) -> None:
    with database.write() as connection:
        connection.exec_driver_sql("ALTER TABLE slots ADD COLUMN colour text")
    with database.read() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert len(compare_metadata(context, metadata)) == 1
