"""PostgreSQL and MariaDB: what only a server does. Rows E1, E2, E3, E7, E24, E27, E28, E30, E31, S18."""

from __future__ import annotations

import functools
import os
import signal
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from tallystick import errors
from tallystick.connectors.sql import Settings, connect
from tallystick.connectors.sql.client import SqlSystem
from tallystick.model.record import Cause
from tallystick.model.selection import Clause, Filter, Selection, Test
from tallystick.model.value import FieldType
from tallystick.model.write import Action, Result, Write
from tallystick.testing.clock import FixedClock, SequentialIds
from tallystick.testing.contract import VersionsKnown
from tallystick.testing.contract.subject import Reading, read
from tests.servers import mariadb_url, postgres_url

postgres_database = functools.cache(postgres_url)
mariadb_database = functools.cache(mariadb_url)
ROW = Selection(record="t", fields=("x",))


def opened(url: str, **settings: Any) -> SqlSystem:
    found = connect(Settings(url=url, **settings), folder=Path(), clock=FixedClock(), ids=SequentialIds())
    assert isinstance(found, SqlSystem)
    return found


def listed(system: SqlSystem, selection: Selection) -> Reading:
    return read(system.listing(selection, VersionsKnown()))


def update(id_: str, x: str | None, **preconditions: Any) -> Write:
    return Write(key=f"u{id_}", action=Action.UPDATE, id=id_, values={"x": x}, **preconditions)


def create(id_: str, x: str | None) -> Write:
    return Write(key=f"c{id_}", action=Action.CREATE, id=id_, values={"x": x})


def engine_of(url: str) -> Any:
    return create_engine(
        url.replace("postgresql://", "postgresql+psycopg://").replace("mariadb://", "mariadb+pymysql://")
    )


@pytest.fixture(
    params=[pytest.param("postgres", marks=pytest.mark.postgres), pytest.param("mariadb", marks=pytest.mark.mariadb)]
)
def url(request: pytest.FixtureRequest) -> str:
    return postgres_database() if request.param == "postgres" else mariadb_database()


@pytest.fixture
def pg() -> str:
    return postgres_database()


@pytest.fixture
def maria() -> str:
    return mariadb_database()


def run(url: str, *statements: str) -> None:
    engine = engine_of(url)
    with engine.begin() as connection:
        for statement in ("DROP VIEW IF EXISTS v", "DROP TABLE IF EXISTS t") * any("TABLE t" in s for s in statements):
            connection.execute(text(statement))
        for statement in statements:
            connection.execute(text(statement))
    engine.dispose()


# --- both --------------------------------------------------------------------------------------------------------


def test_late_commit_with_an_older_stamp_arrives_S18(url):
    """The stamp is of the transaction's start; it is seen only when it commits, after a later one was read."""
    run(url, "CREATE TABLE t (id integer PRIMARY KEY, x varchar(20), at timestamp NULL)")
    selection = Selection(record="t", fields=("x",), changed="at")
    engine = engine_of(url)
    with closing(opened(url)) as system, engine.connect() as slow, engine.connect() as quick:
        start = listed(system, selection).end
        slow.execute(text("INSERT INTO t VALUES (1, 'slow', CURRENT_TIMESTAMP)"))
        time.sleep(0.01)
        quick.execute(text("INSERT INTO t VALUES (2, 'quick', CURRENT_TIMESTAMP)"))
        quick.commit()
        first = read(system.changes(selection, start.cursor, VersionsKnown()))
        slow.commit()
        second = read(system.changes(selection, first.end.cursor, VersionsKnown()))
    engine.dispose()
    assert list(first.records) == ["2"]
    assert sorted(second.records) == ["1", "2"]


