"""Which workers are alive, so that the work of a dead one is handed on. Source: spec/engine.md E29.

On SQLite there is one worker at a time: a lock that the operating system keeps on a file proves all others dead at
once. On PostgreSQL each worker has a row with a beat that counts up. No clocks are compared: a worker is dead when
another watched its beat stand still for DEAD_AFTER_S of its own time, without a gap in the watching.
"""

from __future__ import annotations

import os
import secrets
import socket
import time
from collections.abc import Callable, Set
from typing import TYPE_CHECKING, Final, Protocol

from tallystick.errors import ScopeBusy, StateUnusable
from tallystick.runs.jobs import Jobs, told

if TYPE_CHECKING:
    import filelock

BEAT_S: Final = 3.0
DEAD_AFTER_S: Final = 15.0
"""A kill is noticed after at most DEAD_AFTER_S + 2 * BEAT_S."""


def new_executor() -> str:
    """The name of this process among all that ever work on a state."""
    return f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}"


class Roster(Protocol):
    def enter(self) -> None:
        """Raises ScopeBusy where only one may be there."""
        ...

    def living(self) -> Set[str]:
        """Says that this worker is alive, and which are as far as it can tell, itself among them."""
        ...

    def leave(self) -> None: ...


def roster_of(jobs: Jobs, executor: str) -> Roster:
    return OneAtATime(jobs, executor) if jobs.file is not None else Beating(jobs, executor)


class OneAtATime:
    """Implements Roster for SQLite."""

    def __init__(self, jobs: Jobs, executor: str) -> None:
        self._file = f"{jobs.file}.lock"
        self._executor = executor
        self._lock: filelock.BaseFileLock | None = None

    def enter(self) -> None:
        import filelock

        lock = filelock.FileLock(self._file, timeout=0, thread_local=False)
        try:
            lock.acquire()
        except filelock.Timeout:
            raise ScopeBusy(
                "Another worker is at work on this state, and SQLite takes one at a time.",
                hint="Stop it first, or keep the state in PostgreSQL (TALLYSTICK_DATABASE_URL) to have several.",
            ) from None
        except OSError as error:
            raise StateUnusable(f"No lock can be made beside the state ({self._file}): {error.strerror}.") from error
        self._lock = lock

    def living(self) -> Set[str]:
        return {self._executor}

    def leave(self) -> None:
        if self._lock is not None:
            self._lock.release()


class Beating:
    """Implements Roster for PostgreSQL."""

    def __init__(self, jobs: Jobs, executor: str, *, now: Callable[[], float] = time.monotonic) -> None:
        """`now`: seconds that never jump."""
        self._jobs = jobs
        self._executor = executor
        self._now = now
        self._seen: dict[str, tuple[int, float]] = {}  # executor -> its beat, and when it was first seen at it

    def enter(self) -> None:
        self._exchange()

    def living(self) -> Set[str]:
        """Raises Unreachable; what was watched so far is forgotten then, for nobody could beat meanwhile."""
        beats = self._exchange()
        now = self._now()
        self._seen = {
            executor: (beat, self._seen[executor][1])
            if executor in self._seen and self._seen[executor][0] == beat
            else (beat, now)
            for executor, beat in beats.items()
        }
        dead = {executor for executor, (_, since) in self._seen.items() if now - since >= DEAD_AFTER_S}
        self._strike(dead - {self._executor})
        return beats.keys() - (dead - {self._executor})

    def leave(self) -> None:
        self._strike({self._executor})

    def _exchange(self) -> dict[str, int]:
        """Beats once; every worker's beat."""
        import sqlalchemy as sa
        from sqlalchemy.dialects.postgresql import insert

        workers = self._jobs.workers
        mine = insert(workers).values(executor=self._executor, beat=1)
        mine = mine.on_conflict_do_update(index_elements=["executor"], set_={"beat": workers.c.beat + 1})
        try:
            with self._jobs.engine.begin() as connection:
                connection.execute(mine)
                rows = connection.execute(sa.select(workers.c.executor, workers.c.beat)).all()
        except sa.exc.SQLAlchemyError as error:
            self._seen.clear()
            raise told(error, None) from error
        return {row.executor: row.beat for row in rows}

    def _strike(self, executors: Set[str]) -> None:
        """Takes workers off the roster. One that lives after all comes back with its next beat."""
        import sqlalchemy as sa

        if not executors:
            return
        workers = self._jobs.workers
        try:
            with self._jobs.engine.begin() as connection:
                connection.execute(sa.delete(workers).where(workers.c.executor.in_(sorted(executors))))
        except sa.exc.SQLAlchemyError as error:
            raise told(error, None) from error
