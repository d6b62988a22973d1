"""The assets pack installed in a hub, with an SQL register that others work in, or the hub's own."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tallystick.model.plan import ReviewKind
from tallystick.server.connections import bounds
from tallystick.server.designer.workspaces import workspace
from tallystick.server.packs.catalogue import pack_of
from tallystick.server.packs.domain.installing import install
from tallystick.server.packs.domain.units import switch
from tallystick.server.records.domain import actions
from tallystick.server.records.models import InstalledAsset
from tallystick.server.state.of_hub import looking
from tallystick.server.state.pages import At
from tallystick.server.state.queue import Wanted

SCHEMA = """
CREATE TABLE register_subtype (id TEXT PRIMARY KEY, name TEXT, code TEXT, asset_type TEXT, is_active BOOLEAN DEFAULT 1,
  changed_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP);
CREATE TABLE register_manufacturer (id TEXT PRIMARY KEY, name TEXT, code TEXT, website TEXT,
  is_active BOOLEAN DEFAULT 1, changed_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP);
CREATE TABLE register_location (id TEXT PRIMARY KEY, name TEXT, code TEXT, street TEXT, zip TEXT, city TEXT,
  country TEXT, is_active BOOLEAN DEFAULT 1, changed_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP);
CREATE TABLE register_department (id TEXT PRIMARY KEY, name TEXT, code TEXT, is_active BOOLEAN DEFAULT 1,
  changed_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP);
CREATE TABLE register_employee (id TEXT PRIMARY KEY, name TEXT, employee_id TEXT, email TEXT, department TEXT,
  is_active BOOLEAN DEFAULT 1, changed_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP);
CREATE TABLE register_asset (id TEXT PRIMARY KEY, name TEXT, business_unit TEXT, asset_id TEXT, asset_type TEXT,
  installed_product_id TEXT, serial_number TEXT, subtype TEXT, manufacturer TEXT, model TEXT, status TEXT,
  is_in_use BOOLEAN DEFAULT 1, employee TEXT, location TEXT, department TEXT, hostname TEXT, mac_addresses TEXT,
  ip_addresses TEXT, operating_system TEXT, os_version TEXT, processor TEXT, memory_mb INTEGER, storage_gb INTEGER,
  last_user TEXT, purchased_on DATE, warranty_until DATE, cost NUMERIC, currency TEXT, user_field1 TEXT,
  user_field2 TEXT, user_field3 TEXT, changed_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP);
"""


class Works:
    """A hub with the pack, and the register that others work in."""

    def __init__(self, actor: Any, folder: Path) -> None:
        self.actor = actor
        self.folder = bounds.folder()  # where connections of a hub may have files
        self.name = f"register-{folder.name}"
        self.folder.mkdir(parents=True, exist_ok=True)
        self.file.unlink(missing_ok=True)
        with closing(sqlite3.connect(self.file)) as database, database:
            database.executescript(SCHEMA)

    @property
    def file(self) -> Path:
        return self.folder / f"{self.name}.db"

    def sql(self, text: str, *values: Any) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.file)) as database, database:
            return database.execute(text, values).fetchall()

    def put(self, table: str, id_: str, **values: Any) -> None:
        """A row that somebody entered in the register."""
        columns = {"id": id_, **values}
        marks = ", ".join("?" * len(columns))
        self.sql(f"INSERT INTO register_{table} ({', '.join(columns)}) VALUES ({marks})", *columns.values())

    def asset(self, id_: str, unit: str = "US001", **values: Any) -> None:
        values = {"name": f"asset {id_}", "asset_type": "010", "status": "in_service", **values}
        self.put("asset", id_, business_unit=unit, asset_id=id_, **values)

    def make(self, kind: str, **values: Any) -> str:
        """A record of the CRM that somebody made in the web."""
        return actions.create(self.actor, kind, values).id

    def install(self, *units: str) -> None:
        self.company = self.make("account", name="Own company")
        self.pack = pack_of("assets")
        install(self.actor, self.pack, values={"company": self.company}, register_url=f"sqlite:///{self.file.name}")
        for unit in units:
            self.switch(unit)

    def switch(self, unit: str, *, is_on: bool = True) -> None:
        assert self.pack.units is not None
        switch(self.actor, self.pack.units, unit, is_on=is_on)

    def run(self, name: str, *, by: str = "schedule") -> Any:
        """An operation of the pack as a worker runs it; what its flow came to."""
        operation = self.pack.operation(name)
        with workspace(operation.document, by=by) as opened:
            report = opened.sync(flows=[operation.flow], is_full=operation.full)
        if operation.flow in report.errors:
            raise report.errors[operation.flow]
        return report.shown()["flows"][operation.flow]

    def copy_references(self) -> None:
        for one in self.pack.operations:
            if one.full and one.name != "COPY_IT_ASSET":
                self.run(one.name)

    def questions(self, *kinds: ReviewKind) -> list[Any]:
        return list(looking().questions(Wanted(kinds=kinds), At(rows=100)).rows)

    def crm(self, **values: Any) -> Any:
        """The one live installed asset with these values."""
        return InstalledAsset.objects.select_related("product", "person").get(gone_at__isnull=True, **values)


@pytest.fixture
def works(actor, tmp_path, transactional_db):
    return Works(actor, tmp_path)


def writes(flow: Any) -> int:
    """How many writes a flow came to, on both sides."""
    return sum(sum(side.values()) for side in flow["writes"].values())
