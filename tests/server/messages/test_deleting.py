"""Message partners that are deleted: nothing goes to them or comes from them any more, and what was stays (W4)."""

from __future__ import annotations

import json

import pytest

from tallystick.errors import InputRefused, NotAllowed, NotFound
from tallystick.server.messages import outbox, partners, queries
from tallystick.server.messages.courier import Courier
from tallystick.server.messages.course import State
from tallystick.server.messages.domain import handling
from tallystick.server.messages.domain.partners import add, delete, pause
from tallystick.server.messages.models import Peer, Role, Transaction
from tallystick.server.messages.queries import Wanted
from tallystick.server.people.models import AuditEntry
from tests.server.api.conftest import program
from tests.server.messages.conftest import made

__all__ = ["program"]


@pytest.fixture
def works(actor, outside, local_network, clock) -> Peer:
    """The maintenance outside, added as people add one."""
    from tests.outside_maintenance import SECRET

    given = {"name": "works", "title": "Works department", "role": "maintenance", "address": outside.address}
    return add(actor, **given, secret=SECRET, timeout_s=1).peer


def put(peer, name="lamp") -> int:
    return outbox.put(peer, "test.tell", {"name": name}).pk


def state(number: int) -> str:
    return Transaction.objects.get(pk=number).state


def test_deleted_partner_keeps_its_history_and_what_waits_is_cancelled_W4(actor, works):
    waiting, parked, refused = put(works), put(works), put(works)
    Transaction.objects.filter(pk=parked).update(state=State.PARKED)
    Transaction.objects.filter(pk=refused).update(state=State.REFUSED, why="It was bad.")
    deleted = delete(actor, "works")
    assert [state(one) for one in (waiting, parked, refused)] == ["cancelled", "cancelled", "refused"]
    row = Transaction.objects.get(pk=waiting)
    assert (row.why, str(row.peer)) == (f"{actor.name} deleted the message partner.", "Works department")
    assert Courier().deliver_due() == 0
    found = queries.transactions(actor, Wanted(peer=Peer.objects.get(pk=deleted.pk).name))
    assert {one.pk for one in found} == {waiting, parked, refused}
    assert AuditEntry.objects.filter(action="messaging.delete_peer", subject_name="Works department").count() == 1
    assert "works" not in [one.name for one in partners.in_use()]
    assert works.pk not in [one.pk for one in partners.of_role(Role.MAINTENANCE)]


def test_nothing_is_sent_again_to_a_deleted_partner_nor_taken_up(actor, works):
    refused, parked = put(works), put(works)
    Transaction.objects.filter(pk=refused).update(state=State.REFUSED)
    delete(actor, "works")
    Transaction.objects.filter(pk=parked).update(state=State.PARKED)
    for act, number in ((handling.send_again, refused), (handling.take_up, parked)):
        with pytest.raises(InputRefused, match="Works department was deleted, so nothing can be sent to it"):
            act(actor, number)
    assert queries.in_trouble(actor) == 0


def test_deleted_partner_is_not_let_in_and_its_name_is_free_again(actor, works, client):
    mark = works.mark
    delete(actor, "works")
    answer = client.post(f"/api/messages/v1/{mark}/transactions", "{}", content_type="application/json")
    assert answer.status_code == 404
    fresh = add(actor, name="works", title="New works", role="maintenance", address="https://new.example.org").peer
    old = Peer.objects.get(pk=works.pk)
    assert (fresh.pk != old.pk, old.title, old.is_enabled) == (True, "Works department", False)
    assert len({fresh.mark, old.mark, mark, works.secret, old.secret}) == 5
    for act in (delete, lambda who, name: pause(who, name, is_paused=True)):
        with pytest.raises(NotFound):
            act(actor, old.name)


@pytest.mark.django_db
def test_own_halves_and_who_may_not_delete_nothing(actor, actor_with):
    own = partners.own(Role.MAINTENANCE)
    with pytest.raises(InputRefused, match="is a part of this hub"):
        delete(actor, own.name)
    with pytest.raises(NotAllowed):
        delete(actor_with("messaging.view_peer"), own.name)
    number = outbox.put(own, "test.make", {"name": "lamp"}).pk
    assert Courier().deliver_now(number).state == State.DONE
    assert made() == ["lamp"]


def test_partner_is_deleted_by_page_and_by_the_api(works, program, client_of):
    calls = program()
    assert calls.get("/message-partners").status_code == 200
    assert calls.call("DELETE", "/message-partners/own-maintenance").status_code == 422
    assert calls.call("DELETE", "/message-partners/works").status_code == 204
    assert calls.call("DELETE", "/message-partners/works").status_code == 404
    assert "works" not in json.dumps(calls.get("/message-partners").json())
    add_again = {"name": "works", "title": "Works", "role": "maintenance", "address": "https://works.example.org"}
    assert calls.post("/message-partners", add_again).status_code == 201
    client = client_of()
    assert client_of("read-only").post("/messages/partners/works/delete/").status_code == 403
    assert client.get("/messages/partners/works/delete/").status_code == 405
    page = client.post("/messages/partners/works/delete/", follow=True).content.decode()
    assert "Works is deleted; what was exchanged with it stays here." in page
    assert "/messages/partners/works/pause/" not in page
    monitor = client.get("/messages/").content.decode()
    assert "Works (deleted)" in monitor
