"""Code sets by the API."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.django_db
Programs = Callable[..., Any]
SET = "/code-sets/case_status"


def test_codes_listed_added_changed_ordered_and_removed(program: Programs) -> None:
    calls = program()
    names = [one["name"] for one in calls.get("/code-sets").json()["items"]]
    assert {"case_status", "priority", "role"} <= set(names)
    found = calls.get(SET).json()
    assert (found["used_by"], found["codes"][0]["title"]) == (["case.status"], "Open")
    made = calls.post(f"{SET}/codes", {"code": "parked", "english": "Parked", "like": "on_hold"})
    assert (made.status_code, made.json()["codes"][-1]["title"]) == (201, "Parked")
    assert calls.post("/records/case", {"values": {"subject": "S", "status": "parked"}}).status_code == 201
    kinds = {kind["name"]: kind for kind in calls.get("/records").json()["items"]}
    (status,) = [field for field in kinds["case"]["fields"] if field["name"] == "status"]
    assert status["codes"][-1] == "parked"
    refused = calls.delete(f"{SET}/codes/parked")
    assert (refused.status_code, list(refused.json()["fields"])) == (422, ["code"])
    changed = calls.patch(f"{SET}/codes/parked", {"is_retired": True, "russian": "На полке"}).json()["codes"][-1]
    assert (changed["is_retired"], changed["russian"], changed["english"]) == (True, "На полке", "Parked")
    assert calls.post("/records/case", {"values": {"subject": "S", "status": "parked"}}).status_code == 422
    assert len(calls.get("/records/case?status=parked").json()["items"]) == 1
    codes = [one["code"] for one in calls.get(SET).json()["codes"]]
    ordered = calls.call("PUT", f"{SET}/order", {"codes": codes[::-1]}).json()["codes"]
    assert [one["code"] for one in ordered] == codes[::-1]
    assert calls.delete(f"{SET}/codes/cancelled").status_code == 204


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/code-sets/colour", None, 404),
        ("DELETE", f"{SET}/codes/nothing", None, 404),
        ("PATCH", f"{SET}/codes/nothing", {"english": "x"}, 404),
        ("POST", f"{SET}/codes", {"code": "A b", "english": "x"}, 422),
        ("POST", f"{SET}/codes", {"code": "x", "english": "x", "tone": "loud"}, 422),
        ("PATCH", f"{SET}/codes/open", {"is_retired": True}, 422),
        ("PUT", f"{SET}/order", {"codes": ["open", "open"]}, 422),
    ],
)
def test_call_that_makes_no_sense_is_refused(program: Programs, method: str, path: str, body: Any, status: int) -> None:
    assert program().call(method, path, body).status_code == status


def test_others_read_and_change_nothing(program: Programs) -> None:
    calls = program(role="agent")
    assert calls.get(SET).status_code == 200
    assert calls.post(f"{SET}/codes", {"code": "x", "english": "X"}).status_code == 403
    assert calls.patch(f"{SET}/codes/open", {"english": "X"}).status_code == 403
    assert calls.delete(f"{SET}/codes/open").status_code == 403
    assert calls.call("PUT", f"{SET}/order", {"codes": []}).status_code == 403
    assert program(role="").get(SET).status_code == 403
