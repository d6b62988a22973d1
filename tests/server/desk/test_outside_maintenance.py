"""The help desk with a maintenance system of others, over HTTP both ways: S5, S6, S7 and forged callbacks.

The other side is an implementation of its own (tests/outside_maintenance.py), held to the published documents.
"""

from __future__ import annotations

import pytest
from jsonschema import Draft202012Validator

from tallystick.errors import InputRefused
from tallystick.server.desk import looking
from tallystick.server.desk.domain import cases, help_desk, statuses
from tallystick.server.desk.domain.help_desk import Wanted
from tallystick.server.desk.models import CaseOrder, Happening, Notice
from tallystick.server.messages.courier import Courier, Point
from tallystick.server.messages.course import State
from tallystick.server.messages.domain import partners as partner_acts
from tallystick.server.messages.models import Direction, Peer, Transaction
from tallystick.server.records.models import Case
from tests.outside_maintenance import SECRET, signed
from tests.server.messages.test_courier import die, killed

LOST_AND_FOUND = [("send", "lost"), ("look_up", "answered")]


@pytest.fixture
def away(desk, outside, outside_peer, live_server):
    """It knows the hub's address and tells the hub's time."""
    outside.hub = f"{live_server.url}/api/messages/v1/{outside_peer.mark}"
    outside.now = lambda: desk.clock.now().timestamp()
    return outside


def again(case_order):
    return CaseOrder.objects.select_related("case", "peer", "transaction").get(pk=case_order.pk)


def came(case_order):
    return [(one.purpose, one.came) for one in case_order.transaction.tries.all()]


def told(happening):
    return [one.facts for one in Notice.objects.filter(happening=happening).order_by("pk")]


def status(code):
    return {"code": code}


# --- S5: the answer is lost


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("point", list(Point))
def test_killed_while_asking_makes_one_order_outside_and_it_stands_on_the_case_S5_E29(
    desk, outside, outside_peer, point
):
    case = desk.case()

    def work():
        courier = Courier(watch=lambda at: die() if at is point else None)
        wanted = Wanted(subject="Lamp", shop="S1", priority="1")
        help_desk.request_order(desk.agent, case.pk, outside_peer, wanted, courier=courier)

    killed(work)
    for _minute in range(5):
        desk.clock.move(60)
        desk.deliver()
    found = CaseOrder.objects.select_related("transaction").get(case=case)
    assert (found.number, found.status, list(outside.orders)) == ("WO-1001", "open", ["WO-1001"])
    assert Transaction.objects.filter(direction=Direction.OUT).count() == 1
    sends = [purpose for purpose, _came in came(found)].count("send")
    assert len(outside.received) == 1  # it would have made another order of each
    assert sends == (2 if point is Point.CLAIMED else 1)


def test_answer_that_is_lost_with_five_look_ups_is_found_by_the_sixth_S5_E28(desk, outside, outside_peer):
    outside.fault, outside.faults_left = "breaks_after", 1
    outside.look_ups_broken = 5
    found = desk.ask(desk.case(), peer=outside_peer)
    for _try in range(9):
        desk.deliver()
        desk.clock.move(4_000)
    found = again(found)
    assert (found.number, len(outside.received)) == ("WO-1001", 1)
    assert came(found) == [("send", "lost"), *[("look_up", "unanswered")] * 5, ("look_up", "answered")]


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ("error_inside", LOST_AND_FOUND),  # made all the same
        (
            "error_in_place",  # not made: asked for again when it has had its time
            [("send", "lost"), ("look_up", "absent"), ("look_up", "absent"), ("send", "answered")],
        ),
    ],
)
def test_200_with_an_error_inside_is_a_lost_answer_S5_E28(desk, outside, outside_peer, fault, expected):
    outside.fault, outside.faults_left = fault, 1
    found = desk.ask(desk.case(), peer=outside_peer)
    assert (found.number, found.transaction.state) == ("", State.UNKNOWN)
    for _try in range(3):
        desk.deliver()
        desk.clock.move(60)
    found = again(found)
    assert (found.number, found.status, len(outside.orders)) == ("WO-1001", "open", 1)
    assert came(found) == expected


