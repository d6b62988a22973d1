"""A real Request Tracker 5 is the help desk of the hub's maintenance (spec/work-orders.md W1, scenarios S4 to S8).

`make test-request-tracker` installs Debian's packages and runs these; elsewhere they are skipped.
"""

from __future__ import annotations

import os
import signal
import time
from itertools import count

import pytest
from django.db import connections

from tallystick.errors import InputRefused
from tallystick.server.connections.domain import change
from tallystick.server.connections.models import Connection
from tallystick.server.desk.domain import replying, technician
from tallystick.server.desk.domain.technician import Doing
from tallystick.server.desk.models import Conversation, Follower, OrderNote, WorkOrder
from tallystick.server.messages.beside import delivering
from tallystick.server.messages.course import State
from tallystick.server.messages.domain import handling
from tallystick.server.messages.models import Direction, Transaction
from tallystick.server.records.domain import actions
from tallystick.server.request_tracker import beside
from tallystick.server.request_tracker.domain import trackers
from tallystick.server.request_tracker.domain.trackers import Wanted
from tallystick.server.request_tracker.forms import FIELDS, STATUSES
from tallystick.server.request_tracker.models import TicketOrder, Tracker

pytestmark = [pytest.mark.slow, pytest.mark.request_tracker]


def texts(workshop, ticket, by="hub"):
    return [text for who, text in workshop.olga.said(ticket) if who == by]


def writes(proxy):
    return [call for call in proxy.calls if not call.startswith("GET")]


def sent(state=None):
    rows = Transaction.objects.filter(direction=Direction.OUT).order_by("number")
    return [row.operation for row in (rows.filter(state=state) if state else rows)]


def test_ticket_becomes_a_work_order_and_hears_what_becomes_of_it_W1_W6_W8_W11_W12_W14(workshop, proxy):
    olga = workshop.olga
    ticket = olga.make("Lamp in hall 3 is dark", "Since Monday.\nПлохо 💡", Owner="olga")
    assert workshop.look() == 1
    order = workshop.order(ticket)
    number = f"WO-{order.number}"
    assert (order.subject, order.description) == ("Lamp in hall 3 is dark", "Since Monday.\nПлохо 💡")
    assert (order.shop.code, order.priority.code, order.problem.code) == ("S1", "1", "EL1")
    assert order.requester == "rita@example.com"
    follower = Follower.objects.get(order=order)
    assert (follower.reference, follower.contact_email) == (f"#{ticket}", "olga@example.org")
    assert (olga.field(ticket, "Work order"), olga.field(ticket, "Work order status")) == ([number], ["Open"])
    assert texts(workshop, ticket) == [f"Work order {number} was made: Open."]
    assert olga.ticket(ticket)["Status"] == "new"  # a dash leaves it as it is

    technician.do(workshop.technician, order.pk, Doing.BEGIN)
    technician.note(workshop.technician, order.pk, "A ladder is needed.")
    replying.ask(workshop.technician, order.pk, "Which lamp?")
    actions.update(workshop.boss, "work_order", order.pk, {"subject": "Both lamps", "description": "All dark."})
    workshop.deliver()
    assert (olga.ticket(ticket)["Status"], olga.field(ticket, "Work order status")) == ("open", ["In progress"])
    assert texts(workshop, ticket)[1:] == [
        f"Work order {number}: In progress.",
        f"Theo Technician writes in work order {number}:\n\nA ladder is needed.",
        f"Theo Technician asks about work order {number}:\n\nWhich lamp?\n\nAnswer with a comment on this ticket.",
        f"Work order {number} is now described so:\n\nBoth lamps\n\nAll dark.",
    ]
    assert Conversation.objects.get(pk=order.pk).reply == "awaiting"

    olga.comment(ticket, "<p>The <b>left</b> one &amp; the right.</p>", "text/html")
    olga.reply(ticket, "Dear Rita, we are at it.")
    assert workshop.look() == 1
    assert Conversation.objects.get(pk=order.pk).reply == "replied"
    note = OrderNote.objects.get(order=order, side="help_desk")
    assert (note.text, note.by) == ("The left one & the right.", "Olga Agent")

    technician.do(workshop.technician, order.pk, Doing.COMPLETE, resolution="New bulbs.")
    workshop.deliver()
    assert texts(workshop, ticket)[-1] == f"Work order {number}: Completed.\n\nNew bulbs."
    assert olga.field(ticket, "Work order status") == ["Completed"]

    before = WorkOrder.objects.get(pk=order.pk)
    messages = Transaction.objects.count()
    olga.change(ticket, Status="resolved")
    assert workshop.look() == 0
    after = WorkOrder.objects.get(pk=order.pk)
    assert (after.status, after.changed_at, Transaction.objects.count()) == ("completed", before.changed_at, messages)
    workshop_wants(workshop, statuses={**STATUSES, "closed": "open"})
    technician.do(workshop.technician, order.pk, Doing.CLOSE)  # what the order does later does not open the ticket
    workshop.deliver()
    assert olga.ticket(ticket)["Status"] == "resolved"
    assert olga.field(ticket, "Work order status") == ["Closed"]

    proxy.calls.clear()
    assert workshop.look() == 0
    assert writes(proxy) == []
    assert set(sent()) == set(sent(State.DONE))
    assert workshop.fault() == ""


