"""Fifty people reading and deciding while two runs are going, on SQLite (all in one process) and on PostgreSQL.

TALLYSTICK_BENCH_USERS (50) and TALLYSTICK_BENCH_SECONDS (60) set the size.
"""

from __future__ import annotations

import os

import pytest

from tests.bench.users import Load, Seen, at_work, begin_runs, errands, furnish
from tests.hub_processes import hub_processes
from tests.servers import postgres_url

LOAD = Load(
    users=int(os.environ.get("TALLYSTICK_BENCH_USERS", "50")),
    seconds=float(os.environ.get("TALLYSTICK_BENCH_SECONDS", "60")),
)


@pytest.mark.parametrize(("name", "webs", "workers"), [("SQLite", 1, 0), ("PostgreSQL", 1, 2), ("PostgreSQL", 2, 2)])
def test_people_at_work_while_runs_are_going(tmp_path, name, webs, workers):
    url = postgres_url() if name == "PostgreSQL" else ""
    with hub_processes(tmp_path, database_url=url) as hub:
        sessions = furnish(hub, LOAD)
        addresses = hub.start(webs=webs, workers=workers, write_s=LOAD.write_s)
        begin_runs(addresses, sessions)
        seen = at_work(addresses, sessions, LOAD)
        tell(name, webs, workers, seen)
        print(f"answers came to: {dict(errands(hub))}")
        print(f"memory: {', '.join(f'{one:.0f} MiB' for one in hub.memory_mib())}; errors in the logs: {hub.errors()}")


def tell(name: str, webs: int, workers: int, seen: Seen) -> None:
    every = [one for times in seen.waited.values() for one in times]
    print(f"\n{name}, {webs} web(s), {workers} worker(s): {LOAD.users} people, {LOAD.seconds:.0f} s,")
    print(f"{len(every)} answers ({len(every) / LOAD.seconds:.1f}/s), {seen.decided} decided,")
    print(f"failures: {dict(seen.failures) or 'none'}")
    for what, times in sorted(seen.waited.items()):
        ordered = sorted(times)
        p50, p95 = (ordered[min(len(ordered) - 1, int(len(ordered) * part))] for part in (0.5, 0.95))
        figures = f"p50 {p50 * 1e3:6.0f} ms  p95 {p95 * 1e3:6.0f} ms  max {ordered[-1] * 1e3:6.0f} ms"
        print(f"  {what:10} {len(times):5}  {figures}")
