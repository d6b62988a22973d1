"""An open connection to a world in memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from tallystick.connectors.memory.describe import Changes, IdsFrom, Settings
from tallystick.connectors.memory.state import Accepted, Row, TableState, WorldState
from tallystick.connectors.memory.values import stamp
from tallystick.connectors.memory.view import View
from tallystick.connectors.memory.world import MemoryWorld
from tallystick.connectors.memory.writing import carry_out
from tallystick.errors import ConfigurationError, CursorRefused, UnknownRecordType
from tallystick.model.record import Absence, Batch, End, Record, Unreadable
from tallystick.model.schema import Description
from tallystick.model.selection import Selection, id_of
from tallystick.model.value import Value
from tallystick.model.write import Outcome, Result, Write
from tallystick.ports.system import Known
from tallystick.ports.world import Ids

MOST_FOUND = 10


class MemorySystem:
    """Implements ports.system.System. Other connections and users may change the world at any time."""

    def __init__(self, world: MemoryWorld, settings: Settings, ids: Ids) -> None:
        self._world = world
        self._batch_rows = settings.batch_rows
        self._ids = ids

    def describe(self) -> Description:
        with self._world.reading() as state:
            types = tuple(table.type.described() for table in state.tables.values())
        return Description(connector="memory", record_types=types, product="memory")

    def listing(self, selection: Selection, known: Known) -> Iterator[Batch]:
        with self._world.reading() as state:
            table = _table(state, selection)
            View(table=table, selection=selection)
            cursor = self._cursor(state, table)
            own_ids = [own_id for own_id, row in table.rows.items() if row.gone is None]
        return self._batches(selection, known, own_ids, End(is_complete=True, cursor=cursor), is_feed=False)

    def changes(self, selection: Selection, cursor: str, known: Known) -> Iterator[Batch]:
        with self._world.reading() as state:
            table = _table(state, selection)
            View(table=table, selection=selection)
            own_ids = _changed_since(state, table, cursor)
            end = End(is_complete=True, cursor=self._cursor(state, table))
        return self._batches(selection, known, own_ids, end, is_feed=True)

    def _batches(
        self, selection: Selection, known: Known, own_ids: Sequence[str], end: End, *, is_feed: bool
    ) -> Iterator[Batch]:
        versions = known.versions()
        starts = range(0, max(len(own_ids), 1), self._batch_rows)
        for start in starts:
            part = own_ids[start : start + self._batch_rows]
            with self._world.reading() as state:
                view = View(table=_table(state, selection), selection=selection)
                batch = self._batch(view, part, versions, end if start == starts[-1] else None, is_feed=is_feed)
            yield batch

    def _batch(
        self, view: View, own_ids: Sequence[str], versions: Mapping[str, str], end: End | None, *, is_feed: bool
    ) -> Batch:
        rows = view.table.rows
        there = [(own_id, rows[own_id]) for own_id in own_ids if own_id in rows]
        present, unreadable = view.readable(pair for pair in there if view.is_present(pair[1]))
        passing = [pair for pair in present if view.passes(pair[1])]
        absences: list[Absence] = []
        if is_feed:
            absences = [view.absence(id, row) for id, row in present if not view.passes(row)]
            if view.table.type.tombstones:
                gone = {id: row for own_id, row in there if not view.is_present(row) and (id := view.id(own_id, row))}
                current = view.own_ids(list(gone))  # another record may have taken the id since
                absences += [
                    view.absence(id, row, is_feed=True) for id, row in gone.items() if rows[current[id]] is row
                ]
        same = [id for id, row in passing if versions and versions.get(id, "") == view.table.version(row)]
        is_same = set(same)
        return Batch(
            records=view.records([pair for pair in passing if pair[0] not in is_same], view.selection.fields),
            unchanged=tuple(same),
            absences=tuple(absences),
            unreadable=tuple(unreadable),
            end=end,
        )

    def fetch(self, selection: Selection, ids: Sequence[str], *, is_whole: bool = False) -> Batch:
        with self._world.reading() as state:
            view = View(table=_table(state, selection), selection=selection)
            own_ids = view.own_ids(ids)
            rows: list[tuple[str, Row]] = []
            absences: list[Absence] = []
            unreadable: list[Unreadable] = []
            for id in dict.fromkeys(ids):
                row = view.table.rows[own_ids[id]] if id in own_ids else None
                if row is None or not view.is_present(row) or not (is_whole or view.passes(row)):
                    absences.append(view.absence(id, row))
                elif row.unreadable:
                    unreadable.append(Unreadable(id=id, reason=row.unreadable))
                else:
                    rows.append((id, row))
            fields = tuple(field.name for field in view.table.type.fields) if is_whole else selection.fields
            records = view.records(rows, fields)
        return Batch(records=records, absences=tuple(absences), unreadable=tuple(unreadable))

    def find(self, selection: Selection, values: Mapping[str, Value]) -> Sequence[Record]:
        with self._world.reading() as state:
            view = View(table=_table(state, selection), selection=selection)
            if not view.table.type.find:
                raise ConfigurationError(f"Records of {selection.record!r} cannot be looked up by their values.")
            View(table=view.table, selection=Selection(record=selection.record, fields=tuple(values)))
            rows, _ = view.readable((own_id, row) for own_id, row in view.table.rows.items() if view.is_present(row))
            found = [pair for pair in rows if all(pair[1].values.get(name) == value for name, value in values.items())]
            return [view.record(id, row, selection.fields) for id, row in found[:MOST_FOUND]]

    def reserve(self, selection: Selection, values: Sequence[Mapping[str, Value]]) -> Sequence[str | None]:
        with self._world.reading() as state:
            view = View(table=_table(state, selection), selection=selection)
        return [self._reserved(view, of_one) for of_one in values]

    def _reserved(self, view: View, values: Mapping[str, Value]) -> str | None:
        parts = [values.get(name) for name in view.key]
        if parts and None not in parts:
            return id_of(tuple(str(part) for part in parts))
        if view.table.type.ids is IdsFrom.SYSTEM or len(parts) > 1:
            return None
        return self._ids.new()

    def write(self, selection: Selection, writes: Sequence[Write]) -> Sequence[Outcome]:
        if not writes:
            return ()
        with self._world.changing() as state:
            view = View(table=_table(state, selection), selection=selection)
            outcomes = []
            for write in writes:
                outcome = carry_out(view, write, sequence=state.sequence + 1, now=self._world.now())
                if outcome.result is Result.DONE:
                    state.sequence += 1
                    state.accepted.append(_accepted(selection, write, outcome))
                outcomes.append(outcome)
        return outcomes

    def close(self) -> None:
        """Nothing is open between calls."""

    def _cursor(self, state: WorldState, table: TableState) -> str | None:
        match table.type.changes:
            case Changes.NONE:
                return None
            case Changes.SEQUENCE:
                return str(state.sequence)
            case Changes.STAMPS:
                stamps = [row.changed_at for row in table.rows.values()]
                return stamp(max(stamps, default=self._world.now()))


def _table(state: WorldState, selection: Selection) -> TableState:
    table = state.tables.get(selection.record)
    if table is None:
        raise UnknownRecordType(
            f"There is no record type {selection.record!r}.",
            hint=f"There are {', '.join(sorted(state.tables)) or 'none'}.",
        )
    return table


def _changed_since(state: WorldState, table: TableState, cursor: str) -> list[str]:
    """Ids of the rows that changed, in the order they did. Raises CursorRefused."""
    match table.type.changes:
        case Changes.SEQUENCE if cursor.isascii() and cursor.isdigit() and int(cursor) <= state.sequence:
            if int(cursor) >= table.refuses_cursors_before:
                changed = [(row.sequence, own_id) for own_id, row in table.rows.items() if row.sequence > int(cursor)]
                return [own_id for _, own_id in sorted(changed)]
        case Changes.STAMPS:
            since = _moment(cursor) - timedelta(seconds=table.type.overlap_s)
            if not table.refuses_cursors_before:
                stamped = [(row.changed_at, own_id) for own_id, row in table.rows.items() if row.changed_at >= since]
                return [own_id for _, own_id in sorted(stamped)]
    raise CursorRefused("The system does not know this cursor (any more).", hint="Read the full listing.")


def _moment(cursor: str) -> datetime:
    try:
        return datetime.fromisoformat(cursor).astimezone(UTC)
    except ValueError as error:
        raise CursorRefused("The cursor is no moment.", hint="Read the full listing.") from error


def _accepted(selection: Selection, write: Write, outcome: Outcome) -> Accepted:
    return Accepted(
        record=selection.record,
        action=write.action,
        id=outcome.id or "",
        key=write.key,
        fields=tuple(sorted(write.values)),
    )