def test_200_with_an_error_inside_of_a_list_keeps_the_list_there_was_W3(desk, outside, outside_peer):
    assert [one["code"] for one in looking.look(outside_peer, "shops").entries] == ["S1", "S2"]
    outside.fault = "error_inside"
    desk.clock.move(601)
    looked = looking.look(outside_peer, "shops")
    assert [one["code"] for one in looked.entries] == ["S1", "S2"]
    assert looked.fault.startswith("Outside did not give the list shops: it answered 200.")


# --- S6: refused


def test_both_errors_stand_on_the_case_and_the_correction_is_a_new_attempt_S6_W7(desk, outside, outside_peer):
    case = desk.case()
    found = desk.ask(case, peer=outside_peer, priority="9", shop="S3")
    assert (found.number, found.transaction.state, outside.orders) == ("", State.REFUSED, {})
    assert [(one["field"], one["message"]) for one in found.transaction.errors] == [
        ("shop", "The shop S3 is closed."),
        ("priority", "There is no priority 9."),
    ]
    outside.closed_shops.clear()
    outside.lists["shops"].append({"code": "S3", "name": "Painters"})
    desk.clock.move(601)  # the lists are older than their limit, and read again first
    found = help_desk.correct(desk.agent, found.pk, Wanted(subject="Lamp", shop="S3", priority="1"))
    assert "S3" in [one["code"] for one in outside_peer.lists.get(name="shops").entries]
    assert (found.number, came(found)) == ("WO-1001", [("send", "refused"), ("send", "answered")])
    assert Transaction.objects.filter(operation="work_order.create").count() == 1
    assert list(outside.orders) == ["WO-1001"]


# --- S7: events by signed callbacks


@pytest.mark.django_db(transaction=True)
def test_events_out_of_order_and_twice_over_http_S7(desk, away, outside_peer):
    case = desk.case()
    found = desk.ask(case, peer=outside_peer)
    number = found.number
    asked = len(away.received)
    statuses_heard = [
        away.tell("status_changed", number, 5, status=status("completed")),
        away.tell("status_changed", number, 4, status=status("in_progress")),
        away.tell("description_changed", number, 3, id_="three", subject="Both lamps"),
        away.tell("description_changed", number, 3, id_="three", subject="Both lamps"),
        away.tell("description_changed", number, 3, subject="Both lamps"),  # the same event as another message
        away.tell("status_changed", number, 6, status=status("Z")),
    ]
    assert [heard[0] for heard in statuses_heard] == [200] * 6
    cases.close(desk.agent, case.pk)
    desk.deliver()
    found = again(found)
    assert (found.status, found.subject, Case.objects.get(pk=case.pk).status) == ("completed", "Both lamps", "closed")
    assert [one["status"] for one in told(Happening.STATUS)] == ["completed"]
    assert len(told(Happening.DESCRIPTION)) == 1
    assert len(away.received) == asked  # closing the case told maintenance nothing
    parked = Transaction.objects.get(state=State.PARKED)
    assert parked.body["status"] == {"code": "Z"}
    assert statuses.map_status(desk.boss, outside_peer, "Z", "on_hold") == 1
    assert again(found).status == "on_hold"

    cases.reopen(desk.agent, case.pk)
    second = desk.ask(case, peer=outside_peer, subject="Still dark")
    assert [number, second.number] == list(away.orders) == ["WO-1001", "WO-1002"]
    assert CaseOrder.objects.filter(case=case).count() == 2


@pytest.mark.django_db(transaction=True)
def test_question_over_http_is_answered_by_a_note_S8_W11(desk, away, outside_peer):
    found = desk.ask(desk.case(), peer=outside_peer)
    away.tell("information_requested", found.number, 1, question="q-1", text="Which lamp?", asked_by="Tom")
    assert again(found).question_text == "Which lamp?"
    away.fault, away.faults_left = "error_inside", 1  # its answer to the note is lost, and looked up
    help_desk.write(desk.agent, found.pk, "The left one.", is_answer=True)
    desk.deliver()
    away.tell("information_received", found.number, 2, question="q-1")
    assert again(found).question == ""
    notes = [one for one in away.received if one["operation"] == "work_order.note"]
    assert [(one["body"]["text"], one["body"]["question"]) for one in notes] == [("The left one.", "q-1")]
    assert Transaction.objects.get(operation="work_order.note").state == State.DONE


