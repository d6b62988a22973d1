"""Requests for information: mailed with a link that shows by GET and answers by POST, once (S8)."""

from __future__ import annotations

import re
import threading
from dataclasses import replace
from email import message_from_bytes, policy
from html import unescape

import pytest
from aiosmtpd.controller import Controller
from django.db import connections
from django.test import Client

from tallystick.errors import InputRefused
from tallystick.server.configuration import MailServer
from tallystick.server.desk.domain import help_desk, notices, replying, technician
from tallystick.server.desk.models import CaseOrder, Conversation, Happening, Notice, OrderNote, Question
from tallystick.server.messages import post
from tallystick.server.messages.models import Letter
from tallystick.server.people.models import AuditEntry
from tests.dav_servers import free_port

DAY_S = 24 * 3_600


class Inbox:
    """A real SMTP server's mailbox. `answers`: what it says instead of taking a letter."""

    def __init__(self):
        self.letters = []
        self.answers = []

    async def handle_DATA(self, server, session, envelope):
        if self.answers:
            return self.answers.pop(0)
        self.letters.append(message_from_bytes(envelope.content, policy=policy.default))
        return "250 OK"


@pytest.fixture
def inbox(settings):
    found = Inbox()
    port = free_port()
    controller = Controller(found, hostname="127.0.0.1", port=port)
    controller.start()
    mail = MailServer(
        host="127.0.0.1", port=port, security="", user="", password="", sender="Desk <desk@hub.example.org>"
    )
    settings.CONFIGURATION = replace(settings.CONFIGURATION, mail=mail, address="https://hub.example.org")
    yield found
    controller.stop()


@pytest.fixture
def asked(desk):
    """A case order whose technician has asked."""
    found = desk.ask(desk.case())
    replying.ask(desk.technician, desk.order(found).pk, "Which of the lamps?\nThere are two.")
    desk.deliver()
    return found


def path_of(case_order):
    question = Question.objects.filter(order__number=int(case_order.number[3:])).latest("asked_at")
    return replying.link(question).removeprefix("https://hub.example.org")


def reply_state(desk, case_order):
    return Conversation.objects.get(pk=desk.order(case_order).pk).reply


def page_mark(answer):
    return unescape(re.search(r'name="mark" value="([^"]+)"', answer.content.decode())[1])


def refusals():
    return [one.details["why"] for one in AuditEntry.objects.filter(action="desk.reply_refused").order_by("pk")]


def notes():
    return list(OrderNote.objects.order_by("pk").values_list("text", flat=True))


def send(path, text, mark=None):
    client = Client()
    mark = page_mark(client.get(path)) if mark is None else mark
    return client.post(path, {"text": text, "mark": mark})


def test_question_is_mailed_with_a_link_and_told_in_the_hub_W8_W9_W10(desk, inbox):
    found = desk.ask(desk.case())
    replying.ask(desk.technician, desk.order(found).pk, "Which of the lamps?")
    desk.deliver()
    assert [one.text for one in Letter.objects.all() if "hub.example.org" in one.text] == []  # encrypted at rest
    while post.send_due():
        pass
    (letter,) = [one for one in inbox.letters if "needs information" in one["Subject"]]
    assert (letter["To"], letter["From"]) == ("olga@example.org", "Desk <desk@hub.example.org>")
    assert letter["Auto-Submitted"] == "auto-generated"
    link = re.search(r"https://hub\.example\.org/reply/\S+", letter.get_content())[0]
    assert "Which of the lamps?" in Client().get(link.removeprefix("https://hub.example.org")).content.decode()
    found = CaseOrder.objects.get(pk=found.pk)
    assert (found.question_text, reply_state(desk, found)) == ("Which of the lamps?", "awaiting")
    assert Notice.objects.get(happening=Happening.QUESTION).user_id == desk.agent.person
    assert set(Letter.objects.values_list("text", flat=True)) == {""}  # and gone when it is sent


