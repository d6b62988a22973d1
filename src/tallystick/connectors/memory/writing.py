"""Carries out one write on a table, or says why not. A write that is not DONE leaves the table as it was."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from tallystick.connectors.memory.describe import IdsFrom
from tallystick.connectors.memory.state import Row
from tallystick.connectors.memory.table import next_id, touch
from tallystick.connectors.memory.values import canonical
from tallystick.connectors.memory.view import View
from tallystick.model.record import Cause
from tallystick.model.selection import id_of, parts_of
from tallystick.model.value import Value
from tallystick.model.write import Action, Outcome, Result, Write


class _Refused(Exception):
    """The system does not take these values; the text is a sentence."""


def carry_out(view: View, write: Write, *, sequence: int, now: datetime) -> Outcome:
    """What came of the write. `sequence` is the number of the change if it is one."""
    try:
        match write.action:
            case Action.CREATE:
                return _create(view, write, sequence, now)
            case Action.UPDATE:
                return _update(view, write, sequence, now)
            case Action.DELETE:
                return _delete(view, write, sequence, now)
            case _:
                raise _Refused(f"No system can {write.action.value}.")
    except _Refused as refusal:
        return Outcome(key=write.key, result=Result.REFUSED, id=write.id, message=str(refusal))


def _create(view: View, write: Write, sequence: int, now: datetime) -> Outcome:
    table = view.table
    _allowed(table.type.create, "created")
    if table.type.idempotency and write.key in table.answered:
        own_id = table.answered[write.key]
        return _done(view, write, own_id, table.rows[own_id])
    if write.id is not None and view.has_own_ids and table.type.ids is IdsFrom.SYSTEM:
        raise _Refused("The system gives new records their ids itself.")
    values = _accepted(view, write.values)
    values |= _key_values(view, write.id, values)
    id = write.id or _made_of(view.key, values)
    known = view.own_ids([id]).get(id) if id is not None else None
    if known is not None and table.rows[known].gone not in (Cause.DELETED, Cause.MERGED):
        return Outcome(key=write.key, result=Result.EXISTS, id=id, message=f"There is a record {id!r} already.")
    given = {field.name: values.get(field.name) for field in table.type.fields}
    for field in table.type.fields:
        is_needed = field.required or not field.nullable or field.name in table.type.key
        if given[field.name] is None and is_needed and table.type.is_writable(field):
            raise _Refused(f"The field {field.name!r} needs a value.")
    own_id = _new_own_id(view, id, given)
    row = Row(given, now, sequence)
    touch(table, row, sequence, now)
    table.rows.pop(own_id, None)
    table.rows[own_id] = row
    if table.type.idempotency:
        table.answered[write.key] = own_id
    return _done(view, write, own_id, row)


def _update(view: View, write: Write, sequence: int, now: datetime) -> Outcome:
    _allowed(view.table.type.update, "changed")
    own_id = view.own_ids([write.id or ""]).get(write.id or "")
    row = None if own_id is None else view.table.rows[own_id]
    if own_id is None or row is None or not _is_there(view, row):
        return Outcome(key=write.key, result=Result.ABSENT, id=write.id, message=f"There is no record {write.id!r}.")
    if _has_moved(view, row, write):
        return Outcome(key=write.key, result=Result.MOVED, id=write.id, message="The record has changed.")
    values = _accepted(view, write.values)
    for name in (*view.key, *view.table.type.key):
        if values.get(name, row.values.get(name)) != row.values.get(name):
            raise _Refused(f"The field {name!r} makes the id and cannot change.")
    row.values = {**row.values, **values}
    touch(view.table, row, sequence, now)
    return _done(view, write, own_id, row)


def _delete(view: View, write: Write, sequence: int, now: datetime) -> Outcome:
    _allowed(view.table.type.delete, "deleted")
    own_id = view.own_ids([write.id or ""]).get(write.id or "")
    row = None if own_id is None else view.table.rows[own_id]
    if row is None or not _is_there(view, row):
        return Outcome(key=write.key, result=Result.DONE, id=write.id)
    if _has_moved(view, row, write):
        return Outcome(key=write.key, result=Result.MOVED, id=write.id, message="The record has changed.")
    if view.selection.deleted is None:
        row.gone = Cause.DELETED
    else:
        soft = view.selection.deleted
        row.values = {**row.values, **_accepted(view, {soft.column: soft.equals})}
    touch(view.table, row, sequence, now)
    return Outcome(key=write.key, result=Result.DONE, id=write.id)


def _is_there(view: View, row: Row) -> bool:
    if row.gone is Cause.FORBIDDEN:
        raise _Refused("This record may not be touched.")
    return view.is_present(row)


def _has_moved(view: View, row: Row, write: Write) -> bool:
    version = view.table.version(row)
    if write.version is not None and version is not None:
        return write.version != version
    return any(row.values.get(name) != value for name, value in write.expected.items())


def _allowed(is_allowed: bool, done: str) -> None:
    if not is_allowed:
        raise _Refused(f"Records of this type cannot be {done} here.")


def _accepted(view: View, values: Mapping[str, Value]) -> dict[str, Value]:
    taken: dict[str, Value] = {}
    for name, value in values.items():
        field = view.table.type.field(name)
        if field is None:
            raise _Refused(f"There is no field {name!r}.")
        if not view.table.type.is_writable(field):
            raise _Refused(f"The field {name!r} cannot be set.")
        try:
            taken[name] = canonical(value, field.type)
        except ValueError as error:
            raise _Refused(f"The field {name!r} {error}.") from error
        if value is None and (field.required or not field.nullable):
            raise _Refused(f"The field {name!r} needs a value.")
        if value is not None and field.max_length is not None and len(value) > field.max_length:
            raise _Refused(f"The field {name!r} takes {field.max_length} characters, not {len(value)}.")
        if value is not None and field.choices and value not in field.choices:
            raise _Refused(f"The field {name!r} takes only one of its choices.")
    return taken


def _key_values(view: View, id: str | None, values: Mapping[str, Value]) -> dict[str, Value]:
    """The key fields as the id says them. They may stand in the values too, but not otherwise."""
    if id is None or not view.key:
        return {}
    try:
        parts = dict(zip(view.key, parts_of(id, len(view.key)), strict=True))
    except ValueError as error:
        raise _Refused(f"The id does not fit the key {', '.join(view.key)}.") from error
    if any(values.get(name) not in (None, part) for name, part in parts.items()):
        raise _Refused("The id says one thing and the key fields another.")
    return dict(_accepted(view, parts))


def _made_of(key: tuple[str, ...], values: Mapping[str, Value]) -> str | None:
    parts = [values.get(name) for name in key]
    return id_of(tuple(str(part) for part in parts)) if parts and None not in parts else None


def _new_own_id(view: View, id: str | None, values: dict[str, Value]) -> str:
    if view.table.type.ids is IdsFrom.SYSTEM:
        own_id = next_id(view.table)
        values |= dict.fromkeys(view.table.type.key, own_id)
        return own_id
    made = id if view.has_own_ids else _made_of(view.table.type.key, values)
    if made is None:
        raise _Refused("The new record has no id, and the system gives none.")
    return made


def _done(view: View, write: Write, own_id: str, row: Row) -> Outcome:
    return Outcome(
        key=write.key,
        result=Result.DONE,
        id=view.id(own_id, row),
        version=view.table.version(row),
        stored=dict(row.values),
    )
