"""Work orders and messages on PostgreSQL: the tests of the hub's other database, run once more. Rows E28, E29, E37."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.servers import postgres_url

pytestmark = [pytest.mark.slow, pytest.mark.postgres, pytest.mark.timeout(600)]

ROOT = Path(__file__).parents[3]
SUITES = ("messages/test_courier.py", "desk/test_requests.py", "desk/test_replying.py")


def test_messages_and_work_orders_hold_on_postgresql_W2_W6_W10_S5_S6_S8() -> None:
    mine = {"TALLYSTICK_TEST_DATABASE_URL": postgres_url(), "PYTEST_ADDOPTS": "", "PYTEST_XDIST_WORKER": ""}
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", "not slow and not soak"),
            *(str(ROOT / "tests" / "server" / suite) for suite in SUITES),
        ],
        cwd=ROOT,
        env={**os.environ, **mine},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-6_000:] + done.stderr[-2_000:]
