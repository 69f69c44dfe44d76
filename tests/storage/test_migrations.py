"""The migrations: up, down, up again, and the tables in code against the tables made."""

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect

from migrations import configuration, upgrade
from storage.database import Database
from storage.tables import metadata
from tests.storage.house import House, error_of


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


def test_jobs_that_failed_before_can_be_found_by_their_code(house: House, database_url: str) -> None:
    claim = house.running()
    house.store.fail_step(claim, "permanent", error=error_of("permanent", "audio_empty"))
    waiting = house.submit()
    command.downgrade(configuration(database_url), "0001")
    upgrade(database_url)
    assert house.row(claim.work.job_id).error_code == "audio_empty"
    assert house.row(waiting).error_code is None


def test_drift_would_be_seen(database: Database) -> None:
    with database.write() as connection:
        connection.exec_driver_sql("ALTER TABLE slots ADD COLUMN colour text")
    with database.read() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert len(compare_metadata(context, metadata)) == 1
