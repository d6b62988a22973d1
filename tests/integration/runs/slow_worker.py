"""`tallystick` with systems that take their time over each write, so that a test can meet a run half-way.

python slow_worker.py SECONDS_PER_WRITE OPERATIONS_PER_BATCH ARGUMENTS...

While the file that TALLYSTICK_TEST_HOLD names is there, no write is begun.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tallystick.cli.edge import run
from tallystick.model.selection import Selection
from tallystick.model.write import Outcome, Write
from tallystick.ports.system import System
from tallystick.runs import systems, worker
from tallystick.testing.faults.fault import Layer

HOLD = os.environ.get("TALLYSTICK_TEST_HOLD", "")


class Slow(Layer):
    def __init__(self, inner: System, pause_s: float) -> None:
        super().__init__(inner)
        self._pause_s = pause_s

    def write(self, selection: Selection, writes: Sequence[Write]) -> Sequence[Outcome]:
        outcomes: list[Outcome] = []
        for one in writes:
            while HOLD and Path(HOLD).exists():
                time.sleep(0.02)
            outcomes += self.inner.write(selection, [one])
            time.sleep(self._pause_s)
        return outcomes


def main() -> int:
    pause_s, batch = float(sys.argv[1]), int(sys.argv[2])
    connect = systems.connect

    def slowly(*arguments: Any, **named: Any) -> System:
        return Slow(connect(*arguments, **named), pause_s)

    vars(systems)["connect"] = slowly
    if os.environ.get("TALLYSTICK_DATA"):  # a worker of a hub
        os.environ["DJANGO_SETTINGS_MODULE"] = "tallystick.server.settings"
        import django

        django.setup()
        from tallystick.server.connections import opening

        vars(opening)["connect"] = slowly
    vars(worker)["BATCH"] = batch
    return run(sys.argv[3:])


if __name__ == "__main__":
    sys.exit(main())
