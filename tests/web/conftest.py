"""Tests of the hub's pages in Chromium."""

from tests.hub import (
    actor,
    actor_with,
    check_looks,
    check_page,
    chromium,
    client_of,
    open_page,
    person,
    state_url,
)

__all__ = [
    "actor",
    "actor_with",
    "check_looks",
    "check_page",
    "chromium",
    "client_of",
    "open_page",
    "person",
    "state_url",
]