def test_each_write_of_a_call_stands_for_itself_E27(url):
    run(
        url,
        "CREATE TABLE t (id integer PRIMARY KEY, x varchar(5) UNIQUE, CONSTRAINT not_bad CHECK (x <> 'bad'))",
        "INSERT INTO t VALUES (1, 'a'), (2, 'b')",
    )
    with closing(opened(url)) as system:
        outcomes = system.write(
            ROW,
            [
                create("3", "c"),
                create("4", "a"),
                create("5", "bad"),
                create("6", "longer"),
                update("1", "d", expected={"x": "a"}),
                update("2", "e", expected={"x": "a"}),
                Write(key="d", action=Action.DELETE, id="9"),
            ],
        )
        results = [outcome.result for outcome in outcomes]
        texts = {id_: record.values["x"] for id_, record in listed(system, ROW).records.items()}
    assert results == [
        Result.DONE,
        Result.EXISTS,
        Result.REFUSED,
        Result.REFUSED,
        Result.DONE,
        Result.MOVED,
        Result.DONE,
    ]
    assert outcomes[2].message == "The values break the constraint 'not_bad' of the table."
    assert outcomes[3].message == "The field 'x' of 't' takes at most 5 characters."
    assert texts == {"1": "d", "2": "b", "3": "c"}


def test_row_that_another_transaction_holds_is_retried_later_E30(url):
    run(url, "CREATE TABLE t (id integer PRIMARY KEY, x varchar(5))", "INSERT INTO t VALUES (1, 'a'), (2, 'b')")
    engine = engine_of(url)
    with closing(opened(url, timeout_s=1)) as system, engine.connect() as other:
        other.execute(text("UPDATE t SET x = 'z' WHERE id = 1"))
        outcomes = system.write(ROW, [update("2", "c"), update("1", "d")])
        other.rollback()
        assert [outcome.result for outcome in outcomes] == [Result.RETRY, Result.RETRY]
        assert "Another program holds a lock" in outcomes[0].message
        assert {record.values["x"] for record in listed(system, ROW).records.values()} == {"a", "b"}
    engine.dispose()


def test_numbers_and_moments_beyond_what_a_column_keeps_E7(url):
    kept = "timestamp(0)" if url.startswith("postgresql") else "datetime"
    run(url, f"CREATE TABLE t (id integer PRIMARY KEY, price numeric(6, 2), x {kept})")
    selection = Selection(record="t", fields=("price", "x"))
    with closing(opened(url)) as system:
        bad, good = system.write(
            selection,
            [
                Write(key="1", action=Action.CREATE, id="1", values={"price": "1.005", "x": None}),
                Write(key="2", action=Action.CREATE, id="2", values={"price": "1.5", "x": "2026-11-22T09:30:00.75"}),
            ],
        )
        assert (bad.result, bad.message) == (
            Result.REFUSED,
            "The field 'price' of 't' takes a number with at most 2 decimal places.",
        )
        # a fraction of a second is cut, never rounded up, and the cut is told
        assert (good.result, good.stored) == (Result.DONE, {"price": "1.5", "x": "2026-11-22T09:30:00"})
        assert dict(listed(system, selection).records["2"].values) == good.stored


def test_wrong_password_wrong_database_and_no_server_are_told_apart_without_secrets_E30(url):
    password = "s3cret-pass"
    parsed = make_url(url)
    if url.startswith("mariadb"):
        run(url, "CREATE OR REPLACE USER someone@localhost IDENTIFIED BY 'another'")
        wrong = parsed.set(username="someone", password=password)
    else:
        wrong = parsed.set(username="nobody", password=password)
    query = {name: value for name, value in parsed.query.items() if name not in ("host", "unix_socket")}
    cases = {
        wrong: errors.SignInFailed,
        parsed.set(database="nowhere", password=password): errors.ConfigurationError,
        parsed.set(host="127.0.0.1", port=1, password=password, query=query): errors.Unreachable,
    }
    for address, kind in cases.items():
        rendered = address.render_as_string(hide_password=False)
        if address.password and kind is errors.ConfigurationError and url.startswith("mariadb"):
            rendered = rendered.replace(f":{password}", "")
        with closing(opened(rendered, timeout_s=2)) as system:
            for call in (
                system.describe,
                lambda: listed(system, ROW),
                lambda: system.fetch(ROW, ["1"]),
                lambda: system.write(ROW, [create("1", "a")]),
            ):
                with pytest.raises(kind) as caught:
                    call()
                assert password not in str(caught.value)
                assert str(caught.value).endswith(".")


