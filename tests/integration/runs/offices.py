"""A firm with two SQLite databases that workers in processes of their own keep in agreement."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tallystick.model.plan import Run
from tallystick.runs.world import SystemClock
from tallystick.server.state.store import open_store

ROOT = Path(__file__).resolve().parents[3]
SLOW = Path(__file__).with_name("slow_worker.py")
WRITE_S = 0.05
BATCH = 20
INTEGRATION = """\
integration: {name}
systems:
  crm: {{connector: sql, url: "sqlite:///crm.db"}}
  register: {{connector: sql, url: "{register}"}}
flows:
  - flow: people
    left: {{system: crm, record: contact, key: id}}
    right: {{system: register, record: person, key: number}}
    fields:
      - {{left: name, right: full_name}}
      - {{left: email, right: mail}}
    match: {{definite: [[email]]}}
    schedule: every {period}
"""


@dataclass(slots=True, kw_only=True)
class Office:
    folder: Path
    state_url: str = ""  # "": beside the file
    name: str = "firm"
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def file(self) -> Path:
        return self.folder / f"{self.name}.yaml"

    @property
    def url(self) -> str:
        return self.state_url or f"sqlite:///{self.folder / 'tallystick.db'}"

    def furnish(self, count: int, *, period: str = "30 days", register: str = "sqlite:///register.db") -> None:
        """So many contacts on the left, none on the right."""
        self.write(period=period, register=register)
        with closing(sqlite3.connect(self.folder / "crm.db")) as crm, crm:
            crm.execute("CREATE TABLE contact (id INTEGER PRIMARY KEY, name TEXT NOT NULL, email TEXT)")
            people = [(f"Person {number}", f"p{number}@example.org") for number in range(count)]
            crm.executemany("INSERT INTO contact (name, email) VALUES (?, ?)", people)
        with closing(sqlite3.connect(self.folder / "register.db")) as other, other:
            other.execute("CREATE TABLE person (number INTEGER PRIMARY KEY, full_name TEXT NOT NULL, mail TEXT)")

    def write(self, *, period: str = "30 days", register: str = "sqlite:///register.db") -> None:
        text = INTEGRATION.format(name=self.name, period=period, register=register)
        self.file.write_text(text, encoding="utf-8")

    def mails(self) -> list[str]:
        """Of the people on the right."""
        with closing(sqlite3.connect(self.folder / "register.db", timeout=100)) as register:
            return [mail for (mail,) in register.execute("SELECT mail FROM person ORDER BY number")]

    def runs(self) -> list[Run]:
        """Newest first."""
        with closing(open_store(self.url, clock=SystemClock())) as store:
            return store.runs()

    def journal(self) -> list[Any]:
        with closing(open_store(self.url, clock=SystemClock())) as store:
            return store.journal(limit=100_000)

    # --- processes

    @contextmanager
    def held(self) -> Iterator[None]:
        """No worker begins another write meanwhile: what is done now is done in the middle of its batch."""
        hold = self.folder / "hold"
        hold.touch()
        try:
            yield
        finally:
            hold.unlink()

    @property
    def environment(self) -> dict[str, str]:
        state = {"TALLYSTICK_DATABASE_URL": self.state_url} if self.state_url else {}
        log = {"TALLYSTICK_LOG_FOLDER": str(self.folder / "log"), "PYTHONPATH": str(ROOT)}
        hold = {"TALLYSTICK_TEST_HOLD": str(self.folder / "hold")}
        kept = {name: value for name, value in os.environ.items() if name != "TALLYSTICK_DATABASE_URL"}
        return {**kept, **state, **log, **hold}

    def __call__(self, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        """Runs `tallystick` to its end."""
        command = [sys.executable, "-m", "tallystick.cli", *map(str, arguments)]
        done = subprocess.run(
            command, cwd=self.folder, env=self.environment, capture_output=True, text=True, check=False, timeout=200
        )
        assert "Traceback" not in done.stderr, done.stderr
        return done

    def start(self, *arguments: str, write_s: float = WRITE_S, batch: int = BATCH) -> subprocess.Popen[bytes]:
        """Starts a slow worker; what it logs goes to `worker-N.log`, a JSON object a line."""
        command = [sys.executable, str(SLOW), str(write_s), str(batch), "worker", str(self.file), "--json", *arguments]
        with (self.folder / f"worker-{len(self.workers)}.log").open("wb") as out:
            worker = subprocess.Popen(command, cwd=self.folder, env=self.environment, stdout=out, stderr=out)
        self.workers.append(worker)
        return worker

    def log(self, number: int = -1) -> list[dict[str, Any]]:
        """What a worker logged."""
        number = number % len(self.workers)
        text = (self.folder / f"worker-{number}.log").read_text(encoding="utf-8")
        assert "Traceback" not in text, text
        return [json.loads(line) for line in text.splitlines() if line.startswith("{")]

    def events(self, name: str, number: int = -1) -> list[dict[str, Any]]:
        return [event for event in self.log(number) if event["event"] == name]

    def end(self) -> None:
        for worker in self.workers:
            if worker.poll() is None:
                worker.kill()
            worker.wait()


@contextmanager
def office(folder: Path, **more: Any) -> Iterator[Office]:
    made = Office(folder=folder, **more)
    try:
        yield made
    finally:
        made.end()


def wait_until(is_so: Callable[[], bool], *, most_s: float = 200.0, what: str = "") -> None:
    end = time.monotonic() + most_s
    while not is_so():
        assert time.monotonic() < end, what or "It did not come to that in time."
        time.sleep(0.05)


def kill(worker: subprocess.Popen[bytes]) -> None:
    worker.send_signal(signal.SIGKILL)
    worker.wait()
