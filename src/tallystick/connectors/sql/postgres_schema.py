"""What PostgreSQL knows of its tables, read from its catalogue in two statements."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from tallystick.connectors.sql.table import Column, Table
from tallystick.model.value import FieldType

TYPES: Mapping[str, FieldType] = {
    "smallint": FieldType.INTEGER,
    "integer": FieldType.INTEGER,
    "bigint": FieldType.INTEGER,
    "oid": FieldType.INTEGER,
    "numeric": FieldType.DECIMAL,
    "money": FieldType.DECIMAL,
    "real": FieldType.DECIMAL,
    "double precision": FieldType.DECIMAL,
    "boolean": FieldType.BOOLEAN,
    "date": FieldType.DATE,
    "time without time zone": FieldType.TIME,
    "timestamp without time zone": FieldType.LOCAL_DATETIME,
    "timestamp with time zone": FieldType.DATETIME,
    "bytea": FieldType.BINARY,
    "json": FieldType.JSON,
    "jsonb": FieldType.JSON,
}

_COLUMNS = """
SELECT c.relname AS table_name, c.relkind IN ('v', 'm') AS is_view, row_security_active(c.oid) AS hides_rows,
       EXISTS (SELECT 1 FROM pg_trigger g WHERE g.tgrelid = c.oid AND NOT g.tgisinternal) AS has_triggers,
       coalesce(obj_description(c.oid, 'pg_class'), '') AS table_comment,
       a.attname AS name, a.attnotnull AS is_not_null, a.atthasdef AS has_default,
       a.attidentity <> '' OR coalesce(pg_get_expr(d.adbin, d.adrelid), '') LIKE 'nextval(' || '%' AS is_counted,
       a.attgenerated <> '' AS is_generated,
       CASE WHEN t.typtype = 'd' THEN format_type(t.typbasetype, t.typtypmod)
            ELSE format_type(a.atttypid, a.atttypmod) END AS native,
       coalesce(col_description(c.oid, a.attnum), '') AS comment,
       CASE WHEN t.typtype = 'e' THEN
            (SELECT array_agg(e.enumlabel::text ORDER BY e.enumsortorder) FROM pg_enum e WHERE e.enumtypid = t.oid)
       END AS labels
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
JOIN pg_type t ON t.oid = a.atttypid
LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND {scope}
ORDER BY c.relname, a.attnum
"""

_KEYS = """
SELECT c.relname AS table_name, i.indisprimary AS is_primary,
       array(SELECT a.attname::text FROM unnest(i.indkey[0:i.indnkeyatts - 1]) WITH ORDINALITY AS k (number, place)
             JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.number ORDER BY k.place) AS names
FROM pg_index i
JOIN pg_class c ON c.oid = i.indrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE i.indisunique AND i.indisvalid AND i.indpred IS NULL AND i.indexprs IS NULL AND {scope}
"""


@functools.lru_cache(maxsize=1024)
def base_of(native: str) -> str:
    """The type without its size."""
    return re.sub(r"\(\d+(,\d+)?\)", "", native).replace("  ", " ")


def reflect(
    connection: Connection,
    schema: str | None,
    names: Sequence[str] | None,
    typed: Callable[[str, str, FieldType], FieldType],
) -> Mapping[str, Table]:
    scope = (
        "n.nspname = %(schema)s"
        if schema
        else ("pg_table_is_visible(c.oid) AND n.nspname NOT IN ('pg_catalog', 'information_schema')")
    )
    if names is not None:
        scope += " AND c.relname = ANY(%(names)s)"
    facts: dict[str, Any] = {"schema": schema, "names": list(names or ())}
    rows = connection.exec_driver_sql(_COLUMNS.format(scope=scope).replace("'%'", "'%%'"), facts).fetchall()
    keys = connection.exec_driver_sql(_KEYS.format(scope=scope), facts).fetchall()
    primary = {key.table_name: tuple(key.names) for key in keys if key.is_primary}
    uniques: dict[str, list[frozenset[str]]] = {}
    for key in keys:
        uniques.setdefault(key.table_name, []).append(frozenset(key.names))
    tables: dict[str, Any] = {}
    for row in rows:
        table = tables.setdefault(
            row.table_name,
            {
                "name": row.table_name,
                "columns": [],
                "primary": primary.get(row.table_name, ()),
                "uniques": tuple(uniques.get(row.table_name, ())),
                "is_view": row.is_view,
                "hides_rows": row.is_view or row.hides_rows,
                "has_triggers": row.has_triggers,
                "comment": row.table_comment,
            },
        )
        table["columns"].append(_column(row, typed))
    return {name: Table(**{**table, "columns": tuple(table["columns"])}) for name, table in tables.items()}


def _column(row: Any, typed: Callable[[str, str, FieldType], FieldType]) -> Column:
    base = base_of(row.native)
    sizes = [int(size) for size in re.findall(r"\d+", row.native)] if "(" in row.native else []
    is_text = base in ("character varying", "character")
    type_ = FieldType.LIST if base.endswith("[]") else TYPES.get(base, FieldType.TEXT)
    return Column(
        name=row.name,
        type=typed(row.table_name, row.name, type_),
        native=row.native,
        is_nullable=not row.is_not_null,
        is_writable=not row.is_generated,
        has_default=row.has_default,
        is_counted=row.is_counted,
        max_length=sizes[0] if is_text and sizes else None,
        scale=sizes[1] if base == "numeric" and len(sizes) > 1 else (2 if base == "money" else None),
        fraction_digits=(sizes[0] if sizes else 6) if base.startswith("time") else None,
        choices=tuple(row.labels or ()),
        comment=row.comment,
    )
