"""Tests of the hub's pages in Chromium."""

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
    "open_page",
    "person",
    "state_url",
]
