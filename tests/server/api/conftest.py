"""Programs that call the API: a client with a token."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from tallystick.runs.requests import requests_of
from tallystick.server.designer.place import state_url
from tallystick.server.people.actor import actor_of
from tallystick.server.people.domain.tokens import create_token
from tallystick.server.people.models import ApiToken, User


class Program:
    """Calls with a token, as a program does. `raises` nothing: every answer is looked at."""

    def __init__(self, user: User, token: str) -> None:
        self.user = user
        self.token = token
        self._client = Client(raise_request_exception=False, headers={"Authorization": f"Bearer {token}"})

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> HttpResponse:
        """`path` below /api/v1; a body that is a text goes as it is."""
        options: dict[str, Any] = {"headers": {name.replace("_", "-"): value for name, value in headers.items()}}
        if isinstance(body, str):
            options |= {"data": body, "content_type": "text/plain"}
        elif body is not None:
            options |= {"data": json.dumps(body), "content_type": "application/json"}
        return self._client.generic(method, f"/api/v1{path}", **options)

    def get(self, path: str, **headers: str) -> HttpResponse:
        return self.call("GET", path, **headers)

    def post(self, path: str, body: Any = None, **headers: str) -> HttpResponse:
        return self.call("POST", path, body, **headers)

    def patch(self, path: str, body: Any = None, **headers: str) -> HttpResponse:
        return self.call("PATCH", path, body, **headers)

    def delete(self, path: str, **headers: str) -> HttpResponse:
        return self.call("DELETE", path, **headers)


@pytest.fixture
def nothing_asked(db: None) -> None:
    """No run stands asked for: what a test asked stays in the database of jobs, which no test takes back."""
    requests = requests_of(state_url())
    for job in requests.waiting():
        requests.taken(job)


@pytest.fixture
def program(person: Callable[..., User]) -> Callable[..., Program]:
    """`program("agent")`: a program of a new person of that role, `scopes` its token's."""

    def make(role: str = "administrator", scopes: tuple[str, ...] = ("*",), **fields: Any) -> Program:
        user = person(role, **fields)
        admin = actor_of(user)
        if "people.use_tokens" in admin.permissions and all(scope == "*" for scope in scopes):
            made = create_token(admin, name="A program", scopes=scopes, expires_at=timezone.now() + timedelta(days=30))
            return Program(user, made.text)
        return Program(user, token_of(user, scopes))

    return make


def token_of(user: User, scopes: tuple[str, ...] = ("*",)) -> str:
    """A token of a person whose role makes none."""
    import hashlib
    import secrets

    mark, secret = secrets.token_hex(5), secrets.token_urlsafe(32)
    text = f"tly_{mark}_{secret}"
    ApiToken.objects.create(
        user=user,
        name="A program",
        mark=mark,
        digest=hashlib.sha256(text.encode()).hexdigest(),
        scopes=list(scopes),
        expires_at=timezone.now() + timedelta(days=30),
    )
    return text
