"""What connections to PostgreSQL are told: the store's, and so the hub's, which are the same."""

from __future__ import annotations

import psycopg
import pytest
from psycopg import sql

from tallystick.server.state.address import address_of
from tallystick.server.state.database import Database
from tests.servers import postgres_url


@pytest.mark.postgres
def test_no_statement_is_compiled_or_given_to_workers_on_any_connection() -> None:
    database = Database(address_of(postgres_url()))
    for _ in range(2):
        with database.reading() as cursor:
            cursor.execute("SELECT current_setting('jit'), current_setting('max_parallel_workers_per_gather')")
            assert cursor.fetchone() == ("off", "0")
        database.close()  # the next one is another


@pytest.mark.postgres
@pytest.mark.parametrize(("own", "used"), [(0, 0), (1, 64), (16, 64), (64, 64), (100, 100)])
def test_pages_are_read_together_unless_the_server_can_read_none_or_more(own: int, used: int) -> None:
    url = postgres_url()
    with psycopg.connect(url, autocommit=True) as connection:
        name = sql.Identifier(connection.info.dbname)
        connection.execute(sql.SQL("ALTER DATABASE {} SET effective_io_concurrency = {}").format(name, own))
    database = Database(address_of(url))
    with database.reading() as cursor:
        cursor.execute("SELECT current_setting('effective_io_concurrency')")
        assert cursor.fetchone() == (str(used),)
    database.close()


def test_connections_to_sqlite_are_told_nothing_of_it(tmp_path) -> None:
    database = Database(address_of(f"sqlite:///{tmp_path / 'state.db'}"))
    with database.reading() as cursor:
        cursor.execute("SELECT 1")
        assert cursor.fetchone() == (1,)
    database.close()
