"""Real CardDAV and CalDAV servers for tests, each in a process of its own on a free port of the loopback."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

USER, PASSWORD = "alice", "correct horse"
DEADLINE_S = 200.0

MKCOL = """<?xml version="1.0" encoding="utf-8"?>
<d:mkcol xmlns:d="DAV:" xmlns:card="urn:ietf:params:xml:ns:carddav" xmlns:cal="urn:ietf:params:xml:ns:caldav">
<d:set><d:prop><d:resourcetype><d:collection/>{kind}</d:resourcetype>
<d:displayname>{title}</d:displayname>{more}</d:prop></d:set></d:mkcol>"""


QUICK_RADICALE = """
import sys
from radicale import config, log, server
settings = config.load(((sys.argv[1], False),))
settings.update({"storage": {"_filesystem_fsync": "False"}}, "test", privileged=True)
log.setup()
log.set_level("error", True)
server.serve(settings)
"""
"""Radicale as it is but for waiting until the disk has everything: its own tests run it so too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DavServer:
    name: str
    url: str  # where a person would point the hub
    books: str  # where address books are made
    calendars: str
    folder: Path
    auth: tuple[str, str] | None

    @property
    def settings(self) -> dict[str, str]:
        signed = {} if self.auth is None else {"username": self.auth[0], "password": self.auth[1]}
        return {"url": self.url, **signed}

    def request(
        self, method: str, url: str, content: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> httpx.Response:
        return httpx.request(
            method, url, content=content, headers=headers, auth=self.auth, trust_env=False, timeout=200
        )

    def make_book(self, name: str, title: str = "") -> str:
        return self._make(self.books, name, "<card:addressbook/>", title or name, "")

    def make_calendar(self, name: str, title: str = "", components: tuple[str, ...] = ("VEVENT", "VTODO")) -> str:
        comps = "".join(f'<cal:comp name="{comp}"/>' for comp in components)
        more = f"<cal:supported-calendar-component-set>{comps}</cal:supported-calendar-component-set>"
        return self._make(self.calendars, name, "<cal:calendar/>", title or name, more)

    def _make(self, home: str, name: str, kind: str, title: str, more: str) -> str:
        url = f"{home}{name}/"
        body = MKCOL.format(kind=kind, title=title, more=more).encode()
        answer = self.request("MKCOL", url, body, {"Content-Type": "application/xml"})
        assert answer.status_code in (201, 207), (answer.status_code, answer.text)
        return url

    def put(self, url: str, text: str) -> httpx.Response:
        kind = "text/vcard" if url.endswith(".vcf") else "text/calendar"
        answer = self.request("PUT", url, text.encode(), {"Content-Type": f"{kind}; charset=utf-8"})
        assert answer.status_code in (200, 201, 204), (answer.status_code, answer.text)
        return answer


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def radicale(folder: Path) -> Iterator[DavServer]:
    port = free_port()
    (folder / "users").write_text(f"{USER}:{PASSWORD}\n")
    (folder / "config").write_text(
        f"[server]\nhosts = 127.0.0.1:{port}\nmax_connections = 40\n"
        f"[auth]\ntype = htpasswd\nhtpasswd_filename = {folder}/users\nhtpasswd_encryption = plain\ndelay = 0\n"
        f"[storage]\nfilesystem_folder = {folder}/data\n[logging]\nlevel = error\n"
    )
    command = [sys.executable, "-c", QUICK_RADICALE, str(folder / "config")]
    url = f"http://127.0.0.1:{port}/"
    with _running(command, folder, url):
        home = f"{url}{USER}/"
        yield DavServer(name="radicale", url=url, books=home, calendars=home, folder=folder, auth=(USER, PASSWORD))


@contextmanager
def xandikos(folder: Path) -> Iterator[DavServer]:
    port = free_port()
    command = [
        sys.executable, "-m", "xandikos", "serve", "-d", str(folder / "data"), "--autocreate",
        "-l", "127.0.0.1", "-p", str(port), "--current-user-principal", f"/{USER}/",
    ]  # fmt: skip
    url = f"http://127.0.0.1:{port}/"
    with _running(command, folder, url):
        books, calendars = f"{url}{USER}/contacts/", f"{url}{USER}/calendars/"
        server = DavServer(name="xandikos", url=url, books=books, calendars=calendars, folder=folder, auth=None)
        for home in (books, calendars):
            server.request("MKCOL", home)
        yield server


@contextmanager
def _running(command: list[str], folder: Path, url: str) -> Iterator[None]:
    with (folder / "server.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, env={**os.environ, "PYTHONWARNINGS": "ignore"})
    try:
        until_s = time.monotonic() + DEADLINE_S
        while True:
            try:
                httpx.get(url, trust_env=False, timeout=30)
                break
            except httpx.TransportError:
                text = (folder / "server.log").read_text(errors="replace")
                assert process.poll() is None, f"the server ended: {text}"
                assert time.monotonic() < until_s, f"the server does not answer: {text}"
                time.sleep(0.05)
        yield
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
