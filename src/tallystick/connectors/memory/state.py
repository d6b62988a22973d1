"""What a world in memory holds, in a form that a JSON file can keep."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from tallystick.connectors.memory.describe import RecordTypeSettings, Versions
from tallystick.connectors.memory.values import canonical, stamp
from tallystick.model.record import Cause
from tallystick.model.value import Value
from tallystick.model.write import Action


@dataclass(slots=True)
class Row:
    """A record, also one that is no longer there: then `gone` says why."""

    values: dict[str, Value]
    changed_at: datetime  # by the clock of the system
    sequence: int  # number of its last change, unique in the world
    gone: Cause | None = None
    merged_into: str | None = None
    unreadable: str = ""  # why the connector cannot deliver it, a sentence


@dataclass(slots=True)
class TableState:
    type: RecordTypeSettings
    declared: RecordTypeSettings | None = None  # what settings asked for last
    rows: dict[str, Row] = field(default_factory=dict)
    last_id: int = 0  # the last id the system gave itself
    answered: dict[str, str] = field(default_factory=dict)  # idempotency key -> id of the record it created
    refuses_cursors_before: int = 0

    def version(self, row: Row) -> str | None:
        match self.type.versions:
            case Versions.NONE:
                return None
            case Versions.COUNTER:
                return str(row.sequence)
            case Versions.STAMP:
                return stamp(row.changed_at)

    def judge(self, row: Row) -> None:
        """Brings the values into canonical text; what cannot be is left as it is and makes the record unreadable."""
        row.unreadable = ""
        for known in self.type.fields:
            if known.name in row.values:
                try:
                    row.values[known.name] = canonical(row.values[known.name], known.type)
                except ValueError as error:
                    row.unreadable = f"The field {known.name!r} {error}."


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """A write the system carried out for the hub."""

    record: str
    action: Action
    id: str
    key: str
    fields: tuple[str, ...]


@dataclass(slots=True)
class WorldState:
    tables: dict[str, TableState] = field(default_factory=dict)
    accepted: list[Accepted] = field(default_factory=list)
    sequence: int = 0
