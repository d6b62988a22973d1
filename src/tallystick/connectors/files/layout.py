"""How records stand in a file: lines of CSV or of JSON.

A line is kept as the bytes it is (in UTF-8), so that what is not written keeps its spelling to the last byte.
CSV has no null: an empty cell is null, and a cell of two quotes is the empty text.
"""

from __future__ import annotations

import json
import re
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from tallystick.connectors import spelling
from tallystick.model.value import FieldType, Value


@dataclass(frozen=True, slots=True)
class Line:
    number: int  # from 1, where it begins in the file
    start: int  # the same in bytes
    raw: bytes  # with its line end
    cells: Mapping[str, object]  # as spelled in the file; a field that is absent is missing
    fault: str = ""  # why the cells cannot be told, the end of a sentence


class Layout(ABC):
    @abstractmethod
    def lines(self, content: bytes) -> Iterator[Line]:
        """The records of a file's content, without byte order mark, in order."""

    @abstractmethod
    def fields(self, content: bytes) -> Mapping[str, FieldType]:
        """The fields that the content has, in order, with the type that their spelling tells."""

    @abstractmethod
    def begun(self, content: bytes, fields: Sequence[str]) -> bytes:
        """What comes before the first record, for an empty file with these fields."""

    @abstractmethod
    def head(self, content: bytes) -> bytes:
        """What stands before the first record."""

    @abstractmethod
    def spelled(self, cells: Mapping[str, object], fields: Sequence[str], types: Mapping[str, FieldType]) -> bytes:
        """A record's line without its end. Cells are as in `Line`, or canonical text wrapped in `Canonical`."""

    def end(self, content: bytes) -> bytes:
        """How lines end in this file."""
        first = content.find(b"\n")
        return b"\r\n" if first > 0 and content[first - 1 : first] == b"\r" else b"\n"


@dataclass(frozen=True, slots=True)
class Canonical:
    """A value to be written."""

    value: Value


class CsvLayout(Layout):
    """RFC 4180 with a header line. The module csv can tell neither null from empty nor a line's bytes."""

    def __init__(self, delimiter: str) -> None:
        self._delimiter = delimiter
        mark = re.escape(delimiter.encode())
        self._line = re.compile(rb'(?:[^"\r\n]|"(?:[^"]|"")*")*(?:\r\n|\n|\r|\Z)')
        self._cell = re.compile(rb'(?:"((?:[^"]|"")*)"|([^"' + mark + rb"]*))(?:" + mark + rb"|\Z)")
        self._is_quoted = re.compile(rf'["\r\n{re.escape(delimiter)}]')

    def lines(self, content: bytes) -> Iterator[Line]:
        rows = self._rows(content)
        header = next(rows, None)
        if header is None:
            return
        names = self._names(header[2])
        for number, start, raw in rows:
            stripped = raw.rstrip(b"\r\n")
            if not stripped and len(names) > 1:
                continue
            cells = self._cells(stripped)
            if cells is None:
                yield Line(number, start, raw, {}, "has a quote that is not closed or stands inside a cell")
            elif len(cells) != len(names):
                yield Line(number, start, raw, {}, f"has {len(cells)} columns, the header has {len(names)}")
            else:
                try:
                    found = {
                        name: None if cell is None else cell.decode() for name, cell in zip(names, cells, strict=True)
                    }
                except UnicodeDecodeError:
                    yield Line(number, start, raw, {}, "holds bytes that are not UTF-8 text")
                    continue
                yield Line(number, start, raw, found)

    def fields(self, content: bytes) -> Mapping[str, FieldType]:
        header = next(self._rows(content), None)
        return {} if header is None else dict.fromkeys(self._names(header[2]), FieldType.TEXT)

    def begun(self, content: bytes, fields: Sequence[str]) -> bytes:
        return b"" if content else self._delimiter.join(map(self._quoted, fields)).encode() + b"\n"

    def head(self, content: bytes) -> bytes:
        header = next(self._rows(content), None)
        return b"" if header is None else header[2]

    def spelled(self, cells: Mapping[str, object], fields: Sequence[str], types: Mapping[str, FieldType]) -> bytes:
        values = (cells.get(name) for name in fields)
        plain = (value.value if isinstance(value, Canonical) else value for value in values)
        return self._delimiter.join("" if v is None else self._quoted(str(v)) for v in plain).encode()

    def _rows(self, content: bytes) -> Iterator[tuple[int, int, bytes]]:
        number, place = 1, 0
        while place < len(content):
            found = self._line.match(content, place)
            if found is None or found.end() == place:
                # a quote that is never closed: the line ends where it ends
                end = content.find(b"\n", place)
                raw = content[place : end + 1 if end >= 0 else len(content)]
            else:
                raw = found[0]
            yield number, place, raw
            number += raw.count(b"\n") or raw.count(b"\r")
            place += len(raw)

    def _names(self, header: bytes) -> list[str]:
        cells = self._cells(header.rstrip(b"\r\n"))
        if cells is None:
            raise ValueError("has a quote out of place in its header")
        try:
            names = [(cell or b"").decode() for cell in cells]
        except UnicodeDecodeError:
            raise ValueError("has a header that is not UTF-8 text") from None
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"names the column {twice[0]!r} twice in its header")
        return names

    def _cells(self, row: bytes) -> list[bytes | None] | None:
        """The cells of a row; None where quotes are out of place."""
        if b'"' not in row:
            return [cell or None for cell in row.split(self._delimiter.encode())]
        cells: list[bytes | None] = []
        place = 0
        while True:
            found = self._cell.match(row, place)
            if found is None:
                return None
            quoted, plain = found.groups()
            cells.append(quoted.replace(b'""', b'"') if quoted is not None else plain or None)
            place = found.end()
            if place == len(row):
                if row.endswith(self._delimiter.encode()) and found[0].endswith(self._delimiter.encode()):
                    cells.append(None)
                return cells

    def _quoted(self, value: str) -> str:
        if value and not self._is_quoted.search(value):
            return value
        return '"' + value.replace('"', '""') + '"'


