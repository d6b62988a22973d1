"""A report in one form, whichever protocol it came by."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

Row = Mapping[str, str]
"""Lower-case name -> text; what an agent leaves out or leaves blank is not there."""
Sections = Mapping[str, Sequence[Row]]

MOST_VALUES: Final = 500_000
MOST_CHARACTERS: Final = 4_000
"""Of one value; what is longer is cut: no field of a device takes more."""
LEFT_OUT: Final = frozenset({"envs", "processes", "licenseinfos", "registry", "accesslog"})
"""Sections that may hold passwords or keys, or change with every report, and tell nothing of the device."""


class Query(enum.StrEnum):
    """What an agent wants."""

    PROLOG = "prolog"  # XML: shall I send an inventory?
    CONTACT = "contact"  # JSON: the same
    INVENTORY = "inventory"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """`device_id` is what the agent calls its machine: host name and the moment it was installed."""

    query: Query
    device_id: str
    kind: str = "computer"
    agent: str = ""
    tag: str = ""
    is_partial: bool = False  # only some sections: the others are as they were
    sections: Sections = field(default_factory=dict)
    remarks: tuple[str, ...] = ()

    def first(self, section: str) -> Row:
        rows = self.sections.get(section) or ({},)
        return rows[0]
