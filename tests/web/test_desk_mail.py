"""Emails, files and the inbox of the demo in a browser: how they look, on a telephone and by keyboard too."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.conf import settings as django_settings
from playwright.sync_api import expect

from tallystick.server.configuration import MailIntake
from tallystick.server.demo import inbox
from tallystick.server.desk.domain import attachments
from tallystick.server.desk.domain.attachments import Given
from tallystick.server.desk.models import Attachment
from tallystick.server.people.models import User
from tests.server.desk.conftest import clock, desk
from tests.server.desk.mail import DESK, Post

__all__ = ["clock", "desk"]


@pytest.fixture
def agent(live_server, desk):
    return User.objects.get(pk=desk.agent.person)


@pytest.fixture
def post(live_server, desk, settings, tmp_path):
    place = MailIntake(address=DESK, host="127.0.0.1", port=2525)
    settings.CONFIGURATION = replace(django_settings.CONFIGURATION, mail_intake=place, inbox=tmp_path)
    return Post()


def test_case_by_email_looks_right_and_its_requester_is_made_by_keyboard(
    post, agent, open_page, check_looks, check_page
):
    case = post.write("It is dark.", files={"plan.pdf": b"%PDF-1", "photo.pdf": b"x" * 70_000}).case
    post.write("And cold.", headers={"Auto-Submitted": "no"}, to=DESK)
    check_looks(f"/records/case/{case.pk}/", "desk-case-by-email", user=agent)
    page = open_page(f"/records/case/{case.pk}/", user=agent)
    page.get_by_role("button", name="Make them the requester").press("Enter")
    expect(page.get_by_text("The case has its requester.")).to_be_visible()
    page.get_by_label("Write to rita@example.com").fill("Which lamp?")
    page.get_by_role("button", name="Send").press("Enter")
    expect(page.get_by_text("The email to rita@example.com is on its way.")).to_be_visible()
    check_page(page, "desk-case-written")


def test_emails_look_right_full_and_empty(post, agent, check_looks):
    check_looks("/desk/emails/", "desk-emails-empty", user=agent)
    post.write("It is dark.")
    aside = post.write("Away.", subject="Out of office " * 15, headers={"Auto-Submitted": "auto-replied"})
    check_looks("/desk/emails/", "desk-emails", user=agent)
    check_looks("/desk/emails/?q=nothing", "desk-emails-none-fit", user=agent)
    check_looks(f"/desk/emails/{aside.pk}/", "desk-email", user=agent)


def test_files_are_added_on_the_page_and_look_right(post, desk, agent, open_page, check_looks, tmp_path):
    case = desk.case()
    check_looks(f"/desk/case/{case.pk}/files/", "desk-files-empty", user=agent)
    attachments.add(desk.agent, "case", case.pk, [Given(name="a" * 140 + ".txt", media="text/plain", content=b"a")])
    file = tmp_path / "photo.png"
    file.write_bytes(b"x" * 2_000)
    page = open_page(f"/records/case/{case.pk}/", user=agent, is_narrow=True)
    page.get_by_label("Files", exact=True).set_input_files(str(file))
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_role("link", name="photo.png")).to_be_visible()
    check_looks(f"/desk/case/{case.pk}/files/", "desk-files", user=agent)
    page.get_by_role("button", name="Remove photo.png").click()
    page.get_by_role("button", name="Remove", exact=True).click()
    expect(page.get_by_text("photo.png was removed.")).to_be_visible()
    assert Attachment.objects.count() == 1


def test_inbox_of_the_demo_looks_right(post, agent, check_looks, tmp_path):
    check_looks("/demo/inbox/", "demo-inbox-empty", user=agent)
    raw = "From: desk@hub.example\nTo: rita@example.com\nSubject: C-1: Lamp\n\nSee https://hub.example/reply/1/x/"
    name = "20261122-120000-000000 C-1-Lamp.eml"
    (tmp_path / name).write_text(raw)
    assert [one.name for one in inbox.letters(tmp_path)] == [name]
    check_looks("/demo/inbox/", "demo-inbox", user=agent)
    check_looks(f"/demo/inbox/{name}/", "demo-letter", user=agent)
    check_looks("/demo/inbox/write/", "demo-write", user=agent)


def test_tour_of_work_orders_looks_right(post, desk, agent, check_looks):
    desk.ask(desk.case())
    check_looks("/packs/work_orders/tour/", "desk-tour", user=agent)
