"""Detection has two ways, for few records and for many: they find the same. Rows E1, E3, E7, E12."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tallystick.engine.detect_few import Few
from tallystick.engine.detect_many import Many, print_of
from tallystick.engine.detected import Detected
from tallystick.engine.reading import Reading
from tallystick.errors import KeyNotUnique
from tallystick.model.fingerprint import UNSETTLED, fingerprint
from tallystick.model.flow import Scope
from tallystick.model.link import Link, LinkEnd, LinkState, Standing, Unlinked
from tallystick.model.plan import Parked
from tallystick.model.record import Absence, Batch, Cause, End, Record, Unreadable, records_of, table_of
from tallystick.model.side import SIDES, Side
from tallystick.model.value import MISSING, Value
from tallystick.ports.store import Commit
from tallystick.testing.store import MemoryStore

FIELDS = ("a", "b")
SCOPE = Scope(integration="i", flow="f")
IDS = [f"{number}" for number in range(7)]
VALUES: st.SearchStrategy[Value] = st.sampled_from([None, "", "x", "y", "\x1e", "é"])

values = st.dictionaries(st.sampled_from(FIELDS), VALUES, max_size=2)


@st.composite
def records(draw: st.DrawFn, id_: str) -> Record:
    return Record(
        id=id_,
        values=draw(values),
        version=draw(st.sampled_from([None, "v1", "v2"])),
        changed_at=draw(st.sampled_from([None, "2026-11-22T09:30:00Z"])),
    )


@st.composite
def links(draw: st.DrawFn) -> list[Link]:
    """Up to seven links over the ids of both sides, one end of some missing."""
    rights = draw(st.permutations(IDS))
    found: list[Link] = []
    for left, right in zip(IDS, rights, strict=True):
        if draw(st.booleans()):
            continue
        ends = {
            side: LinkEnd(
                id=id_,
                base=(base := draw(values)),
                fingerprint=UNSETTLED if draw(st.integers(0, 4)) == 0 else fingerprint(base, FIELDS),
                version=draw(st.sampled_from([None, "v1"])),
            )
            for side, id_ in ((Side.LEFT, left), (Side.RIGHT, right))
        }
        state = draw(st.sampled_from([LinkState.ACTIVE, LinkState.ACTIVE, LinkState.DORMANT]))
        gone = draw(st.sampled_from([None, None, *SIDES])) if state is LinkState.DORMANT else None
        found.append(
            Link(
                number=0,
                left=None if gone is Side.LEFT else ends[Side.LEFT],
                right=None if gone is Side.RIGHT else ends[Side.RIGHT],
                state=state,
            )
        )
    return found


@st.composite
def parked(draw: st.DrawFn) -> tuple[Unlinked, ...]:
    """Some records of both sides, a linked one among them or not."""
    return tuple(
        Unlinked(side=side, id=id_, fingerprint=0, values={}, standing=Standing.IGNORED, reason="?")
        for side in SIDES
        for id_ in draw(st.sets(st.sampled_from(IDS)))
    )


@st.composite
def streams(draw: st.DrawFn) -> tuple[bool, list[Batch]]:
    """One side's reading: whether it is full, and its batches."""
    is_full = draw(st.booleans())
    groups: dict[str, list[str]] = {"records": [], "unchanged": [], "absences": [], "unreadable": [], "": []}
    for id_ in IDS:
        groups[draw(st.sampled_from(sorted(groups)))].append(id_)
    rows = [draw(records(id_)) for id_ in groups["records"]]
    if not is_full and rows and draw(st.booleans()):
        rows.append(rows[0])  # an increment may show a record twice
    cut = draw(st.integers(0, len(rows)))
    end = End(is_complete=draw(st.booleans())) if draw(st.booleans()) else None
    absences = tuple(Absence(id=id_, cause=draw(st.sampled_from(Cause))) for id_ in groups["absences"])
    unreadable = tuple(Unreadable(id=id_, reason="?") for id_ in groups["unreadable"])
    return is_full, [
        Batch(records=table_of(rows[:cut], FIELDS), absences=absences),
        Batch(
            records=table_of(rows[cut:], FIELDS),
            unchanged=tuple(groups["unchanged"]),
            unreadable=unreadable,
            end=end,
        ),
    ]


def readings(given_: Mapping[Side, tuple[bool, list[Batch]]]) -> dict[Side, Reading]:
    return {
        side: Reading(batches=iter(batches), fields=FIELDS, is_full=is_full)
        for side, (is_full, batches) in given_.items()
    }