def test_scanner_that_opens_the_link_answers_nothing_S8(desk, asked):
    path = path_of(asked)
    for _visit in range(3):
        assert Client().get(path).status_code == 200
        assert Client().head(path).status_code == 200
    assert (reply_state(desk, asked), notes()) == ("awaiting", [])


def test_posted_answer_shows_as_replied_once_W10_S8(desk, asked):
    assert send(path_of(asked), "The left one.").status_code == 200
    desk.deliver()
    assert (reply_state(desk, asked), notes()) == ("replied", ["The left one."])
    assert CaseOrder.objects.get(pk=asked.pk).question == ""
    assert OrderNote.objects.get().by == "Olga Agent"


def test_used_link_is_refused_and_logged_S8(desk, asked):
    path = path_of(asked)
    mark = page_mark(Client().get(path))
    send(path, "The left one.", mark)
    assert Client().get(path).status_code == 410
    assert send(path, "No, the right one.", mark).status_code == 410  # the same page twice
    assert send(path, "No, the right one.", "made-up").status_code == 410
    assert (notes(), refusals()) == (["The left one."], ["used", "used", "used"])


def test_link_of_another_order_is_refused_and_logged_S8(desk, asked):
    other = desk.ask(desk.case(subject="Other"))
    path = path_of(asked).replace(desk.order(asked).pk, desk.order(other).pk)
    assert Client().get(path).status_code == 410
    assert send(path, "Mischief.", "x").status_code == 410
    assert (notes(), refusals(), reply_state(desk, asked)) == ([], ["foreign", "foreign"], "awaiting")


@pytest.mark.parametrize("change", [lambda path: path[:-5] + "AAAA/", lambda path: path.rpartition(":")[0] + "/"])
def test_forged_link_is_refused_and_logged_S8(desk, asked, change):
    assert Client().get(change(path_of(asked))).status_code == 410
    assert refusals() == ["forged"]


def test_expired_link_is_refused_and_logged_S8(desk, asked):
    path = path_of(asked)
    mark = page_mark(Client().get(path))
    desk.clock.move(8 * DAY_S)
    assert Client().get(path).status_code == 410
    assert send(path, "Late.", mark).status_code == 410
    assert (notes(), refusals(), reply_state(desk, asked)) == ([], ["expired", "expired"], "awaiting")


def test_note_answers_as_well_and_clears_the_wait_W11_S8(desk, asked):
    help_desk.write(desk.agent, asked.pk, "The left one.", is_answer=True)
    desk.deliver()
    assert (reply_state(desk, asked), notes()) == ("replied", ["The left one."])
    assert Client().get(path_of(asked)).status_code == 410
    with pytest.raises(InputRefused, match="Nothing is asked any more"):
        help_desk.write(desk.agent, asked.pk, "Again.", is_answer=True)


def test_plain_note_clears_the_wait_too_S8(desk, asked):
    help_desk.write(desk.agent, asked.pk, "Never mind, take both.")
    assert reply_state(desk, asked) == "replied"


def test_two_pages_opened_before_either_answered_are_both_kept_with_one_change_of_state_S8(desk, asked):
    path = path_of(asked)
    first, second = page_mark(Client().get(path)), page_mark(Client().get(path))
    desk.clock.move(1)
    assert "with the technician" in send(path, "The left one.", first).content.decode()
    desk.clock.move(1)
    assert "before you" in send(path, "Both.", second).content.decode()
    assert notes() == ["The left one.", "Both."]
    assert Question.objects.get().answered_at < desk.clock.now()
    assert Notice.objects.filter(happening=Happening.QUESTION).count() == 1


