"""A filter over canonical columns, and the part of it that a database can take over.

What a record passes is decided on canonical text alone, by the model's own clauses: collations, padding and types
of a database have no say. SQL only leaves out, where it certainly can, rows that would not pass anyway.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from tallystick.connectors.sql.table import Table
from tallystick.model.selection import Clause, Filter, SoftDelete, Test
from tallystick.model.value import FieldType

if TYPE_CHECKING:
    from tallystick.connectors.sql.database import Database

_PLAIN = re.compile(r"[ -~]*")


def is_plain(value: str) -> bool:
    """Whether only this very text has `value` as its canonical text, in any Unicode form.

    K and ; have a look-alike that normalises to them (the Kelvin sign, the Greek question mark), ` another one;
    quotes and backslashes stay out of SQL text altogether.
    """
    return bool(_PLAIN.fullmatch(value)) and not set(value) & set("K;`'\\")


def passes(where: Filter | None, columns: Mapping[str, pa.Array], count: int) -> pa.Array:
    """A boolean for each row."""
    if where is None:
        return pa.array([True] * count, pa.bool_())
    verdicts = [_clause_passes(clause, columns[clause.field]) for clause in where.clauses]
    join = pc.and_ if where.is_all else pc.or_
    return functools.reduce(join, verdicts, pa.array([where.is_all] * count, pa.bool_()))


def _clause_passes(clause: Clause, column: pa.Array) -> pa.Array:
    # Every distinct value is judged once, by the clause itself.
    encoded = column.dictionary_encode()
    verdicts = pa.array([clause.passes(value) for value in encoded.dictionary.to_pylist()], pa.bool_())
    return pc.fill_null(verdicts.take(encoded.indices), clause.passes(None))


def is_deleted(deleted: SoftDelete | None, table: Table, columns: Mapping[str, pa.Array], count: int) -> pa.Array:
    """Which rows count as deleted."""
    if deleted is None:
        return pa.array([False] * count, pa.bool_())
    return pc.fill_null(pc.equal(columns[deleted.column], marker(deleted, table)), False)


def marker(deleted: SoftDelete, table: Table) -> str:
    """The canonical text that marks a row as deleted: a boolean may be written 1 as well as true."""
    if table.column(deleted.column).type is FieldType.BOOLEAN:
        return {"1": "true", "0": "false"}.get(deleted.equals, deleted.equals.lower())
    return deleted.equals


def unmarked(deleted: SoftDelete, table: Table) -> str | None:
    """What the column of a row holds that is not deleted: the opposite of a flag, else null."""
    return {"true": "false", "false": "true", "1": "0", "0": "1", "Y": "N", "N": "Y"}.get(marker(deleted, table))


def condition(where: Filter | None, table: Table, database: Database) -> str:
    """SQL that holds for at least every row that passes; "" where it would leave nothing out."""
    if where is None or not where.clauses:
        return ""
    parts = [_clause_condition(clause, table, database) for clause in where.clauses]
    if where.is_all:
        return " AND ".join(part for part in parts if part)
    known = [part for part in parts if part]
    return f"({' OR '.join(known)})" if len(known) == len(parts) else ""


def _clause_condition(clause: Clause, table: Table, database: Database) -> str:
    column = table.column(clause.field)
    values: Sequence[object]
    match clause.test:
        case Test.IS:
            values = (clause.value,)
        case Test.IN if isinstance(clause.value, tuple):
            values = clause.value
        case _:
            return ""
    texts = [value for value in values if isinstance(value, str)]
    if len(texts) < len(values):
        return ""
    return (database.same(column, texts) or "") if texts else "1 = 0"
