"""Nobody else in the process takes the locks of a SQLite file away, or reads beside them. Rows E1, E4, E27."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tallystick import errors
from tallystick.connectors.sql import Settings, connect
from tallystick.model.selection import Selection
from tallystick.ports.system import System
from tallystick.testing.clock import FixedClock, SequentialIds
from tallystick.testing.contract import VersionsKnown
from tallystick.testing.contract.subject import read

ASSETS = Selection(record="asset", fields=("name",))
ANOTHER = """\
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], timeout=0, isolation_level=None)
try:
    connection.execute("BEGIN IMMEDIATE")
except sqlite3.OperationalError as error:
    print(error)
else:
    print("taken")
"""


@pytest.fixture(params=["DELETE", "WAL"])
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / "register.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(f"PRAGMA journal_mode = {request.param}")
        connection.execute("CREATE TABLE asset (id TEXT PRIMARY KEY, name TEXT)")
        connection.executemany("INSERT INTO asset VALUES (?, ?)", [(f"{number}", "old") for number in range(300)])
    return path


@pytest.fixture
def system(path: Path) -> Iterator[System]:
    settings = Settings(url=f"sqlite:///{path.name}", timeout_s=0.05)
    with closing(connect(settings, folder=path.parent, clock=FixedClock(), ids=SequentialIds())) as system:
        yield system


@pytest.fixture
def writer(path: Path) -> Iterator[sqlite3.Connection]:
    """Somebody else of this very process, in the middle of a write."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("UPDATE asset SET name = 'new'")
        yield connection


def names(system: System) -> list[str | None]:
    return [record.values["name"] for record in read(system.listing(ASSETS, VersionsKnown())).records.values()]


def test_listing_leaves_the_lock_of_a_writer_in_the_same_process_alone_E1_E27(
    system: System, path: Path, writer: sqlite3.Connection
) -> None:
    assert names(system) == ["old"] * 300
    found = subprocess.run([sys.executable, "-c", ANOTHER, str(path)], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "database is locked"
    writer.execute("COMMIT")
    assert names(system) == ["new"] * 300


def test_listing_does_not_read_beside_a_writer_that_excludes_all_others_E1_E4(system: System, path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        if connection.execute("PRAGMA journal_mode").fetchone() == ("wal",):
            pytest.skip("with a write-ahead log nobody is excluded from reading")
        connection.execute("BEGIN EXCLUSIVE")
        connection.execute("UPDATE asset SET name = 'new'")
        with pytest.raises(errors.Throttled):
            names(system)
        connection.execute("COMMIT")
    assert names(system) == ["new"] * 300
