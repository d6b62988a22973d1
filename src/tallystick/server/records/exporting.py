"""Exports of lists: every record the reader sees, as CSV or JSON Lines, row by row in bounded memory."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from tallystick.model.value import FieldType, Value
from tallystick.server.people.actor import Actor
from tallystick.server.records import queries
from tallystick.server.records.lists import narrowed
from tallystick.server.records.record_types import RecordType
from tallystick.server.records.table_files import cell_of, safe_cell
from tallystick.server.records.titles import Titles
from tallystick.server.records.values import list_of, listed, of_column

AT_ONCE: Final = 500


def exported(kind: RecordType, actor: Actor, query: Mapping[str, Any], form: str) -> Iterator[str]:
    """Lines of the file, a few hundred records at a time. Raises NotAllowed before the first."""
    rows = narrowed(queries.live(kind, actor), kind, query).rows()
    names = ["number", *(name for name in kind.fields if name not in ("number", "version"))]
    return _csv(kind, actor, rows, names) if form == "csv" else _jsonl(kind, actor, rows, names)


def _csv(kind: RecordType, actor: Actor, rows: Any, names: list[str]) -> Iterator[str]:
    file = io.StringIO()
    lines = csv.writer(file)
    lines.writerow(names)
    yield "\ufeff"
    for page in _pages(kind, actor, rows, names):
        for record in page:
            lines.writerow([safe_cell(cell_of(kind.fields[name], record[name])) for name in names])
        yield file.getvalue()
        file.seek(0)
        file.truncate()
    yield file.getvalue()


def _jsonl(kind: RecordType, actor: Actor, rows: Any, names: list[str]) -> Iterator[str]:
    for page in _pages(kind, actor, rows, names):
        lines = []
        for record in page:
            shown = {
                name: json.loads(value)
                if value is not None and kind.fields[name].type in (FieldType.LIST, FieldType.JSON, FieldType.BOOLEAN)
                else value
                for name, value in record.items()
            }
            lines.append(json.dumps(shown, ensure_ascii=False) + "\n")
        yield "".join(lines)


def _pages(kind: RecordType, actor: Actor, rows: Any, names: list[str]) -> Iterator[list[dict[str, Value]]]:
    """Records with references as numbers people speak about, in order of their numbers."""
    columns = {name: kind.fields[name].attname for name in names}
    after = -1
    while page := list(rows.filter(number__gt=after).order_by("number").values("number", *columns.values())[:AT_ONCE]):
        after = page[-1]["number"]
        records: list[dict[str, Value]] = [
            {name: of_column(kind.fields[name].type, row[column]) for name, column in columns.items()} for row in page
        ]
        titles = Titles(actor)
        titles.load(kind, names, records)
        for record in records:
            record["number"] = kind.called(int(record["number"] or 0))
            for name in names:
                target, value = kind.fields[name].refers_to, record[name]
                if target is not None and value:
                    is_list = kind.fields[name].type is FieldType.LIST
                    called = [
                        titles.name(target, id_).called or id_ for id_ in (listed(value) if is_list else (value,))
                    ]
                    record[name] = list_of(called) if is_list else called[0]
        yield records
