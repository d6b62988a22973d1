"""The job runtime, DBOS, behind one small door: no other module imports it, and this one only when it is launched.

A job is a workflow, a piece of it a step: what a step returned is kept, so that a job whose process was killed goes on
after the last piece that was finished. A piece that was under way is done again, which the engine's intents make
harmless. Docs: docs/adr/0003-durable-runs.md.
"""

from __future__ import annotations

import json
import logging
import threading
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, Protocol

import structlog

from tallystick.errors import TallystickError
from tallystick.runs.jobs import Jobs, told
from tallystick.runs.schedule import Job
from tallystick.runs.turns import Stopped

if TYPE_CHECKING:
    from types import ModuleType

VERSION: Final = "engine-1"
"""Raised only together with a way to carry waiting jobs over: jobs of another version are left alone."""
QUEUE: Final = "runs"
WORKFLOW: Final = "run"
POLL_S: Final = 0.25
MOST_RUNS: Final = 64
"""Runs one process has open at a time; how many of them work is for `Turns` to say."""
MOST_OF_ONE: Final = 4
"""Of these, those of one integration."""
ATTEMPTS: Final = 50
"""How often a job is begun again before it is given up: whatever it does may be what kills the process."""
LOOKS: Final = 3
"""At so many looks in a row a job is in the hands of this process and nobody works on it: it is begun again."""
_WAITING: Final = ["ENQUEUED", "PENDING", "DELAYED"]
_HELD: Final = "PENDING"  # by an executor

log = structlog.get_logger("tallystick.worker")

Done = Mapping[str, Any]
"""What a piece came to: small, and nothing but JSON."""


class Pieces(Protocol):
    """One job, piece by piece. What is to be done next depends on nothing but what the last piece came to."""

    def next_name(self, done: Done | None) -> str | None:
        """The name of the piece after `done` (None: the first); None when all is done."""
        ...

    def do(self, done: Done | None) -> Done:
        """Does that piece. Raises Stopped to leave it to a later process, and nothing else."""
        ...

    def close(self) -> None: ...


class Durable:
    """The runtime of this process; there is one at a time."""

    def __init__(self, jobs: Jobs, executor: str, open_pieces: Callable[[dict[str, Any]], Pieces]) -> None:
        """`executor`: the name of this process; `open_pieces` is asked in the thread that does the job."""
        self._jobs = jobs
        self.executor = executor
        self._open_pieces = open_pieces
        self._is_stopping = False
        self._at_work: set[str] = set()
        self._dropped: Counter[str] = Counter()  # jobs in the hands of this process that nobody works on -> looks
        self._changed = threading.Condition()
        self._dbos: ModuleType | None = None
        self._workflow: Any = None

    # --- life

    def launch(self) -> None:
        """Starts taking jobs. Raises StateUnusable or Unreachable."""
        logging.getLogger("dbos").setLevel(logging.WARNING)
        import dbos
        import sqlalchemy as sa

        _refuse_pickles()
        config: Any = {
            "name": "tallystick",
            "system_database_engine": self._jobs.engine,
            "dbos_system_schema": self._jobs.schema or "dbos",
            "application_version": VERSION,
            "executor_id": self.executor,
            "serializer": _serializer(),
            "log_level": "WARNING",
            "notification_listener_polling_interval_sec": 1.0,
            "scheduler_polling_interval_sec": 3600.0,  # ticks come from tallystick.runs.schedule
            "use_listen_notify": False,
        }
        dbos.DBOS(config=config)

        def run(job: dict[str, Any]) -> Done | None:  # the runtime puts a mark on it: a method takes none
            return self._run(job)

        self._workflow = dbos.DBOS.workflow(name=WORKFLOW, max_recovery_attempts=ATTEMPTS)(run)
        self._dbos = dbos
        try:
            dbos.DBOS.launch()
            dbos.DBOS.register_queue(
                QUEUE,
                worker_concurrency=MOST_RUNS,
                partition_worker_concurrency=MOST_OF_ONE,
                polling_interval_sec=POLL_S,
                on_conflict="always_update",
            )
        except sa.exc.SQLAlchemyError as error:
            self._destroy()
            raise told(error, self._jobs.file) from error

    def stop(self) -> None:
        """Takes no more jobs and waits until every piece at hand is done; what is left is gone on with elsewhere."""
        logging.getLogger("dbos").setLevel(
            logging.CRITICAL
        )  # what it takes from the queue from now on, it cannot begin
        with self._changed:
            self._is_stopping = True
            self._changed.wait_for(lambda: not self._at_work)
        self._destroy()

    def _destroy(self) -> None:
        if self._dbos is not None:
            self._dbos.DBOS.destroy(destroy_registry=True)
            self._dbos = None

    # --- jobs: each raises StateUnusable or Unreachable

    def enqueue(self, id_: str, partition: str, job: Mapping[str, Any]) -> bool:
        """Asks for a job; whether it was not asked for before. Turns go round over the partitions."""
        if self.outcome(id_) is not None:
            return False
        with ExitStack() as stack:
            runtime = stack.enter_context(self._runtime())
            stack.enter_context(runtime.SetWorkflowID(id_))
            stack.enter_context(runtime.SetEnqueueOptions(queue_partition_key=partition))
            runtime.DBOS.enqueue_workflow(QUEUE, self._workflow, dict(job))
        return True

    def waiting(self) -> dict[str, dict[str, Any]]:
        """The jobs that wait or are under way in any process: id -> job."""
        with self._runtime() as runtime:
            found = runtime.DBOS.list_workflows(status=_WAITING, name=WORKFLOW, load_output=False)
        return {one.workflow_id: one.input["args"][0] for one in found if isinstance(one.input, dict)}

    def outcome(self, id_: str) -> Done | None:
        """What the last piece of the job came to; empty while it is not done; None when there is no such job."""
        with self._runtime() as runtime:
            found = runtime.DBOS.list_workflows(workflow_ids=[id_], load_input=False)
        if not found:
            return None
        (one,) = found
        if one.status in _WAITING:
            return {}
        return one.output if isinstance(one.output, dict) and one.output else {"next": None, "status": "lost"}

    def hand_on(self, living: Collection[str]) -> None:
        """Queues the jobs again that are in the hands of processes which are not among the living, and those that this
        process dropped since what came of a piece could not be written: the disk was full, or read-only.
        """
        with self._runtime() as runtime:
            held = runtime.DBOS.list_workflows(status=_HELD, name=WORKFLOW, load_input=False, load_output=False)
            gone = {one.executor_id for one in held if one.executor_id is not None} - {self.executor, *living}
            if gone:
                runtime.DBOS._recover_pending_workflows(sorted(gone))  # only what is theirs to this moment
            mine = {one.workflow_id for one in held if one.executor_id == self.executor} - self._at_work
            self._dropped = Counter({id_: self._dropped[id_] + 1 for id_ in mine})
            for id_ in [id_ for id_, looks in self._dropped.items() if looks >= LOOKS]:
                runtime.DBOS.resume_workflow(id_, queue_name=QUEUE)

    def forget(self, before: datetime, *, at_a_time: int = 500) -> int:
        """Removes jobs that were done before then; how many."""
        count = 0
        with self._runtime() as runtime:
            while found := runtime.DBOS.list_workflows(
                completed_before=before.isoformat(), limit=at_a_time, load_input=False, load_output=False
            ):
                runtime.DBOS.delete_workflows([one.workflow_id for one in found])
                count += len(found)
        return count

    # --- inside

    @contextmanager
    def _runtime(self) -> Iterator[Any]:
        import sqlalchemy as sa

        if self._dbos is None:
            raise RuntimeError("The job runtime is not launched.")
        try:
            yield self._dbos
        except sa.exc.SQLAlchemyError as error:
            raise told(error, self._jobs.file) from error

    def _run(self, job: dict[str, Any]) -> Done | None:
        """The workflow. One that cannot write what came of a piece leaves the job as it is, to be gone on with."""
        import sqlalchemy as sa

        assert self._dbos is not None  # noqa: S101  launched, or nobody would ask
        id_ = str(self._dbos.DBOS.workflow_id)
        with self._changed:
            if self._is_stopping:
                raise Stopped
            self._at_work.add(id_)
        try:
            return self._pieces(job)
        except sa.exc.SQLAlchemyError as error:
            log.error("left for later", job=id_, message=str(told(error, self._jobs.file)))
            raise Stopped from error
        finally:
            with self._changed:
                self._at_work.discard(id_)
                self._changed.notify_all()

    def _pieces(self, job: dict[str, Any]) -> Done | None:
        assert self._dbos is not None  # noqa: S101  launched, or nobody would ask
        pieces = self._open_pieces(job)
        done: Done | None = None
        try:
            while (name := pieces.next_name(done)) is not None:
                done = self._dbos.DBOS.run_step({"name": name}, self._piece, pieces, done)
            return done
        finally:
            pieces.close()

    def _piece(self, pieces: Pieces, done: Done | None) -> Done:
        if self._is_stopping:
            raise Stopped
        return pieces.do(done)


