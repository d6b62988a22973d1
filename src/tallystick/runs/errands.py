"""What a worker does besides runs: somebody's errand, like a plan that a person wants to look at.

An errand is a job as a run is one: it waits for a worker, has its turn, and is done again from its beginning by another
process when the one that did it is killed or drained. Whoever makes the worker knows what each kind of errand is.
Source: spec/engine.md E24, E29, E32.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from tallystick.engine.result import Progress
from tallystick.ports.world import Clock
from tallystick.runs.durable import Done
from tallystick.runs.schedule import Job
from tallystick.runs.turns import Turns

ERRAND = "errand"


@dataclass(frozen=True, slots=True, kw_only=True)
class Doing:
    """What an errand is given: it calls `progress` between parts of its work, and sleeps by the clock."""

    clock: Clock
    progress: Progress  # raises Stopped when the worker is drained


class Errand(Protocol):
    def __call__(self, job: Job, doing: Doing) -> None:
        """Does the errand `job.subject` and keeps what came of it, also when that is an error. Raises Stopped alone.

        Done before, or gone since, it does nothing.
        """
        ...


class ErrandPieces:
    """Implements tallystick.runs.durable.Pieces: one piece."""

    def __init__(self, job: Job, errand: Errand, doing: Doing, turns: Turns) -> None:
        self._job = job
        self._errand = errand
        self._doing = doing
        self._turns = turns

    def next_name(self, done: Done | None) -> str | None:
        return ERRAND if done is None else None

    def do(self, done: Done | None) -> Done:
        with self._turns.turn(self._job.integration):
            self._errand(self._job, self._doing)
        return {"run": "", "status": "done", "needs_person": False, "errors": {}, "next": None}

    def close(self) -> None: ...
