"""The background of messages: delivers, sends letters, and runs what other apps have to do now and then. One thread."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Final

from tallystick.server.messages import post
from tallystick.server.messages.courier import Courier
from tallystick.server.ui.companions import again_and_again

EVERY_S: Final = 0.5
CHORES_EVERY_S: Final = 60.0

_chores: Final[list[Callable[[], object]]] = []
_bell: Final = threading.Event()


def add_chore(do: Callable[[], object]) -> None:
    """Done about once a minute; must be safe to do in several processes."""
    if do not in _chores:
        _chores.append(do)


def wake() -> None:
    """Something was put into the outbox by this process: look at once."""
    _bell.set()


class _Round:
    def __init__(self) -> None:
        self._courier = Courier()
        self._done_at = -CHORES_EVERY_S

    def __call__(self, stopping: threading.Event) -> None:
        self._courier.deliver_due()
        while not stopping.is_set() and post.send_due():
            pass
        if time.monotonic() - self._done_at >= CHORES_EVERY_S:
            self._done_at = time.monotonic()
            for chore in _chores:
                chore()


def delivering() -> AbstractContextManager[None]:
    """Beside the web."""
    return again_and_again("messages", _Round(), every_s=EVERY_S, bell=_bell)