def test_description_names_types_keys_and_needs_E24(url):
    run(
        url,
        "CREATE TABLE t (id integer NOT NULL, part varchar(8) NOT NULL, flag boolean DEFAULT true, price numeric(8, 2),"
        " at timestamp NULL, day date, PRIMARY KEY (id, part))",
        "CREATE VIEW v AS SELECT id, flag FROM t",
    )
    with closing(opened(url)) as system:
        description = system.describe()
    table, view = description.record_type("t"), description.record_type("v")
    assert table.key == ("id", "part")
    assert {field.name: (field.type, field.is_required, field.max_length) for field in table.fields} == {
        "id": (FieldType.INTEGER, True, None),
        "part": (FieldType.TEXT, True, 8),
        "flag": (FieldType.BOOLEAN, False, None),
        "price": (FieldType.DECIMAL, False, None),
        "at": (FieldType.LOCAL_DATETIME if url.startswith("postgresql") else FieldType.DATETIME, False, None),
        "day": (FieldType.DATE, False, None),
    }
    assert (view.capabilities.create, view.capabilities.causes) == (False, False)


@pytest.mark.parametrize("test", ["is", "is_not", "in", "contains", "starts_with"])
def test_filter_is_case_and_accent_sensitive_whatever_the_collation(url, test):
    run(url, "CREATE TABLE t (id integer PRIMARY KEY, x varchar(20))")
    run(url, "INSERT INTO t VALUES (1, 'pump'), (2, 'PUMP'), (3, 'pump '), (4, 'pümp'), (5, NULL)")
    kind = Test(test)
    clause = Clause(field="x", test=kind, value=("pump",) if kind is Test.IN else "pump")
    texts = {"1": "pump", "2": "PUMP", "3": "pump ", "4": "pümp", "5": None}
    with closing(opened(url)) as system:
        found = listed(system, Selection(record="t", fields=("x",), where=Filter(clauses=(clause,))))
    assert set(found.records) == {id_ for id_, value in texts.items() if clause.passes(value)}


# --- PostgreSQL ----------------------------------------------------------------------------------------------------


@pytest.mark.postgres
def test_every_type_of_postgres_is_told_and_taken(pg):
    run(
        pg,
        "DROP TYPE IF EXISTS mood",
        "CREATE TYPE mood AS ENUM ('glad', 'sad')",
        "CREATE TABLE t (id uuid PRIMARY KEY, mood mood, ints int[], texts text[], span interval, money money,"
        " bits bit(3), single real, fixed char(5), net inet, at timestamptz, clock timetz, range int4range)",
    )
    values = {
        "mood": "sad",
        "ints": '["1","2"]',
        "texts": '["a,b","say \\"hi\\"","NULL",""]',
        "span": "P1DT2H",
        "money": "12.5",
        "bits": "101",
        "single": "0.1",
        "fixed": "ab",
        "net": "10.0.0.1/32",
        "at": "2026-11-22T09:30:00.000001Z",
        "clock": "09:30:00+02",
        "range": "[1,5)",
    }
    selection = Selection(record="t", fields=tuple(sorted(values)))
    with closing(opened(pg)) as system:
        (id_,) = system.reserve(selection, [values])
        outcome = system.write(selection, [Write(key="k", action=Action.CREATE, id=id_, values=values)])[0]
        assert outcome.result is Result.DONE, outcome.message
        assert dict(listed(system, selection).records[id_].values) == values
        assert dict(read([system.fetch(selection, [id_])]).records[id_].values) == values
        bad = {"mood": "bored", "ints": '["x"]', "span": "soon", "net": "nowhere"}
        for name, value in bad.items():
            write = Write(key="k", action=Action.UPDATE, id=id_, values={name: value})
            refused = system.write(selection, [write])[0]
            assert refused.result is Result.REFUSED
            assert value not in refused.message
        assert dict(listed(system, selection).records[id_].values) == values