@pytest.mark.django_db(transaction=True)
def test_forged_callbacks_are_refused_change_nothing_and_are_said_S7_E38(desk, away, outside_peer):
    found = desk.ask(desk.case(), peer=outside_peer)

    def completed(**forged):
        return away.tell("status_changed", found.number, 1, id_="e", status=status("completed"), **forged)

    raw = (
        b'{"id":"e","operation":"work_order.status_changed","version":1,"body":'
        b'{"number":"WO-1001","sequence":1,"status":{"code":"completed"}}}'
    )
    heads = signed(SECRET, "e", raw, int(away.now()))
    changed_on_its_way = away.call(f"{away.hub}/transactions", heads, raw.replace(b"completed", b"cancelled"))
    for code, answer in (
        completed(secret="whsec_YW5vdGhlciBzZWNyZXQgdGhhdCBub2JvZHkga25vd3M="),
        completed(seconds_ago=301),
        completed(seconds_ago=-301),
        changed_on_its_way,
    ):
        assert (code, answer["code"]) == (401, "signature_refused")
    assert again(found).status == "open"
    assert Transaction.objects.filter(direction=Direction.IN).count() == 0
    assert Peer.objects.get(pk=outside_peer.pk).fault.startswith("A message was refused:")
    code, answer = completed()
    assert (code, answer["outcome"], again(found).status) == (200, "accepted", "completed")


# --- held to what is published


@pytest.mark.django_db(transaction=True)
def test_everything_both_say_is_what_the_published_documents_say_E37(desk, away, outside_peer, live_server):
    found = desk.ask(desk.case(), peer=outside_peer, description="Since Monday.")
    desk.ask(desk.case(), peer=outside_peer, shop="S3")
    help_desk.write(desk.agent, found.pk, "Mind the ladder.")
    help_desk.relate(desk.agent, desk.case().pk, outside_peer, found.number)
    away.tell("status_changed", found.number, 1, status={"code": "PARTS", "name": "Waiting", "kind": "on_hold"})
    away.tell("note_added", found.number, 2, text="On our way.", author="Tom")
    assert again(found).status == "on_hold"

    _code, document = away.call(f"{live_server.url}/api/messages/v1/openapi.json", {})
    root = {"$schema": "https://json-schema.org/draft/2020-12/schema", "components": document["components"]}

    def fits(name, value):
        Draft202012Validator({**root, "$ref": f"#/components/schemas/{name}"}).validate(value)

    operations = set()
    for message in (*away.received, *away.told):
        operations.add(message["operation"].removeprefix("work_order."))
        fits("Message", message)
        fits(f"{message['operation']}.v1", message["body"])
    for answer in away.answers.values():
        fits("Answer", answer)
    assert operations == {"create", "note", "relate", "status_changed", "note_added"}


def test_order_of_a_deleted_maintenance_stays_on_the_case_as_it_was_known_last_W4(desk, outside_peer, outside):
    case = desk.case()
    found = desk.ask(case, outside_peer)
    partner_acts.delete(desk.boss, outside_peer.name)
    found.refresh_from_db()
    assert (found.number, found.status) == ("WO-1001", "open")
    for act in (
        lambda: help_desk.write(desk.agent, found.pk, "The left one."),
        lambda: help_desk.correct(desk.agent, found.pk, Wanted(subject="Lamp")),
        lambda: help_desk.relate(desk.agent, case.pk, CaseOrder.objects.get(pk=found.pk).peer, "WO-1002"),
    ):
        with pytest.raises(InputRefused, match="The message partner Outside was deleted"):
            act()
    own = desk.ask(case)
    assert own.number == "WO-1"
    assert len(outside.received) == 1
