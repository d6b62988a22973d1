"""How fast a million rows of 20 columns are read from SQLite, and written to it.

make bench PYTEST_ARGS="tests/bench/bench_sql.py"
"""

from __future__ import annotations

import resource
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

from tallystick.connectors.sql import Settings, connect
from tallystick.model.selection import Selection
from tallystick.model.write import Action, Result, Write
from tallystick.ports.system import System
from tallystick.testing.clock import FixedClock, SequentialIds
from tallystick.testing.contract import VersionsKnown

ROWS = 1_000_000
COLUMNS = {
    **{f"t{number:02}": "TEXT" for number in range(12)},
    **{f"i{number}": "INTEGER" for number in range(4)},
    "bought": "DATE",
    "changed_at": "DATETIME",
    "price": "REAL",
}
SELECTION = Selection(record="asset", fields=tuple(sorted(COLUMNS)), changed="changed_at")


def values(number: int) -> dict[str, str]:
    return {
        **{f"t{place:02}": f"value {number * 7 % 1_000_003} of {place}" for place in range(12)},
        **{f"i{place}": str(number + place) for place in range(4)},
        "bought": f"2026-{1 + number % 12:02}-{1 + number % 28:02}",
        "changed_at": f"2026-{1 + number % 12:02}-01T09:{number % 60:02}:00",
        "price": f"{number % 1000}.5",
    }


@pytest.fixture(scope="module")
def path(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("sql") / "asset.db"
    with closing(sqlite3.connect(path)) as connection:
        columns = ", ".join(f"{name} {declared}" for name, declared in COLUMNS.items())
        connection.execute(f"CREATE TABLE asset (id TEXT PRIMARY KEY, {columns})")
    return path


@pytest.fixture
def system(path):
    system = connect(Settings(url=f"sqlite:///{path}"), folder=path.parent, clock=FixedClock(), ids=SequentialIds())
    yield system
    system.close()


@pytest.mark.parametrize("size", [500, 5000])
def test_creates(system: System, size: int) -> None:
    spent, started = 0.0, size * 10_000_000
    count = ROWS // 2
    for first in range(0, count, size):
        writes = [
            Write(key=f"{number}", action=Action.CREATE, id=f"{started + number:012}", values=values(number))
            for number in range(first, first + size)
        ]
        begun = time.perf_counter()
        outcomes = system.write(SELECTION, writes)
        spent += time.perf_counter() - begun
        assert {outcome.result for outcome in outcomes} == {Result.DONE}
    print(f"\ncreates in calls of {size}: {count / spent:,.0f}/s")


def test_listing(path: Path, system: System) -> None:
    begun = time.perf_counter()
    with closing(sqlite3.connect(path)) as connection:
        cursor, plain = connection.execute("SELECT * FROM asset"), 0
        while rows := cursor.fetchmany(10_000):
            plain += len(rows)
    between = time.perf_counter()
    count = sum(batch.records.num_rows for batch in system.listing(SELECTION, VersionsKnown()))
    ended = time.perf_counter()
    peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    assert count == plain == ROWS
    print(f"\nsqlite3 alone {between - begun:.2f} s, canonical {ended - between:.2f} s, peak {peak_mib:,.0f} MiB")
