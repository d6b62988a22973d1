"""A database as the store uses it: one Django alias, with transactions and failures worded."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from django.apps import apps
from django.conf import settings
from django.db import connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper

from tallystick.server.state.address import Address
from tallystick.server.state.bulk import bulk_for
from tallystick.server.state.failures import told

APP: Final = "tallystick.server.state"
_registering: Final = threading.Lock()


class Database:
    """Every thread has a connection of its own, made when it first asks."""

    def __init__(self, address: Address) -> None:
        self.address = address
        self.alias = _alias(address)
        with told(address.title):
            self.bulk = bulk_for(self.alias)
        self._opened: weakref.WeakSet[BaseDatabaseWrapper] = weakref.WeakSet()

    @property
    def connection(self) -> BaseDatabaseWrapper:
        connection = connections[self.alias]
        self._opened.add(connection)
        return connection

    @contextmanager
    def reading(self) -> Iterator[CursorWrapper]:
        """A cursor for statements that change nothing."""
        with self._usable_after(), told(self.address.title), self.connection.cursor() as cursor:
            yield cursor

    @contextmanager
    def writing(self) -> Iterator[CursorWrapper]:
        """A cursor in a transaction, kept when the block ends and undone when it raises."""
        with (
            self._usable_after(),
            told(self.address.title),
            transaction.atomic(using=self.alias),
            self.connection.cursor() as cursor,
        ):
            yield cursor

    @contextmanager
    def part(self) -> Iterator[None]:
        """Within `writing`: what a broken constraint undoes."""
        with transaction.atomic(using=self.alias):
            yield

    @contextmanager
    def _usable_after(self) -> Iterator[None]:
        """A connection that broke is thrown away, so that the next call makes another."""
        try:
            yield
        except BaseException:
            connection = self.connection
            if not connection.in_atomic_block:
                connection.errors_occurred = True
                connection.close_if_unusable_or_obsolete()
            raise

    def close(self) -> None:
        """Closes the connections of all threads; none of them may be at work."""
        for connection in list(self._opened):
            connection.inc_thread_sharing()
            try:
                connection.close()
            finally:
                connection.dec_thread_sharing()


def _alias(address: Address) -> str:
    """The alias of the database, made when Django does not know it yet."""
    with _registering:
        if not settings.configured:
            settings.configure(INSTALLED_APPS=[APP], DATABASES={}, USE_TZ=True, LOGGING_CONFIG=None)
        apps.populate(settings.INSTALLED_APPS)
        known = connections.settings
        for alias, kept in known.items():
            if Address(settings=kept, title="", file=None).identity == address.identity:
                return str(alias)
        alias = f"state-{len(known)}"
        known[alias] = connections.configure_settings({"default": dict(address.settings)})["default"]
        return alias
