"""All addresses of the hub: who may open them, and what the answers carry. New pages are found by themselves."""

from __future__ import annotations

import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import URLPattern, URLResolver, get_resolver

from tallystick.server.people.actor import Actor, all_permissions, permissions_of
from tallystick.server.people.domain.roles import Role
from tallystick.server.ui.edge import PROGRAM_PATHS
from tests.hub import signed_in

_SAMPLES = {"int": "999999", "str": "nothing", "slug": "nothing", "uuid": "0" * 8 + "-0000-0000-0000-" + "0" * 12}


def _walk(resolver, prefix=""):
    for one in resolver.url_patterns:
        route = prefix + str(one.pattern)
        if isinstance(one, URLResolver):
            yield from _walk(one, route)
        elif isinstance(one, URLPattern):
            yield route, one.callback


def _pages():
    """(address with samples in place of arguments, view) of the hub's own pages; the library's have its own rules."""
    for route, view in _walk(get_resolver()):
        if view.__module__.startswith("tallystick."):
            path = "/" + re.sub(r"<(?:(\w+):)?\w+>", lambda found: _SAMPLES.get(found[1] or "str", "nothing"), route)
            if not path.startswith(PROGRAM_PATHS) and "(?P" not in path:
                yield path.replace("^", "").replace("$", ""), view


PAGES = sorted(_pages(), key=lambda page: page[0])
GUARDED = [(path, view.needs) for path, view in PAGES if getattr(view, "needs", None)]


def test_every_page_says_who_may_open_it():
    silent = [path for path, view in PAGES if not hasattr(view, "needs") and getattr(view, "login_required", True)]
    assert silent == []


def test_every_permission_a_page_needs_is_there(db):
    assert {name for _, needs in GUARDED for name in needs} <= all_permissions()


def test_every_menu_entry_needs_what_its_page_needs(db):
    from django.urls import resolve, reverse

    from tallystick.server.ui import navigation

    for entry in navigation.entries():
        view = resolve(reverse(entry.url)).func
        needs = getattr(view, "needs", ())
        assert set(entry.permissions) <= set(needs) or not needs, entry.url
        assert entry.permissions or not needs, entry.url


def test_without_sign_in_every_guarded_page_leads_to_it(db):
    wrong = []
    for path, view in PAGES:
        if getattr(view, "login_required", True):
            answer = Client().get(path)
            if answer.status_code != 302 or not answer["Location"].startswith("/account/sign-in/"):
                wrong.append((path, answer.status_code))
    assert wrong == []


@pytest.mark.parametrize("role", [*Role, ""])
def test_page_without_its_permission_is_refused(person, role):
    user = person(role)
    held = permissions_of(user)
    client = signed_in(user)
    open_by_mistake = []
    for path, needs in GUARDED:
        if held.isdisjoint(needs):
            for method in (client.get, client.post):
                answer = method(path)
                if answer.status_code != 403:
                    open_by_mistake.append((path, answer.status_code))
    assert open_by_mistake == []


def test_answers_carry_the_security_headers(client_of):
    for answer in (Client().get("/account/sign-in/"), client_of("administrator").get("/users/"), Client().get("/nope")):
        policy = answer["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "script-src 'self';" in policy + ";"
        assert "unsafe" not in policy
        assert (answer["X-Frame-Options"], answer["X-Content-Type-Options"]) == ("DENY", "nosniff")
        assert (answer["Referrer-Policy"], answer["Cross-Origin-Opener-Policy"]) == ("same-origin", "same-origin")


def test_pages_of_a_person_stay_with_them(client_of):
    assert client_of("administrator").get("/users/")["Cache-Control"] == "private, no-cache"


def test_form_without_its_token_changes_nothing(person):
    ben = person("administrator")
    client = Client(enforce_csrf_checks=True)
    client.force_login(ben, backend="tallystick.server.people.backend.Backend")
    answer = client.post("/users/new/", {"name": "Eve", "email": "eve@example.org"})
    assert answer.status_code == 403
    assert "The form is too old" in answer.content.decode()


def test_fragment_after_the_session_ended_reloads_instead_of_nesting_the_sign_in_page(db):
    answer = Client().get("/search/?q=x", headers={"HX-Request": "true"})
    assert (answer.status_code, answer["HX-Refresh"]) == (401, "true")


def test_hub_is_alive_and_ready(db):
    assert Client().get("/healthz").json() == {"status": "ok"}
    assert Client().get("/readyz").json() == {"status": "ok", "database": "ok"}
    assert Client().post("/healthz").status_code == 405


def test_page_of_users_takes_as_many_queries_with_many_people(person):
    client = signed_in(person("administrator"))
    counts = []
    for _ in range(2):
        client.get("/users/")
        with CaptureQueriesContext(connection) as queries:
            assert client.get("/users/").status_code == 200
        counts.append(sum("people_user" in query["sql"] or "auth_" in query["sql"] for query in queries))
        for _ in range(5):
            person("agent")
    assert counts == [6, 6]  # person, permissions, roles to filter by, count, page, their roles


def test_other_hosts_are_refused(db):
    answer = Client().get("/account/sign-in/", headers={"host": "evil.example.org"})
    assert answer.status_code == 400
    assert "does not know itself" in answer.content.decode()


def test_actor_shows_no_permissions_in_logs():
    actor = Actor(person=1, name="Ada", permissions=frozenset({"people.view_user"}), via="web")
    assert "people.view_user" not in repr(actor)
