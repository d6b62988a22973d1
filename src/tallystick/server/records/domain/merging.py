"""Merging: two records become one, what refers to the one that goes moves to the one that stays, and the way back.

One transaction, however much refers to the one that goes: in parts, others would read references to what is gone, and
a record that cannot move would be found when half of it is done. 30,000 related records hold other writers of SQLite up
for some seconds, readers not at all. Every change of it stands in the history under one key, `merge <id>`, which is how
it is taken back.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import groupby
from typing import Final

from django.db import transaction
from django.utils.translation import gettext as _

from tallystick.errors import ChangedMeanwhile, InputRefused
from tallystick.model.value import FieldType, Value
from tallystick.model.write import Result
from tallystick.runs.world import TimeIds
from tallystick.server.people.actor import Actor
from tallystick.server.records import queries
from tallystick.server.records.domain import kept_beside, tables
from tallystick.server.records.domain.actions import MOST_AT_ONCE, author_of
from tallystick.server.records.domain.moving import Moves, moved_values, moves_of, referring
from tallystick.server.records.domain.pairs import Pair, Take, compare, pair_of
from tallystick.server.records.domain.steps import Doing, Step
from tallystick.server.records.domain.tables import Place
from tallystick.server.records.domain.write import carry_out
from tallystick.server.records.models import Change, Employment
from tallystick.server.records.record_types import RecordType, record_type
from tallystick.server.records.values import listed

_IDS: Final = TimeIds()
_KEY: Final = "merge "


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """`moved`: record type -> how many of its records refer to the survivor now instead of to what went."""

    survivor: str
    loser: str
    moved: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenBack:
    """`kept`: a sentence for each thing that stays as it is, because somebody changed it since or it cannot go back."""

    loser: str
    survivor: str
    moved: int
    kept: tuple[str, ...]


def merge(
    actor: Actor,
    type_: str,
    survivor: str,
    loser: str,
    take: Mapping[str, Take] | None = None,
    *,
    versions: tuple[int, int] | None = None,
) -> Merged:
    """`take` says whose value the survivor has, by field; suggestions elsewhere. `versions` of survivor and loser that
    were compared: when one changed since, ChangedMeanwhile is raised. Else raises NotAllowed, NotFound, InputRefused.
    """
    compare(actor, type_, survivor, loser)
    kind = record_type(type_)
    place = Place(using=queries.HUB, now=datetime.now(UTC))
    with transaction.atomic(using=place.using):
        pair = pair_of(kind, tables.rows(kind, sorted((survivor, loser)), place), survivor, loser)
        _check_choices(pair, take or {})
        _check_versions(pair, versions)
        return _Merging(actor, pair, place).carry_out(pair.values(take or {}))


def _check_choices(pair: Pair, take: Mapping[str, Take]) -> None:
    faults = {
        name: _("There is no field {field!r}.").format(field=name) for name in take.keys() - set(pair.kind.written)
    }
    takes = {choice.field.name: choice.takes for choice in pair.choices}
    for name, one in take.items():
        if name in takes and one not in takes[name]:
            faults[name] = _("Only of lists both can be taken.")
    if faults:
        raise InputRefused(" ".join(faults.values()), fields=faults, hint=_("Nothing was changed."))


def _check_versions(pair: Pair, versions: tuple[int, int] | None) -> None:
    if versions is not None and versions != (pair.survivor.version, pair.loser.version):
        raise ChangedMeanwhile(
            _("One of the two records was changed while you compared them."),
            hint=_("Look at both again, then merge; nothing was changed."),
        )


class _Merging:
    """Inside its transaction."""

    def __init__(self, actor: Actor, pair: Pair, place: Place) -> None:
        self._pair, self._place, self._author = pair, place, author_of(actor)
        self._key = f"{_KEY}{_IDS.new()}"
        kind = pair.kind
        self._called = (kind.called(pair.survivor.number), kind.called(pair.loser.number))

    def carry_out(self, values: dict[str, Value]) -> Merged:
        pair, kind = self._pair, self._pair.kind
        moves = moves_of(kind, pair.survivor.id, pair.loser, self._place)
        if values.get("is_main") == "true" and kind.name == "location":
            self._absorb(kind, pair.survivor.id, {"is_main": values.pop("is_main")})
        for loser, of in moves.kinds.items():
            self._go(of, loser, moves.replaced[loser])
        self._absorb(kind, pair.survivor.id, self._fitting(pair, values, moves))
        for loser, of in list(moves.kinds.items())[1:]:
            rows = tables.rows(of, [loser, moves.replaced[loser]], self._place)
            twin = Pair(kind=of, survivor=rows[moves.replaced[loser]], loser=rows[loser])
            self._absorb(of, twin.survivor.id, self._fitting(twin, twin.values({"is_main": Take.SURVIVOR}), moves))
        moved: Counter[str] = Counter()
        for other, wanted in referring(moves, self._place):
            self._move(other, wanted)
            moved[other.name] += len(wanted)
        if kind.name == "account":
            kept = Employment.objects.using(self._place.using).filter(account=pair.loser.id)
            kept.update(account=pair.survivor.id)
        for loser, of in moves.kinds.items():
            kept_beside.move(of.name, loser, moves.replaced[loser], self._key)
        return Merged(survivor=pair.survivor.id, loser=pair.loser.id, moved=dict(moved))

    def _fitting(self, pair: Pair, values: Mapping[str, Value], moves: Moves) -> dict[str, Value]:
        """The values without references to what goes or to itself."""
        row = pair.survivor
        row.values |= values
        names = [one for one in pair.kind.fields.values() if one.refers_to is not None and one.is_writable]
        return {**values, **moved_values(row, names, moves.replaced)}

    def _go(self, kind: RecordType, loser: str, into: str) -> None:
        step = Step(doing=Doing.MERGE, id=loser, into=into, key=self._key, reason=self._reason())
        self._carry_out(kind, [step])

    def _absorb(self, kind: RecordType, survivor: str, values: Mapping[str, Value]) -> None:
        step = Step(doing=Doing.ABSORB, id=survivor, values=values, key=self._key, reason=self._reason())
        self._carry_out(kind, [step])

    def _move(self, kind: RecordType, wanted: Mapping[str, Mapping[str, Value]]) -> None:
        steps = [
            Step(doing=Doing.UPDATE, id=id_, values=values, key=self._key, reason=self._reason())
            for id_, values in wanted.items()
        ]
        for start in range(0, len(steps), MOST_AT_ONCE):
            self._carry_out(kind, steps[start : start + MOST_AT_ONCE])

    def _reason(self) -> str:
        return f"{self._called[1]} → {self._called[0]}"

    def _carry_out(self, kind: RecordType, steps: list[Step]) -> None:
        """Raises InputRefused for the first that cannot be taken: nothing of the merge is kept then."""
        done = carry_out(kind, steps, self._author, self._place, new_id=_IDS.new)
        for step, one in zip(steps, done, strict=True):
            if one.result is not Result.DONE:
                raise InputRefused(
                    _("{thing}: {reason}").format(thing=_called(kind, step, self._place), reason=one.message),
                    fields=one.faults if step.id == self._pair.survivor.id else {},
                    hint=_("Nothing was merged. Correct this record, or choose another value, and try again."),
                )


def _called(kind: RecordType, step: Step, place: Place) -> str:
    row = tables.rows(kind, [step.id or ""], place, is_kept=False).get(step.id or "")
    return kind.called(row.number) if row is not None else str(kind.title)


# --- the way back


def take_back(actor: Actor, type_: str, loser: str) -> TakenBack:
    """The record that went is there again, and what moved goes back to it unless it was changed since.

    Raises NotAllowed, NotFound, and InputRefused where it was not merged or cannot come back.
    """
    kind = record_type(type_)
    actor.check(kind.permission("change"))
    actor.check(kind.permission("delete"))
    queries.check_seen(kind, actor, [loser])
    place = Place(using=queries.HUB, now=datetime.now(UTC))
    with transaction.atomic(using=place.using):
        row = tables.rows(kind, [loser], place).get(loser)
        if row is None:
            raise queries.missing(kind)
        if row.gone_why != Doing.MERGE:
            raise InputRefused(
                _("{called} is not merged into another record.").format(called=kind.called(row.number)),
                hint=_("Only a merge can be taken back here."),
            )
        merged = (
            Change.objects.using(place.using).filter(record=loser, action=str(Doing.MERGE)).order_by("-seq").first()
        )
        key = merged.key if merged is not None and (merged.key or "").startswith(_KEY) else None
        changes = list(Change.objects.using(place.using).filter(key=key).order_by("seq")) if key else []
        return _Back(actor, place, kind, loser, row.merged_into or "", changes).carry_out()


@dataclass(slots=True)
class _Back:
    """Inside its transaction. `changes` are those of the merge, oldest first."""

    actor: Actor
    place: Place
    kind: RecordType
    loser: str
    survivor: str
    changes: list[Change]
    kept: list[str] = field(default_factory=list)
    moved: int = 0

    def carry_out(self) -> TakenBack:
        gone = {change.record for change in self.changes if change.action == str(Doing.MERGE)}
        absorbed = [change for change in reversed(self.changes) if change.action == str(Doing.ABSORB)]
        self._revert(absorbed, lambda ids: ids.isdisjoint(gone))  # what the survivor took is free before it comes back
        self._restore([change for change in self.changes if change.action == str(Doing.MERGE)])
        self._revert(absorbed, lambda ids: not ids.isdisjoint(gone))
        self.moved = self._revert([one for one in self.changes if one.action == str(Doing.UPDATE)], lambda _ids: True)
        for change in self.changes:
            if change.action == str(Doing.MERGE) and change.key:
                kept_beside.take_back(change.record_type, change.record, change.key)
        return TakenBack(loser=self.loser, survivor=self.survivor, moved=self.moved, kept=tuple(self.kept))

    def _restore(self, changes: list[Change]) -> None:
        if self.loser not in {change.record for change in changes}:  # merged by something else than `merge`
            self._needed(self.kind, Step(doing=Doing.RESTORE, id=self.loser, reason=self._reason()))
        for change in changes:
            values = {name: before for name, (before, _after) in tables.changes_of(change.changes).items()}
            step = Step(doing=Doing.RESTORE, id=change.record, values=values, reason=self._reason(), is_return=True)
            self._needed(record_type(change.record_type), step)

    def _needed(self, kind: RecordType, step: Step) -> None:
        (done,) = carry_out(kind, [step], author_of(self.actor), self.place, new_id=_IDS.new)
        if done.result is not Result.DONE:
            raise InputRefused(
                _("{thing}: {reason}").format(thing=_called(kind, step, self.place), reason=done.message),
                hint=_("The merge stands as it is; change what is in the way, then try again."),
            )

    def _revert(self, changes: Sequence[Change], is_meant: Callable[[set[Value]], bool]) -> int:
        """Puts back what the changes replaced, where it still stands: fields whose references are meant."""
        count = 0
        for name, some in groupby(changes, key=lambda change: change.record_type):
            kind, part = record_type(name), list(some)
            for start in range(0, len(part), MOST_AT_ONCE):
                count += self._revert_part(kind, part[start : start + MOST_AT_ONCE], is_meant)
        return count

    def _revert_part(self, kind: RecordType, changes: list[Change], is_meant: Callable[[set[Value]], bool]) -> int:
        rows = tables.rows(kind, [change.record for change in changes], self.place)
        steps: list[Step] = []
        for change in changes:
            row = rows.get(change.record)
            values: dict[str, Value] = {}
            for name, (before, after) in tables.changes_of(change.changes).items():
                field_ = kind.fields[name]
                many = field_.type is FieldType.LIST
                ids: set[Value] = set(listed(before) if many else (before,)) if field_.refers_to is not None else set()
                if not field_.is_writable or not is_meant(ids):
                    continue
                if name == "is_main" and change.action == str(Doing.ABSORB):
                    continue  # the one that was main before takes it back
                if row is None or not row.is_live or row.values[name] != after:
                    called = kind.called(row.number) if row is not None else str(kind.title)
                    sentence = _("{thing}: {field} was changed since and stays.")
                    self.kept.append(sentence.format(thing=called, field=field_.title))
                else:
                    values[name] = before
            if values:
                reason = self._reason()
                steps.append(Step(doing=Doing.UPDATE, id=change.record, values=values, reason=reason, is_return=True))
        done = carry_out(kind, steps, author_of(self.actor), self.place, new_id=_IDS.new)
        for step, one in zip(steps, done, strict=True):
            if one.result is not Result.DONE:
                called = _called(kind, step, self.place)
                self.kept.append(_("{thing}: {reason}").format(thing=called, reason=one.message))
        return sum(one.result is Result.DONE for one in done)

    def _reason(self) -> str:
        return _("Merge taken back")
