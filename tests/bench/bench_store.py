"""How fast the store is with a million links; numbers for docs/adr/0002-state-in-django.md.

make bench PYTEST_ARGS="tests/bench/bench_store.py"
"""

from __future__ import annotations

import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from msgspec.structs import replace

from tallystick.model.flow import Scope
from tallystick.model.link import Link, LinkEnd, MatchKey
from tallystick.model.plan import Operation, OperationState
from tallystick.model.side import Side
from tallystick.model.write import Action
from tallystick.ports.store import Commit, Store
from tallystick.server.state.store import open_store
from tallystick.testing.clock import FixedClock
from tests.servers import postgres_url

SCOPE = Scope(integration="bench", flow="assets")
LINKS = 1_000_000
OPERATIONS = 20_000
BATCH = 500


def base(number: int, side: str) -> dict[str, str | None]:
    return {f"field_{field:02}": f"{side} value {number * 31 + field}" for field in range(20)}


def link(number: int, *, stored: int = 0) -> Link:
    return Link(
        number=stored,
        left=LinkEnd(id=f"L-{number:08}", fingerprint=number * 7919, base=base(number, "left"), version=str(number)),
        right=LinkEnd(id=str(10_000_000 + number), fingerprint=number * 104_729, base=base(number, "right")),
    )


def operation(number: int, seq: int) -> Operation:
    values = base(number, "right")
    return Operation(
        run="0" * 32,
        seq=seq,
        flow="assets",
        action=Action.CREATE,
        side=Side.RIGHT,
        left_id=f"L-{number:08}",
        right_id=None,
        after=values,
        settles={Side.LEFT: base(number, "left")},
        versions={Side.LEFT: str(number)},
        reason="new on the left",
        rules=dict.fromkeys(values, "from the left"),
        keys=(MatchKey(side=Side.LEFT, key=number * 7919, id=f"L-{number:08}"),),
    )


@contextmanager
def timed(what: str, amount: int = 1) -> Iterator[None]:
    start, cpu = time.perf_counter(), time.process_time()
    yield
    took = time.perf_counter() - start
    cpu = time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    each = f"{amount / took:12,.0f}/s" if amount > 1 else f"{took * 1000:10.2f} ms"
    print(f"  {what:52} {each}   {took:7.2f} s   processor {cpu:6.2f} s   peak {peak} MB", flush=True)


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_bench_store(database: str, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/bench.db" if database == "sqlite" else postgres_url()
    print(f"\n{database}")
    store = open_store(url, clock=FixedClock())
    with timed("opened again"):
        open_store(url, clock=FixedClock())
    with timed("replace_links", LINKS):
        store.replace_links(SCOPE, (link(number) for number in range(LINKS)))
    measure(store)


def measure(store: Store) -> None:
    for _ in range(2):
        with timed("link_marks of a million"):
            assert sum(batch.num_rows for batch in store.link_marks(SCOPE)) == LINKS
    with timed("versions of a million"):
        assert len(store.versions(SCOPE, Side.LEFT)) == LINKS
    ids = [f"L-{number * 9973 % LINKS:08}" for number in range(100)]
    for _ in range(2):
        with timed("links_of 100 ids"):
            found = store.links_of(SCOPE, Side.LEFT, ids)
    assert len(found) == 100
    for count in (1, 10, 100):
        with timed(f"commit of {count} link updates"):
            store.commit(SCOPE, Commit(operations=(), links=[replace(one, turns=1) for one in found[:count]]))
    planned = [operation(LINKS + number, number) for number in range(OPERATIONS)]
    with timed("add_operations, batches of 500", OPERATIONS):
        for start in range(0, OPERATIONS, BATCH):
            store.add_operations(SCOPE, planned[start : start + BATCH])
    batches = []
    with timed("operations, pages of 500", OPERATIONS):
        after = -1
        while page := store.operations("0" * 32, "assets", (OperationState.PLANNED,), after):
            batches.append(page)
            after = page[-1].seq
    with timed("mark_sent, batches of 500", OPERATIONS):
        for page in batches:
            store.mark_sent([replace(one, attempts=1, at="2026-11-22T09:30:00Z") for one in page])
    commits = [
        Commit(
            operations=[replace(one, state=OperationState.DONE, right_id=str(20_000_000 + one.seq)) for one in page],
            links=[link(LINKS + one.seq) for one in page],
        )
        for page in batches
    ]
    with timed("commit of 500 creates", OPERATIONS):
        for commit in commits:
            store.commit(SCOPE, commit)
    keys = [
        [MatchKey(side=side, key=(one.seq * 2_654_435_761) % 2**62, id=f"{one.seq}") for one in page for side in Side]
        for page in batches
    ]
    with timed("two keys each, batches of 500", 2 * OPERATIONS):
        for page_keys in keys:
            store.commit(SCOPE, Commit(operations=(), keys=page_keys))
    with timed("journal of a record"):
        assert len(store.journal(SCOPE, side=Side.LEFT, id=f"L-{LINKS + 7:08}")) == 1
    with timed("journal of the run, newest 200"):
        assert len(store.journal(run="0" * 32)) == 200
    with timed("drop_planned"):
        store.drop_planned("0" * 32, "assets")
    with timed("scope"):
        assert store.scope(SCOPE).linked == LINKS + OPERATIONS
