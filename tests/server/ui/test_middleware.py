"""Whose address a request has, behind proxies and without."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.http import HttpResponse
from django.test import RequestFactory

from tallystick.server.ui.middleware import behind_proxies


@pytest.mark.parametrize(
    ("proxies", "forwarded", "address"),
    [
        (0, "203.0.113.9", "127.0.0.1"),  # nobody in front: the caller's word alone
        (1, "203.0.113.9", "203.0.113.9"),
        (1, "198.51.100.1, 203.0.113.9", "203.0.113.9"),  # what the caller put before the proxy's entry is made up
        (2, "198.51.100.1, 203.0.113.9, 10.0.0.2", "203.0.113.9"),
        (2, "203.0.113.9", "127.0.0.1"),  # it came past a proxy
        (1, "", "127.0.0.1"),
    ],
)
def test_address_is_what_trusted_proxies_say(settings, proxies, forwarded, address):
    settings.CONFIGURATION = replace(settings.CONFIGURATION, proxies=proxies)
    request = RequestFactory().get("/", headers={"X-Forwarded-For": forwarded})
    behind_proxies(lambda _: HttpResponse())(request)
    assert request.META["REMOTE_ADDR"] == address
    assert proxies or "HTTP_X_FORWARDED_FOR" not in request.META
