"""What all calls have around them: who calls, how often, idempotency keys, and what is said when it goes wrong."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from tallystick.server.api.models import KeptAnswer
from tallystick.server.api.pace import Pace
from tallystick.server.api.repeats import forget_old
from tallystick.server.api.service import api
from tallystick.server.people.actor import all_permissions
from tallystick.server.people.models import ApiToken

pytestmark = pytest.mark.django_db
ROOT = Path(__file__).parents[3]
ACCOUNT = {"values": {"name": "Northwind"}}


def test_call_without_token_answers_401() -> None:
    answer = Client().get("/api/v1/records/account")
    assert (answer.status_code, answer["WWW-Authenticate"]) == (401, 'Bearer realm="Tallystick"')
    assert answer["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("given", ["Bearer tly_0_0", "Bearer ", "Basic YTpi", "Bearer \udce4"])
def test_call_with_what_is_no_token_answers_401(given: str) -> None:
    answer = Client().get("/api/v1/records", headers={"Authorization": given.encode("utf-8", "replace").decode()})
    assert (answer.status_code, answer.json()["code"]) == (401, "sign_in_failed")


def test_token_revoked_expired_or_of_person_off_answers_401(program: Callable[..., Any]) -> None:
    calls = program()
    tokens = ApiToken.objects.filter(user=calls.user)
    assert calls.get("/records").status_code == 200
    tokens.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert calls.get("/records").status_code == 401
    tokens.update(expires_at=timezone.now() + timedelta(days=1), revoked_at=timezone.now())
    assert calls.get("/records").status_code == 401
    tokens.update(revoked_at=None)
    calls.user.is_active = False
    calls.user.save()
    assert calls.get("/records").status_code == 401


def test_session_calls_with_csrf_token_only(client_of: Callable[..., Client]) -> None:
    signed_in = client_of("agent")
    client = Client(enforce_csrf_checks=True)
    client.cookies = signed_in.cookies
    assert client.get("/api/v1/records").status_code == 200
    body = json.dumps(ACCOUNT)
    refused = client.post("/api/v1/records/account", body, content_type="application/json")
    assert (refused.status_code, refused["Content-Type"]) == (403, "application/problem+json")
    token = "a" * 32
    client.cookies[settings.CSRF_COOKIE_NAME] = token
    made = client.post("/api/v1/records/account", body, content_type="application/json", headers={"X-CSRFToken": token})
    assert made.status_code == 201
    assert made.json()["id"]


def test_calls_too_many_answered_429(program: Callable[..., Any], settings: Any) -> None:
    settings.TALLYSTICK_API_PACE = Pace(60, 2)
    calls, other = program(), program()
    assert [calls.get("/records").status_code for _ in range(3)] == [200, 200, 429]
    assert calls.get("/records")["Retry-After"] == "1"
    assert other.get("/records").status_code == 200


def test_pace_fills_again_with_time() -> None:
    pace = Pace(60, 1)
    assert pace.take("a", 0.0) == 0
    assert pace.take("a", 0.5) == 0.5
    assert pace.take("a", 1.6) == 0


def test_same_key_same_call_changes_once(program: Callable[..., Any]) -> None:
    calls = program()
    first = calls.post("/records/account", ACCOUNT, Idempotency_Key="k-1")
    again = calls.post("/records/account", ACCOUNT, Idempotency_Key="k-1")
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    assert (again["ETag"], again["Location"]) == (first["ETag"], first["Location"])
    assert (first.has_header("Idempotency-Replayed"), again["Idempotency-Replayed"]) == (False, "true")
    assert len(calls.get("/records/account").json()["items"]) == 1


def test_same_key_other_body_refused(program: Callable[..., Any]) -> None:
    calls = program()
    calls.post("/records/account", ACCOUNT, Idempotency_Key="k-1")
    refused = calls.post("/records/account", {"values": {"name": "Birch"}}, Idempotency_Key="k-1")
    assert (refused.status_code, refused.json()["code"]) == (422, "idempotency_key_reused")
    assert len(calls.get("/records/account").json()["items"]) == 1


def test_same_key_of_another_person_is_another_key(program: Callable[..., Any]) -> None:
    first = program().post("/records/account", ACCOUNT, Idempotency_Key="k-1").json()
    second = program().post("/records/account", ACCOUNT, Idempotency_Key="k-1").json()
    assert first["id"] != second["id"]


def test_refused_call_leaves_its_key_free(program: Callable[..., Any]) -> None:
    calls = program()
    assert calls.post("/records/account", {"values": {}}, Idempotency_Key="k-1").status_code == 422
    assert calls.post("/records/account", ACCOUNT, Idempotency_Key="k-1").status_code == 201


def test_call_in_progress_answers_409_until_it_is_lost(program: Callable[..., Any]) -> None:
    calls = program()
    calls.post("/records/account", ACCOUNT, Idempotency_Key="k-1")
    KeptAnswer.objects.update(status=0)
    going = calls.post("/records/account", ACCOUNT, Idempotency_Key="k-1")
    assert (going.status_code, going.json()["code"]) == (409, "in_progress")
    KeptAnswer.objects.update(began_at=timezone.now() - timedelta(hours=1))
    again = calls.post("/records/account", ACCOUNT, Idempotency_Key="k-1")
    assert again.status_code == 201
    assert len(calls.get("/records/account").json()["items"]) == 1  # the key reaches the record's own history


def test_key_is_free_after_a_day(program: Callable[..., Any]) -> None:
    calls = program()
    made = calls.post("/records/account", ACCOUNT, Idempotency_Key="k-1").json()
    calls.delete(f"/records/account/{made['id']}", Idempotency_Key="k-2")
    KeptAnswer.objects.update(began_at=timezone.now() - timedelta(hours=25))
    assert forget_old() == 2
    assert calls.post("/records/account", {"values": {"name": "B"}}, Idempotency_Key="k-1").status_code == 201


def test_key_that_is_none_refused(program: Callable[..., Any]) -> None:
    assert program().post("/records/account", ACCOUNT, Idempotency_Key="a b").status_code == 422


def test_kept_answer_is_encrypted(program: Callable[..., Any]) -> None:
    program().post("/records/account", {"values": {"name": "A name to look for"}}, Idempotency_Key="k-1")
    assert "A name to look for" not in KeptAnswer.objects.get().answer


@pytest.mark.django_db(transaction=True)
def test_same_key_at_the_same_time_changes_once(program: Callable[..., Any]) -> None:
    from django.db import connections

    calls = program()
    statuses: list[int] = []

    def call() -> None:
        try:
            statuses.append(calls.post("/records/account", ACCOUNT, Idempotency_Key="k-1").status_code)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=call) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(statuses) <= {201, 409}
    assert 201 in statuses
    assert len(calls.get("/records/account").json()["items"]) == 1


@pytest.mark.parametrize(
    "body", ['{"values": ', '{"values": {"name": NaN}}', '{"values": {"name": "a\\u0000b"}}', "[" * 9_999]
)
def test_body_that_cannot_be_read_answers_400(program: Callable[..., Any], body: str) -> None:
    answer = program().call("POST", "/records/account", body, Content_Type="application/json")
    assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")


def test_half_a_character_in_body_refused(program: Callable[..., Any]) -> None:
    answer = program().call("POST", "/records/account", '{"values": {"name": "\\ud800"}}')
    assert answer.status_code == 400


def test_every_call_says_what_it_takes_and_is_allowed_nothing_else() -> None:
    known = all_permissions()
    schema = api.get_openapi_schema()
    for path, methods in schema["paths"].items():
        for method, call in methods.items():
            place = f"{method} {path}"
            assert call["summary"], place
            assert set(call["x-permissions"]) <= known, place
            assert call["x-permissions"] or place in OF_EVERYBODY, place
            names = [one["name"] for one in call["parameters"]]
            assert ("Idempotency-Key" in names) == (method != "get"), place


OF_EVERYBODY = {"get /api/v1/me", "get /api/v1/search", "get /api/v1/packs/{name}/tour"}  # shows what one may see


def test_openapi_is_served_to_whoever_asks() -> None:
    answer = Client().get("/api/v1/openapi.json")
    assert (answer.status_code, answer.json()["info"]["title"]) == (200, "Tallystick")


def test_reference_in_the_documentation_has_every_call() -> None:
    sys.path.insert(0, str(ROOT / "scripts"))
    try:
        from api_reference import PAGE, page
    finally:
        sys.path.pop(0)
    assert PAGE.read_text("utf-8") == page(), "run scripts/api_reference.py"
