"""Transactions on their way: one transaction, n attempts, in order, and never sent again blindly."""

from __future__ import annotations

import os
import signal

import pytest
from django.db import connections, transaction

from tallystick.server.messages import outbox, partners
from tallystick.server.messages.courier import Courier, Point
from tallystick.server.messages.course import State
from tallystick.server.messages.models import Direction, Role, Transaction
from tests.server.messages.conftest import made


@pytest.fixture
def own(db, clock):
    return partners.own(Role.MAINTENANCE)


def sent(number):
    return Transaction.objects.get(pk=number)


def came(row):
    return [(one.purpose, one.came) for one in row.tries.all()]


def put(peer, name, subject="", operation="test.make"):
    return outbox.put(peer, operation, {"name": name}, subject=subject).pk


def test_request_is_answered_in_one_transaction_with_one_attempt_E37_W6(own):
    row = Courier().deliver_now(put(own, "lamp"))
    assert (row.state, row.answer, came(row)) == (State.DONE, {"number": "N-1"}, [("send", "answered")])
    twin = Transaction.objects.get(direction=Direction.IN)
    assert (twin.correlation, twin.state, twin.answer) == (row.correlation, State.DONE, {"number": "N-1"})


def test_refusal_carries_all_errors_and_leaves_nothing_W7(own):
    row = Courier().deliver_now(put(own, "bad lamp"))
    assert row.state == State.REFUSED
    assert [one["message"] for one in row.errors] == ["It is bad.", "And worse."]
    assert made() == []


def test_message_of_a_change_that_is_rolled_back_is_never_sent(own):
    def change():
        with transaction.atomic():
            put(own, "lamp")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        change()
    assert Courier().deliver_due() == 0
    assert Transaction.objects.count() == 0


def test_body_that_breaks_its_own_schema_is_never_put(own):
    with pytest.raises(ValueError, match=r"test\.make 1"):
        put(own, "")
    assert Transaction.objects.count() == 0


def test_messages_of_one_subject_go_in_order_also_when_the_first_has_to_wait_E36(own, clock):
    numbers = [put(own, "one", "WO-1"), put(own, "two", "WO-1"), put(own, "other", "WO-2"), put(own, "three", "WO-1")]
    Transaction.objects.filter(pk=numbers[0]).update(next_at=clock.now().replace(hour=23))
    Courier().deliver_due()
    assert made() == ["other"]
    clock.move(14 * 3_600)
    Courier().deliver_due()
    assert made() == ["other", "one", "two", "three"]


def test_paused_partner_gets_nothing_until_it_goes_on_E39(own, actor):
    from tallystick.server.messages.domain.partners import pause

    put(own, "lamp")
    pause(actor, own.name, is_paused=True)
    assert Courier().deliver_due() == 0
    pause(actor, own.name, is_paused=False)
    Courier().deliver_due()
    assert made() == ["lamp"]


def test_message_that_breaks_its_receiver_is_given_up_and_blocks_no_other_E30(own, clock, monkeypatch):
    from tallystick.server.messages import receiving

    handler = receiving._handlers["test.make", 1]

    def breaking(peer, row):
        if row.body["name"] == "poison":
            raise ZeroDivisionError
        return handler(peer, row)

    receiving.handle("test.make", 1, breaking)
    poison, lamp = put(own, "poison"), put(own, "lamp")
    Courier().deliver_due()
    assert (sent(poison).state, sent(lamp).state) == (State.UNKNOWN, State.DONE)
    for _hour in range(60):
        clock.move(3_600)
        Courier().deliver_due()
    assert (sent(poison).state, made()) == (State.FAILED, ["lamp"])
    assert len(came(sent(poison))) < 60


# --- killed between every two steps


def killed(work):
    """Runs `work` in a process that has to die by SIGKILL."""
    connections.close_all()
    child = os.fork()
    if child == 0:
        try:
            work()
        finally:
            os._exit(1)
    assert os.waitpid(child, 0)[1] == signal.SIGKILL


def die():
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("point", list(Point))
def test_killed_between_two_steps_makes_one_thing_and_one_transaction_S5_E29(clock, point):
    own = partners.own(Role.MAINTENANCE)
    number = put(own, "lamp")
    killed(lambda: Courier(watch=lambda at: die() if at is point else None).deliver(number))
    for _minute in range(5):
        clock.move(60)
        Courier().deliver_due()
    row = sent(number)
    assert (row.state, row.answer, made()) == (State.DONE, {"number": "N-1"}, ["lamp"])
    assert Transaction.objects.filter(direction=Direction.OUT).count() == 1
    assert (
        came(row)
        == {
            Point.CLAIMED: [("send", "lost"), ("look_up", "absent"), ("send", "answered")],
            Point.SENT: [("send", "lost"), ("look_up", "answered")],
            Point.CONCLUDED: [("send", "answered")],
        }[point]
    )


