"""What people read about integrations, runs and plans, in their language."""

from __future__ import annotations

from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from tallystick.model.plan import RunStatus
from tallystick.server.designer.models import Integration

Text = str | Promise

_RUNS: Final[dict[str, tuple[str, Text]]] = {
    RunStatus.PLANNING: ("info", _("planning")),
    RunStatus.PLANNED: ("quiet", _("planned")),
    RunStatus.HELD: ("warn", _("held")),
    RunStatus.APPLYING: ("info", _("running")),
    RunStatus.DONE: ("ok", _("done")),
    RunStatus.PARTIAL: ("warn", _("done in part")),
    RunStatus.FAILED: ("bad", _("failed")),
}
ACTIONS: Final[dict[str, tuple[str, Text]]] = {
    "create": ("add_circle", _("create")),
    "update": ("edit", _("update")),
    "delete": ("delete", _("delete")),
}


LEARNING: Final[dict[str, Text]] = {
    "reading": _("reading both sides"),
    "learning": _("learning"),
    "trying on the answers": _("trying the answers"),
}
"""What a worker does that learns weights."""


def run_badge(status: str) -> tuple[str, Text] | None:
    """Tone and word; None before the first run."""
    return _RUNS.get(status) if status else None


def standing_badge(integration: Integration, *, is_paused: bool, error: str = "") -> tuple[str, Text]:
    """Tone and word."""
    if error:
        return "bad", _("Cannot be read")
    if not integration.is_enabled:
        return "quiet", _("Not enabled")
    if integration.is_draining:
        return "warn", _("Draining")
    if is_paused:
        return "warn", _("Paused")
    return "ok", _("Enabled")


def every(period_s: float | None) -> str:
    """`every 5 minutes` in the reader's language; empty for a flow without a schedule."""
    if period_s is None:
        return ""
    unit_s = next((unit for unit in (86_400, 3_600, 60) if period_s >= unit and period_s % unit == 0), 1)
    count = int(period_s // unit_s)
    match unit_s:
        case 86_400:
            words = ngettext("every day", "every {count} days", count)
        case 3_600:
            words = ngettext("every hour", "every {count} hours", count)
        case 60:
            words = ngettext("every minute", "every {count} minutes", count)
        case _:
            words = ngettext("every second", "every {count} seconds", count)
    return words.format(count=count)
