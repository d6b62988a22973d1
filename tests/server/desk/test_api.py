"""The desk through the API: the same acts, the same refusals."""

from __future__ import annotations

import json

import pytest

from tallystick.server.desk.models import CaseOrder, WorkOrder
from tallystick.server.people.models import User
from tallystick.server.records.models import Case
from tests.hub import signed_in


class Calls:
    def __init__(self, user):
        self._client = signed_in(User.objects.get(pk=user))

    def post(self, path, **body):
        return self._client.post(f"/api/v1{path}", json.dumps(body), content_type="application/json")

    def get(self, path):
        return self._client.get(f"/api/v1{path}")


@pytest.fixture
def agent(desk):
    return Calls(desk.agent.person)


@pytest.fixture
def technician(desk):
    return Calls(desk.technician.person)


@pytest.fixture
def boss(desk):
    return Calls(desk.boss.person)


def test_case_is_worked_through_the_api_W1_W2_W6_W12(desk, agent, technician):
    case = desk.case()
    made = agent.post(f"/desk/cases/{case.pk}/orders", subject="Lamp", shop="S1", priority="1", assets=["IA-1"])
    assert (made.status_code, made.json()["number"], made.json()["state"]) == (201, "WO-1", "done")
    order = WorkOrder.objects.get()
    for step in ("take", "begin", "complete"):
        assert technician.post(f"/desk/work/{order.pk}/steps", doing=step).status_code == 200
    desk.deliver()
    (shown,) = agent.get(f"/desk/cases/{case.pk}/orders").json()
    assert shown["status"] == "completed"
    assert agent.post(f"/desk/cases/{case.pk}/resolve", resolution="New bulb.").status_code == 200
    assert Case.objects.get().status == "resolved"
    for act, status in (("close", "closed"), ("reopen", "in_progress")):
        agent.post(f"/desk/cases/{case.pk}/{act}")
        assert Case.objects.get().status == status
    assert WorkOrder.objects.get().status == "completed"


def test_refusal_is_told_with_all_errors_and_corrected_S6_W7(desk, agent, boss):
    case = desk.case()
    refused = agent.post(f"/desk/cases/{case.pk}/orders", subject="Lamp", shop="S3", priority="9").json()
    assert [one["field"] for one in refused["errors"]] == ["priority", "shop"]
    corrected = agent.post(f"/desk/orders/{refused['id']}/correct", subject="Lamp", shop="S1", priority="1")
    assert (corrected.json()["number"], corrected.json()["attempts"]) == ("WO-1", 2)
    message = boss.get(f"/messages/{refused['message']}").json()
    assert [one["came"] for one in message["tries"]] == ["refused", "answered"]


def test_question_and_answer_through_the_api_S8_W10(desk, agent, technician):
    found = desk.ask(desk.case())
    order = desk.order(found)
    assert technician.post(f"/desk/work/{order.pk}/questions", text="Which?").status_code == 204
    desk.deliver()
    (shown,) = agent.get(f"/desk/cases/{found.case_id}/orders").json()
    assert shown["question"] == "Which?"
    agent.post(f"/desk/orders/{found.pk}/notes", text="Left.", is_answer=True)
    desk.deliver()
    assert CaseOrder.objects.get().question_text == ""


def test_history_is_listed_page_by_page_and_searched_W4(desk, agent):
    for subject in ("Lamp", "Door", "Fan"):
        desk.ask(desk.case(subject=subject))
    first = agent.get("/messages?direction=out&operation=work_order.create&limit=2").json()
    rest = agent.get(f"/messages?direction=out&operation=work_order.create&limit=2&cursor={first['next']}").json()
    assert ([len(first["items"]), len(rest["items"])], rest["next"]) == ([2, 1], None)
    found = agent.get("/messages?q=door&direction=out").json()["items"]
    assert [one["body"]["subject"] for one in found] == ["Door"]


def test_wrong_calls_are_problems(desk, agent, technician):
    case = desk.case()
    answer = agent.post(f"/desk/cases/{case.pk}/orders", subject="Lamp", partner="nobody")
    assert (answer.status_code, answer.json()["fields"]) == (422, {"partner": "There are own-maintenance."})
    assert agent.post("/desk/cases/none/orders", subject="Lamp").status_code == 404
    assert technician.post(f"/desk/cases/{case.pk}/orders", subject="Lamp").status_code == 403
    assert agent.post("/messages/1/cancel").status_code == 403
    assert agent.get("/messages/999").status_code == 404
