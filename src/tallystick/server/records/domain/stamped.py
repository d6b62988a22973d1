"""Moments that follow from a status: when something was completed, resolved, closed."""

from __future__ import annotations

from collections.abc import Mapping

from tallystick.server.records.codes import CASE_STATUSES, ORDER_STATUSES, TASK_STATUSES, KeptSet
from tallystick.server.records.domain.rules import Rules
from tallystick.server.records.domain.steps import Draft
from tallystick.server.records.domain.tables import Place
from tallystick.server.records.values import stamp


class StampedRules(Rules):
    """`stamps` maps a field to the statuses that set it; another status clears it. A value that is given stands.

    Statuses of an administrator's own count as the delivered ones they behave like.
    """

    def __init__(self, codes: KeptSet, stamps: Mapping[str, tuple[str, ...]]) -> None:
        self._codes, self._stamps = codes, stamps

    def derive(self, draft: Draft, place: Place) -> None:
        if not draft.is_changed("status"):
            return
        status = self._codes.behaves_like(draft.after["status"] or "")
        for name, statuses in self._stamps.items():
            if name in draft.step.values:
                continue
            if status not in statuses:
                draft.after[name] = None
            elif draft.after[name] is None:
                draft.after[name] = stamp(place.now)


CASE = StampedRules(CASE_STATUSES, {"resolved_at": ("resolved", "closed"), "closed_at": ("closed",)})
SERVICE_ORDER = StampedRules(ORDER_STATUSES, {"completed_at": ("completed", "closed")})
TASK = StampedRules(TASK_STATUSES, {"completed_at": ("completed",)})
