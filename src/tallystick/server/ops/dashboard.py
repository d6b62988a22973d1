"""Whether all is well: each integration's health, what was written lately, what went wrong, what waits.

Lag: how old what the other side knows may be, that is, how long ago the last run began that came to its end.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from tallystick.errors import TallystickError
from tallystick.model.plan import ReviewKind, RunKind, RunStatus
from tallystick.server.ops import charts
from tallystick.server.ops.documents import integration_of
from tallystick.server.ops.domain.runs import pauses
from tallystick.server.ops.run_pages import RunShown, moment_of, run_shown
from tallystick.server.ops.words import Word
from tallystick.server.state.history import RunLine, RunsWanted
from tallystick.server.state.of_hub import looking
from tallystick.server.state.pages import At
from tallystick.server.state.queue import Waiting

BUCKETS: Final = 48
BUCKET: Final = timedelta(minutes=30)
SHOWN_RUNS: Final = 8
DOTS: Final = 24
LATE: Final = 3
"""Periods without a good run after which an integration is behind."""
GOOD: Final = (RunStatus.DONE, RunStatus.PARTIAL)
MOVING: Final = (RunKind.SYNC, RunKind.APPLY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """One integration."""

    name: str
    title: str
    state: Word
    note: str
    lag: timedelta | None
    waiting: int
    linked: int
    newest: RunShown | None
    recent: tuple[RunShown, ...]  # oldest first

    @property
    def lag_text(self) -> str:
        return _duration(self.lag) if self.lag is not None else "—"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dashboard:
    health: tuple[Health, ...]
    waiting: Waiting
    linked: int
    written: int  # in the last day
    troubles: int
    late: int  # integrations that are not well
    runs: tuple[RunShown, ...]
    throughput: charts.Chart
    errors: charts.Chart
    lag: charts.Chart
    lag_unit: str
    table: tuple[tuple[str, int, int], ...]  # per two hours: when, written, troubles
    course: tuple[tuple[datetime, int, int], ...]  # per half an hour: since when, written, troubles

    @property
    def held(self) -> int:
        return self.waiting.kinds.get(ReviewKind.HELD, 0)


def dashboard(now: datetime | None = None) -> Dashboard | None:
    """None where no integration ever ran: there is nothing to show yet."""
    now = now or timezone.now()
    found = looking()
    names = found.integrations()
    if not names:
        return None
    waiting = found.waiting()
    stopped = _stopped()
    scopes = found.scopes()
    linked: dict[str, int] = defaultdict(int)
    for line in scopes:
        linked[line.scope.integration] += line.linked
    start = _floor(now) - BUCKET * (BUCKETS - 1)
    recent = found.runs_since(start.isoformat())
    by_name: dict[str, list[RunLine]] = defaultdict(list)
    for run in recent:
        by_name[run.integration].append(run)
    health = tuple(_health(name, by_name[name], waiting, linked[name], name in stopped, now) for name in names)
    written, troubles = _buckets(recent, start)
    lags = _lags(names, by_name, start, now)
    unit, unit_text = _unit(max((lag for lag in lags if lag is not None), default=0.0))
    labels = [_clock(start + BUCKET * at) for at in range(BUCKETS)]
    ticks = [(at, labels[at]) for at in range(4, BUCKETS, 10)]
    return Dashboard(
        health=tuple(sorted(health, key=lambda one: ("bad", "warn", "info", "ok", "quiet").index(one.state.tone))),
        waiting=waiting,
        linked=sum(linked.values()),
        written=sum(map(sum, written.values())),
        troubles=sum(troubles),
        late=sum(one.state.tone in ("bad", "warn") for one in health),
        runs=tuple(map(run_shown, found.runs_page(RunsWanted(), At(rows=SHOWN_RUNS)).rows)),
        throughput=charts.bars(
            labels,
            [
                charts.Series(css="one", title=_("written left"), values=written["left"]),
                charts.Series(css="two", title=_("written right"), values=written["right"]),
            ],
            ticks=ticks,
        ),
        errors=charts.bars(
            labels, [charts.Series(css="bad-fill", title=_("refused or failed"), values=troubles)], ticks=ticks
        ),
        lag=charts.line(charts.Series(css="one", title=_("lag"), values=lags), ticks=ticks, unit=unit),
        lag_unit=unit_text,
        table=tuple(
            (
                labels[at],
                sum(written[side][place] for side in written for place in range(at, at + 4)),
                sum(troubles[at : at + 4]),
            )
            for at in range(0, BUCKETS, 4)
        ),
        course=tuple(
            (start + BUCKET * at, sum(written[side][at] for side in written), troubles[at]) for at in range(BUCKETS)
        ),
    )


def _health(name: str, runs: list[RunLine], waiting: Waiting, linked: int, is_stopped: bool, now: datetime) -> Health:
    found = looking()
    newest = found.newest(name)
    good = next((run for run in runs if run.status in GOOD and run.kind in MOVING), None)
    good = good or found.newest(name, GOOD, MOVING)
    since = moment_of(good.started_at) if good else None
    lag = now - since if since else None
    integration = integration_of(found, name)
    periods = [flow.schedule_s for flow in integration.flows if flow.schedule_s] if integration else []
    last = next((run for run in (newest, *runs) if run is not None and run.kind in MOVING), None)
    state, note = _state(last, lag, min(periods, default=None), is_stopped)
    return Health(
        name=name,
        title=(integration.title if integration else "") or name,
        state=state,
        note=note,
        lag=lag,
        waiting=waiting.of(name),
        linked=linked,
        newest=run_shown(newest) if newest else None,
        recent=tuple(run_shown(run) for run in reversed(runs[:DOTS])),
    )


def _state(last: RunLine | None, lag: timedelta | None, period_s: float | None, is_stopped: bool) -> tuple[Word, str]:
    if is_stopped:
        return Word(title=_("stopped"), tone="quiet", icon="pause_circle"), _("Somebody stopped it.")
    if last is None:
        return Word(title=_("no run yet"), tone="quiet", icon="schedule"), ""
    if last.is_going:
        return Word(title=_("running"), tone="info", icon="sync"), ""
    if last.status is RunStatus.HELD:
        return Word(title=_("held"), tone="warn", icon="front_hand"), _("A guard holds it until somebody decides.")
    if last.status is RunStatus.FAILED:
        errors = run_shown(last).errors
        return Word(title=_("failing"), tone="bad", icon="error"), next(iter(errors.values()), "")
    if period_s and lag is not None and lag > timedelta(seconds=max(LATE * period_s, 60)):
        return Word(title=_("behind"), tone="bad", icon="schedule"), _("No run came to its end for a while.")
    if last.status is RunStatus.PARTIAL:
        return Word(title=_("done in part"), tone="warn", icon="rule"), _("Some records were refused or failed.")
    return Word(title=_("well"), tone="ok", icon="check_circle"), ""


def _stopped() -> set[str]:
    try:
        return {pause.integration for pause in pauses() if not pause.flow}
    except TallystickError:
        return set()


# --- over time


def _buckets(runs: list[RunLine], start: datetime) -> tuple[dict[str, list[int]], list[int]]:
    written = {"left": [0] * BUCKETS, "right": [0] * BUCKETS}
    troubles = [0] * BUCKETS
    for run in runs:
        at = _bucket(moment_of(run.finished_at or run.started_at), start)
        if at is None or run.kind is RunKind.PLAN:
            continue
        for flow in (run.result.get("flows") or {}).values():
            for side, writes in flow.get("writes", {}).items():
                written[side][at] += sum(writes.values())
            troubles[at] += sum(flow.get(name, 0) for name in ("refused", "failed")) + ("error" in flow)
    return written, troubles


def _lags(names: list[str], by_name: dict[str, list[RunLine]], start: datetime, now: datetime) -> list[float | None]:
    """Per bucket the greatest lag of all integrations at its end, in seconds; None before the first run."""
    ends = [min(start + BUCKET * (at + 1), now) for at in range(BUCKETS)]
    greatest: list[float | None] = [None] * BUCKETS
    for name in names:
        good = sorted(
            (finished, begun)
            for run in by_name[name]
            if run.status in GOOD
            and run.kind in MOVING
            and (finished := moment_of(run.finished_at)) is not None
            and (begun := moment_of(run.started_at)) is not None
        )
        place, last = 0, None
        for at, end in enumerate(ends):
            while place < len(good) and good[place][0] <= end:
                last = good[place][1]
                place += 1
            if last is not None:
                greatest[at] = max(greatest[at] or 0.0, (end - last).total_seconds())
    return greatest


def _bucket(moment: datetime | None, start: datetime) -> int | None:
    if moment is None:
        return None
    at = int((moment - start) / BUCKET)
    return at if 0 <= at < BUCKETS else None


def _floor(moment: datetime) -> datetime:
    return moment.replace(minute=moment.minute // 30 * 30, second=0, microsecond=0)


def _clock(moment: datetime) -> str:
    return date_format(timezone.localtime(moment), "H:i")


def _unit(seconds: float) -> tuple[float, str]:
    if seconds > 3 * 3_600:
        return 3_600.0, _("hours")
    return (60.0, _("minutes")) if seconds > 180 else (1.0, _("seconds"))


def _duration(span: timedelta) -> str:
    seconds = max(0, int(span.total_seconds()))
    if seconds < 120:
        return _("{count} s").format(count=seconds)
    if seconds < 7_200:
        return _("{count} min").format(count=seconds // 60)
    if seconds < 172_800:
        return _("{count} h").format(count=seconds // 3_600)
    return _("{count} days").format(count=seconds // 86_400)


def duration(span: Any) -> str:
    """A span in the unit that reads best; a dash for none."""
    return _duration(span) if isinstance(span, timedelta) else "—"
