"""Makes a hub large by statements in bulk: copies of sample records and of what a run left, under new ids and numbers.

Run within a hub that is prepared (`HubProcesses.do`): `multiply_all(rows)`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import connection, models

KINDS = ("account", "person", "installed_asset", "task", "case")


def multiply_all(rows: int, kinds: Sequence[str] = KINDS) -> dict[str, int]:
    """So many rows, about, of these record types and of what runs leave; the others stay as they are."""
    from tallystick.server.ops.tending import Tending
    from tallystick.server.records.models import Numbering, Relation, SearchText
    from tallystick.server.records.record_types import record_type
    from tallystick.server.state.models import Link, LinkBase, Operation, OperationValues, Review

    is_postgresql = connection.vendor == "postgresql"
    with connection.cursor() as cursor:
        if is_postgresql:
            cursor.execute("SET session_replication_role = replica")  # references of copies are those of the originals
            cursor.execute("SET synchronous_commit = off")
        else:
            cursor.execute("PRAGMA foreign_keys = OFF")
            cursor.execute("PRAGMA synchronous = OFF")
        for name in kinds:
            kind = record_type(name)
            count = kind.model.objects.count()
            times = max(0, -(-rows // count) - 1)
            title = kind.title_field
            _copy(cursor, kind.model, times, {"id": "id", "number": f"number:{count}", title: "text"})
            _copy(
                cursor, SearchText, times, {"number": None, "record": "id", "text": "text"}, f"record_type = '{name}'"
            )
            if name == "task":
                _copy(cursor, Relation, times, {"record": "id", "number": None}, "record_type = 'task'")
            Numbering.objects.filter(record_type=name).update(last=count * (times + 1) + 1)
        for model, rest in ((Link, LinkBase), (Operation, OperationValues), (Review, None)):
            count, last = model.objects.count(), model.objects.order_by("-number").first().number
            times = max(0, -(-rows // count) - 1)
            changed = {"number": f"number:{last}", "left_id": "text", "right_id": "text"}
            changed |= {"seq": f"number:{last}"} if model is Operation else {}
            changed |= {"subject": "text"} if model is Review else {}
            _copy(cursor, model, times, changed)
            if rest is not None:
                _copy(cursor, rest, times, {"number": f"number:{last}"})
    if is_postgresql:  # as the hub does by itself within half a minute; nobody does it for SQLite
        Tending().look(is_waiting=False)
    models_made = [*(record_type(name).model for name in kinds), Link, Operation, Review]
    return {model._meta.label: model.objects.count() for model in models_made}


def _copy(cursor: Any, model: type[models.Model], times: int, changed: dict[str, str | None], where: str = "") -> None:
    """Adds `times` copies of each row. `changed`: how a column of a copy differs; None leaves it to the database."""
    table = model._meta.db_table
    unique = {
        name
        for constraint in model._meta.constraints
        if isinstance(constraint, models.UniqueConstraint)
        for name in constraint.fields
    }
    columns, values = [], []
    for field in model._meta.concrete_fields:
        how = changed.get(field.name, "")
        if field.name in unique and not how and isinstance(field, models.CharField):
            how = "text"
        if how is None:
            continue
        columns.append(f'"{field.column}"')
        values.append(_value(f'o."{field.column}"', how))
    series = (
        f"SELECT generate_series(1, {times}) AS n"
        if connection.vendor == "postgresql"
        else f"WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < {times}) SELECT n FROM s"
    )
    if times:
        cursor.execute(
            f"INSERT INTO {table} ({', '.join(columns)}) SELECT {', '.join(values)} FROM ({series}) AS c "
            f"CROSS JOIN (SELECT * FROM {table} {'WHERE ' + where if where else ''}) AS o"
        )


def _value(column: str, how: str) -> str:
    if how == "id":  # 32 hexadecimal digits, in no order, the same wherever the same id is copied
        return (
            f"lpad(to_hex(c.n), 8, '0') || substr({column}, 9)"
            if _is_postgresql()
            else f"printf('%08x', c.n) || substr({column}, 9)"
        )
    if how == "text":
        return f"{column} || ' ' || c.n"
    if how.startswith("number:"):
        return f"{column} + c.n * {how.removeprefix('number:')}"
    return column


def _is_postgresql() -> bool:
    return connection.vendor == "postgresql"
