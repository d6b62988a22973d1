"""The integrations of the hub as a worker's source: read from the database, changes seen without a restart."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.db import DEFAULT_DB_ALIAS, DatabaseError, connection

from tallystick.errors import ConfigurationError, StateUnusable, TallystickError
from tallystick.runs.requests import Changed
from tallystick.runs.sources import Change
from tallystick.runs.systems import Systems
from tallystick.server.connections.models import Connection
from tallystick.server.connections.opening import ConnectionSystems
from tallystick.server.designer.documents import connections_of, loaded_of
from tallystick.server.designer.models import Integration
from tallystick.server.designer.place import state_url
from tallystick.server.records.feed import Feed
from tallystick.server.records.record_types import BY_NAME
from tallystick.spec.reading import Loaded


@dataclass(frozen=True, slots=True, kw_only=True)
class _Served:
    loaded: Loaded
    version: int
    runs: bool  # by itself


class Kept:
    """Implements tallystick.runs.sources.Source."""

    def __init__(self) -> None:
        self._url = state_url()
        self._marks: dict[str, tuple[Any, ...]] = {}
        self._served: dict[str, _Served] = {}
        self._connections: dict[str, tuple[str, int]] = {}  # connection -> its connector, and how often it was edited
        self._lock = threading.Lock()
        self._feed = Feed(DEFAULT_DB_ALIAS)
        with self._told():
            self._seen = self._feed.cursor()  # what changed before is for the schedule
        self.changes()

    @property
    def state_url(self) -> str:
        return self._url

    def __iter__(self) -> Iterator[Loaded]:
        with self._lock:
            return iter([one.loaded for one in self._served.values() if one.runs])

    def of(self, integration: str) -> Loaded:
        """Asked anew where it is not known yet: it may have been made since the last look."""
        for _attempt in range(2):
            with self._lock:
                found = self._served.get(integration)
            if found is not None:
                return found.loaded
            self.changes()
        raise ConfigurationError(
            f"The hub has no integration {integration} any more.", hint="Its links are kept; import it again to go on."
        )

    def systems(self, integration: str) -> Systems:
        return ConnectionSystems()

    def connector(self, integration: str, system: str) -> str:
        connector, _version = self._connections.get(self.connection(integration, system), ("", 0))
        return connector

    def mark(self, integration: str, system: str) -> str:
        connection = self.connection(integration, system)
        return f"{connection} {self._connections.get(connection)}"

    def connection(self, integration: str, system: str) -> str:
        try:
            return connections_of(self.of(integration)).get(system, "")
        except TallystickError:
            return ""

    def changed(self) -> list[Changed]:
        """Of the hub's own records: one look at the end of their history."""
        with self._told():
            stirred, self._seen = self._feed.stirred(self._seen)
        kinds: dict[tuple[str, str], set[str]] = {}  # connector; run, or none -> record types
        people: set[str] = set()
        for kind, run, by in stirred:
            if kind in BY_NAME:  # each app of records has a connector of its name
                kinds.setdefault((BY_NAME[kind].app, run), set()).add(kind)
            if not run:
                people.add(by)
        return [
            Changed(connector=app, records=frozenset(some), run=run, by=frozenset() if run else frozenset(people))
            for (app, run), some in kinds.items()
        ]

    def changes(self) -> list[Change]:
        """Two small queries."""
        with self._told():
            wanted = Integration.objects.filter(current__isnull=False)
            rows = list(wanted.values_list("name", "current_id", "is_enabled", "is_draining"))
            known = Connection.objects.values_list("name", "connector", "version")
            self._connections = {name: (connector, version) for name, connector, version in known}
        found: list[Change] = []
        marks = {name: tuple(rest) for name, *rest in rows}
        for name in self._marks.keys() - marks.keys():
            with self._lock:
                self._served.pop(name, None)
            found.append(Change(integration=name, where="deleted"))
        for name, mark in marks.items():
            if self._marks.get(name) != mark:
                found.append(self._read(name, mark, is_first=name not in self._marks))
        self._marks = marks
        return found

    @contextmanager
    def _told(self) -> Iterator[None]:
        """A connection that broke is thrown away, and why is said in our words."""
        is_ours = not connection.in_atomic_block
        try:
            if is_ours:
                connection.close_if_unusable_or_obsolete()
            yield
        except DatabaseError as error:
            if is_ours:
                connection.close()
            raise StateUnusable(
                "The hub's database cannot be read.", hint="The worker goes on by itself when it answers again."
            ) from error

    def _read(self, name: str, mark: tuple[Any, ...], *, is_first: bool) -> Change:
        from tallystick.server.designer.models import IntegrationVersion

        version = IntegrationVersion.objects.get(pk=mark[0])
        where = f"version {version.number}"
        try:
            loaded = loaded_of(version)
        except TallystickError as error:  # kept by an older version of the product that read it otherwise
            return Change(integration=name, where=where, error=error)
        with self._lock:
            self._served[name] = _Served(loaded=loaded, version=version.number, runs=bool(mark[1]) and not mark[2])
        return Change(integration=name, where=where)
