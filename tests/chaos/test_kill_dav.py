"""SIGKILL at every durable point, and between two answers, of a run that keeps an address book. Rows E27-E29; S17.

The same two hundred operations as between two databases, one of which is an address book now, on a Radicale that lives
on while the hub is killed. Besides what has to be true between databases, what nobody mapped stays in every card.
"""

from __future__ import annotations

import re
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.chaos.lives import HOW, LINKED, Command, Place, copy, fresh, judge
from tests.dav_servers import PASSWORD, USER, DavServer, radicale
from tests.servers import postgres_url

pytestmark = pytest.mark.dav

FILE = """\
integration: chaos
systems:
  crm: {{connector: sql, url: 'sqlite:///crm.db'}}
  book: {{connector: dav, url: '{url}', username: '{user}', password: '{password}'}}
flows:
  - flow: people
    left: {{system: crm, record: person, key: id}}
    right: {{system: book, record: contacts}}
    conflict: {{rule: left}}
    guards: {{delete: none, shrink: none}}
    fields:
      - {{left: name, right: last_name}}
      - {{left: phone, right: phone_mobile}}
      - {{left: tag, right: job_title}}
"""
SHOWN = {
    "name": re.compile("^N:([^;\\r\\n]*)", re.M),
    "phone": re.compile("^TEL[^:\\r\\n]*:(.*)", re.M),
    "tag": re.compile("^TITLE:(.*)", re.M),
}
OWN = "X-OWN:nobody mapped this"


@dataclass(frozen=True)
class BookPlace(Place):
    """One life of the database, the state and the address book, which lies in `book`."""

    book: Path

    def table(self, side: str) -> list[tuple[Any, ...]]:
        return super().table(side) if side == "left" else sorted(self._cards(), key=lambda row: row[2])

    def _cards(self) -> Iterator[tuple[Any, ...]]:
        for file in self.book.glob("*.vcf"):
            text = file.read_bytes().decode()
            found = {name: pattern.search(text) for name, pattern in SHOWN.items()}
            yield (*(match[1].strip() if match else None for match in found.values()), OWN in text)


def card(number: int, tag: str, phone: str) -> str:
    lines = ("VERSION:3.0", f"UID:{tag}", f"N:new {number};;;;", f"FN:new {number}", f"TEL;TYPE=CELL:{phone}")
    return "\r\n".join(("BEGIN:VCARD", *lines, f"TITLE:{tag}", OWN, "END:VCARD", ""))


def begin(place: BookPlace, url: str, server: DavServer, command: Command) -> None:
    """140 linked records, then 200 things to do: 40 new on each side, 40 changed on each, 20 deleted on each."""
    place.folder.mkdir(parents=True, exist_ok=True)
    (place.folder / "integration.yaml").write_text(FILE.format(url=url, user=USER, password=PASSWORD))
    insert = "INSERT INTO person (id, name, phone, tag) VALUES (?, ?, ?, ?)"
    with sqlite3.connect(place.folder / "crm.db") as database:
        database.execute("CREATE TABLE person (id INTEGER PRIMARY KEY, name TEXT, phone TEXT, tag TEXT)")
        database.executemany(insert, [(n, f"name {n}", "1", f"t{n:03}") for n in range(1, LINKED + 1)])
    assert command("sync", place)["status"] == "done"
    numbers = {}
    for file in place.book.glob("*.vcf"):
        text = file.read_bytes().decode()
        file.write_bytes(text.replace("END:VCARD", f"{OWN}\r\nEND:VCARD").encode())
        numbers[int(text.partition("TITLE:t")[2][:3])] = file
    assert command("sync", place)["status"] == "done"
    with sqlite3.connect(place.folder / "crm.db") as database:
        changed = [(f"t{n:03}",) for n in range(1, 41)]
        database.executemany("UPDATE person SET phone = 'from crm' WHERE tag = ?", changed)
        database.executemany("DELETE FROM person WHERE tag = ?", [(f"t{n:03}",) for n in range(41, 61)])
        database.executemany(insert, [(1_000 + n, f"new {n}", "1", f"crm{n:03}") for n in range(40)])
    for n in range(61, 101):
        text = numbers[n].read_bytes().decode()
        server.put(f"{url}{numbers[n].name}", re.sub("(TEL[^:]*):1", r"\1:from book", text))
    for n in range(101, 121):
        assert server.request("DELETE", f"{url}{numbers[n].name}").status_code == 200
    for n in range(40):
        server.put(f"{url}book{n:03}.vcf", card(n, f"book{n:03}", "1"))


@contextmanager
def world(folder: Path, state: str, command: Command) -> Iterator[tuple[BookPlace, Callable[[str, str], BookPlace]]]:
    """How it is at the start, and what brings it back there: another folder and state, the book where it was."""
    (folder / "server").mkdir()
    with radicale(folder / "server") as server:
        url = server.make_book("people")
        book = folder / "server" / "data" / "collection-root" / USER / "people"
        begin(BookPlace(folder / "start", state, book), url, server, command)
        kept = copy(book, folder / "book")

        def back(name: str, state: str) -> BookPlace:
            return BookPlace(copy(folder / "start", folder / name), state, copy(kept, book))

        yield BookPlace(folder / "start", state, kept), back


def uninterrupted(place: BookPlace, command: Command) -> tuple[dict[str, list[tuple[Any, ...]]], int]:
    """The end nobody disturbs, and how many points there are on the way."""
    answer = command("sync", place, **HOW)
    assert (answer["status"], answer["writes"]) == ("done", {"people": {"left": 100, "right": 100}})
    ends = place.ends()
    for side, at in (("left", 2), ("right", 2)):
        assert Counter(row[at] for row in ends[side]).most_common(1)[0][1] == 1, f"doubled on the {side}"
        assert len(ends[side]) == LINKED + 80 - 40
    owned = sum(row[3] for row in ends["right"])
    assert owned == LINKED - 40 + 40, "all cards but the forty that came from the database"
    return ends, answer["points"]


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_kill_at_every_durable_point_with_an_address_book_S17_E29(folder: Path, command: Command) -> None:
    with world(folder, f"sqlite:///{folder}/start/tallystick.db", command) as (start, back):
        expected, points = uninterrupted(back("whole", f"sqlite:///{folder}/whole/tallystick.db"), command)
        assert points >= 60
        for dies_at in range(1, points + 1):
            place = back("killed", f"sqlite:///{folder}/killed/tallystick.db")
            judge(place, start, expected, {"dies_at": dies_at}, command, **HOW)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_kill_between_two_answers_of_an_address_book_S17_E28_E29(folder: Path, command: Command) -> None:
    """The server has done what was asked, and the hub died in the midst of the others it asked for."""
    with world(folder, f"sqlite:///{folder}/start/tallystick.db", command) as (start, back):
        expected, _ = uninterrupted(back("whole", f"sqlite:///{folder}/whole/tallystick.db"), command)
        for dies_at in range(1, 101, 9):
            place = back("killed", f"sqlite:///{folder}/killed/tallystick.db")
            judge(place, start, expected, {"dies_at_answer": dies_at}, command, **HOW)


@pytest.mark.soak
@pytest.mark.postgres
def test_kill_with_an_address_book_and_the_state_on_postgresql_S17_E29(folder: Path, command: Command) -> None:
    origin = postgres_url()
    with world(folder, origin, command) as (start, back):
        expected, points = uninterrupted(back("whole", fresh(origin, "whole")), command)
        for dies_at in range(1, points + 1):
            place = back("killed", fresh(origin, "killed"))
            judge(place, start, expected, {"dies_at": dies_at}, command, **HOW)
