"""What a process that stays does not load."""

from __future__ import annotations

import json
import subprocess
import sys

LOOK = """\
import json, sys
import tallystick.engine.pipeline
from tallystick.runs.frugal import give_back, live_long, settle
by_import = "pandas" in sys.modules
live_long()
settle()
import pyarrow as pa
from tallystick.engine.workspace import workspace
with workspace() as space:
    space.show("rows", pa.table({"a": [1, 2]}))
    count = space.number("SELECT count(*) FROM rows")
before = "pandas" in sys.modules
give_back()
try:
    import pandas
    can = True
except ModuleNotFoundError:  # it is not installed where nothing needs it
    can = None
print(json.dumps([count, by_import or before, can, pa.default_memory_pool().backend_name]))
"""


def test_arrow_and_duckdb_work_without_pandas_which_others_may_still_import():
    done = subprocess.run([sys.executable, "-c", LOOK], capture_output=True, text=True, check=True)
    count, was_loaded, can_be, pool = json.loads(done.stdout)
    assert (count, was_loaded, can_be) in ((2, False, True), (2, False, None))
    assert pool == "system"
