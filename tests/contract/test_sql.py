"""The connector `sql` keeps the contract on every database it knows.

Rows E1, E2, E3, E4, E7, E9, E27, E28, E31, S18.
"""

from __future__ import annotations

import base64
import functools
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

import pytest
from msgspec.structs import replace
from sqlalchemy import Engine, create_engine, text

from tallystick.connectors.sql import Settings, connect
from tallystick.connectors.sql.table import MAX_WRITES
from tallystick.model.record import Cause
from tallystick.model.schema import Capabilities
from tallystick.model.selection import Selection, id_of, parts_of
from tallystick.model.value import FieldType, Value
from tallystick.testing.clock import FixedClock, SequentialIds
from tallystick.testing.contract import ConnectorContract, Outside, Subject
from tests.servers import mariadb_url, postgres_url

NO_TRACE = {
    "test_fetch_of_a_merged_record_names_the_survivor_E2": "A database knows of no merging.",
    "test_fetch_of_an_archived_record_says_so_E2": "A database knows of no archive.",
}
EVERYTHING = Capabilities(changes=True, reserve=True, max_writes=MAX_WRITES)
BATCH_ROWS = 5

SQLITE_TYPES = {
    FieldType.TEXT: "TEXT",
    FieldType.INTEGER: "INTEGER",
    FieldType.DECIMAL: "NUMERIC",
    FieldType.BOOLEAN: "BOOLEAN",
    FieldType.DATE: "DATE",
    FieldType.TIME: "TIME",
    FieldType.LOCAL_DATETIME: "DATETIME",
    FieldType.DATETIME: "TIMESTAMPTZ",
    FieldType.BINARY: "BLOB",
    FieldType.JSON: "JSON",
}
POSTGRES_TYPES = {
    FieldType.TEXT: "text",
    FieldType.INTEGER: "bigint",
    FieldType.DECIMAL: "numeric",
    FieldType.BOOLEAN: "boolean",
    FieldType.DATE: "date",
    FieldType.TIME: "time",
    FieldType.LOCAL_DATETIME: "timestamp",
    FieldType.DATETIME: "timestamptz",
    FieldType.BINARY: "bytea",
    FieldType.LIST: "text[]",
    FieldType.JSON: "jsonb",
}
MARIADB_TYPES = {
    FieldType.TEXT: "LONGTEXT",
    FieldType.INTEGER: "BIGINT",
    FieldType.DECIMAL: "DECIMAL(40, 20)",
    FieldType.BOOLEAN: "BOOLEAN",
    FieldType.DATE: "DATE",
    FieldType.TIME: "TIME(6)",
    FieldType.LOCAL_DATETIME: "DATETIME(6)",
    FieldType.BINARY: "LONGBLOB",
}


def sample(types: Mapping[FieldType, str], number: int) -> dict[str, Value]:
    values = {
        FieldType.TEXT: f"note {number}",
        FieldType.INTEGER: str(number),
        FieldType.DECIMAL: f"{number}.5",
        FieldType.BOOLEAN: "true" if number % 2 else "false",
        FieldType.DATE: f"2026-{1 + number % 12:02d}-15",
        FieldType.TIME: f"{number % 24:02d}:15:00",
        FieldType.DATETIME: f"2026-10-{1 + number % 28:02d}T09:30:00Z",
        FieldType.LOCAL_DATETIME: f"2026-11-{1 + number % 28:02d}T09:30:00",
        FieldType.BINARY: "aGVsbG8=" if number % 2 else "d29ybGQ=",
        FieldType.LIST: f'["A","{number}"]',
        FieldType.JSON: f'{{"n":{number}}}',
    }
    return {f"f_{type_}": values[type_] for type_ in types}


