"""100,000 objects of 20 fields kept in two SQLite tables: Tallystick, and DiffSync on the same rows.

Both go from table to table: read both, find the differences, write those of the left to the right. First the right is
empty, then nothing is changed, then one per cent is changed on the left, 0.1 % is new there and 0.1 % is gone.
Tallystick merges both ways with a link table and a journal; DiffSync compares two loads and copies one way. Each
measurement runs in a process of its own, so that the peak of memory is its own. The size is TALLYSTICK_BENCH_OBJECTS
(100,000). Prints seconds, peaks, ratios; judges nothing.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from tests.bench import worlds
from tests.bench.programs import environment

OBJECTS = int(os.environ.get("TALLYSTICK_BENCH_OBJECTS", "100000"))


def in_own_process(what: str, folder: Path) -> dict[str, Any]:
    """What `measure_<what>` gives in a fresh process, with its peak of memory in MiB."""
    command = [sys.executable, "-m", "tests.bench.bench_diffsync", what, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment(folder.parent))
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def change(database: Path) -> None:
    """What people did on the left since the two agreed."""
    worlds.change(database, every=100, offset=3)
    number = "cast(substr(id, 2) as integer)"
    columns = ", ".join((*worlds.FIELDS, "updated_at"))
    with sqlite3.connect(database) as connection:
        connection.execute(f"delete from record where {number} % 1000 = 7")
        connection.execute(
            f"insert into record (id, {columns}) select 'N' || substr(id, 2), {columns} from record"
            f" where {number} % 1000 = 11"
        )
        connection.execute(f"update record set updated_at = {worlds.NOW} where id like 'N%'")
    connection.close()


def rows(database: Path) -> list[tuple[Any, ...]]:
    """What the records say, whatever their ids."""
    with sqlite3.connect(database) as connection:
        found = connection.execute(f"select {', '.join(worlds.FIELDS)} from record").fetchall()
    connection.close()
    return sorted(found)


def test_diff_and_apply(tmp_path: Path) -> None:
    ours, theirs = tmp_path / "tallystick", tmp_path / "diffsync"
    worlds.make_world(ours, left=OBJECTS, right=0)
    theirs.mkdir()
    for name in ("left.db", "right.db"):
        shutil.copy(ours / name, theirs / name)
    in_own_process("imports", ours)
    for what in ("all new", "nothing changed", "1 % changed"):
        if what == "1 % changed":
            change(ours / "left.db")
            change(theirs / "left.db")
        mine = in_own_process("tallystick", ours)
        other = in_own_process("diffsync", theirs)
        assert mine["writes"] == other["writes"]
        assert rows(ours / "left.db") == rows(ours / "right.db")
        assert rows(theirs / "left.db") == rows(theirs / "right.db")
        _print(what, mine, other)


def _print(what: str, mine: dict[str, Any], other: dict[str, Any]) -> None:
    print(f"\n(g) {OBJECTS:,} objects, {what}: {mine['seconds']:.1f} s, peak {mine['peak_mib']:.0f} MiB;")
    print(f"    DiffSync {other['seconds']:.1f} s (of which reading {other['reading_s']:.1f} s, comparing")
    print(f"    {other['diff_s']:.1f} s, applying {other['apply_s']:.1f} s), peak {other['peak_mib']:.0f} MiB;")
    print(f"    ratio {mine['seconds'] / other['seconds']:.2f}, memory {mine['peak_mib'] / other['peak_mib']:.2f};")
    print(f"    {mine['writes']}", flush=True)


# --- what runs in a process of its own


def measure_tallystick(folder: Path) -> dict[str, Any]:
    from tallystick.runs.workspace import Workspace
    from tallystick.server.state.store import open_store

    started = time.perf_counter()
    with Workspace.open(folder / "world.yaml", open_store=open_store) as workspace:
        report = workspace.sync(is_full=True)
    if report.status != "done":
        raise RuntimeError(f"the sync was not done: {report.shown()}")
    writes = report.shown()["flows"]["records"]["writes"]["right"]
    return {"seconds": time.perf_counter() - started, "writes": writes}


def measure_imports(folder: Path) -> dict[str, Any]:
    """Nothing but what the other two import, so that their byte code is there."""
    import diffsync

    from tallystick.runs.workspace import Workspace
    from tallystick.server.state.store import open_store

    with Workspace.open(folder / "world.yaml", open_store=open_store) as workspace:
        return {"found": workspace.check(), "beside": diffsync.__name__}


def measure_diffsync(folder: Path) -> dict[str, Any]:
    import structlog
    from diffsync import Adapter, DiffSyncModel

    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    columns = ("id", *worlds.FIELDS)
    writes = {"create": 0, "update": 0, "delete": 0}

    class Record(DiffSyncModel):
        _modelname = "record"
        _identifiers = ("id",)
        _attributes = worlds.FIELDS
        __annotations__ = dict.fromkeys(columns, Any)

        @classmethod
        def create(cls, adapter: Any, ids: dict[str, Any], attrs: dict[str, Any]) -> Any:
            marks = ", ".join("?" * len(columns))
            values = [ids["id"], *(attrs[name] for name in worlds.FIELDS)]
            adapter.database.execute(f"insert into record ({', '.join(columns)}) values ({marks})", values)
            writes["create"] += 1
            return super().create(adapter, ids, attrs)

        def update(self, attrs: dict[str, Any]) -> Any:
            sets = ", ".join(f"{name} = ?" for name in attrs)
            self.adapter.database.execute(f"update record set {sets} where id = ?", [*attrs.values(), self.id])
            writes["update"] += 1
            return super().update(attrs)

        def delete(self) -> Any:
            self.adapter.database.execute("delete from record where id = ?", [self.id])
            writes["delete"] += 1
            return super().delete()

    class Table(Adapter):
        record = Record
        top_level = ("record",)

        def load(self, path: Path) -> None:
            self.database = sqlite3.connect(path)
            for row in self.database.execute(f"select {', '.join(columns)} from record"):
                self.add(Record(**dict(zip(columns, row, strict=True))))

    started = time.perf_counter()
    left, right = Table(), Table()
    left.load(folder / "left.db")
    right.load(folder / "right.db")
    read = time.perf_counter()
    diff = left.diff_to(right)
    compared = time.perf_counter()
    left.sync_to(right, diff=diff)
    right.database.commit()
    done = time.perf_counter()
    return {
        "seconds": done - started,
        "reading_s": read - started,
        "diff_s": compared - read,
        "apply_s": done - compared,
        "writes": writes,
    }


if __name__ == "__main__":
    _, what, folder_name = sys.argv
    answer = globals()[f"measure_{what}"](Path(folder_name))
    answer["peak_mib"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps(answer))
