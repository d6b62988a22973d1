"""Pages about systems, in a real browser."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest
from playwright.sync_api import expect

from tallystick.server.connections import bounds
from tallystick.server.connections.domain import change, trial
from tallystick.server.connections.models import Connection
from tallystick.server.people.actor import system_actor

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def register():
    bounds.folder().mkdir(parents=True, exist_ok=True)
    path = bounds.folder() / "register.db"
    path.unlink(missing_ok=True)
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("CREATE TABLE asset (id INTEGER PRIMARY KEY, tag TEXT NOT NULL, cost NUMERIC(10, 2))")
    return "sqlite:///register.db"


@pytest.fixture
def two(register):
    actor = system_actor("Setup", via="command line")
    change.add(actor, name="register", connector="sql", settings={"url": register}, title="Asset register")
    settings = {"url": "http://127.0.0.1:9/", "username": "ann", "password": "hunter2", "rate_per_s": 5}
    change.add(actor, name="phonebook", connector="dav", settings=settings)
    trial.test(actor, "register")
    trial.test(actor, "phonebook")


def test_empty_list_says_what_to_do_next(check_looks):
    page = check_looks("/systems/", "systems-empty")
    page.get_by_role("main").get_by_role("link", name="Add a system").last.click()
    expect(page.get_by_role("heading", name="Add a system")).to_be_visible()


def test_system_is_added_tested_discovered_edited_and_removed(open_page, check_page, register):
    page = open_page("/systems/new/")
    check_page(page, "systems-new")
    page.get_by_role("link", name="SQL database").click()
    page.get_by_label("Name", exact=True).fill("assets")
    page.get_by_label("Address").fill("sqlite:///nowhere.db")
    page.get_by_role("button", name="Test these settings").click()
    expect(page.locator("#trial")).to_contain_text("nowhere.db")
    page.get_by_label("Address").fill(register)
    page.get_by_role("button", name="Test these settings").click()
    expect(page.locator("#trial")).to_contain_text("Reached sqlite: 1 record type (asset).")
    check_page(page, "systems-add")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_role("heading", name="assets", level=1)).to_be_visible()
    page.get_by_role("button", name="Test", exact=True).click()
    expect(page.locator("#health")).to_contain_text("Reached sqlite")
    page.locator("#holds summary").click()
    expect(page.locator("#holds")).to_contain_text("cost")
    page.get_by_role("link", name="Edit").click()
    page.get_by_text("Further settings").click()
    page.get_by_label("Wait (s)").fill("many")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Write a number.")).to_be_visible()
    page.get_by_label("Wait (s)").fill("7")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("assets was changed")).to_be_visible()
    assert Connection.objects.get().settings["timeout_s"] == 7
    page.get_by_role("button", name="Remove").click()
    page.get_by_role("dialog").get_by_role("button", name="Remove").click()
    expect(page.get_by_text("The connection assets was removed.")).to_be_visible()
    assert not Connection.objects.exists()


test_system_is_added_tested_discovered_edited_and_removed = pytest.mark.console_errors(
    test_system_is_added_tested_discovered_edited_and_removed
)


def test_list_and_page_look_right_everywhere(check_looks, two):
    page = check_looks("/systems/", "systems")
    expect(page.get_by_role("main")).to_contain_text("Failing")
    page = check_looks("/systems/register/", "system")
    expect(page.locator("#holds")).to_contain_text("asset")


def test_secret_is_nowhere_in_the_pages(open_page, two):
    page = open_page("/systems/phonebook/edit/")
    assert "hunter2" not in page.content()
    expect(page.locator("#id_password")).to_have_value("")
    page.goto("/systems/phonebook/")
    expect(page.get_by_text("kept, never shown")).to_be_visible()
    assert "hunter2" not in page.content()


def test_reader_sees_no_button_that_is_refused(open_page, two):
    page = open_page("/systems/phonebook/", role="read-only")
    expect(page.get_by_role("heading", name="phonebook", level=1)).to_be_visible()
    for name in ("Edit", "Remove", "Test"):
        assert page.get_by_role("main").get_by_text(name, exact=True).count() == 0
