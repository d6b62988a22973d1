"""Contacts of a CRM table and an address book on Radicale, and vdirsyncer doing the like on the same server.

Tallystick: SQLite table <-> CardDAV, 12 fields translated and merged. vdirsyncer: folder of the same vCards <->
CardDAV, whole files copied. Each has a user of its own on one Radicale. Whole processes are timed, start-up included.
The size is TALLYSTICK_BENCH_CONTACTS (10,000); as many are downloaded first, and a twentieth uploaded to an empty book,
because Radicale looks through the whole book for each new contact. TALLYSTICK_BENCH_PYTHON is a Python that has
Tallystick as it is installed (requirements/runtime.txt): libraries of development are imported where they are found,
pandas by pyarrow. Prints seconds and ratios; judges nothing.
"""

from __future__ import annotations

import json
import os
import random
import re
import sqlite3
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from tests.bench.programs import environment
from tests.dav_servers import QUICK_RADICALE, free_port

CONTACTS = int(os.environ.get("TALLYSTICK_BENCH_CONTACTS", "10000"))
PYTHON = os.environ.get("TALLYSTICK_BENCH_PYTHON", sys.executable)
NOW = "strftime('%Y-%m-%d %H:%M:%f', 'now')"
FIELDS = {
    "first_name": "first_name",
    "last_name": "last_name",
    "company": "company",
    "job_title": "job_title",
    "email": "email1",
    "phone": "phone_work",
    "mobile": "phone_mobile",
    "street": "address_work_street",
    "city": "address_work_city",
    "zip": "address_work_zip",
    "birthday": "birthday",
    "notes": "note",
}
"""Column of the table -> field of the address book."""

NAMES = (
    (("Anna", "Björn", "Chloé", "Jürgen", "Zoë", "Łukasz"), ("Smith", "Müller", "Ångström", "O’Neill", "Nováková")),
    (("Ольга", "Дмитрий", "Татьяна", "Юрий"), ("Иванова", "Кузнецов", "Шевченко", "Ёлкин")),
    (("Ελένη", "Γιώργος", "Μαρία"), ("Παπαδόπουλος", "Ιωάννου", "Νικολάου")),
    (("محمد", "فاطمة", "يوسف"), ("الأحمد", "حسن", "المصري")),
    (("伟", "秀英", "敏"), ("王", "李", "欧阳")),
    (("さくら", "太郎", "美咲"), ("田中", "鈴木", "渡辺")),
    (("민준", "서연"), ("김", "박")),
    (("प्रिया", "राहुल"), ("शर्मा", "गुप्ता")),
)
COMPANIES = ("Nordwind GmbH", "Café & Söhne", "Acme; Parts, Inc.", "株式会社さくら", "ООО Ромашка")
TITLES = ("Head of service", "Technician", "Geschäftsführer", "Инженер", "購買担当")
CITIES = (
    ("Berlin", "10115"),
    ("Montréal", "H2X 1Y4"),
    ("Αθήνα", "105 57"),
    ("大阪市", "530-0001"),
    ("Kraków", "30-001"),
)


RUNS = 3
TITLE = re.compile(r"TITLE:[^\r\n]*")
STREETS = ("Lindenstraße", "High Street", "Rue de l’Église", "本町")


def contact(number: int, chance: random.Random) -> dict[str, str]:
    firsts, lasts = NAMES[0] if chance.random() < 0.6 else chance.choice(NAMES)
    city, zip_code = chance.choice(CITIES)
    return {
        "first_name": chance.choice(firsts),
        "last_name": chance.choice(lasts),
        "company": chance.choice(COMPANIES),
        "job_title": chance.choice(TITLES),
        "email": f"contact{number:06d}@{chance.choice(('example.com', 'example.org', 'mail.example.net'))}",
        "phone": f"+49 30 {chance.randrange(10**7):07d}",
        "mobile": f"+44 7{chance.randrange(10**9):09d}",
        "street": f"{chance.choice(STREETS)} {chance.randrange(1, 200)}",
        "city": city,
        "zip": zip_code,
        "birthday": f"19{chance.randrange(40, 99)}-{chance.randrange(1, 13):02d}-{chance.randrange(1, 29):02d}",
        "notes": f"Met in {city}.\nCalls back, after lunch; number {number}.",
    }


