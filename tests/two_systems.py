"""Two systems in memory under one integration file: what tests of the engine and of runs work with.

two = TwoSystems(flow("conflict: {rule: left}"))
ann = two.left.put({"name": "Ann"})
two.sync()
assert two.right_of(ann)["name"] == "Ann"
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import cache
from pathlib import Path
from typing import Any

from tallystick.connectors.memory import MemoryWorld
from tallystick.connectors.memory.describe import FieldSettings, RecordTypeSettings
from tallystick.connectors.memory.table import MemoryTable
from tallystick.engine.result import FlowResult
from tallystick.errors import TallystickError
from tallystick.model.flow import Scope
from tallystick.model.link import Link
from tallystick.model.plan import Operation, Review, ReviewKind, RunKind
from tallystick.model.selection import Selection
from tallystick.model.side import SIDES, Side
from tallystick.model.value import Value
from tallystick.model.write import Outcome, Write
from tallystick.ports.store import Store
from tallystick.ports.system import System
from tallystick.runs.durable import Done
from tallystick.runs.pieces import RunPieces, Surroundings
from tallystick.runs.report import Report
from tallystick.runs.schedule import Job
from tallystick.runs.state import State
from tallystick.runs.turns import Turns
from tallystick.runs.workspace import Workspace
from tallystick.spec.reading import Loaded, loads
from tallystick.testing.clock import FixedClock, SequentialIds
from tallystick.testing.faults.fault import Layer
from tallystick.testing.store import MemoryStore

FIELDS = ("name", "phone", "city", "tag")
RECORD = "person"
FLOW = "people"
SYSTEMS = "integration: two\nsystems:\n  crm: {connector: memory, name: '${LEFT}'}\n"
SYSTEMS += "  register: {connector: memory, name: '${RIGHT}'}\n"

_worlds = itertools.count()

Wrap = Callable[[Side, System], System]


def flow(
    *more: str,
    name: str = FLOW,
    record: str = RECORD,
    fields: Sequence[str] = FIELDS,
    left: str = "",
    right: str = "",
    guards: str = "{delete: none, shrink: none}",
) -> str:
    """A flow of an integration file. `fields`: names that are alike on both sides, or whole lines in braces;
    `left`, `right`: further keys of an end; `more`: further lines of the flow.
    """
    lines = [f"      - {one if one.startswith('{') else f'{{left: {one}, right: {one}}}'}" for one in fields]
    ends = [
        f"    {side}: {{system: {system}, record: {record}{', ' + extra if extra else ''}}}"
        for side, system, extra in (("left", "crm", left), ("right", "register", right))
    ]
    parts = [
        f"  - flow: {name}",
        *ends,
        *(f"    {one}" for one in more),
        f"    guards: {guards}",
        "    fields:",
        *lines,
    ]
    return "\n".join(parts)


@cache
def loaded(*flows: str, code_sets: str = "") -> Loaded:
    text = SYSTEMS + (f"code_sets:\n{code_sets}\n" if code_sets else "") + "flows:\n" + "\n".join(flows) + "\n"
    return loads(text)


def person(name: str = RECORD, fields: Sequence[str | FieldSettings] = FIELDS, **settings: Any) -> RecordTypeSettings:
    """A record type of text fields."""
    known = tuple(one if isinstance(one, FieldSettings) else FieldSettings(name=one) for one in fields)
    return RecordTypeSettings(name=name, fields=known, **settings)


class TwoSystems:
    """The systems `left` and `right`, the hub between them, and its state; nothing of it outlives `close`."""

    def __init__(
        self,
        *flows: str,
        code_sets: str = "",
        left: Sequence[RecordTypeSettings] = (),
        right: Sequence[RecordTypeSettings] = (),
        wrap: Wrap | None = None,
        store: Store | None = None,
        batch_rows: int = 1_000,
        batch: int = 4_000,
    ) -> None:
        """`batch_rows`: records a system gives at a time; `batch`: operations a stage carries out at most."""
        self.loaded = loaded(*(flows or (flow(),)), code_sets=code_sets)
        self.clock = FixedClock()
        self.clocks = {side: FixedClock() for side in SIDES}
        self.ids = SequentialIds()
        self.memory = MemoryStore()
        self.store: Store = store or self.memory
        self.wrap: Wrap = wrap or (lambda side, system: system)
        self.batch_rows = batch_rows
        self.batch = batch
        number = next(_worlds)
        self.names = {side: f"{side.value}-{number}" for side in SIDES}
        self.worlds = {side: MemoryWorld.open(self.names[side], clock=self.clocks[side]) for side in SIDES}
        for side, types in ((Side.LEFT, left), (Side.RIGHT, right)):
            for one in types or (person(),):
                self.worlds[side].define(one)

    def __enter__(self) -> TwoSystems:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        for name in self.names.values():
            MemoryWorld.forget(name)

    # --- what the users of the systems see

    @property
    def left(self) -> MemoryTable:
        return self.table(Side.LEFT)

    @property
    def right(self) -> MemoryTable:
        return self.table(Side.RIGHT)

    def table(self, side: Side, record: str = RECORD) -> MemoryTable:
        return self.worlds[side].table(record)

    def values(self, side: Side, record: str = RECORD) -> list[dict[str, Value]]:
        """The records of one side without their ids, sorted."""
        return sorted(self.table(side, record).records().values(), key=lambda one: sorted(map(repr, one.items())))

    def partner(self, side: Side, id_: str, flow_name: str = FLOW) -> str:
        """The id on the other side."""
        (link,) = self.store.links_of(self.scope(flow_name), side, [id_])
        end = link.end(side.other)
        assert end is not None
        return end.id

    def right_of(self, left_id: str) -> dict[str, Value] | None:
        return self.right.get(self.partner(Side.LEFT, left_id))

    def left_of(self, right_id: str) -> dict[str, Value] | None:
        return self.left.get(self.partner(Side.RIGHT, right_id))

    def writes(self) -> int:
        """How many writes both systems carried out for the hub."""
        return sum((self.worlds[side].writes() for side in SIDES), Counter()).total()

    # --- the hub

    def workspace(self) -> Workspace:
        return _Workspace(self)

    def state(self) -> State:
        return _State(self)

    def sync(self, **options: Any) -> FlowResult:
        """Runs every flow; gives the result of the first. An error of a flow is raised."""
        report = self.run(**options)
        for error in report.errors.values():
            raise error
        return next(iter(report.flows.values()))

    def run(self, **options: Any) -> Report:
        self.clock.move(1.0)
        with self.workspace() as workspace:
            return workspace.sync(**options)

    def run_in_stages(self, id_: str, **options: Any) -> Report:
        """A run as a worker does it, stage by stage; under the id of one that was killed it goes on with that."""
        self.clock.move(1.0)
        report = Report(run=id_)
        with self.workspace() as workspace:
            run = workspace.begin(RunKind.SYNC, id_=id_)
            for one, leaving in workspace.order(run.id).turns(report):
                for _ in workspace.stages(run, one, report, leaving=leaving, **options):
                    self.clock.move(1.0)
            return workspace.end(run, report)

    def run_in_pieces(self, id_: str, **options: Any) -> None:
        """A run as the job runtime does it: each piece by a process of its own."""
        flows = tuple(one.name for one in self.loaded.integration.flows)
        job = Job(id=id_, integration="two", flows=flows, at_ms=0, by="ann", **options)
        around = Surroundings(
            open_workspace=lambda _: self.workspace(),
            turns=Turns(1),
            is_paused=lambda *_: False,
            ended=lambda *_: None,
            broken=_as_it_is,
        )
        done: Done | None = None
        while RunPieces(job, around).next_name(done) is not None:
            self.clock.move(1.0)
            pieces = RunPieces(job, around)
            done = pieces.do(done)
            pieces.close()

    def settle(self, most: int = 6) -> None:
        """Full runs until one writes nothing."""
        for _ in range(most):
            before = self.writes()
            self.sync(is_full=True)
            if self.writes() == before:
                return
        raise AssertionError(f"Still writing after {most} runs.")

    def scope(self, flow_name: str = FLOW) -> Scope:
        return Scope(integration="two", flow=flow_name)

    def links(self, flow_name: str = FLOW) -> list[Link]:
        return list(self.store.all_links(self.scope(flow_name)))

    def journal(self, **options: Any) -> list[Operation]:
        return self.store.journal(**{"limit": 100_000, **options})

    def reviews(self, *kinds: ReviewKind, flow_name: str = FLOW) -> list[Review]:
        return self.store.reviews(self.scope(flow_name), kinds=kinds)

    def decide(self, take: str, **options: Any) -> dict[str, Any]:
        """Answers the oldest open question."""
        return self.state().decide(self.reviews()[0].number, take, **options)


def _as_it_is(error: Exception) -> TallystickError:
    raise error


class _Workspace(Workspace):
    def __init__(self, two: TwoSystems) -> None:
        environment = {"LEFT": two.names[Side.LEFT], "RIGHT": two.names[Side.RIGHT]}
        super().__init__(
            two.loaded,
            two.store,
            folder=Path.cwd(),
            clock=two.clock,
            ids=two.ids,
            environment=environment,
            by="ann",
            batch=two.batch,
        )
        self._two = two
        self._wrapped: dict[tuple[str, Side], System] = {}

    def system(self, name: str, side: Side = Side.LEFT) -> System:
        if (name, side) not in self._wrapped:
            opened = super().system(name, side)
            opened._batch_rows = self._two.batch_rows  # type: ignore[attr-defined]
            self._wrapped[name, side] = self._two.wrap(side, opened)
        return self._wrapped[name, side]


class _State(State):
    def __init__(self, two: TwoSystems) -> None:
        super().__init__(two.store, clock=two.clock, by="ann")
        self._two = two

    def _workspace(self, run: str) -> Workspace:
        return self._two.workspace()


# --- dying at a durable point


class Killed(BaseException):
    """The process is dead."""


class Life:
    """Counts durable points; the process dies at the `dies_at`-th (from 1), and then nothing works any more."""

    def __init__(self, dies_at: int | None = None) -> None:
        self.points = 0
        self._dies_at = dies_at
        self.is_over = False

    def point(self) -> None:
        self.check()
        self.points += 1
        if self.points == self._dies_at:
            self.is_over = True
            raise Killed

    def check(self) -> None:
        if self.is_over:
            raise Killed


CHANGING = frozenset(
    [
        "save_scope",
        "replace_links",
        "park",
        "start",
        "save_run",
        "save_flow_run",
        "add_operations",
        "mark_sent",
        "commit",
        "drop_planned",
        "discard",
        "raise_reviews",
        "clear_reviews",
        "decide",
        "reopen",
    ]
)


class MortalStore:
    """Implements ports.store.Store: a point before and after each change."""

    def __init__(self, inner: Store, life: Life) -> None:
        self._inner = inner
        self._life = life

    def exclusive(self, scope: Scope) -> AbstractContextManager[None]:
        return self._inner.exclusive(scope)

    def close(self) -> None:
        pass

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._inner, name)

        def call(*arguments: Any, **named: Any) -> Any:
            if name not in CHANGING:
                self._life.check()
                return method(*arguments, **named)
            self._life.point()
            result = method(*arguments, **named)
            self._life.point()
            return result

        return call


class MortalSystem(Layer):
    """A point before and after each single write."""

    def __init__(self, inner: System, life: Life) -> None:
        super().__init__(inner)
        self._life = life

    def write(self, selection: Selection, writes: Sequence[Write]) -> Sequence[Outcome]:
        outcomes: list[Outcome] = []
        for write in writes:
            self._life.point()
            outcomes += self.inner.write(selection, [write])
            self._life.point()
        return outcomes


def killed(two: TwoSystems, dies_at: int, act: Callable[[], object]) -> bool:
    """Does `act` in a process that dies at a durable point; whether it died before it was done."""
    life = Life(dies_at)
    store, wrap = two.store, two.wrap
    two.store = MortalStore(store, life)
    two.wrap = lambda side, system: MortalSystem(wrap(side, system), life)
    try:
        act()
    except Killed:
        return True
    finally:
        two.store, two.wrap = store, wrap
    return False


def points(two: TwoSystems, act: Callable[[], object]) -> int:
    """Does `act`; how many durable points it passed."""
    life = Life()
    store, wrap = two.store, two.wrap
    two.store = MortalStore(store, life)
    two.wrap = lambda side, system: MortalSystem(wrap(side, system), life)
    try:
        act()
    finally:
        two.store, two.wrap = store, wrap
    return life.points


def now(two: TwoSystems) -> Mapping[Side, list[dict[str, Value]]]:
    return {side: two.values(side) for side in SIDES}


def batches(ids: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    for start in range(0, len(ids), size):
        yield ids[start : start + size]
