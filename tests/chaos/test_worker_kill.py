"""SIGKILL of a worker in the middle of a run. Source: spec/engine.md E29; scenario S17."""

from __future__ import annotations

import os

import psycopg
import pytest

from tallystick.model.plan import OperationState, RunStatus
from tallystick.model.write import Action
from tests.integration.runs.offices import BATCH, Office, kill, office, wait_until
from tests.servers import postgres_url

pytestmark = pytest.mark.slow

PEOPLE = 60


def is_half_way(firm: Office) -> bool:
    """In the second batch, whatever of it is done."""
    return len(firm.mails()) > BATCH + BATCH // 2


def assert_done_once(firm: Office) -> None:
    """The end state equals the uninterrupted run's, creations exactly once, in one run."""
    assert sorted(firm.mails()) == sorted(f"p{number}@example.org" for number in range(PEOPLE))
    (run,) = firm.runs()
    assert (run.status, run.result["flows"]["people"]["writes"]["right"]["create"]) == (RunStatus.DONE, PEOPLE)
    creates = [one for one in firm.journal() if one.action is Action.CREATE]
    assert [one.state for one in creates] == [OperationState.DONE] * PEOPLE


def test_killed_worker_started_again_resumes_the_same_run_E29_S17(tmp_path):
    with office(tmp_path) as firm:
        firm.furnish(PEOPLE)
        first = firm.start()
        wait_until(lambda: is_half_way(firm))
        kill(first)
        assert len(firm.mails()) < PEOPLE
        (run,) = firm.runs()
        assert run.status is RunStatus.APPLYING
        done = firm("worker", firm.file, "--once", "--json")
        assert done.returncode == 0, done.stdout
        assert_done_once(firm)
        assert [one.id for one in firm.runs()] == [run.id]
        again = firm("sync", firm.file, "--json")
        assert '"create": 1' not in again.stdout
        assert len(firm.mails()) == PEOPLE


@pytest.mark.postgres
def test_work_of_a_killed_worker_is_taken_over_by_another_within_30_s_E29(tmp_path):
    with office(tmp_path, state_url=postgres_url()) as firm:
        firm.furnish(PEOPLE)
        workers = {worker.pid: worker for worker in (firm.start(), firm.start())}
        wait_until(lambda: bool(firm.events("started", 0) and firm.events("started", 1)))
        wait_until(lambda: is_half_way(firm))
        with psycopg.connect(firm.url) as connection:
            (executor,) = connection.execute(
                "SELECT executor_id FROM tallystick_jobs.workflow_status WHERE status = 'PENDING'"
            ).fetchone()
        kill(workers.pop(int(executor.split("-")[-2])))
        assert len(firm.mails()) < PEOPLE
        wait_until(lambda: firm.runs()[0].status is RunStatus.DONE, most_s=90.0, what="Nobody took over.")
        assert_done_once(firm)
        (other,) = workers.values()
        assert os.waitpid(other.pid, os.WNOHANG) == (0, 0)
