"""The background of messages: delivers, sends letters, and runs what other apps have to do now and then. One thread."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

import structlog
from django.db import DatabaseError, connection, connections

from tallystick.errors import TallystickError
from tallystick.server.messages import post
from tallystick.server.messages.courier import Courier
from tallystick.server.ui import mishaps

EVERY_S: Final = 0.5
CHORES_EVERY_S: Final = 60.0
ENDS_WITHIN_S: Final = 20.0

log = structlog.get_logger("tallystick.messages")
_chores: Final[list[Callable[[], object]]] = []
_wake = threading.Event()


def add_chore(do: Callable[[], object]) -> None:
    """Done about once a minute; must be safe to do in several processes."""
    if do not in _chores:
        _chores.append(do)


def wake() -> None:
    """Something was put into the outbox by this process: look at once."""
    _wake.set()


@contextmanager
def delivering() -> Iterator[None]:
    """Beside the web."""
    stopping = threading.Event()
    thread = threading.Thread(target=_run, args=(stopping,), name="messages", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stopping.set()
        _wake.set()
        thread.join(ENDS_WITHIN_S)


def _run(stopping: threading.Event) -> None:
    courier = Courier()
    rounds = 0
    while not stopping.is_set():
        _wake.wait(EVERY_S)
        _wake.clear()
        if stopping.is_set():
            break
        try:
            connection.close_if_unusable_or_obsolete()
            courier.deliver_due()
            while not stopping.is_set() and post.send_due():
                pass
            if rounds % int(CHORES_EVERY_S / EVERY_S) == 0:
                for chore in _chores:
                    chore()
            rounds += 1
        except (DatabaseError, TallystickError) as error:
            log.warning("messages wait", error=type(error).__name__)
            connection.close()
            stopping.wait(5)
        except Exception as error:  # noqa: BLE001  the outermost edge of the thread
            log.error("messages broke", reference=mishaps.keep(error))
            stopping.wait(30)
    connections.close_all()
