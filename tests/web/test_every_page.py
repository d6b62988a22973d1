"""Every page that links lead to, in a browser: no serious fault of accessibility in either theme, nothing too wide."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from django.urls import resolve
from playwright.sync_api import expect

from tallystick.server.people.domain.roles import Role
from tests.crawl import pages, whole
from tests.hub import NARROW, WIDE, signed_in
from tests.hub_life import lived_in


@pytest.mark.timeout(600)
def test_every_page_is_clear_to_everybody_light_dark_and_narrow(tmp_path, open_page, check_page, person):
    admin = person(Role.ADMINISTRATOR)
    lived_in(tmp_path, admin)
    found = whole(pages(signed_in(admin)))
    addresses = list({resolve(urlsplit(address).path).view_name: address for address in found}.values())
    assert len(addresses) > 40
    page = open_page("/profile/", user=admin)
    faults: dict[str, str] = {}
    for address in addresses:
        page.set_viewport_size(WIDE)
        page.emulate_media(color_scheme="light")
        page.goto(address)
        page.wait_for_load_state("networkidle")
        expect(page.locator("h1")).to_have_count(1)
        try:
            check_page(page, address)
            page.emulate_media(color_scheme="dark")
            check_page(page, f"{address}-dark", rules=("color-contrast",))
            page.set_viewport_size(NARROW)
            wider = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            assert wider <= 0, f"{wider} px wider than a telephone"
        except AssertionError as fault:
            faults[address] = str(fault)[:600]
    assert faults == {}
