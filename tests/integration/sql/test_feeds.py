"""Databases tell of changes, and a worker heeds them without waiting for the schedule (E38)."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg
import pytest

from tallystick.connectors.sql import Settings, connect
from tallystick.errors import ConfigurationError, Unreachable
from tallystick.ports.system import Feed, Feeding
from tallystick.runs.feeds import Feeds
from tallystick.runs.files import Files
from tallystick.runs.requests import Changed
from tallystick.testing.clock import FixedClock, SequentialIds
from tests.servers import postgres_url

LONG_S = 200.0
"""Nothing here takes so long; a feed that hears nothing fails by it."""


@contextmanager
def listening(url: str, folder: Path) -> Iterator[Feed]:
    settings = Settings(url=url, feed=True)
    with closing(connect(settings, folder=folder, clock=FixedClock(), ids=SequentialIds())) as system:
        assert isinstance(system, Feeding)
        feed = system.feed()
        assert feed is not None
        with closing(feed):
            assert not feed.wait(0.0)
            yield feed


def people(file: Path, *names: str) -> None:
    with closing(sqlite3.connect(file)) as database, database:
        database.execute("CREATE TABLE IF NOT EXISTS person (id INTEGER PRIMARY KEY, name TEXT)")
        database.executemany("INSERT INTO person (name) VALUES (?)", [(name,) for name in names])


def test_sqlite_tells_of_each_commit_of_another_once_E38(tmp_path: Path) -> None:
    file = tmp_path / "crm.db"
    people(file, "Ann")
    with listening("sqlite:///crm.db", tmp_path) as feed:
        people(file, "Bob")
        assert feed.wait(LONG_S)
        assert not feed.wait(0.0)
        people(file, "Cid", "Dan")
        people(file, "Eve")
        assert feed.wait(LONG_S)
        assert not feed.wait(0.0)


def test_sqlite_tells_of_another_file_in_place_of_the_file_and_of_none_E38(tmp_path: Path) -> None:
    file = tmp_path / "crm.db"
    people(file, "Ann")
    with listening("sqlite:///crm.db", tmp_path) as feed:
        people(tmp_path / "new.db", "Bob")
        os.replace(tmp_path / "new.db", file)
        assert feed.wait(LONG_S)
        assert not feed.wait(0.0)
        file.unlink()
        with pytest.raises(Unreachable, match="crm"):
            feed.wait(0.0)


def test_postgres_tells_of_what_its_triggers_notify_E38(tmp_path: Path) -> None:
    url = postgres_url()
    with psycopg.connect(url, autocommit=True) as database, listening(url, tmp_path) as feed:
        database.execute("CREATE TABLE person (id serial PRIMARY KEY, name text)")
        for statement in _TRIGGER.split(";;"):
            database.execute(statement)
        assert not feed.wait(0.0)
        database.execute("INSERT INTO person (name) SELECT 'Ann' FROM generate_series(1, 100)")
        assert feed.wait(LONG_S)
        assert not feed.wait(0.0)
        with database.transaction():
            database.execute("UPDATE person SET name = 'Bob'")
            assert not feed.wait(0.0)  # only what is there to be read is told
        assert feed.wait(LONG_S)
        ours = "WHERE datname = current_database() AND query LIKE 'LISTEN%'"
        database.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity {ours}")
        with pytest.raises(Unreachable):
            feed.wait(LONG_S)


def test_system_that_cannot_tell_says_so_E38(tmp_path: Path) -> None:
    settings = Settings(url="mariadb://ann@127.0.0.1:1/crm", feed=True)
    with closing(connect(settings, folder=tmp_path, clock=FixedClock(), ids=SequentialIds())) as system:
        assert isinstance(system, Feeding)
        with pytest.raises(ConfigurationError, match="cannot tell of changes"):
            system.feed()


def test_system_is_not_listened_to_where_nobody_asks_for_it_E38(tmp_path: Path) -> None:
    people(tmp_path / "crm.db")
    settings = Settings(url="sqlite:///crm.db")
    with closing(connect(settings, folder=tmp_path, clock=FixedClock(), ids=SequentialIds())) as system:
        assert isinstance(system, Feeding)
        assert system.feed() is None


# --- what a worker makes of it


def integration(feed: str = "true", schedule: str = "schedule: every 30 days") -> str:
    return f"""\