@pytest.mark.django_db(transaction=True)
def test_killed_inside_the_receiver_leaves_nothing_there_and_is_made_once_S5_E29(clock, monkeypatch):
    from tallystick.server.messages import receiving

    own = partners.own(Role.MAINTENANCE)
    number = put(own, "lamp")
    handler = receiving._handlers["test.make", 1]

    def dying(peer, row):
        handler(peer, row)
        die()

    def work():
        receiving.handle("test.make", 1, dying)
        Courier().deliver(number)

    killed(work)
    assert (made(), Transaction.objects.filter(direction=Direction.IN).count()) == ([], 0)
    for _minute in range(5):
        clock.move(60)
        Courier().deliver_due()
    assert (sent(number).state, made()) == (State.DONE, ["lamp"])


@pytest.mark.django_db(transaction=True)
def test_killed_before_the_look_up_is_concluded_looks_up_again_S5(clock):
    own = partners.own(Role.MAINTENANCE)
    number = put(own, "lamp")
    killed(lambda: Courier(watch=lambda at: die() if at is Point.SENT else None).deliver(number))
    clock.move(60)
    killed(lambda: Courier(watch=lambda at: die() if at is Point.SENT else None).deliver(number))
    clock.move(60)
    Courier().deliver_due()
    row = sent(number)
    assert (row.state, made()) == (State.DONE, ["lamp"])
    assert came(row) == [("send", "lost"), ("look_up", "lost"), ("look_up", "answered")]


# --- a partner outside


def test_outside_partner_answers_E37(outside_peer, outside, clock, monkeypatch):
    row = _ask_outside(outside_peer)
    assert (row.state, row.answer["number"]) == (State.DONE, "WO-1001")
    assert outside.received[0]["id"] == row.correlation


@pytest.mark.parametrize("fault", ["breaks_after", "fault_after", "error_inside", "slow_after"])
def test_lost_answer_is_looked_up_not_sent_again_S5_E28(outside_peer, outside, fault):
    outside.fault, outside.faults_left = fault, 1
    row = _ask_outside(outside_peer)
    assert row.state == State.UNKNOWN
    Courier().deliver_due()
    row.refresh_from_db()
    assert (row.state, row.answer["number"], len(outside.orders)) == (State.DONE, "WO-1001", 1)
    assert came(row) == [("send", "lost"), ("look_up", "answered")]


def test_lost_answer_of_a_partner_that_cannot_look_up_waits_for_a_person_S5(outside_peer, outside, clock):
    outside.can_look_up = False
    outside.fault, outside.faults_left = "breaks_after", 1
    row = _ask_outside(outside_peer)
    for _hour in range(48):
        clock.move(3_600)
        Courier().deliver_due()
    row.refresh_from_db()
    assert (row.state, len(outside.received), len(outside.orders)) == (State.NEEDS_PERSON, 1, 1)


def test_absent_is_believed_only_when_the_partner_has_had_its_time_S5(outside_peer, outside, clock):
    outside.fault, outside.faults_left = "breaks_before", 1
    row = _ask_outside(outside_peer)
    Courier().deliver_due()
    row.refresh_from_db()
    assert (row.state, outside.look_ups, len(outside.received)) == (State.UNKNOWN, 1, 1)
    clock.move(3)
    Courier().deliver_due()
    row.refresh_from_db()
    assert (row.state, len(outside.orders)) == (State.DONE, 1)
    assert came(row) == [("send", "lost"), ("look_up", "absent"), ("look_up", "absent"), ("send", "answered")]


def test_partner_that_is_busy_gets_it_later_in_the_same_transaction_E37(outside_peer, outside, clock):
    outside.fault, outside.faults_left = "away", 4
    row = _ask_outside(outside_peer)
    for _minute in range(30):
        clock.move(60)
        Courier().deliver_due()
    row.refresh_from_db()
    assert (row.state, row.attempts, len(outside.orders)) == (State.DONE, 5, 1)
    assert came(row) == [("send", "not_sent")] * 4 + [("send", "answered")]


def test_partner_that_is_not_there_is_tried_for_a_day_and_then_given_up(outside_peer, outside, clock):
    outside.close()
    row = _ask_outside(outside_peer)
    for _hour in range(48):
        clock.move(3_600)
        Courier().deliver_due()
    row.refresh_from_db()
    assert (row.state, set(came(row))) == (State.FAILED, {("send", "not_sent")})


def test_private_network_is_refused_unless_allowed(outside_peer, outside, settings, clock):
    from dataclasses import replace

    settings.CONFIGURATION = replace(settings.CONFIGURATION, allowed_networks=())
    row = _ask_outside(outside_peer)
    assert (row.state, outside.received) == (State.WAITING, [])
    assert "127.0.0.1" in row.why


def _ask_outside(peer):
    """A real operation with its real schema, since the other side knows no toys."""
    body = {"reference": "C-1", "subject": "Lamp is dark", "shop": "S1", "priority": "1"}
    return Courier().deliver_now(outbox.put(peer, "work_order.create", body).pk)
