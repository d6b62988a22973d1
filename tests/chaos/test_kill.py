"""SIGKILL at every durable point, and a full disk. Rows E27, E28, E29; scenario S17.

Two hundred operations of every kind between two SQL databases. The run is killed, by a real signal to a real process,
before and after each change of the state and each call that writes to a system: at every one of these points in turn.
Then a fresh process runs again. Whatever the point, it ends as the run that nobody killed: creations exactly once, no
pair half applied without its intent, and nothing left to do.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from pathlib import Path

import pytest

from tests.chaos.lives import HOW, LINKED, Command, Place, copy, fresh, judge
from tests.servers import postgres_url

FILE = """\
integration: chaos
systems:
  crm: {connector: sql, url: 'sqlite:///crm.db'}
  register: {connector: sql, url: 'sqlite:///register.db'}
flows:
  - flow: people
    left: {system: crm, record: person, key: id}
    right: {system: register, record: person, key: id}
    conflict: {rule: left}
    guards: {delete: none, shrink: none}
    fields:
      - {left: name, right: name}
      - {left: phone, right: phone}
      - {left: tag, right: tag}
"""
KEYS = {"numbers": "id INTEGER PRIMARY KEY", "texts": "id TEXT PRIMARY KEY"}


def begin(place: Place, keys: str, command: Command) -> None:
    """140 linked records, then 200 things to do: 40 new on each side, 40 changed on each, 20 deleted on each."""
    place.folder.mkdir(parents=True, exist_ok=True)
    (place.folder / "integration.yaml").write_text(FILE)
    for name in ("crm", "register"):
        with sqlite3.connect(place.folder / f"{name}.db") as database:
            database.execute(f"CREATE TABLE person ({KEYS[keys]}, name TEXT, phone TEXT, tag TEXT)")
    insert = "INSERT INTO person (id, name, phone, tag) VALUES (?, ?, ?, ?)"
    with sqlite3.connect(place.folder / "crm.db") as database:
        database.executemany(insert, [(str(n), f"name {n}", "1", f"t{n:03}") for n in range(1, LINKED + 1)])
    assert command("sync", place)["status"] == "done"
    for name, first in (("crm", 1), ("register", 61)):
        with sqlite3.connect(place.folder / f"{name}.db") as database:
            changed = [(f"t{n:03}",) for n in range(first, first + 40)]
            database.executemany(f"UPDATE person SET phone = 'from {name}' WHERE tag = ?", changed)
            deleted = [(f"t{n:03}",) for n in range(first + 40, first + 60)]
            database.executemany("DELETE FROM person WHERE tag = ?", deleted)
            new = [(str(1_000 + n), f"new {n}", "1", f"{name}{n:03}") for n in range(40)]
            database.executemany(insert, new)


@pytest.mark.slow
@pytest.mark.timeout(480)
@pytest.mark.parametrize("keys", sorted(KEYS))
def test_kill_at_every_durable_point_state_on_sqlite_S17_E29(keys: str, folder: Path, command: Command) -> None:
    start = Place(folder / "start", f"sqlite:///{folder}/start/tallystick.db")
    begin(start, keys, command)
    whole = Place(copy(start.folder, folder / "whole"), f"sqlite:///{folder}/whole/tallystick.db")
    answer = command("sync", whole, **HOW)
    assert answer["status"] == "done"
    assert answer["writes"] == {"people": {"left": 100, "right": 100}}
    assert answer["points"] >= 60
    expected = whole.ends()
    assert all(count == 1 for side in expected for count in Counter(tag for *_, tag in expected[side]).values())
    for dies_at in range(1, answer["points"] + 1):
        place = Place(copy(start.folder, folder / "killed"), f"sqlite:///{folder}/killed/tallystick.db")
        judge(place, start, expected, {"dies_at": dies_at}, command, **HOW)


@pytest.mark.slow
@pytest.mark.postgres
@pytest.mark.timeout(480)
def test_kill_at_every_durable_point_state_on_postgresql_S17_E29(folder: Path, command: Command) -> None:
    origin = postgres_url()
    start = Place(folder / "start", origin)
    begin(start, "numbers", command)
    whole = Place(copy(start.folder, folder / "whole"), fresh(origin, "whole"))
    answer = command("sync", whole, **HOW)
    assert answer["writes"] == {"people": {"left": 100, "right": 100}}
    assert answer["points"] >= 60
    expected = whole.ends()
    for dies_at in range(1, answer["points"] + 1):
        place = Place(copy(start.folder, folder / "killed"), fresh(origin, "killed"))
        judge(place, start, expected, {"dies_at": dies_at}, command, **HOW)


@pytest.mark.slow
def test_disk_full_loses_and_doubles_nothing_S17_E29(folder: Path, command: Command) -> None:
    start = Place(folder / "start", f"sqlite:///{folder}/start/tallystick.db")
    begin(start, "numbers", command)
    whole = Place(copy(start.folder, folder / "whole"), f"sqlite:///{folder}/whole/tallystick.db")
    assert command("sync", whole, **HOW)["status"] == "done"
    expected = whole.ends()
    largest = max(path.stat().st_size for path in start.folder.iterdir())
    codes: Counter[str] = Counter()
    for more in range(0, 200, 16):
        place = Place(copy(start.folder, folder / "full"), f"sqlite:///{folder}/full/tallystick.db")
        answer = command("sync", place, limit_bytes=largest + more * 1024, **HOW)
        errors = [answer["error"]] if "error" in answer else list(answer.get("errors", {}).values())
        assert "exit" not in answer, f"a traceback instead of a sentence, {more} KiB left"
        codes.update(errors or ["none"])
        after = command("aftermath", place, **HOW)
        assert after["again"]["status"] == "done", f"{after}, {more} KiB left"
        assert place.ends() == expected, f"{more} KiB left"
        assert after["idle"]["writes"] == {"people": {"left": 0, "right": 0}}
    assert codes["state_unusable"] >= 3
