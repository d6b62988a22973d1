"""Dashboard, runs, journal, why and links in a browser."""

from __future__ import annotations

import threading
import time

import pytest
from django.db import connections
from playwright.sync_api import expect

from tallystick.model.plan import RunKind
from tallystick.runs.report import Report
from tallystick.server.state.link_list import LinksWanted
from tallystick.server.state.of_hub import looking
from tallystick.server.state.pages import At
from tests.firm import Firm


@pytest.fixture
def firm(tmp_path, live_server):
    return Firm(tmp_path)


def busy(firm):
    """Some days at the firm; the run that changed a city."""
    firm.conflicts(3)
    firm.unmapped(2)
    firm.crm("update contact set city = 'Köln', name = 'Ann Examplé' where id = 2")
    run = firm.sync(by="Ada Byron").run
    firm.sync()
    return run


def test_empty_hub_looks_right(firm, check_looks):
    for path, name in (
        ("/", "dashboard"),
        ("/runs/", "runs"),
        ("/journal/", "journal"),
        ("/why/", "why"),
        ("/links/", "links"),
    ):
        page = check_looks(path, f"{name}-empty")
        page.context.close()


def test_dashboard_looks_right(firm, check_looks):
    busy(firm)
    firm.held()
    page = check_looks("/", "dashboard")
    expect(page.get_by_text("Questions waiting")).to_be_visible()


def test_runs_look_right(firm, check_looks):
    run = busy(firm)
    check_looks("/runs/", "runs").context.close()
    page = check_looks(f"/runs/{run}/", "run")
    page.get_by_role("link", name="created").click()
    expect(page.get_by_text("Nothing of this kind")).to_be_visible()


def test_held_run_looks_right_and_is_approved(firm, open_page, check_page):
    run = firm.held().run
    page = open_page(f"/runs/{run}/", role="integration manager")
    check_page(page, "run-held")
    page.keyboard.press("a")
    page.get_by_role("button", name="Let it pass").click()
    expect(page.get_by_text("this run did what was held")).to_be_visible()
    assert firm.register("select count(*) from person") == [(2,)]


def test_live_progress_moves_without_reloading(firm, open_page, check_page):
    firm.contacts(60)
    goes_on, ended = threading.Event(), threading.Event()
    runs = []

    def work():
        with firm.workspace(batch=6) as workspace:
            run = workspace.begin(RunKind.SYNC)
            runs.append(run.id)
            report = Report(run=run.id)
            for number, _ in enumerate(workspace.stages(run, workspace.integration.flows[0], report)):
                if number == 3:
                    goes_on.wait(60)
                time.sleep(0.05)
            workspace.end(run, report)
        connections.close_all()
        ended.set()

    thread = threading.Thread(target=work)
    thread.start()
    while not runs or not looking().positions(runs[0]) or looking().positions(runs[0])[0].done < 10:
        time.sleep(0.05)
    page = open_page(f"/runs/{runs[0]}/", role="integration manager")
    expect(page.get_by_text("of 60")).to_be_visible()
    check_page(page, "run-live")
    before = page.locator(".run-head").inner_text()
    goes_on.set()
    expect(page.locator(".run-head")).not_to_have_text(before)
    ended.wait(60)
    expect(page.locator(".run-head")).to_contain_text("done")
    thread.join()


def test_run_is_undone_from_its_page(firm, open_page):
    run = busy(firm)
    page = open_page(f"/runs/{run}/", role="integration manager")
    page.get_by_role("button", name="Undo").click()
    page.get_by_role("button", name="Undo the run").click()
    expect(page.get_by_text("The run is taken back.")).to_be_visible()
    assert firm.register("select town from person where number = 2") == [("Bonn 2",)]


def test_journal_why_and_story_look_right(firm, check_looks, open_page, check_page):
    busy(firm)
    check_looks("/journal/", "journal").context.close()
    page = check_looks("/why/?integration=firm&system=crm&type=contact&id=2", "why")
    expect(page.get_by_text("In sync with").or_(page.get_by_text("Not in sync")).first).to_be_visible()
    page.get_by_role("link", name="city", exact=True).click()
    expect(page.get_by_role("heading", name="The story of city")).to_be_visible()
    check_page(page, "story")
    page.goto("/why/")
    page.get_by_label("Which records").select_option(index=1)
    page.get_by_label("Id").fill("3")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Ann Example 3")).to_be_visible()
    page.goto("/journal/?field=town&action=update")
    expect(page.locator(".operation")).to_have_count(1)


@pytest.mark.console_errors
def test_links_look_right_and_are_changed_by_hand(firm, check_looks, check_page):
    firm.lookalikes()
    firm.contacts(3)
    firm.sync()
    number = looking().links_page(LinksWanted(), At()).rows[0].link.number
    check_looks("/links/", "links").context.close()
    page = check_looks(f"/links/{number}/", "link")
    page.get_by_label("Why").fill("two people")
    page.get_by_role("button", name="Unlink").click()
    page.get_by_role("dialog").get_by_role("button", name="Unlink").click()
    expect(page.get_by_text("The link rests")).to_be_visible()
    page.get_by_role("link", name="Link again").click()
    check_page(page, "link-new")
    page.get_by_label("Id on the right").fill("404")
    page.get_by_role("button", name="Link", exact=True).click()
    expect(page.get_by_text("There is no such record")).to_be_visible()
    check_page(page, "link-new-refused")


@pytest.mark.console_errors
def test_run_that_is_not_there_looks_right(firm, open_page, check_page):
    page = open_page("/runs/")
    page.goto("/runs/none/")
    expect(page.get_by_text("There is no run none.")).to_be_visible()
