"""The hubs of earlier versions, as `tests.upgrade.keep` wrote them down."""

from __future__ import annotations

import gzip
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

from tests.hub_processes import HubProcesses
from tests.servers import postgres_program

FOLDER = Path(__file__).parent
KEYS = "a-key-of-the-tests-with-32-characters-or-more\n"
INTEGRATION = """\
integration: firm
title: Two offices
systems:
  crm: {connector: sql, url: "sqlite:///crm.db", password: "${secret:crm}"}
  register: {connector: sql, url: "sqlite:///register.db"}
flows:
  - flow: people
    left: {system: crm, record: person, key: id}
    right: {system: register, record: person, key: id}
    fields:
      - {left: email, right: email}
      - {left: name, right: name}
      - {left: phone, right: phone}
    match: {definite: [[email]]}
    conflict: {rule: ask}
    guards: {delete: none, create: none, change: none, shrink: none}
    schedule: every 30 days
"""


def versions() -> list[str]:
    return sorted(folder.name for folder in FOLDER.iterdir() if (folder / "postgresql.sql.gz").is_file())


def make_systems(files: Path) -> None:
    """The two offices as they were before the hub knew them."""
    files.mkdir(parents=True)
    for side in ("crm", "register"):
        with closing(sqlite3.connect(files / f"{side}.db")) as database, database:
            database.execute("CREATE TABLE person (id INTEGER PRIMARY KEY, email TEXT, name TEXT, phone TEXT)")
            if side == "crm":
                people = [(f"p{n}@example.org", f"Person {n}", str(n)) for n in range(1, 11)]
                database.executemany("INSERT INTO person (email, name, phone) VALUES (?, ?, ?)", people)


def as_they_were_left(files: Path) -> None:
    """The two offices as the hub left them: the same people in both, three of them edited in both."""
    make_systems(files)
    with closing(sqlite3.connect(files / "crm.db")) as crm, crm:
        rows = crm.execute("SELECT * FROM person").fetchall()
        crm.execute("UPDATE person SET phone = 'left' || id WHERE id < 4")
    with closing(sqlite3.connect(files / "register.db")) as register, register:
        register.executemany("INSERT INTO person VALUES (?, ?, ?, ?)", rows)
        register.execute("UPDATE person SET phone = 'right' || id WHERE id < 4")
        register.execute("UPDATE person SET phone = 'left1' WHERE id = 1")  # the question that was answered


def bring_back(hub: HubProcesses, version: str) -> None:
    """Puts the hub of that version into the data folder and database, which are empty."""
    hub.data.mkdir(mode=0o700)
    (hub.data / "secret-keys").write_text(KEYS, encoding="ascii")
    as_they_were_left(hub.files)
    name = "postgresql" if hub.database_url else "sqlite"
    if not hub.database_url and (file := FOLDER / version / "sqlite.db.gz").is_file():
        (hub.data / "hub.db").write_bytes(gzip.decompress(file.read_bytes()))
        return
    text = gzip.decompress((FOLDER / version / f"{name}.sql.gz").read_bytes()).decode()
    if not hub.database_url:
        with closing(sqlite3.connect(hub.data / "hub.db")) as database:
            database.executescript(text)
        return
    options = ["--quiet", "--no-psqlrc", "--set=ON_ERROR_STOP=1", hub.database_url]
    done = subprocess.run([postgres_program("psql"), *options], input=text, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