def contacts(count: int) -> Iterator[dict[str, str]]:
    chance = random.Random(1)
    for number in range(count):
        yield contact(number, chance)


def vcard(number: int, values: dict[str, str]) -> str:
    """The same contact as an address book would keep it."""
    it = {name: _escaped(value) for name, value in values.items()}
    lines = (
        "BEGIN:VCARD",
        "VERSION:3.0",
        f"UID:contact-{number:06d}",
        f"N:{it['last_name']};{it['first_name']};;;",
        f"FN:{it['first_name']} {it['last_name']}",
        f"ORG:{it['company']}",
        f"TITLE:{it['job_title']}",
        f"EMAIL;TYPE=INTERNET:{it['email']}",
        f"TEL;TYPE=WORK:{it['phone']}",
        f"TEL;TYPE=CELL:{it['mobile']}",
        f"ADR;TYPE=WORK:;;{it['street']};{it['city']};;{it['zip']};",
        f"BDAY:{it['birthday']}",
        f"NOTE:{it['notes']}",
        "END:VCARD",
    )
    return "".join(f"{line}\r\n" for line in lines)


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,").replace("\n", "\\n")


# --- the server both talk to


class Book:
    """One user's address book on the server, as another client of it edits it."""

    def __init__(self, folder: Path, url: str, user: str) -> None:
        self.url = f"{url}{user}/book/"
        self._files = folder / "data" / "collection-root" / user / "book"
        self._http = httpx.Client(auth=(user, user), trust_env=False, timeout=600)
        kind = "<d:resourcetype><d:collection/><c:addressbook/></d:resourcetype>"
        body = (
            '<d:mkcol xmlns:d="DAV:" xmlns:c="urn:ietf:params:xml:ns:carddav"><d:set><d:prop>'
            f"{kind}</d:prop></d:set></d:mkcol>"
        )
        self._ask("MKCOL", self.url, body, "application/xml")

    def fill(self, count: int) -> None:
        """Contacts that are there from before."""
        for number, values in enumerate(contacts(count)):
            (self._files / f"contact-{number:06d}.vcf").write_bytes(vcard(number, values).encode())
        find = '<d:propfind xmlns:d="DAV:"><d:prop><d:getetag/><d:sync-token/></d:prop></d:propfind>'
        self._ask(
            "PROPFIND", self.url, find, "application/xml"
        )  # the server looks at them, as it does when they are put

    def count(self) -> int:
        return len(list(self._files.glob("*.vcf")))

    def change(self, *, every: int, offset: int) -> int:
        """Another job title for every `every`-th contact; how many."""
        changed = 0
        for file in sorted(self._files.glob("*.vcf")):
            text = file.read_bytes().decode()
            number = int(text.partition("contact")[2].lstrip("-")[:6])
            if number % every != offset:
                continue
            self._ask("PUT", self.url + file.name, TITLE.sub("TITLE:Changed in the book", text), "text/vcard")
            changed += 1
        return changed

    def close(self) -> None:
        self._http.close()

    def _ask(self, method: str, url: str, body: str, kind: str) -> None:
        answer = self._http.request(method, url, content=body.encode(), headers={"Content-Type": kind, "Depth": "1"})
        answer.raise_for_status()


