"""The components in a browser, on the style page."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.urls("tests.web.style_urls")


def test_style_page_looks_right(check_looks):
    check_looks("/style/", "style")


def test_keys_help_lists_the_keys_of_the_page(open_page):
    page = open_page("/style/")
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog", name="Keys")
    expect(dialog).to_contain_text("New")
    expect(dialog).to_contain_text("Next row, row before")
    page.keyboard.press("Escape")
    expect(dialog).not_to_be_visible()


def test_palette_opens_by_key_and_goes_to_a_page(open_page):
    page = open_page("/style/")
    page.keyboard.press("Control+k")
    page.keyboard.type("user")
    expect(page.get_by_role("option", name="Users")).to_be_visible()
    page.keyboard.press("Enter")
    page.wait_for_url("**/users/")


def test_rows_are_reached_by_j_and_k(open_page):
    page = open_page("/style/")
    page.keyboard.press("j")
    page.keyboard.press("j")
    expect(page.get_by_role("link", name="Contoso Retail")).to_be_focused()
    page.keyboard.press("k")
    expect(page.get_by_role("link", name="Northwind Traders")).to_be_focused()


def test_form_asks_first_then_tells_with_undo(open_page):
    page = open_page("/style/")
    page.get_by_label("Name").fill("Northwind")
    page.get_by_label("Email address").fill("ada@example.org")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Send this form?")).to_be_visible()
    page.get_by_role("button", name="Yes").click()
    toast = page.get_by_role("status")
    expect(toast).to_contain_text("Saved Northwind Traders.")
    expect(toast.get_by_role("button", name="Undo")).to_be_visible()


def test_menu_opens_from_a_button_on_a_narrow_screen(open_page):
    page = open_page("/style/", is_narrow=True)
    expect(page.locator("#side")).not_to_be_visible()
    page.get_by_role("button", name="Menu").click()
    expect(page.locator("#side")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#side")).not_to_be_visible()


def test_long_name_of_a_folded_cell_makes_room_for_itself(open_page):
    page = open_page("/style/", is_narrow=True)
    cell = page.locator(".table.folds td[data-label]:not([data-label=''])").first
    before = cell.evaluate("cell => cell.getBoundingClientRect().height")
    cell.evaluate("cell => { cell.dataset.label = 'Der Reihe nach zuletzt gesehen' }")
    assert cell.evaluate("cell => cell.getBoundingClientRect().height") > before
