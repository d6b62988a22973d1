"""Enabled, paused, drained, run now, dry run: over the hub's own database, with a real worker in a thread. Row E39."""

from __future__ import annotations

import sqlite3
import threading
import time
from contextlib import closing, contextmanager

import pytest
from django.db import connection

from tallystick.errors import ConfigurationError, NotFound, PlanRefused, ScopeBusy
from tallystick.model.plan import RunKind, RunStatus
from tallystick.runs import requests
from tallystick.runs.feeds import Feeds
from tallystick.runs.requests import Changed
from tallystick.runs.wakes import Wakes
from tallystick.runs.world import SystemClock, TimeIds
from tallystick.server.connections.domain import change as connections
from tallystick.server.designer import planning
from tallystick.server.designer.domain import change, plans, standing
from tallystick.server.designer.kept import Kept
from tallystick.server.designer.models import Integration, PlanState
from tallystick.server.designer.place import state_url
from tallystick.server.designer.queries import flows_standing, listed
from tallystick.server.designer.worker import start_worker
from tallystick.server.designer.workspaces import state
from tests.server.designer.conftest import TEXT

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("fresh_jobs")]


def wait_until(is_so, most_s=60.0):
    end = time.monotonic() + most_s
    while not is_so():
        assert time.monotonic() < end, "It did not come to that in time."
        time.sleep(0.05)


@contextmanager
def worker():
    running = start_worker()
    try:
        wait_until(lambda: requests.is_here(state_url()) or running.error is not None)
        assert running.error is None
        yield running
    finally:
        assert running.stop()


def runs():
    with state() as opened:
        return opened.store.runs("firm")


def done(run):
    return any(one.id == run and one.status is RunStatus.DONE for one in runs())


def names(table):
    return sorted(row["name"] for row in table.records().values())


def test_worker_serves_what_the_hub_keeps_and_sees_changes_without_restart_E39(actor, firm, two):
    left, right = two["left"].table("person"), two["right"].table("person")
    left.put({"name": "Ann", "phone": "1"})
    with worker():
        # asked for: begins and ends, with the name of who asked
        asked = standing.run_now(actor, "firm")
        assert asked.flows == ("people",)
        wait_until(lambda: done(asked.run))
        (run,) = runs()
        assert (run.by, run.id, run.file) == ("Ada Byron", asked.run, "")
        assert names(right) == ["Ann"]
        # enabled: its schedule begins to count
        standing.enable(actor, "firm")
        wait_until(lambda: any(one.by == "schedule" for one in runs()))
        wait_until(lambda: all(one.status is RunStatus.DONE for one in runs()))
        # a change of records that its flows read
        left.put({"name": "Bob", "phone": "2"})
        requests.tell(state_url(), Changed(connector="memory", records=frozenset({"person"})))
        wait_until(lambda: names(right) == ["Ann", "Bob"])
        # another version
        change.save(actor, "firm", TEXT.replace("every 30 days", "every 1 second"))
        count = len(runs())
        wait_until(lambda: len(runs()) >= count + 2)
        # drained: nothing new begins, and what is going ends
        standing.drain(actor, "firm")
        wait_until(lambda: not standing.flows_going("firm"))
        time.sleep(1.0)
        count = len(runs())
        time.sleep(1.5)
        assert len(runs()) == count
        standing.resume(actor, "firm")
        wait_until(lambda: len(runs()) > count)
        standing.disable(actor, "firm")
    assert not requests.is_here(state_url())


def test_paused_flow_is_not_run_and_says_so(actor, firm):
    standing.enable(actor, "firm")
    assert standing.pause(actor, "firm", "people")
    assert not standing.pause(actor, "firm", "people")
    with pytest.raises(ConfigurationError, match="people is paused"):
        standing.run_now(actor, "firm")
    pauses = standing.pauses_of("firm")
    assert [(one.flow, one.by) for one in pauses.values()] == [("people", "Ada Byron")]
    assert flows_standing("firm", ["people"], pauses)["people"].pause is not None
    assert [row.is_paused for row in listed(actor, pauses)] == [True]
    assert standing.resume(actor, "firm")
    assert not standing.resume(actor, "firm")
    with pytest.raises(NotFound):
        standing.pause(actor, "firm", "nobody")


