"""Every page that links lead to, from the first one on: one address for each kind of page."""

from __future__ import annotations

import html
import re
from collections import deque
from typing import Final
from urllib.parse import urlsplit

from django.http import HttpResponse
from django.test import Client
from django.urls import Resolver404, resolve

ADDRESS: Final = re.compile(r"(?:href|hx-get)=\"(/[^\"#]*)")
APART: Final = ("/static/", "/account/sign-out/")
MOST: Final = 400
"""Pages: more than that, and something leads round in circles."""


def pages(client: Client, first: str = "/") -> dict[str, HttpResponse]:
    """Address -> answer of each page and fragment, the first address found for each view and record type."""
    found: dict[str, HttpResponse] = {}
    seen: set[tuple[str, str]] = set()
    waiting = deque([first])
    while waiting:
        address = waiting.popleft()
        kind = _kind(address)
        if kind is None or kind in seen:
            continue
        seen.add(kind)
        answer = client.get(address)
        if answer.status_code == 302 and answer["Location"].startswith("/"):
            waiting.append(answer["Location"])
        if not answer.get("Content-Type", "").startswith("text/html") or answer.get("Content-Disposition"):
            continue
        found[address] = answer
        waiting.extend(html.unescape(one) for one in ADDRESS.findall(answer.content.decode()))
        assert len(found) < MOST
    return found


def whole(answers: dict[str, HttpResponse]) -> list[str]:
    """The addresses of those that are pages, not fragments."""
    return [
        address for address, answer in answers.items() if answer.status_code == 200 and b"<html" in answer.content[:500]
    ]


def _kind(address: str) -> tuple[str, str] | None:
    parts = urlsplit(address)
    if address.startswith(APART):
        return None
    try:
        match = resolve(parts.path)
    except Resolver404:
        return ("", parts.path)
    return (match.view_name, str(match.kwargs.get("type_", "")))
