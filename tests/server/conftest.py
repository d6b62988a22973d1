"""Tests of the hub without a browser."""

from tests.hub import (
    actor,
    actor_with,
    client_of,
    django_db_keepdb,
    django_db_modify_db_settings,
    django_db_setup,
    fresh_codes,
    in_english,
    person,
    state_url,
)

__all__ = [
    "actor",
    "actor_with",
    "client_of",
    "django_db_keepdb",
    "django_db_modify_db_settings",
    "django_db_setup",
    "fresh_codes",
    "in_english",
    "person",
    "state_url",
]
