"""What a change of maintenance's records means. Whoever changes a work order, its followers are told: the message is
written in the transaction of the change (spec/work-orders.md W8, docs/adr/0014).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from django.utils.translation import gettext as _

from tallystick.server.desk import told
from tallystick.server.desk.codes import OVER
from tallystick.server.desk.models import Problem, WorkStatus
from tallystick.server.records.domain import stamped
from tallystick.server.records.domain.rules import Follow, Rules
from tallystick.server.records.domain.steps import Draft
from tallystick.server.records.domain.tables import Place
from tallystick.server.records.values import stamp

DEEPEST: Final = 20
_STAMPS: Final = {"completed_at": ("completed", "closed"), "closed_at": ("closed",)}


class WorkOrderRules(Rules):
    def derive(self, draft: Draft, place: Place) -> None:
        """Moments that follow from the status; one that is given stands."""
        if not draft.is_changed("status"):
            return
        given, after = draft.step.values, draft.after
        for name, statuses in _STAMPS.items():
            if name not in given and after["status"] not in statuses:
                after[name] = None
            elif name not in given and after[name] is None:
                after[name] = stamp(place.now)
        if after["status"] == "in_progress" and after["started_at"] is None and "started_at" not in given:
            after["started_at"] = stamp(place.now)

    def check(self, draft: Draft) -> None:
        before, after = draft.before, draft.after
        if before.get("status") in OVER and draft.is_changed("status") and not draft.step.is_return:
            draft.refuse("status", _("A closed or cancelled work order stays so; make another one."))
        for first, last in (("planned_start_at", "planned_end_at"), ("started_at", "completed_at")):
            start, end = after[first], after[last]
            if draft.is_changed(first, last) and start and end and _moment(end) < _moment(start):
                draft.refuse(last, _("It ends before it begins."))

    def prepare(self, drafts: Sequence[Draft], place: Place) -> list[Draft]:
        """A status of one's own and the product's go together."""
        ids = {draft.after["own_status"] for draft in drafts if draft.after.get("own_status")}
        rows = WorkStatus.objects.using(place.using).filter(pk__in=ids).values_list("pk", "meaning")
        means: dict[str, str] = dict(rows) if ids else {}
        for draft in drafts:
            own = draft.after.get("own_status")
            if own is None or own not in means or not draft.is_changed("status", "own_status"):
                continue
            if means[own] == draft.after["status"]:
                continue
            if draft.is_changed("status") and draft.is_changed("own_status"):
                draft.refuse("own_status", _("This status of your own means another status; choose one of the two."))
            elif draft.is_changed("status"):
                draft.after["own_status"] = None
            else:
                draft.after["status"] = means[own]
                self.derive(draft, place)
                self.check(draft)
        return []

    def follow(self, drafts: Sequence[Draft], place: Place) -> Iterable[Follow]:
        told.tell_changes([draft for draft in drafts if draft.row is not None], place)
        return ()


class TaskRules(Rules):
    def derive(self, draft: Draft, place: Place) -> None:
        stamped.TASK.derive(draft, place)

    def check(self, draft: Draft) -> None:
        for first, last in (("planned_start_at", "planned_end_at"), ("started_at", "completed_at")):
            start, end = draft.after[first], draft.after[last]
            if draft.is_changed(first, last) and start and end and _moment(end) < _moment(start):
                draft.refuse(last, _("It ends before it begins."))


class TreeRules(Rules):
    def prepare(self, drafts: Sequence[Draft], place: Place) -> list[Draft]:
        """No circles."""
        for draft in drafts:
            parent, steps = draft.after.get("parent"), 0
            while parent is not None and draft.is_changed("parent"):
                steps += 1
                if parent == draft.id or steps > DEEPEST:
                    draft.refuse("parent", _("A problem cannot belong to itself or to what belongs to it."))
                    break
                parent = (
                    Problem.objects.using(place.using).filter(pk=parent).values_list("parent_id", flat=True).first()
                )
        return []


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
