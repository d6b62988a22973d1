"""What people and programs are told when something goes wrong: one edge for pages, fragments and the API."""

from __future__ import annotations

import pytest
from django.db import OperationalError
from django.http import Http404, HttpResponse
from django.test import Client
from django.urls import path

from tallystick import errors
from tallystick.server.people.actor import for_everyone
from tallystick.server.ui import mishaps
from tallystick.server.urls import handler400, handler403, handler404, handler500
from tallystick.server.urls import urlpatterns as hub

__all__ = ["handler400", "handler403", "handler404", "handler500"]

_raised: list[Exception] = []


@for_everyone
def raising(request):
    if _raised:
        raise _raised[0]
    return HttpResponse("fine")


raising.login_required = False
urlpatterns = [*hub, path("raise/", raising), path("api/raise/", raising)]
pytestmark = [pytest.mark.urls("tests.server.test_edge"), pytest.mark.django_db]


@pytest.fixture
def told():
    """Asks a page that raises: `told(error)`, `told(error, path="/api/raise/", **headers)`."""

    def ask(error, path="/raise/", **headers):
        _raised[:] = [error]
        return Client(raise_request_exception=False, headers=headers).get(path)

    yield ask
    _raised.clear()


CASES = [
    (errors.NotAllowed("No.", permission="a.b"), 403, "not_allowed"),
    (errors.NotFound("Gone."), 404, "not_found"),
    (errors.InputRefused("Wrong.", fields={"name": "Too long."}), 422, "input_refused"),
    (errors.ChangedMeanwhile("Ben was here.", by="Ben"), 409, "changed_meanwhile"),
    (errors.LinkExpired("Old."), 410, "link_expired"),
    (errors.StaleDecision("Stale."), 409, "stale_decision"),
    (errors.AlreadyDecided("Decided."), 409, "already_decided"),
    (errors.ConfigurationError("Wrong file."), 422, "configuration"),
    (errors.Unreachable("Away."), 502, "unreachable"),
    (errors.Throttled("Slow down."), 429, "throttled"),
    (errors.StateUnusable("Read-only."), 503, "state_unusable"),
    (errors.ScopeBusy("Busy."), 409, "scope_busy"),
]


@pytest.mark.parametrize(("error", "status", "code"), CASES, ids=[case[2] for case in CASES])
def test_error_of_ours_is_a_page_a_fragment_and_a_problem(told, error, status, code):
    page = told(error)
    assert (page.status_code, page["Content-Type"]) == (status, "text/html; charset=utf-8")
    assert error.message in page.content.decode()
    fragment = told(error, **{"HX-Request": "true"})
    assert (fragment.status_code, fragment["HX-Reswap"]) == (status, "none")
    assert f'data-message="{error.message}"' in fragment.content.decode()
    assert "<html" not in fragment.content.decode()
    problem = told(error, path="/api/raise/")
    assert (problem.status_code, problem["Content-Type"]) == (status, "application/problem+json")
    body = problem.json()
    assert (body["status"], body["code"], body["detail"]) == (status, code, error.message)
    assert body.get("fields", {}) == getattr(error, "fields", {})


def test_unforeseen_error_has_a_reference_and_no_traceback(told):
    kept = []
    before = mishaps._keep
    mishaps.keep_by(lambda error: kept.append(error) or "20261122-abc123")
    try:
        page = told(ValueError("secret-value-of-a-record"))
        problem = told(ValueError("secret-value-of-a-record"), path="/api/raise/")
    finally:
        mishaps.keep_by(before)
    assert (page.status_code, problem.status_code, len(kept)) == (500, 500, 2)
    assert "20261122-abc123" in page.content.decode()
    assert problem.json()["reference"] == "20261122-abc123"
    for answer in (page, problem):
        assert "secret-value" not in answer.content.decode()
        assert "Traceback" not in answer.content.decode()


def test_database_that_is_away_is_told_as_such(told):
    page = told(OperationalError("database is locked"))
    assert page.status_code == 503
    assert "does not answer at the moment" in page.content.decode()


def test_missing_page_is_the_hubs_own(told, client_of):
    huge = client_of("administrator").get("/users/999999999999999999999999/")
    for answer in (told(Http404()), Client().get("/no/such/page"), huge):
        assert answer.status_code == 404
        assert "There is no such p" in answer.content.decode()


def test_markup_in_a_message_is_text(told):
    page = told(errors.NotFound("<script>alert(1)</script>", hint="<b>"))
    assert "<script>alert" not in page.content.decode()
    fragment = told(errors.NotFound('"><img src=x onerror=alert(1)>'), **{"HX-Request": "true"})
    assert "<img" not in fragment.content.decode()


@pytest.mark.parametrize("body", [b"\xff\xfe", b"%", b"a=" + b"x" * 100])
def test_odd_bodies_give_no_500(person, body):
    from tests.hub import signed_in

    client = signed_in(person("administrator"))
    for kind in ("application/x-www-form-urlencoded", "application/json", "multipart/form-data; boundary=x", "x/y"):
        answer = client.post("/users/new/", body, content_type=kind)
        assert answer.status_code < 500, (kind, answer.status_code)


@pytest.mark.parametrize(
    "query",
    ["q=%00", "q=%ff", "after=%00", "role=%00", "state=x", "since=9999-99-99", "since=0001-01-01&until=9999-12-31"],
)
def test_odd_questions_give_no_500(person, query):
    from tests.hub import signed_in

    client = signed_in(person("administrator"))
    for page in ("/users/", "/audit/", "/search/", "/roles/"):
        answer = client.get(f"{page}?{query}")
        assert answer.status_code < 500, (page, answer.status_code)
