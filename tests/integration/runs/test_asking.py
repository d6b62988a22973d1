"""Several workers ask for runs one after the other, so that none asks for what another has just begun."""

from __future__ import annotations

import threading

import pytest
import sqlalchemy as sa

from tallystick.runs.jobs import open_jobs
from tests.integration.runs.offices import wait_until
from tests.servers import postgres_url

pytestmark = pytest.mark.postgres


def test_workers_on_postgresql_ask_one_after_the_other_E32():
    url = postgres_url()
    one, other = open_jobs(url), open_jobs(url)
    course: list[str] = []

    def ask() -> None:
        with other.asking():
            course.append("other")

    waiting = sa.text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
    thread = threading.Thread(target=ask)
    with one.asking():
        thread.start()
        with one.engine.connect() as connection:
            wait_until(lambda: connection.execute(waiting).scalar())
        course.append("one")
    thread.join()
    assert course == ["one", "other"]
    one.close()
    other.close()


def test_lock_of_asking_is_free_after_an_error():
    jobs = open_jobs(postgres_url())
    with pytest.raises(ZeroDivisionError), jobs.asking():
        _ = 1 / 0
    with jobs.asking():
        pass
    jobs.close()
