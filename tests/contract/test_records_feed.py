"""What the connector `records` promises beyond the contract. Rows E1, E3, E27, E28, K22, P9, P20, S18, S22."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from tallystick.connectors import add, connect, kinds
from tallystick.errors import ConfigurationError, CursorRefused
from tallystick.model.record import Cause
from tallystick.model.selection import Selection
from tallystick.model.write import Action, Result, Write
from tallystick.testing.clock import FixedClock, SequentialIds
from tallystick.testing.contract import VersionsKnown
from tallystick.testing.contract.subject import read
from tests.contract.test_records import Hub, clear, postgres_hub, sqlite_hub

RUN = "0192f0c0ffee0192f0c0ffee0192f0c0"
ASSET = Selection(record="installed_asset", fields=("name",))
PEOPLE = Selection(record="person", fields=("account", "companies", "name"))
TASKS = Selection(record="task", fields=("subject",))


def opened(url, monkeypatch, **settings):
    monkeypatch.setenv("TALLYSTICK_DATABASE_URL", url)
    add("records", "tallystick.server.records.connector")
    system = connect("records", settings, folder=Path(), clock=FixedClock(), ids=SequentialIds())
    clear(system.using)
    return system


@pytest.fixture
def system(monkeypatch):
    return opened(sqlite_hub(), monkeypatch)


def hub(system, record):
    return Hub(using=system.using, record=record, clock=FixedClock())


def created(system, selection, *values, key="create"):
    ids = system.reserve(selection, values)
    writes = [
        Write(key=f"{RUN}:{key}:{number}", action=Action.CREATE, id=id_, values=of_one)
        for number, (id_, of_one) in enumerate(zip(ids, values, strict=True))
    ]
    return system.write(selection, writes)


def test_connector_is_known_once_a_hub_added_it():
    add("records", "tallystick.server.records.connector")
    assert "records" in kinds()


def test_connector_without_a_hub_says_what_to_set(monkeypatch):
    monkeypatch.delenv("TALLYSTICK_DATABASE_URL", raising=False)
    add("records", "tallystick.server.records.connector")
    with pytest.raises(ConfigurationError, match="Set TALLYSTICK_DATABASE_URL"):
        connect("records", {}, folder=Path(), clock=FixedClock(), ids=SequentialIds())


def test_connector_on_a_database_without_records_says_so(monkeypatch, tmp_path):
    monkeypatch.setenv("TALLYSTICK_DATABASE_URL", f"sqlite:///{tmp_path}/empty.db")
    add("records", "tallystick.server.records.connector")
    with pytest.raises(ConfigurationError, match="holds no records"):
        connect("records", {}, folder=Path(), clock=FixedClock(), ids=SequentialIds())


def test_history_names_the_run_and_its_write_is_answered_once_E27_E28(system):
    from tallystick.server.records.models import Change  # known to Django once a connection is open

    (first,) = created(system, ASSET, {"name": "Pump 7"})
    (again,) = created(system, ASSET, {"name": "Pump 7"})
    assert (first.result, again.result, again.id) == (Result.DONE, Result.DONE, first.id)
    (change,) = Change.objects.using(system.using).filter(record_type="installed_asset")
    assert (change.via, change.run, change.by, change.action) == (f"run {RUN}", RUN, "Tallystick", "created")


def test_key_other_than_the_id_is_refused_with_a_way_out(system):
    with pytest.raises(ConfigurationError, match="Leave out `key`"):
        system.fetch(Selection(record="person", fields=("name",), key=("employee_id",)), ["7"])


def test_reference_to_nothing_is_refused_alone(system):
    """A18: creating shows an error, not a silent null."""
    outcomes = created(system, PEOPLE, {"last_name": "Fry", "account": "f" * 32}, {"last_name": "Okafor"})
    assert [outcome.result for outcome in outcomes] == [Result.REFUSED, Result.DONE]
    assert outcomes[0].message == f"Main company refers to a record that is not there: {'f' * 32}."


def test_reference_within_one_call_is_there(system):
    parent, child = system.reserve(ASSET, [{}, {}])
    writes = [
        Write(key="1", action=Action.CREATE, id=parent, values={"name": "Rack"}),
        Write(key="2", action=Action.CREATE, id=child, values={"name": "Server", "parent": parent}),
    ]
    assert [outcome.result for outcome in system.write(ASSET, writes)] == [Result.DONE, Result.DONE]


def test_companies_are_names_and_the_main_one_an_account_P9(system):
    accounts = Selection(record="account", fields=("name",))
    (made,) = created(system, accounts, {"name": "Northwind"}, key="accounts")
    (person,) = created(system, PEOPLE, {"last_name": "Fry", "companies": '["Elsewhere","northwind"]'}, key="people")
    record = system.fetch(PEOPLE, [person.id]).records.to_pylist()[0]
    assert (record["account"], record["companies"]) == (made.id, '["Elsewhere","northwind"]')
    cursor = read(system.listing(PEOPLE, VersionsKnown())).end.cursor
    system.write(accounts, [Write(key="x", action=Action.UPDATE, id=made.id, values={"name": "Southwind"})])
    changed = read(system.changes(PEOPLE, cursor, VersionsKnown()))
    assert changed.records[person.id].values["companies"] == '["Elsewhere","Southwind"]'


def test_private_task_of_another_user_is_forbidden_not_deleted_P20_E1(monkeypatch):
    everything = opened(sqlite_hub(), monkeypatch)
    mine = connect("records", {"user": "7"}, folder=Path(), clock=FixedClock(), ids=SequentialIds())
    people = hub(everything, "person")
    me = people.create({"last_name": "Me", "user": "7"})
    tasks = hub(everything, "task")
    hidden = tasks.create({"subject": "Salary", "is_private": "true"})
    assigned = tasks.create({"subject": "Ours", "is_private": "true", "assignees": f'["{me}"]'})
    shared = tasks.create({"subject": "Shared"})
    assert sorted(read(mine.listing(TASKS, VersionsKnown())).records) == sorted([assigned, shared])
    assert sorted(read(everything.listing(TASKS, VersionsKnown())).records) == sorted([hidden, assigned, shared])
    assert mine.fetch(TASKS, [hidden]).absences[0].cause is Cause.FORBIDDEN
    (outcome,) = mine.write(TASKS, [Write(key="k", action=Action.UPDATE, id=hidden, values={"subject": "Seen"})])
    assert outcome.result is Result.REFUSED
    assert read(everything.listing(TASKS, VersionsKnown())).records[hidden].values["subject"] == "Salary"


def test_cursor_of_another_database_is_refused_E3(system):
    for cursor in ("seq:999999", "snapshot:1:1:", "nonsense"):
        with pytest.raises(CursorRefused):
            read(system.changes(ASSET, cursor, VersionsKnown()))


def test_look_at_the_history_tells_types_runs_and_people_once(system):
    from tallystick.server.records.feed import Feed

    feed = Feed(system.using)
    at = feed.cursor()
    assert feed.stirred(at) == (set(), at)
    created(system, ASSET, {"name": "Pump 7"}, {"name": "Pump 8"}, key="look")
    hub(system, "manufacturer").create({"name": "Acme"})
    stirred, at = feed.stirred(at)
    assert ("installed_asset", RUN, "Tallystick") in stirred
    assert {(kind, run) for kind, run, _by in stirred} == {("installed_asset", RUN), ("manufacturer", "")}
    assert feed.stirred(at) == (set(), at)
    with pytest.raises(CursorRefused):
        feed.stirred("nonsense")


def test_five_hundred_writes_are_one_call(system):
    outcomes = created(system, ASSET, *({"name": f"PC {number}"} for number in range(500)))
    assert {outcome.result for outcome in outcomes} == {Result.DONE}
    updates = [
        Write(key=f"u{place}", action=Action.UPDATE, id=one.id, version=one.version, values={"note": "x"})
        for place, one in enumerate(outcomes)
    ]
    assert {outcome.result for outcome in system.write(ASSET, updates)} == {Result.DONE}
    assert {outcome.result for outcome in system.write(ASSET, updates)} == {Result.MOVED}


@pytest.mark.postgres
def test_change_of_a_transaction_that_ends_late_is_not_lost_S18(monkeypatch):
    """It got its number before another change that was read already."""
    from django.db import connections, transaction

    system = opened(postgres_hub(), monkeypatch)
    assets = hub(system, "installed_asset")
    cursor = read(system.listing(ASSET, VersionsKnown())).end.cursor
    from tallystick.server.records.feed import Feed

    feed = Feed(system.using)
    at = feed.cursor()
    has_written, may_end = threading.Event(), threading.Event()
    slow: list[str] = []

    def write_slowly() -> None:
        with transaction.atomic(using=system.using):
            slow.append(hub(system, "installed_asset").create({"name": "slow"}))
            has_written.set()
            may_end.wait(20)
        connections[system.using].close()

    def write_quickly() -> str:
        # numbers of assets are kept until the slow transaction ends: another type goes on meanwhile
        return hub(system, "manufacturer").create({"name": "quick"})

    thread = threading.Thread(target=write_slowly)
    thread.start()
    assert has_written.wait(20)
    makers = Selection(record="manufacturer", fields=("name",))
    quick = write_quickly()
    assert list(read(system.changes(makers, cursor, VersionsKnown())).records) == [quick]
    reading = read(system.changes(ASSET, cursor, VersionsKnown()))
    assert reading.records == {}
    stirred, at = feed.stirred(at)
    assert {kind for kind, _run, _by in stirred} == {"manufacturer"}
    may_end.set()
    thread.join()
    stirred, at = feed.stirred(at)
    assert {kind for kind, _run, _by in stirred} == {"installed_asset"}
    assert feed.stirred(at)[0] == set()
    again = read(system.changes(ASSET, reading.end.cursor, VersionsKnown()))
    assert list(again.records) == slow
    assert read(system.changes(ASSET, again.end.cursor, VersionsKnown())).records == {}
    assert assets.using == system.using


FILE = """
integration: assets
systems:
  crm: {connector: records}
  register: {connector: sql, url: sqlite:///register.db}
flows:
  - flow: assets
    left: {system: crm, record: installed_asset}
    right: {system: register, record: asset, key: id}
    fields:
      - {left: name, right: name}
      - {left: serial_number, right: serial}
"""


def test_integration_file_with_records_runs_from_the_command_line(monkeypatch, tmp_path):
    """Both ways, and a second run writes nothing; the history of a record names the run."""
    import sqlite3

    from tallystick.runs.workspace import Workspace
    from tallystick.server.state.store import open_store

    system = opened(sqlite_hub(), monkeypatch)
    from tallystick.server.records.models import Change, InstalledAsset

    with sqlite3.connect(tmp_path / "register.db") as register:
        register.execute("CREATE TABLE asset (id TEXT PRIMARY KEY, name TEXT, serial TEXT)")
        register.execute("INSERT INTO asset VALUES ('R-1', 'Pump', 'SN9')")
    mine = hub(system, "installed_asset").create({"name": "PC 7", "serial_number": "SN7"})
    (tmp_path / "assets.yaml").write_text(FILE, encoding="utf-8")
    with Workspace.open(tmp_path / "assets.yaml", open_store=open_store, by="Ada") as workspace:
        reports = [workspace.sync().flows["assets"].shown() for _ in range(2)]
    assert [report["writes"]["left"]["create"] for report in reports] == [1, 0]
    assert [report["writes"]["right"]["create"] for report in reports] == [1, 0]
    with sqlite3.connect(tmp_path / "register.db") as register:
        assert sorted(register.execute("SELECT name, serial FROM asset")) == [("PC 7", "SN7"), ("Pump", "SN9")]
    made = InstalledAsset.objects.using(system.using).exclude(pk=mine).get()
    (change,) = Change.objects.using(system.using).filter(record=made.pk)
    assert (made.name, change.by, len(change.run)) == ("Pump", "Tallystick", 32)