class JsonLayout(Layout):
    """One JSON object a line."""

    def lines(self, content: bytes) -> Iterator[Line]:
        for number, found in enumerate(re.finditer(rb"[^\n]*\n|[^\n]+", content), 1):
            start, raw = found.start(), found[0]
            if not raw.strip():
                continue
            try:
                cells = spelling.parsed_json(raw.decode())
            except UnicodeDecodeError:
                yield Line(number, start, raw, {}, "holds bytes that are not UTF-8 text")
            except ValueError as error:
                yield Line(number, start, raw, {}, str(error))
            else:
                if isinstance(cells, dict):
                    yield Line(number, start, raw, cells)
                else:
                    yield Line(number, start, raw, {}, "holds no JSON object")

    def fields(self, content: bytes) -> Mapping[str, FieldType]:
        found: dict[str, set[FieldType]] = {}
        for line in self.lines(content):
            for name, cell in line.cells.items():
                kinds = found.setdefault(name, set())
                if cell is not None:
                    kinds.add(_type_of(cell))
        return {name: _joined(kinds) for name, kinds in found.items()}

    def begun(self, content: bytes, fields: Sequence[str]) -> bytes:
        return b""

    def head(self, content: bytes) -> bytes:
        return b""

    def spelled(self, cells: Mapping[str, object], fields: Sequence[str], types: Mapping[str, FieldType]) -> bytes:
        inside = ", ".join(
            f"{json.dumps(name, ensure_ascii=False)}: {self._value(cell, types.get(name, FieldType.TEXT))}"
            for name, cell in cells.items()
        )
        return f"{{{inside}}}".encode()

    def _value(self, cell: object, type_: FieldType) -> str:
        if not isinstance(cell, Canonical):
            return spelling.compact_json(cell)
        if cell.value is None:
            return "null"
        if type_ in _BARE:
            return cell.value
        return json.dumps(cell.value, ensure_ascii=False)


_BARE = (FieldType.INTEGER, FieldType.DECIMAL, FieldType.BOOLEAN, FieldType.LIST, FieldType.JSON)


def _type_of(cell: object) -> FieldType:
    match cell:
        case bool():
            return FieldType.BOOLEAN
        case spelling.Number():
            return FieldType.DECIMAL if set(cell.spelled) & set(".eE") else FieldType.INTEGER
        case str():
            return FieldType.TEXT
        case list() if all(isinstance(part, str) for part in cell):
            return FieldType.LIST
    return FieldType.JSON


def _joined(kinds: set[FieldType]) -> FieldType:
    if len(kinds) == 1:
        return next(iter(kinds))
    if kinds == {FieldType.INTEGER, FieldType.DECIMAL}:
        return FieldType.DECIMAL
    return FieldType.JSON if kinds == {FieldType.LIST, FieldType.JSON} else FieldType.TEXT
