"""A firm with two real databases and the integration between them, run over the hub's own state: what tests of its
pages look at. Nothing is invented: every question, run and line of the journal comes of a run.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any, Final

from tallystick.runs.plans import make_plan
from tallystick.runs.report import Report
from tallystick.runs.workspace import Workspace
from tallystick.server.ops.opened import Lent
from tallystick.server.state.of_hub import looking, store
from tallystick.server.state.pages import At
from tallystick.server.state.queue import Asked, Wanted
from tallystick.spec.reading import load

FILE: Final = """\
integration: {name}
title: Customers and the register
systems:
  crm: {{connector: sql, url: "sqlite:///crm.db"}}
  register: {{connector: sql, url: "sqlite:///register.db"}}
code_sets:
  states:
    Open: O
    Closed: C
flows:
  - flow: people
    left: {{system: crm, record: contact, key: id}}
    right: {{system: register, record: person, key: number}}
    fields:
      - {{left: name, right: full_name}}
      - {{left: email, right: mail}}
      - {{left: phone, right: tel}}
      - {{left: city, right: town}}
      - {{left: notes, right: remarks}}
      - {{left: state, right: state_cd, codes: states}}
    match:
      definite: [[email]]
      possible: [{{block: [city], compare: {{name: text}}, at_least: 0.8}}]
    guards: {{delete: 3, create: none, change: none, shrink: none}}
    schedule: every 5 minutes
"""


class Firm:
    """`crm` and `register` change records as the users of those systems would."""

    def __init__(self, folder: Path, name: str = "firm") -> None:
        self.folder = folder
        self.name = name
        folder.mkdir(parents=True, exist_ok=True)
        self.file = folder / f"{name}.yaml"
        self.file.write_text(FILE.format(name=name), encoding="utf-8")
        columns = "name text not null, email text, phone text, city text, notes text, state text"
        self.crm(f"create table contact (id integer primary key, {columns})")
        columns = "full_name text not null, mail text, tel text, town text, remarks text, state_cd text"
        self.register(f"create table person (number integer primary key, {columns})")

    def crm(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        return self._do("crm.db", sql, values)

    def register(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        return self._do("register.db", sql, values)

    def _do(self, name: str, sql: str, values: tuple[Any, ...]) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.folder / name)) as database, database:
            return database.execute(sql, values).fetchall()

    def contacts(self, count: int, *, first: int = 1, city: str = "Bonn") -> None:
        """New contacts on the left."""
        for number in range(first, first + count):
            self.crm(
                "insert into contact values (?, ?, ?, ?, ?, ?, ?)",
                number,
                f"Ann Example {number}",
                f"ann{number}@example.org",
                f"+49 228 {number:04d}",
                f"{city} {number}",
                None,
                "Open",
            )

    def workspace(self, by: str = "schedule", **options: Any) -> Workspace:
        return Workspace(load(self.file), Lent(store()), folder=self.folder, by=by, **options)

    def sync(self, *, by: str = "schedule", **options: Any) -> Report:
        with self.workspace(by) as workspace:
            report = workspace.sync(**options)
        for error in report.errors.values():
            raise error
        return report

    def plan(self, *, by: str = "schedule") -> str:
        with self.workspace(by) as workspace:
            return str(make_plan(workspace)["plan"])

    # --- what leads to questions

    def conflicts(self, count: int) -> None:
        """So many contacts, each changed on both sides; run twice."""
        self.contacts(count)
        self.sync()
        self.crm(
            "update contact set phone = '+49 228 99' || id, notes = ? where id <= ?",
            "Call before ten, ask for the yellow form",
            count,
        )
        self.register(
            "update person set tel = '+49 30 77' || number, remarks = ? where number <= ?",
            "Call after ten, ask for the green form",
            count,
        )
        self.sync()

    def lookalikes(self) -> None:
        """Three records on the left, each like one or two on the right."""
        for number, name, city in (
            (901, "Margarethe Weber", "Köln"),
            (902, "Jon Smith", "York"),
            (903, "Ewa Nowak", "Łódź"),
        ):
            self.crm(
                "insert into contact values (?, ?, ?, '0221 1', ?, null, 'Open')",
                number,
                name,
                f"l{number}@a.org",
                city,
            )
        rights = (
            (901, "Margarete Weber", "Köln"),
            (902, "John Smith", "York"),
            (903, "Jon Smyth", "York"),
            (904, "Ewa Novak", "Łódź"),
        )
        for number, name, town in rights:
            self.register(
                "insert into person values (?, ?, ?, '0221 2', ?, null, 'O')", number, name, f"r{number}@b.org", town
            )
        self.sync(is_full=True)

    def unmapped(self, count: int = 2) -> None:
        """Contacts in a state that the register has no word for."""
        for number in range(801, 801 + count):
            self.crm(
                "insert into contact values (?, ?, ?, '1', 'Ulm', null, 'Waiting')",
                number,
                f"Otto {number}",
                f"o{number}@x.org",
            )
        self.sync(is_full=True)

    def held(self) -> Report:
        """More deletions than the guard lets pass."""
        self.contacts(8, first=701, city="Hof")
        self.sync()
        self.crm("delete from contact where id between 701 and 706")
        return self.sync(is_full=True)

    def questions(self, **wanted: Any) -> list[Asked]:
        return list(looking().questions(Wanted(**wanted), At(rows=200)).rows)
