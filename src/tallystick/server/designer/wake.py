"""Records of the hub changed: flows that read them run at once instead of at their next tick."""

from __future__ import annotations

import contextlib
from collections.abc import Collection

from tallystick.errors import TallystickError
from tallystick.runs.requests import Changed, tell
from tallystick.server.designer.place import state_url

RECORDS = "records"


def records_changed(record_types: Collection[str], *, run: str = "") -> None:
    """For `transaction.on_commit`: these types of the built-in records changed. `run`: the run that changed them.

    Nothing is raised: the next tick finds what was not told.
    """
    with contextlib.suppress(TallystickError):
        tell(state_url(), Changed(connector=RECORDS, records=frozenset(record_types), run=run))
