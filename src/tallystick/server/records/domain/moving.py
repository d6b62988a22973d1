"""What refers to records that go, and where it belongs then."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from tallystick.model.value import FieldType, Value
from tallystick.server.records.domain import tables
from tallystick.server.records.domain.companies import folded
from tallystick.server.records.domain.others import UNIQUE
from tallystick.server.records.domain.pairs import answers_of
from tallystick.server.records.domain.steps import Row
from tallystick.server.records.domain.tables import ROWS_AT_ONCE, Place
from tallystick.server.records.models import Account, Employment, Relation
from tallystick.server.records.record_types import RECORD_TYPES, Field, RecordType
from tallystick.server.records.values import list_of, listed, of_column

_READ: Final = frozenset({"answers", "companies", "is_main", "name"})
"""What moves with a reference or because of it; the other values of what refers to a record are not read here."""
_ADDRESS: Final = ("street", "zip", "city", "state", "country", "code", "phone")


@dataclass(slots=True, kw_only=True)
class Moves:
    """Records that go -> those that stay, the one asked for and those that could not stand beside each other after it.

    `kinds` names the type of each that goes; `names` are new names of records that keep apart from another one.
    """

    replaced: dict[str, str] = field(default_factory=dict)
    kinds: dict[str, RecordType] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)

    def add(self, kind: RecordType, survivor: str, loser: str) -> None:
        self.replaced[loser] = survivor
        self.kinds[loser] = kind


def moves_of(kind: RecordType, survivor: str, loser: Row, place: Place) -> Moves:
    """Merging two asset types merges their subtypes of the same name, and then the product mappings of those."""
    moves = Moves()
    moves.add(kind, survivor, loser.id)
    open_: list[tuple[RecordType, str]] = [(kind, loser.id)]
    while open_:
        of, gone = open_.pop(0)
        for other, names in _unique_by(of):
            for row, twin in _twins(other, names, of, gone, moves, place):
                if other.name == "location" and not _is_same_place(row, twin):
                    moves.names[row.id] = _apart(row, kind.called(loser.number))
                else:
                    moves.add(other, twin.id, row.id)
                    open_.append((other, row.id))
    return moves


def _unique_by(kind: RecordType) -> Iterator[tuple[RecordType, tuple[str, ...]]]:
    """Types of which only one may have the same values, a reference to this kind among them."""
    for other in RECORD_TYPES:
        for names in UNIQUE.get(other.name, other.unique):
            if any(other.fields[one].refers_to == kind.name for one in names):
                yield other, names


def _twins(
    other: RecordType, names: tuple[str, ...], of: RecordType, gone: str, moves: Moves, place: Place
) -> Iterator[tuple[Row, Row]]:
    """Records that name the one that goes, each with the one that has its values already."""
    fields = [other.fields[name] for name in names]
    own = [one for one in fields if one.refers_to == of.name]
    live = other.model._default_manager.using(place.using).filter(gone_at__isnull=True)
    ids = [id_ for one in own for id_ in live.filter(**{one.attname: gone}).values_list("pk", flat=True)]
    rows = tables.rows(other, list(dict.fromkeys(ids)), place)
    for row in rows.values():
        wanted = {one.attname: _moved(row.values[one.name], moves.replaced) for one in fields}
        query: Any = live.exclude(pk=row.id)
        for column, value in wanted.items():
            query = query.filter(**({f"{column}__isnull": True} if value is None else {column: value}))
        twin = query.values_list("pk", flat=True).first()
        if twin is not None and row.id not in moves.replaced:
            yield row, tables.rows(other, [twin], place)[twin]


def _moved(value: Value, replaced: Mapping[str, str]) -> Value:
    return replaced.get(value, value) if value else value


def _is_same_place(row: Row, twin: Row) -> bool:
    return all(
        not row.values[name] or not twin.values[name] or row.values[name] == twin.values[name] for name in _ADDRESS
    )


def _apart(row: Row, called: str) -> str:
    suffix = f" ({called})"
    return f"{(row.values['name'] or '')[: 100 - len(suffix)]}{suffix}"


# --- what the records that refer to them are to have


def referring(moves: Moves, place: Place) -> Iterator[tuple[RecordType, dict[str, dict[str, Value]]]]:
    """type -> live record -> its new values, types in their order, so that places move before what stands there."""
    by_kind: dict[str, list[str]] = defaultdict(list)
    for loser, kind in moves.kinds.items():
        by_kind[kind.name].append(loser)
    for other in RECORD_TYPES:
        fields = [one for one in other.fields.values() if one.refers_to in by_kind]
        ids = {id_ for one in fields for id_ in _naming(other, one, by_kind[str(one.refers_to)], place)}
        if other.name == "person" and "account" in by_kind:
            ids |= _employed(by_kind["account"], place)
        ids -= moves.replaced.keys()
        if not ids:
            continue
        wanted: dict[str, dict[str, Value]] = {}
        read = [name for name in other.own if name in (_READ | {one.name for one in fields})]
        ordered = sorted(ids)
        for start in range(0, len(ordered), ROWS_AT_ONCE):
            rows = tables.rows(other, ordered[start : start + ROWS_AT_ONCE], place, only=read)
            live = [row for row in rows.values() if row.is_live]
            companies = _companies(live, moves, place) if other.name == "person" and "account" in by_kind else {}
            for row in live:
                values = moved_values(row, fields, moves.replaced)
                if row.id in companies and companies[row.id] != row.values["companies"]:
                    values["companies"] = companies[row.id]
                if other.name == "location":
                    values |= _of_location(row, values, moves)
                if values:
                    wanted[row.id] = values
        yield other, wanted


def moved_values(row: Row, fields: Sequence[Field], replaced: Mapping[str, str]) -> dict[str, Value]:
    """References of the row that change; none to itself are left."""
    found: dict[str, Value] = {}
    for one in fields:
        value = row.values[one.name]
        if one.type is FieldType.LIST:
            ids = dict.fromkeys(replaced.get(id_, id_) for id_ in listed(value))
            new: Value = list_of([id_ for id_ in ids if id_ != row.id]) if value else value
        else:
            new = _moved(value, replaced)
            new = None if new == row.id else new
        if new != value:
            found[one.name] = new
            if one.name == "assignees":
                answers = answers_of(row.values["answers"], replaced)
                if answers != row.values["answers"]:
                    found["answers"] = answers
    return found


def _of_location(row: Row, values: Mapping[str, Value], moves: Moves) -> dict[str, Value]:
    """An account has its main location already when those of another one come to it."""
    found: dict[str, Value] = {}
    if "account" in values and row.values["is_main"] == "true":
        found["is_main"] = "false"
    if row.id in moves.names:
        found["name"] = moves.names[row.id]
    return found


def _naming(other: RecordType, one: Field, ids: Sequence[str], place: Place) -> list[str]:
    if one.type is FieldType.LIST:
        kept = Relation.objects.using(place.using).filter(target__in=ids, record_type=other.name, field=one.name)
        return list(kept.values_list("record", flat=True))
    live = other.model._default_manager.using(place.using).filter(gone_at__isnull=True)
    return list(live.filter(**{f"{one.attname}__in": ids}).values_list("pk", flat=True))


def _employed(accounts: Sequence[str], place: Place) -> set[str]:
    kept = Employment.objects.using(place.using).filter(account__in=accounts)
    return set(kept.values_list("person", flat=True))


def _companies(people: Sequence[Row], moves: Moves, place: Place) -> dict[str, str]:
    """person -> companies, where those that go are named as those that stay."""
    names = _names(set(moves.replaced.values()), place)
    positions: dict[str, dict[int, str]] = defaultdict(dict)
    kept = Employment.objects.using(place.using).filter(
        person__in=[row.id for row in people], account__in=list(moves.replaced)
    )
    for person, position, account in kept.values_list("person", "position", "account"):
        positions[person][position] = names.get(moves.replaced[account], "")
    found: dict[str, str] = {}
    for row in people:
        if row.id in positions:
            companies = [positions[row.id].get(at) or name for at, name in enumerate(listed(row.values["companies"]))]
            found[row.id] = list_of(list({folded(name): name for name in reversed(companies)}.values())[::-1])
    return found


def _names(accounts: set[str], place: Place) -> dict[str, str]:
    rows = Account.objects.using(place.using).filter(pk__in=accounts).values_list("pk", "name")
    return {id_: str(of_column(FieldType.TEXT, name)) for id_, name in rows}
