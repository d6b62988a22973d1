"""The desk under load, on the embedded set-up: work orders a minute end to end, how long messages take, searching the
history of very many.

TALLYSTICK_BENCH_ORDERS: work orders that are asked for and completed (500); TALLYSTICK_BENCH_PEOPLE: programs at once
(4); TALLYSTICK_BENCH_MESSAGES: transactions of the history that is searched (100,000).
"""

from __future__ import annotations

import itertools
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import psutil

from tests.bench.bench_lists import measure
from tests.hub_processes import Person, hub_processes, wait_until

ORDERS = int(os.environ.get("TALLYSTICK_BENCH_ORDERS", "500"))
PEOPLE = int(os.environ.get("TALLYSTICK_BENCH_PEOPLE", "4"))
MESSAGES = int(os.environ.get("TALLYSTICK_BENCH_MESSAGES", "100000"))
FURNISH = """\
from datetime import timedelta
from django.contrib.auth.models import Group
from django.test import Client
from django.utils import timezone
from tallystick.server.people.actor import actor_of, system_actor
from tallystick.server.people.domain.tokens import create_token
from tallystick.server.people.models import User
from tallystick.server.records.domain import actions
actor = system_actor("Setup", via="command line")
for code, name in (("EL", "Electrical"), ("HE", "Heating")):
    actions.create(actor, "problem", {"code": code, "name": name})
actions.create(actor, "shop", {"code": "S1", "name": "Electricians"})
actions.create(actor, "work_priority", {"code": "1", "name": "At once", "rank": "1"})
made = {}
until = timezone.now() + timedelta(days=1)
for role in ("agent", "technician", "administrator"):
    for number in range(given):  # calls are counted by person
        user = User(email=f"{role}{number}@example.org", name=f"{role.capitalize()} {number}")
        user.set_unusable_password()
        user.save()
        user.groups.add(Group.objects.get(name=role))
        token = create_token(actor_of(user), name="bench", scopes=["desk.*", "records.*"], expires_at=until).text
        made.setdefault(f"{role}s", []).append(token)
client = Client()
client.force_login(user, backend="tallystick.server.people.backend.Backend")
made["administrator"] = client.cookies["tallystick_session"].value
print(json.dumps(made))
"""
TIMES = """\
from tallystick.server.messages.models import Transaction
rows = Transaction.objects.filter(settled_at__isnull=False, direction="out")
times = {}
for operation, created, settled in rows.values_list("operation", "created_at", "settled_at"):
    times.setdefault(operation, []).append((settled - created).total_seconds())
print(json.dumps(times))
"""
AGREEING = """\
from tallystick.server.desk.models import CaseOrder, WorkOrder
print(json.dumps([CaseOrder.objects.filter(status="completed").count(),
                  WorkOrder.objects.filter(status="completed").count()]))
"""
STRAIGHT = """\
import time
from tallystick.server.desk.domain import help_desk
from tallystick.server.desk.domain.help_desk import Wanted
from tallystick.server.messages import partners
from tallystick.server.messages.models import Role
from tallystick.server.people.actor import system_actor
from tallystick.server.records.domain import actions
actor = system_actor("Bench", via="command line")
peer = partners.own(Role.MAINTENANCE)
times = []
for number in range(given):
    case = actions.create(actor, "case", {"subject": f"Lamp {number}", "kind": "help_desk"}).id
    began = time.perf_counter()
    found = help_desk.request_order(actor, case, peer, Wanted(subject="Lamp", problem="EL", shop="S1", priority="1"))
    times.append(time.perf_counter() - began)
    assert found.number, found.transaction.errors
print(json.dumps(times))
"""
HISTORY = """\
import random
from datetime import timedelta
from django.utils import timezone
from tallystick.server.messages import partners
from tallystick.server.messages.models import Attempt, Role, Transaction, Words
chance = random.Random(7)
words = [f"{one}{two}" for one in ("lamp", "door", "heat", "pump", "fan", "lift", "pipe", "lock") for two in
         ("dark", "open", "cold", "loud", "stuck", "wet", "slow", "lost")]
peers = [partners.own(Role.MAINTENANCE), partners.own(Role.HELP_DESK)]
now = timezone.now()
operations = ("work_order.create", "work_order.status_changed", "work_order.note_added")
for start in range(0, given, 5_000):
    rows = []
    for number in range(start, min(start + 5_000, given)):
        subject = " ".join(chance.choice(words) for _ in range(8))
        out = number % 2 == 0
        rows.append(Transaction(
            correlation=f"bench-{number:032d}", direction="out" if out else "in", peer=peers[not out],
            operation=operations[number % 3], version=1, subject=f"WO-{number // 6}",
            body={"number": f"WO-{number // 6}", "reference": f"C-{number // 4}", "subject": subject,
                  "description": " ".join(chance.choice(words) for _ in range(30))},
            answer={}, state="done" if number % 50 else "refused", attempts=1,
            created_at=now - timedelta(seconds=number),
            created_by="Bench", settled_at=now, about_type="case", about=f"{number // 4:032d}",
            about_called=f"C-{number // 4}"))
    made = Transaction.objects.bulk_create(rows)
    Words.objects.bulk_create([
        Words(transaction=one, text=" ".join((str(one.pk), one.correlation, one.operation, one.subject,
              one.about_called, *one.body.values())).casefold()[:600]) for one in made])
    Attempt.objects.bulk_create([Attempt(transaction=one, ordinal=1, body=one.body, started_at=now, ended_at=now,
                                         came="answered") for one in made])
print(json.dumps(Transaction.objects.count()))
"""


