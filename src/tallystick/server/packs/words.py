"""The texts of `pack.yaml` that people read: they stand here too, so that they are translated."""

from __future__ import annotations

from typing import Final

from django.utils.translation import gettext, gettext_noop

TEXTS: Final = (
    gettext_noop("IT assets and help desk"),
    gettext_noop(
        "The asset register and the CRM's installed assets keep each other right, doubtful cases reach a person, and"
        " what inventory agents discover fills the register."
    ),
    gettext_noop(
        "The account that is your own company; locations, departments and employees of the register belong to it."
    ),
    gettext_noop("Asset subtypes"),
    gettext_noop("Manufacturers"),
    gettext_noop("Locations"),
    gettext_noop("Departments"),
    gettext_noop("Employees"),
    gettext_noop("Assets, once and in full"),
    gettext_noop("Assets, what changed on either side"),
)


def in_words(text: str) -> str:
    """A text of a pack's document in the reader's language; as it stands where nobody translated it."""
    return gettext(text) if text else text
