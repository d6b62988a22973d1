"""What commands work on: an integration file with its state, or a state alone."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tallystick.cli.options import person

if TYPE_CHECKING:
    from tallystick.ports.store import Store
    from tallystick.ports.world import Clock
    from tallystick.runs.state import State
    from tallystick.runs.workspace import Workspace


@contextmanager
def workspace(file: Path) -> Iterator[Workspace]:
    """The integration file with its state and systems; how far the work is shows on a terminal."""
    from tallystick.cli.progress import progress
    from tallystick.runs.workspace import Workspace

    with progress() as step, Workspace.open(file, open_store=_store, progress=step, by=person()) as opened:
        yield opened


@contextmanager
def state(file: Path | None) -> Iterator[State]:
    """The state beside `file`; without one that of TALLYSTICK_DATABASE_URL, else `tallystick.db` in this folder.

    Raises ConfigurationError where there is none: an empty one, made in the wrong folder, would answer "nothing".
    """
    from tallystick.cli.progress import progress
    from tallystick.runs.state import State
    from tallystick.runs.workspace import database_url

    _check_there(file)
    with progress(), State.open(database_url(file, os.environ), open_store=_store, by=person()) as opened:
        yield opened


def _check_there(file: Path | None) -> None:
    from tallystick.cli.printable import file_name
    from tallystick.errors import ConfigurationError

    if file is not None and not file.exists():
        raise ConfigurationError(f"There is no file {file_name(file)}.", hint="Check the name and the folder.")
    if file is None and not os.environ.get("TALLYSTICK_DATABASE_URL") and not Path("tallystick.db").exists():
        raise ConfigurationError(
            "There is no state in this folder: no tallystick.db.",
            hint="Go to the folder of the integration file, or name that file with --file. The first run makes it.",
        )


def _store(url: str, clock: Clock) -> Store:
    from tallystick.server.state.store import open_store

    return open_store(url, clock=clock)
