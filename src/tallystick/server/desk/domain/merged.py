"""Two cases become one: work orders, messages, notices, emails and files go with them, and back when it is taken back.

What both have (the same work order, the same file) stays with the one that goes: it is there already.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from tallystick.errors import InputRefused
from tallystick.server.desk.models import (
    Attachment,
    CaseOrder,
    Email,
    Follower,
    MovedRow,
    Notice,
    OrderNote,
    Question,
    Satisfaction,
)
from tallystick.server.messages.models import Letter, Transaction
from tallystick.server.records.domain import kept_beside

_OF_CASES: Final[Mapping[Any, str]] = {
    CaseOrder: "case_id",
    Notice: "case_id",
    Satisfaction: "case_id",
    Email: "case_id",
    Attachment: "record",
    Transaction: "about",
    Letter: "about",
}
_OF_ORDERS: Final[Mapping[Any, str]] = {
    OrderNote: "order_id",
    Attachment: "record",
    Transaction: "about",
    Letter: "about",
}


class Rows:
    """Moves rows of these tables: model -> the column that names the record."""

    def __init__(self, columns: Mapping[Any, str]) -> None:
        self._columns = {model._meta.model_name: (model, column) for model, column in columns.items()}

    def move(self, loser: str, survivor: str, key: str) -> int:
        moved = []
        for table, (model, column) in self._columns.items():
            for row in model.objects.filter(**{column: loser}).order_by("pk").values_list("pk", flat=True):
                if self._point(model, column, row, survivor):
                    moved.append(MovedRow(key=key, loser=loser, survivor=survivor, table=table, row=str(row)))
        MovedRow.objects.bulk_create(moved)
        return len(moved)

    def take_back(self, loser: str, key: str) -> int:
        count = 0
        rows = MovedRow.objects.filter(key=key, loser=loser)
        for one in rows.order_by("pk"):
            model, column = self._columns[one.table]
            is_there = model.objects.filter(pk=one.row, **{column: one.survivor}).exists()
            count += is_there and self._point(model, column, one.row, loser)
        rows.delete()
        return count

    def _point(self, model: Any, column: str, row: object, record: str) -> bool:
        try:
            with transaction.atomic():
                return bool(model.objects.filter(pk=row).update(**{column: record}))
        except IntegrityError:
            return False


class OrderRows(Rows):
    def move(self, loser: str, survivor: str, key: str) -> int:
        """Raises InputRefused for an order that somebody is told of: to them its number is the order."""
        if Follower.objects.filter(order=loser).exists() or Question.objects.filter(order=loser).exists():
            raise InputRefused(
                _("A help desk follows the work order that would go, so it cannot be merged."),
                hint=_("Cancel it, and relate the other one to the case; nothing was changed."),
            )
        return super().move(loser, survivor, key)


def add() -> None:
    """Called once, when Django is ready."""
    kept_beside.add("case", Rows(_OF_CASES))
    kept_beside.add("work_order", OrderRows(_OF_ORDERS))
