"""A hub with a workshop, and a real Request Tracker whose queue Facilities is its help desk, behind a proxy."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

from tallystick.server.connections.domain import change
from tallystick.server.desk.models import WorkOrder
from tallystick.server.messages import moment
from tallystick.server.messages.courier import Courier
from tallystick.server.people.actor import Actor, actor_of
from tallystick.server.records.domain import actions
from tallystick.server.request_tracker import beside
from tallystick.server.request_tracker.domain import trackers
from tallystick.server.request_tracker.domain.trackers import Wanted
from tallystick.server.request_tracker.forms import FIELDS, STATUSES
from tallystick.server.request_tracker.models import TicketOrder, Tracker
from tallystick.testing.clock import FixedClock
from tests.integration.scenarios.proxy import Proxy, proxied
from tests.request_tracker import Person, RequestTracker, request_tracker
from tests.server.messages.conftest import local_network

__all__ = ["local_network"]


@pytest.fixture(scope="session")
def rt(tmp_path_factory) -> Iterator[RequestTracker]:
    with request_tracker(tmp_path_factory.mktemp("rt")) as server:
        yield server


@pytest.fixture
def proxy(rt) -> Iterator[Proxy]:
    with proxied(rt.url) as between:
        yield between


@dataclass
class Workshop:
    """`olga` works in Request Tracker, the others in the hub."""

    boss: Actor
    technician: Actor
    clock: FixedClock
    tracker: Tracker
    olga: Person
    url: str
    token: str

    def look(self) -> int:
        """A look at the queue and everything that is due, some seconds after the last."""
        self.clock.move(30)
        heard = beside.look_due()
        self.deliver()
        return heard

    def deliver(self) -> None:
        Courier().deliver_due()

    def numbers(self, ticket: int) -> list[str]:
        return list(TicketOrder.objects.filter(ticket=ticket).order_by("pk").values_list("number", flat=True))

    def order(self, ticket: int) -> WorkOrder:
        """The newest of a ticket."""
        return WorkOrder.objects.get(number=int(self.numbers(ticket)[-1].removeprefix("WO-")))

    def fault(self) -> str:
        return Tracker.objects.get(pk=self.tracker.pk).fault


@pytest.fixture
def workshop(workshop_of) -> Workshop:
    return workshop_of()


@pytest.fixture
def clock() -> Iterator[FixedClock]:
    """It begins now, for Request Tracker has a clock of its own."""
    with moment.told_by(FixedClock(datetime.now(tz=UTC))) as held:
        yield held


@pytest.fixture
def workshop_of(db, actor, person, rt, proxy, local_network, clock) -> Any:
    def make(**wanted: Any) -> Workshop:
        technician = actor_of(person("technician", name="Theo Technician", email="theo@example.org"))
        for type_, values in (
            ("problem", {"code": "EL1", "name": "Lamp is dark"}),
            ("shop", {"code": "S1", "name": "Electricians"}),
            ("shop", {"code": "S3", "name": "Painters", "is_open": "false"}),
            ("work_priority", {"code": "1", "name": "At once", "rank": "1"}),
        ):
            actions.create(actor, type_, values)
        settings = {"url": proxy.url, "token": rt.hub_token}
        change.add(actor, name="rt", title="Help desk", connector="request_tracker", settings=settings)
        given: dict[str, Any] = {
            "connection": "rt",
            "queue": "Facilities",
            "fields": FIELDS,
            "order_field": "Work order",
            "status_field": "Work order status",
            "statuses": STATUSES,
            **wanted,
        }
        tracker = trackers.add(actor, name="facilities", title="Facilities desk", wanted=Wanted(**given))
        return Workshop(boss=actor, technician=technician, clock=clock, tracker=tracker, olga=rt.olga, **settings)

    return make
