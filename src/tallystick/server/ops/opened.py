"""The state and the workspaces as the hub's pages and actions open them, in the hands of a person."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tallystick.errors import NotFound
from tallystick.model.plan import Run
from tallystick.ports.store import Store
from tallystick.runs.state import State
from tallystick.runs.workspace import Workspace
from tallystick.server.state.of_hub import store


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
