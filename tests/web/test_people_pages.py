"""Pages about people, in a browser."""

from __future__ import annotations

import re

from django.utils import timezone
from playwright.sync_api import expect

from tallystick.server.people.actor import actor_of
from tallystick.server.people.domain.audit import audit
from tallystick.server.people.domain.roles import save_role
from tests.hub import PASSWORD


def test_user_list_looks_right(check_looks, person):
    person("agent", name="Ben Ames", last_login=timezone.now())
    person("technician", name="Чарльз Бэббидж", email="charles.babbage.of.the.analytical.engine@example.org")
    person("", name="Dora", is_active=False)
    check_looks("/users/", "users")


def test_user_page_looks_right_and_makes_a_link_that_lets_in(check_looks, open_page, person):
    ada, ben = person("administrator", name="Ada Byron"), person("agent", name="Ben Ames", email="ben@example.org")
    page = check_looks(f"/users/{ben.pk}/", "user", user=ada)
    page.get_by_role("button", name="Make a one-time link").click()
    link = page.locator("#link").inner_text()
    other = open_page(link, role="")
    other.get_by_label("New password").fill("a password of Ben's own")
    other.get_by_role("button", name="Set the password").click()
    other.get_by_label("Email address").fill("ben@example.org")
    other.get_by_label("Password").fill("a password of Ben's own")
    other.get_by_role("button", name="Sign in").click()
    expect(other.locator("#side")).to_contain_text("Ben Ames")


def test_user_is_added_by_form(open_page, check_page):
    page = open_page("/users/")
    page.keyboard.press("n")
    page.get_by_label("Name").fill("Ben Ames")
    page.get_by_label("Email address").fill("ben@example.org")
    page.get_by_label("Technician").check()
    check_page(page, "user-new-light")
    page.get_by_role("button", name="Add").click()
    expect(page.get_by_role("heading", name="Ben Ames")).to_be_visible()
    expect(page.get_by_label("Technician")).to_be_checked()


def test_roles_look_right(check_looks, person):
    ada = person("administrator", name="Ada Byron")
    own = save_role(actor_of(ada), role_id=None, name="Auditor", permissions=["people.view_audit"]).role
    check_looks("/roles/", "roles", user=ada)
    check_looks(f"/roles/{own.pk}/", "role", user=ada)
    check_looks(f"/roles/{ada.groups.get().pk}/", "role-builtin", user=ada)


def test_profile_looks_right_and_speaks_russian_when_asked(check_looks):
    page = check_looks("/profile/", "profile")
    page.get_by_label("Language").select_option("ru")
    page.get_by_label("Appearance").select_option("dark")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("html")).to_have_attribute("lang", "ru")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    expect(page.get_by_role("heading", level=1)).to_have_text("Мой профиль")


def test_token_is_made_shown_once_and_revoked(check_looks):
    page = check_looks("/profile/tokens/", "tokens")
    page.get_by_label("What will use it").fill("Nightly export")
    page.get_by_label("See everything I may see").check()
    page.get_by_role("button", name="Make the token").click()
    expect(page.locator("#token")).to_have_text(re.compile(r"^tly_[0-9a-f]{10}_\S{43}$"))
    page.goto("/profile/tokens/")
    expect(page.locator("#token")).to_have_count(0)
    page.get_by_role("button", name="Revoke Nightly export").click()
    page.get_by_role("dialog").get_by_role("button", name="Revoke").click()
    expect(page.get_by_role("cell", name="Revoked")).to_be_visible()


def test_audit_trail_looks_right(check_looks, person):
    ada = person("administrator", name="Ada Byron")
    audit(actor_of(ada, address="192.0.2.7"), "people.change_user", subject=ada, details={"name": ["Ada", "Ada Byron"]})
    check_looks("/audit/", "audit", user=ada)


def test_second_factor_is_set_up_and_asked_for(open_page, check_page, person):
    from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time

    def code(secret: str) -> str:
        return format_hotp_value(hotp_value(secret, next(iter(yield_hotp_counters_from_time()))))

    ada = person("administrator", name="Ada Byron", email="ada@example.org")
    page = open_page("/", role="")
    page.get_by_label("Email address").fill("ada@example.org")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.locator("#side")).to_contain_text("Ada Byron")
    page.goto("/account/second-factor/")
    check_page(page, "second-factor-light")
    page.get_by_role("link", name="Activate").click()
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Confirm").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Activate Authenticator App")
    check_page(page, "second-factor-set-up-light")
    secret = page.get_by_label("Authenticator secret").input_value()
    page.get_by_label("Authenticator code").fill(code(secret))
    page.get_by_role("button", name="Activate").click()
    expect(page.get_by_text("recovery codes")).not_to_have_count(0)
    check_page(page, "recovery-codes-light")
    codes = re.findall(r"\b\d{8}\b", page.content())
    assert len(codes) == 10
    stored = ada.authenticator_set.get(type="totp").data["secret"]
    assert secret not in stored
    other = open_page("/", role="")
    other.get_by_label("Email address").fill("ada@example.org")
    other.get_by_label("Password").fill(PASSWORD)
    other.get_by_role("button", name="Sign in").click()
    check_page(other, "second-factor-asked-light")
    other.get_by_label("Code").fill(codes[0])
    other.get_by_role("button", name="Sign in").click()
    expect(other.locator("#side")).to_contain_text("Ada Byron")
