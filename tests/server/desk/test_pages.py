"""Pages of the desk without a browser: the whole way from a case to a satisfied requester, and what is refused."""

from __future__ import annotations

import re
from html import unescape

import pytest
from django.urls import reverse

from tallystick.server.desk.domain import cases, replying
from tallystick.server.desk.models import CaseOrder, Notice, Satisfaction, StatusMap, WorkOrder
from tallystick.server.messages.course import State
from tallystick.server.messages.models import Transaction
from tallystick.server.people.models import User
from tallystick.server.records.models import Case
from tests.hub import signed_in


def text_of(answer):
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode())))


@pytest.fixture
def agent(desk):
    return signed_in(User.objects.get(pk=desk.agent.person))


@pytest.fixture
def technician(desk):
    return signed_in(User.objects.get(pk=desk.technician.person))


def test_case_to_work_order_to_done_to_satisfied_through_pages_W2_W6_W10_W12_W13(desk, agent, technician, client):
    case = desk.case(asset=desk.asset)
    page = agent.get(reverse("records:detail", args=["case", case.pk]))
    assert "Work order - new" in text_of(page)
    form = agent.get(reverse("desk:new", args=[case.pk]))
    assert "Lamp is dark (EL1)" in text_of(form)
    assert 'value="IA-1" checked' in form.content.decode()
    given = {"subject": "Lamp", "problem": "EL1", "shop": "S1", "priority": "1", "asset": ["IA-1"]}
    page = agent.post(reverse("desk:new", args=[case.pk]), given, follow=True)
    assert "WO-1" in text_of(page)
    order = WorkOrder.objects.get()

    technician.post(reverse("desk:take", args=[order.pk]))
    assert "Lamp" in text_of(technician.get(reverse("desk:workbench")))
    technician.post(reverse("desk:do", args=[order.pk, "begin"]))
    technician.post(reverse("desk:note", args=[order.pk]), {"text": "Which one?", "ask": "yes"})
    desk.deliver()
    assert "Awaiting a reply" in text_of(technician.get(reverse("desk:workbench") + "?tab=awaiting"))
    assert "Which one?" in text_of(agent.get(reverse("desk:notices")))

    number = CaseOrder.objects.get().pk
    agent.post(reverse("desk:write", args=[number]), {"text": "The left one.", "answer": "yes"})
    assert "The left one." in text_of(technician.get(reverse("desk:work", args=[order.pk])))
    assert "Lamp" in text_of(technician.get(reverse("desk:workbench") + "?tab=replied"))
    technician.post(reverse("desk:do", args=[order.pk, "complete"]), {"resolution": "New bulb."})
    desk.deliver()
    assert "Completed" in text_of(agent.get(reverse("records:detail", args=["case", case.pk])))

    agent.post(reverse("desk:resolve", args=[case.pk]), {"resolution": "New bulb.", "tells": "yes"})
    link = cases.link(Satisfaction.objects.get())
    assert "Is the problem solved?" in text_of(client.get(link))
    assert "Thank you" in text_of(client.post(link, {"satisfied": "yes", "remark": "Great"}))
    assert client.get(link).status_code == 410
    assert Case.objects.get(pk=case.pk).status == "resolved"
    assert "is satisfied" in text_of(agent.get(reverse("records:detail", args=["case", case.pk])))


def test_refused_request_shows_all_errors_and_is_corrected_on_pages_W7_S6(desk, agent):
    case = desk.case()
    given = {"subject": "Lamp", "shop": "S3", "priority": "9"}
    page = agent.post(reverse("desk:new", args=[case.pk]), given, follow=True)
    for said in ("There is no priority 9.", "The shop S3 is closed."):
        assert said in text_of(page)
        assert said in text_of(agent.get(reverse("records:detail", args=["case", case.pk])))
    number = CaseOrder.objects.get().pk
    form = agent.get(reverse("desk:correct", args=[number]))
    assert 'value="9" selected' in form.content.decode()  # what was asked stays, until it is corrected
    page = agent.post(reverse("desk:correct", args=[number]), {**given, "shop": "S1", "priority": "1"}, follow=True)
    assert "WO-1" in text_of(page)
    assert Transaction.objects.get(direction="out", operation="work_order.create").attempts == 2


def test_form_without_a_subject_comes_back_with_what_was_entered(desk, agent):
    case = desk.case()
    page = agent.post(reverse("desk:new", args=[case.pk]), {"subject": "", "description": "Keep me", "asset": "IA-1"})
    assert page.status_code == 422
    assert "Say in a few words" in text_of(page)
    assert "Keep me" in page.content.decode()
    assert 'value="IA-1" checked' in page.content.decode()


def test_form_says_when_maintenance_does_not_answer_and_still_takes_codes_W3(desk, agent, outside_peer, outside):
    outside.close()
    page = agent.get(reverse("desk:new", args=[desk.case().pk]) + "?peer=outside")
    assert page.status_code == 200
    assert "Outside does not answer" in text_of(page)
    found = agent.get(reverse("desk:assets") + "?peer=outside&asset_words=lathe")
    assert "does not answer" in text_of(found)


def test_assets_are_looked_up_live_while_typing_W3(desk, agent):
    desk.made("installed_asset", name="Lathe", serial_number="SN-L")
    assert "IA-2" in text_of(agent.get(reverse("desk:assets") + "?asset_words=lathe"))


