"""Pages about integrations, in a real browser."""

from __future__ import annotations

import time

import pytest
from playwright.sync_api import expect

from tallystick.connectors.memory import MemoryWorld
from tallystick.connectors.memory.describe import FieldSettings, RecordTypeSettings
from tallystick.server.connections.domain import change as connections
from tallystick.server.connections.models import Connection
from tallystick.server.designer.domain import change, standing
from tallystick.server.designer.models import Integration
from tallystick.server.designer.worker import start_worker
from tallystick.server.people.actor import system_actor
from tests.server.designer.conftest import PERSON, TEXT, fresh_jobs

__all__ = ["fresh_jobs"]
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("fresh_jobs")]
FILE = """\
integration: books
systems:
  crm: {connector: memory, name: pages}
  phonebook: {connector: dav, url: "https://dav.example.com/", username: ann, password: "${secret:phonebook}"}
flows:
  - flow: people
    left: {system: crm, record: person}
    right: {system: phonebook, record: contacts}
    fields: [{left: name, right: full_name}]
"""


@pytest.fixture
def worlds():
    made = {}
    for side in ("left", "right"):
        MemoryWorld.forget(f"{side} of pages")
        made[side] = MemoryWorld.open(f"{side} of pages")
        made[side].define(PERSON)
    return made


@pytest.fixture
def setup(db):
    return system_actor("Setup", via="command line")


@pytest.fixture
def firm(setup, worlds):
    for side in worlds:
        connections.add(setup, name=side, connector="memory", settings={"name": f"{side} of pages"})
    worlds["left"].table("person").put({"name": "Ann", "phone": "1"})
    worlds["left"].table("person").put({"name": "<script>alert(1)</script>", "phone": "2"})
    made = change.create(setup, TEXT)
    change.save(setup, "firm", TEXT.replace("every 30 days", "every 1 hour"), comment="More often")
    return made


def wait_until(is_so, most_s=40.0):
    end = time.monotonic() + most_s
    while not is_so():
        assert time.monotonic() < end, "It did not come to that in time."
        time.sleep(0.05)


def test_empty_list_says_what_to_do_next(check_looks):
    page = check_looks("/integrations/", "integrations-empty")
    expect(page.get_by_role("link", name="Write one")).to_be_visible()


@pytest.mark.console_errors
def test_document_is_written_in_the_editor_and_faults_stand_at_their_lines(open_page, check_page, setup):
    for side in ("left", "right"):
        connections.add(setup, name=side, connector="memory", settings={"name": f"{side} of pages"})
    page = open_page("/integrations/new/")
    area = page.get_by_label("Document (YAML)")
    good = area.input_value()
    area.fill(good.replace("fields:", "feilds:"))
    expect(page.locator("#faults")).to_contain_text("Line 10")
    expect(page.locator("#faults")).to_contain_text("Is it the key written as")
    check_page(page, "integration-editor")
    page.get_by_role("button", name="Line 10").click()
    assert page.evaluate("document.activeElement.id") == "text"
    area.fill(good.replace("connection: left", "connection: lfet"))
    page.get_by_role("button", name="Make it").click()
    expect(page.locator("#faults")).to_contain_text("There is no connection `lfet`.")
    expect(page.get_by_label("Document (YAML)")).to_have_value(good.replace("connection: left", "connection: lfet"))
    page.get_by_label("Document (YAML)").fill(good)
    page.get_by_role("button", name="Make it").click()
    expect(page.get_by_role("heading", name="My integration", level=1)).to_be_visible()
    assert Integration.objects.get().name == "my-integration"


@pytest.mark.console_errors
def test_edit_of_an_old_version_is_told_and_nothing_is_lost(open_page, setup, firm):
    page = open_page("/integrations/firm/edit/")
    change.save(setup, "firm", TEXT.replace("every 30 days", "every 3 hours"))
    mine = TEXT.replace("CRM and register", "Mine")
    page.get_by_label("Document (YAML)").fill(mine)
    page.get_by_role("button", name="Save as a new version").click()
    expect(page.locator("#faults")).to_contain_text("Setup saved version 3 since you began to edit version 2.")
    expect(page.get_by_label("Document (YAML)")).to_have_value(mine)


def test_versions_are_compared_and_rolled_back_with_undo(check_looks, firm):
    page = check_looks("/integrations/firm/versions/2/", "integration-version")
    row = page.get_by_role("row", name="flows / people / schedule")
    expect(row).to_contain_text("30 days")
    page.goto("/integrations/firm/versions/1/")
    page.get_by_role("button", name="Back to this version").click()
    expect(page.get_by_text("Version 3 has the text of version 1.")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("Version 4 has the text of version 2.")).to_be_visible()
    assert change.integration_of("firm").current.text == change.version_of("firm", 2).text


def test_pages_look_right_everywhere(check_looks, setup, firm):
    standing.enable(setup, "firm")
    standing.pause(setup, "firm", "people")
    check_looks("/integrations/", "integrations")
    page = check_looks("/integrations/firm/", "integration")
    expect(page.locator("#standing")).to_contain_text("every hour")
    expect(page.locator("#standing")).to_contain_text("Paused")


