"""The hub on PostgreSQL: tests that pass on SQLite, and those of what only PostgreSQL has, run once more there."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.servers import postgres_url

pytestmark = [pytest.mark.slow, pytest.mark.postgres, pytest.mark.timeout(600)]

ROOT = Path(__file__).parents[3]


def pass_on_postgres(*suites: str) -> None:
    mine = {"TALLYSTICK_TEST_DATABASE_URL": postgres_url(), "PYTEST_ADDOPTS": "", "PYTEST_XDIST_WORKER": ""}
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", "not slow and not soak"),
            *(str(ROOT / "tests" / "server" / suite) for suite in suites),
        ],
        cwd=ROOT,
        env={**os.environ, **mine},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-6_000:] + done.stderr[-2_000:]


def test_messages_and_work_orders_hold_on_postgresql_E28_E29_E37_W2_W6_W10_S5_S6_S8() -> None:
    pass_on_postgres("messages/test_courier.py", "desk/test_requests.py", "desk/test_replying.py")


def test_searches_and_large_lists_are_the_same_on_postgresql_and_read_no_more_than_they_need() -> None:
    pass_on_postgres(
        "records/test_search.py", "records/test_large_lists.py", "ops/test_tending.py", "ops/test_repacking.py"
    )
