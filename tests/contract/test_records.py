"""The hub's records keep the contract on SQLite and PostgreSQL, through the connector as the command line opens it.

Rows E1, E2, E3, E4, E7, E9, E27, E28, E31, E33, S18.
"""

from __future__ import annotations

import functools
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

import pytest

from tallystick.model.schema import Capabilities
from tallystick.model.selection import Selection
from tallystick.model.value import FieldType, Value
from tallystick.runs.world import TimeIds
from tallystick.server.records.connector import Settings, connect
from tallystick.testing.clock import FixedClock, SequentialIds
from tallystick.testing.contract import ConnectorContract, Outside, Subject
from tests.servers import postgres_url

BATCH_ROWS = 5
NEGATIVE = {
    f"test_value_comes_back_as_{done}[integer-negative]": "A count is never negative."
    for done in ("written", "updated")
}
SAMPLES = {
    FieldType.TEXT: lambda number: f"note {number}",
    FieldType.INTEGER: str,
    FieldType.DECIMAL: lambda number: f"{number}.5",
    FieldType.BOOLEAN: lambda number: "true" if number % 2 else "false",
    FieldType.DATE: lambda number: f"2026-{1 + number % 12:02d}-15",
    FieldType.DATETIME: lambda number: f"2026-10-{1 + number % 28:02d}T09:30:00Z",
    FieldType.LIST: lambda number: f'["A","{number}"]',
    FieldType.JSON: lambda number: f'{{"n":{number}}}',
}


def make_tables(url: str) -> None:
    """Those of the records alone: that migrations make the same ones is tested with the hub."""
    from django.db import connections

    from tallystick.server.state.address import address_of
    from tallystick.server.state.database import Database

    connection = connections[Database(address_of(url)).alias]
    from tallystick.server.records import models

    with connection.schema_editor() as editor:
        for name in models.__all__:
            editor.create_model(getattr(models, name))


@functools.cache
def sqlite_hub() -> str:
    url = f"sqlite:///{tempfile.mkdtemp(prefix='tallystick-records-')}/hub.db"
    make_tables(url)
    return url


@functools.cache
def postgres_hub() -> str:
    url = postgres_url()
    make_tables(url)
    return url


@dataclass
class Hub(Outside):
    """Somebody who works with the records in the web."""

    using: str
    record: str
    clock: FixedClock

    def create(self, values: Mapping[str, Value]) -> str:
        return str(self.carry_out("CREATE", values=values).id)

    def update(self, id: str, values: Mapping[str, Value]) -> None:
        self.carry_out("UPDATE", id=id, values=values)

    def delete(self, id: str) -> None:
        self.carry_out("DELETE", id=id)

    def archive(self, id: str) -> None:
        self.carry_out("ARCHIVE", id=id)

    def merge(self, loser: str, winner: str) -> None:
        self.carry_out("MERGE", id=loser, into=winner)

    def carry_out(self, doing: str, **step: Any) -> Any:
        from tallystick.server.records.domain.steps import Author, Doing, Step
        from tallystick.server.records.domain.tables import Place
        from tallystick.server.records.domain.write import carry_out
        from tallystick.server.records.record_types import record_type

        self.clock.move(1)
        (done,) = carry_out(
            record_type(self.record),
            [Step(doing=Doing[doing], **step)],
            Author(by="Ada", via="web"),
            Place(using=self.using, now=self.clock.now()),
            new_id=TimeIds().new,
        )
        assert done.result == "done", done.message
        return done


class RecordsContract(ConnectorContract):
    capabilities = Capabilities(
        changes=True, tombstones=True, versions=True, reserve=True, idempotency=True, max_writes=500
    )
    record: ClassVar[str]
    text: ClassVar[str] = "note"
    left_out: ClassVar[tuple[str, ...]] = ()  # references, and what depends on other values of the record

    def url(self) -> str:
        return sqlite_hub()

    @pytest.fixture
    def subject(self, monkeypatch) -> Iterator[Subject]:
        monkeypatch.setenv("TALLYSTICK_DATABASE_URL", self.url())
        clock = FixedClock(datetime(2026, 11, 22, 9, 30, tzinfo=UTC))
        system = connect(Settings(batch_rows=BATCH_ROWS), folder=Path(), clock=clock, ids=SequentialIds())
        clear(system.using)
        described = system.describe().record_type(self.record)
        assert described is not None
        self.described = {field.name: field for field in described.fields}
        fields = [field.name for field in described.fields if field.is_writable and field.name not in self.left_out]
        yield Subject(
            system=system,
            selection=Selection(record=self.record, fields=tuple(sorted(fields))),
            sample=self.sample,
            outside=Hub(using=system.using, record=self.record, clock=clock),
            batch_rows=BATCH_ROWS,
            text=self.text,
        )
        system.close()

    def sample(self, number: int) -> dict[str, Value]:
        return {
            name: self.value(name, number)
            for name, field in self.described.items()
            if field.is_writable and name not in self.left_out
        }

    def value(self, name: str, number: int) -> Value:
        field = self.described[name]
        if field.choices:
            return f'["{field.choices[0]}"]' if field.type is FieldType.LIST else field.choices[0]
        made = SAMPLES[field.type](number)
        return made[: field.max_length] if field.max_length else made


def clear(using: str) -> None:
    """As after the first start."""
    from django.db import connections, transaction

    from tallystick.server.records.models import Change, Employment, Numbering, Relation, SearchText
    from tallystick.server.records.record_types import RECORD_TYPES

    connection = connections[using]
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA synchronous = OFF")  # the tests survive no power cut
    with transaction.atomic(using=using), connection.cursor() as cursor:
        for model in (Employment, Relation, SearchText, Change, Numbering, *(kind.model for kind in RECORD_TYPES)):
            cursor.execute(f'DELETE FROM "{model._meta.db_table}"')


class AssetContract(RecordsContract):
    """Fields of every type that records have."""

    record = "installed_asset"
    cannot = NEGATIVE
    field_types = frozenset(SAMPLES)
    left_out = (
        "account",
        "asset_subtype",
        "asset_type",
        "department",
        "location",
        "manufacturer",
        "parent",
        "person",
        "product",
    )


class PersonContract(RecordsContract):
    """A derived name, and companies with rows of their own."""

    record = "person"
    field_types = frozenset({FieldType.TEXT, FieldType.BOOLEAN, FieldType.DATE, FieldType.LIST})
    left_out = ("account", "categories", "department", "location")


class TestAssets(AssetContract):
    pass


class TestPeople(PersonContract):
    pass


@pytest.mark.slow
@pytest.mark.postgres
class TestAssetsOnPostgres(AssetContract):
    def url(self) -> str:
        return postgres_hub()