def test_refusal_stands_on_the_ticket_and_its_correction_is_a_new_attempt_W7_S6(workshop, proxy):
    olga = workshop.olga
    ticket = olga.make("Fan", CustomFields={"Shop": "S3", "Work priority": "9", "Assets": ["IA-98", "IA-99"]})
    workshop.look()
    assert texts(workshop, ticket) == [
        "Maintenance made no work order:\n\n- There is no priority 9.\n- The shop S3 is closed.\n"
        "- There is no asset IA-98.\n- There is no asset IA-99.\n\n"
        "Correct the ticket; it is asked again when it was changed."
    ]
    workshop.look()  # nobody corrected anything
    olga.comment(ticket, "I shall see to it.")
    workshop.look()  # and a comment corrects nothing
    assert (WorkOrder.objects.count(), len(texts(workshop, ticket))) == (0, 1)
    olga.change(ticket, CustomFields={"Shop": "S1", "Work priority": "1", "Assets": []})
    workshop.look()
    assert workshop.numbers(ticket) == [f"WO-{WorkOrder.objects.get().number}"]
    row = Transaction.objects.get(direction=Direction.IN, operation="work_order.create")
    assert (row.state, row.attempts) == (State.DONE, 2)
    assert OrderNote.objects.get().text == "I shall see to it."  # what was said before is not lost


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_lost_answer_of_a_write_leaves_one_comment_S5_E28(workshop, proxy, method):
    ticket = workshop.olga.make("Lamp")
    lost = []

    def lose(request, reply):
        if request.method == method and not lost:
            lost.append(request.path)
            return type(reply)(is_lost=True)
        return reply

    proxy.spoil = lose
    workshop.look()
    assert len(lost) == 1
    for _minute in range(6):
        workshop.clock.move(60)
        workshop.look()
    assert len(texts(workshop, ticket)) == 1
    row = Transaction.objects.get(direction=Direction.OUT)
    came = [(one.purpose, one.came) for one in row.tries.all()]
    answered = [("send", "lost"), ("look_up", "answered")]
    if method == "PUT":  # the comment was not written yet
        answered = [("send", "lost"), ("look_up", "absent"), ("look_up", "absent"), ("send", "answered")]
    assert (row.state, came) == (State.DONE, answered)
    assert WorkOrder.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_killed_at_every_request_makes_one_order_and_says_everything_once_S5_S17_E29(workshop, proxy):
    olga = workshop.olga
    ticket = olga.make("Lamp")
    workshop.look()
    order = workshop.order(ticket)
    olga.comment(ticket, "By the window.")
    other = olga.make("Fan")
    technician.do(workshop.technician, order.pk, Doing.BEGIN)

    def work():
        beside.look_due()
        workshop.deliver()

    runs = 0
    for limit in count(1):
        workshop.clock.move(660)  # whoever was killed held something
        runs += 1
        if not killed_at(proxy, limit, work):
            break
    for _minute in range(8):
        workshop.clock.move(60)
        workshop.look()
    assert runs > 8
    assert [len(workshop.numbers(number)) for number in (ticket, other)] == [1, 1]
    assert WorkOrder.objects.count() == 2
    assert [one.text for one in OrderNote.objects.filter(order=order)] == ["By the window."]
    assert [len(texts(workshop, number)) for number in (ticket, other)] == [2, 1]
    assert olga.ticket(ticket)["Status"] == "open"
    assert set(Transaction.objects.values_list("state", flat=True)) == {State.DONE}