class Users(Outside):
    """Another application on the same database, with its own connection, which stamps what it changes."""

    def __init__(
        self, engine: Engine, key: Sequence[str], native: Callable[[str, Value], object], *, has_versions: bool
    ) -> None:
        self.engine = engine
        self.key = key
        self.native = native
        self.has_versions = has_versions
        self.last_id = 0

    def create(self, values: Mapping[str, Value]) -> str:
        return self._create(values, datetime.now(UTC))

    def update(self, id: str, values: Mapping[str, Value]) -> None:
        sets = ", ".join(f"{name} = :{name}" for name in values)
        counted = ", version = version + 1" if self.has_versions else ""
        self._run(f"UPDATE thing SET {sets}, changed_at = :stamp{counted} WHERE {self._here}", values, id=id)

    def delete(self, id: str) -> None:
        self._run(f"DELETE FROM thing WHERE {self._here}", {}, id=id)

    def create_late(self, values: Mapping[str, Value], by_s: float) -> str:
        return self._create(values, datetime.now(UTC) - timedelta(seconds=by_s))

    def create_together(self, values: Sequence[Mapping[str, Value]]) -> list[str]:
        moment = datetime.now(UTC)
        return [self._create(of_one, moment) for of_one in values]

    def _create(self, values: Mapping[str, Value], moment: datetime) -> str:
        values = dict(values)
        if self.key == ("id",):
            self.last_id = max(self.last_id, self._greatest()) + 1
            values["id"] = str(self.last_id)
        names = [*values, "changed_at"]
        marks = ", ".join(f":{name}" for name in values)
        self._run(f"INSERT INTO thing ({', '.join(names)}) VALUES ({marks}, :stamp)", values, moment=moment)
        return id_of(tuple(str(values[name]) for name in self.key))

    def _greatest(self) -> int:
        with self.engine.connect() as connection:
            return connection.execute(text("SELECT max(id) FROM thing")).scalar() or 0

    @property
    def _here(self) -> str:
        return " AND ".join(f"{name} = :key_{name}" for name in self.key)

    def _run(
        self, sql: str, values: Mapping[str, Value], *, id: str | None = None, moment: datetime | None = None
    ) -> None:
        facts = {name: self.native(name, value) for name, value in values.items()}
        facts["stamp"] = (moment or datetime.now(UTC)).strftime("%Y-%m-%d %H:%M:%S.%f")
        if id is not None:
            parts = zip(self.key, parts_of(id, len(self.key)), strict=True)
            facts |= {f"key_{name}": self.native(name, part) for name, part in parts}
        with self.engine.begin() as connection:
            connection.execute(text(sql), facts)


class SqlContract(ConnectorContract):
    capabilities = EVERYTHING
    cannot = NO_TRACE
    types: ClassVar[Mapping[FieldType, str]]
    stamp: ClassVar[str]
    key: ClassVar[Mapping[str, str]]
    has_versions: ClassVar[bool] = False
    settings: ClassVar[Mapping[str, Any]] = {}
    options: ClassVar[str] = ""

    def url(self, folder: Path) -> str:
        raise NotImplementedError

    def native(self, name: str, value: Value) -> object:
        """What another application would send."""
        if value is None:
            return None
        match name.removeprefix("f_"):
            case FieldType.BOOLEAN:
                return value == "true"
            case FieldType.INTEGER | "id":
                return int(value)
            case FieldType.BINARY:
                return base64.b64decode(value)
            case FieldType.LIST:
                return json.loads(value)
            case FieldType.LOCAL_DATETIME:
                return value.replace("T", " ")
        return value

    @pytest.fixture
    def subject(self, tmp_path):
        url = self.url(tmp_path)
        engine = create_engine(_driven(url))
        columns = [f"{name} {declared}" for name, declared in self.key.items()]
        columns += [f"f_{type_} {declared}" for type_, declared in self.types.items()]
        columns += [f"changed_at {self.stamp}"]
        columns += ["version INTEGER NOT NULL DEFAULT 1"] if self.has_versions else []
        primary = ", ".join(self.key)
        with engine.begin() as connection:
            connection.execute(text("DROP TABLE IF EXISTS thing"))  # servers keep one database for all tests
            inside = f"{', '.join(columns)}, PRIMARY KEY ({primary})"
            connection.execute(text(f"CREATE TABLE thing ({inside}) {self.options}"))
            connection.execute(text("CREATE INDEX thing_changed ON thing (changed_at)"))
        settings = Settings.model_validate({"url": url, "batch_rows": BATCH_ROWS, **self.settings})
        system = connect(settings, folder=tmp_path, clock=FixedClock(), ids=SequentialIds())
        fields = sorted([f"f_{type_}" for type_ in self.types] + ([] if "id" in self.key else list(self.key)))
        yield Subject(
            system=system,
            selection=Selection(record="thing", fields=tuple(fields), changed="changed_at"),
            sample=self.sample,
            outside=Users(engine, tuple(self.key), self.native, has_versions=self.has_versions),
            batch_rows=BATCH_ROWS,
            text="f_text",
        )
        system.close()
        engine.dispose()

    def sample(self, number: int) -> dict[str, Value]:
        return sample(self.types, number)

    def test_soft_deleted_record_comes_as_deleted_E2(self, subject: Subject) -> None:
        """Better than declared: hard deletes leave no trace, soft ones do."""
        (id_,) = subject.seed(1)
        soft = subject.soft_delete
        selection = replace(subject.selection, deleted=soft)
        cursor = subject.cursor()
        subject.outside.update(id_, {soft.column: soft.equals})
        assert subject.changed(cursor, selection).absences[id_].cause is Cause.DELETED


