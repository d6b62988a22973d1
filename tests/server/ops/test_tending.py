"""Tables are tended once a mass write to them is over, with no more rights than their owner has."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest
from django.db import connection

from tallystick.server.ops import tending
from tallystick.server.ops.tending import LEAST, Tending

on_postgresql = pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has nothing to tend.")
ROWS = 2 * LEAST


@pytest.fixture
def clerk(transactional_db: None) -> Iterator[Callable[[str], list[tuple[object, ...]]]]:
    """Carries out statements as somebody who owns a table beside that of another, and is no superuser."""

    def carry_out(statement: str) -> list[tuple[object, ...]]:
        with connection.cursor() as cursor:
            cursor.execute(statement)
            rows = list(cursor.fetchall()) if cursor.description else []
            cursor.execute("SELECT pg_stat_force_next_flush()")
        return rows

    for statement in (
        "CREATE ROLE tending_clerk",
        "CREATE SCHEMA tended AUTHORIZATION tending_clerk",
        f"CREATE TABLE tended.of_another AS SELECT generate_series(1, {ROWS})",
        "SET search_path TO tended",
        "SET ROLE tending_clerk",
        "CREATE TABLE papers (number int PRIMARY KEY, text text) WITH (autovacuum_enabled = off)",
    ):
        carry_out(statement)
    try:
        yield carry_out
    finally:
        for statement in (
            "RESET ROLE",
            "RESET search_path",
            "DROP SCHEMA tended CASCADE",
            "DROP ROLE tending_clerk",
        ):
            carry_out(statement)


def write(clerk, first, last):
    clerk(f"INSERT INTO papers SELECT n, 'paper ' || n FROM generate_series({first}, {last}) AS n")


def marked(clerk):
    """Whether all pages may be read without looking at their rows, and how many rows are counted on."""
    query = "SELECT relallvisible = relpages, reltuples FROM pg_class WHERE oid = 'papers'::regclass"
    return clerk(query)[0]


@on_postgresql
def test_a_mass_write_leaves_statistics_and_pages_that_need_no_second_look(clerk):
    tending_ = Tending()
    assert tending_.look() == []
    write(clerk, 1, ROWS)
    assert tending_.look() == []  # there may be more to come
    assert tending_.look() == ["papers"]
    assert marked(clerk) == (True, ROWS)
    assert clerk("SELECT count(*) FROM pg_stats WHERE tablename = 'papers'") == [(2,)]
    assert tending_.look() == []


@on_postgresql
def test_little_is_left_to_the_server_and_much_that_was_changed_is_tended(clerk):
    tending_ = Tending()
    write(clerk, 1, ROWS)
    tending_.look(is_waiting=False)
    clerk(f"UPDATE papers SET text = 'other' WHERE number <= {LEAST - 1}")
    assert tending_.look(is_waiting=False) == []
    clerk("UPDATE papers SET text = 'another' WHERE number <= 1")
    assert tending_.look(is_waiting=False) == ["papers"]
    assert marked(clerk) == (True, ROWS)


@on_postgresql
def test_a_table_that_is_written_to_without_a_pause_waits(clerk):
    tending_ = Tending()
    for part in range(3):
        write(clerk, part * ROWS, (part + 1) * ROWS - 1)
        assert tending_.look() == []
    assert tending_.look() == ["papers"]


@on_postgresql
def test_nothing_is_begun_when_the_hub_ends(clerk):
    write(clerk, 1, ROWS)
    ending = threading.Event()
    ending.set()
    Tending().look(ending, is_waiting=False)
    assert marked(clerk)[1] == -1  # never counted


@on_postgresql
def test_the_hub_tends_beside_the_web(clerk, monkeypatch):
    monkeypatch.setattr(tending, "EVERY_S", 0.01)
    with tending.tending():
        assert "tending" in [thread.name for thread in threading.enumerate()]
    assert "tending" not in [thread.name for thread in threading.enumerate()]


@pytest.mark.skipif(connection.vendor == "postgresql", reason="There it is tended.")
def test_on_sqlite_there_is_no_thread_for_it():
    with tending.tending():
        assert "tending" not in [thread.name for thread in threading.enumerate()]
