"""People reading and deciding at once while two runs are going: nothing fails. `bench_load.py` measures it."""

from __future__ import annotations

import pytest

from tests.bench.users import Load, at_work, begin_runs, errands, furnish
from tests.hub_processes import hub_processes

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
LOAD = Load(users=20, seconds=15.0, pause_s=(0.2, 1.0), questions=150)


def test_nothing_fails_while_many_read_and_decide(tmp_path):
    """On SQLite, all in one process."""
    with hub_processes(tmp_path) as hub:
        sessions = furnish(hub, LOAD)
        addresses = hub.start(webs=1, write_s=LOAD.write_s)
        begin_runs(addresses, sessions)
        seen = at_work(addresses, sessions, LOAD)
        assert dict(seen.failures) == {}
        came_to = errands(hub)
        assert came_to.keys() <= {"done", "already_decided", "stale_decision"}
        assert 0 < came_to["done"] <= seen.decided
        assert hub.errors() == []
