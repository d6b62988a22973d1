"""A toy operation, a clock that stands, and partners: the hub's own and one outside."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_network

import pytest
from django.conf import settings as django_settings

from tallystick.server.connections import vault
from tallystick.server.messages import moment, operation, receiving
from tallystick.server.messages.envelope import Fault, accepted
from tallystick.server.messages.models import Peer, Role
from tallystick.server.messages.operation import Kind, Operation
from tallystick.server.people.models import AuditEntry
from tallystick.testing.clock import FixedClock
from tests.outside_maintenance import SECRET, outside_maintenance

THING = {
    "type": "object",
    "required": ["name"],
    "additionalProperties": False,
    "properties": {"name": {"type": "string", "minLength": 1, "maxLength": 40}},
}
MAKE = Operation(
    name="test.make",
    version=1,
    kind=Kind.REQUEST,
    title="Make",
    request=THING,
    response={"type": "object", "required": ["number"], "properties": {"number": {"type": "string"}}},
)
TELL = Operation(
    name="test.tell", version=1, kind=Kind.EVENT, title="Tell", request=THING, response={}, is_repeatable=True
)


def made() -> list[str]:
    """What the toy has made, in order: its effects stand in a table, as real ones do."""
    return list(AuditEntry.objects.filter(action="test.made").order_by("pk").values_list("subject_name", flat=True))


def _make(peer, row):
    name = row.body["name"]
    AuditEntry.objects.create(action="test.made", by="toy", via="test", subject_name=name)
    if name.startswith("bad"):
        raise receiving.Refusal(
            Fault(code="bad", field="name", message="It is bad."), Fault(code="worse", message="And worse.")
        )
    if name.startswith("park") and not AuditEntry.objects.filter(action="test.mapped").exists():
        raise receiving.Parked("Its name is not mapped.")
    return accepted({"number": f"N-{len(made())}"})


@pytest.fixture(autouse=True)
def toy(monkeypatch):
    monkeypatch.setattr(operation, "_operations", dict(operation._operations))
    monkeypatch.setattr(receiving, "_handlers", dict(receiving._handlers))
    operation.register(MAKE, TELL)
    receiving.handle("test.make", 1, _make)
    receiving.handle("test.tell", 1, _make)


@pytest.fixture
def clock():
    with moment.told_by(FixedClock()) as held:
        yield held


@pytest.fixture
def outside():
    with outside_maintenance() as server:
        yield server


@pytest.fixture
def local_network(settings):
    settings.CONFIGURATION = replace(django_settings.CONFIGURATION, allowed_networks=(ip_network("127.0.0.0/8"),))


@pytest.fixture
def outside_peer(db, outside, local_network):
    """The hub's view of the maintenance outside."""
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
