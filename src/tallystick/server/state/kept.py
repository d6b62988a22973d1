"""The store: all tables together, and the one transaction that crosses them."""

from __future__ import annotations

from tallystick.model.flow import Scope
from tallystick.ports.store import Commit
from tallystick.server.state.links import LinkRows
from tallystick.server.state.operations import OperationRows
from tallystick.server.state.reviews import ReviewRows
from tallystick.server.state.runs import RunRows
from tallystick.server.state.scopes import ScopeRows
from tallystick.server.state.turns import TurnRows
from tallystick.server.state.unlinked import UnlinkedRows


class DatabaseStore(ScopeRows, LinkRows, UnlinkedRows, RunRows, OperationRows, ReviewRows, TurnRows):
    """Implements `tallystick.ports.store.Store` on SQLite and PostgreSQL; every thread may use it."""

    def commit(self, scope: Scope, commit: Commit) -> None:
        with self._database.writing() as cursor:
            known = self._locked(cursor, scope)
            self._keep_outcomes(cursor, commit.operations)
            self._change_links(cursor, known, commit.links, commit.removed_links)
            self._change_keys(cursor, known, commit.keys, commit.keyless)
            self._park(cursor, known, commit.parked)

    def close(self) -> None:
        self._database.close()
