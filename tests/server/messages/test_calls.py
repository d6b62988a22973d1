"""Message partners and queues of Request Tracker by the API."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tallystick.server.messages import outbox, partners
from tallystick.server.messages.course import State
from tallystick.server.messages.models import Peer, Role, Transaction
from tests.server.api.conftest import program

__all__ = ["program"]
pytestmark = pytest.mark.django_db
Programs = Callable[..., Any]
PARTNER = {
    "name": "works",
    "title": "Works department",
    "role": "maintenance",
    "address": "https://works.example.org/messages/",
}
QUEUE = {"name": "rt", "connection": "none", "queue": "Facilities"}


def test_partner_is_added_listed_paused_and_goes_on(program: Programs) -> None:
    calls = program()
    made = calls.post("/message-partners", PARTNER)
    assert (made.status_code, made.json()["address"]) == (201, "https://works.example.org/messages")
    assert made.json()["secret"].startswith("whsec_")
    assert made.json()["incoming"].endswith(f"/api/messages/v1/{Peer.objects.get(name='works').mark}")
    listed = {one["name"]: one for one in calls.get("/message-partners").json()["items"]}
    assert {"own-help-desk", "own-maintenance", "works"} == set(listed)
    assert "secret" not in listed["works"]
    assert (listed["own-help-desk"]["incoming"], listed["works"]["is_paused"]) == ("", False)
    assert calls.post("/message-partners/works/pause", {"is_paused": True}).json()["is_paused"] is True
    assert calls.post("/message-partners/works/pause", {"is_paused": False}).json()["is_paused"] is False
    assert calls.post("/message-partners/nobody/pause", {"is_paused": True}).status_code == 404


def test_faults_of_a_partner_are_told_at_once(program: Programs) -> None:
    calls = program()
    refused = calls.post("/message-partners", PARTNER | {"name": "Works!", "address": "works"})
    assert (refused.status_code, sorted(refused.json()["fields"])) == (422, ["address", "name"])
    assert not Peer.objects.filter(role="maintenance", is_own=False).exists()


def test_queues_are_listed_and_faults_of_one_told(program: Programs) -> None:
    calls = program()
    assert calls.get("/request-tracker/queues").json()["items"] == []
    refused = calls.post("/request-tracker/queues", QUEUE | {"fields": {"nonsense": "Floor"}})
    assert (refused.status_code, "nonsense" in refused.json()["fields"]["fields"]) == (422, True)
    assert "connection" in calls.post("/request-tracker/queues", QUEUE).json()["fields"]
    changed = {name: value for name, value in QUEUE.items() if name != "name"}
    assert calls.call("PUT", "/request-tracker/queues/1", changed).status_code == 404
    assert calls.call("DELETE", "/request-tracker/queues/1").status_code == 404


@pytest.mark.parametrize(
    ("role", "statuses"),
    [("administrator", (200, 201, 200)), ("read-only", (200, 403, 200)), ("technician", (403, 403, 403))],
)
def test_partners_by_each_role(program: Programs, role: str, statuses: tuple[int, ...]) -> None:
    calls = program(role)
    found = (
        calls.get("/message-partners").status_code,
        calls.post("/message-partners", PARTNER).status_code,
        calls.get("/request-tracker/queues").status_code,
    )
    assert found == statuses


def test_parked_message_is_taken_up_and_another_is_not_S7(program: Programs) -> None:
    calls = program()
    sent = outbox.put(partners.own(Role.MAINTENANCE), "test.tell", {"name": "a thing"}, subject="hall")
    assert calls.post(f"/messages/{sent.pk}/take-up").status_code == 409
    Transaction.objects.filter(pk=sent.pk).update(state=State.PARKED)
    assert calls.post(f"/messages/{sent.pk}/take-up").json()["state"] == "waiting"
    assert calls.post("/messages/999999/take-up").status_code == 404
