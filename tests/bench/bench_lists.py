"""Lists of very many records through the pages of the hub: first page, deep pages, filters, sorting, searches.

TALLYSTICK_BENCH_RECORDS: rows of each large table (1,000,000 on PostgreSQL, 200,000 on SQLite);
TALLYSTICK_BENCH_KINDS: the record types made large. What takes longer than 300 ms is marked. Beside it stands the
processor time of one answer, of the web and its connections to PostgreSQL: other work of the machine hardly changes it.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable

import psutil
import pytest

from tests.bench.users import Load, furnish
from tests.hub_processes import Person, hub_processes
from tests.servers import postgres_with_memory

TIMES = 40
SLOW_S = 0.3
MULTIPLY = """\
from tests.bench.many_records import multiply_all
print(json.dumps(multiply_all(*given)))
"""
NEXT = re.compile(r'href="\?([^"]*after=[^"]*)"')
DEEP = 40
PAGES = {
    "accounts": "/records/account/",
    "accounts by name": "/records/account/?sort=name",
    "accounts by change": "/records/account/?sort=-changed_at",
    "accounts, of a type": "/records/account/?q=&status=active",
    "accounts, found by a Cyrillic word": "/records/account/?q=лифт&sort=name",
    "people": "/records/person/",
    "people by change, found by a word": "/records/person/?q=muller&sort=-changed_at",
    "people, found by a Cyrillic word": "/records/person/?q=иван&sort=name",
    "people by name, down": "/records/person/?sort=-name",
    "people, found by a frequent word": "/records/person/?q=muller",
    "people, found by two words": "/records/person/?q=muller+777",
    "people, nothing found": "/records/person/?q=zzzqqq",
    "assets": "/records/installed_asset/",
    "assets by name": "/records/installed_asset/?sort=name",
    "assets by change": "/records/installed_asset/?sort=-changed_at",
    "assets, of a status": "/records/installed_asset/?status=in_repair",
    "assets, of a status by name": "/records/installed_asset/?status=in_repair&sort=name",
    "assets, found by a frequent word": "/records/installed_asset/?q=forklift",
    "assets, found by two frequent words": "/records/installed_asset/?q=forklift+00",
    "assets, found by a rare word": "/records/installed_asset/?q=van-00003+99",
    "assets, found by a number": "/records/installed_asset/?q=777",
    "assets, nothing found": "/records/installed_asset/?q=zzzqqq",
    "assets, found in a status": "/records/installed_asset/?q=van&status=in_repair",
    "tasks (private ones of others hidden)": "/records/task/",
    "tasks, found by a word": "/records/task/?q=call",
    "cases": "/records/case/",
    "cases, of a status": "/records/case/?status=new",
    "deleted": "/records/deleted/",
    "palette": "/search/?q=van",
    "palette, a number": "/search/?q=777",
    "palette, two letters": "/search/?q=hp",
    "palette, nothing found": "/search/?q=zzzqqq",
    "assets to choose from": "/records/installed_asset/choices/?q=forklift",
    "dashboard": "/",
    "queue": "/review/",
    "queue, conflicts": "/review/?kind=conflict",
    "queue, found by a word": "/review/?q=left12",
    "queue, found by a number": "/review/?q=777",
    "queue, nothing found": "/review/?q=zzzqqq",
    "answered": "/review/answered/",
    "runs": "/runs/",
    "journal": "/journal/",
    "journal of a person": "/journal/?by=Setup",
    "links": "/links/",
    "links, found by a word": "/links/?q=12",
    "API, assets": "/api/v1/records/installed_asset",
}


@pytest.mark.parametrize(("name", "rows"), [("SQLite", 200_000), ("PostgreSQL", 1_000_000)])
def test_lists_of_very_many_records(tmp_path, name, rows):
    rows = int(os.environ.get("TALLYSTICK_BENCH_RECORDS", rows))
    url = postgres_with_memory() if name == "PostgreSQL" else ""
    with hub_processes(tmp_path, database_url=url) as hub:
        sessions = furnish(hub, Load(users=4, questions=200, orders=10))
        began = time.monotonic()
        kinds = os.environ.get("TALLYSTICK_BENCH_KINDS", "account,person,installed_asset,task,case").split(",")
        made = hub.do(MULTIPLY, [rows, kinds], timeout_s=6_000)
        print(f"\n{name}: {made} in {time.monotonic() - began:.0f} s")
        (address,) = hub.start(webs=1)
        spent = processor_of(hub.processes[0].pid, re.sub(r".*/(\w+)\?.*", r"\1", url))
        with (
            Person(address, sessions[0], timeout_s=300) as admin,
            Person(address, sessions[-1], timeout_s=300) as agent,
        ):
            for title, path in PAGES.items():
                measure(agent if "private" in title else admin, title, path, spent)
            for title, path in details(admin).items():
                measure(admin, title, path, spent)
            for title in ("assets", "assets by name", "people", "queue", "journal", "links"):
                deep = turned(admin, PAGES[title])
                measure(admin, f"{title}, page {DEEP}", deep, spent)


def details(person: Person) -> dict[str, str]:
    """Single things: a record, a question, a run of very many operations with its lines, a link."""
    found = {}
    for title, path, of in (
        ("asset", "/records/installed_asset/", r"/records/installed_asset/[0-9a-f]{32}/"),
        ("account, all about it", "/records/account/", r"/records/account/[0-9a-f]{32}/"),
        ("person, all about it", "/records/person/", r"/records/person/[0-9a-f]{32}/"),
        ("assets of an account", "/records/case/", r"/records/account/[0-9a-f]{32}/"),
        ("question", "/review/", r"/review/\d+/"),
        ("run of very many operations", "/runs/", r"/runs/[0-9a-f]{32}/"),
        ("link", "/links/", r"/links/\d+/"),
        ("integration", "/integrations/", r"/integrations/north/"),
    ):
        if shown := re.findall(of, person.get(path).text):
            found[title] = shown[-1]  # of runs the first one, which made links
    if account := found.get("assets of an account"):  # one that has very many
        found["assets of an account"] = f"/records/installed_asset/?account={account.split('/')[3]}&sort=name"
    if run := found.get("run of very many operations"):
        found["its lines"] = f"{run}lines/"
        found["how far it is"] = f"{run}live/"
    return found


def turned(person: Person, path: str) -> str:
    """The address of a page far behind the first."""
    base = path.partition("?")[0]
    for _ in range(DEEP):
        found = NEXT.search(person.get(path).text)
        if found is None:
            return path
        path = f"{base}?{found[1].replace('&amp;', '&')}"
    return path


def processor_of(pid: int, database: str) -> Callable[[], float]:
    """Tells the processor seconds of this process and of those of PostgreSQL that serve the database ("": none)."""

    def spent() -> float:
        found = [psutil.Process(pid)]
        if database:
            titles = ((one, " ".join(one.info["cmdline"] or ())) for one in psutil.process_iter(["cmdline"]))
            found += [one for one, title in titles if title.startswith("postgres:") and f" {database} " in title]
        return sum(sum(one.cpu_times()[:2]) for one in found)

    return spent


def measure(person: Person, title: str, path: str, spent: Callable[[], float]) -> None:
    times = []
    before = spent()
    for _ in range(TIMES):
        began = time.monotonic()
        answer = person.get(path)
        times.append(time.monotonic() - began)
        if times[-1] > 20:
            break
    processor_ms = (spent() - before) / len(times) * 1e3
    first = times[0]
    times.sort()
    p95 = times[min(len(times) - 1, round(len(times) * 0.95))]
    mark = "  SLOW" if p95 > SLOW_S else ""
    status = "" if answer.status_code == 200 else f"  status {answer.status_code}"
    figures = f"p50 {times[len(times) // 2] * 1e3:6.0f} ms  p95 {p95 * 1e3:6.0f} ms  first {first * 1e3:6.0f} ms"
    figures += f"  processor {processor_ms:5.0f} ms"
    print(f"  {title:40} {figures}{mark}{status}", flush=True)
