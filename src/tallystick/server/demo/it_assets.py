"""IT assets of the demo: a register, machines whose agents report to the hub, the pack over both, and what it asks.

Made once, while the hub serves already: agents report over the network, as they do everywhere. A demo that was stopped
in between goes on with what is not there yet.
"""

from __future__ import annotations

import json
import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import httpx
import structlog

from tallystick.errors import TallystickError, Unreachable
from tallystick.server.demo.beginning import ADMINISTRATOR, Tell
from tallystick.server.demo.machines import Machine, machines, report_of

UNIT: Final = "IT001"
COMPANY: Final = "Tallystick Service (own company)"
KEY_FILE: Final = "agent-key"
SUBTYPES: Final = (("LAPTOP", "Laptop"), ("DESKTOP", "Desktop"), ("SERVER", "Server"), ("PRINTER", "Printer"))
SITES: Final = (("HQ", "Head office", "Leeds"), ("DC1", "Data centre", "Köln"), ("STORE", "Stores", "Leeds"))
PARTS: Final = ("Service desk", "Field service", "Finance")
NOT_ENTERED: Final = 48
"""Machines from this number on nobody entered by hand: discovery does."""
SILENT: Final = (7, 19)
"""Machines that reported last six weeks ago."""
ELSEWHERE: Final = (4, 23)
"""Machines of which the register expects another model."""
DOUBTFUL: Final = (11, 12, 13, 14)
"""Machines that the CRM knows by their serial number alone."""
PAUSE_S: Final = (20.0, 40.0)
_SUBTYPE_OF: Final = {"NB": "LAPTOP", "PC": "DESKTOP", "SRV": "SERVER"}
log = structlog.get_logger("tallystick.demo")
Post = Callable[[bytes, str], int]
"""Sends what an agent reports, with its content type; the status of the answer."""


def posting(address: str, user: str, password: str) -> Post:
    """Over the network. Raises Unreachable where the hub does not answer."""

    def post(body: bytes, content_type: str) -> int:
        try:
            answer = httpx.post(
                f"{address}/inventory",
                content=body,
                headers={"Content-Type": content_type},
                auth=(user, password),
                timeout=60,
                trust_env=False,
            )
        except httpx.TransportError as error:
            raise Unreachable("The hub of the demo does not take reports of agents.") from error
        return answer.status_code

    return post


def agent_key(data: Path) -> tuple[str, str]:
    """User name and password of the demo's agents; made once, and kept in the data folder."""
    from tallystick.server.discovery.domain.keys import make_key

    kept = data / KEY_FILE
    if not kept.is_file():
        made = make_key(_administrator(), name="Machines of the demo", business_unit=UNIT, frequency_h=1)
        unfinished = kept.with_suffix(".new")
        unfinished.touch(mode=0o600)
        unfinished.write_text(json.dumps([made.key.user, made.password]), encoding="ascii")
        unfinished.rename(kept)
    user, password = json.loads(kept.read_text(encoding="ascii"))
    return user, password


def make_it_assets(post: Post, tell: Tell) -> None:
    """Everything, in the order people would do it."""
    from tallystick.server.designer.models import Integration

    if Integration.objects.filter(name="it-assets", is_enabled=True).exists():
        return
    parts = _Register()
    parts.make()
    reported = sum(post(*report_of(one)) == 200 for one in machines() if one.number not in SILENT)
    _find_differences()
    parts.make_costs()
    _set_up(parts.company)
    _make_cases()
    tell(f"{reported} machines reported to the hub; the pack IT assets keeps its register and the CRM right.")


def report_again(post: Post, chance: random.Random) -> None:
    """One machine reports as it does every hour; now and then something was installed on it."""
    machine = chance.choice([one for one in machines() if one.number not in SILENT])
    extra = ("Inkscape", "Inkscape Project", f"1.{chance.randint(2, 4)}") if chance.random() < 0.3 else None
    post(*report_of(machine, extra=extra))


@contextmanager
def at_work(address: str, data: Path, tell: Tell, *, is_quiet: bool) -> Iterator[None]:
    """While the block lasts: makes everything as soon as the hub answers, then machines report now and then."""
    stopping = threading.Event()
    key = agent_key(data)  # made by this thread: the hub is told of it before it answers
    work = threading.Thread(
        target=_work, args=(posting(address, *key), tell, stopping, is_quiet), name="demo-machines", daemon=True
    )
    work.start()
    try:
        yield
    finally:
        stopping.set()
        work.join(timeout=10)


