"""What people see when something is not there, not allowed, or the hub is away."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.console_errors


def test_missing_page_looks_right(check_looks):
    page = check_looks("/no/such/page/", "not-found")
    expect(page.get_by_role("heading", level=1)).to_have_text("Not found")


def test_page_that_is_not_allowed_says_what_it_takes(open_page, check_page):
    page = open_page("/users/", role="agent")
    check_page(page, "not-allowed-light")
    expect(page.get_by_role("main")).to_contain_text("people.view_user")


def test_search_that_fails_is_told_in_the_palette(open_page):
    page = open_page("/profile/")
    page.route("**/search/**", lambda route: route.abort())
    page.keyboard.press("/")
    expect(page.get_by_role("listbox")).to_contain_text("The search does not answer.")
