"""One record type through the eyes of one selection: from a body to a record, or to why it is none."""

from __future__ import annotations

import email.utils
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC
from typing import Final

from tallystick.connectors.dav.describe import Shelf
from tallystick.connectors.dav.moments import instant_text
from tallystick.connectors.dav.session import Stored
from tallystick.connectors.dav.text import decode
from tallystick.connectors.dav.vocabulary import Vocabulary
from tallystick.errors import RecordError, UnknownField
from tallystick.model.record import Absence, Cause, Record, Unreadable
from tallystick.model.selection import Selection
from tallystick.model.value import Value


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherKind:
    """A task among events, or an event among tasks: none of this record type's business."""

    id: str


USUAL: Final = re.compile(
    r"[A-Z][a-z]{2}, (0[1-9]|1\d|2[0-8]) ([A-Z][a-z]{2}) ([1-9]\d{3}) ((?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d) GMT\Z",
    re.ASCII,
)
"""The one spelling that servers should send (RFC 9110 5.6.7), up to the day that every month has."""
NAMES: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
MONTHS: Final = {name: f"{number:02d}" for number, name in enumerate(NAMES, start=1)}

REVISED: Final = "revised_at"
"""The stamp inside a body: what there is where the server tells none of its own."""

Finding = Record | Absence | Unreadable | OtherKind


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """Raises UnknownField where the selection names a field that the record type has not got."""

    shelf: Shelf
    vocabulary: Vocabulary
    selection: Selection
    max_record_bytes: int
    is_whole: bool = False  # every field, and no filter
    fields: tuple[str, ...] = field(init=False)
    _read: frozenset[str] = field(init=False)  # those, and what decides about a record

    def __post_init__(self) -> None:
        every = tuple(field.name for field in self.vocabulary.fields)
        object.__setattr__(self, "fields", every if self.is_whole else self.selection.fields)
        object.__setattr__(self, "_read", frozenset({*self.fields, *self._looked_at()}))
        known = {field.name for field in self.vocabulary.fields}
        if self.selection.key:
            raise UnknownField(
                f"The id of {self.selection.record!r} is the address of a record, not {self.selection.key[0]!r}.",
                hint="Leave `key` out.",
            )
        unknown = sorted({*self.selection.fields, *self._looked_at()} - known)
        if unknown:
            raise UnknownField(
                f"The record type {self.selection.record!r} has no field {unknown[0]!r}.",
                hint=f"It has {', '.join(sorted(known))}.",
            )

    def _looked_at(self) -> set[str]:
        """Fields that decide about a record without being wanted of it."""
        names = {clause.field for clause in self.selection.where.clauses} if self.selection.where else set()
        if self.selection.deleted:
            names.add(self.selection.deleted.column)
        names.add(self.selection.changed or REVISED)
        return names

    @property
    def wants_body(self) -> bool:
        """Whether bodies are needed to the octet, which a multistatus cannot promise."""
        return self.vocabulary.body_field in self.fields

    def is_deleted(self, values: Mapping[str, Value]) -> bool:
        soft = self.selection.deleted
        return soft is not None and values.get(soft.column) == soft.equals

    def finding(self, id: str, stored: Stored) -> Finding:
        """What a stored body is to this selection."""
        if len(stored.content) > self.max_record_bytes:
            return too_large(id, len(stored.content), self.max_record_bytes)
        body = decode(stored.content)
        try:
            if not self.vocabulary.holds(body):
                return OtherKind(id=id)
            values = self.vocabulary.read(body, self._read)
        except RecordError as error:
            return Unreadable(id=id, reason=error.message)
        if not self.is_whole:
            if self.is_deleted(values):
                return Absence(id=id, cause=Cause.DELETED)
            if self.selection.where is not None and not self.selection.where.passes(values):
                return Absence(id=id, cause=Cause.OUT_OF_FILTER)
        changed = self.selection.changed
        stamp = values.get(changed) if changed else modified_at(stored.modified) or values.get(REVISED)
        return Record(
            id=id,
            version=stored.version,
            changed_at=stamp,
            values={name: values[name] for name in self.fields},
        )


def too_large(id: str, size_bytes: int, limit_bytes: int) -> Unreadable:
    return Unreadable(
        id=id,
        reason=f"It is {_size(size_bytes)} large, more than the {_size(limit_bytes)} that `max_record_bytes` allows.",
    )


def _size(size_bytes: int) -> str:
    return f"{size_bytes / 2**20:.1f} MiB" if size_bytes >= 2**20 else f"{size_bytes / 2**10:.0f} KiB"


def modified_at(text: str | None) -> str | None:
    """The canonical moment of a Last-Modified stamp; None where it is unusable."""
    if not text:
        return None
    usual = USUAL.match(text)
    if usual is not None and (month := MONTHS.get(usual[2])) is not None:
        day, _, year, time = usual.groups()
        return f"{year}-{month}-{day}T{time}Z"
    try:
        moment = email.utils.parsedate_to_datetime(text)
    except ValueError:
        return None
    return instant_text(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