def test_integration_that_waits_for_its_run_is_not_deleted(actor, firm):
    standing.run_now(actor, "firm")
    assert standing.flows_going("firm") == {"people"}
    with pytest.raises(ScopeBusy, match="is running"):
        change.delete(actor, "firm")
    kept = requests.requests_of(state_url())
    for job in kept.waiting():
        kept.taken(job)
    standing.pause(actor, "firm")
    change.delete(actor, "firm")
    assert standing.pauses_of("firm") == {}


def test_source_gives_what_runs_by_itself_and_anything_by_name(actor, firm):
    kept = Kept()
    assert list(kept) == []
    assert kept.changes() == []
    standing.enable(actor, "firm")
    ((change_seen),) = kept.changes()
    assert (change_seen.integration, change_seen.error) == ("firm", None)
    assert [one.integration.name for one in kept] == ["firm"]
    assert (kept.connector("firm", "crm"), kept.connector("firm", "nobody")) == ("memory", "")
    standing.drain(actor, "firm")
    kept.changes()
    assert list(kept) == []
    assert kept.of("firm").integration.name == "firm"
    change.delete(actor, "firm")
    assert [one.where for one in kept.changes()] == ["deleted"]
    with pytest.raises(ConfigurationError, match="no integration firm any more"):
        kept.of("firm")


def test_message_of_a_connection_wakes_the_flows_of_that_connection_alone(actor, firm, two):
    connections.add(actor, name="third", connector="memory", settings={"name": two["names"]["left"]})
    change.create(
        actor, TEXT.replace("integration: firm", "integration: other").replace("connection: left", "connection: third")
    )
    for name in ("firm", "other"):
        standing.enable(actor, name)
    wakes = Wakes(Kept())

    def due():
        found = wakes.due((), (), is_free=lambda *_: True)
        return [(integration.name, flows) for integration, flows, _by in found]

    person = frozenset({"person"})
    wakes.add(Changed(connector="memory", connection="third", records=person))
    assert due() == [("other", ["people"])]
    wakes.add(Changed(connector="memory", connection="left"))
    assert due() == [("firm", ["people"])]
    wakes.add(Changed(connector="memory", connection="right", records=person))
    assert due() == [("firm", ["people"]), ("other", ["people"])]
    wakes.add(Changed(connector="memory", connection="gone", records=person))
    assert due() == []


def test_connection_that_tells_of_changes_is_heard_and_edits_of_it_are_heeded_E38(
    actor, firm, two, tmp_path, monkeypatch
):
    monkeypatch.setenv("TALLYSTICK_ALLOWED_FOLDERS", str(tmp_path))
    file = tmp_path / "register.db"
    with closing(sqlite3.connect(file)) as database, database:
        database.execute("CREATE TABLE person (id INTEGER PRIMARY KEY, name TEXT, phone TEXT)")
    settings = {"url": f"sqlite:///{file}", "feed": True}
    connections.add(actor, name="table", connector="sql", settings=settings)
    change.create(
        actor, TEXT.replace("integration: firm", "integration: told").replace("connection: right", "connection: table")
    )
    standing.enable(actor, "told")
    kept = Kept()
    heard: list[Changed] = []
    feeds = Feeds(kept, heard.append, SystemClock(), TimeIds())

    def threads():
        return [one for one in threading.enumerate() if one.name == "feed register"]

    def is_heard():
        with closing(sqlite3.connect(file)) as database, database:
            database.execute("INSERT INTO person (name) VALUES ('Ann')")
        return bool(heard)

    try:
        feeds.look()
        wait_until(is_heard)
        assert set(heard) == {Changed(system=("told", "register"))}
        connections.edit(actor, "table", settings={**settings, "feed": False})
        kept.changes()
        feeds.look()
        wait_until(lambda: threads() == [])
    finally:
        feeds.stop()


