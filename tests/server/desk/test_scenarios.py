"""S5 to S8 as agents and programs meet them: each through the pages and through the API, and with the process killed
between every two steps of the transaction.
"""

from __future__ import annotations

import json
import re
from html import unescape

import pytest
from django.test import Client

from tallystick.server.desk.domain import closing, help_desk, replying
from tallystick.server.desk.models import CaseOrder, Conversation, Notice, OrderNote, WorkOrder
from tallystick.server.messages.courier import Courier, Point
from tallystick.server.messages.models import Direction, Transaction
from tallystick.server.people.models import User
from tallystick.server.records.models import Case
from tests.hub import signed_in
from tests.server.messages.test_courier import die, killed

POINTS = list(Point)
WANTED = {"subject": "Lamp is dark", "shop": "S1", "priority": "1", "problem": "EL1"}


def people(desk):
    return [signed_in(User.objects.get(pk=one.person)) for one in (desk.agent, desk.technician)]


class Pages:
    """An agent and a technician with a browser."""

    def __init__(self, desk) -> None:
        self.agent, self.technician = (
            signed_in(User.objects.get(pk=one.person)) for one in (desk.agent, desk.technician)
        )

    def ask(self, case, peer="", **wanted):
        return self.agent.post(f"/desk/cases/{case}/order/", {**WANTED, "peer": peer, **wanted})

    def correct(self, number, **wanted):
        return self.agent.post(f"/desk/orders/{number}/correct/", {**WANTED, **wanted})

    def write(self, number, text, *, is_answer):
        return self.agent.post(f"/desk/orders/{number}/write/", {"text": text, "answer": "yes" if is_answer else ""})

    def end(self, case, act):
        return self.agent.post(f"/desk/cases/{case}/{act}/")

    def step(self, order, doing):
        return self.technician.post(f"/work/{order}/{'take' if doing == 'take' else f'do/{doing}'}/")

    def question(self, order, text):
        return self.technician.post(f"/work/{order}/note/", {"text": text, "ask": "yes"})

    def shown(self, case):
        """number, words of the state, errors: as they stand on the page of the case"""
        page = unescape(self.agent.get(f"/records/case/{case}/").content.decode())
        panel = page.partition('id="work-orders"')[2].partition("</section>")[0]
        return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", panel))


class Calls:
    """Two programs."""

    def __init__(self, desk) -> None:
        self.agent, self.technician = (
            signed_in(User.objects.get(pk=one.person)) for one in (desk.agent, desk.technician)
        )

    def _post(self, client, path, **body):
        return client.post(f"/api/v1/desk{path}", json.dumps(body), content_type="application/json")

    def ask(self, case, peer="", **wanted):
        return self._post(self.agent, f"/cases/{case}/orders", **{**WANTED, "partner": peer, **wanted})

    def correct(self, number, **wanted):
        return self._post(self.agent, f"/orders/{number}/correct", **{**WANTED, **wanted})

    def write(self, number, text, *, is_answer):
        return self._post(self.agent, f"/orders/{number}/notes", text=text, is_answer=is_answer)

    def end(self, case, act):
        return self._post(self.agent, f"/cases/{case}/{act}")

    def step(self, order, doing):
        return self._post(self.technician, f"/work/{order}/steps", doing=doing)

    def question(self, order, text):
        return self._post(self.technician, f"/work/{order}/questions", text=text)

    def shown(self, case):
        rows = self.agent.get(f"/api/v1/desk/cases/{case}/orders").json()
        words = {"unknown": "Answer awaited", "refused": "Refused", "done": ""}
        told = [
            " ".join((one["number"], words[one["state"]], one["their_status"], *(e["message"] for e in one["errors"])))
            for one in rows
        ]
        return " ".join(told)


@pytest.fixture(params=[Pages, Calls], ids=["pages", "api"])
def way(request, desk):
    return request.param(desk)


def dying(point):
    """What the views send with, in the process that has to die."""
    help_desk.Courier = lambda: Courier(watch=lambda at: die() if at is point else None)


def go_on(desk, minutes=5):
    for _minute in range(minutes):
        desk.clock.move(60)
        desk.deliver()


# --- S5


def test_lost_answer_is_awaited_and_then_shown_with_number_and_status_S5(desk, way, outside, outside_peer):
    case = desk.case()
    outside.fault, outside.faults_left = "breaks_after", 1
    assert way.ask(case.pk, peer="outside", problem="EL").status_code < 400
    assert "Answer awaited" in way.shown(case.pk)
    go_on(desk)
    assert "WO-1001" in way.shown(case.pk)
    assert "Open" in way.shown(case.pk)
    assert (len(outside.received), len(outside.orders)) == (1, 1)


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("point", POINTS)
def test_killed_while_somebody_asks_leaves_one_order_and_one_transaction_S5_E29(desk, way, point):
    case = desk.case()

    def work():
        dying(point)
        way.ask(case.pk)

    killed(work)
    go_on(desk)
    assert "WO-1" in way.shown(case.pk)
    assert (WorkOrder.objects.count(), Notice.objects.filter(case=case).count()) == (1, 1)
    assert Transaction.objects.filter(direction=Direction.OUT, operation="work_order.create").count() == 1


