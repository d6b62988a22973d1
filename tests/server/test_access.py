"""Who may do what: every call of the API and every page of records, by each role, by one of a single right, by nobody.

Pages with rights of their own are in test_pages.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission
from django.test import Client

from tallystick.server.api.pace import Pace
from tallystick.server.api.service import api
from tallystick.server.people.actor import permissions_of
from tallystick.server.people.domain.roles import Role
from tallystick.server.records.domain import actions
from tallystick.server.records.models import Account
from tallystick.server.records.record_types import BY_NAME
from tests.hub import signed_in
from tests.server.api.conftest import Program, token_of

SAMPLES = {"record_type": "account", "form": "csv"}
OWN = "product"
"""The record type of somebody who has rights to no other."""


def _calls() -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Method, path with samples, the permissions one of which it takes."""
    for path, methods in api.get_openapi_schema()["paths"].items():
        for method, call in methods.items():
            numbers = {one["name"] for one in call.get("parameters", []) if one["schema"].get("type") == "integer"}
            filled = re.sub(
                r"{(\w+)}",
                lambda found, numbers=numbers: (
                    SAMPLES.get(found[1]) or ("999999" if found[1] in numbers else "nothing")
                ),
                path,
            )
            yield method.upper(), filled.removeprefix("/api/v1"), tuple(call["x-permissions"])


CALLS = sorted(_calls())


def _needed(needs: tuple[str, ...]) -> set[str]:
    """Of calls about records that about accounts, which SAMPLES names."""
    verbs = {one.partition(".")[2].partition("_")[0] for one in needs}
    is_of_records = len(needs) > 4 and all(one.startswith("records.") for one in needs)
    return {f"records.{verb}_account" for verb in verbs} if is_of_records else set(needs)


@pytest.fixture(autouse=True)
def _patient(settings: Any) -> None:
    settings.TALLYSTICK_API_PACE = Pace(1_000_000, 1_000_000)


def test_nobody_calls_without_signing_in(db):
    client = Client(raise_request_exception=False)
    statuses = {(method, path): client.generic(method, f"/api/v1{path}").status_code for method, path, _ in CALLS}
    assert len(statuses) > 80
    assert {call: status for call, status in statuses.items() if status != 401} == {}


@pytest.mark.parametrize("role", [*Role, ""])
def test_call_is_refused_without_its_permission_and_no_other(person, role):
    user = person(role)
    held = permissions_of(user)
    program = Program(user, token_of(user))
    wrong = []
    for method, path, needs in CALLS:
        status = program.call(method, path, {} if method != "GET" else None).status_code
        may = not needs or not held.isdisjoint(_needed(needs))
        if status >= 500 or status == 401 or (status == 403) is may:
            wrong.append((method, path, status, needs[:2]))
    assert wrong == []


def test_token_without_scopes_does_what_takes_no_permission_alone(person):
    user = person(Role.ADMINISTRATOR)
    program = Program(user, token_of(user, ("people.nothing",)))
    wrong = [
        (method, path, status)
        for method, path, needs in CALLS
        if needs and (status := program.call(method, path, {} if method != "GET" else None).status_code) != 403
    ]
    assert wrong == []


@pytest.fixture
def keeper(person):
    """Somebody who may do everything with products, and nothing else."""
    role = Group.objects.create(name="keeper")
    verbs = [f"{verb}_{OWN}" for verb in ("view", "add", "change", "delete")]
    role.permissions.set(Permission.objects.filter(content_type__app_label="records", codename__in=verbs))
    user = person("")
    user.groups.add(role)
    return user


def _pages_of(name: str, id_: str) -> list[tuple[str, str]]:
    begin = f"/records/{name}/"
    return [
        *(("GET", begin + rest) for rest in ("", "new/", "choices/?q=a", "export.csv", "export.jsonl", "import/")),
        *(("POST", begin + rest) for rest in ("new/", "import/")),
        *(("GET", f"{begin}{id_}/{rest}") for rest in ("", "edit/", "history/")),
        *(("POST", f"{begin}{id_}/{rest}") for rest in ("edit/",)),
    ]


def test_pages_of_each_record_type_are_for_those_with_rights_to_that_type(actor, keeper):
    made = {
        "account": actions.create(actor, "account", {"name": "Hers"}).id,
        OWN: actions.create(actor, OWN, {"name": "His"}).id,
    }
    client = signed_in(keeper)
    held = permissions_of(keeper)
    assert held == {f"records.{verb}_{OWN}" for verb in ("view", "add", "change", "delete")}
    seen = {
        (method, path): client.generic(method, path).status_code
        for name in BY_NAME
        if name != OWN
        for method, path in _pages_of(name, made.get(name, "nothing"))
    }
    assert {call: status for call, status in seen.items() if status not in (403, 404, 405)} == {}
    assert {status for (_, path), status in seen.items() if "nothing" not in path} <= {403, 404, 405}
    assert seen["GET", f"/records/account/{made['account']}/"] == 403
    others = [made["account"], actions.create(actor, "account", {"name": "Hers too"}).id]
    for rest in ("delete/", "restore/", "archive/", "merge/"):
        answer = client.post(f"/records/account/{rest}", {"id": others}, follow=True)
        assert answer.status_code == 403, rest
    assert Account.objects.filter(pk__in=others, gone_at=None, version=1).count() == 2
    own = {(m, p): client.generic(m, p).status_code for m, p in _pages_of(OWN, made[OWN]) if m == "GET"}
    assert {call: status for call, status in own.items() if status != 200} == {}


def test_records_of_other_types_are_found_by_no_search_of_whoever_may_not_see_them(actor, client_of, keeper):
    actions.create(actor, "account", {"name": "Quarzsand Hers"})
    assert "Quarzsand Hers" in client_of(Role.ADMINISTRATOR).get("/search/?q=Quarzsand").content.decode()
    assert "Quarzsand Hers" not in signed_in(keeper).get("/search/?q=Quarzsand").content.decode()
