"""One system of migrations, which fits the models and knows its own past."""

from __future__ import annotations

import os
import resource
import signal
import sqlite3
from pathlib import Path

import pytest

from tallystick.errors import StateTooNew, StateUnusable
from tallystick.model.flow import Scope
from tallystick.model.plan import ScopeState
from tallystick.server.state.store import open_store
from tallystick.testing.clock import FixedClock

SCOPE = Scope(integration="i", flow="f")


def test_migrations_fit_the_models(tmp_path: Path) -> None:
    open_store(f"sqlite:///{tmp_path}/state.db", clock=FixedClock()).close()
    from django.apps import apps
    from django.db.migrations.autodetector import MigrationAutodetector
    from django.db.migrations.loader import MigrationLoader
    from django.db.migrations.state import ProjectState

    loader = MigrationLoader(None)
    found = MigrationAutodetector(loader.project_state(), ProjectState.from_apps(apps)).changes(
        graph=loader.graph, convert_apps={"state"}, trim_to_apps={"state"}
    )
    operations = {name: [str(one) for one in migration.operations] for name, (migration, *_) in found.items()}
    assert operations == {}


def test_state_of_a_newer_version_is_refused_and_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "state.db"
    store = open_store(f"sqlite:///{file}", clock=FixedClock())
    store.close()
    with sqlite3.connect(file) as connection:
        connection.execute("INSERT INTO django_migrations (app, name, applied) VALUES ('state', '9999_future', '')")
        connection.execute("INSERT INTO django_migrations (app, name, applied) VALUES ('desk', '0042_desk', '')")
    connection.close()
    before = file.read_bytes()
    with pytest.raises(StateTooNew, match="9999_future") as raised:
        open_store(f"sqlite:///{file}", clock=FixedClock())
    assert raised.value.hint
    assert file.read_bytes() == before


def test_opening_again_keeps_what_is_there(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/state.db"
    state = ScopeState(maps={"a": "1"})
    for _ in range(2):
        store = open_store(url, clock=FixedClock())
        store.save_scope(SCOPE, state)
        store.close()
    assert open_store(url, clock=FixedClock()).scope(SCOPE) == state


def test_several_databases_in_one_process_are_apart(tmp_path: Path) -> None:
    one, two = (open_store(f"sqlite:///{tmp_path}/{name}.db", clock=FixedClock()) for name in ("one", "two"))
    one.save_scope(SCOPE, ScopeState(maps={"a": "1"}))
    assert two.scope(SCOPE) == ScopeState()
    assert one.scope(SCOPE) == ScopeState(maps={"a": "1"})


def test_file_is_made_with_a_write_ahead_log_and_full_synchronisation(tmp_path: Path) -> None:
    from tallystick.server.state.address import address_of
    from tallystick.server.state.database import Database

    url = f"sqlite:///{tmp_path}/state.db"
    open_store(url, clock=FixedClock())
    with Database(address_of(url)).reading() as cursor:
        found = {}
        for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout", "page_size"):
            cursor.execute(f"PRAGMA {name}")
            found[name] = cursor.fetchone()[0]
    assert found == {
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "busy_timeout": 60_000,
        "page_size": 8_192,
    }


def test_making_the_tables_on_a_full_disk_leaves_nothing_in_the_way_E29(tmp_path: Path) -> None:
    """Wherever the disk is full while they are made, the next start makes them."""
    url, made = f"sqlite:///{tmp_path}/state.db", False
    for kibibytes in range(8, 2_000, 24):
        child = os.fork()
        if not child:
            ended = 2
            try:
                signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
                resource.setrlimit(resource.RLIMIT_FSIZE, (1024 * kibibytes, 1024 * kibibytes))
                open_store(url, clock=FixedClock())
                ended = 0
            except StateUnusable:
                ended = 1
            finally:
                os._exit(ended)
        _, status = os.waitpid(child, 0)
        code = os.waitstatus_to_exitcode(status)
        assert code in (0, 1), f"a file of at most {kibibytes} KiB"
        made = code == 0
        if made:
            break
    assert made
    open_store(url, clock=FixedClock()).save_scope(SCOPE, ScopeState(maps={"a": "1"}))
