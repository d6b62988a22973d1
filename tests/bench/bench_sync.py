"""Syncs between two SQLite tables of 20 fields: nothing changed, some changed, first load, increments, many links.

Each measurement runs in a process of its own, so that the peak of memory is its own. The size is TALLYSTICK_BENCH_ROWS
(1,000,000). Prints seconds, ratios and peaks; judges nothing.
"""

from __future__ import annotations

import json
import os
import resource
import sqlite3
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.bench import worlds

ROWS = int(os.environ.get("TALLYSTICK_BENCH_ROWS", "1000000"))


def in_own_process(what: str, file: Path, **settings: Any) -> dict[str, Any]:
    """What `measure_<what>` gives in a fresh process, with its peak of memory in MiB."""
    os.sync()  # what made the world is on disk before anything is timed
    command = [sys.executable, "-m", "tests.bench.bench_sync", what, str(file), json.dumps(settings)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def link_all(file: Path) -> None:
    """The link table as a first load would have left it, written straight into the state."""
    in_own_process("linked", file)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """ROWS linked records on both sides, nothing changed since."""
    file = worlds.make_world(tmp_path_factory.mktemp("world"), left=ROWS, right=ROWS)
    link_all(file)
    return file


def test_nothing_changed(world: Path) -> None:
    read = in_own_process("reading", world)
    full = in_own_process("sync", world, is_full=True)
    beyond = full["seconds"] - read["seconds"]
    print(
        f"\n(a) {ROWS:,} linked, nothing changed, full: {full['seconds']:.1f} s, reading alone {read['seconds']:.1f} s,"
    )
    print(f"    beyond reading {beyond:.1f} s = {beyond / read['seconds']:.2f} of it, peak {full['peak_mib']:.0f} MiB")
    print(f"    {full['result']}")


def test_increments(world: Path) -> None:
    for count in (1, 10, 100):
        measured = in_own_process("increments", world, count=count)
        print(f"\n(d) {count} changed of {ROWS:,}: {measured['beyond_ms']:.0f} ms beyond the systems (median of")
        print(f"    {measured['runs']}, {measured['total_ms']:.0f} ms in all)")


def test_some_changed(world: Path) -> None:
    before = in_own_process("sync", world, is_full=True)
    worlds.change(world.parent / "left.db", every=100, offset=3)
    worlds.change(world.parent / "right.db", every=100, offset=5)
    worlds.change(world.parent / "left.db", every=1000, offset=7)
    worlds.change(world.parent / "right.db", every=1000, offset=7)
    full = in_own_process("sync", world, is_full=True)
    print(f"\n(b) 1 % changed on each side, 0.1 % conflicts, full: {full['seconds']:.1f} s,")
    print(f"    {full['seconds'] / before['seconds']:.2f} of (a) in the same run, peak {full['peak_mib']:.0f} MiB")
    print(f"    {full['result']}")


def test_first_load(tmp_path: Path) -> None:
    file = worlds.make_world(tmp_path, left=ROWS, right=0)
    plain = tmp_path / "plain.db"
    worlds.make_table(plain, 0)
    source = sqlite3.connect(tmp_path / "left.db")
    target = sqlite3.connect(plain)
    started = time.perf_counter()
    marks = ", ".join("?" * (len(worlds.FIELDS) + 2))
    target.executemany(f"insert into record values ({marks})", source.execute("select * from record"))
    target.commit()
    insert_s = time.perf_counter() - started
    load = in_own_process("sync", file, is_full=True)
    rate = ROWS / load["seconds"]
    print(
        f"\n(c) first load of {ROWS:,}: {load['seconds']:.1f} s = {rate:,.0f} records/s,"
        f" peak {load['peak_mib']:.0f} MiB"
    )
    print(f"    {load['seconds'] / insert_s:.1f} times a plain bulk insert ({insert_s:.1f} s)")


@pytest.mark.skipif("TALLYSTICK_BENCH_LARGE" not in os.environ, reason="takes 15 minutes: set TALLYSTICK_BENCH_LARGE")
def test_many_links(tmp_path: Path) -> None:
    file = worlds.make_world(tmp_path, left=5 * ROWS, right=5 * ROWS)
    link_all(file)
    full = in_own_process("sync", file, is_full=True)
    print(f"\n(e) {5 * ROWS:,} linked, nothing changed: {full['seconds']:.1f} s, peak {full['peak_mib']:.0f} MiB")


# --- what runs in a process of its own


def measure_reading(file: Path) -> dict[str, Any]:
    """Both tables through the connector, record batches thrown away."""
    from tallystick.model.side import SIDES
    from tallystick.runs.workspace import Workspace
    from tallystick.server.state.store import open_store

    class Nothing:
        def versions(self) -> dict[str, str]:
            return {}

    with Workspace.open(file, open_store=open_store) as workspace:
        context = workspace.flow_sync(workspace.integration.flows[0], run="").context
        started = time.perf_counter()
        for side in SIDES:
            for _ in context.systems[side].listing(context.selections[side], Nothing()):
                pass
        return {"seconds": time.perf_counter() - started}


def measure_sync(file: Path, *, is_full: bool) -> dict[str, Any]:
    from tallystick.runs.workspace import Workspace
    from tallystick.server.state.store import open_store

    with Workspace.open(file, open_store=open_store) as workspace:
        workspace.flow_sync(workspace.integration.flows[0], run="")  # connections are open
        started = time.perf_counter()
        report = workspace.sync(is_full=is_full, approval=True)
        seconds = time.perf_counter() - started
    shown = report.shown()["flows"]["records"]
    return {"seconds": seconds, "result": {key: shown[key] for key in ("writes", "unchanged", "conflicts")}}


def measure_increments(file: Path, *, count: int, runs: int = 7) -> dict[str, Any]:
    """Warm: the same workspace syncs again and again, each time after `count` edits on the left."""
    from tallystick.runs.workspace import Workspace
    from tallystick.server.state.store import open_store

    spent: list[float] = []
    beyond: list[float] = []
    with Workspace.open(file, open_store=open_store) as workspace:
        workspace.sync(approval=True)
        timed = _time_systems(workspace)
        for run in range(runs + 2):
            database = sqlite3.connect(file.parent / "left.db")
            with database:
                database.execute(
                    f"update record set t1 = ?, updated_at = {worlds.NOW} where id in"
                    " (select id from record where id >= ? order by id limit ?)",
                    (f"edit {run} {time.time()}", f"K{run * 1000:08d}", count),
                )
            database.close()
            timed["seconds"] = 0.0
            started = time.perf_counter()
            report = workspace.sync(approval=True)
            total = time.perf_counter() - started
            written = report.flows["records"].writes
            if sum(sum(counter.values()) for counter in written.values()) != count:
                raise RuntimeError(f"{count} edits gave {report.shown()}")
            if run >= 2:
                spent.append(total)
                beyond.append(total - timed["seconds"])
    return {
        "total_ms": 1000 * statistics.median(spent),
        "beyond_ms": 1000 * statistics.median(beyond),
        "runs": runs,
    }


def _time_systems(workspace: Any) -> dict[str, float]:
    """Adds up the seconds the two systems take for themselves."""
    from tallystick.model.side import SIDES

    timed = {"seconds": 0.0}
    flow = workspace.integration.flows[0]
    for side in SIDES:
        system = workspace.system(flow.end(side).system, side)
        for name in ("describe", "fetch", "find", "reserve", "write"):
            setattr(system, name, _timed(getattr(system, name), timed))
        for name in ("listing", "changes"):
            setattr(system, name, _timed_stream(getattr(system, name), timed))
    return timed


def _timed(call: Any, timed: dict[str, float]) -> Any:
    def wrapped(*args: Any, **settings: Any) -> Any:
        started = time.perf_counter()
        try:
            return call(*args, **settings)
        finally:
            timed["seconds"] += time.perf_counter() - started

    return wrapped


def _timed_stream(call: Any, timed: dict[str, float]) -> Any:
    def wrapped(*args: Any, **settings: Any) -> Any:
        stream = iter(call(*args, **settings))
        while True:
            started = time.perf_counter()
            try:
                batch = next(stream)
            except StopIteration:
                return
            finally:
                timed["seconds"] += time.perf_counter() - started
            yield batch

    return wrapped


def measure_linked(file: Path) -> dict[str, Any]:
    """Links between all equal ids, with the bases both tables hold."""
    from tallystick.model.fingerprint import fingerprint
    from tallystick.model.link import Link, LinkEnd
    from tallystick.model.plan import ScopeState
    from tallystick.model.record import records_of
    from tallystick.model.side import SIDES, Side
    from tallystick.ports.store import Commit
    from tallystick.runs.workspace import Workspace
    from tallystick.server.state.store import open_store

    class Nothing:
        def versions(self) -> dict[str, str]:
            return {}

    started = time.perf_counter()
    with Workspace.open(file, open_store=open_store) as workspace:
        context = workspace.flow_sync(workspace.integration.flows[0], run="").context
        selection = context.selections[Side.LEFT]
        cursors: dict[Side, str | None] = {}
        for batch in context.systems[Side.LEFT].listing(selection, Nothing()):
            links: list[Link] = []
            for record in records_of(batch.records):
                end = LinkEnd(
                    id=record.id, fingerprint=fingerprint(record.values, selection.fields), base=record.values
                )
                links.append(Link(number=0, left=end, right=end))
                if len(links) == 5_000:
                    workspace.store.commit(context.scope, Commit(operations=(), links=links))
                    links = []
            workspace.store.commit(context.scope, Commit(operations=(), links=links))
            if batch.end is not None:
                cursors[Side.LEFT] = batch.end.cursor
        for batch in context.systems[Side.RIGHT].listing(context.selections[Side.RIGHT], Nothing()):
            if batch.end is not None:
                cursors[Side.RIGHT] = batch.end.cursor
        now = workspace.clock.now().isoformat()
        state = ScopeState(cursors={side: cursors[side] for side in SIDES}, maps=context.maps, last_full_at=now)
        workspace.store.save_scope(context.scope, state)
    return {"seconds": time.perf_counter() - started}


if __name__ == "__main__":
    _, what, file_name, given = sys.argv
    answer = globals()[f"measure_{what}"](Path(file_name), **json.loads(given))
    answer["peak_mib"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps(answer))
