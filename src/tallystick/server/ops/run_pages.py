"""What the pages about runs show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlencode

from django.http import QueryDict
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from tallystick.errors import NotFound, TallystickError
from tallystick.model.plan import OperationState, ReviewKind, RunKind, RunStatus
from tallystick.model.write import Action
from tallystick.server.ops import errands, words
from tallystick.server.ops.documents import flow_of
from tallystick.server.ops.domain.runs import pauses
from tallystick.server.ops.lines import OperationShown, names, shown, side_of
from tallystick.server.ops.models import Errand
from tallystick.server.state.history import Position, RunLine, RunsWanted
from tallystick.server.state.of_hub import looking, store
from tallystick.server.state.pages import At
from tallystick.server.state.queue import Asked, Wanted

ROWS: Final = 25
LINES: Final = 40
ASKED: Final = ("conflicts", "reviews", "rejects", "unknown")
TROUBLES: Final = ("refused", "failed", "unknown", "rejects", "conflicts", "reviews")


@dataclass(frozen=True, slots=True, kw_only=True)
class RunShown:
    """A run in a list. `written`: records per side; `troubles`: name -> how many, those that are not 0."""

    line: RunLine
    status: words.Word
    kind: Any
    flows: tuple[str, ...]
    written: Mapping[str, int]
    troubles: Mapping[str, int]
    took: timedelta | None
    errors: Mapping[str, str]  # flow -> why it could not run

    @property
    def total(self) -> int:
        return sum(self.written.values())


def run_shown(line: RunLine) -> RunShown:
    flows: Mapping[str, Any] = line.result.get("flows") or {}
    written = {"left": 0, "right": 0}
    troubles = dict.fromkeys(TROUBLES, 0)
    errors: dict[str, str] = {}
    for name, flow in flows.items():
        for side, writes in flow.get("writes", {}).items():
            written[side] += sum(writes.values())
        for trouble in TROUBLES:
            troubles[trouble] += flow.get(trouble, 0)
        if "error" in flow:
            errors[name] = flow["error"].get("message", "")
    return RunShown(
        line=line,
        status=words.STATUSES[line.status],
        kind=words.KINDS[line.kind],
        flows=tuple(flows),
        written=written,
        troubles={str(words.COUNTS[name]): count for name, count in troubles.items() if count},
        took=took(line),
        errors=errors,
    )


def took(line: RunLine) -> timedelta | None:
    started, finished = moment_of(line.started_at), moment_of(line.finished_at)
    return finished - started if started and finished else None


def moment_of(text: str) -> datetime | None:
    return parse_datetime(text) if text else None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunList:
    runs: tuple[RunShown, ...]
    next: str
    previous: str
    has_any: bool


def run_list(query: QueryDict) -> RunList:
    wanted = RunsWanted(
        integration=query.get("integration", ""),
        kind=RunKind(query.get("kind", "")) if query.get("kind", "") in set(RunKind) else None,
        status=RunStatus(query.get("status", "")) if query.get("status", "") in set(RunStatus) else None,
        by=query.get("by", ""),
    )
    at = At(after=number_of(query, "after"), before=number_of(query, "before"), rows=ROWS)
    page = looking().runs_page(wanted, at)
    return RunList(
        runs=tuple(map(run_shown, page.rows)),
        next=turned(query, "after", page.after),
        previous=turned(query, "before", page.before),
        has_any=bool(page.rows) or wanted != RunsWanted() or at.after is not None,
    )


# --- one run


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """One of the numbers a flow came to. `is_asked`: the queue has them."""

    title: Any
    amount: int
    is_asked: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowShown:
    """One flow's part of a run. `remaining`: at the rate of the last operations; None where nobody can say."""

    position: Position
    status: words.Word
    rate: float | None = None  # operations a second
    remaining: timedelta | None = None
    counts: tuple[Count, ...] = ()
    read: Mapping[str, int] | None = None

    @property
    def is_planning(self) -> bool:
        return self.position.status is RunStatus.PLANNING

    @property
    def is_going(self) -> bool:
        return self.position.status in (RunStatus.PLANNING, RunStatus.APPLYING)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunDetail:
    run: RunShown
    flows: tuple[FlowShown, ...]
    is_stopped: bool  # people stopped the integration
    since: timedelta | None
    usually: timedelta | None  # what the last good run took
    undone_by: tuple[RunShown, ...]
    held: tuple[Asked, ...]
    errand: Errand | None

    @property
    def can_undo(self) -> bool:
        line = self.run.line
        is_over = not line.is_going and line.status is not RunStatus.HELD
        is_undone = any(
            one.line.kind is RunKind.UNDO and one.line.status is not RunStatus.HELD for one in self.undone_by
        )
        return is_over and not is_undone and line.kind not in (RunKind.PLAN, RunKind.REBUILD) and self.run.total > 0


