"""Code sets of maintenance. The statuses are those the product knows; others are mapped to them."""

from __future__ import annotations

from typing import Final

from django.utils.translation import gettext_lazy as _

from tallystick.server.records.codes import CodeSet

STATUSES: Final = CodeSet(
    name="work_order_status",
    titles={
        "open": _("Open"),
        "scheduled": _("Scheduled"),
        "in_progress": _("In progress"),
        "on_hold": _("On hold"),
        "completed": _("Completed"),
        "closed": _("Closed"),
        "cancelled": _("Cancelled"),
    },
    tones={
        "open": "info",
        "scheduled": "info",
        "in_progress": "info",
        "on_hold": "warn",
        "completed": "ok",
        "closed": "ok",
    },
)
OVER: Final = ("closed", "cancelled")
"""An order of these does not change any more."""
DONE: Final = ("completed", "closed", "cancelled")
