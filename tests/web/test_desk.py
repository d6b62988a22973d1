"""The desk in a browser: how its pages look, on a telephone too, and that a case is worked by keyboard."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tallystick.server.desk.domain import cases, replying, technician
from tallystick.server.desk.models import Satisfaction
from tallystick.server.people.models import User
from tallystick.server.records.domain import actions
from tests.server.desk.conftest import clock, desk

__all__ = ["clock", "desk"]


@pytest.fixture
def agent(live_server, desk):
    return User.objects.get(pk=desk.agent.person)


@pytest.fixture
def worker(live_server, desk):
    return User.objects.get(pk=desk.technician.person)


@pytest.fixture
def asked(live_server, desk):
    """An order that a technician works at and asks about."""
    found = desk.ask(desk.case(), description="Since Monday.\nThe switch is fine.", assets=["IA-1"])
    order = desk.order(found)
    technician.take(desk.technician, order.pk)
    technician.do(desk.technician, order.pk, technician.Doing.BEGIN)
    technician.note(desk.technician, order.pk, "The ladder is in the store.")
    task = {"subject": "Change the bulb", "order": order.pk, "planned_minutes": "20", "actual_minutes": "35"}
    actions.create(desk.boss, "work_task", task)
    replying.ask(desk.technician, order.pk, "Which of the lamps is it?\nThere are two.")
    desk.deliver()
    return found


def test_case_with_its_orders_looks_right(desk, agent, asked, check_looks):
    desk.ask(asked.case, priority="9", shop="S3")
    check_looks(f"/records/case/{asked.case_id}/", "desk-case", user=agent)


def test_order_of_a_case_looks_right(desk, agent, asked, check_looks):
    check_looks(f"/desk/orders/{asked.pk}/", "desk-case-order", user=agent)


def test_form_of_a_work_order_looks_right_and_is_sent_by_keyboard(desk, agent, open_page, check_page, check_looks):
    case = desk.case()
    check_looks(f"/desk/cases/{case.pk}/order/", "desk-order-new", user=agent)
    page = open_page(f"/records/case/{case.pk}/", user=agent)
    page.keyboard.press("w")
    expect(page.get_by_role("heading", name="Work order - new")).to_be_visible()
    page.get_by_label("Look for assets in maintenance").press_sequentially("lamp")
    page.get_by_label("IA-1 Lamp 3-17").check()
    page.get_by_label("Shop").focus()
    page.keyboard.type("Electricians")
    page.get_by_label("What is to be done").press("Enter")
    expect(page.get_by_text("WO-1", exact=True).first).to_be_visible()


def test_refused_request_looks_right(desk, agent, check_looks, live_server):
    found = desk.ask(desk.case(), priority="9", shop="S3")
    check_looks(f"/desk/orders/{found.pk}/", "desk-refused", user=agent)
    check_looks(f"/desk/orders/{found.pk}/correct/", "desk-correct", user=agent)


def test_notices_look_right_full_and_empty(desk, agent, asked, check_looks, person):
    check_looks("/desk/notices/", "desk-notices", user=agent)
    check_looks("/desk/notices/", "desk-notices-empty", user=person("agent"))


def test_workbench_looks_right_full_and_empty(desk, worker, asked, check_looks, person):
    desk.ask(desk.case(subject="Door of the store does not close"))
    check_looks("/work/?tab=all", "desk-workbench", user=worker)
    check_looks("/work/", "desk-workbench-empty", user=person("technician"))
    check_looks(f"/work/{desk.order(asked).pk}/", "desk-work", user=worker)


def test_technician_completes_an_order_on_a_telephone_W10(desk, worker, asked, open_page, check_page):
    page = open_page("/work/", user=worker, is_narrow=True)
    expect(page.get_by_text("Awaiting a reply").last).to_be_visible()
    page.get_by_role("link", name="Lamp in hall 3 is dark").click()
    page.get_by_label("What was done").fill("New bulb.")
    page.get_by_role("button", name="Complete").click()
    expect(page.get_by_text("It closes by itself 7 days after it was completed.")).to_be_visible()
    check_page(page, "desk-work-completed-narrow")


def test_pages_behind_links_look_right(desk, asked, open_page, check_looks, live_server):
    question = asked.told.get(operation="work_order.information_requested")
    assert question.text.startswith("Which")
    from tallystick.server.desk.models import Question

    check_looks(replying.link(Question.objects.get()), "desk-reply", role="")
    cases.resolve(desk.agent, asked.case_id, "New bulb.")
    check_looks(cases.link(Satisfaction.objects.get()), "desk-satisfied", role="")


def test_messages_look_right(desk, asked, check_looks, live_server):
    refused = desk.ask(asked.case, priority="9")
    check_looks("/messages/", "messages", role="integration manager")
    check_looks(f"/messages/{refused.transaction_id}/", "message-refused", role="integration manager")


def test_partners_and_their_statuses_look_right(desk, asked, check_looks, live_server):
    check_looks("/messages/partners/", "message-partners", role="integration manager")
    check_looks("/desk/statuses/", "desk-statuses", role="integration manager")


def test_partner_is_added_on_a_telephone_and_deleted_by_keyboard(open_page, check_page):
    page = open_page("/messages/partners/", role="integration manager", is_narrow=True)
    page.get_by_label("Title").fill("Works of the town")
    page.get_by_label("Name", exact=True).fill("town")
    page.get_by_label("Address of its messages").fill("https://town.example.org/messages")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_text("the secret is shown this once")).to_be_visible()
    check_page(page, "message-partner-added")
    page.get_by_role("button", name="Delete Works of the town").press("Enter")
    page.get_by_role("dialog").get_by_role("button", name="Delete").press("Enter")
    expect(page.get_by_text("Works of the town is deleted")).to_be_visible()
    expect(page.get_by_role("link", name="Works of the town")).to_have_count(0)


def test_pages_fit_in_russian_too(desk, agent, asked, open_page, check_page, person):
    agent.language = "ru"
    agent.save()
    page = open_page("/desk/notices/", user=agent)
    expect(page.get_by_role("heading", name="Оповещения")).to_be_visible()
    check_page(page, "desk-notices-russian")
    page = open_page(f"/messages/{asked.transaction_id}/", user=person("integration manager", language="ru"))
    expect(page.get_by_role("heading", name="Завести заказ")).to_be_visible()
    check_page(page, "message-russian")


def test_messages_look_right_without_any(check_looks):
    check_looks("/messages/", "messages-empty", role="integration manager")
    check_looks("/messages/?q=nothing", "messages-none-fit", role="integration manager")