def run_detail(run: str) -> RunDetail:
    """Raises NotFound. Eight statements at most, and some twenty more for each flow that is under way."""
    found = looking()
    line = found.run_line(run)
    if line is None:
        raise NotFound(f"There is no run {run}.", hint="The list of runs shows all there were.")
    flows = tuple(map(_flow_shown, found.positions(run)))
    usually = (
        found.newest(line.integration, (RunStatus.DONE, RunStatus.PARTIAL), (line.kind,)) if line.is_going else None
    )
    started = moment_of(line.started_at)
    return RunDetail(
        run=run_shown(line),
        flows=flows,
        is_stopped=line.is_going and _is_stopped(line.integration),
        since=timezone.now() - started if started else None,
        usually=took(usually) if usually else None,
        undone_by=tuple(map(run_shown, found.undone_by(run))),
        held=_held(line) if line.status is RunStatus.HELD else (),
        errand=errands.going([subject(run)]).get(subject(run)) or _last_errand(run),
    )


def _flow_shown(position: Position) -> FlowShown:
    rate: float | None = None
    remaining: timedelta | None = None
    first, last = moment_of(position.first_at), moment_of(position.last_at)
    if position.status is RunStatus.APPLYING and first and last and last > first:
        rate = position.timed / (last - first).total_seconds()
        remaining = timedelta(seconds=round((position.total - position.done) / rate))
    read = position.counts.get("read") or {}
    writes = position.counts.get("writes") or {}
    counts = [
        Count(title=words.WRITTEN.get((action, side), f"{action} {side}"), amount=amount)
        for side, actions in writes.items()
        for action, amount in actions.items()
        if amount
    ]
    counts += [
        Count(title=title, amount=amount, is_asked=name in ASKED)
        for name, title in words.COUNTS.items()
        if (amount := position.counts.get(name))
    ]
    return FlowShown(
        position=position,
        status=words.STATUSES[position.status],
        rate=rate,
        remaining=remaining,
        counts=tuple(counts),
        read={side: read.get(side, 0) for side in ("left", "right")} if read else None,
    )


def _is_stopped(integration: str) -> bool:
    try:
        return any(pause.integration == integration for pause in pauses())
    except TallystickError:  # the database of jobs is away: pages about runs are not
        return False


def _held(line: RunLine) -> tuple[Asked, ...]:
    wanted = Wanted(kinds=(ReviewKind.HELD,), integration=line.integration)
    return tuple(one for one in looking().questions(wanted, At(rows=100)).rows if one.review.run == line.run)


def _last_errand(run: str) -> Errand | None:
    recent = timezone.now() - timedelta(minutes=10)
    found = Errand.objects.filter(subject=subject(run), asked_at__gte=recent).order_by("-pk").first()
    return errands.settle(found) if found is not None else None


def subject(run: str) -> str:
    """What errands about the run are called."""
    return f"run {run}"


# --- its operations


@dataclass(frozen=True, slots=True, kw_only=True)
class LinesShown:
    """`more` is the query to go on with; `is_empty_stretch`: nothing fits so far, but there is more to look at."""

    lines: tuple[OperationShown, ...]
    more: str
    searched: int
    is_first: bool

    @property
    def is_empty_stretch(self) -> bool:
        return not self.lines and bool(self.more)


def run_lines(line: RunLine, query: QueryDict, flows: tuple[str, ...]) -> LinesShown:
    name = query.get("flow", "") or (flows[0] if flows else "")
    after = query.get("after", "")
    found = looking().planned(
        line.run,
        name,
        action=action_of(query),
        side=side_of(query.get("side", "")),
        state=state_of(query),
        after=int(after) if after.isdecimal() and len(after) < 18 else -1,
        rows=LINES,
    )
    flow = flow_of(looking(), line.integration, name)
    kept = {key: query[key] for key in ("flow", "action", "side", "state") if query.get(key)}
    called = names(found.lines, store())
    return LinesShown(
        lines=tuple(shown(told, flow, name=called.get(told.operation.number, "")) for told in found.lines),
        more=urlencode({**kept, "after": found.after}) if found.after is not None else "",
        searched=found.searched,
        is_first=not after,
    )


def action_of(query: QueryDict) -> Action | None:
    text = query.get("action", "")
    return Action(text) if text in {one.value for one in Action} else None


def state_of(query: QueryDict) -> OperationState | None:
    text = query.get("state", "")
    return OperationState(text) if text in {one.value for one in OperationState} else None


def number_of(query: QueryDict, name: str) -> int | None:
    text = query.get(name, "")
    return int(text) if text.isdecimal() and len(text) < 18 else None


def turned(query: QueryDict, name: str, edge: int | None) -> str:
    """The query string of the page that begins there; empty where there is none."""
    if edge is None:
        return ""
    changed = query.copy()
    for other in ("after", "before"):
        changed.pop(other, None)
    changed[name] = str(edge)
    return changed.urlencode()
