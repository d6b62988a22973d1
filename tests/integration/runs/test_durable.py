"""The job runtime behind its door, with jobs that count."""

from __future__ import annotations

import base64
import pickle
import threading
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from tallystick.runs.durable import Durable, going
from tallystick.runs.jobs import Jobs, open_jobs
from tallystick.runs.schedule import Job
from tests.integration.runs.offices import wait_until
from tests.servers import postgres_url


class Counting:
    """Pieces that note what they did in `notes`; those of the job named `held` wait for `go` in their second piece."""

    notes: list[str]
    go: threading.Event

    def __init__(self, job):
        self._job = job

    def next_name(self, done):
        count = 0 if done is None else done["count"]
        return f"piece {count}" if count < self._job["pieces"] else None

    def do(self, done):
        count = 0 if done is None else done["count"]
        Counting.notes.append(f"{self._job['name']} {count}")
        if self._job["name"] == "held" and count == 1:
            Counting.go.wait(30)
        if self._job["name"] == "fault":
            raise ValueError("a fault of the pieces themselves")
        return {"count": count + 1}

    def close(self):
        Counting.notes.append(f"{self._job['name']} closed")


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def jobs(request, tmp_path):
    Counting.notes, Counting.go = [], threading.Event()
    url = f"sqlite:///{tmp_path / 'tallystick.db'}" if request.param == "sqlite" else postgres_url()
    opened = open_jobs(url)
    yield opened
    opened.close()


@contextmanager
def launched(jobs: Jobs, executor: str, pieces=Counting):
    durable = Durable(jobs, executor, pieces)
    durable.launch()
    try:
        yield durable
    finally:
        Counting.go.set()
        durable.stop()


def job(name: str, pieces: int = 2):
    return {"name": name, "pieces": pieces, "integration": "i", "flows": []}


def statuses(jobs: Jobs) -> sa.Table:
    return sa.Table("workflow_status", sa.MetaData(schema=jobs.schema), autoload_with=jobs.engine)


def test_jobs_are_done_once_stopped_between_pieces_and_gone_on_with_by_another(jobs, tmp_path):
    with launched(jobs, "first") as durable:
        assert durable.outcome("a") is None
        assert durable.enqueue("a", "i", job("a"))
        wait_until(lambda: bool(durable.outcome("a")))
        assert durable.outcome("a") == {"count": 2}
        assert not durable.enqueue("a", "i", job("a")), "the same job asked for twice"
        assert durable.enqueue("held", "i", job("held", 4))
        wait_until(lambda: "held 1" in Counting.notes)
        assert durable.waiting() == {"held": job("held", 4)}
        durable.hand_on({"first"})
        threading.Timer(0.3, Counting.go.set).start()
    assert Counting.notes[:3] == ["a 0", "a 1", "a closed"]
    assert Counting.notes[3:] == ["held 0", "held 1", "held closed"], "the piece at hand is finished, no other begun"

    # what came of it: JSON in every row, and a fault is no pickle either
    with launched(jobs, "second") as durable:
        durable.hand_on({"second", "first"})
        assert durable.outcome("held") == {}, "the first might still live"
        durable.hand_on({"second"})
        wait_until(lambda: bool(durable.outcome("held")))
        assert Counting.notes[6:] == ["held 2", "held 3", "held closed"]
        durable.enqueue("fault", "i", job("fault"))
        wait_until(lambda: bool(durable.outcome("fault")))
        assert durable.outcome("fault") == {"next": None, "status": "lost"}
        assert_only_json(jobs)
        assert_pickle_is_not_read(jobs, durable, tmp_path / "made by a pickle")
        assert durable.forget(datetime.now(UTC) - timedelta(days=1)) == 0
        assert durable.forget(datetime.now(UTC) + timedelta(days=1), at_a_time=2) == 4
        assert durable.outcome("a") is None


