"""Memory while listings of different sizes are read."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.bench import worlds

FIRST_LOAD = """
import resource, sys
from pathlib import Path
from tallystick.engine import detect_many
from tallystick.runs.workspace import Workspace
from tallystick.server.state.store import open_store

detect_many.MEMORY = "24MB"
with Workspace.open(Path(sys.argv[1]), open_store=open_store) as workspace:
    report = workspace.sync(is_full=True, approval=True)
print(sum(report.flows["records"].writes[side].total() for side in report.flows["records"].writes))
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""
RECORD = 1_200
"""Bytes of the values of one record alone, as Python texts twice that."""


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_first_load_holds_a_part_of_what_it_reads_E4(tmp_path: Path) -> None:
    """A hundred thousand records more cost less than half of what their values alone would take."""
    peaks = {}
    for count in (50_000, 150_000):
        file = worlds.make_world(tmp_path / str(count), left=count, right=0)
        done = subprocess.run([sys.executable, "-c", FIRST_LOAD, str(file)], capture_output=True, text=True, check=True)
        created, peaks[count] = map(int, done.stdout.split())
        assert created == count
    assert peaks[150_000] - peaks[50_000] < 100_000 * RECORD / 2**20, f"peaks in MiB: {peaks}"
