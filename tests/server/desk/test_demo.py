"""What the demo has of the desk is made once and shows each outcome."""

from __future__ import annotations

import html
import re
import time
from dataclasses import replace
from urllib.parse import quote

import pytest
from django.conf import settings as django_settings

from tallystick.server.configuration import MailIntake, MailServer
from tallystick.server.demo import inbox
from tallystick.server.demo.beginning import AGENT
from tallystick.server.demo.desk import make_desk
from tallystick.server.desk.domain import replying
from tallystick.server.desk.mail import receiver
from tallystick.server.desk.models import CaseOrder, Conversation, Email, WorkOrder
from tallystick.server.messages import post
from tallystick.server.messages.courier import Courier
from tallystick.server.packs import tours
from tallystick.server.records.domain import actions
from tallystick.server.records.models import Case, Note


def test_demo_asks_for_work_once_and_shows_each_outcome(actor, person):
    person("agent", email=AGENT, name="Olga Sokolova")
    for number in range(6):
        actions.create(actor, "case", {"subject": f"Case {number}", "kind": "help_desk"})
    for _start in range(2):
        make_desk("notched across, split in two", lambda _text: None)
    Courier().deliver_due()
    assert sorted(CaseOrder.objects.values_list("status", flat=True)) == [
        "",
        "completed",
        "in_progress",
        "open",
        "open",
    ]
    assert WorkOrder.objects.count() == 4
    assert Conversation.objects.filter(reply="awaiting").count() == 1


@pytest.fixture
def playground(tmp_path, settings):
    """The hub with the inbox of the demo: letters go there, emails come from there."""
    port = inbox.free_port()
    place = MailIntake(address=inbox.ADDRESS, host="127.0.0.1", port=inbox.free_port())
    server = MailServer(host="127.0.0.1", port=port, security="", user="", password="", sender=inbox.SENDER)
    folder = tmp_path / "inbox"
    settings.CONFIGURATION = replace(
        django_settings.CONFIGURATION, mail=server, mail_intake=place, inbox=folder, address="http://testserver"
    )
    with inbox.serving(folder, port), receiver.receiving(place):
        yield folder


def wait_for(found) -> None:
    for _wait in range(200):
        if found():
            return
        time.sleep(0.05)
    raise AssertionError("it did not come")


def shown(client, path: str = "/demo/inbox/") -> str:
    return html.unescape(client.get(path).content.decode())


@pytest.mark.django_db(transaction=True)
def test_requester_writes_from_the_inbox_and_answers_what_the_hub_wrote(desk, playground, client_of):
    client = client_of("agent")
    draft = {"author": "rita@example.com", "to": inbox.ADDRESS, "subject": "Lamp", "text": "It is dark."}
    assert client.post("/demo/inbox/write/", draft).status_code == 302
    wait_for(lambda: Email.objects.filter(state="taken").exists())
    case = Case.objects.get(source="email")
    post.send_due()
    assert f"C-{case.number}: Lamp" in shown(client)
    (letter,) = inbox.letters(playground)
    assert f"is here as the case C-{case.number}" in shown(client, f"/demo/inbox/{letter.name}/")
    begun = client.get(f"/demo/inbox/write/?answers={quote(letter.name)}").context["form"].initial
    assert client.post("/demo/inbox/write/", {**begun, "text": "The left one."}).status_code == 302
    wait_for(lambda: Note.objects.filter(case=case).exists())
    assert Note.objects.get(case=case).body == "The left one."


@pytest.mark.django_db(transaction=True)
def test_link_of_a_question_in_the_inbox_answers_it_W9_S8(desk, playground, client_of, client):
    order = desk.order(desk.ask(desk.case()))
    replying.ask(desk.technician, order.pk, "Which lamp?")
    post.send_due()
    (letter,) = inbox.letters(playground, "needs information")
    page = shown(client_of("agent"), f"/demo/inbox/{letter.name}/")
    (link,) = re.findall(r'href="http://testserver(/reply/[^"]+)"', page)
    mark = client.get(link).context["mark"]
    assert client.post(link, {"text": "The left one.", "mark": mark}).status_code == 200
    assert Conversation.objects.get(order=order).reply == "replied"


@pytest.mark.django_db(transaction=True)
def test_email_to_no_address_of_the_desk_comes_back_to_its_writer(playground, client_of):
    draft = {"author": "rita@example.com", "to": "else@example.org", "subject": "Lamp", "text": "Dark."}
    answer = client_of("agent").post("/demo/inbox/write/", draft)
    assert answer.status_code == 422
    assert "takes no emails for this address" in answer.content.decode()


@pytest.mark.django_db
def test_hub_that_is_no_demo_has_no_inbox(client_of):
    client = client_of("administrator")
    assert [client.get(f"/demo/inbox/{page}").status_code for page in ("", "write/", "x/")] == [404, 404, 404]


def test_tour_leads_through_what_the_demo_has(actor, person, settings, tmp_path):
    place = MailIntake(address=inbox.ADDRESS, host="127.0.0.1", port=2525)
    settings.CONFIGURATION = replace(django_settings.CONFIGURATION, mail_intake=place, inbox=tmp_path)
    person("agent", email=AGENT, name="Olga Sokolova")
    for number in range(6):
        actions.create(actor, "case", {"subject": f"Case {number}", "kind": "help_desk"})
    empty = {one.step.title: one for one in tours.shown(tours.tour_of(actor, "work_orders"), actor)}
    assert [one.standing.is_done for one in empty.values()] == [False] * 10
    make_desk("notched across, split in two", lambda _text: None)
    Courier().deliver_due()
    full = tours.shown(tours.tour_of(actor, "work_orders"), actor)
    done = [str(one.step.title) for one in full if one.standing.is_done]
    assert done == [
        "A requester writes",
        "Machines are left alone",
        "The case asks for work",
        "A technician works",
        "The work is done",
        "Everything is kept",
    ]
    assert [len(one.places) for one in full] == [2, 1, 1, 2, 2, 2, 2, 2, 1, 1]
    assert Email.objects.get(aside="automatic").state == "aside"
