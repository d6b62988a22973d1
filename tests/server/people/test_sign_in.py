"""Sign-in: passwords, the lock, sessions, the sign-in service."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from django.conf import settings as hub
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.utils import timezone

from tallystick.server.configuration import SignInService
from tallystick.server.people.backend import ATTEMPTS
from tallystick.server.people.models import AuditEntry, User
from tests.hub import PASSWORD, signed_in
from tests.server.people.provider import Provider


@pytest.fixture(autouse=True)
def _fresh_limits(db):
    cache.clear()


def _try(password: str, email: str = "ben@example.org", **more: object):
    client = Client()
    answer = client.post("/account/sign-in/", {"login": email, "password": password, **more})
    return client, answer


def test_right_password_opens_and_wrong_one_says_nothing_of_who_is_there(person):
    person("agent", email="ben@example.org")
    client, answer = _try(PASSWORD, email="BEN@example.org")
    assert (answer.status_code, answer["Location"]) == (302, "/")
    assert client.get("/profile/").status_code == 200
    sentences = {
        str(_try("wrong", email=email)[1].context["form"].non_field_errors())
        for email in ("ben@example.org", "nobody@example.org")
    }
    assert len(sentences) == 1


def test_account_is_locked_after_wrong_passwords_and_opens_by_time_or_hand(person, actor):
    ben = person("agent", email="ben@example.org")
    for _ in range(ATTEMPTS):
        assert _try("wrong")[1].status_code == 200
    assert _try(PASSWORD)[1].status_code == 200
    ben.refresh_from_db()
    assert ben.is_locked
    assert AuditEntry.objects.filter(action="people.lock_user", subject_id=str(ben.pk)).count() == 1
    User.objects.update(locked_until=timezone.now() - timedelta(seconds=1))
    assert _try(PASSWORD)[1].status_code == 302
    ben.refresh_from_db()
    assert (ben.failed_sign_ins, ben.locked_until) == (0, None)


def test_one_address_may_try_only_so_often(person):
    person("agent", email="ben@example.org")
    for number in range(20):
        _try("wrong", email=f"nobody{number}@example.org")
    _, answer = _try(PASSWORD)
    assert answer.status_code == 200
    assert "Too many failed login attempts" in str(answer.context["form"].errors)
    with connection.cursor() as cursor:  # where the other processes of the hub see it
        cursor.execute("SELECT count(*) FROM people_attempts")
        assert cursor.fetchone()[0] > 0


def test_person_who_may_not_sign_in_is_turned_away_and_thrown_out(person):
    ben = person("agent", email="ben@example.org")
    client, _ = _try(PASSWORD)
    User.objects.filter(pk=ben.pk).update(is_active=False)
    assert client.get("/profile/").status_code == 302
    client, answer = _try(PASSWORD)
    assert answer.status_code == 302
    assert client.get("/profile/").status_code == 302


def test_session_cookie_is_guarded_and_lasts_as_asked(person):
    person("agent", email="ben@example.org")
    client, _ = _try(PASSWORD)
    cookie = client.cookies[hub.SESSION_COOKIE_NAME]
    assert (cookie["httponly"], cookie["samesite"], cookie["max-age"]) == (True, "Lax", "")
    client, _ = _try(PASSWORD, remember="on")
    assert client.cookies[hub.SESSION_COOKIE_NAME]["max-age"] == 7 * 24 * 3600


def test_other_sessions_end_by_choice_and_by_a_new_password(person):
    ben = person("agent", email="ben@example.org")
    one, two = signed_in(ben), signed_in(ben)
    assert one.post("/profile/sign-out-elsewhere/").status_code == 302
    assert (one.get("/profile/").status_code, two.get("/profile/").status_code) == (200, 302)
    two = signed_in(User.objects.get(pk=ben.pk))
    answer = one.post(
        "/account/password/", {"oldpassword": PASSWORD, "password1": "a new password", "password2": "a new password"}
    )
    assert answer.status_code == 302
    assert (one.get("/profile/").status_code, two.get("/profile/").status_code) == (200, 302)
    assert AuditEntry.objects.filter(action="people.change_password").count() == 1


def test_way_back_after_sign_in_stays_on_the_hub(person):
    person("agent", email="ben@example.org")
    assert _try(PASSWORD, next="/profile/")[1]["Location"] == "/profile/"
    assert _try(PASSWORD, next="https://evil.example.org/")[1]["Location"] == "/"
    assert _try(PASSWORD, next="//evil.example.org/")[1]["Location"] == "/"


def test_nobody_registers_themselves(client, db):
    assert client.get("/account/signup/").status_code == 404
    assert client.get("/account/service/signup/").status_code == 302


# --- the sign-in service


@pytest.fixture
def provider(settings):
    with Provider() as running:
        service = SignInService(
            issuer=running.issuer, client_id="hub", client_secret="s", name="Works", new_people_role=""
        )
        settings.CONFIGURATION = replace(hub.CONFIGURATION, sign_in_service=service)
        settings.SOCIALACCOUNT_PROVIDERS = {
            "openid_connect": {
                "EMAIL_AUTHENTICATION": True,
                "APPS": [
                    {
                        "provider_id": "oidc",
                        "name": "Works",
                        "client_id": "hub",
                        "secret": "s",
                        "settings": {"server_url": running.issuer, "oauth_pkce_enabled": True},
                    }
                ],
            }
        }
        yield running


def _by_service(client: Client):
    begun = client.post("/account/oidc/oidc/login/?process=login")
    assert begun.status_code == 302, begun.content
    asked = parse_qs(urlsplit(begun["Location"]).query)
    assert asked["code_challenge_method"] == ["S256"]
    return client.get("/account/oidc/oidc/login/callback/", {"code": "c", "state": asked["state"][0]})


def _let_in(settings, role):
    service = replace(settings.CONFIGURATION.sign_in_service, new_people_role=role)
    settings.CONFIGURATION = replace(settings.CONFIGURATION, sign_in_service=service)


def test_known_person_comes_by_the_service_with_a_verified_address(person, provider):
    ben = person("agent", email="ben@example.org")
    provider.claims = {"sub": "1", "email": "ben@example.org", "email_verified": True, "name": "Benjamin"}
    client = Client()
    assert "Sign in with Works" in client.get("/account/sign-in/").content.decode()
    assert _by_service(client).status_code == 302
    assert client.get("/profile/").context["one"] == ben


def test_unverified_address_opens_nothing(person, provider):
    person("agent", email="ben@example.org")
    provider.claims = {"sub": "1", "email": "ben@example.org", "email_verified": False}
    client = Client()
    _by_service(client)
    assert client.get("/profile/").status_code == 302


def test_stranger_is_turned_away_unless_a_role_is_set(db, provider, settings):
    provider.claims = {"sub": "2", "email": "eve@example.org", "email_verified": True, "name": "Eve"}
    client = Client()
    _by_service(client)
    assert (client.get("/profile/").status_code, User.objects.count()) == (302, 0)
    _let_in(settings, "read-only")
    client = Client()
    _by_service(client)
    eve = User.objects.get()
    assert (eve.email, eve.name, eve.has_usable_password()) == ("eve@example.org", "Eve", False)
    assert list(eve.groups.values_list("name", flat=True)) == ["read-only"]
    assert client.get("/profile/").status_code == 200
    assert AuditEntry.objects.get().action == "people.join_by_service"


def test_role_of_new_people_that_is_not_there_is_told(db, provider, settings):
    provider.claims = {"sub": "2", "email": "eve@example.org", "email_verified": True}
    _let_in(settings, "king")
    answer = _by_service(Client())
    assert answer.status_code == 422
    assert "the role king, and there is none" in answer.content.decode()
    assert User.objects.count() == 0


def test_service_that_is_away_gives_a_page_not_a_traceback(db, provider):
    provider.stop()
    answer = Client().post("/account/oidc/oidc/login/?process=login")
    assert answer.status_code == 502
    assert "The sign-in service does not answer." in answer.content.decode()
