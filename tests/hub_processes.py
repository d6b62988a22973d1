"""A hub as processes: `tallystick serve` and `tallystick worker` on one database, and people who are signed in.

For tests and benchmarks that run in any process, so nothing here imports Django.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import httpx

from tests.integration.runs.offices import ROOT, SLOW

COOKIE = "tallystick_session"
PREPARED = """\
import json, sys
from tallystick.server.serving import prepare
hub = prepare().configuration
given = json.loads(sys.stdin.read())
"""
PEOPLE = """\
from django.contrib.auth.models import Group
from django.test import Client
from tallystick.server.people.models import User
sessions = {}
for role, count in given.items():
    for number in range(count):
        email = f"{role.replace(' ', '-')}{number}@example.org"
        user = User(email=email, name=f"{role.capitalize()} {number}")
        user.set_unusable_password()
        user.save()
        user.groups.add(Group.objects.get(name=role))
        client = Client()
        client.force_login(user, backend="tallystick.server.people.backend.Backend")
        sessions.setdefault(role, []).append(client.cookies["tallystick_session"].value)
print(json.dumps(sessions))
"""


@dataclass(slots=True, kw_only=True)
class HubProcesses:
    """`database_url`: empty for SQLite in the data folder."""

    folder: Path
    database_url: str = ""
    nice: int = 0
    processes: list[subprocess.Popen[str]] = field(default_factory=list)
    _outs: list[IO[str]] = field(default_factory=list)

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def files(self) -> Path:
        """What the hub's own sqlite:/// addresses are relative to."""
        return self.data / "files"

    @property
    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("TALLYSTICK_", "DJANGO_"))}
        own = {"TALLYSTICK_DATA": str(self.data), "TALLYSTICK_LOG_FOLDER": str(self.folder / "log")}
        url = {"TALLYSTICK_DATABASE_URL": self.database_url} if self.database_url else {}
        return {**kept, **own, **url, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"}

    def do(self, code: str, given: object = None, *, timeout_s: float = 600.0) -> Any:
        """Runs Python with the hub prepared and `given` at hand; the JSON object of its last line."""
        done = subprocess.run(
            [sys.executable, "-c", PREPARED + code],
            env=self.environment,
            cwd=self.folder,
            input=json.dumps(given),
            capture_output=True,
            text=True,
            check=False,
            timeout=timeout_s,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout.splitlines()[-1]) if done.stdout.strip() else None

    def people(self, counts: Mapping[str, int]) -> dict[str, list[str]]:
        """New people by role; a session of each."""
        return dict(self.do(PEOPLE, dict(counts)))

    def start(self, *, webs: int = 0, workers: int = 0, write_s: float = 0.0, batch: int = 500) -> list[str]:
        """Starts so many of each, all at once; the addresses of the webs when all are ready.

        Where a worker is, systems take `write_s` over each write, and batches have `batch` operations.
        """
        first = len(self.processes)
        program = [str(SLOW), str(write_s), str(batch)]
        for _ in range(webs):
            self._start("serve", "--port", "0", "--json", program=program)  # on SQLite with a worker in it
        for _ in range(workers):
            self._start("worker", "--json", program=program)
        addresses = [
            f"http://127.0.0.1:{wait_for(lambda n=n: self._told(n))['port']}"  # type: ignore[misc]
            for n in range(first, first + webs)
        ]
        for number in range(first + webs, first + webs + workers):
            wait_until(lambda n=number: '"started"' in self.log(n))  # type: ignore[misc]
        for address in addresses:
            wait_until(lambda url=f"{address}/readyz": httpx.get(url, timeout=60).status_code == 200)  # type: ignore[misc]
        return addresses

    def log(self, number: int) -> str:
        return (self.folder / f"process-{number}.log").read_text(encoding="utf-8")

    def errors(self) -> list[str]:
        """Lines of all logs that tell an error nobody foresaw, and the stories of such errors."""
        logs = [line for number in range(len(self.processes)) for line in self.log(number).splitlines()]
        stories = [file.read_text(encoding="utf-8") for file in (self.folder / "log").glob("error-*.log")]
        return [line for line in logs if '"error"' in line or "Traceback" in line or "locked" in line] + stories

    def memory_mib(self) -> list[float]:
        """What each process that lives has in memory."""
        import psutil

        return [psutil.Process(one.pid).memory_info().rss / 2**20 for one in self.processes if one.poll() is None]

    def end(self) -> None:
        for process in self.processes:
            if process.poll() is None:
                process.terminate()
        for process in self.processes:
            try:
                process.wait(timeout=100)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        for out in self._outs:
            out.close()

    def _start(self, *arguments: str, program: Sequence[str] = ("-m", "tallystick.cli")) -> subprocess.Popen[str]:
        out = (self.folder / f"process-{len(self.processes)}.log").open("w", encoding="utf-8")
        self._outs.append(out)
        before = ["nice", "-n", str(self.nice)] if self.nice else []
        command = [*before, sys.executable, *program, *arguments]
        process = subprocess.Popen(command, cwd=self.folder, env=self.environment, stdout=out, stderr=out, text=True)
        self.processes.append(process)
        return process

    def _told(self, number: int) -> dict[str, Any] | None:
        assert self.processes[number].poll() is None, self.log(number)
        found = re.search(r"^\{$.*?^\}$", self.log(number), re.MULTILINE | re.DOTALL)
        return dict(json.loads(found[0])) if found else None


class Person(httpx.Client):
    """Somebody with a browser who is signed in; forms are sent with their token."""

    def __init__(self, address: str, session: str, *, timeout_s: float = 60.0) -> None:
        super().__init__(base_url=address, cookies={COOKIE: session}, timeout=timeout_s, follow_redirects=True)

    def send_form(self, page: str, action: str, **fields: Any) -> httpx.Response:
        """Loads the page, and sends these fields to `action` as its form would."""
        shown = self.get(page)
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', shown.text)
        assert token is not None, (shown.status_code, shown.url, shown.text[:500])
        heads = {"Referer": str(shown.url)}
        return self.post(action, data={"csrfmiddlewaretoken": token[1], **fields}, headers=heads)


@contextmanager
def hub_processes(folder: Path, **more: Any) -> Iterator[HubProcesses]:
    made = HubProcesses(folder=folder, **more)
    try:
        yield made
    finally:
        made.end()


def running_run(database_url: str) -> str:
    """The executor that has the only job in its hands, empty when there is none (PostgreSQL)."""
    import psycopg

    with closing(psycopg.connect(database_url)) as connection:
        rows = connection.execute(
            "SELECT executor_id FROM tallystick_jobs.workflow_status WHERE status = 'PENDING'"
        ).fetchall()
    return str(rows[0][0]) if rows else ""


def process_of(executor: str) -> int:
    return int(executor.split("-")[-2])


def stop(process: subprocess.Popen[str], number: signal.Signals) -> int:
    """Sends the signal and waits; the exit code."""
    process.send_signal(number)
    return process.wait(timeout=200)


def wait_for(ask: Callable[[], Any], *, most_s: float = 240.0, what: str = "") -> Any:
    """The first answer that is not empty."""
    end = time.monotonic() + most_s
    while not (found := ask()):
        assert time.monotonic() < end, what or "It did not come to that in time."
        time.sleep(0.1)
    return found


def wait_until(is_so: Callable[[], bool], *, most_s: float = 240.0, what: str = "") -> None:
    wait_for(is_so, most_s=most_s, what=what)