def killed_at(proxy, limit, work):
    """Runs `work` in a process that is killed at its request of this number: before it arrives, or before its answer.

    Whether it came so far.
    """
    connections.close_all()
    proxy.calls.clear()
    child = os.fork()
    if child == 0:
        try:
            work()
        finally:
            os._exit(0)
    killed = []

    def spoil(request, reply):
        if len(proxy.calls) >= limit and not killed:
            killed.append(request.path)
            os.kill(child, signal.SIGKILL)
        return reply

    proxy.spoil = spoil
    os.waitpid(child, 0)
    proxy.spoil = None
    return bool(killed)


def test_events_older_than_what_stands_there_and_statuses_without_a_meaning_S7(workshop):
    olga = workshop.olga
    ticket = olga.make("Lamp")
    workshop.look()
    order = workshop.order(ticket)
    statuses = {**STATUSES, "on_hold": "waiting"}  # the queue has no such status
    del statuses["completed"]
    workshop_wants(workshop, statuses=statuses)
    technician.do(workshop.technician, order.pk, Doing.BEGIN)
    technician.do(workshop.technician, order.pk, Doing.HOLD)
    technician.do(workshop.technician, order.pk, Doing.COMPLETE)
    workshop.deliver()
    parked = list(Transaction.objects.filter(state=State.PARKED).order_by("number"))
    assert [one.body["status"]["code"] for one in parked] == ["on_hold", "completed"]
    assert "Status 'waiting' isn't a valid status" in parked[0].why
    assert parked[1].why == "The status completed of work orders is not mapped to one of tickets."
    assert olga.ticket(ticket)["Status"] == "open"
    assert len(texts(workshop, ticket)) == 2

    handling.take_up(workshop.boss, parked[1].pk)  # still not mapped
    workshop.deliver()
    assert Transaction.objects.filter(state=State.PARKED).count() == 2
    Transaction.objects.filter(pk=parked[0].pk).update(next_at=None)
    workshop_wants(workshop, statuses={**STATUSES, "on_hold": "waiting", "completed": "stalled"})
    workshop.deliver()
    assert Transaction.objects.get(pk=parked[1].pk).state == State.DONE
    assert olga.ticket(ticket)["Status"] == "stalled"
    workshop_wants(workshop, statuses={**STATUSES, "on_hold": "open"})
    workshop.deliver()  # the older status is told, and replaces nothing
    assert (olga.ticket(ticket)["Status"], olga.field(ticket, "Work order status")) == ("stalled", ["Completed"])
    assert texts(workshop, ticket)[-1].endswith(": On hold.")
    assert set(sent()) == set(sent(State.DONE))


def workshop_wants(workshop, **changed):
    given = {
        "connection": "rt",
        "queue": "Facilities",
        "fields": FIELDS,
        "order_field": "Work order",
        "status_field": "Work order status",
        "statuses": STATUSES,
        **changed,
    }
    trackers.change(workshop.boss, workshop.tracker.pk, title="Facilities desk", wanted=Wanted(**given))


