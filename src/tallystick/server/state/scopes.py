"""Scopes: what they remember, and holding one alone."""

from __future__ import annotations

from contextlib import AbstractContextManager

from tallystick.model.flow import Scope
from tallystick.model.plan import ScopeState
from tallystick.server.state.codec import by_side, mapping, text_of
from tallystick.server.state.lock import hold
from tallystick.server.state.rows import Rows


class ScopeRows(Rows):
    def exclusive(self, scope: Scope) -> AbstractContextManager[None]:
        words = f"flow {scope.flow} of integration {scope.integration}"
        return hold(self._database, f"{words} ({scope.instance})" if scope.instance else words)

    def scope(self, scope: Scope) -> ScopeState:
        with self._database.reading() as cursor:
            cursor.execute(
                "SELECT cursors, maps, last_full_at, linked FROM state_scope "
                "WHERE integration = %s AND flow = %s AND instance = %s",
                [scope.integration, scope.flow, scope.instance],
            )
            row = cursor.fetchone()
        if row is None:
            return ScopeState()
        cursors, maps, last_full_at, linked = row
        return ScopeState(cursors=by_side(cursors), maps=mapping(maps), last_full_at=last_full_at, linked=linked)

    def save_scope(self, scope: Scope, state: ScopeState) -> None:
        with self._database.writing() as cursor:
            cursor.execute(
                "UPDATE state_scope SET cursors = %s, maps = %s, last_full_at = %s WHERE number = %s",
                [text_of(state.cursors), text_of(state.maps), state.last_full_at, self._locked(cursor, scope)],
            )