def planned(actor, begun):
    """The plan once it was made or refused."""
    wait_until(lambda: plans.plan_of(actor, begun.pk).state != PlanState.PLANNING)
    return plans.plan_of(actor, begun.pk)


def test_dry_run_writes_nothing_and_its_plan_is_applied_as_shown_E24(actor, firm, two):
    left, right = two["left"].table("person"), two["right"].table("person")
    left.put({"name": "Ann", "phone": "1"})
    begun = plans.dry_run(actor, "firm")
    assert (begun.state, begun.doing) == (PlanState.PLANNING, "")
    assert standing.flows_going("firm") == frozenset()  # nothing is run
    with worker():
        ready = planned(actor, begun)
        assert (ready.state, ready.message) == (PlanState.READY, "")
        assert ready.summary["people"]["counts"] == {"right": {"create": 1}}
        assert names(right) == []
        artefact = plans.artefact_of(actor, begun.pk)
        (operation,) = artefact["flows"]["people"]["operations"]
        assert (operation["action"], operation["side"]) == ("create", "right")
        plans.apply(actor, begun.pk)
        wait_until(lambda: plans.plan_of(actor, begun.pk).state != PlanState.APPLYING)
        applied = plans.plan_of(actor, begun.pk)
        assert (applied.state, applied.message) == (PlanState.APPLIED, "")
        assert names(right) == ["Ann"]
        assert (runs()[0].id, runs()[0].by) == (applied.run, "Ada Byron")
    with pytest.raises(PlanRefused, match="cannot be applied: Applied"):
        plans.apply(actor, begun.pk)


def test_large_plan_is_read_page_by_page_at_the_same_cost(actor, firm, two, client_of, django_assert_max_num_queries):
    left = two["left"].table("person")
    for number in range(2 * plans.PAGE + 3):
        left.put({"name": f"Person {number:03}", "phone": "1"})
    begun = plans.dry_run(actor, "firm")
    with worker():
        assert planned(actor, begun).state == PlanState.READY
    pages = [plans.operations_of(actor, begun.pk, number) for number in range(4)]
    assert [len(page) for page in pages] == [plans.PAGE, plans.PAGE, 3, 0]
    every = [one["fields"]["name"][1] for page in pages for one in page]
    assert every == [
        one["fields"]["name"][1] for one in plans.artefact_of(actor, begun.pk)["flows"]["people"]["operations"]
    ]
    client = client_of("integration manager")
    with django_assert_max_num_queries(12):
        shown = client.get(f"/plans/{begun.pk}/?page=2").content.decode()
    assert (shown.count("new on the left"), "page=1" in shown, "page=3" in shown) == (3, True, False)
    assert client.get(f"/plans/{begun.pk}/?page=99999999999").status_code == 200


def test_plan_of_another_version_is_refused_and_a_failed_one_says_why(actor, firm, two):
    with worker():
        begun = plans.dry_run(actor, "firm", ["people"], is_full=True)
        assert planned(actor, begun).state == PlanState.READY
        wrong = TEXT.replace("record: person}\n    right", "record: nobody}\n    right")
        change.save(actor, "firm", wrong)
        with pytest.raises(PlanRefused, match="at version 2"):
            plans.apply(actor, begun.pk)
        told = planned(actor, plans.dry_run(actor, "firm"))
        assert (told.state, "nobody" in told.message) == (PlanState.FAILED, True)
    with pytest.raises(NotFound):
        plans.dry_run(actor, "firm", ["nobody"])