def test_what_came_of_a_piece_cannot_be_written_the_job_is_gone_on_with_once_it_can(jobs):
    """E29. The disk of the jobs is full: on SQLite a trigger refuses as it would. PostgreSQL is asked again by the
    runtime itself where its disk is full, so there the trigger stands for other refusals.
    """

    class Full(Counting):
        def do(self, done):
            made = super().do(done)
            if self._job["name"] == "full" and Counting.notes.count("full 1") == 1:
                refuse(jobs)
            return made

    with launched(jobs, "first", Full) as durable:
        durable.enqueue("full", "i", job("full", 3))
        wait_until(lambda: "full closed" in Counting.notes)
        assert durable.outcome("full") == {}, "neither done nor lost"
        allow(jobs)

        def is_done() -> bool:
            durable.hand_on({"first"})
            return bool(durable.outcome("full"))

        wait_until(is_done)
        assert durable.outcome("full") == {"count": 3}
    made = [note for note in Counting.notes if note != "full closed"]
    assert list(dict.fromkeys(made)) == ["full 0", "full 1", "full 2"]
    assert made.count("full 0") == 1, "what was written down is not made again"
    assert made.count("full 1") > 1, "what was lost is; more often where the job was handed on once more meanwhile"


def refuse(jobs: Jobs) -> None:
    """Results of pieces are refused from now on."""
    with jobs.engine.begin() as connection:
        if jobs.schema is None:
            text = "CREATE TRIGGER full BEFORE INSERT ON operation_outputs BEGIN SELECT RAISE(ABORT, 'full'); END"
            connection.execute(sa.text(text))
            return
        place = f"{jobs.schema}.operation_outputs"
        body = "BEGIN RAISE EXCEPTION 'full'; END"
        connection.execute(
            sa.text(f"CREATE FUNCTION {jobs.schema}.full_() RETURNS trigger LANGUAGE plpgsql AS $${body}$$")
        )
        call = f"FOR EACH ROW EXECUTE FUNCTION {jobs.schema}.full_()"
        connection.execute(sa.text(f"CREATE TRIGGER full_ BEFORE INSERT ON {place} {call}"))


def allow(jobs: Jobs) -> None:
    with jobs.engine.begin() as connection:
        if jobs.schema is None:
            connection.execute(sa.text("DROP TRIGGER full"))
        else:
            connection.execute(sa.text(f"DROP FUNCTION {jobs.schema}.full_() CASCADE"))


def assert_only_json(jobs: Jobs) -> None:
    with jobs.engine.connect() as connection:
        rows = connection.execute(sa.select(statuses(jobs).c.serialization)).scalars().all()
    assert set(rows) == {"tallystick_json"}


class Bomb:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return (Path.touch, (self.path,))


def assert_pickle_is_not_read(jobs: Jobs, durable: Durable, trace: Path) -> None:
    """Whoever can write the tables cannot have anything run."""
    table = statuses(jobs)
    text = base64.b64encode(pickle.dumps({"args": (Bomb(trace),), "kwargs": {}})).decode()
    pickle.loads(base64.b64decode(text))
    assert trace.exists()
    trace.unlink()
    with jobs.engine.begin() as connection:
        row = dict(connection.execute(sa.select(table).where(table.c.workflow_uuid == "a")).mappings().one())
        row |= {"workflow_uuid": "bomb", "status": "ENQUEUED", "serialization": "py_pickle", "inputs": text}
        row |= {"output": None, "executor_id": None, "owner_xid": None, "started_at_epoch_ms": None}
        row |= {"completed_at": None} if "completed_at" in row else {}
        connection.execute(sa.insert(table).values(row))
    wait_until(lambda: bool(durable.outcome("bomb")))
    assert durable.outcome("bomb") == {"next": None, "status": "lost"}
    assert not trace.exists()


class Held(Counting):
    """A job as the worker knows it, held in its second piece."""

    def __init__(self, job):
        super().__init__({"name": "held", "pieces": 2})


def test_jobs_under_way_are_seen_by_a_process_without_a_runtime(jobs):
    assert going(jobs) == []  # no worker ever ran here
    asked = Job(id="a", integration="firm", flows=("people",), at_ms=0, by="Ada")
    with launched(jobs, "first", Held) as durable:
        durable.enqueue("a", "firm", asked.shown())
        wait_until(lambda: "held 0" in Counting.notes)
        assert going(jobs) == [asked]
        Counting.go.set()
        wait_until(lambda: bool(durable.outcome("a")))
        assert going(jobs) == []
