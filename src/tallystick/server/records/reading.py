"""Records as the connector delivers them: read in pages, held against a selection, and told why they are not there."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import pyarrow as pa

from tallystick.errors import ConfigurationError, UnknownField
from tallystick.model.record import CHANGED, ID, VERSION, Absence, Cause, Record
from tallystick.model.selection import Selection
from tallystick.model.value import Value
from tallystick.server.records.domain.steps import Doing
from tallystick.server.records.models import Person
from tallystick.server.records.record_types import Field, RecordType, record_type
from tallystick.server.records.values import listed, reader

IDS_AT_ONCE: Final = 500
_CAUSES: Final = {Doing.DELETE: Cause.DELETED, Doing.MERGE: Cause.MERGED, Doing.ARCHIVE: Cause.ARCHIVED}
_MARKS: Final = ("id", "version", "gone_why", "merged_into", "creator")


@dataclass(frozen=True, slots=True)
class Found:
    """A record as a reading sees it; `values` has the fields of the reading."""

    id: str
    version: str
    gone_why: str | None
    merged_into: str | None
    creator: str | None
    values: Mapping[str, Value]


class Viewer:
    """Whose eyes a connection looks with: those of a user of the hub."""

    def __init__(self, user: str, using: str) -> None:
        self.user = user
        self._using = using

    @cached_property
    def people(self) -> frozenset[str]:
        """The records of people who are this user."""
        return frozenset(Person.objects.using(self._using).filter(user=self.user).values_list("pk", flat=True))

    def may_see(self, found: Found) -> bool:
        if found.values.get("is_private") != "true" or found.creator == self.user:
            return True
        return found.values.get("owner") in self.people or not self.people.isdisjoint(
            listed(found.values.get("assignees"))
        )


class Reading:
    """A selection held against its record type. Raises UnknownRecordType, UnknownField and ConfigurationError."""

    def __init__(
        self,
        selection: Selection,
        using: str,
        viewer: Viewer | None,
        *,
        app: str = "records",
        is_whole: bool = False,
    ) -> None:
        self.selection = selection
        self.kind: RecordType = record_type(selection.record, app)
        self._using = using
        self._viewer = viewer if self.kind.is_private_to_people else None
        self.fields = tuple(self.kind.fields) if is_whole else selection.fields
        self._is_whole = is_whole
        if selection.key not in ((), ("id",)):
            raise ConfigurationError(
                f"The hub knows its records by their id, not by {', '.join(selection.key)}.",
                hint=f"Leave out `key` for {selection.record!r} in the integration file.",
            )
        self.changed = selection.changed or "changed_at"
        names = dict.fromkeys((*self.fields, self.changed, *selection.fields))
        if selection.where is not None:
            names |= dict.fromkeys(clause.field for clause in selection.where.clauses)
        if selection.deleted is not None:
            names[selection.deleted.column] = None
        if self._viewer is not None:
            names |= dict.fromkeys(("is_private", "owner", "assignees"))
        self.read = {name: self._field(name) for name in names}

    def _field(self, name: str) -> Field:
        found = self.kind.fields.get(name)
        if found is None:
            raise UnknownField(
                f"The record type {self.kind.name!r} has no field {name!r}.",
                hint=f"It has {', '.join(sorted(self.kind.fields))}.",
            )
        return found

    # --- rows

    def page(self, after: str, count: int) -> list[Found]:
        """The next live records in order of id."""
        query = self._query().filter(gone_at__isnull=True, pk__gt=after).order_by("pk")
        return self._found(query[:count])

    def of_ids(self, ids: Sequence[str]) -> dict[str, Found]:
        """Those with these ids, live or gone."""
        found: dict[str, Found] = {}
        for start in range(0, len(ids), IDS_AT_ONCE):
            part = ids[start : start + IDS_AT_ONCE]
            found |= {one.id: one for one in self._found(self._query().filter(pk__in=part))}
        return found

    def with_values(self, values: Mapping[str, Any], most: int) -> Iterator[Found]:
        """Live records whose columns have these values, and maybe others alike."""
        query = self._query().filter(gone_at__isnull=True)
        for name, value in values.items():
            column = self.kind.fields[name].attname
            query = query.filter(**({f"{column}__isnull": True} if value is None else {column: value}))
        yield from self._found(query.order_by("pk")[:most])

    def _query(self) -> Any:
        return self.kind.model._default_manager.using(self._using)

    def _found(self, query: Any) -> list[Found]:
        """Column by column: a listing may be of any length."""
        columns = [*_MARKS, *(field.attname for field in self.read.values())]
        rows = list(query.values_list(*columns))
        if not rows:
            return []
        marks, fields = list(zip(*rows, strict=True))[: len(_MARKS)], list(zip(*rows, strict=True))[len(_MARKS) :]
        texts: list[Sequence[Value]] = []
        for field, values in zip(self.read.values(), fields, strict=True):
            turn = reader(field.type)
            texts.append(values if turn is None else [None if value is None else turn(value) for value in values])
        names = list(self.read)
        return [
            Found(id_, str(version), why, into, creator, dict(zip(names, row, strict=True)))
            for id_, version, why, into, creator, row in zip(*marks, zip(*texts, strict=True), strict=True)
        ]

    # --- what the selection says of them

    def is_deleted(self, found: Found) -> bool:
        soft = self.selection.deleted
        return soft is not None and found.values.get(soft.column) == soft.equals

    def is_present(self, found: Found) -> bool:
        is_seen = self._viewer is None or self._viewer.may_see(found)
        return found.gone_why is None and is_seen and not self.is_deleted(found)

    def passes(self, found: Found) -> bool:
        where = self.selection.where
        return self._is_whole or where is None or where.passes(found.values)

    def absence(self, id_: str, found: Found | None) -> Absence:
        """Why a record is not among those of the selection."""
        if found is None:
            return Absence(id=id_, cause=Cause.DELETED)
        if found.gone_why is not None:
            return Absence(id=id_, cause=_CAUSES[Doing(found.gone_why)], merged_into=self._survivor(found))
        if self._viewer is not None and not self._viewer.may_see(found):
            return Absence(id=id_, cause=Cause.FORBIDDEN)
        return Absence(id=id_, cause=Cause.DELETED if self.is_deleted(found) else Cause.OUT_OF_FILTER)

    def _survivor(self, found: Found) -> str | None:
        """The record that holds it now: what it was merged into may have been merged on."""
        into, seen = found.merged_into, {found.id}
        rows = self.kind.model._default_manager.using(self._using).filter(gone_why=str(Doing.MERGE))
        while into is not None and into not in seen:
            seen.add(into)
            following = rows.filter(pk=into).values_list("merged_into", flat=True).first()
            if following is None:
                break
            into = following
        return into

    # --- what is delivered

    def table(self, found: Collection[Found]) -> pa.Table:
        columns: dict[str, list[Value]] = {
            ID: [one.id for one in found],
            VERSION: [one.version for one in found],
            CHANGED: [one.values[self.changed] for one in found],
        }
        for name in self.fields:
            columns[name] = [one.values[name] for one in found]
        return pa.table({name: pa.array(column, pa.string()) for name, column in columns.items()})

    def record(self, found: Found) -> Record:
        return Record(
            id=found.id,
            values={name: found.values[name] for name in self.fields},
            version=found.version,
            changed_at=found.values[self.changed],
        )