integration: firm
systems:
  crm: {{connector: sql, url: "sqlite:///crm.db", feed: {feed}}}
  register: {{connector: sql, url: "sqlite:///register.db"}}
flows:
  - flow: people
    left: {{system: crm, record: person, key: id}}
    right: {{system: register, record: person, key: id}}
    fields: [{{left: name, right: name}}]
    {schedule}
"""


@contextmanager
def heeding(
    folder: Path, text: str
) -> Iterator[tuple[Feeds, Files, list[Changed], Callable[[], list[threading.Thread]]]]:
    people(folder / "crm.db", "Ann")
    people(folder / "register.db")
    (folder / "firm.yaml").write_text(text, encoding="utf-8")
    source = Files([folder / "firm.yaml"], {})
    told: list[Changed] = []
    feeds = Feeds(source, told.append, FixedClock(), SequentialIds())

    def threads() -> list[threading.Thread]:
        return [one for one in threading.enumerate() if one.name.startswith("feed ")]

    try:
        feeds.look()
        yield feeds, source, told, threads
    finally:
        feeds.stop()
    assert threads() == []


def until(is_so: Callable[[], bool]) -> None:
    end = time.monotonic() + LONG_S
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.02)


def is_heard(folder: Path, told: list[Changed]) -> bool:
    """Tells anew until it is heard: a thread begins to listen when it comes to it."""
    people(folder / "crm.db", "Bob")
    return bool(told)


def test_worker_is_told_which_system_of_which_integration_changed_E38(tmp_path: Path) -> None:
    with heeding(tmp_path, integration()) as (feeds, _source, told, threads):
        assert [one.name for one in threads()] == ["feed crm"]
        feeds.look()
        assert len(threads()) == 1
        until(lambda: is_heard(tmp_path, told))
        assert set(told) == {Changed(system=("firm", "crm"))}


@pytest.mark.parametrize("text", [integration("false"), integration(schedule="")])
def test_worker_listens_to_nothing_that_no_schedule_reads_E38(tmp_path: Path, text: str) -> None:
    with heeding(tmp_path, text) as (_feeds, _source, _told, threads):
        assert threads() == []


def test_feed_that_broke_off_is_taken_up_again_and_what_was_missed_is_told_E38(tmp_path: Path) -> None:
    with heeding(tmp_path, integration()) as (feeds, _source, told, threads):
        os.replace(tmp_path / "crm.db", tmp_path / "away.db")
        until(lambda: threads() == [])
        feeds.look()
        until(lambda: threads() == [])
        told.clear()
        os.replace(tmp_path / "away.db", tmp_path / "crm.db")
        feeds.look()
        until(lambda: told == [Changed(system=("firm", "crm"))])
        assert len(threads()) == 1


def test_edited_file_that_asks_for_no_feed_ends_it_E38(tmp_path: Path) -> None:
    with heeding(tmp_path, integration()) as (feeds, source, _told, threads):
        (tmp_path / "firm.yaml").write_text(integration("false") + "\n", encoding="utf-8")
        assert source.changes()
        feeds.look()
        until(lambda: threads() == [])


_TRIGGER = """\
CREATE FUNCTION tell_tallystick() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN NOTIFY tallystick; RETURN NULL; END $$;;
CREATE TRIGGER tell_tallystick AFTER INSERT OR UPDATE OR DELETE ON person
FOR EACH STATEMENT EXECUTE FUNCTION tell_tallystick()"""
