"""What MariaDB knows of its tables, read from its information schema."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from tallystick.connectors.sql.table import Column, Table
from tallystick.model.value import FieldType

_TYPES: Mapping[str, FieldType] = {
    "tinyint": FieldType.INTEGER,
    "smallint": FieldType.INTEGER,
    "mediumint": FieldType.INTEGER,
    "int": FieldType.INTEGER,
    "bigint": FieldType.INTEGER,
    "year": FieldType.INTEGER,
    "bit": FieldType.INTEGER,
    "decimal": FieldType.DECIMAL,
    "float": FieldType.DECIMAL,
    "double": FieldType.DECIMAL,
    "date": FieldType.DATE,
    "time": FieldType.TIME,
    "datetime": FieldType.LOCAL_DATETIME,
    "timestamp": FieldType.DATETIME,
    "set": FieldType.LIST,
    "json": FieldType.JSON,
}

_TABLES = """
SELECT t.TABLE_NAME AS name, t.TABLE_TYPE LIKE '%%VIEW%%' AS is_view, t.TABLE_COMMENT AS comment,
       coalesce(e.TRANSACTIONS, 'YES') = 'YES' AS is_transactional,
       EXISTS (SELECT 1 FROM information_schema.TRIGGERS g
               WHERE g.EVENT_OBJECT_SCHEMA = t.TABLE_SCHEMA AND g.EVENT_OBJECT_TABLE = t.TABLE_NAME) AS has_triggers
FROM information_schema.TABLES t LEFT JOIN information_schema.ENGINES e ON e.ENGINE = t.ENGINE
WHERE t.TABLE_SCHEMA = coalesce(%s, DATABASE()) {named}
"""
_COLUMNS = """
SELECT TABLE_NAME AS table_name, COLUMN_NAME AS name, lower(COLUMN_TYPE) AS lower_type, COLUMN_TYPE AS column_type,
       IS_NULLABLE = 'YES' AS is_nullable, COLUMN_DEFAULT AS default_value, EXTRA AS extra, COLUMN_COMMENT AS comment,
       CHARACTER_MAXIMUM_LENGTH AS max_length, NUMERIC_SCALE AS scale, DATETIME_PRECISION AS fraction_digits,
       GENERATION_EXPRESSION AS generated
FROM information_schema.COLUMNS t WHERE t.TABLE_SCHEMA = coalesce(%s, DATABASE()) {named}
ORDER BY TABLE_NAME, ORDINAL_POSITION
"""
_KEYS = """
SELECT TABLE_NAME AS table_name, INDEX_NAME AS index_name, COLUMN_NAME AS name, SUB_PART AS prefix
FROM information_schema.STATISTICS t WHERE t.TABLE_SCHEMA = coalesce(%s, DATABASE()) {named}
  AND NON_UNIQUE = 0
ORDER BY TABLE_NAME, INDEX_NAME, SEQ_IN_INDEX
"""


@functools.lru_cache(maxsize=1024)
def base_of(native: str) -> str:
    """The type without its size."""
    return re.split(r"[ (]", native, maxsplit=1)[0]


def reflect(
    connection: Connection,
    schema: str | None,
    names: Sequence[str] | None,
    typed: Callable[[str, str, FieldType], FieldType],
) -> Mapping[str, Table]:
    named = f"AND t.TABLE_NAME IN ({', '.join(['%s'] * len(names))})" if names else ""
    facts = (schema, *(names or ()))

    def rows(sql: str) -> Sequence[Any]:
        return connection.exec_driver_sql(sql.format(named=named), facts).fetchall()

    columns: dict[str, list[Column]] = {}
    for row in rows(_COLUMNS):
        columns.setdefault(row.table_name, []).append(_column(row, typed))
    keys: dict[str, dict[str, list[str]]] = {}
    for row in rows(_KEYS):
        # a column of which only the beginning is unique counts as one nobody can name
        name = row.name if row.prefix is None else ""
        keys.setdefault(row.table_name, {}).setdefault(row.index_name, []).append(name)
    return {
        row.name: Table(
            name=row.name,
            columns=tuple(columns.get(row.name, ())),
            primary=tuple(keys.get(row.name, {}).get("PRIMARY", ())),
            uniques=tuple(frozenset(inside) for inside in keys.get(row.name, {}).values()),
            is_view=bool(row.is_view),
            hides_rows=bool(row.is_view),
            has_triggers=bool(row.has_triggers),
            is_transactional=bool(row.is_transactional),
            comment="" if row.is_view else row.comment,
        )
        for row in rows(_TABLES)
    }


def _column(row: Any, typed: Callable[[str, str, FieldType], FieldType]) -> Column:
    native = str(row.lower_type)
    base = base_of(native)
    type_ = _TYPES.get(base, FieldType.TEXT)
    if native.startswith(("tinyint(1)", "bit(1)")):
        type_ = FieldType.BOOLEAN
    elif "blob" in base or "binary" in base or base in ("geometry", "point", "polygon", "linestring"):
        type_ = FieldType.BINARY
    is_counted = "auto_increment" in row.extra
    return Column(
        name=row.name,
        type=typed(row.table_name, row.name, type_),
        native=native,
        is_nullable=bool(row.is_nullable),
        is_writable=not row.generated,
        has_default=row.default_value not in (None, "NULL") or "on update" in row.extra.lower(),
        is_counted=is_counted,
        max_length=int(row.max_length) if base in ("char", "varchar") and row.max_length is not None else None,
        scale=int(row.scale) if base == "decimal" and row.scale is not None else None,
        fraction_digits=None if row.fraction_digits is None or base == "date" else int(row.fraction_digits),
        choices=_choices(str(row.column_type)) if base == "enum" else (),
        comment=row.comment,
    )


def _choices(column_type: str) -> tuple[str, ...]:
    return tuple(text.replace("''", "'") for text in re.findall(r"'((?:[^']|'')*)'", column_type))