def test_ticket_has_any_number_of_orders_and_follows_those_of_others_W16(workshop):
    olga = workshop.olga
    ticket = olga.make("Lamp")
    workshop.look()
    olga.change(ticket, CustomFields={"Work order": "new"})
    workshop.look()
    workshop.look()
    first, second = workshop.numbers(ticket)
    assert (WorkOrder.objects.count(), olga.field(ticket, "Work order")) == (2, [second])
    olga.comment(ticket, f"{first}: take the old bulb along.")
    olga.comment(ticket, "Thank you.")
    workshop.look()
    notes = {f"WO-{one.order.number}": one.text for one in OrderNote.objects.select_related("order")}
    assert notes == {first: f"{first}: take the old bulb along.", second: "Thank you."}
    older = WorkOrder.objects.get(number=int(first.removeprefix("WO-")))
    technician.do(workshop.technician, older.pk, Doing.BEGIN)
    workshop.deliver()  # it is told; the fields and the status belong to the newest
    assert texts(workshop, ticket)[-1] == f"Work order {first}: In progress."
    assert (olga.ticket(ticket)["Status"], olga.field(ticket, "Work order status")) == ("new", ["Open"])

    actions.create(workshop.boss, "work_order", {"subject": "Paint the hall"})
    third = f"WO-{WorkOrder.objects.order_by('number').last().number}"
    olga.change(ticket, CustomFields={"Work order": third.lower()})
    workshop.look()
    assert workshop.numbers(ticket) == [first, second, third]
    assert texts(workshop, ticket)[-1] == f"This ticket follows work order {third} now: Open."
    olga.change(ticket, CustomFields={"Work order": "WO-99999"})
    workshop.look()
    assert texts(workshop, ticket)[-1].endswith("- There is no work order WO-99999.")
    workshop.look()
    assert len(workshop.numbers(ticket)) == 3


def test_orders_of_a_ticket_that_was_merged_speak_to_the_one_it_was_merged_into_S25(workshop):
    olga = workshop.olga
    gone, kept = olga.make("Lamp"), olga.make("Lamps in hall 3")
    workshop.look()
    moved = workshop.order(gone)
    olga.change(gone, MergeInto=str(kept))
    workshop.look()
    assert len(workshop.numbers(kept)) == 2
    technician.note(workshop.technician, moved.pk, "On our way.")
    workshop.deliver()
    assert texts(workshop, kept)[-1].endswith("On our way.")
    olga.comment(kept, f"WO-{moved.number}: good.")
    workshop.look()
    assert OrderNote.objects.get(order=moved, side="help_desk").text == f"WO-{moved.number}: good."


def test_own_comments_are_known_by_what_they_say_and_not_by_who_wrote_them_S4(workshop, rt):
    ticket = workshop.olga.make("Lamp")
    workshop.look()
    subject = next(one["Data"] for one in history(rt.hub, ticket) if one["Type"] == "Comment").strip()
    rt.hub.comment(ticket, "An automation under the hub's user says: urgent.")
    workshop.olga.comment(ticket, "Answered by email.", Subject=f"Re: {subject}")
    workshop.look()
    found = [one.text for one in OrderNote.objects.filter(side="help_desk").order_by("pk")]
    assert found == ["An automation under the hub's user says: urgent.", "Answered by email."]


def history(person, ticket):
    asked = {"fields": "Type,Data", "per_page": "100"}
    return person.ask("GET", f"/ticket/{ticket}/history", params=asked)["items"]


def test_replies_go_to_maintenance_where_that_is_wanted(workshop_of):
    workshop = workshop_of(hears_replies=True)
    ticket = workshop.olga.make("Lamp")
    workshop.look()
    workshop.olga.reply(ticket, "It flickers, says Rita.")
    workshop.look()
    assert OrderNote.objects.get().text == "It flickers, says Rita."


def test_only_tickets_that_meet_the_condition_and_were_touched_since_become_orders_W2(workshop_of, rt):
    before = rt.olga.make("Old lamp")
    workshop = workshop_of(condition="'CF.{Work order}' = 'new'")
    plain, asked = rt.olga.make("Question"), rt.olga.make("Lamp", CustomFields={"Work order": "new"})
    done = rt.olga.make("Done", CustomFields={"Work order": "new"}, Status="resolved")
    for _hour in range(2):
        workshop.look()
        workshop.clock.move(3_700)  # the whole queue is gone through
    assert {one: len(workshop.numbers(one)) for one in (before, plain, asked, done)} == {
        before: 0,
        plain: 0,
        asked: 1,
        done: 0,
    }
    assert TicketOrder.objects.count() == 1


def test_transaction_that_a_look_missed_is_found_when_the_queue_is_gone_through_S18(workshop):
    ticket = workshop.olga.make("Lamp")
    for hours in (0, 1):
        Tracker.objects.update(seen=10**6)  # as if it had been committed long after others with a higher id
        workshop.clock.move(hours * 3_600)
        workshop.look()
        assert len(workshop.numbers(ticket)) == hours
    assert len(workshop.numbers(ticket)) == 1


