"""What every part of the store needs: the database, and the number of a scope's row."""

from __future__ import annotations

from django.db.backends.utils import CursorWrapper

from tallystick.model.flow import Scope
from tallystick.server.state.database import Database


class Rows:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._bulk = database.bulk

    def _known(self, cursor: CursorWrapper, scope: Scope) -> int | None:
        """The number of the scope's row, None when nothing was ever kept for it."""
        cursor.execute(
            "SELECT number FROM state_scope WHERE integration = %s AND flow = %s AND instance = %s",
            [scope.integration, scope.flow, scope.instance],
        )
        row = cursor.fetchone()
        return row[0] if row else None

    def _locked(self, cursor: CursorWrapper, scope: Scope) -> int:
        """The number of the scope's row, made if need be; until the transaction ends nobody else changes it.

        So two commits to one scope never wait for each other in a circle.
        """
        known = [scope.integration, scope.flow, scope.instance]
        find = (
            "SELECT number FROM state_scope WHERE integration = %s AND flow = %s AND instance = %s "
            f"{self._bulk.for_update}"
        )
        cursor.execute(find, known)
        row = cursor.fetchone()
        if row is None:
            cursor.execute(
                "INSERT INTO state_scope (integration, flow, instance, cursors, maps, last_full_at, linked) "
                "VALUES (%s, %s, %s, '{}', '{}', '', 0) ON CONFLICT (integration, flow, instance) DO NOTHING",
                known,
            )
            cursor.execute(find, known)
            row = cursor.fetchone()
        number: int = row[0]
        return number
