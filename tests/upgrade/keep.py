"""Keeps the databases of this version for the tests of later ones: python -m tests.upgrade.keep

Done once for each release, by the code of that release. A hub is made, worked with, and written down as a file of
SQLite, as SQL of PostgreSQL, and as `tallystick backup` writes it. The keys are the tests' own and protect nothing.
"""

from __future__ import annotations

import gzip
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing
from pathlib import Path

from tallystick import __version__
from tests.hub_processes import HubProcesses, hub_processes
from tests.servers import postgres_program, postgres_url
from tests.upgrade.kept import FOLDER, INTEGRATION, KEYS, make_systems

WORK = """\
import sqlite3
from tallystick.server.designer import planning
from tallystick.server.designer.domain import plans, standing, transfer
from tallystick.server.designer.workspaces import workspace
from tallystick.server.people.actor import actor_of
from tallystick.server.people.domain.users import create_user
from tallystick.server.people.actor import system_actor
from tallystick.server.people.models import User
from tallystick.server.records.samples.fill import Sizes, fill

create_user(system_actor("Setup", via="first start"), email="ada@example.org", name="Ada Byron",
            roles=["administrator"], password="notched across, split in two")
ada = actor_of(User.objects.get(email="ada@example.org"))
fill(Sizes(accounts=5, people=20, assets=40))
transfer.import_file(ada, given["file"], values={"secret:crm": "hunter2"})
standing.enable(ada, "firm")
standing.pause(ada, "firm", "people")
with workspace("firm", by="Ada Byron") as opened:
    opened.sync()
for side, word in (("crm", "left"), ("register", "right")):
    with sqlite3.connect(hub.data / "files" / f"{side}.db") as database:
        database.execute("UPDATE person SET phone = ? || id WHERE id < 4", (word,))
    database.close()
with workspace("firm", by="Ada Byron") as opened:
    opened.sync()
from tallystick.server.state.of_hub import looking
from tallystick.server.state.pages import At
from tallystick.server.state.queue import Wanted
waiting = [one.review for one in looking().questions(Wanted(), At(rows=9)).rows]
first = min(waiting, key=lambda review: str(review.left_id))
from tallystick.server.review import actions
from tallystick.server.review.domain.decide import Answer
actions.answer(ada, first.number, Answer(take="left", fields={}, partner=None, note="", seen=first.fingerprint))
kept = plans.dry_run(ada, "firm")
from tallystick.runs.errands import Doing
from tallystick.runs.schedule import Job
from tallystick.runs.world import SystemClock
planning.make(Job(id="x", integration="firm", flows=(), at_ms=0, by="Ada", errand="plan", subject=kept.pk),
              Doing(clock=SystemClock(), progress=lambda what, count: None))
from django.contrib.sessions.models import Session
Session.objects.all().delete()
print("{}")
"""


def main() -> None:
    folder = FOLDER / __version__
    folder.mkdir(parents=True, exist_ok=True)
    for url in ("", postgres_url()):
        with tempfile.TemporaryDirectory() as place, hub_processes(Path(place), database_url=url) as hub:
            _make(hub)
            file, content = ("postgresql.sql.gz", _dump(hub)) if url else ("sqlite.db.gz", _copy(hub))
            (folder / file).write_bytes(gzip.compress(content, mtime=0))
            if not url:
                backup = folder / "backup.tar.gz"
                backup.unlink(missing_ok=True)
                command = [sys.executable, "-m", "tallystick.cli", "backup", str(backup), "--data", str(hub.data)]
                subprocess.run(command, env=hub.environment, check=True)
    print(f"{folder}: {', '.join(sorted(file.name for file in folder.iterdir()))}")


def _make(hub: HubProcesses) -> None:
    hub.data.mkdir(mode=0o700)
    (hub.data / "secret-keys").write_text(KEYS, encoding="ascii")
    make_systems(hub.files)
    hub.do(WORK, {"file": INTEGRATION})


def _copy(hub: HubProcesses) -> bytes:
    """The file itself: the index of words cannot be written down as SQL."""
    with closing(sqlite3.connect(hub.data / "hub.db")) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        database.execute("PRAGMA journal_mode = DELETE")
        database.execute("VACUUM")
    return (hub.data / "hub.db").read_bytes()


def _dump(hub: HubProcesses) -> bytes:
    options = ["--no-owner", "--no-privileges", "--inserts", "--exclude-schema=tallystick_jobs"]
    done = subprocess.run([postgres_program("pg_dump"), *options, hub.database_url], capture_output=True, check=True)
    return done.stdout


if __name__ == "__main__":
    main()
