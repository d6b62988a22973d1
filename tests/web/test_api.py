"""Pages about webhooks and the reference of the API in a browser."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_network
from threading import Thread
from typing import Any

import pytest
from django.conf import settings as django_settings
from playwright.sync_api import expect

from tallystick.server.api.webhooks.delivering import deliver_due


@pytest.fixture
def address(settings: Any) -> Iterator[str]:
    """Of a program that takes webhooks."""
    own = (ip_network("127.0.0.0/8"),)
    settings.CONFIGURATION = replace(django_settings.CONFIGURATION, allowed_networks=own)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            self.send_response(200)
            self.send_header("content-length", "9")
            self.end_headers()
            self.wfile.write(b"thank you")

        def log_message(self, *_args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/hook"
    server.shutdown()
    server.server_close()


def test_empty_webhooks_look_right(check_looks: Any) -> None:
    page = check_looks("/webhooks/", "webhooks-empty")
    expect(page.get_by_text("Nobody is told yet")).to_be_visible()


def test_webhook_added_tested_and_looked_into(address: str, open_page: Any, check_page: Any) -> None:
    page = open_page("/webhooks/", role="integration manager")
    page.keyboard.press("n")
    page.get_by_label("Address").fill("http://169.254.169.254/")
    page.get_by_label("A run was held").check()
    page.get_by_role("button", name="Add the webhook").click()
    expect(page.get_by_text("where no connection may go")).to_be_visible()
    check_page(page, "webhook-new")
    page.get_by_label("Address").fill(address)
    page.get_by_label("Title").fill("Alarm <b>bell</b>")
    page.get_by_role("button", name="Add the webhook").click()
    expect(page.locator("#secret")).to_contain_text("whsec_")
    check_page(page, "webhook-secret")
    page.goto("/webhooks/")
    page.get_by_role("link", name="Alarm <b>bell</b>").click()
    expect(page.locator("#secret")).to_have_count(0)
    page.get_by_role("button", name="Send a test").click()
    expect(page.get_by_text("The test is on its way.")).to_be_visible()
    deliver_due()
    page.reload()
    expect(page.get_by_text("delivered")).to_be_visible()
    expect(page.get_by_text("thank you")).to_be_visible()
    check_page(page, "webhook-delivery")
    page.get_by_role("link", name="Alarm <b>bell</b>").click()
    check_page(page, "webhook")
    page.get_by_role("button", name="Switch off").click()
    expect(page.get_by_text("The webhook is off.")).to_be_visible()


def test_reference_looks_right(check_looks: Any) -> None:
    page = check_looks("/reference/api/", "api-reference")
    page.locator("#change_record summary").click()
    expect(page.get_by_text("records.change_account").first).to_be_visible()
