"""SQLite as it is found in the wild. Rows E1, E2, E3, E4, E7, E9, E11, E24, E27, E28, E30, E31, S18."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tallystick import errors
from tallystick.connectors.sql import Settings, connect
from tallystick.connectors.sql.client import SqlSystem
from tallystick.model.record import Cause, records_of
from tallystick.model.selection import Clause, Filter, Selection, SoftDelete, Test
from tallystick.model.value import FieldType
from tallystick.model.write import Action, Result, Write
from tallystick.testing.clock import FixedClock, SequentialIds
from tallystick.testing.contract import VersionsKnown
from tallystick.testing.contract.subject import Reading, read

Run = Callable[..., None]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "crm.db"
    sqlite3.connect(path).close()
    return path


@pytest.fixture
def run(path: Path) -> Run:
    """Another application on the same file."""

    def run(*statements: str, **parameters: object) -> None:
        with closing(sqlite3.connect(path)) as connection, connection:
            for statement in statements:
                connection.execute(statement, parameters)

    return run


@pytest.fixture
def system(path: Path) -> Any:
    with closing(opened(path)) as system:
        yield system


def opened(path: Path, clock: FixedClock | None = None, **settings: Any) -> SqlSystem:
    found = connect(
        Settings(url=f"sqlite:///{path.name}", **settings),
        folder=path.parent,
        clock=clock or FixedClock(),
        ids=SequentialIds(),
    )
    assert isinstance(found, SqlSystem)
    return found


def listed(system: SqlSystem, selection: Selection) -> Reading:
    return read(system.listing(selection, VersionsKnown()))


def cursor_of(reading: Reading) -> str:
    assert reading.end is not None
    assert reading.end.cursor is not None
    return reading.end.cursor


def values(reading: Reading) -> dict[str, dict[str, str | None]]:
    return {id_: dict(record.values) for id_, record in reading.records.items()}


# --- values that are not what their column is declared as --------------------------------------------------------

ODD = {
    "INTEGER": ["abc", "", 1.5, b"\x01", 7, None, 2**62],
    "TEXT": [b"\xff", "plain", "e\u0301", "a\0b", 12, None],
    "NUMERIC": ["many", 2**60 + 1, 0.1, "12.50", 1e300, None, b"1"],
    "REAL": ["x", 1, 0.1 + 0.2, 1e-7, None],
    "BOOLEAN": [0, 1, 2, "true", "maybe", None],
    "DATE": ["2026-11-22", "2026-02-30", 20261122, "22.11.2026", None],
    "DATETIME": ["2026-11-22 09:30:00", "2026-11-22T09:30:00.250Z", "2026-11-22 11:30+02:00", 1795339800, "soon"],
    "JSON": ['{"b": 1, "a": [1.50]}', "{", 5, None],
    "": ["text", 5, 2.5, b"\x00", None],
    "BLOB": [b"\x00\xff", "text", 5, None],
}
TOLD: Mapping[str, list[str | None]] = {
    "INTEGER": ["!", "!", "!", "!", "7", None, str(2**62)],
    "TEXT": ["!", "plain", "\u00e9", "!", "12", None],
    "NUMERIC": ["!", str(2**60 + 1), "0.1", "12.5", "1" + "0" * 300, None, "!"],
    "REAL": ["!", "1", "0.30000000000000004", "0.0000001", None],
    "BOOLEAN": ["false", "true", "!", "true", "!", None],
    "DATE": ["2026-11-22", "!", "!", "!", None],
    "DATETIME": ["2026-11-22T09:30:00", "2026-11-22T09:30:00.25", "2026-11-22T09:30:00", "!", "!"],
    "JSON": ['{"a":[1.50],"b":1}', "!", "5", None],
    "": ["text", "5", "2.5", "!", None],
    "BLOB": ["AP8=", "dGV4dA==", "!", None],
}


@pytest.mark.parametrize("declared", ODD)
@pytest.mark.parametrize("is_fetched", [False, True], ids=["listed", "fetched"])
def test_value_that_is_not_of_its_declared_type_is_told_or_its_record_unreadable_E7(
    path, system, run, declared, is_fetched
):
    """Never a crash, never altered in silence; the others go on. `!` stands for an unreadable record."""
    run(f"CREATE TABLE t (id INTEGER PRIMARY KEY, x {declared})")
    for number, value in enumerate(ODD[declared]):
        run("INSERT INTO t VALUES (:id, :x)", id=number, x=value)
    selection = Selection(record="t", fields=("x",))
    ids = [str(number) for number in range(len(ODD[declared]))]
    reading = read([system.fetch(selection, ids)]) if is_fetched else listed(system, selection)
    told = {id_: record.values["x"] for id_, record in reading.records.items()} | {
        bad.id: "!" for bad in reading.unreadable
    }
    assert told == dict(zip(ids, TOLD[declared], strict=True))
    for bad in reading.unreadable:
        assert bad.reason.startswith("The field 'x'")
        assert bad.reason.endswith(".")


@settings(max_examples=max(40, settings.default.max_examples // 3))
@given(
    st.lists(
        st.one_of(
            st.none(),
            st.integers(-(2**63), 2**63 - 1),
            st.floats(),
            st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
            st.binary(max_size=4),
            st.sampled_from(["2026-11-22", "2026-11-22 09:30:00.500", "1.50", "-0", "1e3", "true", "[1]", "\u212b"]),
        ),
        min_size=1,
        max_size=8,
    ),
    st.sampled_from(sorted(ODD)),
)
def test_listing_and_fetch_tell_every_value_alike(tmp_path_factory, found, declared):
    """The one goes by whole columns through Arrow, the other value by value; they may never disagree."""
    path = tmp_path_factory.mktemp("alike") / "crm.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(f"CREATE TABLE t (id INTEGER PRIMARY KEY, x {declared})")
        connection.executemany("INSERT INTO t VALUES (?, ?)", list(enumerate(found)))
    selection = Selection(record="t", fields=("x",))
    with closing(opened(path)) as system:
        one, other = listed(system, selection), read([system.fetch(selection, [str(n) for n in range(len(found))])])
    assert values(one) == values(other)
    assert {bad.id: bad.reason for bad in one.unreadable} == {bad.id: bad.reason for bad in other.unreadable}
    assert len(one.records) + len(one.unreadable) == len(found)


def test_text_that_is_not_utf8_or_holds_nul_is_unreadable_alone_E7(system, run):
    run(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, x TEXT)",
        "INSERT INTO t VALUES (1, CAST(x'ff41' AS TEXT)), (2, 'a' || char(0) || 'b'), (3, 'fine'), (4, 'fine')",
        # a character cut in two over two values is no character of either
        "UPDATE t SET x = CAST(x'c3' AS TEXT) WHERE id = 3",
        "UPDATE t SET x = CAST(x'a9' AS TEXT) WHERE id = 4",
        "INSERT INTO t VALUES (5, 'fine')",
    )
    reading = listed(system, Selection(record="t", fields=("x",)))
    assert values(reading) == {"5": {"x": "fine"}}
    assert {bad.id: bad.reason for bad in reading.unreadable} == {
        "1": "The field 'x' (declared text) holds bytes that are not UTF-8 text.",
        "2": "The field 'x' (declared text) holds a NUL character.",
        "3": "The field 'x' (declared text) holds bytes that are not UTF-8 text.",
        "4": "The field 'x' (declared text) holds bytes that are not UTF-8 text.",
    }
    assert [bad.id for bad in read([system.fetch(Selection(record="t", fields=("x",)), ["1", "5"])]).unreadable] == [
        "1"
    ]


def test_bad_value_in_a_field_nobody_selected_does_no_harm(system, run):
    run("CREATE TABLE t (id INTEGER PRIMARY KEY, x INTEGER, y TEXT)", "INSERT INTO t VALUES (1, 'abc', 'ok')")
    assert values(listed(system, Selection(record="t", fields=("y",)))) == {"1": {"y": "ok"}}
    whole = records_of(system.fetch(Selection(record="t", fields=("y",)), ["1"], is_whole=True).records)[0]
    assert dict(whole.values) == {"id": "1", "y": "ok"}


def test_types_of_the_settings_win_over_the_declared(path, run):
    run("CREATE TABLE t (id INTEGER PRIMARY KEY, x TEXT)", "INSERT INTO t VALUES (1, '2026-11-22 11:30:00+02:00')")
    with closing(opened(path, types={"t.x": FieldType.DATETIME})) as system:
        assert values(listed(system, Selection(record="t", fields=("x",)))) == {"1": {"x": "2026-11-22T09:30:00Z"}}


# --- keys ----------------------------------------------------------------------------------------------------


def test_key_that_is_not_unique_is_refused(system, run):
    run("CREATE TABLE t (id INTEGER PRIMARY KEY, tag TEXT)", "INSERT INTO t VALUES (1, 'a'), (2, 'a')")
    with pytest.raises(errors.KeyNotUnique, match="Several records of 't' have the same tag"):
        listed(system, Selection(record="t", fields=("id",), key=("tag",)))


def test_record_without_a_key_is_unreadable_alone_E7(system, run):
    run("CREATE TABLE t (tag TEXT UNIQUE, x TEXT)", "INSERT INTO t VALUES ('a', '1'), (NULL, '2'), (NULL, '3')")
    reading = listed(system, Selection(record="t", fields=("x",), key=("tag",)))
    assert values(reading) == {"a": {"x": "1"}}
    assert [(bad.id, bad.reason) for bad in reading.unreadable] == [
        ("(without a key) 1", "The record has no key: tag is null."),
        ("(without a key) 2", "The record has no key: tag is null."),
    ]


def test_table_without_a_key_asks_for_one(system, run):
    run("CREATE TABLE t (x TEXT)")
    with pytest.raises(errors.ConfigurationError, match="has no primary key"):
        listed(system, Selection(record="t", fields=("x",)))


def test_id_stored_decomposed_is_found_and_written_under_its_composed_form(system, run):
    run("CREATE TABLE t (id TEXT PRIMARY KEY, x TEXT)", "INSERT INTO t VALUES (:id, 'old')", id="Zoe\u0308")
    selection = Selection(record="t", fields=("x",))
    assert list(listed(system, selection).records) == ["Zo\u00eb"]
    write = Write(key="k", action=Action.UPDATE, id="Zo\u00eb", values={"x": "new"}, expected={"x": "old"})
    assert system.write(selection, [write])[0].result is Result.DONE
    assert values(read([system.fetch(selection, ["Zo\u00eb"])])) == {"Zo\u00eb": {"x": "new"}}


def test_ids_differing_in_case_are_two_records_whatever_the_collation(system, run):
    run("CREATE TABLE t (id TEXT COLLATE NOCASE PRIMARY KEY, x TEXT)", "INSERT INTO t VALUES ('ab', '1')")
    selection = Selection(record="t", fields=("x",))
    reading = read([system.fetch(selection, ["AB", "ab"])])
    assert list(reading.records) == ["ab"]
    assert reading.absences["AB"].cause is Cause.DELETED
    assert system.write(selection, [Write(key="k", action=Action.UPDATE, id="AB", values={"x": "2"})])[0].result is (
        Result.ABSENT
    )


# --- filters -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("declared", "value", "passing"),
    [
        ("TEXT", "kelvin", {"1"}),
        ("TEXT COLLATE NOCASE", "kelvin", {"1"}),
        ("TEXT", "K", {"3", "4"}),  # the Kelvin sign is a K in its composed form
    ],
)
def test_filter_decides_on_canonical_text_whatever_the_database_thinks(system, run, declared, value, passing):
    run(f"CREATE TABLE t (id INTEGER PRIMARY KEY, x {declared})")
    for number, text in enumerate(["kelvin", "KELVIN", "K", "\u212a", None], 1):
        run("INSERT INTO t VALUES (:id, :x)", id=number, x=text)
    where = Filter(clauses=(Clause(field="x", test=Test.IS, value=value),))
    assert set(listed(system, Selection(record="t", fields=("x",), where=where)).records) == passing


# --- reading without getting in the way --------------------------------------------------------------------------


@pytest.mark.parametrize("journal", ["DELETE", "WAL"])
def test_writers_are_not_held_up_by_a_listing_E4(path, run, journal):
    """Between two batches nothing of the file is locked, however long the reader takes."""
    run("CREATE TABLE t (id INTEGER PRIMARY KEY, x TEXT)", f"PRAGMA journal_mode = {journal}")
    run(
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 30)"
        " INSERT INTO t SELECT i, 'a' FROM n"
    )
    with closing(opened(path, batch_rows=10)) as system:
        batches = system.listing(Selection(record="t", fields=("x",)), VersionsKnown())
        first = next(batches)
        with closing(sqlite3.connect(path, timeout=0)) as other, other:
            other.execute("UPDATE t SET x = 'b'")
        reading = read([first, *batches])
    assert [record.values["x"] for record in reading.records.values()] == ["a"] * 10 + ["b"] * 20


def test_views_and_tables_without_row_numbers_come_in_batches_too_E4(path, run):
    run(
        "CREATE TABLE t (id TEXT PRIMARY KEY, x TEXT) WITHOUT ROWID",
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 25)"
        " INSERT INTO t SELECT i, i FROM n",
        "CREATE VIEW v AS SELECT id, x, x + 0.5 AS half FROM t",
    )
    with closing(opened(path, batch_rows=10)) as system:
        for record, key in (("t", ()), ("v", ("id",))):
            reading = listed(system, Selection(record=record, fields=("x",), key=key))
            assert (len(reading.records), reading.rows) == (25, (10, 10, 5, 0))
        view = Selection(record="v", fields=("half",), key=("id",))
        assert listed(system, view).records["3"].values == {"half": "3.5"}
        assert system.fetch(view, ["99"]).absences[0].cause is Cause.UNKNOWN
        outcome = system.write(view, [Write(key="k", action=Action.DELETE, id="3")])[0]
        assert (outcome.result, outcome.message) == (Result.REFUSED, "'v' is a view, so nothing is written to it.")


# --- changes -------------------------------------------------------------------------------------------------

STAMPED = Selection(record="t", fields=("x",), changed="at")
SPELLINGS = {
    "text": lambda second: f"2026-05-01T10:00:{second:02d}Z",
    "seconds": lambda second: f"2026-05-01 10:00:{second:02d}",
    "zone": lambda second: f"2026-05-01 12:00:{second:02d}.250+02:00",
    "mixed": lambda second: f"2026-05-01{'T '[second % 2]}10:00:{second:02d}{['', 'Z'][second // 2 % 2]}",
}


@pytest.mark.parametrize("declared", ["TEXT", "DATETIME"])
@pytest.mark.parametrize("spelling", SPELLINGS)
def test_changes_by_stamps_reach_back_over_the_overlap_however_spelled_E3_S18(path, run, declared, spelling):
    spelled = SPELLINGS[spelling]
    run(f"CREATE TABLE t (id INTEGER PRIMARY KEY, x TEXT, at {declared})", "CREATE INDEX i ON t (at)")
    for second in range(10):
        run("INSERT INTO t VALUES (:id, 'a', :at)", id=second, at=spelled(second))
    run("INSERT INTO t VALUES (100, 'never stamped', NULL)")
    with closing(opened(path, overlap_s=3)) as system:
        cursor = cursor_of(listed(system, STAMPED))
        # of mixed spellings the greatest as text: never later than the last, which is all that matters
        assert json.loads(cursor)["changed"][:19] in ("2026-05-01T10:00:08", "2026-05-01T10:00:09")
        run("INSERT INTO t VALUES (50, 'late commit', :at)", at=spelled(7))
        reading = read(system.changes(STAMPED, cursor, VersionsKnown()))
    assert {"7", "8", "9", "50", "100"} <= set(reading.records) <= {"5", "6", "7", "8", "9", "50", "100"}
    assert reading.records["9"].changed_at is not None
    assert reading.records["9"].changed_at[:19] == "2026-05-01T10:00:09"
    assert reading.records["100"].changed_at is None


def test_501_equal_stamps_and_a_late_one_all_arrive_S18(path, run):
    run("CREATE TABLE t (id INTEGER PRIMARY KEY, x TEXT, at DATETIME)")
    run("INSERT INTO t VALUES (1000, 'first', '2026-05-01 10:00:00')")
    with closing(opened(path, batch_rows=100)) as system:
        cursor = cursor_of(listed(system, STAMPED))
        run(
            "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 501)"
            " INSERT INTO t SELECT i, 'together', '2026-05-01 10:05:00' FROM n"
        )
        reading = read(system.changes(STAMPED, cursor, VersionsKnown()))
        assert {str(n) for n in range(1, 502)} <= set(reading.records)
        run("INSERT INTO t VALUES (2000, 'committed late', '2026-05-01 10:04:00')")
        assert "2000" in read(system.changes(STAMPED, cursor_of(reading), VersionsKnown())).records


def test_stamp_from_the_future_does_not_hide_later_changes_S18(path, run):
    run("CREATE TABLE t (id INTEGER PRIMARY KEY, x TEXT, at DATETIME)", "INSERT INTO t VALUES (1, 'x', '2999-01-01')")
    with closing(opened(path)) as system:
        cursor = cursor_of(listed(system, STAMPED))
        run("INSERT INTO t VALUES (2, 'y', CURRENT_TIMESTAMP)")
        assert "2" in read(system.changes(STAMPED, cursor, VersionsKnown())).records


def test_database_clock_put_back_an_hour_loses_nothing_S18(path, run, monkeypatch):
    clock = FixedClock()
    run(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, x TEXT, at DATETIME)",
        "INSERT INTO t VALUES (1, 'x', '2026-05-01 10:00:00')",
    )
    with closing(opened(path, clock)) as system:
        monkeypatch.setattr(system.database, "now", lambda connection: "2026-05-01T10:00:00Z")
        cursor = cursor_of(listed(system, STAMPED))
        clock.move(600)  # ten minutes pass; the database's clock went back an hour in them
        run("INSERT INTO t VALUES (2, 'y', '2026-05-01 09:01:00')")
        monkeypatch.setattr(system.database, "now", lambda connection: "2026-05-01T09:10:00Z")
        assert "2" in read(system.changes(STAMPED, cursor, VersionsKnown())).records


def test_counter_as_changed_column_reaches_back_by_count_E3(path, run):
    run("CREATE TABLE t (id INTEGER PRIMARY KEY, x TEXT, at INTEGER)")
    for number in range(1, 101):
        run("INSERT INTO t VALUES (:id, 'a', :id)", id=number)
    with closing(opened(path, overlap_count=10)) as system:
        cursor = cursor_of(listed(system, STAMPED))
        assert json.loads(cursor)["changed"] == 100
        run("UPDATE t SET at = 101 WHERE id = 5", "UPDATE t SET at = 95 WHERE id = 6")
        reading = read(system.changes(STAMPED, cursor, VersionsKnown()))
    assert set(reading.records) == {"5", "6", *map(str, range(90, 101))}
    assert {record.changed_at for record in reading.records.values()} == {None}


def test_stamps_nobody_can_read_give_no_cursor_so_that_all_is_listed_E3(path, run):
    run("CREATE TABLE t (id INTEGER PRIMARY KEY, x TEXT, at TEXT)", "INSERT INTO t VALUES (1, 'x', 'yesterday')")
    with closing(opened(path)) as system:
        end = listed(system, STAMPED).end
    assert end is not None
    assert (end.is_complete, end.cursor) == (True, None)


def test_cursor_of_another_column_is_refused(path, run):
    run("CREATE TABLE t (id INTEGER PRIMARY KEY, x TEXT, at TEXT, at2 TEXT)")
    with closing(opened(path)) as system:
        cursor = cursor_of(listed(system, STAMPED))
        with pytest.raises(errors.CursorRefused, match="counts the column 'at', the flow now names 'at2'"):
            read(system.changes(Selection(record="t", fields=("x",), changed="at2"), cursor, VersionsKnown()))


def test_changes_say_what_left_the_filter_and_what_was_marked_deleted_E2(path, run):
    run(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, kind TEXT, gone BOOLEAN, at DATETIME)",
        "INSERT INTO t VALUES (1, 'pc', 0, '2026-05-01'), (2, 'pc', 0, '2026-05-01'), (3, 'pc', 0, '2026-05-01')",
    )
    selection = Selection(
        record="t",
        fields=("kind",),
        changed="at",
        where=Filter(clauses=(Clause(field="kind", test=Test.IS, value="pc"),)),
        deleted=SoftDelete(column="gone", equals="1"),
    )
    with closing(opened(path)) as system:
        cursor = cursor_of(listed(system, selection))
        run("UPDATE t SET kind = 'car' WHERE id = 1", "UPDATE t SET gone = 1 WHERE id = 2")
        reading = read(system.changes(selection, cursor, VersionsKnown()))
        assert {id_: absence.cause for id_, absence in reading.absences.items()} == {
            "1": Cause.OUT_OF_FILTER,
            "2": Cause.DELETED,
        }
        assert list(listed(system, selection).records) == ["3"]


# --- writing -------------------------------------------------------------------------------------------------


def test_each_write_of_a_call_stands_for_itself_E27(system, run):
    run(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, tag TEXT UNIQUE, qty INTEGER NOT NULL CHECK (qty >= 0))",
        "INSERT INTO t VALUES (1, 'a', 1), (2, 'b', 2)",
    )
    selection = Selection(record="t", fields=("qty", "tag"))
    outcomes = system.write(
        selection,
        [
            Write(key="1", action=Action.CREATE, id="3", values={"tag": "c", "qty": "3"}),
            Write(key="2", action=Action.CREATE, id="4", values={"tag": "a", "qty": "4"}),
            Write(key="3", action=Action.CREATE, id="5", values={"tag": "e", "qty": "-5"}),
            Write(key="4", action=Action.CREATE, id="6", values={"tag": "f", "qty": None}),
            Write(key="5", action=Action.CREATE, id="7", values={"tag": "g", "qty": "secret words"}),
            Write(key="6", action=Action.UPDATE, id="2", values={"tag": "a"}),
            Write(key="7", action=Action.UPDATE, id="1", values={"qty": "9"}, expected={"qty": "1"}),
            Write(key="8", action=Action.UPDATE, id="1", values={"qty": "8"}, expected={"qty": "1"}),
            Write(key="9", action=Action.DELETE, id="2", expected={"tag": "b"}),
            Write(key="10", action=Action.CREATE, id="8", values={"tag": "b", "qty": "1"}),
        ],
    )
    assert [(outcome.result, outcome.message) for outcome in outcomes] == [
        (Result.DONE, ""),
        (Result.EXISTS, "Another record already has this value (constraint 't.tag')."),
        (Result.REFUSED, "The values break the constraint 'qty >= 0' of the table."),
        (Result.REFUSED, "The values break the constraint 't.qty' of the table."),
        (Result.REFUSED, "The field 'qty' of 't' takes an integer."),
        (Result.REFUSED, "Another record already has this value (constraint 't.tag')."),
        (Result.DONE, ""),
        (Result.MOVED, ""),
        (Result.DONE, ""),
        (Result.DONE, ""),
    ]
    assert values(listed(system, selection)) == {
        "1": {"tag": "a", "qty": "9"},
        "3": {"tag": "c", "qty": "3"},
        "8": {"tag": "b", "qty": "1"},
    }


def test_reference_to_nothing_is_refused_alone_also_when_only_the_commit_notices_E27(system, run):
    run(
        "CREATE TABLE maker (id INTEGER PRIMARY KEY)",
        "INSERT INTO maker VALUES (1)",
        "CREATE TABLE t (id INTEGER PRIMARY KEY, maker INTEGER REFERENCES maker (id) DEFERRABLE INITIALLY DEFERRED)",
    )
    selection = Selection(record="t", fields=("maker",))
    creates = [
        Write(key=f"{n}", action=Action.CREATE, id=f"{n}", values={"maker": maker}) for n, maker in enumerate("1911", 1)
    ]
    outcomes = system.write(selection, creates)
    assert [outcome.result for outcome in outcomes] == [Result.DONE, Result.REFUSED, Result.DONE, Result.DONE]
    assert outcomes[1].message == "The values break the constraint 'FOREIGN KEY' of the table."
    assert sorted(listed(system, selection).records) == ["1", "3", "4"]


def test_our_writes_leave_a_stamp_spelled_as_the_others_are(path, run):
    run(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, x TEXT, at TEXT)",
        "INSERT INTO t VALUES (1, 'a', '2020-01-01T00:00:00.000Z')",
    )
    with closing(opened(path)) as system:
        system.write(STAMPED, [Write(key="k", action=Action.UPDATE, id="1", values={"x": "b"})])
    with closing(sqlite3.connect(path)) as connection:
        (stamp, is_now) = connection.execute(
            "SELECT at, abs(julianday('now') - julianday(at)) < 0.01 FROM t"
        ).fetchone()
    assert is_now == 1
    assert (len(stamp), stamp[10], stamp[19], stamp[-1]) == (24, "T", ".", "Z")


def test_stamp_is_left_alone_when_touch_is_off_or_the_flow_writes_it(path, run):
    run("CREATE TABLE t (id INTEGER PRIMARY KEY, x TEXT, at TEXT)", "INSERT INTO t VALUES (1, 'a', '2020-01-01')")
    for touch, values_, stamp in (
        (False, {"x": "b"}, "2020-01-01"),
        (True, {"x": "c", "at": "2021-01-01"}, "2021-01-01"),
    ):
        with closing(opened(path, touch=touch)) as system:
            system.write(STAMPED, [Write(key="k", action=Action.UPDATE, id="1", values=values_)])
        with closing(sqlite3.connect(path)) as connection:
            assert connection.execute("SELECT at FROM t").fetchone() == (stamp,)


def test_create_of_a_record_marked_deleted_brings_it_back(path, system, run):
    run("CREATE TABLE t (id INTEGER PRIMARY KEY, x TEXT, gone INTEGER)", "INSERT INTO t VALUES (1, 'a', 1)")
    selection = Selection(record="t", fields=("x",), deleted=SoftDelete(column="gone", equals="1"))
    outcome = system.write(selection, [Write(key="k", action=Action.CREATE, id="1", values={"x": "again"})])[0]
    assert outcome.result is Result.DONE
    assert values(listed(system, selection)) == {"1": {"x": "again"}}


def test_what_a_trigger_made_of_our_values_is_told(system, run):
    run(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, x TEXT)",
        "CREATE TRIGGER up AFTER UPDATE OF x ON t BEGIN UPDATE t SET x = upper(x) WHERE id = new.id; END",
        "CREATE TRIGGER no BEFORE INSERT ON t WHEN new.x = 'no' BEGIN SELECT RAISE(ABORT, 'shop closed'); END",
        "INSERT INTO t VALUES (1, 'a')",
    )
    selection = Selection(record="t", fields=("x",))
    update, create = system.write(
        selection,
        [
            Write(key="1", action=Action.UPDATE, id="1", values={"x": "ab12"}),
            Write(key="2", action=Action.CREATE, id="2", values={"x": "no"}),
        ],
    )
    assert (update.result, update.stored) == (Result.DONE, {"x": "AB12"})
    assert (create.result, create.message) == (Result.REFUSED, "The database refused the record: shop closed")


def test_ids_are_reserved_once_whatever_happens_to_them_E28(path, system, run):
    run(
        "CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, x TEXT)",
        "CREATE TABLE s (tag VARCHAR(20) PRIMARY KEY, x TEXT)",
        "INSERT INTO t VALUES (41, 'a')",
        "DELETE FROM t",
    )
    numbers = Selection(record="t", fields=("x",))
    assert list(system.reserve(numbers, [{}, {"x": "b"}])) == ["42", "43"]
    assert list(system.reserve(numbers, [{}])) == ["44"]
    texts = Selection(record="s", fields=("x",))
    first, second, given = system.reserve(texts, [{}, {}, {"tag": "T-1"}])
    assert given == "T-1"
    assert first is not None
    assert first != second
    assert len(first) == 20


def test_create_without_an_id_tells_the_one_it_got(system, run):
    run("CREATE TABLE t (id INTEGER PRIMARY KEY, x TEXT)")
    selection = Selection(record="t", fields=("x",))
    creates = [Write(key=f"{n}", action=Action.CREATE, id=None, values={"x": f"{n}"}) for n in range(3)]
    assert [outcome.id for outcome in system.write(selection, creates)] == ["1", "2", "3"]


# --- errors --------------------------------------------------------------------------------------------------


def test_missing_file_is_unreachable_and_none_is_made_E1(path):
    path.unlink()
    with closing(opened(path)) as system:
        for call in (system.describe, lambda: listed(system, Selection(record="t", fields=()))):
            with pytest.raises(errors.Unreachable, match=r"There is no connection to the database crm\.db"):
                call()
    assert not path.exists()


def test_file_that_is_no_database_is_named(path):
    path.write_text("this is a letter, not a database, and long enough to be read as a header" * 20)
    with closing(opened(path)) as system, pytest.raises(errors.ConfigurationError, match=r"crm\.db is not a database"):
        system.describe()


def test_lock_of_another_program_is_waited_for_and_then_told_E30(path, run):
    run("CREATE TABLE t (id INTEGER PRIMARY KEY, x TEXT)", "INSERT INTO t VALUES (1, 'a')")
    with closing(opened(path, timeout_s=0.05)) as system, closing(sqlite3.connect(path, isolation_level=None)) as other:
        system.describe()
        other.execute("BEGIN EXCLUSIVE")
        write = Write(key="k", action=Action.UPDATE, id="1", values={"x": "b"})
        with pytest.raises(errors.Throttled):
            listed(system, Selection(record="t", fields=("x",)))
        other.execute("COMMIT")
        listed(system, Selection(record="t", fields=("x",)))
        other.execute("BEGIN EXCLUSIVE")
        outcome = system.write(Selection(record="t", fields=("x",)), [write])[0]
        assert outcome.result is Result.RETRY
        assert outcome.message == "Another program holds a lock in the database crm.db. It is tried again."


def test_column_and_table_that_disappear_are_named_E11(system, run):
    run("CREATE TABLE t (id INTEGER PRIMARY KEY, x TEXT)")
    selection = Selection(record="t", fields=("x",))
    listed(system, selection)
    run("ALTER TABLE t DROP COLUMN x")
    with pytest.raises(errors.UnknownField, match="The table 't' has no column 'x'"):
        listed(system, selection)
    run("DROP TABLE t")
    with pytest.raises(errors.UnknownRecordType, match="There is no table 't'"):
        listed(system, selection)


def test_description_tells_what_a_create_needs_E24(system, run):
    run(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, tag VARCHAR(10) NOT NULL, qty INTEGER NOT NULL DEFAULT 1,"
        " status TEXT CHECK (status IN ('open', 'it''s shut')), double AS (qty * 2))"
    )
    kind = system.describe().record_type("t")
    assert kind is not None
    assert kind.key == ("id",)
    told = {f.name: (f.type, f.is_required, f.is_writable, f.is_nullable, f.max_length, f.choices) for f in kind.fields}
    assert told == {
        "id": (FieldType.INTEGER, False, True, False, None, ()),
        "tag": (FieldType.TEXT, True, True, False, 10, ()),
        "qty": (FieldType.INTEGER, False, True, False, None, ()),
        "status": (FieldType.TEXT, False, True, True, None, ("open", "it's shut")),
        "double": (FieldType.TEXT, False, False, True, None, ()),
    }
