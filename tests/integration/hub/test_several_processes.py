"""A hub on PostgreSQL with two webs and two workers, by TALLYSTICK_DATABASE_URL alone. Rows E29, E32, E38, S17."""

from __future__ import annotations

import os
import signal
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

from tallystick.model.plan import Run, RunStatus
from tallystick.runs.world import SystemClock
from tallystick.server.state.store import open_store
from tests.hub_processes import (
    PEOPLE as MAKE_PEOPLE,
)
from tests.hub_processes import (
    HubProcesses,
    Person,
    hub_processes,
    process_of,
    running_run,
    stop,
    wait_for,
    wait_until,
)
from tests.servers import postgres_url

pytestmark = [pytest.mark.slow, pytest.mark.postgres, pytest.mark.timeout(600)]

FILE = """\
integration: firm
systems:
  crm: {connector: sql, url: "sqlite:///crm.db"}
  register: {connector: sql, url: "sqlite:///register.db"}
flows:
  - flow: people
    left: {system: crm, record: person, key: id}
    right: {system: register, record: person, key: id}
    fields: [{left: name, right: name}]
"""
IMPORT = """\
from tallystick.server.designer.domain import transfer
from tallystick.server.people.actor import system_actor
transfer.import_file(system_actor("Setup", via="command line"), given["file"])
given = given["people"]
"""
PEOPLE = 60
WRITE_S = 0.1
BATCH = 10


def furnish(hub: HubProcesses) -> list[str]:
    """Two systems, the integration, and the sessions of two people."""
    hub.files.mkdir(parents=True)
    for name in ("crm", "register"):
        with closing(sqlite3.connect(hub.files / f"{name}.db")) as database, database:
            database.execute("CREATE TABLE person (id INTEGER PRIMARY KEY, name TEXT NOT NULL)")
    made = hub.do(IMPORT + MAKE_PEOPLE, {"file": FILE, "people": {"administrator": 2}})
    return list(made["administrator"])


def hire(files: Path, first: int, count: int) -> None:
    with closing(sqlite3.connect(files / "crm.db", timeout=100)) as crm, crm:
        names = [(f"Person {number:03}",) for number in range(first, first + count)]
        crm.executemany("INSERT INTO person (name) VALUES (?)", names)


def registered(files: Path) -> list[str]:
    with closing(sqlite3.connect(files / "register.db", timeout=100)) as register:
        return [name for (name,) in register.execute("SELECT name FROM person ORDER BY name")]


def runs_of(hub: HubProcesses) -> list[Run]:
    with closing(open_store(hub.database_url, clock=SystemClock())) as store:
        return list(store.runs("firm"))


def test_work_of_a_worker_that_is_stopped_or_killed_moves_to_the_other_E29_S17(tmp_path):
    """Asked for in one web, seen in the other; every record is created once, in the run that was asked for."""
    with hub_processes(tmp_path, database_url=postgres_url()) as hub:
        sessions = furnish(hub)
        addresses = hub.start(webs=2, workers=2, write_s=WRITE_S, batch=BATCH)
        people = [Person(address, session) for address, session in zip(addresses, sessions, strict=True)]
        workers = {worker.pid: worker for worker in hub.processes[2:]}

        def run_now(person: Person) -> None:
            answer = person.send_form("/integrations/firm/", "/integrations/firm/run/")
            assert answer.status_code == 200, answer.text[:500]

        def is_half_way(done: int) -> bool:
            return len(registered(hub.files)) > done + BATCH + BATCH // 2

        def assert_pages_answer() -> None:
            for person in people:
                for path in ("/readyz", "/", "/runs/", "/review/", "/integrations/firm/"):
                    assert person.get(path).status_code == 200

        # stopped in the middle of a run: it leaves the rest to the other
        hire(hub.files, 0, PEOPLE)
        run_now(people[0])
        wait_until(lambda: is_half_way(0))
        first = running_run(hub.database_url)
        stopped = workers.pop(process_of(first))
        began = time.monotonic()
        assert stop(stopped, signal.SIGTERM) == 0
        assert len(registered(hub.files)) < PEOPLE
        assert_pages_answer()
        second = wait_for(lambda: (now := running_run(hub.database_url)) != first and now, what="Nobody took over.")
        print(f"\nstopped: the other was at it {time.monotonic() - began:.1f} s after the signal")
        assert process_of(second) in workers
        wait_until(lambda: len(registered(hub.files)) == PEOPLE)
        wait_until(lambda: not running_run(hub.database_url))
        # killed in the middle of the next
        hub.start(workers=1, write_s=WRITE_S, batch=BATCH)
        workers[hub.processes[-1].pid] = hub.processes[-1]
        hire(hub.files, PEOPLE, PEOPLE)
        run_now(people[1])
        wait_until(lambda: is_half_way(PEOPLE))
        first = running_run(hub.database_url)
        killed = workers.pop(process_of(first))
        began = time.monotonic()
        stop(killed, signal.SIGKILL)
        assert len(registered(hub.files)) < 2 * PEOPLE
        assert_pages_answer()
        wait_for(lambda: (now := running_run(hub.database_url)) != first and now, what="Nobody took over.")
        print(f"killed: the other was at it {time.monotonic() - began:.1f} s after the signal")
        wait_until(lambda: len(registered(hub.files)) == 2 * PEOPLE)
        wait_until(lambda: not running_run(hub.database_url))
        # nothing lost, nothing doubled
        assert registered(hub.files) == [f"Person {number:03}" for number in range(2 * PEOPLE)]
        runs = runs_of(hub)
        assert [run.status for run in runs] == [RunStatus.DONE, RunStatus.DONE]
        assert [run.result["flows"]["people"]["writes"]["right"]["create"] for run in runs] == [PEOPLE, PEOPLE]
        for person, run in zip(people, runs, strict=True):
            assert person.get(f"/runs/{run.id}/").status_code == 200
        (left,) = workers.values()
        assert os.waitpid(left.pid, os.WNOHANG) == (0, 0)
        assert hub.errors() == []
