"""Migrations applied whole: the tables, their indexes and the note that it was done, or nothing of it.

Django writes that note after it has committed the tables. A full disk or a kill in between would leave tables that
the next start tries to make again, and so a database that never opens.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.migration import Migration


class WholeMigrations(MigrationExecutor):
    """Django's executor, with one transaction for each migration and its note."""

    def apply_migration(self, state: Any, migration: Migration, fake: bool = False, fake_initial: bool = False) -> Any:
        if not migration.atomic:  # what PostgreSQL takes only outside of a transaction
            return super().apply_migration(state, migration, fake, fake_initial)
        with _unchecked(self.connection), transaction.atomic(using=self.connection.alias):
            return super().apply_migration(state, migration, fake, fake_initial)


@contextmanager
def _unchecked(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """SQLite changes tables only while it does not check foreign keys, which is switched outside of transactions."""
    is_switched = connection.vendor == "sqlite" and connection.disable_constraint_checking()
    try:
        yield
    finally:
        if is_switched:
            connection.enable_constraint_checking()
