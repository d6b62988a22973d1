"""Inventory agents reporting to a hub of its own process over HTTP: a paced stream, then as fast as it goes.

TALLYSTICK_BENCH_AGENTS (2,000) machines with 300 programs each; TALLYSTICK_BENCH_SECONDS (60) of each phase. Machines
that did not get their turn over HTTP are made known first by the same steps in one process, many to a transaction.
Prints numbers, judges nothing. 10,000 agents that report once an hour send 2.8 a second.
"""

from __future__ import annotations

import base64
import itertools
import os
import random
import statistics
import threading
import time
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field

import httpx
import pytest

from tests.hub_processes import HubProcesses, hub_processes
from tests.servers import postgres_url

AGENTS = int(os.environ.get("TALLYSTICK_BENCH_AGENTS", "2000"))
SECONDS = float(os.environ.get("TALLYSTICK_BENCH_SECONDS", "60"))
HOURLY = 10_000 / 3_600
THREADS = 4
KEY = """\
from tallystick.server.discovery.domain.keys import make_key
from tallystick.server.people.actor import system_actor
made = make_key(system_actor("Bench", via="bench"), name="Bench", business_unit="US001", frequency_h=1)
print(json.dumps({"user": made.key.user, "password": made.password}))
"""
FILL = """\
import itertools, zlib
from django.db import transaction
from django.utils import timezone
from tallystick.server.discovery.domain.keeping import keep
from tallystick.server.discovery.models import AgentKey
from tallystick.server.discovery.protocol import xml_reports
from tests.bench.bench_agents import report
key = AgentKey.objects.get()
numbers = iter(range(given["first"], given["last"]))
while some := list(itertools.islice(numbers, 20)):
    with transaction.atomic():
        for number in some:
            keep(xml_reports.read(zlib.decompress(report(number, 0))), key, timezone.now())
"""


def report(number: int, turn: int) -> bytes:
    """A machine; every tenth report tells of a program that came."""
    programs = "".join(
        f"<SOFTWARES><NAME>program-{(number * 7 + n) % 900}</NAME><PUBLISHER>maker {n % 40}</PUBLISHER>"
        f"<VERSION>1.{n % 9}</VERSION></SOFTWARES>"
        for n in range(300)
    )
    new = f"<SOFTWARES><NAME>new-{turn}</NAME><VERSION>1</VERSION></SOFTWARES>" if (number + turn) % 10 == 0 else ""
    mac = ":".join(f"{part:02x}" for part in (0x3C, 0x52, 0x82, number >> 16 & 255, number >> 8 & 255, number & 255))
    text = (
        f"<REQUEST><CONTENT><HARDWARE><NAME>pc-{number:05d}</NAME><MEMORY>16384</MEMORY></HARDWARE>"
        f"<BIOS><SSN>BENCH{number:06d}</SSN><SMANUFACTURER>Dell Inc.</SMANUFACTURER><SMODEL>Latitude</SMODEL></BIOS>"
        f"<NETWORKS><DESCRIPTION>eth0</DESCRIPTION><MACADDR>{mac}</MACADDR></NETWORKS>{programs}{new}</CONTENT>"
        f"<DEVICEID>pc-{number:05d}-2026-01-01-08-00-00</DEVICEID><QUERY>INVENTORY</QUERY></REQUEST>"
    )
    return zlib.compress(text.encode())


@dataclass(slots=True)
class Taken:
    waited_s: list[float] = field(default_factory=list)
    refused: int = 0
    seconds: float = 0.0

    def told(self) -> str:
        ordered = sorted(self.waited_s)
        p50, p95 = (ordered[int((len(ordered) - 1) * part)] * 1e3 for part in (0.5, 0.95))
        rate = len(ordered) / self.seconds
        waits = f"p50 {p50:.0f} ms, p95 {p95:.0f} ms, slowest {ordered[-1]:.1f} s"
        return f"{rate:6.1f} reports/s, {waits}, {self.refused} refused"


def posted(address: str, head: str, bodies: Iterator[bytes], *, per_s: float | None, count: int) -> Taken:
    """`per_s`: agents report at this rate whether or not the hub keeps up; None: each thread sends the next at once."""
    taken, lock, began = Taken(), threading.Lock(), time.perf_counter()
    turns = itertools.count()

    def send() -> None:
        with httpx.Client(trust_env=False, timeout=120) as client:
            while True:
                with lock:
                    turn = next(turns)
                    if turn >= count or (per_s is None and time.perf_counter() - began > SECONDS):
                        return
                    body = next(bodies)
                due = began + turn / per_s if per_s else time.perf_counter()
                time.sleep(max(0.0, due - time.perf_counter()))
                answer = client.post(
                    f"{address}/inventory",
                    content=body,
                    headers={"Authorization": head, "Content-Type": "application/x-compress-zlib"},
                )
                with lock:
                    taken.waited_s.append(time.perf_counter() - due)
                    taken.refused += answer.status_code != 200

    threads = [threading.Thread(target=send) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    taken.seconds = time.perf_counter() - began
    return taken


@pytest.mark.parametrize("name", ["SQLite", "PostgreSQL"])
def test_bench_agents(tmp_path, name):
    url = postgres_url() if name == "PostgreSQL" else ""
    with hub_processes(tmp_path, database_url=url) as hub:
        key = hub.do(KEY)
        (address,) = hub.start(webs=1, workers=0)
        head = "Basic " + base64.b64encode(f"{key['user']}:{key['password']}".encode()).decode()
        new = (report(number, 0) for number in itertools.count())
        first = posted(address, head, new, per_s=None, count=AGENTS)
        print(f"\n{name}, machines that are new, as fast as it goes: {first.told()}")
        hub.do(FILL, {"first": len(first.waited_s), "last": AGENTS}, timeout_s=3_600)
        known = max(AGENTS, len(first.waited_s))
        hourly = posted(address, head, again(known, 1), per_s=HOURLY, count=int(SECONDS * HOURLY))
        print(f"{name}, {known:,} known machines, the pace of 10,000 an hour: {hourly.told()}")
        limit = posted(address, head, again(known, 2), per_s=None, count=10**9)
        print(f"{name}, {known:,} known machines, as fast as it goes: {limit.told()}")
        print(f"that is {limit_an_hour(limit):,} agents an hour; {memory(hub)}; errors in the log: {hub.errors()}")


def again(known: int, turn: int) -> Iterator[bytes]:
    chance = random.Random(turn)
    while True:
        yield report(chance.randrange(known), turn)


def limit_an_hour(taken: Taken) -> int:
    return round(3_600 * len(taken.waited_s) / taken.seconds)


def memory(hub: HubProcesses) -> str:
    return f"{statistics.fmean(hub.memory_mib()):.0f} MiB"
