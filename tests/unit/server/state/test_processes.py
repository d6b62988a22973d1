"""Several processes and threads on one state; processes that are killed."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tallystick.errors import ScopeBusy
from tallystick.model.plan import OperationState
from tallystick.model.side import Side
from tallystick.ports.store import Store
from tallystick.server.state.store import open_store
from tallystick.testing.clock import FixedClock
from tests.servers import postgres_url
from tests.unit.server.state.writer import BATCH, SCOPE, commit_batch

ROOT = Path(__file__).resolve().parents[4]


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=(pytest.mark.postgres, pytest.mark.slow))])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/state.db" if request.param == "sqlite" else postgres_url()


def start(*arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.unit.server.state.writer", *arguments]
    return subprocess.Popen(command, cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def assert_whole(store: Store, name: str, committed: int) -> int:
    """All of the batches said to be committed are there, and none by half; returns how many there are."""
    links = [link.left.id for link in store.all_links(SCOPE) if link.left is not None]
    batches = sorted({int(id_.split("-")[1]) for id_ in links if id_.startswith(f"{name}-")})
    assert batches == list(range(len(batches)))
    assert len(batches) >= committed
    expected = [f"{name}-{batch}-{number}" for batch in batches for number in range(BATCH)]
    assert [id_ for id_ in links if id_.startswith(f"{name}-")] == expected
    assert [one.id for one in store.matching(SCOPE, Side.LEFT, [1]) if one.id in set(expected)] == sorted(expected)
    assert sorted(one.id for one in store.unlinked(SCOPE, Side.RIGHT, expected)) == sorted(expected)
    for batch in batches:
        operations = store.operations(f"{name}-{batch}", "assets")
        assert [one.state for one in operations] == [OperationState.DONE] * BATCH
        assert [one.right_id for one in operations] == expected[batch * BATCH : (batch + 1) * BATCH]
    unfinished = store.operations(f"{name}-{len(batches)}", "assets")
    assert {one.state for one in unfinished} <= {OperationState.PLANNED, OperationState.SENT}
    assert len(unfinished) in (0, BATCH)
    assert store.scope(SCOPE).linked == len(links)
    return len(batches)


def test_kill_in_the_middle_of_commits_loses_nothing_and_halves_nothing_E29(url: str) -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    moments = random.Random(seed)
    for name in ("a", "b", "c"):
        process = start("commits", url, name)
        assert process.stdout is not None
        assert process.stdout.readline() == "0\n"
        time.sleep(moments.uniform(0.01, 0.4))
        process.kill()
        output, errors = process.communicate()
        assert errors == ""
        committed = len(output.splitlines()) + 1
        store = open_store(url, clock=FixedClock())
        found = assert_whole(store, name, committed)
        assert found <= committed + 1
        commit_batch(store, f"after{name}", 0)
        assert assert_whole(store, f"after{name}", 1) == 1
        store.close()


def test_two_processes_and_two_threads_write_one_state_E32(url: str) -> None:
    """They start at once, on a database that does not exist yet."""
    processes = {name: start("commits", url, name, "25") for name in ("p", "q")}
    store = open_store(url, clock=FixedClock())

    def write(name: str) -> None:
        for batch in range(25):
            commit_batch(store, name, batch)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(write, ["t", "u"]))
    for process in processes.values():
        _, errors = process.communicate(timeout=200)
        assert (process.returncode, errors) == (0, "")
    assert store.scope(SCOPE).linked == 4 * 25 * BATCH
    for name in "pqtu":
        ids = [f"{name}-{batch}-{number}" for batch in range(25) for number in range(BATCH)]
        assert len(store.links_of(SCOPE, Side.LEFT, ids)) == len(ids)
    store.close()


def test_scope_held_by_a_process_is_free_when_that_is_killed_E32(url: str) -> None:
    store = open_store(url, clock=FixedClock())
    process = start("holds", url)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    with pytest.raises(ScopeBusy, match="flow assets of integration killed"), store.exclusive(SCOPE):
        raise AssertionError
    process.kill()
    process.communicate()
    deadline = time.monotonic() + 10
    while True:
        try:
            with store.exclusive(SCOPE):
                break
        except ScopeBusy:
            # PostgreSQL's server needs a moment to see that the client is gone.
            assert time.monotonic() < deadline
            time.sleep(0.05)
    store.close()
