"""Workspaces and the state for pages of the hub: integrations by their current version, systems by connection."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tallystick.engine.apply import BATCH
from tallystick.engine.result import Progress
from tallystick.model.plan import Run
from tallystick.ports.store import Store
from tallystick.ports.world import Clock
from tallystick.runs.state import State
from tallystick.runs.systems import Systems
from tallystick.runs.workspace import Workspace
from tallystick.runs.world import SystemClock
from tallystick.server.connections import bounds
from tallystick.server.connections.opening import ConnectionSystems
from tallystick.server.designer.documents import loaded_of
from tallystick.server.designer.domain.change import current_of, integration_of
from tallystick.server.designer.models import Integration, IntegrationVersion
from tallystick.server.designer.place import state_url
from tallystick.server.state.store import open_store
from tallystick.spec.reading import Loaded, loads


@contextmanager
def workspace(name: str, *, by: str = "") -> Iterator[Workspace]:
    """The integration as it is now. Raises NotFound, and what opening the state raises."""
    loaded = loaded_of(current_of(integration_of(name)))
    with _over(loaded, open_store(state_url(), clock=SystemClock()), by=by) as opened:
        yield opened


@contextmanager
def workspace_of_version(
    version: IntegrationVersion, *, by: str, clock: Clock, progress: Progress, batch: int = BATCH
) -> Iterator[Workspace]:
    """The integration as that version has it. Raises DocumentErrors, and what opening the state raises."""
    store = open_store(state_url(), clock=clock)
    with _over(loaded_of(version), store, by=by, clock=clock, progress=progress, batch=batch) as opened:
        yield opened


def workspace_of_run(run: Run, store: Store, *, by: str = "") -> Workspace:
    """The workspace of an earlier run: its integration as it is now, or as it was where it is gone.

    Implements tallystick.runs.state.OpenWorkspace. A run of the command line on the same database has its file.
    """
    if run.file:
        return Workspace.of_run(run, store, by=by)
    found = Integration.objects.select_related("current").filter(name=run.integration).first()
    loaded = loaded_of(found.current) if found is not None and found.current is not None else loads(run.document)
    return _over(loaded, store, by=by)


@contextmanager
def state(*, by: str = "") -> Iterator[State]:
    """The state of the hub: reviews, decisions, runs, journal, undo."""
    clock = SystemClock()
    with State(open_store(state_url(), clock=clock), clock=clock, by=by, open_workspace=workspace_of_run) as opened:
        yield opened


def _over(
    loaded: Loaded,
    store: Store,
    *,
    by: str,
    clock: Clock | None = None,
    progress: Progress = lambda what, count: None,
    batch: int = BATCH,
) -> Workspace:
    systems: Systems = ConnectionSystems()
    more: Any = {"clock": clock, "progress": progress, "batch": batch}
    return Workspace(loaded, store, folder=bounds.folder(), systems=systems, by=by, **more)