def told(name: str, seconds: list[float]) -> None:
    times = sorted(seconds)
    p95 = times[min(len(times) - 1, round(len(times) * 0.95))]
    print(
        f"  {name:44} n {len(times):6} p50 {times[len(times) // 2] * 1e3:6.0f} ms  p95 {p95 * 1e3:6.0f} ms", flush=True
    )


class Program:
    """Calls of one token."""

    def __init__(self, address: str, token: str) -> None:
        heads = {"Authorization": f"Bearer {token}"}
        self._client = httpx.Client(base_url=f"{address}/api/v1", headers=heads, timeout=120)

    def post(self, path: str, **body: object) -> dict:
        while True:
            answer = self._client.post(path, json=body)
            if answer.status_code != 429:
                break
            time.sleep(float(answer.headers.get("Retry-After", "1")))
        assert answer.status_code < 300, (path, answer.status_code, answer.text)
        return answer.json() if answer.content else {}


def test_work_orders_a_minute_and_the_time_of_messages(tmp_path):
    with hub_processes(tmp_path) as hub:
        given = hub.do(FURNISH, PEOPLE)
        print()
        told("request and answer, in one process alone", hub.do(STRAIGHT, 300))
        (address,) = hub.start(webs=1)
        waited: dict[str, list[float]] = {}
        lock = threading.Lock()

        def do(number: int) -> None:
            agent, technician = mine()
            known: dict[str, str] = {}
            for what, who, path, body in (
                ("case", agent, "/records/case", {"values": {"subject": f"Lamp {number}", "kind": "help_desk"}}),
                ("ask", agent, "/desk/cases/{case}/orders", WANTED),
                ("begin", technician, "/desk/work/{order}/steps", {"doing": "begin"}),
                ("complete", technician, "/desk/work/{order}/steps", {"doing": "complete", "resolution": "New bulb."}),
            ):
                began = time.monotonic()
                answer = who.post(path.format(**known), **body)
                with lock:
                    waited.setdefault(what, []).append(time.monotonic() - began)
                if what == "case":
                    known["case"] = answer["id"]
                elif what == "ask":
                    known["order"] = order_id(technician, answer["number"])

        def mine() -> tuple[Program, Program]:
            if not hasattr(own, "programs"):
                ordinal = next(ordinals)
                own.programs = tuple(Program(address, given[role][ordinal]) for role in ("agents", "technicians"))
            return own.programs

        own, ordinals = threading.local(), itertools.count()
        program = psutil.Process(hub.processes[0].pid)
        before = sum(program.cpu_times()[:2])
        began = time.monotonic()
        with ThreadPoolExecutor(PEOPLE) as pool:
            list(pool.map(do, range(ORDERS)))
        asked_s = time.monotonic() - began
        wait_until(lambda: hub.do(AGREEING)[0] >= ORDERS, most_s=600, what="the cases did not hear of all orders")
        whole_s = time.monotonic() - began
        print(f"  {ORDERS} work orders asked for and completed by {PEOPLE} programs in {asked_s:.0f} s")
        print(f"  {ORDERS / asked_s * 60:.0f} a minute; every case had heard of it after {whole_s:.0f} s")
        used = (sum(program.cpu_times()[:2]) - before) / ORDERS
        print(f"  the hub used {used * 1e3:.0f} ms of a processor for each, which is {60 / used:.0f} a minute of one")
        for what, times in waited.items():
            told(what, times)
        for operation, times in hub.do(TIMES).items():
            told(f"message {operation}", times)
        assert hub.do(AGREEING)[0] == ORDERS


WANTED = {"subject": "Lamp is dark", "problem": "EL", "shop": "S1", "priority": "1"}


def order_id(program: Program, number: str) -> str:
    """The id of a work order by its number."""
    answer = program._client.get("/records/work_order", params={"q": number, "limit": 1})
    return str(answer.json()["items"][0]["id"])


def test_searching_a_history_of_many_messages(tmp_path):
    with hub_processes(tmp_path) as hub:
        given = hub.do(FURNISH, PEOPLE)
        began = time.monotonic()
        print(f"\n{hub.do(HISTORY, MESSAGES, timeout_s=3_000)} messages in {time.monotonic() - began:.0f} s")
        (address,) = hub.start(webs=1)
        with Person(address, given["administrator"], timeout_s=120) as admin:
            for title, query in {
                "the newest": "",
                "of a state": "state=refused",
                "of an operation": "operation=work_order.create",
                "of a partner": "peer=own-help-desk",
                "by a word of many": "q=lampdark",
                "by two words": "q=lampdark+liftslow",
                "by a number of a work order": "q=wo-1234",
                "by a number of a case": "q=c-24999",
                "by a correlation id": "q=bench-00000000000000000000000000012345",
                "by a word of none": "q=zzzqqq",
                "by a word, of a state": "q=pumploud&state=refused",
                "of a case": f"about={17:032d}",
            }.items():
                measure(admin, title, f"/messages/?{query}")
            measure(admin, "API, by a word", "/api/v1/messages?q=lampdark")
            measure(admin, "API, by a word of none", "/api/v1/messages?q=zzzqqq")
