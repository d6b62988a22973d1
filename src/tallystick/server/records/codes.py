"""Code sets: the values a coded field may have, in the order people choose from, each with its title."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from django.utils.translation import gettext_lazy as _

Title = Any
"""A text, or one that is translated when it is shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeSet:
    """`titles` maps code to title; codes are lower-case English and never translated."""

    name: str
    titles: dict[str, Title]
    tones: dict[str, str]  # code -> tone of its badge: ok, info, bad; quiet where it has none

    @property
    def codes(self) -> tuple[str, ...]:
        return tuple(self.titles)

    def title(self, code: str) -> Title:
        """The title of a code; the code itself where it is none of the set."""
        return self.titles.get(code, code)

    def tone(self, code: str) -> str:
        return self.tones.get(code, "quiet")


def _set(name: str, titles: dict[str, Title], *, good: str = "", wait: str = "", bad: str = "") -> CodeSet:
    tones = {code: tone for tone, codes in (("ok", good), ("info", wait), ("bad", bad)) for code in codes.split()}
    return CodeSet(name=name, titles=titles, tones=tones)


ROLES: Final = _set("role", {"contact": _("Contact"), "consumer": _("Consumer"), "worker": _("Worker")})
SALUTATIONS: Final = _set(
    "salutation", {"mr": _("Mr"), "ms": _("Ms"), "mx": _("Mx"), "dr": _("Dr"), "prof": _("Prof.")}
)
ACCOUNT_STATUSES: Final = _set(
    "account_status",
    {"active": _("Active"), "prospect": _("Prospect"), "inactive": _("Inactive")},
    good="active",
    wait="prospect",
)
PRODUCT_KINDS: Final = _set(
    "product_kind",
    {"hardware": _("Hardware"), "software": _("Software"), "service": _("Service"), "part": _("Spare part")},
)
ASSET_STATUSES: Final = _set(
    "asset_status",
    {
        "planned": _("Planned"),
        "in_stock": _("In stock"),
        "installed": _("Installed"),
        "in_repair": _("In repair"),
        "missing": _("Missing"),
        "retired": _("Retired"),
        "disposed": _("Disposed"),
    },
    good="installed",
    wait="planned in_repair",
    bad="missing",
)
PRIORITIES: Final = _set(
    "priority",
    {"low": _("Low"), "normal": _("Normal"), "high": _("High"), "urgent": _("Urgent")},
    wait="high",
    bad="urgent",
)
CASE_KINDS: Final = _set(
    "case_kind", {"help_desk": _("Help desk"), "support": _("Support"), "hr": _("Human resources")}
)
CASE_STATUSES: Final = _set(
    "case_status",
    {
        "open": _("Open"),
        "in_progress": _("In progress"),
        "on_hold": _("On hold"),
        "resolved": _("Resolved"),
        "closed": _("Closed"),
        "cancelled": _("Cancelled"),
    },
    good="resolved closed",
    wait="open in_progress on_hold",
)
CASE_SOURCES: Final = _set(
    "case_source",
    {
        "phone": _("Telephone"),
        "email": _("Email"),
        "web": _("Web"),
        "chat": _("Chat"),
        "monitoring": _("Monitoring"),
        "other": _("Other"),
    },
)
TASK_STATUSES: Final = _set(
    "task_status",
    {
        "open": _("Open"),
        "in_progress": _("In progress"),
        "completed": _("Completed"),
        "cancelled": _("Cancelled"),
        "declined": _("Declined"),
    },
    good="completed",
    wait="open in_progress",
)
EVENT_STATUSES: Final = _set(
    "event_status",
    {"tentative": _("Tentative"), "confirmed": _("Confirmed"), "cancelled": _("Cancelled")},
    good="confirmed",
    wait="tentative",
)
SHOW_AS: Final = _set("show_as", {"busy": _("Busy"), "free": _("Free")})
LEAD_STATUSES: Final = _set(
    "lead_status",
    {
        "new": _("New"),
        "working": _("Working"),
        "qualified": _("Qualified"),
        "converted": _("Converted"),
        "disqualified": _("Disqualified"),
    },
    good="qualified converted",
    wait="new working",
)
LEAD_SOURCES: Final = _set(
    "lead_source",
    {
        "website": _("Website"),
        "referral": _("Referral"),
        "campaign": _("Campaign"),
        "service": _("Service visit"),
        "partner": _("Partner"),
        "other": _("Other"),
    },
)
STAGES: Final = _set(
    "opportunity_stage",
    {
        "prospecting": _("Prospecting"),
        "qualification": _("Qualification"),
        "proposal": _("Proposal"),
        "negotiation": _("Negotiation"),
        "won": _("Won"),
        "lost": _("Lost"),
    },
    good="won",
    wait="prospecting qualification proposal negotiation",
    bad="lost",
)
ORDER_KINDS: Final = _set(
    "service_order_kind",
    {
        "repair": _("Repair"),
        "installation": _("Installation"),
        "maintenance": _("Maintenance"),
        "inspection": _("Inspection"),
        "removal": _("Removal"),
    },
)
ORDER_STATUSES: Final = _set(
    "service_order_status",
    {
        "new": _("New"),
        "scheduled": _("Scheduled"),
        "dispatched": _("Dispatched"),
        "in_progress": _("In progress"),
        "completed": _("Completed"),
        "closed": _("Closed"),
        "cancelled": _("Cancelled"),
    },
    good="completed closed",
    wait="new scheduled dispatched in_progress",
)
TEAM_KINDS: Final = _set(
    "team_kind", {"service": _("Service"), "sales": _("Sales"), "support": _("Support"), "field": _("Field service")}
)