def going(jobs: Jobs) -> list[Job]:
    """The jobs that wait or are under way in any process, read without a runtime. Raises StateUnusable, Unreachable."""
    import sqlalchemy as sa

    status = sa.table(
        "workflow_status", *map(sa.column, ("workflow_uuid", "status", "name", "inputs")), schema=jobs.schema
    )
    given = sa.table("workflow_input", *map(sa.column, ("workflow_uuid", "inputs")), schema=jobs.schema)
    wanted = (
        sa.select(sa.func.coalesce(given.c.inputs, status.c.inputs))  # the latter by an earlier runtime
        .select_from(status.outerjoin(given, status.c.workflow_uuid == given.c.workflow_uuid))
        .where(status.c.status.in_(_WAITING), status.c.name == WORKFLOW)
    )
    try:
        with jobs.engine.connect() as connection:
            if not sa.inspect(connection).has_table(given.name, schema=jobs.schema):
                return []  # no worker ever ran here
            rows = connection.execute(wanted).scalars().all()
    except sa.exc.SQLAlchemyError as error:
        raise told(error, jobs.file) from error
    return [Job.of_shown(json.loads(row)["args"][0]) for row in rows if row]


class Lost(TallystickError):
    """What the runtime itself met, as far as its record says."""

    code = "job_lost"


def _serializer() -> Any:
    """JSON, for whoever can write the tables could have a pickle run anything."""
    from dbos._serialization import Serializer

    class Json(Serializer):
        def serialize(self, data: Any) -> str:
            return json.dumps(data, default=_plain, separators=(",", ":"))

        def deserialize(cls, serialized_data: str) -> Any:
            return json.loads(serialized_data, object_hook=_restored)

        def name(self) -> str:
            return "tallystick_json"

    return Json()


def _plain(value: Any) -> Any:
    if isinstance(value, Exception):
        return {"#error": type(value).__name__, "message": str(value)[:500]}
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Sequence):
        return list(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")


def _restored(value: dict[str, Any]) -> Any:
    return Lost(f"{value['#error']}: {value['message']}") if "#error" in value else value


def _refuse_pickles() -> None:
    """A row may claim to be a pickle whatever the serializer; then it is not read at all."""
    from dbos import _serialization

    def refuse(_text: str) -> Any:
        raise Lost("A row of the job tables holds a pickle, which is never read.")

    vars(_serialization.DBOSDefaultSerializer)["deserialize"] = refuse