def test_request_tracker_that_is_down_or_refuses_is_said_and_nothing_is_lost_E30(workshop, rt, proxy):
    olga = workshop.olga
    ticket = olga.make("Lamp")
    workshop.look()
    order = workshop.order(ticket)
    technician.do(workshop.technician, order.pk, Doing.BEGIN)
    rt.stop()
    workshop.look()
    assert workshop.fault() != ""
    assert sent(State.WAITING) == ["work_order.status_changed"]
    rt.start()
    workshop.clock.move(300)
    workshop.look()
    workshop.clock.move(300)
    workshop.look()
    assert texts(workshop, ticket)[-1].endswith(": In progress.")
    assert workshop.fault() == ""


def test_one_ticket_that_cannot_be_given_stands_in_nobodys_way_E7(workshop, proxy):
    bad, good = workshop.olga.make("Bad"), workshop.olga.make("Good")

    def spoil(request, reply):
        return type(reply)(status=500, body=b"<html>") if f"/ticket/{bad}" in request.path else reply

    proxy.spoil = spoil
    workshop.look()
    assert (len(workshop.numbers(good)), workshop.numbers(bad)) == (1, [])
    assert "500" in workshop.fault()
    proxy.spoil = None
    workshop.look()
    assert len(workshop.numbers(bad)) == 1
    assert workshop.fault() == ""


def test_ticket_that_moves_to_another_connected_queue_gets_no_second_order(workshop):
    trackers.add(workshop.boss, name="network", title="Network desk", wanted=Wanted(connection="rt", queue="Network"))
    ticket = workshop.olga.make("Lamp")
    workshop.look()
    workshop.olga.change(ticket, Queue="Network")
    workshop.look()
    assert len(workshop.numbers(ticket)) == 1
    other = workshop.olga.make("Cable", Queue="Network", CustomFields={"Shop": "", "Work priority": "", "Problem": ""})
    workshop.look()
    assert len(workshop.numbers(other)) == 1


def test_deleted_queue_hears_nothing_and_connected_again_goes_on_with_its_orders_W4_W16(workshop):
    olga = workshop.olga
    ticket, other = olga.make("Lamp in hall 3 is dark"), olga.make("Never asked for")
    workshop.look()
    numbers = workshop.numbers(ticket)
    number = workshop.tracker.pk
    trackers.delete(workshop.boss, number)
    assert (workshop.look(), list(trackers.in_use())) == (0, [])
    told = texts(workshop, ticket)
    technician.do(workshop.technician, workshop.order(ticket).pk, Doing.BEGIN)
    workshop.deliver()
    assert texts(workshop, ticket) == told
    olga.comment(ticket, "Is anybody there?")
    missed = olga.make("Made while nobody listened")
    made = trackers.add(workshop.boss, name="facilities", title="Again", wanted=_as_before(workshop.tracker))
    assert (made.pk, made.peer.title, made.peer.is_enabled) == (number, "Again", True)
    olga.comment(ticket, "And now?")
    new = olga.make("Door is stuck")
    workshop.look()
    assert workshop.numbers(ticket) == numbers
    assert (len(workshop.numbers(other)), workshop.numbers(missed), len(workshop.numbers(new))) == (1, [], 1)
    notes = OrderNote.objects.filter(order=workshop.order(ticket)).values_list("text", flat=True)
    assert list(notes) == ["And now?"]
    technician.do(workshop.technician, workshop.order(ticket).pk, Doing.COMPLETE, resolution="A new lamp.")
    workshop.deliver()
    assert len(texts(workshop, ticket)) == len(told) + 1


def test_same_name_for_another_request_tracker_knows_nothing_of_the_deleted_queue(workshop):
    ticket = workshop.olga.make("Lamp in hall 3 is dark")
    workshop.look()
    trackers.delete(workshop.boss, workshop.tracker.pk)
    change.remove(workshop.boss, "rt")
    settings = {"url": workshop.url, "token": workshop.token}
    change.add(workshop.boss, name="rt", connector="request_tracker", settings=settings)
    workshop.clock.move(1)
    Connection.objects.filter(name="rt").update(created_at=workshop.clock.now())
    made = trackers.add(workshop.boss, name="facilities", title="Other", wanted=_as_before(workshop.tracker))
    assert made.pk != workshop.tracker.pk
    assert TicketOrder.objects.filter(tracker=made).count() == 0
    assert len(workshop.numbers(ticket)) == 1


