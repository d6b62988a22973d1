"""Indexes that a mass write left loose are made anew, by one process, with no more rights than their owner has."""

from __future__ import annotations

import threading

import psycopg
import pytest
from django.db import connection

from tallystick.server.ops import repacking
from tallystick.server.ops.repacking import Repacking
from tallystick.server.ops.tending import LEAST, Tending

pytestmark = [
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has nothing to make anew."),
    pytest.mark.django_db(transaction=True),
]
ROWS = 40_000


def carry_out(statement):
    with connection.cursor() as cursor:
        cursor.execute(statement)
        rows = list(cursor.fetchall()) if cursor.description else []
        cursor.execute("SELECT pg_stat_force_next_flush()")
    return rows


@pytest.fixture
def papers(monkeypatch):
    """A table of somebody who is no superuser, whose lists were written in no order."""
    monkeypatch.setattr(repacking, "LEAST_PAGES", 20)
    for statement in (
        "CREATE ROLE repacking_clerk",
        "CREATE SCHEMA repacked AUTHORIZATION repacking_clerk",
        "SET search_path TO repacked",
        "SET ROLE repacking_clerk",
        "CREATE TABLE papers (number int PRIMARY KEY, text text, empty text) WITH (autovacuum_enabled = off)",
        "CREATE INDEX papers_text ON papers (text, number)",
        "CREATE INDEX papers_empty ON papers (empty, number)",  # in order, and nothing but null beside the number
        "CREATE INDEX papers_alone ON papers (text)",  # no list is read in it
    ):
        carry_out(statement)
    write(1)
    try:
        yield
    finally:
        for statement in (
            "RESET ROLE",
            "RESET search_path",
            "DROP SCHEMA repacked CASCADE",
            "DROP ROLE repacking_clerk",
        ):
            carry_out(statement)


def write(first, rows=ROWS):
    carry_out(f"INSERT INTO papers SELECT n, md5(n::text) FROM generate_series({first}, {first + rows - 1}) AS n")


def pages():
    return dict(carry_out("SELECT relname, pg_relation_size(oid) / 8192 FROM pg_class WHERE relname LIKE 'papers%'"))


def invalid():
    return carry_out("SELECT indexrelid::regclass::text FROM pg_index WHERE NOT indisvalid")


def test_what_a_mass_write_left_loose_is_made_anew_and_nothing_else(papers):
    before = pages()
    assert Tending().look(is_waiting=False) == ["papers"]
    after = pages()
    assert after["papers_text"] < before["papers_text"] * 0.8
    assert {name for name in after if after[name] != before[name]} == {"papers_text"}
    assert Repacking().repack(["papers"]) == []  # it is as it should be
    assert carry_out("SELECT count(*) FROM papers WHERE text = md5('7')") == [(1,)]


def test_it_is_loose_again_after_the_next_mass_write(papers):
    tending = Tending()
    tending.look(is_waiting=False)
    assert repacking.loose(["papers"]) == {}
    write(ROWS + 1, LEAST)  # of pages that were full each has two now
    before = pages()
    assert tending.look(is_waiting=False) == ["papers"]
    assert pages()["papers_text"] < before["papers_text"] * 0.8
    assert repacking.loose(["papers"]) == {}


def test_it_is_made_anew_where_the_server_itself_tended_the_table_first_and_once_where_that_is_no_use(
    papers, monkeypatch
):
    carry_out("VACUUM ANALYZE papers")
    before = pages()
    tending = Tending()
    assert tending.look(is_waiting=False) == []  # nothing is left to tend
    assert pages()["papers_text"] < before["papers_text"] * 0.8
    monkeypatch.setattr(repacking, "LOOSE", 0.5)  # it stays loose
    assert "papers_text" in repacking.loose(["papers"])
    files = "SELECT pg_relation_filepath('papers_text')"
    before = carry_out(files)
    assert tending.look(is_waiting=False) == []
    assert carry_out(files) == before


def test_small_indexes_stay_as_they_are(papers, monkeypatch):
    monkeypatch.setattr(repacking, "LEAST_PAGES", pages()["papers_text"] + 1)
    before = pages()
    assert Tending().look(is_waiting=False) == ["papers"]
    assert pages() == before


def test_nothing_is_begun_when_the_hub_ends_or_another_process_is_at_it(papers):
    carry_out("VACUUM ANALYZE papers")
    ending = threading.Event()
    ending.set()
    assert Repacking().repack(["papers"], ending) == []
    with psycopg.connect(**_parameters(), autocommit=True) as other:
        other.execute("SELECT pg_advisory_lock(%s)", [repacking.ALONE])
        assert Repacking().repack(["papers"]) == []
        other.execute("SELECT pg_advisory_unlock(%s)", [repacking.ALONE])
    assert Repacking().repack(["papers"]) == ["papers_text"]


def test_it_waits_for_an_older_transaction_a_while_and_what_is_left_of_it_is_cleared(papers, monkeypatch):
    carry_out("VACUUM ANALYZE papers")
    monkeypatch.setattr(repacking, "WAITING_S", 0.05)
    before = pages()
    with psycopg.connect(**_parameters()) as other:  # a backup
        other.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        other.execute("SELECT count(*) FROM repacked.papers")
        assert Repacking().repack(["papers"]) == []
        assert invalid() == [("papers_text_ccnew",)]
        assert repacking.clear() == []  # it may not be taken away yet
        assert carry_out("SHOW lock_timeout") == [("0",)]
    monkeypatch.setattr(repacking, "WAITING_S", 30.0)
    Tending().look(is_waiting=False)
    assert invalid() == []
    assert pages()["papers_text"] < before["papers_text"] * 0.8


def test_what_another_process_is_making_is_not_taken_for_left(papers):
    carry_out("UPDATE papers SET number = number")
    with psycopg.connect(**_parameters(), autocommit=True) as other:
        other.execute("SET search_path TO repacked")
        other.execute("INSERT INTO papers VALUES (-1, 'same'), (-2, 'same')")
        with pytest.raises(psycopg.errors.UniqueViolation):  # so that one is left
            other.execute("CREATE UNIQUE INDEX CONCURRENTLY papers_text_ccnew ON papers (text)")
        other.execute("SELECT pg_advisory_lock(%s)", [repacking.ALONE])
        assert repacking.clear() == []
        assert invalid() == [("papers_text_ccnew",)]
        other.execute("SELECT pg_advisory_unlock(%s)", [repacking.ALONE])
    assert repacking.clear() == ["papers_text_ccnew"]
    assert invalid() == []


def _parameters():
    known = connection.get_connection_params()
    return {name: known[name] for name in ("host", "port", "user", "password", "dbname") if name in known}