_postgres_url = functools.cache(postgres_url)
_mariadb_url = functools.cache(mariadb_url)


def _driven(url: str) -> str:
    return url.replace("postgresql://", "postgresql+psycopg://").replace("mariadb://", "mariadb+pymysql://")


class SqliteContract(SqlContract):
    types = SQLITE_TYPES
    field_types = frozenset(SQLITE_TYPES)
    stamp = "DATETIME"

    def url(self, folder: Path) -> str:
        return f"sqlite:///{folder}/thing.db"


class TestSqlite(SqliteContract):
    key: ClassVar = {"id": "INTEGER"}


class FewSqliteTypes(SqliteContract):
    """For what depends on keys and stamps, not on the types of fields."""

    types: ClassVar = {FieldType.TEXT: "VARCHAR(500000)"}
    field_types = frozenset(types)


class TestSqliteNaturalKey(FewSqliteTypes):
    key: ClassVar = {"serial": "TEXT NOT NULL"}

    def sample(self, number: int) -> dict[str, Value]:
        return {**super().sample(number), "serial": f"SN {number}/ü|\\"}


class TestSqliteCompositeKeyWithoutRowNumbers(FewSqliteTypes):
    options = "WITHOUT ROWID"
    key: ClassVar = {"site": "TEXT NOT NULL", "serial": "TEXT NOT NULL"}

    def sample(self, number: int) -> dict[str, Value]:
        return {**super().sample(number), "site": "A|B\\" if number % 2 else "A", "serial": f"|{number}"}


class TestSqliteVersions(FewSqliteTypes):
    key: ClassVar = {"id": "INTEGER"}
    has_versions = True
    settings: ClassVar = {"versions": {"thing": "version"}}
    capabilities = replace(EVERYTHING, versions=True)


class TestSqliteStampsAsText(FewSqliteTypes):
    key: ClassVar = {"id": "INTEGER"}
    stamp = "TEXT"


@pytest.mark.postgres
class PostgresContract(SqlContract):
    types = POSTGRES_TYPES
    field_types = frozenset(POSTGRES_TYPES)
    stamp = "timestamptz"

    def url(self, folder: Path) -> str:
        return _postgres_url()


class TestPostgres(PostgresContract):
    key: ClassVar = {"id": "integer GENERATED BY DEFAULT AS IDENTITY"}


class FewPostgresTypes(PostgresContract):
    types: ClassVar = {FieldType.TEXT: "text"}
    field_types = frozenset(types)


@pytest.mark.slow
class TestPostgresNaturalKey(FewPostgresTypes):
    key: ClassVar = {"serial": "varchar(40)"}
    stamp = "timestamp"

    def sample(self, number: int) -> dict[str, Value]:
        return {**super().sample(number), "serial": f"SN {number}/ü|\\"}


@pytest.mark.slow
class TestPostgresCompositeKey(FewPostgresTypes):
    key: ClassVar = {"site": "text", "serial": "text"}

    def sample(self, number: int) -> dict[str, Value]:
        return {**super().sample(number), "site": "A|B\\" if number % 2 else "A", "serial": f"|{number}"}


@pytest.mark.mariadb
class MariaContract(SqlContract):
    types = MARIADB_TYPES
    field_types = frozenset(MARIADB_TYPES)
    stamp = "DATETIME(6)"

    def url(self, folder: Path) -> str:
        return _mariadb_url()


class TestMariadb(MariaContract):
    key: ClassVar = {"id": "INTEGER AUTO_INCREMENT"}


@pytest.mark.slow
class TestMariadbNaturalKey(MariaContract):
    types: ClassVar = {FieldType.TEXT: "LONGTEXT"}
    field_types = frozenset(types)
    key: ClassVar = {"serial": "VARCHAR(40)"}

    def sample(self, number: int) -> dict[str, Value]:
        return {**super().sample(number), "serial": f"SN {number}/ü|\\"}
