"""Moments that follow from a status: when something was completed, resolved, closed."""

from __future__ import annotations

from collections.abc import Mapping

from tallystick.server.records.domain.rules import Rules
from tallystick.server.records.domain.steps import Draft
from tallystick.server.records.domain.tables import Place
from tallystick.server.records.values import stamp


class StampedRules(Rules):
    """`stamps` maps a field to the statuses that set it; another status clears it. A value that is given stands."""

    def __init__(self, stamps: Mapping[str, tuple[str, ...]]) -> None:
        self._stamps = stamps

    def derive(self, draft: Draft, place: Place) -> None:
        if not draft.is_changed("status"):
            return
        for name, statuses in self._stamps.items():
            if name in draft.step.values:
                continue
            if draft.after["status"] not in statuses:
                draft.after[name] = None
            elif draft.after[name] is None:
                draft.after[name] = stamp(place.now)


CASE = StampedRules({"resolved_at": ("resolved", "closed"), "closed_at": ("closed",)})
SERVICE_ORDER = StampedRules({"completed_at": ("completed", "closed")})
TASK = StampedRules({"completed_at": ("completed",)})
