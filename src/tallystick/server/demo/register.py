"""The asset register of the demo: another system with its own database, its own habits and its own mistakes."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

CODES: Final = {
    "planned": "ORD",
    "in_stock": "STK",
    "installed": "SVC",
    "in_repair": "REP",
    "missing": "LOS",
    "retired": "RET",
    "disposed": "DSP",
}
JUNK: Final = "To be filled by O.E.M."
STORES: Final = "ST001"
"""The business unit of what only the stores know."""
_SCHEMA: Final = """\
CREATE TABLE asset (
  asset_id TEXT PRIMARY KEY,
  serial_id TEXT,
  descr TEXT NOT NULL,
  unit TEXT,
  model TEXT,
  status_cd TEXT NOT NULL,
  cost NUMERIC,
  warranty_end DATE,
  remark TEXT,
  is_deleted INTEGER NOT NULL DEFAULT 0,
  changed_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%d %H:%M:%f', 'now'))
);
CREATE INDEX asset_changed_at ON asset (changed_at);
CREATE TRIGGER asset_changed AFTER UPDATE ON asset WHEN new.changed_at = old.changed_at BEGIN
  UPDATE asset SET changed_at = strftime('%Y-%m-%d %H:%M:%f', 'now') WHERE asset_id = new.asset_id;
END;
"""
_INSERT: Final = (
    "INSERT INTO asset (asset_id, serial_id, descr, unit, model, status_cd, cost, warranty_end, remark)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """An asset as the hub has it."""

    name: str
    unit: str
    serial_number: str
    model: str
    status: str
    cost: str | None
    warranty_until: str | None


class Register:
    """The database, and those who work in it."""

    def __init__(self, file: Path) -> None:
        self._file = file

    @property
    def is_there(self) -> bool:
        return self._file.is_file()

    def fill(self, assets: Sequence[Asset], chance: random.Random) -> int:
        """What the register knows of these assets, and of some more; how many rows.

        Most agree. Some were described otherwise, some have no proper serial number, some were entered twice, some
        have a status that nobody explained, and each side knows assets the other has never heard of.
        """
        rows = list(_rows(assets, chance))
        unfinished = self._file.with_suffix(".new")
        unfinished.unlink(missing_ok=True)
        with closing(sqlite3.connect(unfinished)) as database, database:
            database.executescript(_SCHEMA)
            database.executemany(_INSERT, rows)
        unfinished.rename(self._file)
        return len(rows)

    def work(self, chance: random.Random) -> None:
        """Somebody in stores edits an asset."""
        with self._opened() as database:
            asset = _some(database, chance)
            what = chance.choice(("status_cd", "cost", "remark", "warranty_end"))
            value: object = {
                "status_cd": chance.choice(("SVC", "STK", "REP")),
                "cost": chance.randint(80, 4000),
                "remark": chance.choice(("Counted in the stocktake.", "Label renewed.", "Moved to shelf B 12.")),
                "warranty_end": f"{chance.randint(2027, 2031)}-06-30",
            }[what]
            database.execute(f"UPDATE asset SET {what} = ? WHERE asset_id = ?", (value, asset))

    def rename(self, serial: str, text: str) -> None:
        with self._opened() as database:
            database.execute("UPDATE asset SET descr = ? WHERE serial_id = ?", (text, serial))

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(self._file, timeout=30)) as database, database:
            yield database


def _some(database: sqlite3.Connection, chance: random.Random) -> str:
    first, last = database.execute("SELECT min(rowid), max(rowid) FROM asset").fetchone()
    found = database.execute(
        "SELECT asset_id FROM asset WHERE rowid >= ? AND is_deleted = 0 LIMIT 1", (chance.randint(first, last),)
    ).fetchone()
    return str(found[0]) if found else ""


def _rows(assets: Sequence[Asset], chance: random.Random) -> Iterator[tuple[object, ...]]:
    number = 100_000
    for asset in assets:
        number += 1
        name, serial, status, remark = asset.name, asset.serial_number, CODES[asset.status], None
        turn = chance.random()
        if turn < 0.010:
            continue  # nobody entered it
        if turn < 0.040:
            name, remark = f"{asset.model} ({asset.name})", "Taken over from the old list."
        elif turn < 0.042:
            serial = JUNK
        elif turn < 0.043:
            status = "ZZZ"
        yield (f"R{number}", serial, name, asset.unit, asset.model, status, asset.cost, asset.warranty_until, remark)
        if 0.043 <= turn < 0.0445:
            yield (
                f"R{number}-B",
                serial,
                name,
                asset.unit,
                asset.model,
                "SVC",
                asset.cost,
                asset.warranty_until,
                "Entered twice.",
            )
    for extra in range(max(len(assets) // 80, 1)):
        model = chance.choice(assets).model
        yield (
            f"R{200_000 + extra}",
            f"X{extra:08d}",
            f"{model.split()[0]}-X{extra:04d}",
            STORES,
            model,
            "SVC",
            100,
            None,
            None,
        )
