"""A worker: it asks for the runs that are due, does them piece by piece, and takes over what dead workers left.

Source: spec/engine.md E29, E32, E39; spec/interface.md, `tallystick worker`.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import structlog

from tallystick.errors import ConfigurationError, TallystickError
from tallystick.ports.world import Ids
from tallystick.runs.durable import Done, Durable, Pieces
from tallystick.runs.errands import Doing, Errand, ErrandPieces
from tallystick.runs.feeds import Feeds
from tallystick.runs.frugal import give_back, live_long
from tallystick.runs.jobs import open_jobs
from tallystick.runs.pauses import Pause, Pauses, is_paused
from tallystick.runs.pieces import RunPieces, Surroundings
from tallystick.runs.report import Report
from tallystick.runs.requests import Changed, Requests, at_work
from tallystick.runs.roster import BEAT_S, new_executor, roster_of
from tallystick.runs.schedule import Job, asked, job_of, timers
from tallystick.runs.sources import Source
from tallystick.runs.turns import Stopped, Turns
from tallystick.runs.wakes import Wakes
from tallystick.runs.workspace import OpenStore, Workspace
from tallystick.runs.world import SystemClock, TimeIds

PLACES: Final = 4
"""Plans and batches that are worked on at the same time."""
LOOK_S: Final = 0.4
CALM_S: Final = 0.03
"""Between two looks at least: many changes in a row are looked at together."""
FORGET_EVERY_S: Final = 3_600.0
GIVE_BACK_EVERY_S: Final = 60.0
"""Memory that runs used and freed."""
BATCH: Final = 500
"""Operations of a piece: few, so that turns come round and a worker that is drained is soon done."""
KEPT: Final = timedelta(days=7)
"""How long a job that is done is remembered: at least until its timer has ticked again."""

log = structlog.get_logger("tallystick.worker")


class Worker:
    """The worker of this process. `run` or `once` is called by one thread; `drain` and `wake` may be called by any."""

    def __init__(
        self,
        source: Source,
        *,
        open_store: OpenStore,
        broken: Callable[[Exception], TallystickError],
        errands: Mapping[str, Errand] | None = None,
        ids: Ids | None = None,
        places: int = PLACES,
    ) -> None:
        """`broken` keeps a fault that nobody foresaw and words it; `errands`: what else than runs it does, by kind.

        Raises as `open_store` and `open_jobs`.
        """
        live_long()
        self._source = source
        self._errands = errands or {}
        self._open_store = open_store
        self._ids = ids or TimeIds()
        self._stopping = threading.Event()
        self._bell = threading.Event()
        self._turns = Turns(places)
        open_store(source.state_url, clock=SystemClock()).close()  # brought up to date once, and known to be usable
        self._jobs = open_jobs(source.state_url)
        executor = new_executor()
        self._roster = roster_of(self._jobs, executor)
        self._pauses_kept = Pauses(self._jobs)
        self._pauses: Mapping[str, Pause] = {}
        self._requests = Requests(self._jobs)
        self._wakes = Wakes(source)
        self._feeds = Feeds(source, self.wake, SystemClock(), self._ids)
        self._durable = Durable(self._jobs, executor, self._open)
        self._around = Surroundings(
            open_workspace=self._open_workspace,
            turns=self._turns,
            is_paused=lambda integration, flow: not self._is_free(integration, flow),
            ended=_tell,
            broken=broken,
        )
        self._ticked: dict[tuple[Any, ...], int] = {}  # timer -> its tick that was asked for or skipped
        self._skipping: set[tuple[Any, ...]] = set()  # timers whose run is still going
        self._beaten_at = self._forgot_at = self._gave_back_at = -1e9
        self._is_out_of_reach = False

    # --- life

    def run(self) -> None:
        """Works until it is drained. Raises ScopeBusy, StateUnusable or Unreachable when it cannot begin."""
        self._start()
        try:
            while not self._stopping.is_set():
                self._bell.clear()
                self._look()
                self._stopping.wait(CALM_S)
                self._bell.wait(LOOK_S)
        finally:
            self._stop()

    def once(self) -> list[Done]:
        """Does what is due now and what earlier workers left; what each run came to."""
        self._start()
        try:
            return self._once(datetime.now(UTC))
        finally:
            self._stop()

    def drain(self) -> None:
        """Lets the pieces at hand be finished and leaves the rest to be gone on with. Safe in a signal handler."""
        self._stopping.set()
        self._bell.set()

    def wake(self, changed: Changed | None = None) -> None:
        """There is something to look at: records that changed, or a run that was asked for."""
        if changed is not None:
            self._wakes.add(changed)
        self._bell.set()

    def _start(self) -> None:
        self._roster.enter()
        try:
            self._pauses = self._pauses_kept.all()
            self._durable.launch()
            self._gone = at_work(self._source.state_url, self.wake)
        except BaseException:
            self._roster.leave()
            self._jobs.close()
            raise
        log.info("started", integrations=[one.integration.name for one in self._source], worker=self._durable.executor)

    def _stop(self) -> None:
        self._stopping.set()
        self._gone()
        self._feeds.stop()
        self._turns.close()
        self._durable.stop()
        try:
            self._roster.leave()
        except TallystickError as error:  # then others find out by themselves
            log.warning("roster", message=str(error))
        self._jobs.close()
        log.info("stopped", worker=self._durable.executor)

    # --- what is due

    def ask(
        self,
        integration: str,
        flows: Collection[str] = (),
        *,
        by: str,
        is_full: bool = False,
        is_approved: bool = False,
    ) -> str:
        """Asks for a run now, of these flows or all; the id of its job. Raises ConfigurationError."""
        job = asked(
            self._source.of(integration).integration,
            flows,
            id_=self._ids.new(),
            by=by,
            is_full=is_full,
            is_approved=is_approved,
        )
        self._enqueue(job)
        return job.id

    def _look(self) -> None:
        """One round; a database that is out of reach is waited for."""
        try:
            self._read_source()
            if is_beat := time.monotonic() - self._beaten_at >= BEAT_S:
                self._beaten_at = time.monotonic()
                self._beat()
                self._feeds.look()
            with self._jobs.asking():
                self._tick(datetime.now(UTC))
                self._heed()
            if time.monotonic() - self._forgot_at >= FORGET_EVERY_S:
                self._forgot_at = time.monotonic()
                self._durable.forget(datetime.now(UTC) - self._kept())
            if time.monotonic() - self._gave_back_at >= GIVE_BACK_EVERY_S:
                self._gave_back_at = time.monotonic()
                give_back()
            if is_beat:  # the other looks may only read, which a disk that is full lets them
                self._is_out_of_reach = False
        except TallystickError as error:
            if not self._is_out_of_reach:
                log.error("out of reach", code=error.code, message=str(error))
            self._is_out_of_reach = True

    def _once(self, now: datetime) -> list[Done]:
        self._beat()
        asked: dict[str, Done] = {id_: {} for id_ in self._durable.waiting()}
        while not self._stopping.is_set():
            waiting = [id_ for id_, done in asked.items() if not done]
            if not waiting:
                new = self._tick(now, is_again=True)
                if not new:
                    break
                asked.update({id_: {} for id_ in new})
            for id_ in waiting:
                asked[id_] = self._durable.outcome(id_) or {}
            self._stopping.wait(0.1)
        return [done for done in asked.values() if done]

    def _read_source(self) -> None:
        for change in self._source.changes():
            if change.error is None:
                log.info("file", integration=change.integration, file=change.where, message="read again")
            else:
                message = f"{change.error} The file as it was before goes on."
                log.error("file", integration=change.integration, file=change.where, message=message)

    def _heed(self) -> None:
        """Asks for what people asked for and for what changed records call for, as soon as the run before has ended."""
        requests = self._requests.waiting()
        for changed in (*self._requests.changed(), *self._source.changed()):
            self._wakes.add(changed)
        if not requests and not self._wakes:
            return
        going = [Job.of_shown(job) for job in self._durable.waiting().values()]
        busy = {(job.integration, flow) for job in going for flow in job.flows}
        for job in requests:
            if not busy & {(job.integration, flow) for flow in job.flows}:
                self._enqueue(job)
                self._requests.taken(job)
                busy |= {(job.integration, flow) for flow in job.flows}
        for integration, flows, by in self._wakes.due(going, busy, is_free=self._is_free):
            self._enqueue(asked(integration, flows, id_=self._ids.new(), by=by))

    def _beat(self) -> None:
        """Says that this worker is alive, takes over from dead ones, and looks what people paused."""
        self._durable.hand_on(self._roster.living())
        before, self._pauses = self._pauses, self._pauses_kept.all()
        for token in before.keys() - self._pauses.keys():
            self._resume(before[token])

    def _resume(self, pause: Pause) -> None:
        """What was paused goes on at once, not only at its next tick."""
        for loaded in self._source:
            for timer in timers(loaded.integration) if loaded.integration.name == pause.integration else ():
                flows = tuple(name for name in timer.flows if self._is_free(pause.integration, name))
                if flows and pause.flow in ("", *flows):
                    job = job_of(timer, timer.tick_ms(datetime.now(UTC)), flows)
                    self._enqueue(job.again(f"resumed:{pause.token}"))

    def _tick(self, now: datetime, *, is_again: bool = False) -> list[str]:
        """Asks for what became due; the ids of jobs that were new. With `is_again` also what was skipped before."""
        asked: list[str] = []
        busy: set[tuple[str, str]] | None = None
        for loaded in self._source:
            for timer in timers(loaded.integration):
                tick_ms = timer.tick_ms(now)
                key = (timer.integration, timer.flows, timer.period_s)
                if self._ticked.get(key) == tick_ms and not is_again:
                    continue
                flows = tuple(name for name in timer.flows if self._is_free(timer.integration, name))
                if not flows:
                    continue
                self._ticked[key] = tick_ms
                job = job_of(timer, tick_ms, flows)
                if self._durable.outcome(job.id) is not None:
                    continue
                if busy is None:
                    busy = self._busy()
                if still := [name for name in flows if (timer.integration, name) in busy]:
                    if not is_again and key not in self._skipping:
                        message = "the run before is still going; ticks are skipped until it ends"
                        log.info("skipped", integration=timer.integration, flows=still, message=message)
                    self._skipping.add(key)
                    continue
                self._skipping.discard(key)
                if self._enqueue(job):
                    asked.append(job.id)
        return asked

    def _busy(self) -> set[tuple[str, str]]:
        """Integration and flow of every run that waits or is going, in any process."""
        return {(job["integration"], flow) for job in self._durable.waiting().values() for flow in job["flows"]}

    def _is_free(self, integration: str, flow: str) -> bool:
        return not (is_paused(self._pauses, integration, flow) or self._is_in_maintenance(integration, flow))

    def _is_in_maintenance(self, integration: str, flow: str) -> bool:
        try:
            flows = self._source.of(integration).integration.flows
        except ConfigurationError:  # it is served no longer, which whoever opens it says
            return False
        now = datetime.now(UTC)
        return any(one.name == flow and any(window.holds(now) for window in one.maintenance) for one in flows)

    def _enqueue(self, job: Job) -> bool:
        return self._durable.enqueue(job.id, job.integration, job.shown())

    def _kept(self) -> timedelta:
        longest_s = max(
            (timer.period_s for loaded in self._source for timer in timers(loaded.integration)), default=0.0
        )
        return max(KEPT, timedelta(seconds=2 * longest_s))

    # --- doing it

    def _open(self, job: dict[str, Any]) -> Pieces:
        asked = Job.of_shown(job)
        if not asked.errand:
            return RunPieces(asked, self._around)
        doing = Doing(clock=self._clock(asked), progress=self._between)
        return ErrandPieces(asked, self._errands[asked.errand], doing, self._turns)

    def _clock(self, job: Job) -> SystemClock:
        return _WorkersClock(self._stopping, self._turns, job.integration)

    def _open_workspace(self, job: Job) -> Workspace:
        clock = self._clock(job)
        loaded = self._source.of(job.integration)
        return Workspace(
            loaded,
            self._open_store(self._source.state_url, clock=clock),
            folder=Path.cwd(),
            systems=self._source.systems(job.integration),
            clock=clock,
            by=job.by,
            progress=self._progress,
            batch=BATCH,
        )

    def _progress(self, what: str, count: int) -> None:
        """Between parts of a plan, which writes nothing: a worker that is drained need not finish it."""
        if self._stopping.is_set() and what != "writing":
            raise Stopped

    def _between(self, what: str, count: int) -> None:
        """Between parts of an errand, of which each is whole."""
        if self._stopping.is_set():
            raise Stopped


class _WorkersClock(SystemClock):
    """Implements tallystick.ports.world.Clock; whoever sleeps lets others have the turn."""

    def __init__(self, stopping: threading.Event, turns: Turns, integration: str) -> None:
        self._stopping = stopping
        self._turns = turns
        self._integration = integration

    def sleep(self, duration_s: float) -> None:
        """Raises Stopped when the worker is drained: what was sent is read back by whoever goes on."""
        with self._turns.aside(self._integration):
            is_stopping = self._stopping.wait(duration_s)
        if is_stopping:
            raise Stopped


def _tell(job: Job, done: Done, report: Report | None) -> None:
    """The one line a run leaves in the log."""
    fields: dict[str, Any] = {
        "run": done["run"],
        "integration": job.integration,
        "flows": list(job.flows),
        "by": job.by,
        "status": done["status"],
    }
    if report is not None:
        shown = [result.shown() for result in report.flows.values()]
        for action in ("create", "update", "delete"):
            fields[action] = sum(flow["writes"][side][action] for flow in shown for side in ("left", "right"))
        for name in ("conflicts", "rejects", "reviews", "unknown", "failed", "held"):
            count = sum(len(flow[name]) if name == "held" else flow[name] for flow in shown)
            if count:
                fields[name] = count
        fields["seconds"] = round(sum(done.get("seconds", {}).values()), 3)
    if done["errors"]:
        fields["errors"] = {flow or "run": error["message"] for flow, error in done["errors"].items()}
    (log.error if done["status"] == "failed" else log.info)("run", **fields)
