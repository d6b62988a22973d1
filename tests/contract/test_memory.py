"""The memory connector keeps the contract in every make it can be given. Rows E1, E2, E3, E4, E7, E9, E28, E31."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar

import pytest
from msgspec.structs import replace

from tallystick.connectors.memory import MemoryWorld, Settings, connect
from tallystick.model.schema import Capabilities
from tallystick.model.selection import Selection
from tallystick.model.value import FieldType, Value
from tallystick.testing.clock import FixedClock, SequentialIds
from tallystick.testing.contract import ConnectorContract, Outside, Subject

FIELDS = ("active", "count", "day", "extra", "hour", "local", "moment", "note", "photo", "price", "tags")
TYPES = {
    "active": FieldType.BOOLEAN,
    "count": FieldType.INTEGER,
    "day": FieldType.DATE,
    "extra": FieldType.JSON,
    "hour": FieldType.TIME,
    "local": FieldType.LOCAL_DATETIME,
    "moment": FieldType.DATETIME,
    "note": FieldType.TEXT,
    "photo": FieldType.BINARY,
    "price": FieldType.DECIMAL,
    "tags": FieldType.LIST,
}
EVERYTHING = Capabilities(changes=True, tombstones=True, versions=True, reserve=True, idempotency=True, max_writes=10)


def sample(number: int) -> dict[str, Value]:
    return {
        "active": "true" if number % 2 else "false",
        "count": str(number),
        "day": f"2026-{1 + number % 12:02d}-15",
        "extra": f'{{"n":{number}}}',
        "hour": f"{number % 24:02d}:15:00",
        "local": f"2026-11-{1 + number % 28:02d}T09:30:00",
        "moment": f"2026-10-{1 + number % 28:02d}T09:30:00Z",
        "note": f"note {number}",
        "photo": "aGVsbG8=" if number % 2 else "d29ybGQ=",
        "price": f"{number}.5",
        "tags": f'["A","{number}"]',
    }


class Users(Outside):
    """Other users of the memory world."""

    def __init__(self, world: MemoryWorld, clock: FixedClock) -> None:
        self.table = world.table("thing")
        self.clock = clock

    def create(self, values: Mapping[str, Value]) -> str:
        self.clock.move(1)
        return self.table.put(values)

    def update(self, id: str, values: Mapping[str, Value]) -> None:
        self.clock.move(1)
        self.table.edit(id, values)

    def delete(self, id: str) -> None:
        self.clock.move(1)
        self.table.delete(id)

    def create_late(self, values: Mapping[str, Value], by_s: float) -> str:
        return self.table.put(values, changed_at=self.clock.now() - timedelta(seconds=by_s))

    def create_together(self, values: Sequence[Mapping[str, Value]]) -> list[str]:
        moment = self.clock.now() + timedelta(seconds=1)
        return [self.table.put(of_one, changed_at=moment) for of_one in values]

    def archive(self, id: str) -> None:
        self.table.archive(id)

    def merge(self, loser: str, winner: str) -> None:
        self.table.merge(loser, winner)


class MemoryContract(ConnectorContract):
    capabilities = EVERYTHING
    field_types = frozenset(FieldType)
    make: ClassVar[Mapping[str, Any]] = {}
    key: ClassVar[tuple[str, ...]] = ()

    @pytest.fixture
    def path(self) -> Path | None:
        return None

    @pytest.fixture
    def subject(self, request, path):
        MemoryWorld.forget(request.node.nodeid)
        clock = FixedClock()
        fields = [{"name": name, "type": type_} for name, type_ in TYPES.items()]
        keys = [{"name": name} for name in self.key]
        record_type = {"name": "thing", "key": self.key, "fields": keys + fields, "max_writes": 10, **self.make}
        settings = Settings.model_validate(
            {"name": request.node.nodeid, "batch_rows": 4, "record_types": [record_type], "path": path}
        )
        system = connect(settings, folder=Path(), clock=clock, ids=SequentialIds())
        world = MemoryWorld.open(settings.name, path=path)
        selection = Selection(record="thing", fields=tuple(sorted({*FIELDS, *self.key})))
        yield Subject(
            system=system,
            selection=selection,
            sample=self.sample,
            outside=Users(world, clock),
            batch_rows=4,
            text="note",
        )
        system.close()
        MemoryWorld.forget(request.node.nodeid)

    def sample(self, number: int) -> dict[str, Value]:
        return sample(number)


class TestIdsFromTheWriter(MemoryContract):
    """Ids are no field, and given by whoever writes."""


class TestIdsFromTheSystem(MemoryContract):
    make: ClassVar = {"ids": "system"}
    capabilities = replace(EVERYTHING, reserve=False)


class TestIdOfTheSystemInAField(MemoryContract):
    make: ClassVar = {"ids": "system", "idempotency": False}
    key = ("number",)
    capabilities = replace(EVERYTHING, reserve=False, idempotency=False)


class TestNaturalKey(MemoryContract):
    key = ("serial",)

    def sample(self, number: int) -> dict[str, Value]:
        return {**sample(number), "serial": f"SN {number}/ü|\\"}


class TestCompositeKey(MemoryContract):
    key = ("site", "serial")

    def sample(self, number: int) -> dict[str, Value]:
        return {**sample(number), "site": "A|B\\" if number % 2 else "A", "serial": f"|{number}"}


class TestStamps(MemoryContract):
    make: ClassVar = {"changes": "stamps", "versions": "stamp", "overlap_s": 60}


class TestNothingOffered(MemoryContract):
    make: ClassVar = {
        "changes": "none",
        "tombstones": False,
        "versions": "none",
        "causes": False,
        "find": False,
        "idempotency": False,
    }
    capabilities = Capabilities(causes=False, reserve=True, find=False, max_writes=10)


class TestReadOnly(MemoryContract):
    make: ClassVar = {"create": False, "update": False, "delete": False, "tombstones": False}
    capabilities = replace(EVERYTHING, create=False, update=False, delete=False, tombstones=False)


class TestFile(MemoryContract):
    @pytest.fixture
    def path(self, tmp_path):
        return tmp_path / "world.json"
