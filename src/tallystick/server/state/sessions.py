"""How the product's connections to PostgreSQL differ from its defaults: many short statements, and none of an hour."""

from __future__ import annotations

from typing import Any, Final

from django.db.backends.signals import connection_created

SETTINGS: Final = {
    # A wrong guess of the costs has a statement of milliseconds compiled for a second.
    "jit": "off",
    # Workers take longer to start than a page may, and would be taken from the other pages.
    "max_parallel_workers_per_gather": "0",
}
"""For whoever connects, so no rights are needed; a server that is shared keeps its own for others."""
AT_ONCE: Final = (
    "CASE WHEN current_setting('effective_io_concurrency')::integer BETWEEN 1 AND 63 "
    "THEN set_config('effective_io_concurrency', '64', false) END"
)
"""So many pages are asked of the disk together. PostgreSQL before 18 asks for one at a time, 18 for 16.

A server that asks for more keeps that, and so does one that asks for none: some platforms can do nothing else.
"""


def connect() -> None:
    """Called once, when Django is ready."""
    connection_created.connect(_set, dispatch_uid="state.sessions")


def _set(*, connection: Any, **_more: Any) -> None:
    if connection.vendor == "postgresql":
        each = ", ".join(["set_config(%s, %s, false)"] * len(SETTINGS))
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT {AT_ONCE}, {each}", [text for pair in SETTINGS.items() for text in pair])
