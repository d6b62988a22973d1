"""Many people in a hub at once, reading and deciding while runs are going; what they waited for, and what failed."""

from __future__ import annotations

import random
import re
import sqlite3
import threading
import time
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field

import httpx

from tests.hub_processes import PEOPLE, HubProcesses, Person, wait_until

INTEGRATIONS = ("north", "south")
FILE = """\
integration: {name}
systems:
  crm: {{connector: sql, url: "sqlite:///{name}-crm.db"}}
  register: {{connector: sql, url: "sqlite:///{name}-register.db"}}
  hub: {{connector: records}}
flows:
  - flow: people
    left: {{system: crm, record: person, key: id}}
    right: {{system: register, record: person, key: id}}
    fields:
      - {{left: email, right: email}}
      - {{left: name, right: name}}
      - {{left: phone, right: phone}}
    match: {{definite: [[email]]}}
    conflict: {{rule: ask}}
    guards: {{delete: none, create: none, change: none, shrink: none}}
  - flow: orders
    left: {{system: crm, record: orders, key: id}}
    right: {{system: register, record: orders, key: id}}
    fields: [{{left: title, right: title}}]
    guards: {{delete: none, create: none, change: none, shrink: none}}
"""
FURNISH = """\
import random
from tallystick.server.designer.domain import transfer
from tallystick.server.designer.workspaces import workspace
from tallystick.server.people.actor import system_actor
from tallystick.server.records.samples.fill import Sizes, fill
actor = system_actor("Setup", via="command line")
import sqlite3
for text in given["files"]:
    transfer.import_file(actor, text)
fill(Sizes(accounts=100, people=given["people"], assets=given["assets"]))
for name in given["names"]:
    with workspace(name, by="Setup") as opened:
        opened.sync(["people"])
    for side, word in (("crm", "left"), ("register", "right")):
        with sqlite3.connect(hub.data / "files" / f"{name}-{side}.db") as database:
            database.execute("UPDATE person SET phone = ? || id", (word,))
        database.close()
    with workspace(name, by="Setup") as opened:
        opened.sync(["people"])
given = given["counts"]
"""
ERRANDS = """\
from collections import Counter
from tallystick.server.ops.models import Errand
rows = Errand.objects.values_list("status", "code")
print(json.dumps(Counter(code or status for status, code in rows)))
"""
ANSWER = re.compile(r'name="seen" value="([^"]*)"')
TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="(\w+)"')
QUESTION = re.compile(r'href="/review/(\d+)/')
RECORD = re.compile(r'href="/records/installed_asset/([0-9a-f]{32})/"')


@dataclass(slots=True, kw_only=True)
class Load:
    """How much is done in the hub. `pause_s`: what somebody looks at a page for, from and to."""

    users: int = 50
    seconds: float = 60.0
    pause_s: tuple[float, float] = (1.0, 3.0)
    questions: int = 400  # of each integration
    orders: int = 20_000  # of each
    write_s: float = 0.01


@dataclass(slots=True, kw_only=True)
class Seen:
    """What came of it. Times in seconds, by what was asked for."""

    waited: dict[str, list[float]] = field(default_factory=dict)
    failures: Counter[str] = field(default_factory=Counter)
    decided: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, what: str, seconds: float, fault: str = "") -> None:
        with self.lock:
            self.waited.setdefault(what, []).append(seconds)
            if fault:
                self.failures[f"{what}: {fault}"] += 1


def furnish(hub: HubProcesses, load: Load) -> list[str]:
    """Two integrations with questions that wait and orders to write, sample records; the sessions of the people."""
    hub.files.mkdir(parents=True)
    for name in INTEGRATIONS:
        for side in ("crm", "register"):
            with closing(sqlite3.connect(hub.files / f"{name}-{side}.db")) as database, database:
                database.execute("CREATE TABLE person (id INTEGER PRIMARY KEY, email TEXT, name TEXT, phone TEXT)")
                database.execute("CREATE TABLE orders (id INTEGER PRIMARY KEY, title TEXT NOT NULL)")
                if side == "crm":
                    people = [(f"p{n}@{name}.example", f"Person {n}", str(n)) for n in range(load.questions)]
                    database.executemany("INSERT INTO person (email, name, phone) VALUES (?, ?, ?)", people)
                    orders = [(f"Order {n}",) for n in range(load.orders)]
                    database.executemany("INSERT INTO orders (title) VALUES (?)", orders)
    files = [FILE.format(name=name) for name in INTEGRATIONS]
    counts = {"administrator": 2, "agent": load.users - 2}
    given = {"files": files, "names": INTEGRATIONS, "counts": counts, "people": 1_000, "assets": 2_000}
    sessions = hub.do(FURNISH + PEOPLE, given)
    return [*sessions["administrator"], *sessions["agent"]]