@pytest.mark.postgres
def test_infinite_moment_and_nan_of_postgres_E7(pg):
    run(
        pg,
        "CREATE TABLE t (id integer PRIMARY KEY, at timestamptz, n numeric, d date)",
        "INSERT INTO t VALUES (1, 'infinity', 1, NULL), (2, '0044-03-15 BC', 1, NULL), (3, NULL, 'NaN', NULL),"
        " (4, NULL, 1, '-infinity'), (5, now(), 1e-3, '2026-11-22')",
    )
    selection = Selection(record="t", fields=("at", "d", "n"))
    with closing(opened(pg)) as system:
        for reading in (listed(system, selection), read([system.fetch(selection, ["1", "2", "3", "4", "5"])])):
            assert sorted(reading.records) == ["3", "5"]
            assert sorted(bad.id for bad in reading.unreadable) == ["1", "2", "4"]
            assert reading.records["3"].values["n"] is None
            assert reading.records["5"].values["n"] == "0.001"


@pytest.mark.postgres
def test_row_level_security_makes_an_absence_unknown_E2(pg):
    """A row that a policy hides is not a deleted one."""
    run(
        pg,
        "DROP ROLE IF EXISTS clerk",
        "CREATE ROLE clerk LOGIN",
        "CREATE TABLE t (id integer PRIMARY KEY, x text)",
        "INSERT INTO t VALUES (1, 'mine'), (2, 'theirs')",
        "ALTER TABLE t ENABLE ROW LEVEL SECURITY",
        "CREATE POLICY mine ON t USING (x = 'mine')",
        "GRANT SELECT ON t TO clerk",
    )
    try:
        address = make_url(pg).set(username="clerk").render_as_string(hide_password=False)
        with closing(opened(address)) as system:
            assert list(listed(system, ROW).records) == ["1"]
            assert system.fetch(ROW, ["2"]).absences[0].cause is Cause.UNKNOWN
            with pytest.raises(errors.PermissionRefused, match="The user may not do this with 't'"):
                system.write(ROW, [update("1", "b")])
    finally:
        run(pg, "DROP OWNED BY clerk", "DROP ROLE clerk")


@pytest.mark.postgres
def test_identity_and_serial_numbers_come_from_their_sequence_E28(pg):
    run(
        pg,
        "CREATE TABLE t (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, x text)",
        "INSERT INTO t (x) VALUES ('one')",
        "INSERT INTO t OVERRIDING SYSTEM VALUE VALUES (2, 'out of turn')",
    )
    with closing(opened(pg)) as system:
        ids = list(system.reserve(ROW, [{}, {}]))
        assert ids == ["3", "4"]
        assert system.write(ROW, [create("3", "three")])[0].result is Result.DONE
    run(pg, "INSERT INTO t (x) VALUES ('from the application')")
    with closing(opened(pg)) as system:
        assert sorted(listed(system, ROW).records) == ["1", "2", "3", "5"]


@pytest.mark.postgres
def test_connection_lost_before_the_commit_means_nothing_was_written_E28(pg):
    run(pg, "CREATE TABLE t (id integer PRIMARY KEY, x text)")
    with closing(opened(pg)) as system:
        system.describe()
        _break_once(system, "_carry_out")
        with pytest.raises(errors.Unreachable):
            system.write(ROW, [create("1", "a")])
        assert listed(system, ROW).records == {}
        assert system.write(ROW, [create("1", "a")])[0].result is Result.DONE