def test_dry_run_is_shown_applied_and_run_by_the_worker(open_page, check_page, worlds, firm, request):
    page = open_page("/integrations/firm/")
    page.get_by_role("button", name="Dry run").first.click()
    expect(page.get_by_text("Waiting for a worker")).to_be_visible()
    check_page(page, "integration-plan-waiting")
    running = start_worker()
    request.addfinalizer(running.stop)
    expect(page.get_by_role("button", name="Apply exactly this")).to_be_visible()
    expect(page.get_by_role("main")).to_contain_text("<script>alert(1)</script>")
    check_page(page, "integration-plan")
    assert worlds["right"].table("person").records() == {}
    page.get_by_role("button", name="Apply exactly this").click()
    page.get_by_role("dialog").get_by_role("button", name="Apply").click()
    expect(page.get_by_text("Applied by run")).to_be_visible()
    assert len(worlds["right"].table("person").records()) == 2
    # enabled, and run by a worker beside the web
    worlds["left"].table("person").put({"name": "Bob", "phone": "3"})
    page.goto("/integrations/firm/")
    page.get_by_role("button", name="Run now").first.click()
    expect(page.get_by_text("Asked for.")).to_be_visible()
    wait_until(lambda: len(worlds["right"].table("person").records()) == 3)
    expect(page.locator("#standing")).not_to_contain_text("running")
    page.get_by_role("button", name="Enable").click()
    expect(page.locator("#standing")).to_contain_text("Enabled")
    page.get_by_role("button", name="Pause").first.click()
    expect(page.locator("#standing")).to_contain_text("Paused")
    page.get_by_role("button", name="Resume").first.click()
    expect(page.locator("#standing")).to_contain_text("Enabled")


def test_schedule_is_changed_from_the_page(open_page, firm):
    page = open_page("/integrations/firm/")
    page.get_by_text("Change", exact=True).click()
    page.get_by_label("Schedule of people").fill("every 5 minutes")
    page.locator("#standing").get_by_role("button", name="Save").click()
    expect(page.locator("#standing")).to_contain_text("every 5 minutes")
    page.get_by_text("Change", exact=True).click()
    page.get_by_label("Schedule of people").fill("often")
    page.locator("#standing").get_by_role("button", name="Save").click()
    expect(page.locator("#standing")).to_contain_text("every 5 minutes")


def test_field_that_is_new_is_offered_added_and_taken_back_E11(open_page, check_looks, worlds, firm):
    for side in worlds:
        fields = tuple(FieldSettings(name=name) for name in ("name", "phone", "email", f"only_{side}"))
        worlds[side].define(RecordTypeSettings(name="person", fields=fields))
    page = open_page("/integrations/firm/")
    page.get_by_role("link", name="Fields").click()
    expect(page.get_by_text("Not both of the systems have said yet what they hold.")).to_be_visible()
    page.get_by_role("button", name="Ask them now").click()
    page.get_by_role("button", name="Keep email and email in agreement").click()
    expect(page.get_by_role("status")).to_contain_text("email and email are kept in agreement")
    expect(page.get_by_role("row", name="email")).to_be_visible()
    page.get_by_label("Field of left").select_option("only_left")
    page.get_by_label("Who decides").select_option("left")
    page.get_by_label("Field of right").select_option("only_right")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_text("Every field of both sides is kept in agreement.")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    page = check_looks("/integrations/firm/flows/people/", "integration-fields")
    expect(page.get_by_label("Field of left")).to_be_visible()
    page.get_by_label("Acts on phone").click()
    page.get_by_role("button", name="The left decides").click()
    expect(page.get_by_role("row", name="phone")).to_contain_text("the left decides")


def test_file_is_imported_its_secret_asked_for_and_exported_without_it(open_page, check_page):
    page = open_page("/integrations/import/")
    page.get_by_label("File", exact=True).set_input_files(
        {"name": "books.yaml", "mimeType": "application/yaml", "buffer": FILE.encode()}
    )
    page.get_by_role("button", name="Import").click()
    expect(page.get_by_label("phonebook")).to_be_visible()
    check_page(page, "integration-import")
    page.get_by_label("phonebook").fill("hunter2")
    page.get_by_role("button", name="Import").click()
    expect(page.get_by_text("connections were added: crm, phonebook")).to_be_visible()
    assert "hunter2" not in page.content()
    assert sorted(Connection.objects.values_list("name", flat=True)) == ["crm", "phonebook"]
    page.get_by_label("More").click()
    with page.expect_download() as begun:
        page.get_by_role("link", name="Export").click()
    text = begun.value.path().read_text("utf-8")
    assert "${secret:phonebook.password}" in text
    assert "hunter2" not in text


def test_reader_sees_no_button_that_is_refused(open_page, firm):
    page = open_page("/integrations/firm/", role="read-only")
    expect(page.get_by_role("heading", name="CRM and register", level=1)).to_be_visible()
    for name in ("Run now", "Dry run", "Enable", "Pause", "Edit the document"):
        assert page.get_by_role("main").get_by_text(name, exact=True).count() == 0
