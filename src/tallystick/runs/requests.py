"""What people and systems ask of workers from outside: a run now, and a look at records that just changed.

Requests for runs stand in the database of jobs until a worker took them, so that any process may ask and none is lost.
A worker in the same process is woken at once; others look twice a second.
"""

from __future__ import annotations

import json
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final

from tallystick.runs.jobs import Jobs, job_file, open_jobs, told
from tallystick.runs.schedule import Job


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """Records of a system changed: flows that read them have something to do."""

    connector: str = ""  # "records" for the hub's own
    connection: str = ""  # of the hub, by name; empty: any system of that connector
    system: tuple[str, str] | None = None  # an integration and one system of it, where nothing more is known
    records: frozenset[str] = field(default_factory=frozenset)  # record types; none: any
    run: str = ""  # that wrote them: its own flows know already
    by: frozenset[str] = field(default_factory=frozenset)  # the people who changed them


class Requests:
    """Kept in the database of jobs. Each method raises StateUnusable or Unreachable."""

    def __init__(self, jobs: Jobs) -> None:
        self._jobs = jobs

    def ask(self, job: Job) -> None:
        import sqlalchemy as sa

        self._insert(sa.insert(self._jobs.requests).values(id=job.id, job=json.dumps(job.shown())))

    def waiting(self) -> list[Job]:
        """Those that no worker took yet, in the order they were asked for."""
        import sqlalchemy as sa

        table = self._jobs.requests
        try:
            with self._jobs.engine.connect() as connection:
                rows = connection.execute(sa.select(table.c.job)).scalars().all()
        except sa.exc.SQLAlchemyError as error:
            raise told(error, self._jobs.file) from error
        return sorted((Job.of_shown(json.loads(row)) for row in rows), key=lambda job: (job.at_ms, job.id))

    def taken(self, job: Job) -> None:
        """A worker has it in its queue."""
        import sqlalchemy as sa

        table = self._jobs.requests
        self._insert(sa.delete(table).where(table.c.id == job.id))

    def tell(self, changed: Changed) -> None:
        """For workers of other processes."""
        import sqlalchemy as sa

        row = {"token": secrets.token_hex(8), "connector": changed.connector, "run": changed.run}
        rest: dict[str, Any] = {"records": sorted(changed.records), "by": sorted(changed.by)}
        rest |= {"connection": changed.connection, "system": changed.system}
        self._insert(sa.insert(self._jobs.changes).values(records=json.dumps(rest), **row))

    def changed(self) -> list[Changed]:
        """Takes what was told, in the one worker that asks first."""
        import sqlalchemy as sa

        table = self._jobs.changes
        try:
            with self._jobs.engine.connect() as connection:
                if connection.execute(sa.select(table.c.token).limit(1)).first() is None:
                    return []
            with self._jobs.engine.begin() as connection:
                rows = connection.execute(sa.delete(table).returning(table)).mappings().all()
        except sa.exc.SQLAlchemyError as error:
            raise told(error, self._jobs.file) from error
        return [_changed(row["connector"], row["run"], json.loads(row["records"])) for row in rows]

    def _insert(self, statement: object) -> None:
        import sqlalchemy as sa

        try:
            with self._jobs.engine.begin() as connection:
                connection.execute(statement)  # type: ignore[call-overload]  # an insert or a delete
        except sa.exc.SQLAlchemyError as error:
            raise told(error, self._jobs.file) from error


def _changed(connector: str, run: str, rest: dict[str, Any]) -> Changed:
    return Changed(
        connector=connector,
        connection=rest.get("connection", ""),
        system=tuple(rest["system"]) if rest.get("system") else None,
        records=frozenset(rest["records"]),
        run=run,
        by=frozenset(rest["by"]),
    )


# --- the worker of this process

_here: Final[dict[str, Callable[[Changed | None], None]]] = {}
_guard: Final = threading.Lock()


def _key(state_url: str) -> str:
    file = job_file(state_url)
    return str(file) if file is not None else state_url


def at_work(state_url: str, wake: Callable[[Changed | None], None]) -> Callable[[], None]:
    """A worker of this state is in this process: `wake` is told what changed, or None. Returns how to take it back."""
    key = _key(state_url)
    with _guard:
        _here[key] = wake

    def gone() -> None:
        with _guard:
            if _here.get(key) is wake:
                del _here[key]

    return gone


def is_here(state_url: str) -> bool:
    """Whether a worker of this state is in this process."""
    return _key(state_url) in _here


def ask(state_url: str, job: Job) -> None:
    """Asks for a run. Raises StateUnusable or Unreachable."""
    requests_of(state_url).ask(job)
    if (wake := _here.get(_key(state_url))) is not None:
        wake(None)


def tell(state_url: str, changed: Changed) -> None:
    """Says that records changed; nobody waits for anything. Raises StateUnusable or Unreachable."""
    if (wake := _here.get(_key(state_url))) is not None:
        wake(changed)
    else:
        requests_of(state_url).tell(changed)


@lru_cache(maxsize=8)
def requests_of(state_url: str) -> Requests:
    """Of a process that asks again and again: the database of jobs stays open."""
    return Requests(open_jobs(state_url))
