"""One integration file with its systems and its state: everything the command line and the hub do with a flow.

A flow runs while its scope is held; a run killed earlier is settled and finished first. Flows go in the order in which
they refer to each other, each with its own outcome. Source: spec/engine.md E26, E29, E32; spec/interface.md.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol

from msgspec.structs import replace

from tallystick.connectors.http.budget import turns_kept_by
from tallystick.engine.apply import BATCH, NOTHING_LEFT, Leaving
from tallystick.engine.explain import Explainer
from tallystick.engine.guards import Approval
from tallystick.engine.pipeline import FlowSync
from tallystick.engine.proposal import Proposal
from tallystick.engine.result import FlowResult, Progress
from tallystick.errors import ConfigurationError, PlanRefused, RecordTypeGone, TallystickError, UnknownRecordType
from tallystick.model.flow import Flow, Integration, Scope
from tallystick.model.plan import FlowRun, Run, RunKind, RunStatus
from tallystick.model.schema import Description
from tallystick.model.side import SIDES, Side
from tallystick.model.value import Value
from tallystick.ports.store import Store
from tallystick.ports.system import System
from tallystick.ports.world import Clock, Ids, Secrets
from tallystick.runs import registering, undoing
from tallystick.runs.collecting import rare_collections
from tallystick.runs.frugal import leave_pandas_out
from tallystick.runs.links import rebuilt
from tallystick.runs.order import UNFINISHED, Order
from tallystick.runs.precedence import Precedence
from tallystick.runs.registering import Registered
from tallystick.runs.report import Report
from tallystick.runs.systems import FileSystems, Systems
from tallystick.runs.world import SystemClock, TimeIds
from tallystick.spec.reading import Loaded, load, loads


class OpenStore(Protocol):
    """`tallystick.server.state.store.open_store`, handed in because runs knows no server."""

    def __call__(self, url: str, *, clock: Clock) -> Store: ...


def database_url(file: Path | None, environment: Mapping[str, str] = os.environ) -> str:
    """Where the state lives: TALLYSTICK_DATABASE_URL, else `tallystick.db` beside the integration file."""
    given = environment.get("TALLYSTICK_DATABASE_URL")
    if given:
        return given
    folder = file.resolve().parent if file is not None else Path.cwd()
    return f"sqlite:///{folder / 'tallystick.db'}"


class Workspace:
    """One integration file, its state and its open systems. A context manager."""

    def __init__(
        self,
        loaded: Loaded,
        store: Store,
        *,
        folder: Path,
        clock: Clock | None = None,
        ids: Ids | None = None,
        secrets: Secrets | None = None,
        environment: Mapping[str, str] = os.environ,
        systems: Systems | None = None,
        by: str = "",
        progress: Progress = lambda what, count: None,
        batch: int = BATCH,
    ) -> None:
        """`folder`: relative paths in the settings of systems resolve against it. The workspace closes `store`.

        `systems`: how systems are opened where not by the settings in the file. `batch`: how many operations a stage
        of a flow carries out at most.
        """
        leave_pandas_out()
        self.loaded = loaded
        self.store = store
        self.clock = clock or SystemClock()
        self.ids = ids or TimeIds()
        self._opener = systems or FileSystems(folder, environment=environment, secrets=secrets)
        self._by = by
        self.progress = progress
        self._batch = batch
        self._open = ExitStack()
        self._open.enter_context(turns_kept_by(store))
        self._systems: dict[tuple[str, Side], System] = {}

    @classmethod
    def open(
        cls, file: Path, *, open_store: OpenStore, by: str = "", progress: Progress = lambda what, count: None
    ) -> Workspace:
        """Raises DocumentErrors, StateUnusable, StateTooNew, Unreachable."""
        loaded = load(file)
        clock = SystemClock()
        store = open_store(database_url(file), clock=clock)
        return cls(loaded, store, folder=file.resolve().parent, clock=clock, by=by, progress=progress)

    @classmethod
    def of_run(cls, run: Run, store: Store, *, by: str = "") -> Workspace:
        """The workspace an earlier run had: its file as it is now, or its text where the file is gone."""
        file = Path(run.file) if run.file else None
        if file is not None and file.exists():
            return cls(load(file), store, folder=file.parent, by=by)
        return cls(loads(run.document), store, folder=file.parent if file is not None else Path.cwd(), by=by)

    def __enter__(self) -> Workspace:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._open.close()
        self._systems.clear()
        self.store.close()

    @property
    def integration(self) -> Integration:
        return self.loaded.integration

    # --- systems

    def system(self, name: str, side: Side = Side.LEFT) -> System:
        """An open connection to the system `name`; each side has its own, even to one system."""
        if (name, side) not in self._systems:
            settings = self.integration.systems.get(name)
            if settings is None:
                known = ", ".join(sorted(self.integration.systems))
                raise ConfigurationError(
                    f"There is no system {name!r} in this integration.", hint=f"There are: {known}."
                )
            opened = self._opener.open(name, settings, source=self.loaded.source, clock=self.clock, ids=self.ids)
            self._open.callback(opened.close)
            self._systems[name, side] = opened
        return self._systems[name, side]

    def describe(self, system: str) -> Description:
        return self.system(system).describe()

    def check(self) -> list[str]:
        """Connects to everything the flows need; a sentence per system and flow. Raises the first fault."""
        found: list[str] = []
        for name in self.integration.systems:
            description = self.describe(name)
            count = len(description.record_types)
            many = "1 record type" if count == 1 else f"{count:,} record types"
            found.append(f"System {name}: reached ({description.product or description.connector}), {many}.")
        for flow in self.integration.flows:
            self.flow_sync(flow, run="")
            found.append(f"Flow {flow.name}: tables and fields are there.")
        return found

    # --- runs

    def flow_sync(
        self, flow: Flow, *, run: str, systems: Mapping[Side, System] | None = None, **options: Any
    ) -> FlowSync:
        """`systems`: those to work with, where not the workspace's own."""
        if flow.synchronous:  # a transaction somebody waits for goes between two batches
            options.setdefault("turn", self.precedence(flow).behind)
        return FlowSync(
            flow,
            self.scope(flow),
            run,
            self.store,
            systems or {side: self.system(flow.end(side).system, side) for side in SIDES},
            self.clock,
            folder=Path(tempfile.gettempdir()),
            progress=self.progress,
            batch=self._batch,
            **options,
        )

    def precedence(self, flow: Flow) -> Precedence:
        return Precedence(self.store, self.scope(flow), self.clock)

    def scope(self, flow: Flow) -> Scope:
        return Scope(integration=self.integration.name, flow=flow.name)

    def chosen(self, names: Sequence[str]) -> list[Flow]:
        """The flows of these names, or all, in the order they run. Raises ConfigurationError for an unknown one."""
        known = {flow.name for flow in self.integration.flows}
        for name in names:
            if name not in known:
                raise ConfigurationError(f"There is no flow {name!r}.", hint=f"There are: {', '.join(sorted(known))}.")
        return [flow for flow in self.integration.flows if not names or flow.name in names]

    def begin(self, kind: RunKind, *, of: str = "", id_: str | None = None) -> Run:
        """Writes down that a run begins. With `id_` it is begun under that id, however often."""
        run = Run(
            id=id_ or self.ids.new(),
            kind=kind,
            integration=self.integration.name,
            file=str(self.loaded.path.resolve()) if self.loaded.path is not None else "",
            document=self.loaded.text,
            fingerprint=self.integration.fingerprint,
            status=RunStatus.APPLYING,
            by=self._by,
            started_at=self.clock.now().isoformat(),
            of=of,
        )
        self.store.start(run)
        return run

    def end(self, run: Run, report: Report) -> Report:
        status = RunStatus.PLANNED if run.kind is RunKind.PLAN else RunStatus(report.status)
        finished = self.clock.now().isoformat()
        self.store.save_run(replace(run, status=status, finished_at=finished, result=report.shown()))
        return report

    def sync(self, flows: Sequence[str] = (), *, is_full: bool = False, approval: Approval = False) -> Report:
        """Plans and applies each flow; held by guards unless approved."""
        self.chosen(flows)  # raises before anything is begun
        run = self.begin(RunKind.SYNC)
        report = Report(run=run.id)
        with rare_collections():
            for flow, leaving in self.order(run.id, flows).turns(report):
                for _ in self.stages(run, flow, report, is_full=is_full, approval=approval, leaving=leaving):
                    pass
        return self.end(run, report)

    def order(self, run: str, names: Sequence[str] = ()) -> Order:
        """The flows of these names, or all, as they have their turns in a run. Raises as `chosen`."""
        return Order(self.chosen(names), run, self.store, self.scope)

    def stages(
        self,
        run: Run,
        flow: Flow,
        report: Report,
        *,
        is_full: bool = False,
        approval: Approval = False,
        leaving: Leaving = NOTHING_LEFT,
    ) -> Iterator[int]:
        """Plans and applies one flow, stage by stage; how many operations each was. Holds the scope until closed.

        A stage is what an earlier run left, the plan, or a batch. Asked again after a kill it goes on where this run
        was; a flow it had finished is only reported. What the flow came to, or its error, goes into `report`.
        `leaving`: this is left to be done when it is asked again.
        """
        try:
            self._check_refs(report, flow, run.id)
            with self.store.exclusive(self.scope(flow)):
                yield from self._settling(flow, of_others=run.id)
                stages = self._stages(run, flow, is_full=is_full, approval=approval, leaving=leaving)
                report.flows[flow.name] = yield from stages
        except RecordTypeGone as gone:
            report.flows[flow.name] = self.paused(run, flow, gone)
        except TallystickError as error:
            report.errors[flow.name] = error

    def paused(self, run: Run, flow: Flow, gone: RecordTypeGone) -> FlowResult:
        """A flow whose record type is gone waits until it is back; the others go on (E11)."""
        result = FlowResult(flow=flow.name, status=RunStatus.PARTIAL, notes=[str(gone)])
        if all(
            one.flow != flow.name for one in self.store.flow_runs(run.id)
        ):  # else it is gone on with when it is back
            paused = FlowRun(run=run.id, flow=flow.name, status=result.status, is_full=False, counts=result.shown())
            self.store.save_flow_run(paused, self.scope(flow))
        if run.kind is RunKind.SYNC:  # when it is back, everything is compared: it may be another one
            scope = self.scope(flow)
            self.store.save_scope(scope, replace(self.store.scope(scope), last_full_at=""))
        return result

    def _stages(
        self, run: Run, flow: Flow, *, is_full: bool, approval: Approval, leaving: Leaving
    ) -> Generator[int, None, FlowResult]:
        mine = next((one for one in self.store.flow_runs(run.id) if one.flow == flow.name), None)
        if mine is not None and mine.status not in UNFINISHED:
            return FlowResult.of_shown(flow.name, mine.counts)
        is_same_file = run.fingerprint == self.integration.fingerprint
        if mine is not None and mine.status is RunStatus.APPLYING:
            sync = self.flow_sync(flow, run=run.id)
            yield from sync.resuming(mine, is_same_file=is_same_file, approval=approval, leaving=leaving)
            return sync.result
        if mine is not None:
            self.store.discard(run.id, flow.name)
        if not is_same_file:
            raise PlanRefused(
                f"The integration file was edited after the run began and before flow {flow.name} was planned.",
                hint="The next run does it by the new file.",
            )
        sync = self.flow_sync(flow, run=run.id)
        yield from sync.stages(is_full=is_full, approval=approval, leaving=leaving)
        return sync.result

    def _check_refs(self, report: Report, flow: Flow, run: str) -> None:
        if any(one.flow == flow.name for one in self.store.flow_runs(run)):
            return  # it ran, and has turns left
        broken = [name for name in flow.refs if name in report.errors and name != flow.name]
        if broken:
            raise ConfigurationError(
                f"Flow {flow.name} refers to {broken[0]}, which could not run.", hint="It runs when that one does."
            )

    def guarded(self, run: Run, report: Report, flow: Flow, work: Callable[[Flow], FlowResult]) -> None:
        """Does a flow's part of a run while holding its scope; an error of one flow does not stop the others."""
        try:
            self._check_refs(report, flow, run.id)
            with self.store.exclusive(self.scope(flow)):
                for _ in self._settling(flow, of_others=run.id):
                    pass
                report.flows[flow.name] = work(flow)
        except TallystickError as error:
            report.errors[flow.name] = error

    def settle(self, flow: Flow) -> None:
        """Finishes what a killed run of this flow left (E29); the caller holds the scope."""
        for _ in self._settling(flow):
            pass

    def _settling(self, flow: Flow, *, of_others: str = "") -> Iterator[int]:
        """The same, stage by stage; what the run `of_others` left is not touched."""
        registering.settle_left(self, flow)
        unfinished = self.store.unfinished(self.scope(flow))
        if unfinished is None or unfinished.run == of_others:
            self._end_killed(flow, but=of_others)
            return
        earlier = self.store.run(unfinished.run)
        is_same = earlier is not None and earlier.fingerprint == self.integration.fingerprint
        kind = earlier.kind if earlier is not None else RunKind.SYNC
        if kind is RunKind.UNDO and is_same and earlier is not None:
            undoing.resume(self, flow, earlier)
            return
        if kind is RunKind.REBUILD:
            rebuilt(self, flow, unfinished.run)
        else:
            yield from self.flow_sync(flow, run=unfinished.run).resuming(unfinished, is_same_file=is_same, kind=kind)
        if earlier is not None:
            self.end(earlier, self.report_of(earlier))

    def _end_killed(self, flow: Flow, *, but: str) -> None:
        """Ends runs that were killed when all that was left was to write down what they came to.

        One that is at work elsewhere, between two flows, is ended again by itself, with all that it came to.
        """
        for run in self.store.runs(self.integration.name, status=RunStatus.APPLYING):
            parts = self.store.flow_runs(run.id) if run.id != but and run.kind is not RunKind.PLAN else []
            if any(one.flow == flow.name for one in parts) and all(one.status not in UNFINISHED for one in parts):
                self.end(run, self.report_of(run))

    def report_of(self, run: Run) -> Report:
        """What the flows of a run came to, as far as they are finished."""
        finished = [one for one in self.store.flow_runs(run.id) if one.status not in UNFINISHED]
        return Report(run=run.id, flows={one.flow: FlowResult.of_shown(one.flow, one.counts) for one in finished})

    def register(self, flow: str, place: str, id_: str | None, values: Mapping[str, Value]) -> Registered:
        """Registers a change of one record: first confirmed by the other system where a field of it is synchronous.

        `place`: the system (or side) where it is to be registered; `id_`: the record there, None for a new one;
        `values`: its fields. Raises ConfigurationError when there is no such flow, place or field, ScopeBusy when
        something else is written for too long, and what the system raises where it is to be registered (E36).
        """
        (chosen,) = self.chosen([flow])
        side = registering.side_of(chosen, place)
        return registering.register(self, chosen, Proposal(side=side, id=id_, values=values))

    def undo(self, of: Run, *, approval: Approval = False) -> Report:
        """Takes a run back by compensating operations; `extra["left"]` lists what was edited since (E33)."""
        return undoing.undo(self, of, approval=approval)

    # --- why

    def why(self, system: str, record_type: str, id_: str) -> dict[str, Any]:
        """Is the record in sync, and if not, why (E35). Raises UnknownRecordType when no flow has it."""
        answers = [
            {"flow": flow.name, **Explainer(self.flow_sync(flow, run="").context).explain(side, id_).shown()}
            for flow in self.integration.flows
            for side in SIDES
            if flow.end(side).system == system and flow.end(side).selection.record == record_type
        ]
        if not answers:
            places = sorted(
                {f"{f.end(s).system} {f.end(s).selection.record}" for f in self.integration.flows for s in SIDES}
            )
            raise UnknownRecordType(
                f"No flow covers {record_type} of {system}.", hint=f"Flows cover: {', '.join(places)}."
            )
        first = answers[0]
        if len(answers) > 1:
            first = {**first, "in_sync": all(answer["in_sync"] for answer in answers), "flows": answers}
        return first
