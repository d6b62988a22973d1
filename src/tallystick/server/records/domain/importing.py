"""Imports of files: looked at first, then taken row by row; a bad row is told with its line and the others go in."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from django.db import transaction
from django.utils.translation import gettext as _

from tallystick.errors import InputRefused, NotFound
from tallystick.model.value import Value
from tallystick.model.write import Result
from tallystick.server.people.actor import Actor
from tallystick.server.records import queries
from tallystick.server.records.domain import actions
from tallystick.server.records.domain.references import id_of
from tallystick.server.records.domain.steps import Doing, Done, Step
from tallystick.server.records.models import Upload
from tallystick.server.records.record_types import RecordType, record_type
from tallystick.server.records.table_files import FileRow, columns_of, fields_of, form_of, placed_rows, value_of
from tallystick.server.records.values import list_of, listed

STEP_ROWS: Final = 1_000
CHECKED_ROWS: Final = 2_000
FAULTS_KEPT: Final = 500
KEPT_FOR: Final = timedelta(days=1)
MOST_CHARACTERS: Final = 50_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What an import would do. `faults`: (line, sentence) of the rows looked at; `columns`: column -> field or ""."""

    upload: Upload
    columns: dict[str, str]
    rows: int
    checked: int
    faults: list[tuple[int, str]]
    sample: list[FileRow]

    @property
    def good(self) -> int:
        """Rows that go in, as far as they were looked at."""
        return self.rows - len(self.faults)


class _RollBack(Exception):
    pass


def receive(actor: Actor, type_: str, name: str, text: str) -> Upload:
    """Keeps a file to be imported. Raises NotAllowed and InputRefused."""
    kind = record_type(type_)
    actor.check(kind.permission("add"))
    if not text.strip():
        raise InputRefused(_("The file is empty."), fields={"file": _("Choose a file with a line for each record.")})
    if len(text) > MOST_CHARACTERS:
        raise InputRefused(
            _("The file is too large to be taken in one piece."),
            fields={"file": _("Cut it into parts of at most 50 million characters.")},
        )
    form = form_of(name, text)
    columns = columns_of(text, form)
    if not fields_of(kind, columns):
        raise InputRefused(
            _("None of the columns is a field of this type: {names}.").format(names=", ".join(columns[:8])),
            fields={
                "file": _("Name the columns like the fields, for example {names}.").format(
                    names=", ".join(kind.written[:4])
                )
            },
        )
    Upload.objects.filter(created_at__lt=datetime.now(UTC) - KEPT_FOR).delete()
    return Upload.objects.create(
        token=secrets.token_hex(16),
        record_type=kind.name,
        by_id=str(actor.person or ""),
        name=name[:200],
        form=form,
        content=text,
        created_at=datetime.now(UTC),
        rows=sum(1 for _row in placed_rows(text, form)),
    )


def upload_of(actor: Actor, token: str) -> Upload:
    """Raises NotFound for one that is not there or somebody else's."""
    found = Upload.objects.filter(token=token, by_id=str(actor.person or "")).first()
    if found is None:
        raise NotFound(_("This import is not there any more."), hint=_("Begin again with the file."))
    return found


def preview(actor: Actor, upload: Upload) -> Preview:
    """Takes the first rows on trial and takes them back."""
    kind = record_type(upload.record_type)
    columns = columns_of(upload.content, upload.form)
    fields = fields_of(kind, columns)
    faults: list[tuple[int, str]] = []
    sample: list[FileRow] = []
    checked = 0
    for part in _parts(upload, CHECKED_ROWS):
        rows = [row for row, _offset, _line in part]
        sample += rows[: max(0, 5 - len(sample))]
        checked += len(rows)
        try:
            with transaction.atomic(using=queries.HUB):
                faults += _take(actor, kind, fields, rows, upload).faults
                raise _RollBack
        except _RollBack:
            continue
    return Preview(
        upload=upload,
        columns={column: fields.get(column, "") for column in columns},
        rows=upload.rows,
        checked=checked,
        faults=faults,
        sample=sample,
    )


def go_on(actor: Actor, upload: Upload) -> Upload:
    """Takes the next rows; each batch is whole or not there, and taken once however often it is asked for."""
    kind = record_type(upload.record_type)
    actor.check(kind.permission("add"))
    fields = fields_of(kind, columns_of(upload.content, upload.form))
    for part in _parts(upload, STEP_ROWS, offset=upload.offset, line=upload.line):
        with transaction.atomic(using=queries.HUB):
            kept = Upload.objects.select_for_update().filter(pk=upload.pk, offset=upload.offset).first()
            if kept is None or kept.is_done:  # another request was quicker
                return upload_of(actor, upload.token)
            taken = _take(actor, kind, fields, [row for row, _offset, _line in part], upload)
            _row, upload.offset, upload.line = part[-1]
            upload.is_begun = True
            upload.created += taken.created
            upload.updated += taken.updated
            upload.refused += len(taken.faults)
            known = json.loads(upload.faults)
            upload.faults = json.dumps([*known, *taken.faults][:FAULTS_KEPT])
            upload.save()
    if next(_parts(upload, 1, offset=upload.offset, line=upload.line), None) is None:
        upload.is_done = True
        upload.save(update_fields=["is_done"])
    return upload


def _parts(upload: Upload, most: int, *, offset: int = 0, line: int = 0) -> Iterator[list[tuple[FileRow, int, int]]]:
    part: list[tuple[FileRow, int, int]] = []
    for number, placed in enumerate(placed_rows(upload.content, upload.form, offset=offset, line=line)):
        if number == most:
            break
        part.append(placed)
        if len(part) == actions.MOST_AT_ONCE:
            yield part
            part = []
    if part:
        yield part


@dataclass(frozen=True, slots=True, kw_only=True)
class _Taken:
    created: int
    updated: int
    faults: list[tuple[int, str]]


def _take(actor: Actor, kind: RecordType, fields: dict[str, str], rows: Sequence[FileRow], upload: Upload) -> _Taken:
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
    return _Taken(created=good[Doing.CREATE], updated=good[Doing.UPDATE], faults=sorted(faults.items()))


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
