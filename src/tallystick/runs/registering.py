"""One transaction: confirmed by the other system first, or registered at once. Source: spec/engine.md E36.

It is a run of its own, which needs not wait until a run of the flow is through: it goes between two batches of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from tallystick.engine.confirm import Transaction, resume
from tallystick.engine.pipeline import FlowSync
from tallystick.engine.proposal import Answer, Ending, Proposal, Refusal, confirmation_of
from tallystick.engine.result import FlowResult
from tallystick.errors import ConfigurationError, TallystickError
from tallystick.model.flow import Confirmation, Flow, WhenDown
from tallystick.model.plan import FlowRun, Run, RunKind, RunStatus
from tallystick.model.side import SIDES, Side
from tallystick.ports.system import System
from tallystick.runs.bounded import Bounded
from tallystick.runs.report import Report

if TYPE_CHECKING:
    from tallystick.runs.workspace import Workspace

_GOING: Final = (RunStatus.PLANNING, RunStatus.APPLYING)
PATIENCE_S: Final = 10.0
"""How long a transaction that needs no confirmation waits for its turn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """What became of a transaction, and the run that tells of it."""

    run: str
    flow: str
    side: Side
    systems: Mapping[Side, str]
    answer: Answer

    @property
    def ending(self) -> Ending:
        return self.answer.ending

    @property
    def message(self) -> str:
        return self.answer.message

    def shown(self) -> dict[str, Any]:
        """As `register --json` prints it."""
        return {
            "run": self.run,
            "flow": self.flow,
            "status": self.ending.value,
            "registered": self.answer.is_registered,
            "message": self.message,
            "record": self._record(self.side),
            "partner": self._record(self.side.other),
        }

    def _record(self, side: Side) -> dict[str, str | None]:
        return {"side": side.value, "system": self.systems[side], "id": self.answer.ids.get(side)}


def side_of(flow: Flow, place: str) -> Side:
    """The side of a flow that a system's name or `left`, `right` means. Raises ConfigurationError."""
    found = [side for side in SIDES if flow.end(side).system == place]
    if not found:
        found = [side for side in SIDES if side.value == place]
    if len(found) == 1:
        return found[0]
    if found:
        raise ConfigurationError(f"Both sides of flow {flow.name} are in {place}.", hint="Say left or right instead.")
    names = " and ".join(flow.end(side).system for side in SIDES)
    raise ConfigurationError(f"Flow {flow.name} has no system {place!r}.", hint=f"It keeps {names} in agreement.")


def register(workspace: Workspace, flow: Flow, proposal: Proposal) -> Registered:
    """Raises as `Workspace.register`."""
    if not proposal.values:
        raise ConfigurationError("No field is named that is to be registered.", hint="Name at least one.")
    confirmation = confirmation_of(flow, proposal)
    wait_s = PATIENCE_S if confirmation is None else confirmation.timeout_s
    with workspace.precedence(flow).first(wait_s):
        run = workspace.begin(RunKind.REGISTER)
        report = Report(run=run.id)
        try:
            answer = _answer(workspace, flow, proposal, confirmation, run)
        except TallystickError as error:
            report.errors[flow.name] = error
            workspace.end(run, report)
            raise
        systems = {side: flow.end(side).system for side in SIDES}
        registered = Registered(run=run.id, flow=flow.name, side=proposal.side, systems=systems, answer=answer)
        if not any(one.status in _GOING for one in workspace.store.flow_runs(run.id)):
            report.flows = workspace.report_of(run).flows
            report.extra["transaction"] = registered.shown()
            _note(report, flow, answer)
            workspace.end(run, report)
        return registered


def _note(report: Report, flow: Flow, answer: Answer) -> None:
    """What is not registered shows in the run."""
    if answer.is_registered:
        return
    result = report.flows.setdefault(flow.name, FlowResult(flow=flow.name, refused=1))
    result.status = RunStatus.PARTIAL
    result.notes.append(answer.message)


def settle_left(workspace: Workspace, flow: Flow) -> None:
    """Settles transactions that were killed or whose time ran out (E28, E29); the caller holds the scope."""
    if _left(workspace, flow) is None:
        return
    with workspace.precedence(flow).behind():
        for _ in _settled(workspace, flow, None):
            pass


def _left(workspace: Workspace, flow: Flow) -> tuple[FlowRun, Run] | None:
    unfinished = workspace.store.unfinished(workspace.scope(flow))
    earlier = workspace.store.run(unfinished.run) if unfinished is not None else None
    if unfinished is None or earlier is None or earlier.kind is not RunKind.REGISTER:
        return None
    return unfinished, earlier


def _settled(
    workspace: Workspace, flow: Flow, systems: Mapping[Side, System] | None
) -> Iterator[tuple[FlowSync, Proposal, Answer]]:
    while (left := _left(workspace, flow)) is not None:
        unfinished, earlier = left
        is_same = earlier.fingerprint == workspace.integration.fingerprint
        sync = workspace.flow_sync(flow, run=earlier.id, systems=systems, turn=nullcontext)
        found = resume(sync, unfinished, is_same_file=is_same)
        workspace.end(earlier, workspace.report_of(earlier))
        if found is not None:
            yield sync, *found


def _answer(
    workspace: Workspace, flow: Flow, proposal: Proposal, confirmation: Confirmation | None, run: Run
) -> Answer:
    if confirmation is None:
        return _at_once(workspace, flow, proposal, run)
    other = proposal.side.other
    name = flow.end(other).system
    mine = workspace.system(flow.end(proposal.side).system, proposal.side)
    bounded = Bounded(lambda: workspace.system(name, other), name=name, timeout_s=confirmation.timeout_s)
    with closing(bounded):
        systems: dict[Side, System] = {proposal.side: mine, other: bounded}
        try:
            for sync, earlier, answer in _settled(workspace, flow, systems):
                if answer.ending is Ending.CONFIRMED and Transaction(sync, proposal).proposal == earlier:
                    return answer  # asked for once more, after its time ran out: it is there already
            sync = workspace.flow_sync(flow, run=run.id, systems=systems, turn=nullcontext)
            answer = Transaction(sync, proposal).confirm()
        except Refusal as refusal:
            return _refused(proposal, str(refusal))
        except TallystickError as error:
            if not bounded.is_down:
                raise
            message = f"{name} cannot be reached, so nothing was registered. {error}"
            answer = Answer(ending=Ending.DOWN, message=message, ids={proposal.side: proposal.id})
    if answer.ending is Ending.DOWN and confirmation.when_down is WhenDown.REGISTER:
        return _at_once(workspace, flow, proposal, run)
    return answer


def _at_once(workspace: Workspace, flow: Flow, proposal: Proposal, run: Run) -> Answer:
    """Registered without the other system, which need not even be there."""
    side = proposal.side
    mine = workspace.system(flow.end(side).system, side)
    sync = workspace.flow_sync(
        flow, run=run.id, systems={side: mine, side.other: mine}, unasked=side.other, turn=nullcontext
    )
    try:
        return Transaction(sync, proposal).register()
    except Refusal as refusal:
        return _refused(proposal, str(refusal))


def _refused(proposal: Proposal, message: str) -> Answer:
    return Answer(ending=Ending.REFUSED, message=message, ids={proposal.side: proposal.id})
