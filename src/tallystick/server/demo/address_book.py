"""The address book of the demo: Radicale, a real CardDAV server, on a free port of this machine."""

from __future__ import annotations

import importlib.util
import re
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from urllib.parse import quote

import httpx

from tallystick.errors import ConfigurationError, Unreachable
from tallystick.server.demo.people import Person

USER: Final = "service"
BOOK: Final = "contacts"
DEADLINE_S: Final = 30.0
_MKCOL: Final = (
    '<?xml version="1.0" encoding="utf-8"?><d:mkcol xmlns:d="DAV:" xmlns:c="urn:ietf:params:xml:ns:carddav"><d:set>'
    "<d:prop><d:resourcetype><d:collection/><c:addressbook/></d:resourcetype><d:displayname>Service contacts"
    "</d:displayname></d:prop></d:set></d:mkcol>"
)
_CARD: Final = re.compile(r"BEGIN:VCARD.*?END:VCARD", re.DOTALL | re.IGNORECASE)


class AddressBook:
    """The book, and those who edit it on their telephones."""

    def __init__(self, url: str, password: str) -> None:
        self.url = url
        self.password = password
        self._book = f"{url}{USER}/{BOOK}/"
        self._client = httpx.Client(auth=(USER, password), trust_env=False, timeout=30)

    @property
    def is_there(self) -> bool:
        return self._client.request("PROPFIND", self._book, headers={"Depth": "0"}).is_success

    def fill(self, people: Iterable[Person], files: Iterable[Path] = ()) -> int:
        """Makes the book with the people and the cards of the files in it; how many."""
        self._ask("MKCOL", self._book, _MKCOL, "application/xml")
        count = 0
        for one in people:
            self.put(_name(one.email), card_of(one))
            count += 1
        for file in files:
            for number, found in enumerate(_CARD.findall(file.read_bytes().decode("utf-8", "replace"))):
                named = f"{file.stem}-{number}"
                if not re.search(r"^UID[:;]", found, re.MULTILINE | re.IGNORECASE):
                    found = re.sub(r"END:VCARD$", f"UID:{named}\r\nEND:VCARD", found, flags=re.IGNORECASE)
                answer = self._client.put(
                    f"{self._book}{quote(named)}.vcf",
                    content=found.encode("utf-8"),
                    headers={"Content-Type": "text/vcard; charset=utf-8"},
                )
                count += answer.is_success  # the server refuses cards that break its rules
        return count

    def change(self, email: str, old: str, new: str) -> None:
        """Somebody edits the card with this address on a telephone: `old` becomes `new`."""
        name = self._find(email)
        text = self._client.get(name).text
        if old not in text:
            raise ConfigurationError(f"The card of {email} does not hold {old!r}.", hint="Start the demo again.")
        self._ask("PUT", name, text.replace(old, new), "text/vcard; charset=utf-8")

    def remove(self, paths: Sequence[str]) -> list[tuple[str, str]]:
        """Deletes these cards; what they were."""
        removed = []
        for path in paths:
            removed.append((path, self._client.get(path).text))
            self._ask("DELETE", path)
        return removed

    def put(self, name: str, text: str) -> None:
        path = name if name.startswith("http") else f"{self._book}{name}"
        self._ask("PUT", path, text, "text/vcard; charset=utf-8")

    def close(self) -> None:
        self._client.close()

    def paths(self) -> list[str]:
        """Of all cards, in their order."""
        answer = self._client.request("PROPFIND", self._book, headers={"Depth": "1"})
        found = re.findall(r"<(?:\w+:)?href>([^<]+\.vcf)</(?:\w+:)?href>", answer.text)
        return sorted(str(httpx.URL(self.url).join(path)) for path in found)

    def _find(self, email: str) -> str:
        for path in self.paths():
            if email in self._client.get(path).text:
                return path
        raise ConfigurationError(f"No card holds {email}.", hint="Start the demo again.")

    def _ask(self, method: str, path: str, content: str = "", kind: str = "") -> None:
        headers = {"Content-Type": kind} if kind else {}
        answer = self._client.request(method, path, content=content.encode("utf-8"), headers=headers)
        if not answer.is_success:
            raise Unreachable(f"The address book answered {answer.status_code} to {method} {path}.")


