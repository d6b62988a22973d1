"""Integrations by the API: documents in versions, files, standing, runs and plans."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from typing import Any

import pytest

from tallystick.connectors.memory import MemoryWorld
from tallystick.connectors.memory.describe import FieldSettings, RecordTypeSettings
from tallystick.runs.requests import requests_of
from tallystick.server.designer.place import state_url
from tallystick.server.designer.worker import start_worker

pytestmark = pytest.mark.django_db
Programs = Callable[..., Any]
TEXT = """\
integration: firm
title: CRM and register   # for people
systems:
  crm: {connection: left}
  register: {connection: right}
flows:
  - flow: people
    left: {system: crm, record: person}
    right: {system: register, record: person}
    fields:
      - {left: name, right: name}
    match: {definite: [[name]]}
    schedule: every 30 days
"""
_numbers = itertools.count()


@pytest.fixture
def calls(program: Programs) -> Any:
    """A program, and two systems in memory."""
    found = program()
    number = next(_numbers)
    for side in ("left", "right"):
        world = MemoryWorld.open(f"{side} of api {number}")
        world.define(RecordTypeSettings(name="person", fields=(FieldSettings(name="name"),)))
        settings = {"name": f"{side} of api {number}"}
        assert found.post("/systems", {"name": side, "connector": "memory", "settings": settings}).status_code == 201
    return found


@pytest.fixture
def firm(calls: Any) -> Any:
    assert calls.post("/integrations", {"text": TEXT}).status_code == 201
    return calls


def test_integration_made_read_versioned_and_exported(firm: Any) -> None:
    (listed,) = firm.get("/integrations").json()["items"]
    assert (listed["name"], listed["version"], listed["is_enabled"]) == ("firm", 1, False)
    found = firm.get("/integrations/firm").json()
    assert found["text"] == TEXT
    assert [(flow["name"], flow["is_paused"]) for flow in found["flows"]] == [("people", False)]
    changed = TEXT.replace("CRM and register", "Another title")
    saved = firm.call("PUT", "/integrations/firm", {"text": changed, "seen": 1, "comment": "Said better"}).json()
    assert (saved["number"], saved["comment"]) == (2, "Said better")
    assert firm.call("PUT", "/integrations/firm", {"text": TEXT, "seen": 1}).status_code == 409
    versions = firm.get("/integrations/firm/versions?limit=1").json()
    assert [one["number"] for one in versions["items"]] == [2]
    rest = firm.get(f"/integrations/firm/versions?cursor={versions['next']}").json()
    assert ([one["number"] for one in rest["items"]], rest["next"]) == ([1], None)
    assert firm.get("/integrations/firm/versions/1").json()["text"] == TEXT
    assert firm.post("/integrations/firm/versions/1/restore").json()["number"] == 3
    exported = firm.get("/integrations/firm/export")
    assert exported["Content-Type"] == "application/yaml"
    assert b"connector: memory" in exported.content


def test_document_with_faults_told_with_lines(calls: Any) -> None:
    refused = calls.post("/integrations", {"text": "integration: firm\nflows: 3\n"})
    assert (refused.status_code, refused.json()["code"]) == (422, "document")


def test_file_of_the_command_line_imported(calls: Any) -> None:
    text = TEXT.replace("{connection: right}", "{connector: memory, name: '${WORLD}'}")
    assert calls.post("/integrations/needed", {"text": text}).json()["items"] == [
        {"name": "WORLD", "systems": ["register"], "is_secret": False}
    ]
    assert calls.post("/integrations/import", {"text": text}).status_code == 422
    done = calls.post("/integrations/import", {"text": text, "values": {"WORLD": "a world"}}).json()
    assert done == {"name": "firm", "version": 1, "made": ["register"], "used": []}


def test_standing_enabled_paused_resumed_drained_disabled(firm: Any) -> None:
    assert firm.post("/integrations/firm/enable").json()["is_enabled"] is True
    assert firm.post("/integrations/firm/pause", {"flow": "people"}).json() == {"is_changed": True}
    assert firm.get("/integrations/firm").json()["flows"][0]["is_paused"] is True
    refused = firm.post("/integrations/firm/run", {"flows": ["people"]})
    assert (refused.status_code, "paused" in refused.json()["detail"]) == (422, True)
    assert firm.post("/integrations/firm/resume", {"flow": "people"}).json() == {"is_changed": True}
    assert firm.post("/integrations/firm/drain").json()["is_draining"] is True
    assert firm.post("/integrations/firm/disable").json()["is_enabled"] is False
    assert (
        firm.post("/integrations/firm/schedule", {"flow": "people", "schedule": "every 2 hours"}).json()["number"] == 2
    )
    assert firm.get("/integrations/firm").json()["flows"][0]["schedule_s"] == 7200
    assert firm.delete("/integrations/firm").status_code == 204
    assert firm.get("/integrations").json()["items"] == []


def test_fields_of_a_flow_offered_added_set_and_taken_out_E11_E40(firm: Any, calls: Any) -> None:
    path = "/integrations/firm/flows/people/fields"
    for side in ("left", "right"):
        settings = firm.get(f"/systems/{side}").json()["settings"]
        fields = tuple(FieldSettings(name=name) for name in ("name", "email"))
        MemoryWorld.open(settings["name"]).define(RecordTypeSettings(name="person", fields=fields))
        assert firm.post(f"/systems/{side}/test").status_code == 200
    found = firm.get(path).json()
    assert [line["name"] for line in found["lines"]] == ["name"]
    assert (found["pairs"], found["gone"]) == ([{"left": "email", "right": "email"}], {"left": [], "right": []})
    assert [field["name"] for field in found["free"]["left"]] == ["email"]
    assert firm.post(path, {"left": "email", "right": "email", "decides": "left"}).json()["number"] == 2
    assert firm.get(path).json()["lines"][1]["decides"] == "left"
    assert firm.post(f"{path}/decide", {"line": "email", "decides": "both"}).json()["number"] == 3
    again = firm.post(path, {"left": "email", "right": "email"})
    assert (again.status_code, again.json()["fields"]) == (422, {"left": "email is kept in agreement already."})
    assert firm.post(f"{path}/remove", {"line": "email"}).json()["number"] == 4
    assert firm.get("/integrations/firm").json()["text"] == TEXT
    assert firm.post(f"{path}/remove", {"line": "name"}).status_code == 422
    assert firm.get("/integrations/firm/flows/none/fields").status_code == 404


def test_run_asked_for_once_however_often_the_call_comes(firm: Any) -> None:
    asked = [firm.post("/integrations/firm/run", {"full": True}, Idempotency_Key="run-1") for _ in range(2)]
    assert [one.status_code for one in asked] == [202, 202]
    assert asked[0].json() == asked[1].json()
    requests = requests_of(state_url())
    waiting = [job for job in requests.waiting() if job.run == asked[0].json()["run"]]
    for job in waiting:
        requests.taken(job)
    assert len(waiting) == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("nothing_asked")
def test_plan_made_looked_through_and_applied(calls: Any, request: pytest.FixtureRequest) -> None:
    number = next(_numbers)
    left = MemoryWorld.open(f"left of plan {number}")
    right = MemoryWorld.open(f"right of plan {number}")
    for world in (left, right):
        world.define(RecordTypeSettings(name="person", fields=(FieldSettings(name="name"),)))
    for name in ("Ada", "Grace", "Edith"):
        left.table("person").put({"name": name})
    calls.patch("/systems/left", {"settings": {"name": f"left of plan {number}"}})
    calls.patch("/systems/right", {"settings": {"name": f"right of plan {number}"}})
    assert calls.post("/integrations", {"text": TEXT}).status_code == 201
    made = calls.post("/integrations/firm/plans", {"full": True})
    assert made.status_code == 202
    request.addfinalizer(start_worker().stop)
    plan = finished(calls, made.json()["id"], "planning")
    assert plan["state"] == "ready", plan
    path = f"/plans/{plan['id']}"
    first = calls.get(f"{path}/operations?limit=2").json()
    rest = calls.get(f"{path}/operations?limit=2&cursor={first['next']}").json()
    lines = [*first["items"], *rest["items"]]
    assert (len(lines), rest["next"], {one["action"] for one in lines}) == (3, None, {"create"})
    assert calls.post(f"{path}/apply").status_code == 202
    assert finished(calls, plan["id"], "applying")["state"] == "applied"
    assert calls.post(f"{path}/apply").status_code == 409


def finished(calls: Any, plan: str, state: str) -> dict[str, Any]:
    while True:
        found = calls.get(f"/plans/{plan}").json()
        if found["state"] != state:
            return dict(found)
        time.sleep(0.05)


@pytest.mark.parametrize(
    ("role", "statuses"),
    [
        ("integration manager", (200, 200, 202, 204)),
        ("read-only", (200, 403, 403, 403)),
        ("agent", (403, 403, 403, 403)),
        ("technician", (403, 403, 403, 403)),
    ],
)
def test_integrations_by_each_role(program: Programs, firm: Any, role: str, statuses: tuple[int, ...]) -> None:
    calls = program(role)
    found = (
        calls.get("/integrations/firm").status_code,
        calls.post("/integrations/firm/enable").status_code,
        calls.post("/integrations/firm/plans", {}).status_code,
        calls.delete("/integrations/firm").status_code,
    )
    assert found == statuses
