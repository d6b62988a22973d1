"""With systems of others: a help desk outside asks for work here (W1); and what kills leave on a case (S5)."""

from __future__ import annotations

import json

import pytest
from django.test import Client

from tallystick.errors import InputRefused
from tallystick.server.connections import vault
from tallystick.server.desk.domain import help_desk, replying, technician
from tallystick.server.desk.domain.help_desk import Wanted
from tallystick.server.desk.domain.technician import Doing
from tallystick.server.desk.models import CaseOrder, Notice, WorkOrder
from tallystick.server.messages import moment
from tallystick.server.messages.courier import Courier, Point
from tallystick.server.messages.domain import partners as partner_acts
from tallystick.server.messages.models import Direction, Peer, Role, Transaction
from tests.outside_help_desk import outside_help_desk
from tests.outside_maintenance import SECRET, signed
from tests.server.messages.test_courier import die, killed


@pytest.fixture
def theirs():
    with outside_help_desk() as server:
        yield server


@pytest.fixture
def their_peer(db, theirs, local_network):
    now = moment.now()
    return Peer.objects.create(
        name="theirs",
        title="Their help desk",
        role=Role.HELP_DESK,
        address=theirs.address,
        mark="their-mark",
        secret=vault.seal(SECRET),
        timeout_s=2,
        created_at=now,
        changed_at=now,
    )


def send(id_, operation, body):
    raw = json.dumps({"id": id_, "operation": operation, "version": 1, "body": body}).encode()
    heads = signed(SECRET, id_, raw, int(moment.now().timestamp()))
    path = "/api/messages/v1/their-mark/transactions"
    return Client().post(path, raw, content_type="application/json", headers=heads).json()


def test_help_desk_outside_gets_work_done_and_hears_of_it_W1_W8_W12(desk, their_peer, theirs):
    made = send("t1", "work_order.create", {"reference": "INC-7", "subject": "Fan", "shop": "S1", "priority": "2"})
    assert (made["body"]["number"], made["body"]["status"]["code"]) == ("WO-1", "open")
    assert (
        send("t1", "work_order.create", {"reference": "INC-7", "subject": "Fan", "shop": "S1", "priority": "2"}) == made
    )
    order = WorkOrder.objects.get()
    technician.do(desk.technician, order.pk, Doing.BEGIN)
    replying.ask(desk.technician, order.pk, "Which fan?")
    theirs.fails = 1  # it keeps the event and answers with a fault: it comes again, once is heard
    desk.deliver()
    desk.clock.move(60)
    desk.deliver()
    question = theirs.heard[1]["body"]["question"]
    send("t2", "work_order.note", {"number": "WO-1", "text": "The left one.", "question": question})
    technician.do(desk.technician, order.pk, Doing.COMPLETE, resolution="Oiled.")
    desk.deliver()
    assert [one["operation"].removeprefix("work_order.") for one in theirs.heard] == [
        "status_changed",
        "information_requested",
        "information_received",
        "status_changed",
    ]
    assert [one["body"]["sequence"] for one in theirs.heard] == [1, 2, 3, 4]
    assert theirs.heard[-1]["body"]["status"]["code"] == "completed"
    assert {one["body"]["reference"] for one in theirs.heard} == {"INC-7"}
    assert theirs.calls == 5


def test_help_desk_outside_is_told_every_error_at_once_W7(desk, their_peer):
    body = {"reference": "INC-7", "subject": "Fan", "shop": "S3", "priority": "9", "problem": "X", "assets": ["IA-99"]}
    answer = send("t1", "work_order.create", body)
    assert [one["field"] for one in answer["errors"]] == ["problem", "priority", "shop", "assets"]
    assert WorkOrder.objects.count() == 0


def test_help_desk_outside_speaks_of_its_own_orders_alone(desk, their_peer):
    desk.ask(desk.case())
    answer = send("t1", "work_order.note", {"number": "WO-1", "text": "Hello"})
    assert answer["outcome"] == "refused"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("point", list(Point))
def test_killed_while_a_case_asks_for_work_leaves_one_order_on_the_case_S5_E29(desk, point):
    case = desk.case()

    def work():
        courier = Courier(watch=lambda at: die() if at is point else None)
        wanted = Wanted(subject="Lamp", shop="S1", priority="1")
        help_desk.request_order(desk.agent, case.pk, desk.maintenance, wanted, courier=courier)

    killed(work)
    for _minute in range(4):
        desk.clock.move(60)
        desk.deliver()
    found = CaseOrder.objects.get(case=case)
    assert (found.number, found.status, WorkOrder.objects.count()) == ("WO-1", "open", 1)
    assert Transaction.objects.filter(direction=Direction.OUT, operation="work_order.create").count() == 1
    assert Notice.objects.filter(case=case).count() == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("point", list(Point))
def test_killed_while_an_event_is_told_tells_it_once_S7_E29(desk, point):
    found = desk.ask(desk.case())
    technician.do(desk.technician, desk.order(found).pk, Doing.COMPLETE)
    killed(lambda: Courier(watch=lambda at: die() if at is point else None).deliver_due())
    for _minute in range(4):
        desk.clock.move(60)
        desk.deliver()
    assert CaseOrder.objects.get(pk=found.pk).status == "completed"
    assert Notice.objects.filter(happening="status").count() == 1


def test_deleted_help_desk_is_told_of_nothing_any_more_and_nobody_is_asked_W4(desk, their_peer):
    send("t1", "work_order.create", {"reference": "INC-7", "subject": "Fan", "shop": "S1"})
    order = WorkOrder.objects.get()
    partner_acts.delete(desk.boss, "theirs")
    technician.do(desk.technician, order.pk, Doing.BEGIN)
    technician.note(desk.technician, order.pk, "The ladder is in the store.")
    assert Transaction.objects.filter(direction=Direction.OUT).count() == 0
    with pytest.raises(InputRefused, match="Nobody follows this work order"):
        replying.ask(desk.technician, order.pk, "Which of the lamps?")
    assert Transaction.objects.get(direction=Direction.IN).peer_id == their_peer.pk
    assert send("t2", "work_order.create", {"reference": "INC-8", "subject": "Fan"})["status"] == 404