# --- S6


def test_refusal_shows_both_errors_and_its_correction_the_number_S6(desk, way):
    case = desk.case()
    way.ask(case.pk, priority="9", shop="S3")
    shown = way.shown(case.pk)
    assert "There is no priority 9." in shown
    assert "The shop S3 is closed." in shown
    assert WorkOrder.objects.count() == 0
    assert way.correct(CaseOrder.objects.get().pk).status_code < 400
    assert "WO-1" in way.shown(case.pk)
    row = Transaction.objects.get(direction=Direction.OUT, operation="work_order.create")
    assert (row.attempts, [one.came for one in row.tries.all()]) == (2, ["refused", "answered"])


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("point", POINTS)
def test_killed_while_somebody_corrects_leaves_one_order_and_one_transaction_S6_E29(desk, way, point):
    case = desk.case()
    way.ask(case.pk, priority="9", shop="S3")
    number = CaseOrder.objects.get().pk

    def work():
        dying(point)
        way.correct(number)

    killed(work)
    go_on(desk)
    assert "WO-1" in way.shown(case.pk)
    assert WorkOrder.objects.count() == 1
    row = Transaction.objects.get(direction=Direction.OUT, operation="work_order.create")
    assert (row.state, row.body["priority"]) == ("done", "1")


# --- S7


def test_case_that_is_closed_opened_and_asks_again_has_two_orders_S7(desk, way):
    case = desk.case()
    way.ask(case.pk)
    order = WorkOrder.objects.get()
    before = Transaction.objects.count()
    way.end(case.pk, "close")
    desk.deliver()
    assert Transaction.objects.count() == before
    assert (Case.objects.get().status, WorkOrder.objects.get().status) == ("closed", "open")
    way.end(case.pk, "reopen")
    way.ask(case.pk, subject="Dark again")
    for step in ("take", "begin", "complete"):
        assert way.step(order.pk, step).status_code < 400
    desk.deliver()
    shown = way.shown(case.pk)
    assert ("WO-1" in shown, "WO-2" in shown, "Completed" in shown) == (True, True, True)
    desk.clock.move(8 * 86_400)
    closing.close_due()
    desk.deliver()
    assert "Closed" in way.shown(case.pk)
    assert Case.objects.get().status == "in_progress"


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("point", POINTS)
def test_killed_between_events_tells_each_once_and_in_order_S7_E29(desk, way, point):
    case = desk.case()
    way.ask(case.pk)
    order = WorkOrder.objects.get()
    for step in ("take", "begin", "complete"):
        way.step(order.pk, step)
    killed(lambda: Courier(watch=lambda at: die() if at is point else None).deliver_due())
    go_on(desk)
    told = CaseOrder.objects.get()
    assert (told.status, list(told.told.order_by("pk").values_list("sequence", flat=True))) == ("completed", [1, 2])
    assert Notice.objects.filter(happening="status").count() == 2


# --- S8


def test_question_is_answered_in_the_case_and_its_link_is_worth_nothing_then_S8(desk, way):
    case = desk.case()
    way.ask(case.pk)
    order = WorkOrder.objects.get()
    assert way.question(order.pk, "Which lamp?").status_code < 400
    desk.deliver()
    found = CaseOrder.objects.get()
    assert (found.question_text, Conversation.objects.get().reply) == ("Which lamp?", "awaiting")
    assert way.write(found.pk, "The left one.", is_answer=True).status_code < 400
    go_on(desk, 1)
    assert Conversation.objects.get().reply == "replied"
    assert CaseOrder.objects.get().question == ""
    question = order.questions.get()
    assert Client().get(replying.link(question)).status_code == 410


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("point", POINTS)
def test_killed_while_somebody_answers_keeps_one_answer_and_one_change_of_state_S8_E29(desk, way, point):
    way.ask(desk.case().pk)
    order = WorkOrder.objects.get()
    way.question(order.pk, "Which lamp?")
    killed(lambda: Courier(watch=lambda at: die() if at is point else None).deliver_due())
    go_on(desk)
    number = CaseOrder.objects.get().pk
    assert CaseOrder.objects.get().question_text == "Which lamp?"

    def work():
        dying(point)
        way.write(number, "The left one.", is_answer=True)

    killed(work)
    go_on(desk)
    assert list(OrderNote.objects.values_list("text", flat=True)) == ["The left one."]
    assert (Conversation.objects.get().reply, CaseOrder.objects.get().question) == ("replied", "")
    events = Transaction.objects.filter(direction=Direction.IN, operation="work_order.information_received")
    assert events.count() == 1
