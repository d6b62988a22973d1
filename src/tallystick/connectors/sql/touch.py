"""The stamp that our writes leave in a flow's `changed` column.

The applications of a table set it at every change and find each other's changes by it; a write that did not would
be seen by none of them, and by no other hub. It is the database's time, spelled as the column's other stamps are.
"""

from __future__ import annotations

import re

from sqlalchemy import Connection

from tallystick.connectors import spelling
from tallystick.connectors.sql import bind
from tallystick.connectors.sql.database import Database
from tallystick.connectors.sql.table import Column, Table
from tallystick.model.value import FieldType

_STYLE = re.compile(r"\d{4}-\d\d-\d\d([ T])\d\d:\d\d:\d\d(\.\d+)?( ?)(Z|[+-]\d\d(?::?\d\d)?)?", re.ASCII)


def stamp_now(database: Database, connection: Connection, table: Table, column: Column) -> object | None:
    """What to write as the stamp of a change made now; None where the column does not hold moments."""
    if not column.is_writable or column.type in (FieldType.INTEGER, FieldType.DECIMAL):
        return None
    now = database.now(connection)
    local = str(spelling.local_moment(now, database.zone))
    sample = _sample(database, connection, table, column)
    if sample is not None and (style := _STYLE.fullmatch(sample)):
        return _styled(now, local, style)
    match column.type:
        case FieldType.DATETIME:
            return database.binder(column)(bind.kept(now, column))
        case FieldType.LOCAL_DATETIME:
            return database.binder(column)(bind.kept(local, column))
        case FieldType.DATE:
            return local[:10]
        case FieldType.TEXT if sample is None:
            return now
    return None


def _sample(database: Database, connection: Connection, table: Table, column: Column) -> str | None:
    """A stamp as it stands in a column that holds text."""
    name = database.quote(column.name)
    page = database.read(connection, table, (column,), f"WHERE {name} IS NOT NULL LIMIT 1", ())
    found = page.raw[column.name][0] if page.row_count else None
    return found if isinstance(found, str) else None


def _styled(now: str, local: str, style: re.Match[str]) -> str:
    between, fraction, space, zone = style.groups()
    moment = (now.removesuffix("Z") if zone else local).replace("T", between)
    whole, _, digits = moment.partition(".")
    if fraction:
        whole += "." + digits.ljust(len(fraction) - 1, "0")[: len(fraction) - 1]
    if not zone:
        return whole
    suffix = "Z" if zone == "Z" else "+00:00" if ":" in zone else "+0000" if len(zone) == 5 else "+00"
    return f"{whole}{space}{suffix}"
