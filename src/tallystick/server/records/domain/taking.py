"""Rows of a file as changes of records: what each names, means and becomes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from tallystick.model.value import Value
from tallystick.model.write import Result
from tallystick.server.people.actor import Actor
from tallystick.server.records import queries
from tallystick.server.records.domain import actions
from tallystick.server.records.domain.references import id_of
from tallystick.server.records.domain.steps import Doing, Done, Step
from tallystick.server.records.models import Upload
from tallystick.server.records.record_types import RecordType
from tallystick.server.records.table_files import FileRow, value_of
from tallystick.server.records.values import list_of, listed


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What came of rows: how many records were made and changed, and a sentence for each line that was not taken."""

    created: int
    updated: int
    faults: list[tuple[int, str]]


def take(actor: Actor, kind: RecordType, fields: dict[str, str], rows: Sequence[FileRow], upload: Upload) -> Taken:
    """Takes each row on its own, all in one transaction of the caller."""
    faults = {row.line: row.fault for row in rows if row.fault}
    steps: dict[int, Step] = {}
    meant: dict[int, str] = {}
    names: dict[tuple[str, str], str] = {}
    for row in rows:
        if row.fault:
            continue
        try:
            values, which = _values(actor, kind, fields, row, names)
        except LookupError as fault:
            faults[row.line] = str(fault)
            continue
        key = f"import {upload.token} {row.line}"
        steps[row.line] = Step(doing=Doing.CREATE, values=values, key=key, reason=upload.name[:300])
        if which:
            meant[row.line] = which
    there = _there(actor, kind, set(meant.values()))
    for line, which in meant.items():
        if which not in there:
            faults[line] = _("There is no record {which}.").format(which=which)
            del steps[line]
        elif not actor.may(kind.permission("change")):
            faults[line] = _("You are not allowed to change records.")
            del steps[line]
        else:
            step = steps[line]
            steps[line] = Step(doing=Doing.UPDATE, id=there[which], values=step.values, reason=step.reason)
    for step_line, step in steps.items():
        if step.doing is Doing.CREATE:
            given = {name: value for name, value in step.values.items() if value is not None}
            steps[step_line] = Step(doing=Doing.CREATE, values=given, key=step.key, reason=step.reason)
    done: list[Done] = actions.write(actor, kind, list(steps.values()))
    good = dict.fromkeys(Doing, 0)
    for (line, step), one in zip(steps.items(), done, strict=True):
        if one.result is Result.DONE:
            good[step.doing] += 1
        else:
            faults[line] = one.message
    return Taken(created=good[Doing.CREATE], updated=good[Doing.UPDATE], faults=sorted(faults.items()))


def _values(
    actor: Actor, kind: RecordType, fields: dict[str, str], row: FileRow, names: dict[tuple[str, str], str]
) -> tuple[dict[str, Value], str]:
    """The values of a row, and the id or number it names. Raises LookupError with a sentence."""
    values: dict[str, Value] = {}
    which = ""
    for column, name in fields.items():
        if column not in row.cells:
            continue
        cell = row.cells[column]
        if name in ("id", "number"):
            which = which or str(cell or "").strip()
            continue
        field = kind.fields[name]
        value = value_of(field, cell)
        if field.refers_to is not None and value:
            many = value.startswith("[")
            ids = [_id(actor, field, text, names) for text in (listed(value) if many else (value,))]
            value = list_of(ids) if many else ids[0]
        values[name] = value
    return values, which


def _id(actor: Actor, field: Any, text: str, names: dict[tuple[str, str], str]) -> str:
    """Names come up again and again in a file: each is looked up once."""
    key = (str(field.refers_to), text)
    if key not in names:
        names[key] = id_of(field, actor, text)
    return names[key]


def _there(actor: Actor, kind: RecordType, wanted: set[str]) -> dict[str, str]:
    """An id or a number as people write it -> the id of the record the actor may see."""
    numbers = {}
    for which in wanted:
        number = which.rpartition("-")[2]
        if number.isdecimal() and len(number) < 19 and len(which) < 32:
            numbers[int(number)] = which
    rows = queries.live(kind, actor)
    found = {str(id_): str(id_) for id_ in rows.filter(pk__in=wanted).values_list("pk", flat=True)}
    for id_, given in rows.filter(number__in=numbers).values_list("pk", "number"):
        found[numbers[given]] = str(id_)
    return found