def begin_runs(addresses: list[str], sessions: list[str]) -> None:
    """One of each integration; both are going when this returns."""
    with Person(addresses[0], sessions[0]) as person:
        for name in INTEGRATIONS:
            answer = person.send_form(f"/integrations/{name}/", f"/integrations/{name}/run/", flow="orders")
            assert answer.status_code == 200, answer.text[:500]
        for name in INTEGRATIONS:
            wait_until(
                lambda page=f"/integrations/{name}/standing/": "running" in person.get(page).text  # type: ignore[misc]
            )


def at_work(addresses: list[str], sessions: list[str], load: Load) -> Seen:
    """Everybody for `load.seconds`: one action in five is an answer, the others read."""
    seen = Seen()
    ends = time.monotonic() + load.seconds
    threads = [
        threading.Thread(target=_work, args=(addresses[n % len(addresses)], session, n, load, ends, seen))
        for n, session in enumerate(sessions)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return seen


def errands(hub: HubProcesses) -> Counter[str]:
    """What the answers came to, once none is under way: "done", or the code of the refusal."""
    while True:
        found: Counter[str] = Counter(hub.do(ERRANDS))
        if not found["going"] and not found["waiting"]:
            return found


def _work(address: str, session: str, number: int, load: Load, ends: float, seen: Seen) -> None:
    chance = random.Random(number)
    with Person(address, session, timeout_s=120) as person:
        time.sleep(chance.uniform(0.0, load.pause_s[1]))
        while time.monotonic() < ends:
            if chance.random() < 0.2:
                _decide(person, chance, seen)
            else:
                _read(person, chance, seen)
            time.sleep(chance.uniform(*load.pause_s))


def _read(person: Person, chance: random.Random, seen: Seen) -> None:
    pages = {
        "dashboard": "/",
        "list": f"/records/installed_asset/?sort={chance.choice(['name', '-changed_at', 'number'])}",
        "search": f"/records/installed_asset/?q={chance.choice(['dell', 'pro', 'sn', 'laptop'])}",
        "people": "/records/person/",
        "queue": "/review/",
    }
    what = chance.choice([*pages, "record"])
    if what != "record":
        _get(person, what, pages[what], seen)
        return
    shown = _get(person, "list", "/records/installed_asset/", seen)
    if found := RECORD.findall(shown):
        _get(person, "record", f"/records/installed_asset/{chance.choice(found)}/", seen)


def _decide(person: Person, chance: random.Random, seen: Seen) -> None:
    queue = _get(person, "queue", "/review/", seen)
    numbers = QUESTION.findall(queue)
    if not numbers:
        return
    number = chance.choice(numbers)
    shown = _get(person, "question", f"/review/{number}/", seen)
    given, token = ANSWER.search(shown), TOKEN.search(shown)
    if given is None or token is None:  # somebody else was faster
        return
    form = {
        "csrfmiddlewaretoken": token[1],
        "seen": given[1],
        "take": chance.choice(["left", "right"]),
        "query": "",
    }
    answer = _timed(
        seen,
        "decide",
        lambda: person.post(
            f"/review/{number}/answer/",
            data=form,
            headers={"HX-Request": "true", "Referer": f"{person.base_url}/review/{number}/"},
        ),
    )
    if "Answered." in answer or "on its way" in answer:
        with seen.lock:
            seen.decided += 1


def _get(person: Person, what: str, path: str, seen: Seen) -> str:
    return _timed(seen, what, lambda: person.get(path))


def _timed(seen: Seen, what: str, ask: object) -> str:
    began = time.monotonic()
    try:
        answer: httpx.Response = ask()  # type: ignore[operator]
    except httpx.HTTPError as error:
        seen.note(what, time.monotonic() - began, type(error).__name__)
        return ""
    fault = "" if answer.status_code == 200 else str(answer.status_code)
    seen.note(what, time.monotonic() - began, fault)
    return answer.text + answer.headers.get("HX-Trigger", "")