@contextmanager
def server(folder: Path, users: Sequence[str]) -> Iterator[list[Book]]:
    """Radicale, an address book for each user; it does not wait for the disk, which is not what is measured."""
    port = free_port()
    (folder / "users").write_text("".join(f"{user}:{user}\n" for user in users))
    (folder / "config").write_text(
        f"[server]\nhosts = 127.0.0.1:{port}\n[auth]\ntype = htpasswd\nhtpasswd_filename = {folder}/users\n"
        f"htpasswd_encryption = plain\ndelay = 0\n[storage]\nfilesystem_folder = {folder}/data\n"
        "[logging]\nlevel = error\n"
    )
    url = f"http://127.0.0.1:{port}/"
    with (folder / "server.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-c", QUICK_RADICALE, str(folder / "config")],
            stdout=log,
            stderr=log,
        )
    try:
        for _ in range(600):
            try:
                httpx.get(url, trust_env=False)
                break
            except httpx.TransportError:
                time.sleep(0.05)
        books = [Book(folder, url, user) for user in users]
        yield books
        for book in books:
            book.close()
    finally:
        process.terminate()
        process.wait(30)


# --- the two that are timed


def make_crm(folder: Path, book: Book, count: int) -> Path:
    folder.mkdir()
    with sqlite3.connect(folder / "crm.db") as database:
        database.execute("pragma journal_mode = wal")
        columns = ", ".join(f"{name} text" for name in FIELDS)
        database.execute(f"create table contact (id integer primary key, {columns}, updated_at text)")
        marks = ", ".join("?" * (len(FIELDS) + 1))
        database.executemany(
            f"insert into contact ({', '.join(FIELDS)}, updated_at) values ({marks})",
            ((*(values[name] for name in FIELDS), "2026-01-01 00:00:00.000") for values in contacts(count)),
        )
        database.execute("create index contact_updated_at on contact (updated_at)")
    database.close()
    lines = "\n".join(f"      - {{left: {left}, right: {right}}}" for left, right in FIELDS.items())
    file = folder / "contacts.yaml"
    file.write_text(
        f"""\
integration: contacts
systems:
  crm: {{connector: sql, url: "sqlite:///crm.db"}}
  book: {{connector: dav, url: "{book.url}", username: hub, password: hub}}
flows:
  - flow: contacts
    left: {{system: crm, record: contact, key: id, changed: updated_at}}
    right: {{system: book, record: contacts}}
    fields:
{lines}
""",
        encoding="utf-8",
    )
    return file


def change_crm(folder: Path, *, every: int, offset: int) -> int:
    with sqlite3.connect(folder / "crm.db") as database:
        changed = database.execute(
            f"update contact set job_title = 'Changed in the CRM', updated_at = {NOW}"
            " where cast(substr(email, 8, 6) as integer) % ? = ?",
            (every, offset),
        ).rowcount
    database.close()
    return changed


def tallystick(file: Path, verb: str = "sync") -> tuple[float, dict[str, Any]]:
    """Seconds of the whole process, and what it says it did."""
    words = {"check": ["check", "--connect"], "sync": ["sync"], "full": ["sync", "--full"]}[verb]
    command = [PYTHON, "-m", "tallystick.cli", *words, str(file), "--json"]
    started = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment(file.parent)) as process:
        assert process.stdout is not None
        answer = process.stdout.read()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.perf_counter() - started
    assert process.returncode == 0, answer
    said = {} if verb == "check" else json.loads(answer)["flows"]["contacts"]
    return seconds, {**said, "peak_mib": used.ru_maxrss / 1024}


def make_vdir(folder: Path, book: Book, count: int) -> Path:
    files = folder / "cards" / "book"
    files.mkdir(parents=True)
    for number, values in enumerate(contacts(count)):
        (files / f"contact-{number:06d}.vcf").write_bytes(vcard(number, values).encode())
    config = folder / "config"
    config.write_text(
        f"""\
[general]
status_path = "{folder}/status/"

[pair contacts]
a = "here"
b = "there"
collections = ["book"]

[storage here]
type = "filesystem"
path = "{folder}/cards/"
fileext = ".vcf"

[storage there]
type = "carddav"
url = "{book.url.removesuffix("book/")}"
username = "vdir"
password = "vdir"
"""
    )
    vdirsyncer(config, "discover")
    return config


