"""Rows of files that people bring and take: CSV and JSON Lines. A row that cannot be read is told with its line."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.utils.translation import gettext as _

from tallystick.errors import InputRefused
from tallystick.model.value import FieldType, Value
from tallystick.server.records.record_types import Field, RecordType
from tallystick.server.records.values import list_of, listed

CSV, JSONL = "csv", "jsonl"
FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for a formula; such a cell is written with an apostrophe before it."""
MOST_CHARACTERS: Final = 200_000
"""In one cell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRow:
    """`line` counts from 1. `cells` by column; `fault` where the row cannot be read; `source` as it stands in the file:
    the cells of CSV, the line of JSON Lines.
    """

    line: int
    cells: Mapping[str, Any]
    fault: str = ""
    source: Sequence[str] = ()


def text_of(data: bytes, name: str) -> str:
    """The text of a file. Raises InputRefused for what is none."""
    if b"\0" in data[:100_000]:
        for encoding in ("utf-16",):
            if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
                try:
                    return data.decode(encoding)
                except UnicodeDecodeError:
                    break
        raise _no_text(name)
    try:
        return data.decode("utf-8-sig").replace("\0", "")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise InputRefused(
            _("{name} is not in UTF-8: line {line} holds other bytes.").format(name=name, line=line),
            fields={"file": _("Save the file as UTF-8 and choose it again.")},
            hint=_("Spreadsheets offer “CSV UTF-8” when they save."),
        ) from None


def _no_text(name: str) -> InputRefused:
    return InputRefused(
        _("{name} is no text file.").format(name=name),
        fields={"file": _("A CSV or JSON Lines file is needed; a spreadsheet has to be saved as CSV.")},
        hint=_("Nothing was imported."),
    )


def form_of(name: str, text: str) -> str:
    """`csv` or `jsonl`, by the name or else the first character."""
    if name.lower().endswith((".jsonl", ".ndjson", ".json")):
        return JSONL
    return CSV if name.lower().endswith((".csv", ".tsv", ".txt")) or not text.lstrip().startswith("{") else JSONL


def columns_of(text: str, form: str) -> tuple[str, ...]:
    """The names of the columns. Raises InputRefused where there are none."""
    if form == JSONL:
        names: dict[str, None] = {}
        for number, row in enumerate(rows_of(text, JSONL)):
            names |= dict.fromkeys(row.cells)
            if number > 200:
                break
        found = tuple(names)
    else:
        found = tuple(name.strip() for name in next(_csv(io.StringIO(text, newline=""), text), []))
    if not any(found):
        raise InputRefused(
            _("The file has no columns: its first line is empty."),
            fields={"file": _("The first line of a CSV file names the columns.")},
        )
    if twice := sorted({name for name in found if name and found.count(name) > 1}):
        raise InputRefused(
            _("The column {name} stands in the file twice.").format(name=twice[0]),
            fields={"file": _("Each column needs a name of its own.")},
        )
    return found


def rows_of(text: str, form: str, *, offset: int = 0, line: int = 0) -> Iterator[FileRow]:
    """The rows from `offset` on (in characters; 0: from the first), before which `line` lines stand."""
    for row, _offset, _line in placed_rows(text, form, offset=offset, line=line):
        yield row


def placed_rows(text: str, form: str, *, offset: int = 0, line: int = 0) -> Iterator[tuple[FileRow, int, int]]:
    """Each row with the place after it: characters and lines."""
    file = io.StringIO(text, newline="")
    if form == JSONL:
        file.seek(offset)
        yield from _json_rows(file, line)
        return
    names = [name.strip() for name in next(_csv(file, text), [])]
    if offset:
        file.seek(offset)
    else:
        line = text.count("\n", 0, file.tell())
    yield from _csv_rows(file, text, names, line)


def _csv(file: io.StringIO, text: str) -> Iterator[list[str]]:
    head = text[:4000].partition("\n")[0]
    delimiter = max(",;\t|", key=head.count)
    csv.field_size_limit(MOST_CHARACTERS)
    return csv.reader(iter(file.readline, ""), delimiter=delimiter)


def _csv_rows(file: io.StringIO, text: str, names: Sequence[str], line: int) -> Iterator[tuple[FileRow, int, int]]:
    rows = _csv(file, text)
    before = 0
    while True:
        reader: Any = rows
        first = line + reader.line_num + 1
        try:
            cells = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            fault = _("This row is no CSV: {reason}.").format(reason=error)
            yield FileRow(line=first, cells={}, fault=fault), file.tell(), line + reader.line_num
            continue
        before += 1
        if not any(cells):
            continue
        place = (file.tell(), line + reader.line_num)
        if len(cells) > len(names):
            fault = _("This row has {count} cells, and there are {columns} columns.").format(
                count=len(cells), columns=len(names)
            )
            yield FileRow(line=first, cells={}, fault=fault, source=cells), *place
        else:
            named = dict(zip(names, map(_unquoted, cells), strict=False))
            yield FileRow(line=first, cells=named, source=cells), *place


def _json_rows(file: io.StringIO, line: int) -> Iterator[tuple[FileRow, int, int]]:
    while text := file.readline():
        line += 1
        if not text.strip():
            continue
        try:
            content = json.loads(text, parse_float=str, parse_int=str)
        except (ValueError, RecursionError):
            content = None
        if isinstance(content, dict):
            yield FileRow(line=line, cells=content, source=(text,)), file.tell(), line
        else:
            fault = _("This line is no JSON object.")
            yield FileRow(line=line, cells={}, fault=fault, source=(text,)), file.tell(), line


def _unquoted(cell: str) -> str:
    return cell[1:] if len(cell) > 1 and cell[0] == "'" and cell[1] in FORMULA else cell


def safe_cell(text: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(FORMULA) else text


# --- between cells and canonical values


def value_of(field: Field, cell: Any) -> Value:
    """What a cell says, in canonical text as far as it can be told; the field's own check comes later."""
    match cell:
        case None | "":
            return None
        case bool():
            return "true" if cell else "false"
        case list() if field.type is not FieldType.JSON:
            return list_of([str(part) for part in cell])
        case list() | dict():
            return json.dumps(cell, ensure_ascii=False)
        case str() if field.type is FieldType.LIST and not cell.startswith("["):
            return list_of([part.strip() for part in cell.split(";") if part.strip()])
    return str(cell)


def cell_of(field: Field, value: Value) -> str:
    """A value as a CSV cell; lists are joined by semicolons where none of their texts has one."""
    if value is None:
        return ""
    if field.type is FieldType.LIST:
        parts = listed(value)
        if not any(";" in part or part != part.strip() or part.startswith("[") for part in parts):
            return "; ".join(parts)
    return value


def fields_of(kind: RecordType, columns: Sequence[str]) -> dict[str, str]:
    """column -> field, for those that a field is found for by its name or its title; also `id` and `number`."""
    by_name = {name: name for name in (*kind.written, "id", "number")}
    by_name |= {str(kind.fields[name].title).casefold(): name for name in kind.written}
    found: dict[str, str] = {}
    for column in columns:
        name = by_name.get(column) or by_name.get(column.strip().casefold().replace(" ", "_"))
        name = name or by_name.get(column.strip().casefold())
        if name is not None and name not in found.values():
            found[column] = name
    return found
