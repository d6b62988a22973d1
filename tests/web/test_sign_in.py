"""Signing in, in a browser."""

from __future__ import annotations

from playwright.sync_api import expect

from tallystick.server.people.domain.first import welcome_path
from tallystick.server.people.models import User
from tests.hub import PASSWORD


def test_sign_in_page_looks_right(check_looks):
    check_looks("/account/sign-in/", "sign-in", role="")


def test_sign_in_with_email_and_password_opens_the_hub(open_page, person):
    person("administrator", email="ada@example.org", name="Ada Byron")
    page = open_page("/", role="")
    page.get_by_label("Email address").fill("Ada@Example.org")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.locator("#side")).to_contain_text("Ada Byron")


def test_first_person_becomes_administrator(open_page, check_page):
    page = open_page(welcome_path(), role="")
    check_page(page, "welcome-light")
    page.get_by_label("Your name").fill("Ada Byron")
    page.get_by_label("Email address").fill("ada@example.org")
    page.get_by_label("Password").fill("short")
    page.get_by_role("button", name="Begin").click()
    expect(page.get_by_text("too short")).to_be_visible()
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Begin").click()
    expect(page.locator("#side")).to_contain_text("Ada Byron")
    assert list(User.objects.values_list("email", "groups__name")) == [("ada@example.org", "administrator")]
