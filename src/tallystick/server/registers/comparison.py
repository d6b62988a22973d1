"""The register is compared with what is discovered every few minutes, beside the web."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import structlog
from django.db import DatabaseError, connection
from django.utils import timezone

from tallystick.server.registers.domain.comparing import compare_if_due
from tallystick.server.ui import mishaps

EVERY_S: Final = 60.0

log = structlog.get_logger("tallystick.register")


@contextmanager
def comparing() -> Iterator[None]:
    stopping = threading.Event()
    thread = threading.Thread(target=_run, args=(stopping,), name="register", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stopping.set()
        thread.join(EVERY_S)


def _run(stopping: threading.Event) -> None:
    while not stopping.wait(EVERY_S):
        try:
            connection.close_if_unusable_or_obsolete()
            compare_if_due(timezone.now())
        except DatabaseError as error:
            log.warning("the comparison waits", error=type(error).__name__)
            connection.close()
        except Exception as error:  # noqa: BLE001  the outermost edge of the thread
            log.error("the comparison broke", reference=mishaps.keep(error))
            stopping.wait(600)
