"""Code sets of the register."""

from __future__ import annotations

from typing import Final

from django.utils.translation import gettext_lazy as _

from tallystick.server.records.codes import CodeSet

IT_HARDWARE: Final = "010"
"""Source: spec/assets.md A12."""
ASSET_TYPES: Final = CodeSet(
    name="register_asset_type",
    titles={
        "010": _("IT hardware"),
        "020": _("IT software"),
        "030": _("Equipment"),
        "040": _("Property"),
        "050": _("Fleet"),
        "060": _("Machinery"),
        "070": _("Furniture"),
        "080": _("Facility"),
        "090": _("Intangible"),
        "999": _("Other"),
    },
    tones={},
)
STATUSES: Final = CodeSet(
    name="register_status",
    titles={
        "ordered": _("Ordered"),
        "received": _("Received"),
        "in_service": _("In service"),
        "in_repair": _("In repair"),
        "lost": _("Lost"),
        "retired": _("Retired"),
        "disposed": _("Disposed"),
    },
    tones={"in_service": "ok", "ordered": "info", "received": "info", "in_repair": "info", "lost": "bad"},
)
COST_KINDS: Final = CodeSet(
    name="register_cost_kind",
    titles={
        "purchase": _("Purchase"),
        "contract": _("Contract"),
        "work": _("Work"),
        "software": _("Software"),
        "other": _("Other"),
    },
    tones={},
)
EXCEPTION_KINDS: Final = CodeSet(
    name="register_exception_kind",
    titles={
        "differs": _("Found otherwise"),
        "not_seen": _("Not seen for days"),
        "unexpected": _("Found, not in the register"),
        "not_in_use": _("Found, but not in physical use"),
    },
    tones={},
)
EXCEPTION_STATES: Final = CodeSet(
    name="register_exception_state",
    titles={
        "open": _("Open"),
        "ignored": _("Ignored"),
        "accepted": _("Accepted"),
        "requested": _("Change requested"),
        "refused": _("Change refused"),
        "cleared": _("Cleared by itself"),
    },
    tones={"open": "warn", "requested": "info", "accepted": "ok", "cleared": "ok", "refused": "bad"},
)
