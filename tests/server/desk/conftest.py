"""A firm with a workshop, an agent with a case, a technician, a clock that stands; and a maintenance outside."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from tallystick.server.desk.domain import help_desk
from tallystick.server.desk.domain.help_desk import Wanted
from tallystick.server.desk.models import CaseOrder, WorkOrder
from tallystick.server.messages import moment, partners
from tallystick.server.messages.courier import Courier
from tallystick.server.messages.models import Letter, Peer, Role
from tallystick.server.people.actor import Actor, actor_of
from tallystick.server.records.domain import actions
from tallystick.server.records.models import Case
from tallystick.testing.clock import FixedClock
from tests.outside_maintenance import SECRET, outside_maintenance
from tests.server.messages.conftest import local_network

__all__ = ["local_network"]


@dataclass
class Desk:
    """Two people and what they work with."""

    boss: Actor
    agent: Actor
    technician: Actor
    maintenance: Peer
    requester: str
    asset: str
    clock: FixedClock

    def case(self, **values: Any) -> Case:
        given = {"subject": "Lamp in hall 3 is dark", "kind": "help_desk", "person": self.requester, **values}
        return Case.objects.get(pk=actions.create(self.agent, "case", given).id)

    def ask(self, case: Case, peer: Peer | None = None, **wanted: Any) -> CaseOrder:
        given = {"subject": case.subject, "problem": "EL1", "shop": "S1", "priority": "1", **wanted}
        return help_desk.request_order(self.agent, case.pk, peer or self.maintenance, Wanted(**given))

    def order(self, case_order: CaseOrder) -> WorkOrder:
        return WorkOrder.objects.get(number=int(case_order.number.removeprefix("WO-")))

    def deliver(self) -> None:
        Courier().deliver_due()

    def letters(self, to: str = "") -> list[Letter]:
        rows = Letter.objects.order_by("pk")
        return list(rows.filter(to=to) if to else rows)

    def made(self, type_: str, **values: Any) -> str:
        return actions.create(self.boss, type_, values).id


@pytest.fixture
def clock():
    with moment.told_by(FixedClock()) as held:
        yield held


@pytest.fixture
def desk(db, clock, actor, person):
    agent = actor_of(person("agent", name="Olga Agent", email="olga@example.org"))
    technician = actor_of(person("technician", name="Theo Technician", email="theo@example.org"))

    def make(type_: str, **values: Any) -> str:
        return actions.create(actor, type_, values).id

    electrical = make("problem", code="EL", name="Electrical")
    make("problem", code="EL1", name="Lamp is dark", parent=electrical)
    make("shop", code="S1", name="Electricians")
    make("shop", code="S3", name="Painters", is_open="false")
    make("work_priority", code="1", name="At once", rank="1")
    make("work_priority", code="2", name="This week", rank="2")
    requester = make("person", first_name="Rita", last_name="Requester", email1="rita@example.com")
    make("person", first_name="Theo", last_name="Technician", user=str(technician.person))
    asset = make("installed_asset", name="Lamp 3-17", serial_number="SN-317")
    return Desk(
        boss=actor,
        agent=agent,
        technician=technician,
        maintenance=partners.own(Role.MAINTENANCE),
        requester=requester,
        asset=asset,
        clock=clock,
    )


@pytest.fixture
def outside():
    with outside_maintenance() as server:
        yield server


@pytest.fixture
def outside_peer(db, outside, local_network):
    """The hub's view of the maintenance outside."""
    from tallystick.server.connections import vault

    now = moment.now()
    return Peer.objects.create(
        name="outside",
        title="Outside",
        role=Role.MAINTENANCE,
        address=outside.address,
        mark="a-mark-of-the-tests",
        secret=vault.seal(SECRET),
        timeout_s=1,
        created_at=now,
        changed_at=now,
    )
