"""What SQLite knows of its tables, read with PRAGMAs: declared types decide little there, affinities all."""

from __future__ import annotations

import enum
import functools
import re
from collections.abc import Callable, Mapping, Sequence

from sqlalchemy import Connection

from tallystick.connectors.sql.table import Column, Table
from tallystick.model.value import FieldType

Typed = Callable[[str, str, FieldType], FieldType]


class Affinity(enum.Enum):
    """What SQLite turns values into on storing. Source: https://www.sqlite.org/datatype3.html section 3.1."""

    INTEGER = enum.auto()
    TEXT = enum.auto()
    NONE = enum.auto()
    REAL = enum.auto()
    NUMERIC = enum.auto()


@functools.lru_cache(maxsize=1024)
def affinity_of(declared: str) -> Affinity:
    name = declared.upper()
    if "INT" in name:
        return Affinity.INTEGER
    if any(word in name for word in ("CHAR", "CLOB", "TEXT")):
        return Affinity.TEXT
    if not name or "BLOB" in name:
        return Affinity.NONE
    if any(word in name for word in ("REAL", "FLOA", "DOUB")):
        return Affinity.REAL
    return Affinity.NUMERIC


_TYPES: tuple[tuple[str, FieldType], ...] = (
    (r"BOOL", FieldType.BOOLEAN),
    (r"(DATETIME|TIMESTAMP).*(TZ|WITH TIME ZONE)|TIMESTAMPTZ", FieldType.DATETIME),
    (r"DATETIME|TIMESTAMP", FieldType.LOCAL_DATETIME),
    (r"DATE", FieldType.DATE),
    (r"TIME", FieldType.TIME),
    (r"JSON", FieldType.JSON),
    (r"BLOB|BINARY|BYTEA", FieldType.BINARY),
    (r"CHAR|CLOB|TEXT|STRING|UUID|GUID", FieldType.TEXT),
    (r"INT|SERIAL", FieldType.INTEGER),
    (r"REAL|FLOA|DOUB|NUMERIC|DECIMAL|NUMBER|MONEY", FieldType.DECIMAL),
)


def field_type(declared: str) -> FieldType:
    """What the author of a declaration meant; text, which holds anything, where that cannot be told."""
    name = declared.upper()
    return next((type_ for pattern, type_ in _TYPES if re.search(pattern, name)), FieldType.TEXT)


def reflect(connection: Connection, names: Sequence[str] | None, typed: Typed) -> Mapping[str, Table]:
    kinds = {
        str(name): (str(kind), bool(without_rowid))
        for schema, name, kind, _, without_rowid, *_ in connection.exec_driver_sql("PRAGMA table_list").fetchall()
        if schema == "main" and kind in ("table", "view", "virtual") and not str(name).startswith("sqlite_")
    }
    by_lower = {name.lower(): name for name in kinds}
    wanted = list(kinds) if names is None else [name for name in names if name.lower() in by_lower]
    triggered = {
        str(name).lower()
        for (name,) in connection.exec_driver_sql("SELECT tbl_name FROM sqlite_master WHERE type = 'trigger'")
    }
    tables = {}
    for name in wanted:
        kind, is_without_rowid = kinds[by_lower[name.lower()]]
        tables[name] = _table(
            connection,
            name,
            typed,
            is_view=kind == "view",
            has_row_numbers=kind == "table" and not is_without_rowid,
            has_triggers=name.lower() in triggered,
        )
    return tables


def _table(
    connection: Connection, name: str, typed: Typed, *, is_view: bool, has_row_numbers: bool, has_triggers: bool
) -> Table:
    rows = connection.exec_driver_sql("SELECT * FROM pragma_table_xinfo(?)", (name,)).fetchall()
    primary = [str(row.name) for row in sorted(rows, key=lambda row: row.pk) if row.pk]
    uniques = [frozenset(primary)] if primary else []
    for index in connection.exec_driver_sql("SELECT * FROM pragma_index_list(?)", (name,)).fetchall():
        if index.unique and not index.partial:
            inside = connection.exec_driver_sql("SELECT name FROM pragma_index_info(?)", (index.name,)).scalars().all()
            if None not in inside:  # an index on an expression says nothing about columns
                uniques.append(frozenset(map(str, inside)))
    sql = connection.exec_driver_sql("SELECT sql FROM sqlite_master WHERE name = ?", (name,)).scalar() or ""
    choices = _choices(str(sql))
    columns = []
    for row in rows:
        if row.hidden == 1:  # of a virtual table's own
            continue
        declared = str(row.type).lower()
        is_row_number = has_row_numbers and primary == [row.name] and declared == "integer"
        scale = re.search(r"\((?:\d+)\s*,\s*(\d+)\)", declared)
        length = re.search(r"char\w*\s*\((\d+)\)", declared)
        columns.append(
            Column(
                name=str(row.name),
                type=typed(name, str(row.name), field_type(declared)),
                native=declared,
                is_nullable=not row.notnull and not is_row_number and not (row.pk and not has_row_numbers),
                is_writable=row.hidden == 0,
                has_default=row.dflt_value is not None,
                is_counted=is_row_number,
                max_length=int(length[1]) if length else None,
                scale=int(scale[1]) if scale else None,
                choices=choices.get(str(row.name).lower(), ()),
            )
        )
    return Table(
        name=name,
        columns=tuple(columns),
        primary=tuple(primary),
        uniques=tuple(uniques),
        is_view=is_view,
        hides_rows=is_view,
        has_triggers=has_triggers,
        has_row_numbers=has_row_numbers,
    )


_CHECK = re.compile(
    r"""CHECK\s*\(\s*["`\[]?(\w+)["`\]]?\s+IN\s*\(\s*((?:'(?:[^']|'')*'\s*,\s*)*'(?:[^']|'')*')\s*\)\s*\)""",
    re.IGNORECASE,
)


def _choices(sql: str) -> Mapping[str, tuple[str, ...]]:
    """Columns whose check says `column IN ('a', 'b')`."""
    return {
        found[1].lower(): tuple(text.replace("''", "'") for text in re.findall(r"'((?:[^']|'')*)'", found[2]))
        for found in _CHECK.finditer(sql)
    }