@pytest.mark.postgres
def test_connection_lost_in_the_commit_leaves_the_outcome_unknown_E28(pg):
    """A deferred trigger kills the session inside COMMIT: the answer never comes."""
    run(
        pg,
        "CREATE OR REPLACE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS"
        " 'BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END'",
        "CREATE TABLE t (id integer PRIMARY KEY, x text)",
        "CREATE CONSTRAINT TRIGGER die AFTER INSERT ON t DEFERRABLE INITIALLY DEFERRED"
        " FOR EACH ROW EXECUTE FUNCTION die()",
    )
    with closing(opened(pg)) as system:
        outcomes = system.write(ROW, [create("1", "a"), create("2", "b")])
        assert [outcome.result for outcome in outcomes] == [Result.UNKNOWN, Result.UNKNOWN]
        assert listed(system, ROW).records == {}


@pytest.mark.postgres
def test_deferred_constraint_finds_the_guilty_write_at_commit_E27(pg):
    run(pg, "CREATE TABLE t (id integer PRIMARY KEY, x text UNIQUE DEFERRABLE INITIALLY DEFERRED)")
    with closing(opened(pg)) as system:
        outcomes = system.write(ROW, [create("1", "a"), create("2", "a"), create("3", "c")])
        assert [outcome.result for outcome in outcomes] == [Result.DONE, Result.EXISTS, Result.DONE]
        assert sorted(listed(system, ROW).records) == ["1", "3"]


@pytest.mark.postgres
def test_server_that_went_away_is_unreachable_and_welcome_again_E30(pg):
    """A pooled connection that died in the meantime is not an error of the next call."""
    run(pg, "CREATE TABLE t (id integer PRIMARY KEY, x text)", "INSERT INTO t VALUES (1, 'a')")
    with closing(opened(pg)) as system:
        listed(system, ROW)
        run(
            pg,
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()",
        )
        assert list(listed(system, ROW).records) == ["1"]
        assert system.write(ROW, [update("1", "b")])[0].result is Result.DONE


@pytest.mark.postgres
def test_tables_of_another_schema(pg):
    run(
        pg,
        "DROP SCHEMA IF EXISTS side CASCADE",
        "CREATE SCHEMA side",
        'CREATE TABLE side."Odd ""name%" (id int PRIMARY KEY, "x %s" text)',
    )
    selection = Selection(record='Odd "name%', fields=("x %s",))
    with closing(opened(pg, schema="side")) as system:
        assert [kind.name for kind in system.describe().record_types] == ['Odd "name%']
        write = Write(key="k", action=Action.CREATE, id="1", values={"x %s": "100 %"})
        assert system.write(selection, [write])[0].result is Result.DONE
        assert listed(system, selection).records["1"].values == {"x %s": "100 %"}
        assert [record.id for record in system.find(selection, {"x %s": "100 %"})] == ["1"]


# --- MariaDB -------------------------------------------------------------------------------------------------------


@pytest.mark.mariadb
def test_every_type_of_mariadb_is_told_and_taken(maria):
    run(
        maria,
        "CREATE TABLE t (id bigint unsigned AUTO_INCREMENT PRIMARY KEY, flag tinyint(1), bits bit(1), single float,"
        " doubled double, mood enum('glad', 'sad'), tags set('a', 'b', 'c'), at timestamp(6) NULL, y year,"
        " big bigint unsigned, fixed binary(2), hour time)",
    )
    values = {
        "at": "2026-11-22T09:30:00.000001Z",
        "big": "18446744073709551615",
        "bits": "true",
        "doubled": "0.30000000000000004",
        "fixed": "AP8=",
        "flag": "false",
        "hour": "23:59:59",
        "mood": "sad",
        "single": "0.1",
        "tags": '["a","c"]',
        "y": "2026",
    }
    selection = Selection(record="t", fields=tuple(sorted(values)))
    with closing(opened(maria)) as system:
        (id_,) = system.reserve(selection, [values])
        outcome = system.write(selection, [Write(key="k", action=Action.CREATE, id=id_, values=values)])[0]
        assert outcome.result is Result.DONE, outcome.message
        reading = listed(system, selection)
        assert reading.unreadable == ()
        assert dict(reading.records[id_].values) == values
        assert dict(read([system.fetch(selection, [id_])]).records[id_].values) == values
        assert [record.id for record in system.find(selection, values)] == [id_]


