"""A disk that is full or read-only under a running hub: one sentence, nothing half-written, and readiness tells."""

from __future__ import annotations

import os
import resource
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client

from tallystick.server.people.models import User
from tallystick.server.records.models import Account
from tallystick.server.state import writable
from tallystick.server.state.writable import Ailment, hindrance

pytestmark = pytest.mark.django_db
on_sqlite = pytest.mark.skipif(connection.vendor != "sqlite", reason="What SQLite says of its disk.")
NEW = {"name": "Northwind", "status": "active"}


@contextmanager
def full():
    """The database may have no page more than it has: what SQLite says then is what it says of a full disk."""
    with connection.cursor() as cursor:
        free, size = _pragma(cursor, "freelist_count"), _pragma(cursor, "page_size")
        cursor.execute("CREATE TABLE filling (bytes)")
        cursor.execute("INSERT INTO filling VALUES (zeroblob(%s))", [free * size])
        cursor.execute(f"PRAGMA max_page_count = {_pragma(cursor, 'page_count')}")
        try:
            yield
        finally:
            cursor.execute("PRAGMA max_page_count = 4294967294")
            cursor.execute("DROP TABLE filling")


def _pragma(cursor, name: str) -> int:
    cursor.execute(f"PRAGMA {name}")
    return int(cursor.fetchone()[0])


@contextmanager
def read_only():
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA query_only = ON")
        try:
            yield
        finally:
            cursor.execute("PRAGMA query_only = OFF")


@on_sqlite
@pytest.mark.django_db(transaction=True)  # SQLite gives a whole transaction up where the disk is full
@pytest.mark.parametrize(
    ("ails", "words"),
    [(full, "database is full: nothing of this step was kept"), (read_only, "can be read but not written")],
)
def test_page_and_api_say_why_nothing_is_written_and_it_works_again_afterwards(client_of, ails, words):
    client = client_of("administrator")
    note = "x" * 9_000  # more than a page
    with ails():
        page = client.post("/records/account/new/", {**NEW, "note": note})
        call = client.post(
            "/api/v1/records/account", {"values": {**NEW, "note": note}}, content_type="application/json"
        )
        assert client.get("/records/account/").status_code == 200, "reading goes on"
    assert (page.status_code, call.status_code) == (503, 503)
    assert words in page.content.decode()
    assert words in call.json()["detail"]
    assert "do it again" in call.json()["hint"]
    assert not Account.objects.exists()
    assert client.post("/records/account/new/", {**NEW, "note": note}).status_code == 302
    assert Account.objects.get().note == note


@on_sqlite
def test_sign_in_that_cannot_be_counted_is_not_told_to_be_too_often(person):
    someone = person("administrator")
    with read_only(), small_files():
        answer = Client(raise_request_exception=False).post(
            "/account/sign-in/", {"login": someone.email, "password": "whatever-it-is"}
        )
    assert answer.status_code == 503
    assert "nothing of this step was kept" in answer.content.decode()


def test_sign_in_too_often_is_told_on_a_page_of_the_hub(db):
    cache.clear()
    try:
        answers = [
            Client().post("/account/sign-in/", {"login": "eve@example.org", "password": "wrong"}) for _ in range(31)
        ]
    finally:
        cache.clear()
    assert [one.status_code for one in answers[-2:]] == [200, 429]
    assert "Wait a minute, then try again." in answers[-1].content.decode()
    assert not User.objects.filter(email="eve@example.org").exists()


@contextmanager
def small_files():
    """No file may grow, as where the disk is full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (writable.PROBE_BYTES // 2, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@on_sqlite
def test_hub_is_ready_only_while_it_can_write_and_alive_all_the_same(client_of):
    client = Client()
    assert hindrance() is None
    with small_files():
        assert hindrance() is Ailment.FULL
        ready, alive = client.get("/readyz"), client.get("/healthz")
    assert (ready.status_code, ready.json()) == (503, {"status": "unavailable", "database": "full"})
    assert (alive.status_code, client.get("/readyz").status_code) == (200, 200)


def test_folder_that_may_not_be_written_is_told_as_read_only(tmp_path):
    tmp_path.chmod(0o500)
    folder = Path("/sys") if os.geteuid() == 0 else tmp_path  # no mode keeps the superuser out
    try:
        assert writable._hindrance_beside(folder) is Ailment.READ_ONLY
        assert writable._hindrance_beside(tmp_path / "not there") is Ailment.AWAY
    finally:
        tmp_path.chmod(0o700)