def few(store: MemoryStore, of: dict[Side, Reading], is_forced: bool) -> Detected:
    tables = {side: list(reading.tables()) for side, reading in of.items()}
    return Few(store, SCOPE, of, tables, is_forced=is_forced)


def many(store: MemoryStore, of: dict[Side, Reading], is_forced: bool) -> Detected:
    tables = {side: reading.tables() for side, reading in of.items()}
    return Many(store, SCOPE, of, tables, is_forced=is_forced, folder=Path("/tmp"))


def findings(detected: Detected) -> dict[str, Any]:
    try:
        return {
            "found": sorted((f.link.number, f.records, f.absences) for chunk in detected.found() for f in chunk),
            "unlinked": {
                side: sorted(
                    ((r.id, r) for table in detected.unlinked(side) for r in records_of(table)), key=lambda p: p[0]
                )
                for side in SIDES
            },
            "picked": {side: sorted(detected.records(side, IDS[:3])) for side in SIDES},
            "gone": {side: detected.gone(side) for side in SIDES},
            "lost": {side: detected.lost(side) for side in SIDES},
            "refreshed": {side: detected.refreshed(side) for side in SIDES},
        }
    finally:
        detected.close()


@settings(max_examples=settings().max_examples // 3)  # each opens a DuckDB
@given(known=links(), parked=parked(), left=streams(), right=streams(), is_forced=st.booleans())
def test_detect_few_and_many_find_the_same_E1_E12(
    known: list[Link],
    parked: tuple[Unlinked, ...],
    left: tuple[bool, list[Batch]],
    right: tuple[bool, list[Batch]],
    is_forced: bool,
) -> None:
    store = MemoryStore()
    store.commit(SCOPE, Commit(operations=(), links=known, parked=Parked(keep=parked)))
    given_ = {Side.LEFT: left, Side.RIGHT: right}
    of_few, of_many = readings(given_), readings(given_)
    one = findings(few(store, of_few, is_forced))
    other = findings(many(store, of_many, is_forced))
    assert one == other
    assert [of_few[side].count for side in SIDES] == [of_many[side].count for side in SIDES]


@given(known=links(), left=streams(), right=streams())
def test_detect_gone_only_after_a_complete_listing_or_by_name_E1_E7(
    known: list[Link], left: tuple[bool, list[Batch]], right: tuple[bool, list[Batch]]
) -> None:
    store = MemoryStore()
    store.commit(SCOPE, Commit(operations=(), links=known))
    of = readings({Side.LEFT: left, Side.RIGHT: right})
    found = findings(few(store, of, False))["found"]
    for number, _, absences in found:
        (link,) = store.links(SCOPE, [number])
        for side in absences:
            end = link.end(side)
            assert end is not None
            assert of[side].is_complete or end.id in of[side].absences
            assert end.id not in of[side].unchanged
            assert end.id not in [one.id for one in of[side].unreadable]


@pytest.mark.parametrize("way", [few, many])
def test_detect_key_twice_in_a_full_listing_is_refused_E12(way: Any) -> None:
    rows = [Record(id="1", values={"a": "x"}), Record(id="1", values={"a": "y"})]
    given_ = {side: (True, [Batch(records=table_of(rows, FIELDS), end=End(is_complete=True))]) for side in SIDES}
    with pytest.raises(KeyNotUnique, match="left listing names a key more than once: 1"):
        way(MemoryStore(), readings(given_), False)


@given(
    rows=st.lists(
        st.fixed_dictionaries(
            {
                name: st.one_of(
                    st.none(),
                    st.just(MISSING),
                    st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\x00"), max_size=8),
                )
                for name in ('a"b', "b", "c")
            }
        ),
        min_size=1,
        max_size=8,
    )
)
def test_fingerprint_of_sql_and_python_are_one_number_E22(rows: Sequence[dict[str, Value]]) -> None:
    fields = tuple(sorted(rows[0]))
    table = pa.table({name: pa.array([row[name] for row in rows], pa.string()) for name in fields})
    connection = duckdb.connect()
    connection.register("rows", table)
    numbers = [number for (number,) in connection.execute(f"SELECT {print_of(fields)} FROM rows").fetchall()]
    present = [{name: value for name, value in row.items() if value != MISSING} for row in rows]
    assert numbers == [fingerprint(row, fields) for row in present]
    assert all(0 <= number < 1 << 63 for number in numbers)