def _work(post: Post, tell: Tell, stopping: threading.Event, is_quiet: bool) -> None:
    from django.db import DatabaseError, connections

    chance = random.Random()  # noqa: S311
    is_made = False
    try:
        while not stopping.wait(chance.uniform(*PAUSE_S) if is_made else 1.0):
            try:
                if not is_made:
                    make_it_assets(post, tell)
                    is_made = True
                    if is_quiet:
                        return
                else:
                    report_again(post, chance)
            except TallystickError as error:
                log.warning("no machine reported", code=error.code, message=str(error))
            except DatabaseError as error:  # others were writing for too long
                log.warning("no machine reported", message=type(error).__name__)
    finally:
        connections.close_all()


class _Register:
    """The built-in register as people filled it by hand before there were agents."""

    def __init__(self) -> None:
        self._actor = _administrator()
        self._chance = random.Random(7)  # noqa: S311
        self._today = datetime.now(UTC).date()
        self.company = self._once("account", "name", COMPANY, {})

    def make(self) -> None:
        from tallystick.server.records.models import InstalledAsset
        from tallystick.server.registers.models import RegisterAsset

        subtypes = {code: self._once("register_subtype", "code", code, {"name": name}) for code, name in SUBTYPES}
        sites = [
            self._once("register_location", "name", name, {"code": code, "city": city}) for code, name, city in SITES
        ]
        parts = [self._once("register_department", "name", name, {}) for name in PARTS]
        people = list(self._employees(parts))
        makers: dict[str, str] = {}
        for machine in machines():
            maker = machine.model.maker
            makers[maker] = makers.get(maker) or self._once("register_manufacturer", "name", maker, {})
        asset_count = RegisterAsset.objects.filter(business_unit=UNIT).count()
        if asset_count < NOT_ENTERED:
            for machine in machines():
                if machine.number < NOT_ENTERED:
                    place = sites[1] if machine.model.prefix == "SRV" else sites[0]
                    subtype = subtypes[_SUBTYPE_OF[machine.model.prefix]]
                    person = people[machine.number % len(people)] if people and machine.model.prefix == "NB" else None
                    values = self._asset(machine, makers[machine.model.maker], subtype, place, person)
                    self._once("register_asset", "asset_id", values.pop("asset_id"), values)
            self._doubtful_serials(subtypes["LAPTOP"], makers["LENOVO"], sites[2])
        if not InstalledAsset.objects.filter(business_unit=UNIT).exists():
            self._known_to_the_crm()
        self._silent()

    def make_costs(self) -> None:
        """What assets cost besides their price: what the register page adds up."""
        from tallystick.server.registers.models import RegisterAsset, RegisterCost

        if RegisterCost.objects.exists():
            return
        for asset in RegisterAsset.objects.filter(business_unit=UNIT, cost__isnull=False).order_by("number")[:12]:
            bought = asset.purchased_on or self._today
            for kind, name, amount in (
                ("contract", "Service contract, 3 years", 180 + 15 * self._chance.randint(0, 8)),
                ("work", "Set-up and delivery", 60 + 5 * self._chance.randint(0, 10)),
                ("software", "Licences", 240),
            ):
                cost = {"name": name, "asset": asset.pk, "kind": kind, "amount": str(amount), "currency": "EUR"}
                self._make("register_cost", {**cost, "incurred_on": bought.isoformat()})

    def _asset(
        self, machine: Machine, maker: str, subtype: str, place: str, person: str | None
    ) -> dict[str, str | None]:
        model = machine.model
        bought = self._today - timedelta(days=self._chance.randint(90, 1200))
        return {
            "asset_id": f"{1000 + machine.number}",
            "name": machine.hostname,
            "business_unit": UNIT,
            "subtype": subtype,
            "manufacturer": maker,
            "model": f"{model.name} (old list)" if machine.number in ELSEWHERE else model.name,
            "serial_number": machine.serial,
            "asset_tag": f"T{10_000 + machine.number}",
            "location": place,
            "employee": person,
            "purchased_on": bought.isoformat(),
            "warranty_until": date(bought.year + 3, bought.month, 28).isoformat(),
            "cost": str(self._chance.randint(70, 260) * 10),
            "currency": "EUR",
        }

    def _doubtful_serials(self, subtype: str, maker: str, place: str) -> None:
        """One number on two assets, of which one is in use; and one in use without a number."""
        first = next(machines())
        common: dict[str, Any] = {"business_unit": UNIT, "subtype": subtype, "manufacturer": maker, "location": place}
        twice = {"name": f"{first.hostname} (entered twice)", "serial_number": first.serial, "is_in_use": "false"}
        self._once("register_asset", "asset_id", "1901", {**common, **twice, "status": "retired"})
        self._once("register_asset", "asset_id", "1902", {**common, "name": "Loan notebook", "model": "ThinkPad T14"})

    def _known_to_the_crm(self) -> None:
        """Assets that agents of the help desk wrote down: a serial number, no asset id. And one of two minds."""
        known = {machine.number: machine for machine in machines()}
        for number in DOUBTFUL:
            machine = known[number]
            values = {
                "name": f"Notebook of {machine.user}",
                "serial_number": machine.serial.lower(),
                "model": machine.model.name,
                "business_unit": UNIT,
                "account": self.company,
            }
            self._make("installed_asset", values)
        disputed = {"business_unit": UNIT, "account": self.company}
        self._make("installed_asset", {**disputed, "name": "Counter terminal", "asset_id": "1015"})
        self._make("installed_asset", {**disputed, "name": "Terminal, counter 2", "installed_product_id": "IP-1015"})
        register = _asset_of("1015")
        if register is not None:
            _actions().update(self._actor, "register_asset", register.pk, {"installed_product_id": "IP-1015"})

    def _silent(self) -> None:
        """Some machines were seen six weeks ago and never again: no network carries what is past."""
        from tallystick.server.discovery.domain.keeping import keep
        from tallystick.server.discovery.models import AgentKey, Device
        from tallystick.server.discovery.protocol import json_reports, xml_reports
        from tallystick.server.discovery.protocol.unpacking import unpack

        key = AgentKey.objects.filter(business_unit=UNIT).order_by("pk").first()
        for machine in machines():
            if machine.number in SILENT and key is not None:
                if Device.objects.filter(hostname=machine.hostname, business_unit=UNIT).exists():
                    continue
                body, _type = report_of(machine)
                document = unpack(iter((body,))).document
                reports = json_reports if machine.is_linux else xml_reports
                keep(reports.read(document), key, datetime.now(UTC) - timedelta(days=42))

    def _employees(self, parts: list[str]) -> Iterator[str]:
        """The service company's own people, who are workers of the CRM too."""
        from tallystick.server.records.models import Person

        workers = Person.objects.filter(roles__contains="worker", gone_at__isnull=True, employee_id__isnull=False)
        for number, person in enumerate(workers.order_by("number")[:30]):
            values = {
                "name": f"{person.first_name} {person.last_name}",
                "email": person.email1,
                "department": parts[number % len(parts)],
            }
            yield self._once("register_employee", "employee_id", person.employee_id, values)

    def _once(self, kind: str, field: str, value: Any, values: dict[str, Any]) -> str:
        """The record with that value, made where it lacks."""
        from tallystick.server.records.record_types import record_type

        rows: Any = record_type(kind).model
        found = rows.objects.filter(gone_at__isnull=True, **{field: value}).first()
        return str(found.pk) if found is not None else self._make(kind, {field: value, **values})

    def _make(self, kind: str, values: dict[str, Any]) -> str:
        return str(_actions().create(self._actor, kind, values).id)


