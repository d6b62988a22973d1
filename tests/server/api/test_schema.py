"""Every call of the API with whatever its schema allows, and what it does not: never an error of ours.

TALLYSTICK_EXAMPLES: how often the slow test tries each call.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from django.core.wsgi import get_wsgi_application
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st
from schemathesis.generation import GenerationMode

from tallystick.connectors.memory import MemoryWorld
from tallystick.connectors.memory.describe import FieldSettings, RecordTypeSettings
from tallystick.server.api.pace import Pace
from tests.firm import Firm

APART = {
    "undo_run",
    "answer_review",
    "undo_review",
    "answer_held_run",
    "plan_integration",
    "apply_plan",
    "link_records",
    "unlink_records",
    "revoke_token",
}
"""Those that work in threads or hold locks of their own, or end the token: other tests call them."""
TEXT = """\
integration: firm
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
"""


@dataclass
class Hub:
    """A hub with something in it. `known`: parameter -> values that are there."""

    token: str
    known: dict[str, list[Any]] = field(default_factory=dict)


@pytest.fixture
def hub(program: Callable[..., Any], tmp_path: Path, settings: Any) -> Hub:
    settings.TALLYSTICK_API_PACE = Pace(10_000_000, 10_000_000)
    firm = Firm(tmp_path)
    firm.unmapped(2)
    calls = program()
    MemoryWorld.open("schema").define(RecordTypeSettings(name="person", fields=(FieldSettings(name="name"),)))
    for name in ("left", "right"):
        calls.post("/systems", {"name": name, "connector": "memory", "settings": {"name": "schema"}})
    assert calls.post("/integrations", {"text": TEXT}).status_code == 201
    account = calls.post("/records/account", {"values": {"name": "Northwind"}}).json()["id"]
    task = calls.post("/records/task", {"values": {"subject": "Call"}}).json()["id"]
    inlet = calls.post("/inlets", {"system": "left"}).json()["id"]
    run = calls.get("/runs").json()["items"][0]["run"]
    review = calls.get("/reviews").json()["items"][0]["id"]
    known = {
        "record_id": [account, task],
        "record_type": ["account", "task"],
        "name": ["firm", "left"],
        "run": [run],
        "number": [1, review, inlet],
        "person_id": [calls.user.pk],
        "role_id": [1, 2],
        "flow": ["people"],
        "integration": ["firm"],
    }
    return Hub(calls.token, known)


def check(hub: Hub, examples: int) -> list[str]:
    """What went wrong; everything is tried before anything is told."""
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", get_wsgi_application())
    faults: dict[str, str] = {}
    count = 0
    for found in schema.get_all_operations():
        operation = found.ok()
        if operation.definition.raw["operationId"] in APART:
            continue
        count += 1
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            _try(hub, operation, mode, examples, faults)
    assert count > 80
    return list(faults.values())


def _try(hub: Hub, operation: Any, mode: Any, examples: int, faults: dict[str, str]) -> None:
    @seed(20261122)
    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        print_blob=False,
    )
    @given(case=operation.as_strategy(generation_mode=mode), choice=st.integers(0, 3))
    def one(case: Any, choice: int) -> None:
        for name, values in hub.known.items():
            if choice and name in (case.path_parameters or {}):
                case.path_parameters[name] = values[choice % len(values)]
        answer = case.call(headers={"Authorization": f"Bearer {hub.token}"})
        if answer.status_code >= 500 and answer.status_code != 502:
            faults.setdefault(
                operation.label,
                f"{operation.label}: {case.path_parameters} {case.query} {case.body!r:.300} "
                f"answered {answer.status_code}: {answer.text[:300]}",
            )

    with suppress(schemathesis.errors.SchemathesisError):  # where a call has no parameters that could be wrong
        one()


@pytest.mark.slow
@pytest.mark.timeout(400)
@pytest.mark.django_db(transaction=True)
def test_no_call_answers_with_an_error_of_ours(hub: Hub) -> None:
    assert check(hub, 2) == []


@pytest.mark.soak
@pytest.mark.django_db(transaction=True)
@pytest.mark.timeout(3_600)
def test_no_call_answers_with_an_error_of_ours_however_often_it_is_tried(hub: Hub) -> None:
    assert check(hub, int(os.environ.get("TALLYSTICK_EXAMPLES", "150"))) == []
