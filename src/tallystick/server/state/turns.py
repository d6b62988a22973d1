"""Turns to ask a system, shared by all processes of one database. Source: spec/engine.md E30."""

from __future__ import annotations

from tallystick.server.state.rows import Rows


class TurnRows(Rows):
    """Implements `tallystick.ports.world.Turns`."""

    def take_turns(self, name: str, count: int, interval_s: float) -> float:
        now, later = self._bulk.now, self._bulk.later
        taken_s = count * interval_s
        with self._database.writing() as cursor:
            cursor.execute(
                f"INSERT INTO state_turns (name, next_at) VALUES (%s, {now} + %s) ON CONFLICT (name) DO UPDATE "
                f"SET next_at = {later}(state_turns.next_at, {now}) + %s RETURNING next_at - {now}",
                [name, taken_s, taken_s],
            )
            (until_after_s,) = cursor.fetchone()
        return max(0.0, float(until_after_s) - taken_s)

    def pause_turns(self, name: str, duration_s: float) -> None:
        now, later = self._bulk.now, self._bulk.later
        with self._database.writing() as cursor:
            cursor.execute(
                f"INSERT INTO state_turns (name, next_at) VALUES (%s, {now} + %s) ON CONFLICT (name) DO UPDATE "
                f"SET next_at = {later}(state_turns.next_at, {now} + %s)",
                [name, duration_s, duration_s],
            )
