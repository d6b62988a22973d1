"""Ids and values as conditions with parameters."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping, Sequence

from tallystick.connectors.sql.database import MARK, Database
from tallystick.connectors.sql.table import Table
from tallystick.model.selection import parts_of
from tallystick.model.value import Value

CHUNK = 400
"""Ids in one statement."""


def forms(value: str) -> list[str]:
    """A text in the Unicode forms it may be stored in."""
    if value.isascii():
        return [value]
    return list(dict.fromkeys((value, unicodedata.normalize("NFD", value))))


def bound_ids(
    database: Database, table: Table, key: Sequence[str], ids: Sequence[str]
) -> tuple[list[list[tuple[object, ...]]], list[str]]:
    """Native key values of each id, in every form, and the ids that cannot be ids of this table."""
    binders = [database.binder(table.column(name)) for name in key]
    found: list[list[tuple[object, ...]]] = []
    alien: list[str] = []
    for id_ in ids:
        try:
            parts = parts_of(id_, len(key))
            spelled = [tuple(parts)]
            if not id_.isascii():
                spelled.append(tuple(unicodedata.normalize("NFD", part) for part in parts))
            found.append([tuple(bind(part) for bind, part in zip(binders, way, strict=True)) for way in spelled])
        except ValueError:
            alien.append(id_)
    return found, alien


def by_ids(
    database: Database, table: Table, key: Sequence[str], ids: Sequence[str]
) -> Iterator[tuple[str, list[object], list[str]]]:
    """`WHERE …` with its parameters for every chunk of ids, and the ids of the chunk that cannot be there.

    It may find other rows too, where the database takes different ids for equal.
    """
    names = [database.compares(table.column(name)) or database.quote(name) for name in key]
    for start in range(0, len(ids), CHUNK):
        bound, alien = bound_ids(database, table, key, ids[start : start + CHUNK])
        ways = [way for one in bound for way in one]
        if not ways:
            yield "", [], alien
        elif len(names) == 1:
            yield f"WHERE {names[0]} IN ({', '.join([MARK] * len(ways))})", [way[0] for way in ways], alien
        else:
            one = "(" + " AND ".join(f"{name} = {MARK}" for name in names) + ")"
            yield f"WHERE {' OR '.join([one] * len(ways))}", [part for way in ways for part in way], alien


def by_values(database: Database, table: Table, values: Mapping[str, Value]) -> tuple[str, list[object]] | None:
    """A condition that rows with these values meet, and maybe others; None when no row can have them."""
    parts: list[str] = []
    parameters: list[object] = []
    for name, value in values.items():
        column = table.column(name)
        expression = database.compares(column)
        if value is None:
            parts.append(f"{database.quote(name)} IS NULL")
        elif expression is not None:
            bind = database.binder(column)
            try:
                bound = [bind(form) for form in forms(value)]
            except ValueError:
                return None
            parts.append(f"{expression} IN ({', '.join([MARK] * len(bound))})")
            parameters += bound
    return " AND ".join(parts), parameters
