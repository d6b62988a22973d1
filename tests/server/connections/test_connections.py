"""Connections: what is kept of them, what is never shown, and where they may not go."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest
from cryptography.fernet import Fernet
from django.conf import settings

from tallystick.errors import (
    AddressRefused,
    ChangedMeanwhile,
    ConfigurationError,
    InputRefused,
    NotAllowed,
    NotFound,
    PlanRefused,
    Unreachable,
)
from tallystick.model.flow import SystemSettings
from tallystick.runs.world import SystemClock, TimeIds
from tallystick.server.connections import bounds, vault
from tallystick.server.connections.domain import change, trial, using
from tallystick.server.connections.models import Connection, Health
from tallystick.server.connections.opening import ConnectionSystems
from tallystick.server.connections.queries import connections_for, settings_kept
from tallystick.server.people.models import AuditEntry
from tallystick.spec.source import SourceMap

DAV = {"url": "https://dav.example.com/", "username": "ann", "password": "hunter2"}


@pytest.fixture
def files():
    bounds.folder().mkdir(parents=True, exist_ok=True)
    return bounds.folder()


@pytest.fixture
def register(files):
    """A database in the folder set aside."""
    path = files / "register.db"
    path.unlink(missing_ok=True)
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("CREATE TABLE asset (id INTEGER PRIMARY KEY, tag TEXT NOT NULL)")
        database.execute("CREATE TABLE person (id INTEGER PRIMARY KEY, name TEXT)")
    return "sqlite:///register.db"


def everything_kept() -> str:
    rows = [*Connection.objects.values_list(), *AuditEntry.objects.values_list()]
    return repr(rows)


def test_secrets_are_encrypted_and_in_no_row_of_the_database(actor):
    made = change.add(actor, name="dav", connector="dav", settings=DAV, title="Address book")
    assert made.settings == {"url": "https://dav.example.com/", "username": "ann"}
    assert vault.opened(made.secrets) == {"password": "hunter2"}
    assert "hunter2" not in everything_kept()
    (entry,) = AuditEntry.objects.filter(action="connections.add_connection")
    assert (entry.by, entry.subject_name) == ("Ada Byron", "Address book")


@pytest.mark.parametrize(
    ("connector", "url", "plain"),
    [
        (
            "sql",
            "postgresql://hub:p%40ss@db.example.com/d?sslmode=require",
            "postgresql://hub@db.example.com/d?sslmode=require",
        ),
        ("sql", "postgresql://hub@db.example.com/d?password=p%40ss", "postgresql://hub@db.example.com/d"),
        ("dav", "https://ann:p%40ss@dav.example.com/x", "https://dav.example.com/x"),
    ],
)
def test_password_in_an_address_is_taken_out_of_it(actor, connector, url, plain):
    made = change.add(actor, name="x", connector=connector, settings={"url": url})
    assert made.settings["url"] == plain
    assert vault.opened(made.secrets) == {"password": "p@ss"}
    assert made.settings.get("username", "") == ("ann" if connector == "dav" else "")


def test_secret_left_blank_stays_and_is_never_shown(actor):
    change.add(actor, name="dav", connector="dav", settings=DAV)
    edited = change.edit(actor, "dav", settings={**DAV, "password": "", "username": "bea"})
    assert vault.opened(edited.secrets) == {"password": "hunter2"}
    kept = {one.setting.name: (one.value, one.is_kept) for one in settings_kept(edited)}
    assert (kept["password"], kept["token"], kept["username"]) == ((None, True), (None, False), ("bea", True))
    assert "allow_private" not in kept
    gone = change.edit(actor, "dav", settings={"url": DAV["url"]}, without=frozenset({"password"}))
    assert gone.secrets == ""
    details = AuditEntry.objects.filter(action="connections.change_connection").latest("id").details
    assert details == {"username": ["bea", None], "secrets": ["password"]}


def test_wrong_settings_are_told_at_the_setting(actor):
    with pytest.raises(InputRefused) as caught:
        change.add(actor, name="a b", connector="sql", settings={"timeout_s": "x", "types": "- [", "nonsense": "1"})
    assert set(caught.value.fields) == {"name", "url", "timeout_s", "types", "nonsense"}
    with pytest.raises(InputRefused) as caught:
        change.add(actor, name="a", connector="sql", settings={"url": "sqlite:///x.db", "zone": "Mars"})
    assert "no time zone 'Mars'" in caught.value.fields["zone"]
    assert not Connection.objects.exists()


def test_texts_of_a_form_become_what_the_setting_takes(actor):
    given = {"url": "sqlite:///x.db", "timeout_s": "2,5", "batch_rows": "10", "touch": "", "types": "asset.tag: text"}
    made = change.add(actor, name="a", connector="sql", settings=given)
    assert made.settings == {
        "url": "sqlite:///x.db",
        "timeout_s": 2.5,
        "batch_rows": 10,
        "types": {"asset.tag": "text"},
    }


def test_name_is_taken_once_and_an_edit_of_an_old_page_is_refused(actor):
    first = change.add(actor, name="a", connector="memory", settings={})
    with pytest.raises(InputRefused, match="not added"):
        change.add(actor, name="a", connector="memory", settings={})
    change.edit(actor, "a", settings={"name": "w"}, version=first.version)
    with pytest.raises(ChangedMeanwhile, match="Ada Byron changed this connection"):
        change.edit(actor, "a", settings={"name": "v"}, version=first.version)
    assert Connection.objects.get().settings == {"name": "w"}


@pytest.mark.parametrize(
    ("do", "permission"),
    [
        (lambda a: change.add(a, name="b", connector="memory", settings={}), "connections.add_connection"),
        (lambda a: change.edit(a, "a", settings={}), "connections.change_connection"),
        (lambda a: change.remove(a, "a"), "connections.delete_connection"),
        (lambda a: trial.test(a, "a"), "connections.test_connection"),
        (lambda a: trial.discover(a, "a"), "connections.test_connection"),
        (lambda a: connections_for(a), "connections.view_connection"),
    ],
)
def test_each_act_takes_its_permission(actor, actor_with, do, permission):
    change.add(actor, name="a", connector="memory", settings={})
    with pytest.raises(NotAllowed) as caught:
        do(actor_with())
    assert caught.value.permission == permission
    do(actor_with(permission))


def test_connection_that_is_used_is_not_removed_and_the_users_are_named(actor, monkeypatch):
    change.add(actor, name="a", connector="memory", settings={})
    monkeypatch.setattr(
        using, "_users", [lambda name: [using.Use(title="CRM and register", address="/")] if name == "a" else []]
    )
    with pytest.raises(PlanRefused, match="used by CRM and register"):
        change.remove(actor, "a")
    monkeypatch.setattr(using, "_users", [])
    change.remove(actor, "a")
    with pytest.raises(NotFound):
        change.remove(actor, "a")


def test_test_says_in_one_sentence_what_was_found_and_keeps_it(actor, register):
    change.add(actor, name="r", connector="sql", settings={"url": register})
    tried = trial.test(actor, "r")
    assert (tried.is_ok, tried.message) == (True, "Reached sqlite: 2 record types (asset, person).")
    kept = Connection.objects.get()
    assert (kept.health, kept.health_message, kept.tested_by) == (Health.OK, tried.message, "Ada Byron")
    assert kept.health_since is not None
    found = trial.discover(actor, "r").record_type("asset")
    assert [field.name for field in found.fields] == ["id", "tag"]
    assert found.capabilities.create


def test_discover_gives_what_is_kept_until_it_is_asked_anew(actor, register, files):
    change.add(actor, name="r", connector="sql", settings={"url": register})
    trial.discover(actor, "r")
    with closing(sqlite3.connect(files / "register.db")) as database, database:
        database.execute("DROP TABLE person")
    assert len(trial.discover(actor, "r").record_types) == 2
    assert len(trial.discover(actor, "r", is_fresh=True).record_types) == 1


def test_failed_test_says_what_to_do_next_and_health_turns(actor, register, files):
    change.add(actor, name="r", connector="sql", settings={"url": register})
    assert trial.test(actor, "r").is_ok
    (files / "register.db").unlink()
    tried = trial.test(actor, "r")
    assert (tried.is_ok, bool(tried.hint)) == (False, True)
    kept = Connection.objects.get()
    assert (kept.health, kept.health_message, kept.health_hint) == (Health.FAILING, tried.message, tried.hint)


def test_silent_system_is_given_up_after_a_while(actor, monkeypatch):
    monkeypatch.setattr(trial, "PATIENCE_S", 0.05)
    monkeypatch.setattr(trial, "_described", lambda *_: __import__("time").sleep(1))
    change.add(actor, name="m", connector="memory", settings={})
    tried = trial.test(actor, "m")
    assert (tried.code, "did not answer" in tried.message) == ("unreachable", True)


@pytest.mark.parametrize(
    ("connector", "url"),
    [
        ("dav", "http://127.0.0.1:5232/"),
        ("dav", "http://169.254.169.254/latest/meta-data/"),
        ("dav", "http://[::1]/"),
        ("dav", "http://2130706433/"),
        ("sql", "postgresql://u:p@127.0.0.1:5432/d"),
        ("sql", "mariadb://u:p@10.0.0.1/d"),
        ("sql", "postgresql:///d?host=/run/postgresql"),
    ],
)
def test_address_inside_the_network_is_refused_until_it_is_allowed(actor, connector, url):
    tried = trial.try_out(actor, connector=connector, settings={"url": url})
    assert (tried.is_ok, tried.code) == (False, "address_refused"), tried


def test_allowed_network_is_reached_and_metadata_never_is(actor, monkeypatch):
    import dataclasses
    from ipaddress import ip_network

    allowed = (ip_network("127.0.0.0/8"), ip_network("169.254.0.0/16"))
    monkeypatch.setattr(
        settings, "CONFIGURATION", dataclasses.replace(settings.CONFIGURATION, allowed_networks=allowed)
    )
    here = trial.try_out(actor, connector="dav", settings={"url": "http://127.0.0.1:9/"})
    assert here.code == "unreachable"  # nobody listens, but it was tried
    metadata = trial.try_out(actor, connector="dav", settings={"url": "http://169.254.169.254/"})
    assert metadata.code == "address_refused"


@pytest.mark.parametrize(
    ("connector", "given"),
    [
        ("sql", {"url": "sqlite:////etc/passwd"}),
        ("sql", {"url": "sqlite:///../hub.db"}),
        ("files", {"path": "/etc/passwd"}),
        ("files", {"path": "../.."}),
        ("memory", {"path": "/tmp/world.json"}),
        ("dav", {"url": "https://x.example.com/", "ca_file": "/etc/shadow"}),
    ],
)
def test_file_outside_the_folder_is_refused(actor, connector, given):
    with pytest.raises(AddressRefused, match="outside the folders"):
        change.add(actor, name="x", connector=connector, settings=given)


def test_link_out_of_the_folder_is_followed_and_refused(actor, files):
    link = files / "out"
    link.unlink(missing_ok=True)
    link.symlink_to("/etc")
    with pytest.raises(AddressRefused):
        change.add(actor, name="x", connector="files", settings={"path": "out/passwd"})


def test_folder_that_is_named_is_allowed(actor, tmp_path, monkeypatch):
    monkeypatch.setenv("TALLYSTICK_ALLOWED_FOLDERS", str(tmp_path))
    made = change.add(actor, name="x", connector="files", settings={"path": str(tmp_path / "a.csv")})
    assert made.settings == {"path": str(tmp_path / "a.csv")}


def test_trial_does_not_send_a_kept_secret_to_another_address(actor):
    change.add(actor, name="dav", connector="dav", settings=DAV)
    with pytest.raises(InputRefused) as caught:
        trial.try_out(
            actor, connector="dav", settings={"url": "https://evil.example.com/", "username": "ann"}, of="dav"
        )
    assert set(caught.value.fields) == {"password"}


def opened(given, connector="connection"):
    settings = SystemSettings(connector=connector, settings=given)
    return ConnectionSystems().open("crm", settings, source=SourceMap(name="x"), clock=SystemClock(), ids=TimeIds())


def test_runs_open_systems_by_connection_and_health_follows(actor, register, files):
    change.add(actor, name="r", connector="sql", settings={"url": register})
    system = opened({"connection": "r"})
    assert len(system.describe().record_types) == 2
    system.close()
    assert Connection.objects.get().health == Health.OK
    (files / "register.db").unlink()
    system = opened({"connection": "r"})
    with pytest.raises(Unreachable):
        system.describe()
    assert Connection.objects.get().health == Health.FAILING


@pytest.mark.parametrize(("given", "connector"), [({"connection": "nobody"}, "connection"), ({}, "sql")])
def test_system_that_is_no_connection_says_what_to_do(db, given, connector):
    with pytest.raises(ConfigurationError) as caught:
        opened(given, connector)
    assert caught.value.hint


def test_edit_does_not_send_a_kept_secret_to_another_address(actor):
    change.add(actor, name="dav", connector="dav", settings=DAV)
    elsewhere = {"url": "https://evil.example.com/", "username": "ann"}
    with pytest.raises(InputRefused) as caught:
        change.edit(actor, "dav", settings=elsewhere)
    assert set(caught.value.fields) == {"password"}
    assert Connection.objects.get().settings["url"] == DAV["url"]
    edited = change.edit(actor, "dav", settings={**elsewhere, "password": "new"})
    assert vault.opened(edited.secrets) == {"password": "new"}


def test_keys_are_rotated_and_the_old_one_may_go(actor, monkeypatch):
    import dataclasses

    change.add(actor, name="dav", connector="dav", settings=DAV)
    before = Connection.objects.get().secrets
    old, new = settings.CONFIGURATION.secret_keys[0], "another-key-with-32-characters-or-more!"
    monkeypatch.setenv("TALLYSTICK_SECRET_KEYS", f"{new},{old}")
    assert vault.rotate() == 1
    after = Connection.objects.get().secrets
    assert after != before
    assert vault.opened(after) == {"password": "hunter2"}  # by this process, which began with the old key alone
    only_new = dataclasses.replace(settings.CONFIGURATION, secret_keys=(new,))
    monkeypatch.setattr(settings, "CONFIGURATION", only_new)
    assert vault.opened(after) == {"password": "hunter2"}
    monkeypatch.setenv("TALLYSTICK_SECRET_KEYS", new)
    with pytest.raises(ConfigurationError, match="no longer has"):
        vault.opened(before)
    with pytest.raises(ConfigurationError, match="no longer has"):
        vault.unseal(Fernet(Fernet.generate_key()).encrypt(b"x").decode())


def test_labels_and_hints_of_all_connectors_are_in_the_catalogue():
    from tallystick.connectors import kinds
    from tallystick.connectors.declared import settings_of
    from tallystick.server.connections.labels import LABELS

    shown = [one for kind in kinds() for one in settings_of(kind) if not one.is_guard]
    assert {text for one in shown for text in (one.label, one.hint)} == LABELS
