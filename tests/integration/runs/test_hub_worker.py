"""`tallystick worker` without files serves the integrations of a hub, also after `tallystick keys rotate`."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest

MAKE = """\
import sys
from pathlib import Path
from tallystick.server.serving import prepare
hub = prepare().configuration
folder = hub.data / "files"
folder.mkdir()
import sqlite3
for name in ("crm", "register"):
    database = sqlite3.connect(folder / f"{name}.db")
    database.execute("CREATE TABLE person (id INTEGER PRIMARY KEY, name TEXT NOT NULL)")
    if name == "crm":
        database.execute("INSERT INTO person (name) VALUES ('Ann'), ('Bob')")
    database.commit()
from tallystick.server.designer.domain import standing, transfer
from tallystick.server.people.actor import system_actor
actor = system_actor("Setup", via="command line")
transfer.import_file(actor, sys.stdin.read(), values={"secret:crm": "hunter2"})
standing.enable(actor, "firm")
"""
FILE = """\
integration: firm
systems:
  crm: {connector: sql, url: "sqlite:///crm.db", password: "${secret:crm}"}
  register: {connector: sql, url: "sqlite:///register.db"}
flows:
  - flow: people
    left: {system: crm, record: person, key: id}
    right: {system: register, record: person, key: id}
    fields: [{left: name, right: name}]
    schedule: every 30 days
"""


@pytest.fixture
def hub(tmp_path):
    """Runs a command of a hub in a folder of its own."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("TALLYSTICK_", "DJANGO_"))}
    environment = {**kept, "TALLYSTICK_DATA": str(tmp_path / "data"), "TALLYSTICK_LOG_FOLDER": str(tmp_path / "log")}

    def run(*words, text=""):
        done = subprocess.run(
            [sys.executable, *words],
            env=environment,
            cwd=tmp_path,
            input=text,
            capture_output=True,
            text=True,
            check=False,
            timeout=240,
        )
        assert "Traceback" not in done.stderr, done.stderr
        return done

    return run


def names(tmp_path):
    with closing(sqlite3.connect(tmp_path / "data" / "files" / "register.db")) as register:
        return [name for (name,) in register.execute("SELECT name FROM person ORDER BY name")]


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_worker_without_files_serves_the_hub_also_after_its_keys_were_rotated(hub, tmp_path):
    command = ("-m", "tallystick.cli")
    nothing = hub(*command, "worker", "--once")
    assert (nothing.returncode, "There is no hub here" in nothing.stderr) == (2, True)
    assert hub("-c", MAKE, text=FILE).returncode == 0
    done = hub(*command, "worker", "--once", "--json")
    assert done.returncode == 0, done.stderr
    (run,) = [event for line in done.stdout.splitlines() if (event := json.loads(line))["event"] == "run"]
    assert (run["integration"], run["status"], run["create"], run["by"]) == ("firm", "done", 2, "schedule")
    assert names(tmp_path) == ["Ann", "Bob"]
    rotated = hub(*command, "keys", "rotate", "--json")
    assert json.loads(rotated.stdout) == {"rotated": 1, "is_new_key": True}
    assert len((tmp_path / "data" / "secret-keys").read_text("utf-8").split()) == 2
    assert hub(*command, "worker", "--once").returncode == 0
