"""A hub put into one file and brought back, by the commands a person would use."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import tarfile
from contextlib import closing
from pathlib import Path

import pytest

from tallystick.cli import edge

pytestmark = pytest.mark.slow  # a hub is made from nothing


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder of a hub with an integration that is switched on, and a cursor."""
    data = tmp_path_factory.mktemp("hub") / "data"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TALLYSTICK_")}
    making = "from tallystick.server.serving import prepare; prepare()"
    subprocess.run([sys.executable, "-c", making], env={**environment, "TALLYSTICK_DATA": str(data)}, check=True)
    with closing(sqlite3.connect(data / "hub.db")) as database, database:
        _insert(database, "designer_integration", name="assets", is_enabled=1)
        _insert(database, "state_scope", integration="assets", flow="assets", cursors='{"left": "7"}')
    return data


def _insert(database: sqlite3.Connection, table: str, **values: object) -> None:
    """A row whose other required columns are empty."""
    for _, name, kind, is_required, default, is_key in database.execute(f"PRAGMA table_info({table})").fetchall():
        if is_required and default is None and not is_key and name not in values:
            values[name] = 0 if "int" in kind or "bool" in kind else ""
    columns, marks = ", ".join(f'"{name}"' for name in values), ", ".join("?" * len(values))
    database.execute(f"INSERT INTO {table} ({columns}) VALUES ({marks})", list(values.values()))


def _one(database: Path, query: str) -> object:
    with closing(sqlite3.connect(database)) as opened:
        return opened.execute(query).fetchone()[0]


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("TALLYSTICK_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("TALLYSTICK_DATA", "")  # the commands set it; it goes when the test ends


def test_restored_hub_has_everything_and_runs_nothing_by_itself(hub: Path, tmp_path: Path) -> None:
    file, data = tmp_path / "hub.tar.gz", tmp_path / "restored"
    assert edge.run(["backup", str(file), "--data", str(hub)]) == 0
    assert file.stat().st_mode & 0o077 == 0
    assert edge.run(["restore", str(file), "--data", str(data)]) == 0
    assert (data / "secret-keys").read_bytes() == (hub / "secret-keys").read_bytes()
    assert (data / "hub.db").stat().st_mode & 0o077 == 0
    migrations = "SELECT count(*) FROM django_migrations"
    assert _one(data / "hub.db", migrations) == _one(hub / "hub.db", migrations)
    assert _one(data / "hub.db", "SELECT is_enabled FROM designer_integration WHERE name = 'assets'") == 0
    assert _one(data / "hub.db", "SELECT cursors FROM state_scope WHERE flow = 'assets'") == "{}"
    assert _one(hub / "hub.db", "SELECT is_enabled FROM designer_integration WHERE name = 'assets'") == 1


def test_backup_is_of_one_moment_while_somebody_writes(hub: Path, tmp_path: Path) -> None:
    file = tmp_path / "hub.tar.gz"
    with closing(sqlite3.connect(hub / "hub.db", isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("UPDATE designer_integration SET is_enabled = 0")
        assert edge.run(["backup", str(file), "--data", str(hub)]) == 0
        writer.execute("ROLLBACK")
    with tarfile.open(file) as archive:
        archive.extract("hub.db", tmp_path, filter="data")
    assert _one(tmp_path / "hub.db", "SELECT is_enabled FROM designer_integration") == 1


def test_nothing_is_overwritten(hub: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "hub.tar.gz"
    file.write_text("precious")
    assert edge.run(["backup", str(file), "--data", str(hub)]) == 2
    assert "is there already" in capsys.readouterr().err
    assert file.read_text() == "precious"
    before = (hub / "hub.db").read_bytes()
    assert edge.run(["restore", str(file), "--data", str(hub)]) == 2
    assert "is there already" in capsys.readouterr().err
    assert (hub / "hub.db").read_bytes() == before


@pytest.mark.parametrize("content", [b"", b"no archive", b"\x1f\x8b\x08\x00broken"])
def test_what_is_no_backup_is_refused_with_a_sentence_and_leaves_no_hub(
    content: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, data = tmp_path / "other.tar.gz", tmp_path / "data"
    file.write_bytes(content)
    assert edge.run(["restore", str(file), "--data", str(data)]) == 2
    assert "is no backup of a hub" in capsys.readouterr().err
    assert not (data / "hub.db").exists()


def test_backup_of_nothing_and_of_postgresql_say_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert edge.run(["backup", str(tmp_path / "b"), "--data", str(tmp_path)]) == 2
    assert "There is no hub here" in capsys.readouterr().err
    monkeypatch.setenv("TALLYSTICK_DATABASE_URL", "postgresql://hub@127.0.0.1/hub")
    assert edge.run(["backup", str(tmp_path / "b"), "--data", str(tmp_path)]) == 2
    assert "pg_dump" in capsys.readouterr().err
