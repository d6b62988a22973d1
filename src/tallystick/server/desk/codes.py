"""Code sets of maintenance. The statuses are those the product knows; others are mapped to them."""

from __future__ import annotations

from functools import cache
from typing import Final

from django.conf import settings
from django.utils import translation
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


def status_name(means: str, theirs: str) -> str:
    """What a status is called: a name of one's own as it is, a usual one in the language of whoever reads it."""
    return str(STATUSES.title(means)) if not theirs or theirs in _usual(means) else theirs


@cache
def _usual(means: str) -> frozenset[str]:
    """The title of a status in all languages of the hub: messages have it in that of whoever changed the order."""
    found = set()
    for language, _name in settings.LANGUAGES:
        with translation.override(language):
            found.add(str(STATUSES.title(means)))
    return frozenset(found)
