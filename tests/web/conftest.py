"""Tests of the hub's pages in Chromium."""

from pathlib import Path

import pytest

from tests.hub import (
    actor,
    actor_with,
    check_looks,
    check_page,
    chromium,
    client_of,
    django_db_keepdb,
    django_db_modify_db_settings,
    django_db_setup,
    fresh_codes,
    in_english,
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
    "django_db_keepdb",
    "django_db_modify_db_settings",
    "django_db_setup",
    "fresh_codes",
    "in_english",
    "open_page",
    "person",
    "state_url",
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A browser takes its time: `make test-slow`."""
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here):
            item.add_marker(pytest.mark.slow)
