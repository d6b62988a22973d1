"""Code sets: the values a coded field may have, in the order people choose from, each with its title.

What a hub is delivered with stands here; what its administrator made of it stands in the table of `kept_codes`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.utils.translation import gettext_lazy as _

from tallystick.server.records import kept_codes
from tallystick.server.records.kept_codes import KeptCode

Title = Any
"""A text, or one that is translated when it is shown."""
TONES: Final = ("ok", "info", "warn", "bad", "quiet")


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeSet:
    """One that nobody changes. `titles` maps code to title; codes are lower-case English and never translated."""

    name: str
    titles: dict[str, Title]
    tones: dict[str, str]  # code -> tone of its badge: ok, info, bad; quiet where it has none

    @property
    def codes(self) -> tuple[str, ...]:
        return tuple(self.titles)

    @property
    def given(self) -> dict[str, Title]:
        """Those that records may be given."""
        return self.titles

    @property
    def delivered(self) -> dict[str, Title]:
        return self.titles

    def title(self, code: str) -> Title:
        """The title of a code; the code itself where it is none of the set."""
        return self.titles.get(code, code)

    def tone(self, code: str) -> str:
        return self.tones.get(code, "quiet")

    def behaves_like(self, code: str) -> str:
        """The delivered code whose meaning this one has for the rules of records."""
        return code


class KeptSet:
    """One that an administrator changes: adds codes, gives them other titles and another order, retires them.

    A retired code stays with the records that have it and is given to no other.
    """

    def __init__(
        self, *, name: str, called: Title, titles: dict[str, Title], tones: dict[str, str], can_grow: bool = True
    ) -> None:
        self.name, self.called, self.can_grow = name, called, can_grow
        self.delivered, self.delivered_tones = titles, tones
        self.tones = tones  # not empty: shown as badges

    @property
    def kept(self) -> Mapping[str, KeptCode]:
        """In their order, the retired ones too."""
        return kept_codes.of(self.name) or self.seeds()

    def seeds(self) -> dict[str, KeptCode]:
        """As they are delivered."""
        return {code: KeptCode(code=code, tone=self.delivered_tones.get(code, "")) for code in self.delivered}

    @property
    def titles(self) -> dict[str, Title]:
        return {code: self._title(one) for code, one in self.kept.items()}

    @property
    def given(self) -> dict[str, Title]:
        """Those that records may be given."""
        return {code: self._title(one) for code, one in self.kept.items() if not one.is_retired}

    @property
    def codes(self) -> tuple[str, ...]:
        return tuple(code for code, one in self.kept.items() if not one.is_retired)

    def title(self, code: str) -> Title:
        """The title of a code; the code itself where it is none of the set."""
        found = self.kept.get(code)
        return self.delivered.get(code, code) if found is None else self._title(found)

    def tone(self, code: str) -> str:
        found = self.kept.get(code)
        return (found.tone if found is not None else "") or "quiet"

    def behaves_like(self, code: str) -> str:
        """The delivered code whose meaning this one has for the rules of records."""
        found = self.kept.get(code)
        return (found.like if found is not None else "") or code

    def _title(self, one: KeptCode) -> Title:
        return one.title() or self.delivered.get(one.code) or one.any_title() or one.code


Codes = CodeSet | KeptSet
KEPT_SETS: Final[dict[str, KeptSet]] = {}


def _set(
    name: str,
    called: Title,
    titles: dict[str, Title],
    *,
    good: str = "",
    wait: str = "",
    bad: str = "",
    can_grow: bool = True,
) -> KeptSet:
    tones = {code: tone for tone, codes in (("ok", good), ("info", wait), ("bad", bad)) for code in codes.split()}
    KEPT_SETS[name] = KeptSet(name=name, called=called, titles=titles, tones=tones, can_grow=can_grow)
    return KEPT_SETS[name]


ROLES: Final = _set(
    "role",
    _("Roles of people"),
    {"contact": _("Contact"), "consumer": _("Consumer"), "worker": _("Worker")},
    can_grow=False,
)
SALUTATIONS: Final = _set(
    "salutation",
    _("Titles of people"),
    {"mr": _("Mr"), "ms": _("Ms"), "mx": _("Mx"), "dr": _("Dr"), "prof": _("Prof.")},
)
ACCOUNT_STATUSES: Final = _set(
    "account_status",
    _("Statuses of accounts"),
    {"active": _("Active"), "prospect": _("Prospect"), "inactive": _("Inactive")},
    good="active",
    wait="prospect",
)
PRODUCT_KINDS: Final = _set(
    "product_kind",
    _("Kinds of products"),
    {"hardware": _("Hardware"), "software": _("Software"), "service": _("Service"), "part": _("Spare part")},
)
ASSET_STATUSES: Final = _set(
    "asset_status",
    _("Statuses of assets"),
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
    _("Priorities"),
    {"low": _("Low"), "normal": _("Normal"), "high": _("High"), "urgent": _("Urgent")},
    wait="high",
    bad="urgent",
)
CASE_KINDS: Final = _set(
    "case_kind", _("Kinds of cases"), {"help_desk": _("Help desk"), "support": _("Support"), "hr": _("Human resources")}
)
CASE_STATUSES: Final = _set(
    "case_status",
    _("Statuses of cases"),
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
    _("Sources of cases"),
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
    _("Statuses of tasks"),
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
    _("Statuses of calendar items"),
    {"tentative": _("Tentative"), "confirmed": _("Confirmed"), "cancelled": _("Cancelled")},
    good="confirmed",
    wait="tentative",
)
SHOW_AS: Final = _set(
    "show_as", _("How calendar items are shown"), {"busy": _("Busy"), "free": _("Free")}, can_grow=False
)
LEAD_STATUSES: Final = _set(
    "lead_status",
    _("Statuses of leads"),
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
    _("Sources of leads"),
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
    _("Stages of opportunities"),
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
    _("Kinds of service orders"),
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
    _("Statuses of service orders"),
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
    "team_kind",
    _("Kinds of teams"),
    {"service": _("Service"), "sales": _("Sales"), "support": _("Support"), "field": _("Field service")},
)