def card_of(person: Person) -> str:
    """The person as an address book on a telephone writes it."""
    lines = [
        "BEGIN:VCARD",
        "VERSION:3.0",
        f"UID:demo-{person.number}",
        f"N:{_escaped(person.last_name)};{_escaped(person.first_name)};;;",
        f"FN:{_escaped(f'{person.first_name} {person.last_name}')}",
        f"ORG:{_escaped(person.company)}",
        f"TITLE:{_escaped(person.job_title)}",
        f"EMAIL;TYPE=INTERNET:{person.email}",
        f"TEL;TYPE=WORK:{person.phone}",
        f"TEL;TYPE=CELL:{person.mobile}",
        f"ADR;TYPE=WORK:;;;{_escaped(person.city)};;;",
        "CATEGORIES:Service",
        "X-FROM-PHONE:kept as it is",
        "END:VCARD",
    ]
    return "\r\n".join(lines) + "\r\n"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace(",", "\\,").replace(";", "\\;").replace("\n", "\\n")


def _name(email: str) -> str:
    return quote(email.partition("@")[0]) + ".vcf"


@contextmanager
def serving(folder: Path) -> Iterator[AddressBook]:
    """Radicale with its data in `folder`, until the block ends; the password stays as it was, the port where it can.

    Raises ConfigurationError where Radicale is not installed, Unreachable when it does not start.
    """
    if importlib.util.find_spec("radicale") is None:
        raise ConfigurationError(
            "The demo needs Radicale, which is not installed here.", hint="Run `make setup`, or `pip install radicale`."
        )
    folder.mkdir(parents=True, exist_ok=True)
    password = _password(folder / "users")
    port = _port(folder / "config")
    (folder / "config").write_text(
        f"[server]\nhosts = 127.0.0.1:{port}\n"
        f"[auth]\ntype = htpasswd\nhtpasswd_filename = {folder}/users\nhtpasswd_encryption = plain\ndelay = 0\n"
        f"[storage]\nfilesystem_folder = {folder}/data\n[logging]\nlevel = warning\n",
        encoding="utf-8",
    )
    url = f"http://127.0.0.1:{port}/"
    with (folder / "server.log").open("wb") as log:
        server = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", "radicale", "--config", str(folder / "config")],
            stdout=log,
            stderr=log,
            start_new_session=True,  # Control-C is for us; we end it
        )
    book = AddressBook(url, password)
    try:
        _await(server, url, folder)
        yield book
    finally:
        book.close()
        server.terminate()
        try:
            server.wait(10)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _password(users: Path) -> str:
    if users.is_file():
        return users.read_text(encoding="utf-8").strip().partition(":")[2]
    password = secrets.token_urlsafe(12)
    users.touch(mode=0o600)
    users.write_text(f"{USER}:{password}\n", encoding="utf-8")
    return password


def _port(config: Path) -> int:
    """The port it had, when that is free, else another."""
    known = (
        re.search(r"^hosts = 127\.0\.0\.1:(\d+)$", config.read_text("utf-8"), re.MULTILINE)
        if config.is_file()
        else None
    )
    for port in (int(known[1]), 0) if known else (0,):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise Unreachable("This machine has no free port for the address book of the demo.")


def _await(server: subprocess.Popen[bytes], url: str, folder: Path) -> None:
    until_s = time.monotonic() + DEADLINE_S
    while True:
        try:
            httpx.get(url, trust_env=False, timeout=5)
        except httpx.TransportError:
            if server.poll() is not None or time.monotonic() > until_s:
                raise Unreachable(
                    "Radicale, the address book of the demo, did not start.",
                    hint=f"What it said stands in {folder / 'server.log'}.",
                ) from None
            time.sleep(0.05)
        else:
            return
