"""The built-in register and the discovered devices keep the contract, as the command line opens them.

Rows E1, E2, E3, E4, E7, E9, E27, E28, E31, E33, A23.
"""

from __future__ import annotations

import functools
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

import pytest

from tallystick.model.selection import Selection
from tallystick.model.value import FieldType
from tallystick.server.records.connector import Settings
from tallystick.testing.clock import FixedClock, SequentialIds
from tallystick.testing.contract import Subject
from tests.contract.test_records import BATCH_ROWS, NEGATIVE, Hub, RecordsContract, clear, make_tables


@functools.cache
def hub() -> str:
    url = f"sqlite:///{tempfile.mkdtemp(prefix='tallystick-register-')}/hub.db"
    make_tables(url)
    from django.db import connections

    from tallystick.server.discovery import models as discovery
    from tallystick.server.registers import models as register
    from tallystick.server.state.address import address_of
    from tallystick.server.state.database import Database

    tables: Any = [discovery.Device, register.RegisterSubtype, register.RegisterManufacturer]
    tables += [register.RegisterLocation, register.RegisterDepartment, register.RegisterEmployee]
    tables += [register.RegisterAsset, register.RegisterCost, register.RegisterException]
    with connections[Database(address_of(url)).alias].schema_editor() as editor:
        for model in tables:
            editor.create_model(model)
    return url


class RegisterContract(RecordsContract):
    module: ClassVar[str]

    def url(self) -> str:
        return hub()

    @pytest.fixture
    def subject(self, monkeypatch) -> Iterator[Subject]:
        from importlib import import_module

        monkeypatch.setenv("TALLYSTICK_DATABASE_URL", self.url())
        clock = FixedClock(datetime(2026, 11, 22, 9, 30, tzinfo=UTC))
        connect = import_module(f"tallystick.server.{self.module}.connector").connect
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


class TestRegisterAssets(RegisterContract):
    module = "registers"
    record = "register_asset"
    cannot = NEGATIVE
    field_types = frozenset(
        {FieldType.TEXT, FieldType.INTEGER, FieldType.DECIMAL, FieldType.BOOLEAN, FieldType.DATE, FieldType.LIST}
    )
    left_out = ("asset_id", "department", "device", "employee", "location", "manufacturer", "subtype")

    def test_other_apps_of_the_hub_are_not_offered(self, subject):
        names = {kind.name for kind in subject.system.describe().record_types}
        assert "register_asset" in names
        assert not names & {"account", "installed_asset", "device"}


class TestDevices(RegisterContract):
    module = "discovery"
    record = "device"
    text = "hostname"
    cannot = NEGATIVE
    field_types = frozenset({FieldType.TEXT, FieldType.INTEGER, FieldType.DATE, FieldType.LIST, FieldType.JSON})
