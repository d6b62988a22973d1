"""Connecting a queue: what is wrong is said at its field, who may not does not, and a connection in use stays."""

from __future__ import annotations

import json

import pytest

from tallystick.errors import InputRefused, NotAllowed, NotFound, PlanRefused
from tallystick.server.connections.domain import change
from tallystick.server.messages.domain import partners as partner_acts
from tallystick.server.messages.models import Peer
from tallystick.server.people.models import AuditEntry
from tallystick.server.request_tracker.domain import trackers
from tallystick.server.request_tracker.domain.trackers import Wanted
from tallystick.server.request_tracker.forms import QueueForm
from tallystick.server.request_tracker.models import Tracker
from tests.queues import connected

QUEUES = "/messages/request-tracker/"
GIVEN = {"title": "Desk", "name": "desk", "connection": "rt", "queue": "Facilities", "every_s": "20"}


def test_everything_that_is_wrong_is_said_at_once_before_anybody_is_asked(actor):
    connected(actor)
    wanted = Wanted(connection="rt", queue=" ", every_s=1, fields={"colour": "Colour"}, statuses={"open": "x" * 65})
    with pytest.raises(InputRefused) as refused:
        trackers.add(actor, name="RT!", title="Desk", wanted=wanted)
    assert sorted(refused.value.fields) == ["every_s", "fields", "name", "queue", "statuses"]
    assert Tracker.objects.count() == 1


def test_connection_that_is_none_of_a_request_tracker_is_said(actor):
    change.add(actor, name="other", connector="memory", settings={"name": "queues"})
    for name in ("other", "none"):
        with pytest.raises(InputRefused) as refused:
            trackers.add(actor, name="desk", title="Desk", wanted=Wanted(connection=name, queue="Facilities"))
        assert refused.value.fields["connection"].startswith(f"There is no connection {name} to a Request Tracker.")
    assert Peer.objects.filter(is_own=False).count() == 0


def test_address_inside_the_network_is_refused_unless_allowed(actor):
    settings = {"url": "http://127.0.0.1:9", "token": "1-27-not-a-real-token"}
    change.add(actor, name="inner", connector="request_tracker", settings=settings)
    with pytest.raises(InputRefused) as refused:
        trackers.add(actor, name="desk", title="Desk", wanted=Wanted(connection="inner", queue="Facilities"))
    assert "127.0.0.1" in refused.value.fields["connection"]
    assert "1-27" not in json.dumps(refused.value.fields)


def test_who_may_not_change_partners_connects_nothing(actor, actor_with):
    connected(actor)
    reader = actor_with("messaging.view_peer")
    wanted = Wanted(connection="rt", queue="Network")
    with pytest.raises(NotAllowed):
        trackers.add(reader, name="desk", title="Desk", wanted=wanted)
    with pytest.raises(NotAllowed):
        trackers.change(reader, Tracker.objects.get().pk, title="Desk", wanted=wanted)
    assert Tracker.objects.get().queue == "Facilities"


@pytest.mark.parametrize(
    ("role", "listed", "form"),
    [("administrator", 200, 200), ("integration manager", 200, 200), ("read-only", 200, 403), ("agent", 403, 403)],
)
def test_pages_are_for_those_who_may_see_and_change_partners(actor, client_of, role, listed, form):
    number = connected(actor).pk
    client = client_of(role)
    assert client.get(QUEUES).status_code == listed
    assert [client.get(f"{QUEUES}{path}").status_code for path in ("new/", f"{number}/")] == [form, form]
    assert client.post(f"{QUEUES}new/", GIVEN).status_code == (422 if form == 200 else 403)
    assert Tracker.objects.count() == 1


def test_queue_that_is_not_there_is_not_found(client_of):
    assert client_of().get(f"{QUEUES}99/").status_code == 404


def test_connection_that_a_queue_uses_cannot_go(actor):
    connected(actor)
    with pytest.raises(PlanRefused, match="Help desk: Facilities"):
        change.remove(actor, "rt")


def test_deleted_queue_leaves_the_lists_and_lets_its_connection_go_W4(actor, actor_with, client_of):
    tracker = connected(actor)
    with pytest.raises(NotAllowed):
        trackers.delete(actor_with("messaging.view_peer"), tracker.pk)
    with pytest.raises(InputRefused, match="Help desk is a queue of Request Tracker"):
        partner_acts.delete(actor, tracker.peer.name)
    assert client_of("read-only").post(f"{QUEUES}{tracker.pk}/delete/").status_code == 403
    page = client_of().post(f"{QUEUES}{tracker.pk}/delete/", follow=True).content.decode()
    assert "Help desk: Facilities is deleted; its work orders and messages stay." in page
    assert f"{QUEUES}{tracker.pk}/" not in page
    assert client_of().get(f"{QUEUES}{tracker.pk}/").status_code == 404
    change.remove(actor, "rt")
    assert Tracker.objects.get().peer.is_enabled is False
    with pytest.raises(NotFound):
        trackers.delete(actor, tracker.pk)


def test_partner_page_shows_no_address_that_nobody_may_use(actor, client_of):
    tracker = connected(actor)
    page = client_of().get("/messages/partners/").content.decode()
    assert "Help desk" in page
    assert f"/api/messages/v1/{tracker.peer.mark}" not in page


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("completed", "Line 1: write name: value."),
        ("open: -\ncompleted:", "Line 2: write name: value."),
        ("open: -\n\nopen: open", "Line 3: open stands there twice."),
    ],
)
def test_lines_that_are_no_pairs_are_named(db, text, fault):
    form = QueueForm({**GIVEN, "statuses": text})
    assert form.errors["statuses"] == [fault]


def test_nothing_of_the_token_stands_in_page_or_audit(actor, client_of):
    tracker = connected(actor)
    client = client_of()
    pages = "".join(client.get(path).content.decode() for path in (QUEUES, f"{QUEUES}{tracker.pk}/", "/systems/rt/"))
    assert "not-a-real-token" not in pages + json.dumps(list(AuditEntry.objects.values_list("details", flat=True)))