def _as_before(tracker: Tracker) -> Wanted:
    names = ("connection", "queue", "fields", "order_field", "status_field", "statuses")
    return Wanted(**{name: getattr(tracker, name) for name in names})


@pytest.mark.parametrize(
    ("wanted", "place", "sentence"),
    [
        ({"queue": "Nowhere"}, "connection", "Request Tracker shows the hub's user no queue 'Nowhere'."),
        (
            {"order_field": "Number"},
            "order_field",
            "Tickets of this queue have no custom field Number; they have A",
        ),
        ({"fields": {"shop": "Crew"}}, "fields", "Tickets of this queue have no custom field Crew; they have A"),
        ({"condition": "Priority >"}, "condition", "Request Tracker does not understand the condition: Wrong query"),
    ],
)
def test_queue_is_connected_only_as_it_is_there(workshop, wanted, place, sentence):
    given = {"connection": "rt", "queue": "Facilities", **wanted}
    with pytest.raises(InputRefused) as refused:
        trackers.change(workshop.boss, workshop.tracker.pk, title="Desk", wanted=Wanted(**given))
    assert list(refused.value.fields) == [place]
    assert refused.value.fields[place].startswith(sentence)


def test_token_that_is_refused_is_said_at_the_queue_and_the_connection_E30(workshop):
    change.edit(workshop.boss, "rt", settings={"token": "1-27-something-else", "url": workshop.url})
    assert workshop.look() == 0
    assert "refused the sign-in" in workshop.fault()
    assert "something-else" not in workshop.fault()
    assert Connection.objects.get(name="rt").health == "failing"
    change.edit(workshop.boss, "rt", settings={"token": workshop.token, "url": workshop.url})
    ticket = workshop.olga.make("Lamp")
    workshop.look()
    assert (len(workshop.numbers(ticket)), workshop.fault()) == (1, "")
    assert Connection.objects.get(name="rt").health == "ok"


@pytest.mark.django_db(transaction=True)
def test_hub_looks_and_tells_by_itself_beside_the_web_W1(workshop):
    ticket = workshop.olga.make("Lamp")
    with beside.looking(), delivering():
        patience = time.monotonic() + 60
        while not texts(workshop, ticket) and time.monotonic() < patience:
            time.sleep(0.5)
    assert texts(workshop, ticket) == [f"Work order {workshop.numbers(ticket)[0]} was made: Open."]


def test_system_and_queue_are_added_on_pages_and_tickets_become_orders_W1(
    client_of, rt, proxy, clock, local_network, actor
):
    client = client_of()
    system = {"name": "rt", "title": "Tracker", "url": proxy.url, "token": rt.hub_token}
    client.post("/systems/new/request_tracker/", system)
    connection = Connection.objects.get(name="rt")
    assert rt.hub_token not in connection.secrets + str(connection.settings)
    client.post("/systems/rt/test/")
    told = Connection.objects.get(name="rt").health_message
    assert told == "Reached Request Tracker 5.0.3; it talks to maintenance by messages."
    form = client.get("/messages/request-tracker/new/").context["form"]
    given = {**form.initial, "title": "Desk", "name": "desk", "connection": "rt", "queue": "Facilities", "every_s": 5}
    wrong = client.post("/messages/request-tracker/new/", {**given, "queue": "Nowhere"})
    assert wrong.status_code == 422
    assert "no queue &#x27;Nowhere&#x27;" in wrong.content.decode()
    assert client.post("/messages/request-tracker/new/", given).status_code == 302
    ticket = rt.olga.make("Lamp", CustomFields={"Shop": "", "Work priority": "", "Problem": ""})
    assert beside.look_due() == 1
    order = TicketOrder.objects.get()
    assert (order.ticket, order.number) == (ticket, f"WO-{WorkOrder.objects.get().number}")