@pytest.mark.mariadb
def test_zero_dates_are_null_and_odd_values_unreadable_E7(maria):
    run(
        maria,
        "CREATE TABLE t (id integer PRIMARY KEY, d date, at datetime, hour time, flag tinyint(1))",
        "SET SESSION sql_mode = ''",
        "INSERT INTO t VALUES (1, '0000-00-00', '0000-00-00', NULL, 1), (2, NULL, NULL, '100:00:00', 1),"
        " (3, NULL, NULL, NULL, 7), (4, '2026-00-10', NULL, NULL, 0)",
    )
    selection = Selection(record="t", fields=("at", "d", "flag", "hour"))
    with closing(opened(maria)) as system:
        for reading in (listed(system, selection), read([system.fetch(selection, ["1", "2", "3", "4"])])):
            assert {id_: dict(record.values) for id_, record in reading.records.items()} == {
                "1": {"at": None, "d": None, "flag": "true", "hour": None}
            }
            assert sorted(bad.id for bad in reading.unreadable) == ["2", "3", "4"]


@pytest.mark.mariadb
def test_ids_equal_but_for_case_or_blanks_are_not_the_same_record_E28(maria):
    run(maria, "CREATE TABLE t (id varchar(10) PRIMARY KEY, x text)", "INSERT INTO t VALUES ('ab', 'a')")
    with closing(opened(maria)) as system:
        reading = read([system.fetch(ROW, ["AB", "ab ", "ab"])])
        assert list(reading.records) == ["ab"]
        assert set(reading.absences) == {"AB", "ab "}
        results = [outcome.result for outcome in system.write(ROW, [update("AB", "b"), create("AB", "c")])]
        assert results == [Result.ABSENT, Result.EXISTS]


@pytest.mark.mariadb
def test_numbers_never_fall_behind_auto_increment_E28(maria):
    run(
        maria,
        "CREATE TABLE t (id integer AUTO_INCREMENT PRIMARY KEY, x text) AUTO_INCREMENT = 100",
        "INSERT INTO t (x) VALUES ('a'), ('b')",
        "DELETE FROM t",
    )
    with closing(opened(maria)) as system:
        assert list(system.reserve(ROW, [{}, {}])) == ["102", "103"]
        assert list(system.reserve(ROW, [{}])) == ["104"]
        assert system.write(ROW, [Write(key="k", action=Action.CREATE, id=None, values={"x": "c"})])[0].id == "102"


@pytest.mark.mariadb
def test_table_without_transactions_is_read_but_not_written_E27(maria):
    run(maria, "CREATE TABLE t (id integer PRIMARY KEY, x text) ENGINE = MyISAM", "INSERT INTO t VALUES (1, 'a')")
    with closing(opened(maria)) as system:
        assert list(listed(system, ROW).records) == ["1"]
        outcome = system.write(ROW, [update("1", "b")])[0]
        assert (outcome.result, outcome.message) == (
            Result.REFUSED,
            "'t' knows no transactions, so nothing is written to it.",
        )


def _break_once(system: SqlSystem, step: str) -> None:
    """Lets the server kill the next writing session in the middle of its transaction."""
    database = system.database
    run_many: Callable[..., int] = database.run_many

    def die(connection: Any, sql: str, rows: Any) -> int:
        hit = run_many(connection, sql, rows)
        pid = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar()
        os.kill(pid, signal.SIGTERM)
        time.sleep(0.2)
        database.run_many = run_many  # type: ignore[method-assign]
        connection.exec_driver_sql("SELECT 1")
        return hit

    database.run_many = die  # type: ignore[method-assign]
