"""The one way records are changed: any number of steps on records of one type, each on its own, in one transaction.

A step that cannot be taken is told and leaves no trace; the others go on. Nothing is lost: whatever a step replaces
stands in the history. Source: spec/engine.md E7, E9, E27, E28, E31, E33.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from tallystick.model.write import Result
from tallystick.server.records import kept_codes
from tallystick.server.records.domain import tables
from tallystick.server.records.domain.others import check_references, check_unique
from tallystick.server.records.domain.registry import rules_of
from tallystick.server.records.domain.steps import GOING, Author, Doing, Done, Draft, Row, Step
from tallystick.server.records.domain.tables import Place
from tallystick.server.records.record_types import RecordType, record_type
from tallystick.server.records.values import Unfit, of_column, taken

NewId = Callable[[], str]
_BLANKS: Final[dict[str, dict[str, str | None]]] = {}


def carry_out(
    kind: RecordType, steps: Sequence[Step], author: Author, place: Place, *, new_id: NewId, deep: int = 0
) -> list[Done]:
    """What came of each step, in their order.

    Steps on one record are taken one after the other. Raises only what the database raises when it cannot be used.
    """
    try:
        with kept_codes.hub(place.using), transaction.atomic(using=place.using):
            done: list[Done] = []
            for part in _parts(steps):
                done += _Writing(kind, author, place, new_id, deep).carry_out(part)
            return done
    except IntegrityError:
        # Somebody else took a value that must be unique after it was looked for: find out whose step it was.
        if len(steps) == 1:
            return [_taken(steps[0])]
        return [carry_out(kind, [step], author, place, new_id=new_id, deep=deep)[0] for step in steps]


def _parts(steps: Sequence[Step]) -> Iterator[list[Step]]:
    """The steps in order, cut where a record comes up again."""
    part: list[Step] = []
    seen: set[str] = set()
    for step in steps:
        if step.id is not None and step.id in seen:
            yield part
            part, seen = [], set()
        part.append(step)
        if step.id is not None:
            seen.add(step.id)
    if part:
        yield part


def _taken(step: Step) -> Done:
    message = _("Another record has these values already, and they must be unique.")
    result = Result.EXISTS if step.doing is Doing.CREATE else Result.REFUSED
    return Done(result=result, id=step.id, message=message)


class _Writing:
    """Steps on different records of one type, inside a transaction."""

    def __init__(self, kind: RecordType, author: Author, place: Place, new_id: NewId, deep: int) -> None:
        self._kind, self._author, self._place, self._new_id, self._deep = kind, author, place, new_id, deep
        self._rules = rules_of(kind.name)

    def carry_out(self, steps: Sequence[Step]) -> list[Done]:
        rows = tables.rows(self._kind, [step.id for step in steps if step.id is not None], self._place)
        keys = [step.key for step in steps if step.key and step.doing is Doing.CREATE]
        made = tables.answered(keys, self._place) if keys else {}
        if made:
            rows |= tables.rows(self._kind, [id_ for id_ in made.values() if id_ not in rows], self._place)
        answers: list[Done | Draft] = [self._begin(step, rows, made) for step in steps]
        drafts = [answer for answer in answers if isinstance(answer, Draft)]
        self._consider(drafts)
        return [self._answer(answer) if isinstance(answer, Draft) else answer for answer in answers]

    # --- one step

    def _begin(self, step: Step, rows: dict[str, Row], made: dict[str, str]) -> Done | Draft:
        if step.key in made and step.doing is Doing.CREATE and made[step.key] in rows:
            return _as_it_is(rows[made[step.key]])
        row = rows.get(step.id) if step.id is not None else None
        if step.doing is Doing.CREATE:
            return self._begin_create(step, row)
        if row is None or (not row.is_live and step.doing is not Doing.RESTORE):
            if step.doing in GOING:
                return Done(result=Result.DONE, id=step.id)
            return Done(result=Result.ABSENT, id=step.id, message=_("The record is not there any more."))
        if _has_moved(step, row):
            return Done(result=Result.MOVED, id=step.id, message=_("The record has changed."), version=row.version)
        draft = Draft(step=step, doing=step.doing, id=row.id, row=row, after=dict(row.values))
        self._take(draft)
        return draft

    def _begin_create(self, step: Step, row: Row | None) -> Done | Draft:
        if row is not None and (row.is_live or row.gone_why == Doing.ARCHIVE):
            message = _("There is a record with this id already.")
            return Done(result=Result.EXISTS, id=row.id, number=row.number, message=message)
        id_ = step.id or self._new_id()
        if not 0 < len(id_) <= 32:
            return Done(result=Result.REFUSED, id=id_, message=_("An id has 1 to 32 characters."))
        doing = Doing.CREATE if row is None else Doing.RESTORE
        draft = Draft(step=step, doing=doing, id=id_, row=row, after=dict(_blank(self._kind)))
        self._take(draft)
        return draft

    def _take(self, draft: Draft) -> None:
        """The values of the step, as their fields keep them."""
        fields = self._kind.fields
        for name, value in draft.step.values.items():
            field = fields.get(name)
            if field is None:
                draft.refuse(name, _("There is no field {field!r}.").format(field=name))
            elif not field.is_writable:
                draft.refuse(name, _("The field {field!r} cannot be set.").format(field=name))
            else:
                try:
                    draft.after[name] = taken(field, value, kept=draft.after[name], is_return=draft.step.is_return)
                except Unfit as fault:
                    draft.refuse(name, str(fault))
        if draft.step.doing is Doing.CREATE:
            for name in self._kind.written:
                if fields[name].is_required and draft.after[name] is None and name not in draft.faults:
                    draft.refuse(name, _("{field} needs a value.").format(field=fields[name].title))

    # --- all of them

    def _consider(self, drafts: list[Draft]) -> None:
        """Checks the drafts and writes those that hold."""
        for draft in drafts:
            if not draft.faults and draft.doing not in GOING:
                self._rules.derive(draft, self._place)
                self._rules.check(draft)
        follow = self._rules.prepare(drafts, self._place)
        standing = [draft for draft in drafts if not draft.faults]
        staying = [draft for draft in standing if draft.doing not in GOING]
        check_references(self._kind, staying, self._place)
        check_unique(self._kind, staying, self._place)
        standing = [draft for draft in standing if not draft.faults]
        self._write([*follow, *standing] if standing else [])

    def _write(self, drafts: list[Draft]) -> None:
        for draft in drafts:
            draft.settle()
        created = [draft for draft in drafts if draft.row is None]
        changed = [draft for draft in drafts if draft.row is not None and _is_more_than_nothing(draft)]
        # what takes something away goes first: another row may be about to get it
        changed.sort(key=lambda draft: draft.after.get("is_main") == "true")
        tables.update(self._kind, changed, self._author, self._place)
        numbers = tables.numbers(self._kind, len(created), self._place)
        tables.insert(self._kind, created, numbers, self._author, self._place)
        written = [*changed, *created]
        if not written:
            return
        tables.relate(self._kind, written, self._place)
        tables.index(self._kind, written, self._place)
        tables.remember(self._kind, written, self._author, self._place)
        self._numbers = {draft.id: number for draft, number in zip(created, numbers, strict=True)}
        for name, steps in self._rules.follow(written, self._place):
            carry_out(record_type(name), steps, self._author, self._place, new_id=self._new_id, deep=self._deep + 1)

    _numbers: dict[str, int] = {}

    def _answer(self, draft: Draft) -> Done:
        if draft.faults:
            return Done(
                result=draft.result,
                id=draft.step.id,
                message=" ".join(dict.fromkeys(draft.faults.values())),
                faults=draft.faults,
            )
        is_written = draft.row is None or _is_more_than_nothing(draft)
        version = 1 if draft.row is None else draft.row.version + is_written
        number = draft.row.number if draft.row is not None else self._numbers.get(draft.id)
        return Done(
            result=Result.DONE,
            id=draft.id,
            number=number,
            version=version,
            stored=draft.after,
            changes=draft.changes if is_written else {},
        )


def _is_more_than_nothing(draft: Draft) -> bool:
    return draft.doing is not Doing.UPDATE or bool(draft.changes)


def _as_it_is(row: Row) -> Done:
    return Done(result=Result.DONE, id=row.id, number=row.number, version=row.version, stored=row.values)


def _has_moved(step: Step, row: Row) -> bool:
    if step.version is not None:
        return step.version != row.version
    return any(row.values.get(name) != value for name, value in step.expected.items() if name in row.values)


def _blank(kind: RecordType) -> dict[str, str | None]:
    """The values of a new record before anything is set."""
    if kind.name not in _BLANKS:
        _BLANKS[kind.name] = {
            name: of_column(field.type, field.column.get_default()) if field.column.has_default() else None
            for name, field in kind.fields.items()
            if name in kind.own
        }
    return _BLANKS[kind.name]
