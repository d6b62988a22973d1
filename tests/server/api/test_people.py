"""People, roles, tokens and the audit trail by the API."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.django_db
Programs = Callable[..., Any]


def test_me_tells_who_calls(program: Programs) -> None:
    me = program("read-only", name="Ada Byron").get("/me").json()
    assert (me["name"], me["via"]) == ("Ada Byron (A program)", "api")
    assert "records.view_account" in me["permissions"]
    assert "records.change_account" not in me["permissions"]


def test_person_added_changed_and_listed(program: Programs) -> None:
    calls = program()
    made = calls.post("/people", {"email": "grace@example.org", "name": "Grace", "roles": ["agent"]})
    assert made.status_code == 201
    path = f"/people/{made.json()['id']}"
    changed = calls.patch(path, {"name": "Grace Hopper", "is_active": False}).json()
    assert (changed["name"], changed["roles"], changed["is_active"]) == ("Grace Hopper", ["agent"], False)
    assert [one["name"] for one in calls.get("/people?q=hopper").json()["items"]] == ["Grace Hopper"]
    assert calls.get("/people?limit=1").json()["next"] == str(made.json()["id"])
    assert calls.post("/people", {"email": "grace@example.org", "name": "G"}).json()["fields"].keys() == {"email"}


def test_role_made_changed_and_deleted(program: Programs) -> None:
    calls = program()
    made = calls.post("/roles", {"name": "Clerk", "permissions": ["records.view_account"]})
    assert made.status_code == 201
    path = f"/roles/{made.json()['id']}"
    saved = calls.call("PUT", path, {"name": "Clerks", "permissions": []}).json()
    assert (saved["name"], saved["permissions"]) == ("Clerks", [])
    assert calls.delete(path).status_code == 204
    assert "Clerks" not in [one["name"] for one in calls.get("/roles").json()["items"]]


def test_token_revoked_by_itself_ends(program: Programs) -> None:
    calls = program()
    (token,) = calls.get("/tokens").json()["items"]
    assert calls.delete(f"/tokens/{token['id']}").status_code == 204
    assert calls.get("/tokens").status_code == 401


def test_audit_tells_what_was_done_by_the_api(program: Programs) -> None:
    calls = program(name="Ada")
    calls.post("/people", {"email": "grace@example.org", "name": "Grace"})
    act = calls.get("/audit?action=people.create_user").json()["items"][0]
    assert (act["by"], act["via"], act["subject_name"]) == ("Ada (A program)", "api", "Grace")


@pytest.mark.parametrize(
    ("role", "seen"),
    [("integration manager", 200), ("agent", 403), ("technician", 403), ("read-only", 200), ("", 403)],
)
def test_people_are_changed_by_administrators_alone(program: Programs, role: str, seen: int) -> None:
    calls = program(role)
    found = [
        calls.get("/people"),
        calls.get("/roles"),
        calls.get("/audit"),
        calls.post("/people", {"email": "a@example.org", "name": "A"}),
        calls.patch(f"/people/{calls.user.pk}", {"roles": ["administrator"]}),
        calls.post("/roles", {"name": "Clerk", "permissions": []}),
    ]
    assert [one.status_code for one in found] == [seen, seen, 403, 403, 403, 403]


@pytest.mark.parametrize(
    "path", ["/people/999999", "/runs/none", "/reviews/999999", "/links/999999", "/errands/999999"]
)
def test_what_is_not_there_answers_404(program: Programs, path: str) -> None:
    assert program().get(path).status_code == 404
