"""Who calls: a program with a token, or a person signed in to the web, whose calls carry the CSRF token."""

from __future__ import annotations

import json
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _
from ninja.security import APIKeyCookie, HttpBearer
from ninja.utils import check_csrf

from tallystick.errors import SignInFailed
from tallystick.server.people.actor import Actor
from tallystick.server.people.domain.tokens import actor_of_token
from tallystick.server.ui.answers import Problem

SCHEME: Final = "bearer "
SAFE: Final = ("GET", "HEAD", "OPTIONS")


class Token(HttpBearer):
    """An API token of a person: `Authorization: Bearer tly_…`."""

    def __call__(self, request: HttpRequest) -> Any:
        return _caller(request)

    def authenticate(self, request: HttpRequest, token: str) -> Any:
        return _caller(request)


class Session(APIKeyCookie):
    """The session of a person in the web, with `X-CSRFToken` on calls that change something."""

    param_name = "tallystick_session"

    def __call__(self, request: HttpRequest) -> Any:
        return _caller(request)

    def authenticate(self, request: HttpRequest, key: str | None) -> Any:
        return _caller(request)


def settle(request: HttpRequest) -> HttpResponse | None:
    """Makes `request.actor` whoever calls; an answer where nobody does, or where the CSRF token is missing."""
    given = request.headers.get("Authorization", "")
    if given:
        address = request.META.get("REMOTE_ADDR") or ""
        if not given.lower().startswith(SCHEME):
            return unknown(_("Calls are signed in with `Authorization: Bearer TOKEN`."))
        try:
            actor = actor_of_token(given[len(SCHEME) :].strip(), address=address)
        except SignInFailed as error:
            return unknown(error.message, error.hint)
        request.actor = actor  # type: ignore[attr-defined]
        return None
    if not request.user.is_authenticated:
        return unknown(_("This call needs a token."), _("Make one on the page “API tokens”, and send it along."))
    if request.method not in SAFE:
        return check_csrf(request)
    return None


def problem(request_problem: Problem, **headers: str) -> HttpResponse:
    """A problem as an answer with headers of its own."""
    response = HttpResponse(
        json.dumps(request_problem.shown()), status=request_problem.status, content_type="application/problem+json"
    )
    for name, value in headers.items():
        response[name.replace("_", "-")] = value
    return response


def unknown(message: str, hint: str = "") -> HttpResponse:
    return problem(
        Problem(status=401, code="sign_in_failed", title="Unauthorized", message=message, hint=hint),
        WWW_Authenticate='Bearer realm="Tallystick"',
    )


def _caller(request: HttpRequest) -> Actor | None:
    actor: Any = getattr(request, "actor", None)
    if isinstance(actor, SimpleLazyObject):
        return actor if request.user.is_authenticated else None  # type: ignore[return-value]
    return actor if isinstance(actor, Actor) else None
