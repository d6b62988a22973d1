"""What people do to records, in the web and through the API: permission, check, change, history.

Every function raises NotAllowed where the permission lacks, NotFound where the record is not there (or not for this
person to see) and InputRefused with a sentence per field; then nothing was changed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from django.utils.translation import gettext as _

from tallystick.errors import ChangedMeanwhile, InputRefused
from tallystick.model.value import Value
from tallystick.model.write import Result
from tallystick.runs.world import TimeIds
from tallystick.server.people.actor import Actor
from tallystick.server.records import queries
from tallystick.server.records.domain import history
from tallystick.server.records.domain.steps import Author, Doing, Done, Row, Step
from tallystick.server.records.domain.tables import Place
from tallystick.server.records.domain.write import carry_out
from tallystick.server.records.record_types import RecordType, record_type

ATTEMPTS: Final = 3
MOST_AT_ONCE: Final = 500
_IDS: Final = TimeIds()


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """A record as it is now. `meanwhile` names the fields somebody else changed since it was opened: by whom."""

    id: str
    number: int
    version: int
    changes: Mapping[str, tuple[Value, Value]]
    meanwhile: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Clash:
    """One field that two people changed: what it was, what it is now, what was entered."""

    before: Value
    theirs: Value
    mine: Value


class EditedMeanwhile(ChangedMeanwhile):
    """Somebody changed the same fields since the record was opened; nothing was written, `clashes` has both values."""

    def __init__(self, clashes: Mapping[str, Clash], *, version: int, by: str, at: datetime) -> None:
        super().__init__(
            _("{name} changed this record while you were editing it.").format(name=by),
            by=by,
            at=at.isoformat(),
            hint=_("Compare both versions, choose what is right, and save again; nothing of yours is lost."),
        )
        self.clashes = dict(clashes)
        self.version = version


@dataclass(frozen=True, slots=True, kw_only=True)
class Bulk:
    """What came of one thing done to many records: ids it was done to, and a sentence for each other one."""

    done: tuple[str, ...]
    refused: Mapping[str, str]


def author_of(actor: Actor) -> Author:
    return Author(by=actor.name, via=actor.via, by_id=None if actor.person is None else str(actor.person))


def create(actor: Actor, type_: str, values: Mapping[str, Value], *, key: str | None = None) -> Saved:
    """A new record. `key` makes a repeated call give the record of the first."""
    kind = record_type(type_)
    actor.check(kind.permission("add"))
    given = {name: value for name, value in values.items() if value is not None}
    (done,) = write(actor, kind, [Step(doing=Doing.CREATE, values=given, key=key)])
    _check(done, kind)
    return _saved(done)


def update(actor: Actor, type_: str, id_: str, values: Mapping[str, Value], *, version: int | None = None) -> Saved:
    """Sets fields. With the `version` that was opened, what others changed since stays, and EditedMeanwhile is raised
    where they changed the same fields to something else.
    """
    kind = record_type(type_)
    actor.check(kind.permission("change"))
    queries.check_seen(kind, actor, [id_])
    for _attempt in range(ATTEMPTS):
        row = current(kind, id_)
        if not row.is_live:
            raise queries.missing(kind)
        mine, meanwhile = _mine(kind, row, values, version)
        step = Step(doing=Doing.UPDATE, id=id_, values=mine, version=row.version)
        (done,) = write(actor, kind, [step])
        if done.result is not Result.MOVED:
            break
    _check(done, kind)
    return _saved(done, meanwhile)


def delete(actor: Actor, type_: str, ids: Sequence[str], *, reason: str = "") -> Bulk:
    """Moves the records to Deleted objects."""
    return _each(actor, type_, ids, Doing.DELETE, reason)


def archive(actor: Actor, type_: str, ids: Sequence[str], *, reason: str = "") -> Bulk:
    """Puts the records away: they leave the lists, and other systems are told that they are archived, not deleted."""
    return _each(actor, type_, ids, Doing.ARCHIVE, reason)


def restore(actor: Actor, type_: str, ids: Sequence[str]) -> Bulk:
    """Brings deleted and archived records back as they were, with their ids: links to other systems hold again.

    What was merged stays so: `merging.take_back` also brings back what moved.
    """
    kind = record_type(type_)
    actor.check(kind.permission("delete"))
    merged = _merged(kind, ids)
    done = _each(actor, type_, [id_ for id_ in ids if id_ not in merged], Doing.RESTORE, "")
    return Bulk(done=done.done, refused={**done.refused, **merged})


def _merged(kind: RecordType, ids: Sequence[str]) -> dict[str, str]:
    """A sentence for each that is part of another record now."""
    gone = kind.model._default_manager.using(queries.HUB).filter(pk__in=ids, gone_why=str(Doing.MERGE))
    return {
        id_: _("{called} was merged into another record; take the merge back on its page.").format(
            called=kind.called(number)
        )
        for id_, number in gone.values_list("pk", "number")
    }


def convert_to_main(actor: Actor, location: str) -> Saved:
    """Makes a location the main one of its account; the one that was stays a location. Source: spec/accounts.md K24."""
    return update(actor, "location", location, {"is_main": "true"})


def _each(actor: Actor, type_: str, ids: Sequence[str], doing: Doing, reason: str) -> Bulk:
    kind = record_type(type_)
    actor.check(kind.permission("delete"))
    queries.check_seen(kind, actor, ids)
    done: list[Done] = []
    wanted = list(dict.fromkeys(ids))
    for start in range(0, len(wanted), MOST_AT_ONCE):
        part = wanted[start : start + MOST_AT_ONCE]
        done += write(actor, kind, [Step(doing=doing, id=id_, reason=reason) for id_ in part])
    return Bulk(
        done=tuple(id_ for id_, one in zip(wanted, done, strict=True) if one.result is Result.DONE),
        refused={id_: one.message for id_, one in zip(wanted, done, strict=True) if one.result is not Result.DONE},
    )


def write(actor: Actor, kind: RecordType, steps: Sequence[Step]) -> list[Done]:
    """The steps in the hub's database. Permissions are the caller's matter."""
    place = Place(using=queries.HUB, now=datetime.now(UTC))
    return carry_out(kind, steps, author_of(actor), place, new_id=_IDS.new)


def current(kind: RecordType, id_: str) -> Row:
    """Raises NotFound."""
    found = history.rows_now(kind, [id_]).get(id_)
    if found is None:
        raise queries.missing(kind)
    return found


def _mine(
    kind: RecordType, row: Row, values: Mapping[str, Value], version: int | None
) -> tuple[dict[str, Value], dict[str, str]]:
    """What this person changed, and what others did meanwhile. Raises EditedMeanwhile."""
    if version is None or version >= row.version:
        return {name: value for name, value in values.items() if row.values.get(name, "") != value}, {}
    since = history.since(kind, row.id, version)
    before = history.as_it_was(row.values, since)
    mine = {name: value for name, value in values.items() if before.get(name, "") != value}
    who = {name: change.by for change in since for name in change.changes}
    clashes = {
        name: Clash(before=before.get(name), theirs=row.values[name], mine=value)
        for name, value in mine.items()
        if name in who and row.values.get(name) != value
    }
    if clashes:
        last = max((change for change in since if set(change.changes) & set(clashes)), key=lambda change: change.seq)
        raise EditedMeanwhile(clashes, version=row.version, by=last.by, at=last.at)
    return {name: value for name, value in mine.items() if row.values.get(name) != value}, who


def _check(done: Done, kind: RecordType) -> None:
    match done.result:
        case Result.DONE:
            return
        case Result.ABSENT:
            raise queries.missing(kind)
        case Result.MOVED:
            raise ChangedMeanwhile(
                _("Others are changing this record at the same time."), hint=_("Load it again, then try once more.")
            )
        case _:
            raise InputRefused(
                done.message, fields=done.faults, hint=_("Correct what is marked and save again; nothing was changed.")
            )


def _saved(done: Done, meanwhile: Mapping[str, str] | None = None) -> Saved:
    return Saved(
        id=done.id or "",
        number=done.number or 0,
        version=done.version or 0,
        changes=done.changes,
        meanwhile=meanwhile or {},
    )
