"""The state as the hub's pages and actions open it: one database, the hub's own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connections

from tallystick.errors import NotFound
from tallystick.model.plan import Run
from tallystick.ports.store import Store
from tallystick.runs.state import State
from tallystick.runs.workspace import Workspace
from tallystick.server.state.address import Address, address_of
from tallystick.server.state.database import Database
from tallystick.server.state.kept import DatabaseStore
from tallystick.server.state.looking import Looking


@cache
def looking() -> Looking:
    """For reading; every thread may use it."""
    return Looking(_database())


@contextmanager
def state(by: str) -> Iterator[State]:
    """The state in the hands of the person called `by`; connections are Django's and stay open."""
    yield State(store(), by=by, open_workspace=open_workspace)


def open_workspace(run: Run, store: Store, *, by: str = "") -> Workspace:
    """The workspace of an earlier run: of the integration as the hub keeps it, else of its file."""
    from tallystick.server.designer.workspaces import workspace_of_run

    return workspace_of_run(run, store, by=by)


@contextmanager
def workspace_of(integration: str, by: str) -> Iterator[Workspace]:
    """The workspace of the integration's newest run. Raises NotFound when it never ran."""
    with state(by) as opened:
        runs = opened.store.runs(integration, limit=1)
        if not runs:
            raise NotFound(
                f"The integration {integration} has not run yet.", hint="Run it once; then there is something to see."
            )
        with open_workspace(runs[0], Lent(opened.store), by=by) as workspace:
            yield workspace


class Lent:
    """A store that a workspace must not close: its connections are those of the request."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def close(self) -> None:
        pass


@cache
def store() -> Store:
    """For reading, and for actions within a request; it is never closed."""
    return DatabaseStore(_database())


def _database() -> Database:
    """Django's own: the tests have another than the configuration says."""
    kept = connections.settings["default"]
    is_file = kept["ENGINE"].endswith("sqlite3")
    title = address_of(settings.CONFIGURATION.database_url).title
    return Database(Address(settings=kept, title=title, file=Path(kept["NAME"]) if is_file else None))