def test_existing_order_is_related_on_the_page_W16(desk, agent):
    desk.ask(desk.case())
    other = desk.case(subject="Again")
    assert "WO-1" in text_of(agent.post(reverse("desk:relate", args=[other.pk]), {"number": "WO-1"}, follow=True))
    answer = agent.post(reverse("desk:relate", args=[other.pk]), {"number": "WO-9"})
    assert (answer.status_code, "There is no work order WO-9." in text_of(answer)) == (422, True)


def test_case_of_another_kind_offers_no_work_order(desk, agent):
    case = desk.case(kind="support")
    assert "Work order - new" not in text_of(agent.get(reverse("records:detail", args=["case", case.pk])))


def test_reply_page_without_sign_in_shows_and_answers_once_S8(desk, client):
    found = desk.ask(desk.case())
    path = replying.link(replying.ask(desk.technician, desk.order(found).pk, "Which one?"))
    page = client.get(path)
    assert "Which one?" in text_of(page)
    mark = unescape(re.search(r'name="mark" value="([^"]+)"', page.content.decode())[1])
    assert "with the technician" in text_of(client.post(path, {"text": "Left.", "mark": mark}))
    assert client.get(path).status_code == 410


def test_step_that_is_not_there_is_refused(desk, technician):
    order = desk.order(desk.ask(desk.case()))
    assert technician.post(reverse("desk:do", args=[order.pk, "explode"])).status_code == 422
    assert technician.post(reverse("desk:do", args=[order.pk, "close"])).status_code == 422
    assert WorkOrder.objects.get().status == "open"


def test_technician_asks_for_no_orders_and_agent_moves_none(desk, agent, technician):
    case = desk.case()
    order = desk.order(desk.ask(case))
    assert technician.get(reverse("desk:new", args=[case.pk])).status_code == 403
    assert agent.post(reverse("desk:do", args=[order.pk, "complete"])).status_code == 403


def test_notices_are_read_and_chosen_W8(desk, agent):
    desk.ask(desk.case(), priority="9")
    assert "New" in text_of(agent.get(reverse("desk:notices")))
    agent.post(reverse("desk:read"))
    assert Notice.objects.filter(read_at__isnull=True).count() == 0
    agent.post(reverse("desk:choose"), {"hub:request": "on"})
    before = len(desk.letters())
    desk.ask(desk.case(), priority="9")
    assert (Notice.objects.count(), len(desk.letters())) == (2, before)


def test_parked_status_is_mapped_on_the_page_S7(desk, client_of):
    from tests.server.desk.test_events import event, status

    found = desk.ask(desk.case())
    event("status_changed", found.number, 6, status=status("Z"))
    boss = client_of("administrator")
    page = boss.get(reverse("desk:statuses"))
    assert "One message is parked" in text_of(page)
    boss.post(reverse("desk:statuses"), {"peer": "own-maintenance", "theirs": "Z", "means": "on_hold"})
    assert StatusMap.objects.get().means == "on_hold"
    assert Transaction.objects.filter(state=State.PARKED).count() == 0


def test_monitor_filters_shows_resends_and_cancels_W4(desk, client_of):
    found = desk.ask(desk.case(), priority="9", subject="Fan")
    desk.ask(desk.case())
    boss = client_of("integration manager")
    listed = boss.get("/messages/?q=fan&direction=out")
    assert listed.content.decode().count("/messages/") - listed.content.decode().count("/messages/partners") >= 1
    assert "Create a work order" in text_of(listed)
    number = found.transaction_id
    page = boss.get(f"/messages/{number}/")
    assert "There is no priority 9." in text_of(page)
    answer = boss.post(f"/messages/{number}/again/", {"body": "{nonsense"})
    assert (answer.status_code, "Write a JSON object." in text_of(answer)) == (422, True)
    body = str(found.transaction.body).replace("'", '"').replace('"9"', '"2"')
    boss.post(f"/messages/{number}/again/", {"body": body})
    desk.deliver()
    assert CaseOrder.objects.get(pk=found.pk).number == "WO-2"
    refused = desk.ask(desk.case(), priority="9")
    boss.post(f"/messages/{refused.transaction_id}/cancel/")
    assert Transaction.objects.get(pk=refused.transaction_id).state == State.CANCELLED
    assert boss.post(f"/messages/{refused.transaction_id}/cancel/").status_code == 409
    assert boss.get("/messages/?q=nothing+like+it").status_code == 200


def test_partner_is_added_with_a_secret_shown_once_and_paused_E39(client_of):
    boss = client_of("integration manager")
    given = {
        "name": "acme",
        "title": "Acme",
        "role": "maintenance",
        "address": "https://acme.example.org/mm",
        "timeout_s": "15",
    }
    page = boss.post("/messages/partners/", given)
    assert "whsec_" in page.content.decode()
    assert "whsec_" not in boss.get("/messages/partners/").content.decode()
    boss.post("/messages/partners/acme/pause/", {"paused": "yes"})
    assert "Paused" in text_of(boss.get("/messages/partners/"))
    refused = boss.post("/messages/partners/", {**given, "name": "B", "address": "ftp://x"})
    assert "Write small letters" in text_of(refused)
