"""A firm as an acceptance tester has it: databases, an integration file, and the command line. Nothing else."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tallystick.cli.edge import run

NOTHING = {side: {"create": 0, "update": 0, "delete": 0} for side in ("left", "right")}
WRITES = ("create", "update", "delete")


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What one command said, and how it ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        answer = json.loads(self.out)
        assert isinstance(answer, dict)
        return answer


@dataclass(slots=True, kw_only=True)
class Office:
    """`office.sql("crm", ...)` is what a user of the CRM does; `office("sync", office.file)` a command line."""

    folder: Path
    capture: Any = field(repr=False)
    name: str = "office.yaml"
    databases: list[str] = field(default_factory=list)

    @property
    def file(self) -> Path:
        return self.folder / self.name

    def write(self, text: str) -> None:
        self.file.write_text(text, encoding="utf-8")

    def edit(self, old: str, new: str) -> None:
        text = self.file.read_text(encoding="utf-8")
        assert old in text
        self.write(text.replace(old, new))

    # --- the systems, as their own users see them

    def database(self, name: str, *statements: str) -> None:
        """A SQLite database `name`.db with these tables."""
        self.databases.append(name)
        for statement in statements:
            self.sql(name, statement)

    def sql(self, database: str, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.folder / f"{database}.db", timeout=100)) as connection, connection:
            return connection.execute(statement, values).fetchall()

    def many(self, database: str, statement: str, rows: Iterable[Sequence[Any]]) -> None:
        with closing(sqlite3.connect(self.folder / f"{database}.db", timeout=100)) as connection, connection:
            connection.executemany(statement, rows)

    def rows(self, database: str, table: str) -> list[dict[str, Any]]:
        """Every row of a table, by its first column."""
        with closing(sqlite3.connect(self.folder / f"{database}.db")) as connection:
            connection.row_factory = sqlite3.Row
            return [dict(row) for row in connection.execute(f"SELECT * FROM {table} ORDER BY 1")]

    def dump(self) -> dict[str, list[str]]:
        """Everything every database holds."""
        held = {}
        for name in self.databases:
            with closing(sqlite3.connect(self.folder / f"{name}.db")) as connection:
                held[name] = list(connection.iterdump())
        return held

    # --- the command line

    def __call__(self, *arguments: str | Path | int) -> Said:
        """Runs one command line in this process."""
        self.capture.readouterr()
        code = run([str(argument) for argument in arguments])
        out, err = self.capture.readouterr()
        assert "Traceback" not in err
        return Said(code=code, out=out, err=err)

    def apart(self, *arguments: str | Path | int, environment: Mapping[str, str] | None = None) -> Said:
        """Runs one command line in a process of its own."""
        result = subprocess.run(
            [sys.executable, "-m", "tallystick.cli", *map(str, arguments)],
            capture_output=True,
            check=False,
            cwd=self.folder,
            env={**os.environ, **(environment or {})},
            timeout=120,
        )
        out, err = result.stdout.decode("utf-8", "replace"), result.stderr.decode("utf-8", "replace")
        assert "Traceback" not in err
        return Said(code=result.returncode, out=out, err=err)

    def sync(self, *more: str, code: int | None = 0, is_apart: bool = False) -> dict[str, Any]:
        """`tallystick sync --json`, its report; `code` is the exit code expected, None for any but a wrong call."""
        said = (self.apart if is_apart else self)("sync", self.file, *more, "--json")
        if code is None:
            assert said.code in (0, 1, 3), (said.code, said.out, said.err)
        else:
            assert said.code == code, (said.code, said.out, said.err)
        return said.json

    def reviews(self, *more: str) -> list[dict[str, Any]]:
        return list(self("review", "list", "--file", self.file, *more, "--json").json["reviews"])

    def journal(self, *more: str) -> list[dict[str, Any]]:
        return list(self("journal", "--file", self.file, "--limit", 100_000, *more, "--json").json["operations"])

    def links(self) -> list[dict[str, Any]]:
        return list(self("links", "export", self.file, "--json").json["links"])

    def why(self, *record: str | int) -> dict[str, Any]:
        return self("why", self.file, *record, "--json").json

    # --- the common invariants (i) to (iv) of the scenarios

    def is_settled(self) -> None:
        """(i) A second run with no edits writes nothing on any side; a full comparison has nothing even to note."""
        held = self.dump()
        for more in ((), ("--full",)):
            report = self.sync(*more, code=None)
            for name, flow in report["flows"].items():
                assert flow.get("writes", NOTHING) == NOTHING, (name, flow, self.journal("--run", report["run"]))
        assert self.dump() == held
        lines = self.journal()
        assert [line for line in lines if line["run"] == report["run"]] == []
        self.is_explained(lines)
        self.is_one_to_one()

    def is_explained(self, lines: Sequence[Mapping[str, Any]]) -> None:
        """(ii) Every write of every run stands in the journal with its reason, every refusal with its message."""
        assert all(line["reason"] for line in lines if line["action"] in WRITES)
        assert all(line["message"] for line in lines if line["state"] in ("refused", "failed", "unknown", "moved"))
        written = Counter((line["run"], line["side"], line["action"]) for line in lines if line["state"] == "done")
        for one in self("runs", "--file", self.file, "--limit", 1_000, "--json").json["runs"]:
            if one["kind"] == "plan":
                continue
            for side in ("left", "right"):
                for action in WRITES:
                    flows = one["result"].get("flows", {}).values()
                    told = sum(flow["writes"][side][action] for flow in flows if "writes" in flow)
                    assert written[one["run"], side, action] == told, (one["run"], side, action)

    def is_one_to_one(self) -> None:
        """(iii) Each id stands in at most one link of its flow."""
        for side in ("left", "right"):
            ids = Counter((link["flow"], link[side]["id"]) for link in self.links() if link[side] is not None)
            assert [one for one, count in ids.items() if count > 1] == []

    def keeps(self, field_: str, value: str) -> bool:
        """(iv) Whether the journal still tells that a field once held this value."""
        return any(value in line["fields"].get(field_, ()) for line in self.journal())


def writes(report: Mapping[str, Any], flow: str) -> dict[str, tuple[int, int, int]]:
    """Per side how many records were created, updated and deleted."""
    counted = report["flows"][flow]["writes"]
    return {side: tuple(counted[side][action] for action in WRITES) for side in counted}
