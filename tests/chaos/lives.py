"""What a killed run leaves behind: two systems and the state."""

from __future__ import annotations

import shutil
import signal
import sqlite3
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

Command = Callable[..., dict[str, Any]]

LINKED = 140
"""Records linked before the run that is killed."""
HOW = {"max_writes": 20, "batch": 60}
"""How it writes: few at a time, so that there are many points to die at."""


@dataclass(frozen=True)
class Place:
    """One life of the two systems and the state."""

    folder: Path
    state: str

    def table(self, side: str) -> list[tuple[Any, ...]]:
        name = {"left": "crm", "right": "register"}[side]
        with sqlite3.connect(self.folder / f"{name}.db") as database:
            return database.execute("SELECT name, phone, tag FROM person ORDER BY tag, name, phone").fetchall()

    def ends(self) -> dict[str, list[tuple[Any, ...]]]:
        return {side: self.table(side) for side in ("left", "right")}


def changes(place: Place, start: Place) -> Counter[str]:
    """How many records of each side are not as they were, by what became of them."""
    found: Counter[str] = Counter()
    for side in ("left", "right"):
        before = {row[2]: row for row in start.table(side)}
        now = {row[2]: row for row in place.table(side)}
        found[f"{side} create"] = len(now.keys() - before.keys())
        found[f"{side} delete"] = len(before.keys() - now.keys())
        found[f"{side} update"] = sum(now[tag] != before[tag] for tag in now.keys() & before.keys())
    return found


def judge(
    place: Place, start: Place, expected: dict[str, Any], dies: Mapping[str, int], command: Command, **how: Any
) -> None:
    """Kills a run (`dies`: see fork_server.py) and lets a fresh process go on."""
    assert command("sync", place, **dies, **how) == {"killed_by": signal.SIGKILL}, f"{dies}"
    done = changes(place, start)
    after = command("aftermath", place, **how)
    for kind, count in done.items():
        intents = after["intents"].get(kind, 0) - (LINKED if kind == "right create" else 0)
        assert intents >= count, f"{count} {kind} and {intents} intents, killed at {dies}"
    assert after["again"]["status"] == "done", f"{after}, killed at {dies}"
    assert place.ends() == expected, f"killed at {dies}"
    assert after["sent"] == 0
    assert after["idle"]["writes"] == {"people": {"left": 0, "right": 0}}, f"killed at {dies}"


def copy(start: Path, to: Path) -> Path:
    shutil.rmtree(to, ignore_errors=True)
    shutil.copytree(start, to)
    return to


def fresh(origin: str, name: str) -> str:
    """A fresh copy, called `name`, of the state in the PostgreSQL database `origin`."""
    template = psycopg.conninfo.conninfo_to_dict(origin)["dbname"]
    with psycopg.connect(origin, dbname="postgres", autocommit=True) as connection:
        drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
        make = sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(str(template)))
        connection.execute(drop)
        connection.execute(make)
    return origin.replace(f"/{template}", f"/{name}", 1)
