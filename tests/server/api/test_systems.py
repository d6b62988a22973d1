"""Systems by the API: secrets go in and never come out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tallystick.connectors.memory import MemoryWorld

pytestmark = pytest.mark.django_db
Programs = Callable[..., Any]
DAV = {
    "name": "dav",
    "connector": "dav",
    "settings": {"url": "https://dav.example.org/", "username": "ada", "password": "a-secret-of-ada"},
}


@pytest.fixture
def memory(program: Programs) -> Any:
    MemoryWorld.open("api systems")
    calls = program()
    made = calls.post("/systems", {"name": "crm", "connector": "memory", "settings": {"name": "api systems"}})
    assert made.status_code == 201, made.content
    return calls


def test_connectors_tell_their_settings(program: Programs) -> None:
    found = {one["name"]: one for one in program().get("/connectors").json()["items"]}
    settings = {one["name"]: one for one in found["dav"]["settings"]}
    assert settings["password"]["kind"] == "secret"
    assert "allow_private" not in settings  # the hub decides where connections may go


def test_system_added_shown_changed_and_removed_without_its_secret(program: Programs) -> None:
    calls = program()
    answers = [calls.post("/systems", DAV), calls.get("/systems"), calls.get("/systems/dav")]
    assert [one.status_code for one in answers] == [201, 200, 200]
    assert answers[2].json()["secrets"] == ["password"]
    settings = {"url": "https://dav.example.org/other/", "username": "ada"}
    answers.append(calls.patch("/systems/dav", {"settings": settings, "version": 1}))
    assert answers[3].json()["settings"]["url"] == "https://dav.example.org/other/"
    assert answers[3].json()["secrets"] == ["password"]
    assert all(b"a-secret-of-ada" not in one.content for one in answers)
    assert calls.patch("/systems/dav", {"settings": settings, "version": 1}).status_code == 409
    assert calls.delete("/systems/dav").status_code == 204
    assert calls.get("/systems/dav").status_code == 404


def test_system_tested_and_discovered(memory: Any) -> None:
    trial = memory.post("/systems/crm/test")
    assert (trial.status_code, trial.json()["is_ok"]) == (200, True)
    assert memory.post("/systems/crm/discover").json()["connector"] == "memory"
    tried = memory.post("/systems/try", {"connector": "memory", "settings": {"name": "none such"}}).json()
    assert set(tried) == {"is_ok", "message", "hint", "code", "seconds"}


def test_system_inside_the_network_told_when_tested(program: Programs) -> None:
    calls = program()
    calls.post("/systems", {**DAV, "settings": {**DAV["settings"], "url": "http://169.254.169.254/"}})
    trial = calls.post("/systems/dav/test").json()
    assert (trial["is_ok"], trial["code"]) == (False, "address_refused")


def test_system_with_wrong_settings_told_by_field(program: Programs) -> None:
    refused = program().post("/systems", {"name": "a b", "connector": "dav", "settings": {"colour": 1}})
    assert refused.status_code == 422
    assert {"name", "colour"} <= set(refused.json()["fields"])


@pytest.mark.parametrize(
    ("role", "statuses"),
    [
        ("integration manager", (200, 201, 200, 204)),
        ("read-only", (200, 403, 403, 403)),
        ("agent", (403, 403, 403, 403)),
        ("technician", (403, 403, 403, 403)),
        ("", (403, 403, 403, 403)),
    ],
)
def test_systems_by_each_role(program: Programs, memory: Any, role: str, statuses: tuple[int, ...]) -> None:
    calls = program(role)
    found = (
        calls.get("/systems").status_code,
        calls.post("/systems", DAV).status_code,
        calls.post("/systems/crm/test").status_code,
        calls.delete("/systems/crm").status_code,
    )
    assert found == statuses


@pytest.mark.parametrize("path", ["/systems/none", "/integrations/none", "/plans/none", "/integrations/none/versions"])
def test_what_is_not_there_answers_404(program: Programs, path: str) -> None:
    assert program().get(path).status_code == 404
