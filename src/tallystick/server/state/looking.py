"""Everything people look through, on one database."""

from __future__ import annotations

from tallystick.server.state.history import HistoryRows
from tallystick.server.state.journal import JournalRows
from tallystick.server.state.link_list import LinkListRows
from tallystick.server.state.queue import QueueRows


class Looking(QueueRows, HistoryRows, JournalRows, LinkListRows):
    """Reads only; every thread may use it."""
