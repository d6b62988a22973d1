"""The connector `files` keeps the contract with CSV and with JSON Lines. Rows E1, E2, E4, E7, E9, E28, E31."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import pytest

from tallystick.connectors.files import Settings, connect
from tallystick.connectors.files.client import CAPABILITIES
from tallystick.model.selection import Selection, id_of, parts_of
from tallystick.model.value import FieldType, Value
from tallystick.testing.clock import FixedClock, SequentialIds
from tallystick.testing.contract import ConnectorContract, Outside, Subject

BATCH_ROWS = 5
NO_TRACE = {
    "test_fetch_of_a_merged_record_names_the_survivor_E2": "A file knows of no merging.",
    "test_fetch_of_an_archived_record_says_so_E2": "A file knows of no archive.",
}
SAMPLES = {
    FieldType.TEXT: lambda number: f"note {number}",
    FieldType.INTEGER: str,
    FieldType.DECIMAL: lambda number: f"{number}.5",
    FieldType.BOOLEAN: lambda number: "true" if number % 2 else "false",
    FieldType.DATE: lambda number: f"2026-{1 + number % 12:02d}-15",
    FieldType.TIME: lambda number: f"{number % 24:02d}:15:00",
    FieldType.DATETIME: lambda number: f"2026-10-{1 + number % 28:02d}T09:30:00Z",
    FieldType.LOCAL_DATETIME: lambda number: f"2026-11-{1 + number % 28:02d}T09:30:00",
    FieldType.BINARY: lambda number: "aGVsbG8=" if number % 2 else "d29ybGQ=",
    FieldType.LIST: lambda number: f'["A","{number}"]',
    FieldType.JSON: lambda number: f'{{"n":{number}}}',
}
BARE = (FieldType.INTEGER, FieldType.DECIMAL, FieldType.BOOLEAN, FieldType.LIST, FieldType.JSON)


class Editor(Outside):
    """Somebody who edits the file with a program of his own."""

    def __init__(self, path: Path, key: tuple[str, ...]) -> None:
        self.path = path
        self.key = key

    def create(self, values: Mapping[str, Value]) -> str:
        rows = self.read()
        row = dict(values)
        if self.key == ("id",):
            row["id"] = str(1 + max((int(str(row["id"])) for row in rows), default=0))
        self.write([*rows, row])
        return self._id(row)

    def update(self, id: str, values: Mapping[str, Value]) -> None:
        self.write([{**row, **values} if self._id(row) == id else row for row in self.read()])

    def delete(self, id: str) -> None:
        self.write([row for row in self.read() if self._id(row) != id])

    def _id(self, row: Mapping[str, Value]) -> str:
        id_ = id_of(tuple(str(row[name]) for name in self.key))
        assert parts_of(id_, len(self.key))
        return id_

    def read(self) -> list[dict[str, Value]]:
        raise NotImplementedError

    def write(self, rows: list[dict[str, Value]]) -> None:
        raise NotImplementedError


class CsvEditor(Editor):
    def read(self) -> list[dict[str, Value]]:
        names, *rows = _cells(self.path.read_bytes().decode())
        return [dict(zip(map(str, names), row, strict=True)) for row in rows]

    def write(self, rows: list[dict[str, Value]]) -> None:
        names = [str(name) for name in _cells(self.path.read_bytes().decode())[0]]
        lines = [names, *([row.get(name) for name in names] for row in rows)]
        text = "".join(",".join(map(_quoted, line)) + "\n" for line in lines)
        self.path.write_bytes(text.encode())


def _quoted(value: Value) -> str:
    return "" if value is None else '"' + value.replace('"', '""') + '"'


def _cells(text: str) -> list[list[Value]]:
    """CSV, sign by sign: an empty cell without quotes is null."""
    rows: list[list[Value]] = [[]]
    cell: Value = None
    is_quoted = False
    for place, sign in enumerate(text):
        if is_quoted and sign == '"':
            is_quoted = False
        elif sign == '"':
            cell = (cell or "") + ('"' if text[place - 1] == '"' and cell is not None else "")
            is_quoted = True
        elif is_quoted or sign not in ",\n":
            cell = (cell or "") + sign
        else:
            rows[-1].append(cell)
            cell = None
            if sign == "\n":
                rows.append([])
    return rows[:-1]


class JsonEditor(Editor):
    def __init__(self, path: Path, key: tuple[str, ...], types: Mapping[str, FieldType]) -> None:
        super().__init__(path, key)
        self.types = types

    def read(self) -> list[dict[str, Value]]:
        rows: list[dict[str, Any]] = [
            json.loads(line, parse_float=str) for line in self.path.read_text(encoding="utf-8").splitlines()
        ]
        return [{name: self._text(name, value) for name, value in row.items()} for row in rows]

    def write(self, rows: list[dict[str, Value]]) -> None:
        lines = [
            "{" + ",".join(f"{json.dumps(name)}:{self._cell(name, value)}" for name, value in row.items()) + "}\n"
            for row in rows
        ]
        self.path.write_text("".join(lines), encoding="utf-8")

    def _cell(self, name: str, value: Value) -> str:
        return value if value is not None and self.types.get(name) in BARE else json.dumps(value)

    def _text(self, name: str, value: Any) -> Value:
        if value is None or isinstance(value, str):
            return value
        return json.dumps(value, separators=(",", ":"), sort_keys=True)


class FilesContract(ConnectorContract):
    capabilities = CAPABILITIES
    cannot = NO_TRACE
    field_types = frozenset(SAMPLES)
    key: ClassVar[tuple[str, ...]] = ("id",)
    ending: ClassVar[str]

    def types(self) -> dict[str, FieldType]:
        types = {f"f_{type_}": type_ for type_ in self.field_types}
        return {**dict.fromkeys(self.key, FieldType.INTEGER if self.key == ("id",) else FieldType.TEXT), **types}

    def begin(self, path: Path) -> Editor:
        raise NotImplementedError

    @pytest.fixture
    def subject(self, tmp_path):
        path = tmp_path / f"thing{self.ending}"
        outside = self.begin(path)
        settings = Settings(path=path, types=self.types(), keys={"thing": self.key}, batch_rows=BATCH_ROWS)
        system = connect(settings, folder=tmp_path, clock=FixedClock(), ids=SequentialIds())
        fields = sorted(name for name in self.types() if name != "id")
        yield Subject(
            system=system,
            selection=Selection(record="thing", fields=tuple(fields)),
            sample=self.sample,
            outside=outside,
            batch_rows=BATCH_ROWS,
            text="f_text",
        )
        system.close()

    def sample(self, number: int) -> dict[str, Value]:
        return {f"f_{type_}": SAMPLES[type_](number) for type_ in sorted(self.field_types)}


class TestCsv(FilesContract):
    ending = ".csv"

    def begin(self, path: Path) -> Editor:
        path.write_text(",".join(self.types()) + "\n", encoding="utf-8")
        return CsvEditor(path, self.key)


class TestCsvCompositeKey(TestCsv):
    field_types = frozenset({FieldType.TEXT})
    key = ("site", "serial")

    def sample(self, number: int) -> dict[str, Value]:
        return {**super().sample(number), "site": "A|B\\" if number % 2 else 'A"', "serial": f"|{number},ü"}


class TestJsonLines(FilesContract):
    ending = ".jsonl"

    def begin(self, path: Path) -> Editor:
        path.write_bytes(b"")
        return JsonEditor(path, self.key, self.types())