@pytest.mark.django_db(transaction=True)
def test_replies_at_the_very_same_moment_are_both_kept_with_one_change_of_state_S8(desk, asked):
    path = path_of(asked)
    marks = [page_mark(Client().get(path)) for _page in range(2)]
    begin = threading.Barrier(2)
    statuses = []

    def reply(number):
        begin.wait()
        statuses.append(send(path, f"Answer {number}.", marks[number]).status_code)
        connections.close_all()

    threads = [threading.Thread(target=reply, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (statuses, sorted(notes())) == ([200, 200], ["Answer 0.", "Answer 1."])
    told = [one.operation for one in asked.told.all()]
    desk.deliver()
    assert [one.operation for one in asked.told.all()][len(told) :] == ["work_order.information_received"]


def test_second_question_waits_although_the_first_was_answered_W10(desk, asked):
    replying.ask(desk.technician, desk.order(asked).pk, "And which colour?")
    first = Question.objects.order_by("asked_at", "pk")[0]
    path = replying.link(first)
    send(path, "The left one.")
    assert reply_state(desk, asked) == "awaiting"


def test_empty_answer_keeps_the_page_and_says_so(desk, asked):
    answer = send(path_of(asked), "   ")
    assert answer.status_code == 422
    assert "field is required" in answer.content.decode() or "Write something" in answer.content.decode()
    assert reply_state(desk, asked) == "awaiting"


def test_agent_who_wants_no_email_of_questions_gets_none_W8(desk):
    notices.choose(desk.agent, {Happening.QUESTION: (True, False)})
    found = desk.ask(desk.case())
    replying.ask(desk.technician, desk.order(found).pk, "Which?")
    desk.deliver()
    assert [one for one in desk.letters("olga@example.org") if "needs information" in one.subject] == []
    assert Notice.objects.filter(happening=Happening.QUESTION).count() == 1


def test_order_that_nobody_follows_asks_nobody(desk):
    order = desk.made("work_order", subject="Own work")
    with pytest.raises(InputRefused, match="Nobody follows"):
        replying.ask(desk.technician, order, "Who?")


def test_technicians_note_reaches_the_case_without_email_W11(desk, asked):
    technician.note(desk.technician, desk.order(asked).pk, "Coming at ten.")
    desk.deliver()
    told = [one for one in asked.told.all() if one.operation == "work_order.note_added"]
    assert [(one.text, one.by) for one in told] == [("Coming at ten.", "Theo Technician")]


# --- letters


def test_letter_is_tried_again_and_given_up_when_refused_for_good(desk, inbox, clock):
    first = post.write("rita@example.com", "One", "Text")
    second = post.write("nobody@example.com", "Two", "Text")
    inbox.answers += ["451 Later", "451 Later"]
    post.send_due()
    assert inbox.letters == []
    clock.move(60)
    post.send_due()
    assert [one["Subject"] for one in inbox.letters] == ["One", "Two"]
    assert {Letter.objects.get(pk=one.pk).status for one in (first, second)} == {"sent"}


def test_letter_to_what_is_no_address_is_not_written(db):
    assert post.write("rita at example", "One", "Text") is None
    assert post.write("a@example.com\nBcc: b@example.com", "One", "Text") is None


def test_subject_of_a_letter_cannot_carry_further_headers(desk, inbox):
    post.write("rita@example.com", "Hello\nBcc: everybody@example.com", "Text")
    post.send_due()
    (letter,) = inbox.letters
    assert (letter["Subject"], letter["Bcc"]) == ("Hello Bcc: everybody@example.com", None)


def test_letter_whose_key_is_gone_is_given_up_and_others_go_on(desk, inbox):
    lost = post.write("rita@example.com", "One", "Text")
    Letter.objects.filter(pk=lost.pk).update(text="gAAAAABnonsense")
    post.write("rita@example.com", "Two", "Text")
    post.send_due()
    assert [one["Subject"] for one in inbox.letters] == ["Two"]
    assert Letter.objects.get(pk=lost.pk).status == "failed"


def test_letters_that_wait_are_encrypted_anew_with_a_new_key(desk, inbox):
    letter = post.write("rita@example.com", "One", "Text")
    assert post.rotate(lambda text: f"new {text}") == 1
    assert Letter.objects.get(pk=letter.pk).text == f"new {letter.text}"