def _find_differences() -> None:
    """What the hub does every few minutes by itself."""
    from tallystick.server.registers.domain.comparing import compare

    compare(datetime.now(UTC))


def _set_up(company: str) -> None:
    """The pack, in the order its page shows."""
    from tallystick.server.designer.domain.standing import enable
    from tallystick.server.designer.workspaces import workspace
    from tallystick.server.packs import queries
    from tallystick.server.packs.catalogue import pack_of
    from tallystick.server.packs.domain.installing import install
    from tallystick.server.packs.domain.units import switch, switched_on

    actor, pack = _administrator(), pack_of("assets")
    if not queries.installed(pack):
        install(actor, pack, values={"company": company})
    if pack.units is not None and UNIT not in switched_on(pack.units):
        switch(actor, pack.units, UNIT, is_on=True)
    references = [one.flow for one in pack.operations if one.full and one.flow != "assets"]
    with workspace("it-assets", by=actor.name) as opened:
        opened.sync(flows=references, is_full=True)
        opened.sync(flows=["assets"], is_full=True)
    enable(actor, "it-assets")


def _make_cases() -> None:
    """Two callers who have an asset that was discovered."""
    from tallystick.server.records.models import InstalledAsset

    owned = InstalledAsset.objects.filter(
        business_unit=UNIT, person__isnull=False, hostname__isnull=False, gone_at__isnull=True
    )
    subjects = ("Notebook does not wake up after the night", "Second screen stays dark")
    for asset, subject in zip(owned.order_by("number")[:2], subjects, strict=False):
        values = {"subject": subject, "kind": "help_desk", "person": asset.person_id}
        _actions().create(_administrator(), "case", values)


def _asset_of(asset_id: str) -> Any:
    from tallystick.server.registers.models import RegisterAsset

    return RegisterAsset.objects.filter(business_unit=UNIT, asset_id=asset_id, gone_at__isnull=True).first()


def _administrator() -> Any:
    from tallystick.server.people.actor import actor_of
    from tallystick.server.people.models import User

    return actor_of(User.objects.get(email=ADMINISTRATOR))


def _actions() -> Any:
    from tallystick.server.records.domain import actions

    return actions