def test_plan_and_its_application_go_on_after_their_worker_is_stopped_E24_E29(actor, firm, two, monkeypatch):
    """Stopped in the middle of comparing and in the middle of writing; the next worker does the rest, once."""
    left, right = two["left"].table("person"), two["right"].table("person")
    for number in range(40):
        left.put({"name": f"Person {number:02}", "phone": "1"})
    begun = plans.dry_run(actor, "firm")
    at_it, may_go_on = threading.Event(), threading.Event()
    told = planning._telling

    def held_up(id_, between):
        step = told(id_, between)

        def slow(what, count):
            if count:
                at_it.set()
                assert may_go_on.wait(60)
            step(what, count)

        return slow

    monkeypatch.setattr(planning, "_telling", held_up)
    monkeypatch.setattr(planning, "BATCH", 10)

    def stopped_in_the_middle():
        """A worker that is drained while it is at it."""
        at_it.clear()
        may_go_on.clear()
        running = start_worker()
        assert at_it.wait(60)
        drained = threading.Thread(target=running.stop)
        drained.start()
        wait_until(lambda: running._worker._stopping.is_set())
        may_go_on.set()
        drained.join()

    stopped_in_the_middle()
    half = plans.plan_of(actor, begun.pk)
    assert (half.state, half.doing) == (PlanState.PLANNING, "reading")
    with worker():
        assert planned(actor, begun).state == PlanState.READY
    plans.apply(actor, begun.pk)
    stopped_in_the_middle()
    assert plans.plan_of(actor, begun.pk).state == PlanState.APPLYING
    assert 0 < len(names(right)) < 40
    with worker():
        wait_until(lambda: plans.plan_of(actor, begun.pk).state != PlanState.APPLYING)
    applied = plans.plan_of(actor, begun.pk)
    assert (applied.state, applied.message) == (PlanState.APPLIED, "")
    assert names(right) == sorted(row["name"] for row in left.records().values())
    (run,) = [one for one in runs() if one.kind is RunKind.APPLY]
    assert (run.id, run.status) == (applied.run, RunStatus.DONE)


def test_plan_whose_job_was_lost_is_asked_for_again(actor, firm, two):
    begun = plans.dry_run(actor, "firm")
    kept = requests.requests_of(state_url())
    for job in kept.waiting():
        kept.taken(job)
    plans.ask_again()
    plans.ask_again()  # once
    assert [(job.errand, job.subject) for job in kept.waiting()] == [("plan", begun.pk)]
    with worker():
        assert planned(actor, begun).state == PlanState.READY


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL takes any number of workers")
def test_worker_that_cannot_begin_says_why_and_tries_again(actor, firm, monkeypatch):
    from tallystick.server.designer import worker as module

    monkeypatch.setattr(module, "AGAIN_AFTER_S", 0.2)
    with worker():
        second = start_worker()
        wait_until(lambda: second.error is not None)
        assert "one at a time" in str(second.error)
    wait_until(lambda: second.is_at_work and requests.is_here(state_url()))
    assert second.stop()
    assert Integration.objects.get().name == "firm"


def test_change_in_the_web_reaches_the_other_system_with_the_persons_name(actor, two):
    """The hub's own records are a system; nobody waits for the schedule of an hour."""
    from tallystick.server.records.domain import actions

    connections.add(actor, name="crm", connector="records", settings={})
    text = TEXT.replace("connection: left", "connection: crm").replace("30 days", "1 hour")
    text = text.replace("system: crm, record: person", "system: crm, record: account").replace(
        "      - {left: phone, right: phone}\n", ""
    )
    change.create(actor, text)
    standing.enable(actor, "firm")
    right = two["right"].table("person")
    with worker():
        wait_until(lambda: any(one.status is RunStatus.DONE for one in runs()))
        wait_until(lambda: not standing.flows_going("firm"))
        actions.create(actor, "account", {"name": "Nordwind"})
        wait_until(lambda: names(right) == ["Nordwind"])
        wait_until(lambda: not standing.flows_going("firm"))
        count = len(runs())
        time.sleep(1.5)
        assert len(runs()) == count  # what the run itself wrote calls for nothing
    assert {one.by for one in runs()} == {"schedule", "Ada Byron"}
