"""A firm with two SQLite databases and one integration file, worked on through the command line alone."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tallystick.cli.edge import run

INTEGRATION = """\
integration: firm
systems:
  crm: {connector: sql, url: "sqlite:///crm.db"}
  register: {connector: sql, url: "sqlite:///register.db"}
flows:
  - flow: people
    left: {system: crm, record: contact, key: id}
    right: {system: register, record: person, key: number}
    fields:
      - {left: name, right: full_name}
      - {left: email, right: mail}
      - {left: phone, right: tel}
    match: {definite: [[email]]}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What one command said, and how it ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        """The one object on standard output."""
        answer = json.loads(self.out)
        assert isinstance(answer, dict)
        return answer


@dataclass(slots=True, kw_only=True)
class Firm:
    folder: Path
    capture: Any = field(repr=False)

    @property
    def file(self) -> Path:
        return self.folder / "firm.yaml"

    def write(self, text: str) -> None:
        self.file.write_text(text, encoding="utf-8")

    def edit(self, old: str, new: str) -> None:
        text = self.file.read_text(encoding="utf-8")
        assert old in text
        self.write(text.replace(old, new))

    def sql(self, database: str, statement: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.folder / database)) as connection, connection:
            return connection.execute(statement, values).fetchall()

    def crm(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        return self.sql("crm.db", statement, values)

    def register(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        return self.sql("register.db", statement, values)

    def add(self, count: int, first: int = 1) -> None:
        """So many contacts on the left."""
        for number in range(first, first + count):
            self.crm(
                "INSERT INTO contact (name, email, phone) VALUES (?, ?, ?)",
                f"Person {number}",
                f"p{number}@example.org",
                f"+49 30 {number:04}",
            )

    def __call__(self, *arguments: str | Path) -> Said:
        """Runs one command line in this process."""
        self.capture.readouterr()
        code = run([str(argument) for argument in arguments])
        out, err = self.capture.readouterr()
        assert "Traceback" not in err
        return Said(code=code, out=out, err=err)

    def apart(
        self,
        *arguments: str | Path,
        environment: Mapping[str, str] | None = None,
        wrapped: Sequence[str] = (),
        **more: Any,
    ) -> Said:
        """Runs one command line in a process of its own."""
        import os

        result = subprocess.run(
            [*wrapped, sys.executable, "-m", "tallystick.cli", *map(str, arguments)],
            capture_output=True,
            check=False,
            cwd=self.folder,
            env={**os.environ, **(environment or {})},
            timeout=200,
            **more,
        )
        out, err = result.stdout.decode("utf-8", "replace"), result.stderr.decode("utf-8", "replace")
        assert "Traceback" not in err
        return Said(code=result.returncode, out=out, err=err)


@pytest.fixture
def firm(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Firm:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TALLYSTICK_DATABASE_URL", raising=False)
    monkeypatch.setenv("TALLYSTICK_USER", "anna")
    monkeypatch.setenv("TALLYSTICK_LOG_FOLDER", str(tmp_path / "log"))
    firm = Firm(folder=tmp_path, capture=capsys)
    firm.write(INTEGRATION)
    firm.crm("CREATE TABLE contact (id INTEGER PRIMARY KEY, name TEXT NOT NULL, email TEXT, phone TEXT)")
    firm.register("CREATE TABLE person (number INTEGER PRIMARY KEY, full_name TEXT NOT NULL, mail TEXT, tel TEXT)")
    return firm
