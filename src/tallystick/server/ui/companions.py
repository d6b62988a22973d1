"""Threads beside the web that do something again and again until the hub ends."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

import structlog
from django.db import DatabaseError, connection, connections

from tallystick.errors import TallystickError
from tallystick.server.ui import mishaps

AFTER_TROUBLE_S: Final = 5.0
AFTER_MISHAP_S: Final = 30.0

log = structlog.get_logger("tallystick.companions")


@contextmanager
def again_and_again(
    name: str,
    do: Callable[[threading.Event], object],
    *,
    every_s: float,
    ends_within_s: float = 20.0,
    bell: threading.Event | None = None,
) -> Iterator[None]:
    """While the block lasts, `do` is done: at once, then every so often, and when the bell is rung, in one thread.

    `do` is given what is set when the hub ends, and returns soon then. What it raises is written down, and it is done
    again a little later.
    """
    stopping, bell = threading.Event(), bell or threading.Event()
    thread = threading.Thread(target=_run, args=(name, do, every_s, stopping, bell), name=name, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stopping.set()
        bell.set()
        thread.join(ends_within_s)


def _run(
    name: str, do: Callable[[threading.Event], object], every_s: float, stopping: threading.Event, bell: threading.Event
) -> None:
    while not stopping.is_set():
        bell.clear()
        try:
            connection.close_if_unusable_or_obsolete()
            do(stopping)
        except (DatabaseError, TallystickError) as error:
            log.warning("it waits", companion=name, error=type(error).__name__)
            connection.close()
            stopping.wait(AFTER_TROUBLE_S)
        except Exception as error:  # noqa: BLE001  the outermost edge of the thread
            log.error("it broke", companion=name, reference=mishaps.keep(error))
            stopping.wait(AFTER_MISHAP_S)
        if not stopping.is_set():
            bell.wait(every_s)
    connections.close_all()
