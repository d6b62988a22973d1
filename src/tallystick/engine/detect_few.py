"""Detection over a handful of records: the store is asked for each. Source: spec/engine.md E1-E4, E12."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import pyarrow as pa

from tallystick.engine.detected import CHUNK, Found, known_unlinked, twice
from tallystick.engine.reading import Reading
from tallystick.model.fingerprint import fingerprint
from tallystick.model.flow import Scope
from tallystick.model.link import Link, LinkState
from tallystick.model.record import Absence, Record, records_of, table_of
from tallystick.model.side import SIDES, Side
from tallystick.ports.store import Store


class Few:
    def __init__(
        self,
        store: Store,
        scope: Scope,
        readings: Mapping[Side, Reading],
        tables: Mapping[Side, list[pa.Table]],
        *,
        is_forced: bool,
    ) -> None:
        self._gone = dict.fromkeys(SIDES, 0)
        self._lost: dict[Side, list[str]] = {}
        self._refreshed: dict[Side, dict[str, str]] = {side: {} for side in SIDES}
        self._unlinked: dict[Side, list[pa.Table]] = {side: [] for side in SIDES}
        links: dict[int, Link] = {}
        records: dict[int, dict[Side, Record]] = {}
        absences: dict[int, dict[Side, Absence | None]] = {}
        for side, reading in readings.items():
            rows = _rows(side, tables[side], reading)
            linked: set[str] = set()
            for link in store.links_of(scope, side, [*rows]):
                end = link.end(side)
                if end is None:
                    continue
                linked.add(end.id)
                record = rows[end.id]
                if is_forced or fingerprint(record.values, reading.fields) != end.fingerprint:
                    links[link.number] = link
                    records.setdefault(link.number, {})[side] = record
                elif record.version is not None:
                    self._refreshed[side][record.id] = record.version
            for link in _gone(store, scope, side, reading, rows):
                links[link.number] = link
                absences.setdefault(link.number, {})[side] = reading.absences.get(_id(link, side))
                self._gone[side] += 1
            seen = reading.seen | rows.keys()
            lost = {id_ for id_ in known_unlinked(store, scope, side, reading) if id_ not in seen}
            ends = [link.end(side) for link in store.links_of(scope, side, sorted(lost))] if lost else []
            self._lost[side] = sorted(lost - {end.id for end in ends if end is not None})
            unlinked = [record for id_, record in rows.items() if id_ not in linked]
            self._unlinked[side].append(table_of(unlinked, reading.fields))
        self._found = [
            Found(link=link, records=records.get(number, {}), absences=absences.get(number, {}))
            for number, link in sorted(links.items())
        ]

    def found(self) -> Iterator[list[Found]]:
        for start in range(0, len(self._found), CHUNK):
            yield self._found[start : start + CHUNK]

    def unlinked(self, side: Side) -> Iterator[pa.Table]:
        yield from (table for table in self._unlinked[side] if table.num_rows)

    def records(self, side: Side, ids: Sequence[str]) -> dict[str, Record]:
        wanted = set(ids)
        return {r.id: r for table in self.unlinked(side) for r in records_of(table) if r.id in wanted}

    def gone(self, side: Side) -> int:
        return self._gone[side]

    def lost(self, side: Side) -> list[str]:
        return self._lost[side]

    def refreshed(self, side: Side) -> dict[str, str]:
        return self._refreshed[side]

    def versions(self, side: Side, ids: Sequence[str]) -> dict[str, str]:
        return {id_: version for id_ in ids if (version := self._refreshed[side].get(id_)) is not None}

    def close(self) -> None:
        pass


def _rows(side: Side, tables: Sequence[pa.Table], reading: Reading) -> dict[str, Record]:
    """The records read. An increment may show one at two moments: the later holds."""
    rows: dict[str, Record] = {}
    doubled: list[str] = []
    for table in tables:
        for record in records_of(table):
            if record.id in rows:
                doubled.append(record.id)
            rows[record.id] = record
    if doubled and reading.is_full:
        raise twice(side, sorted(set(doubled))[:3])
    return rows


def _gone(store: Store, scope: Scope, side: Side, reading: Reading, rows: Mapping[str, Record]) -> Iterator[Link]:
    """Active links whose record a complete listing did not show, or that was named as absent and not read."""
    seen = reading.seen | rows.keys()
    if reading.is_complete:
        for link in store.all_links(scope):
            end = link.end(side)
            if link.state is LinkState.ACTIVE and end is not None and end.id not in seen:
                yield link
        return
    for link in store.links_of(scope, side, [id_ for id_ in reading.absences if id_ not in seen]):
        if link.state is LinkState.ACTIVE:
            yield link


def _id(link: Link, side: Side) -> str:
    end = link.end(side)
    return end.id if end is not None else ""
