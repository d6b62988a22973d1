"""The lines of a file as records: ids, canonical values, versions, and what cannot be told."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from tallystick.connectors import spelling
from tallystick.connectors.files.layout import Line
from tallystick.model.record import Record
from tallystick.model.selection import Selection, SoftDelete, id_of
from tallystick.model.value import FieldType, Value


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """How a selection sees the lines of a file."""

    name: str  # of the record type
    key: tuple[str, ...]
    fields: tuple[str, ...]  # to deliver
    needed: tuple[str, ...]  # to decide and to deliver
    types: Mapping[str, FieldType]
    selection: Selection
    is_json: bool  # cells are values of a JSON document
    is_whole: bool = False

    def read(self, line: Line) -> Row:
        """A line as a row; what cannot be told of it is a fault, never an error."""
        if line.fault:
            return Row(line=line, fault=f"Line {line.number} {line.fault}.")
        values: dict[str, Value] = {}
        fault = ""
        for name in self.needed:
            if name in line.cells:
                try:
                    values[name] = self.value(line.cells[name], name)
                except ValueError as error:
                    fault = fault or f"Line {line.number}: the field {name!r} {error}."
        parts = [values.get(name) for name in self.key]
        if None in parts:
            names = " and ".join(self.key)
            return Row(line=line, values=values, fault=fault or f"Line {line.number} has no key: {names} is empty.")
        return Row(line=line, id=id_of(tuple(map(str, parts))), values=values, fault=fault)

    def value(self, cell: object, name: str) -> Value:
        """Raises ValueError with the end of a sentence."""
        return value_of(cell, self.types.get(name, FieldType.TEXT), is_json=self.is_json)

    def is_deleted(self, values: Mapping[str, Value]) -> bool:
        deleted = self.selection.deleted
        return deleted is not None and values.get(deleted.column) == marker(deleted, self.types)

    def passes(self, values: Mapping[str, Value]) -> bool:
        where = self.selection.where
        return self.is_whole or where is None or where.passes(values)

    def record(self, row: Row) -> Record:
        values = {name: row.values[name] for name in self.fields if name in row.values}
        return Record(
            id=str(row.id), values=values, version=version_of(row.line.raw), changed_at=self._stamp(row.values)
        )

    def _stamp(self, values: Mapping[str, Value]) -> str | None:
        stamp = values.get(self.selection.changed) if self.selection.changed else None
        try:
            return None if stamp is None else spelling.moment(stamp)
        except ValueError:
            return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    line: Line
    id: str | None = None  # None: nobody can say which record this is
    values: Mapping[str, Value] = field(default_factory=dict)
    fault: str = ""


def value_of(cell: object, type_: FieldType, *, is_json: bool) -> Value:
    """Canonical text of a cell, which is a value of a JSON document if `is_json`, else text.

    Raises ValueError with the end of a sentence.
    """
    match cell:
        case None:
            return None
        case "" if type_ not in (FieldType.TEXT, FieldType.BINARY):
            raise ValueError(f"holds empty text that is no {type_}")
        case str() if type_ is FieldType.BINARY:
            return _base64(cell)
        case spelling.Number() if type_ is FieldType.TEXT:
            return spelling.decimal(cell.spelled)
        case spelling.Number() if type_ is not FieldType.JSON:
            return spelling.canonical(cell.spelled, type_)
        case dict() | list() if type_ is FieldType.TEXT:
            return spelling.document(cell)
        case str() if type_ is FieldType.JSON and is_json:
            return spelling.text(json.dumps(cell, ensure_ascii=False))
    return spelling.canonical(cell, type_)


def version_of(raw: bytes) -> str:
    """The version of a line: it moves with every change of its bytes."""
    return hashlib.blake2b(raw.rstrip(b"\r\n"), digest_size=12).hexdigest()


def marker(deleted: SoftDelete, types: Mapping[str, FieldType]) -> str:
    if types.get(deleted.column) is FieldType.BOOLEAN:
        return {"1": "true", "0": "false"}.get(deleted.equals, deleted.equals.lower())
    return deleted.equals


def checked(value: Value, type_: FieldType) -> Value:
    """Canonical text that may be written. Raises ValueError with the end of a sentence."""
    if value is None:
        return None
    try:
        found = _base64(value) if type_ is FieldType.BINARY else spelling.canonical(value, type_)
    except ValueError:
        found = None
    if found is None:
        raise ValueError(f"takes a valid {type_.value.replace('_', ' ')}")
    return found


def rows(view: View, lines: Iterator[Line]) -> Iterator[Row]:
    for line in lines:
        yield view.read(line)


def _base64(value: str) -> str:
    try:
        return base64.b64encode(base64.b64decode(value, validate=True)).decode()
    except (binascii.Error, ValueError):
        raise ValueError("holds text that is not base64") from None
