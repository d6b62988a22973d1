"""The pages of Request Tracker in a browser: empty, full, failing, and a form that is not right yet."""

from __future__ import annotations

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from tests.queues import connected

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.slow
def test_queues_show_where_to_begin_how_they_do_and_what_is_not_mapped_W1(open_page, check_page, check_looks, actor):
    empty = open_page("/messages/request-tracker/")
    expect(empty.get_by_text("No Request Tracker is connected")).to_be_visible()
    check_page(empty, "queues-empty")
    tracker = connected(actor, looked_at=timezone.now())
    connected(actor, name="second", title="Second desk", queue="Network", statuses={"open": "-"})
    type(tracker).objects.filter(queue="Network").update(fault="rt.example.org did not answer in time.")
    page = check_looks("/messages/request-tracker/", "queues")
    expect(page.get_by_text("rt.example.org did not answer in time.")).to_be_visible()
    expect(page.get_by_text("scheduled, in_progress, on_hold, completed, closed, cancelled")).to_be_visible()
    russian = open_page("/messages/request-tracker/", language="ru")
    check_page(russian, "queues-russian")


@pytest.mark.slow
@pytest.mark.console_errors  # 422 is answered to a form that is not right
def test_form_says_at_each_field_what_is_wrong_with_the_keyboard_alone_W1(open_page, check_page, check_looks, actor):
    connected(actor)
    page = check_looks("/messages/request-tracker/new/", "queue-new")
    page.get_by_label("Title").fill("Facilities")
    page.get_by_label("Name", exact=False).nth(0).focus()
    page.get_by_label("Statuses").fill("completed")
    page.get_by_label("Queue").fill("Facilities")
    page.locator("#id_name").fill("RT!")
    page.locator("#id_name").press("Enter")
    expect(page.get_by_text("Line 1: write name: value.")).to_be_visible()
    check_page(page, "queue-wrong")