def change_vdir(folder: Path, *, every: int, offset: int) -> int:
    changed = 0
    for number in range(offset, CONTACTS, every):
        file = folder / "cards" / "book" / f"contact-{number:06d}.vcf"
        file.write_bytes(TITLE.sub("TITLE:Changed in the folder", file.read_bytes().decode()).encode())
        changed += 1
    return changed


def vdirsyncer(config: Path, verb: str = "sync") -> float:
    started = time.perf_counter()
    command = [sys.executable, "-m", "vdirsyncer", "-v", "WARNING", "-c", str(config), verb]
    done = subprocess.run(command, capture_output=True, text=True, input="y\n" * 10, env=environment(config.parent))
    assert done.returncode == 0, done.stderr
    return time.perf_counter() - started


def test_up(tmp_path: Path) -> None:
    count = max(1, CONTACTS // 20)
    with server(tmp_path, ("hub", "vdir")) as (hub, vdir):
        file, config = make_crm(tmp_path / "crm", hub, count), make_vdir(tmp_path / "vdir", vdir, count)
        tallystick(file, "check")  # and vdirsyncer has discovered
        ours, said = tallystick(file)
        theirs = vdirsyncer(config)
        assert (hub.count(), vdir.count()) == (count, count), said
        _print(f"{count:,} contacts up", ours, theirs, said)


def test_down_and_on(tmp_path: Path) -> None:
    with server(tmp_path, ("hub", "vdir")) as (hub, vdir):
        file, config = make_crm(tmp_path / "crm", hub, 0), make_vdir(tmp_path / "vdir", vdir, 0)
        tallystick(file, "check")
        hub.fill(CONTACTS)
        vdir.fill(CONTACTS)
        ours, said = tallystick(file)
        theirs = vdirsyncer(config)
        assert said["writes"]["left"]["create"] == len(list((config.parent / "cards" / "book").iterdir())) == CONTACTS
        _print(f"{CONTACTS:,} contacts down", ours, theirs, said)

        what = f"{CONTACTS:,} contacts, nothing changed"
        times = [(tallystick(file), vdirsyncer(config), tallystick(file, "full")) for _ in range(RUNS)]
        _print_medians(what, [(ours, theirs) for (ours, _), theirs, _ in times])
        _print_medians(f"{what}, full comparison", [(full, theirs) for _, theirs, (full, _) in times])

        pairs = []
        for run in range(RUNS):
            here, there = 10 * run + 3, 10 * run + 5
            changed = {
                change_crm(file.parent, every=100, offset=here),
                hub.change(every=100, offset=there),
                change_vdir(config.parent, every=100, offset=here),
                vdir.change(every=100, offset=there),
            }
            assert changed == {CONTACTS // 100}
            ours, said = tallystick(file)
            assert all(said["writes"][side]["update"] == CONTACTS // 100 for side in ("left", "right")), said
            pairs.append((ours, vdirsyncer(config)))
        _print_medians(f"{CONTACTS:,} contacts, 1 % changed on each side", pairs)


def _print_medians(what: str, pairs: Sequence[tuple[float, float]]) -> None:
    ours, theirs = (statistics.median(times) for times in zip(*pairs, strict=True))
    print(f"\n(f) {what}: {ours:.1f} s; vdirsyncer {theirs:.1f} s; ratio {ours / theirs:.2f};")
    shown = ", ".join(f"{ours:.1f} and {theirs:.1f}" for ours, theirs in pairs)
    print(f"    medians of {shown}", flush=True)


def _print(what: str, ours: float, theirs: float, said: dict[str, Any]) -> None:
    print(f"\n(f) {what}: {ours:.1f} s; peak {said['peak_mib']:.0f} MiB;")
    print(f"    vdirsyncer {theirs:.1f} s; ratio {ours / theirs:.2f}", flush=True)
