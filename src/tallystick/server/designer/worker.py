"""The worker of the hub: beside the web where the state is in SQLite, else processes of `tallystick worker`."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

import structlog
from django.db import connection, connections

from tallystick.errors import TallystickError
from tallystick.runs.worker import Worker
from tallystick.server.designer import learning, planning
from tallystick.server.designer.domain import lessons, plans
from tallystick.server.designer.kept import Kept
from tallystick.server.state.store import open_store
from tallystick.server.ui import mishaps

STOP_WITHIN_S: Final = 30.0
AGAIN_AFTER_S: Final = 5.0

log = structlog.get_logger("tallystick.worker")


class Running:
    """A worker in a thread of this process. When it cannot begin, or breaks down, it is tried again."""

    def __init__(self, make: Callable[[], Worker]) -> None:
        self._make = make
        self._stopping = threading.Event()
        self._worker: Worker | None = None
        self.error: TallystickError | None = None  # why it is not at work
        self._thread = threading.Thread(target=self._run, name="worker", daemon=True)
        self._thread.start()

    def stop(self, timeout_s: float = STOP_WITHIN_S) -> bool:
        """Lets the pieces at hand be finished; whether they were in time. What is left is gone on with next time."""
        self._stopping.set()
        worker = self._worker
        if worker is not None:
            worker.drain()
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    @property
    def is_at_work(self) -> bool:
        return self._worker is not None and self.error is None and self._thread.is_alive()

    def _run(self) -> None:
        try:
            while not self._stopping.is_set():
                try:
                    self._worker = self._make()
                    if self._stopping.is_set():
                        return
                    self.error = None
                    self._worker.run()
                except TallystickError as error:
                    self._failed(error)
                except Exception as error:  # noqa: BLE001  the outermost edge of the thread
                    self._failed(_broken(error))
                self._stopping.wait(AGAIN_AFTER_S)
        finally:
            connections.close_all()

    def _failed(self, error: TallystickError) -> None:
        if self.error is None or str(self.error) != str(error):
            log.error("not at work", code=error.code, message=str(error))
        self.error = error


def hub_worker() -> Worker:
    """A worker that serves the integrations of the hub. Raises StateUnusable, Unreachable, ScopeBusy when it begins."""
    errands = {**planning.ERRANDS, **learning.ERRANDS}
    worker = Worker(Kept(), open_store=open_store, broken=_broken, errands=errands)
    plans.ask_again()
    lessons.ask_again()
    return worker


def start_worker() -> Running:
    """Starts one in this process; `stop` of what it returns ends it."""
    return Running(hub_worker)


_embedded: Running | None = None


def embedded_worker() -> Running | None:
    """The one beside this web, when there is one."""
    return _embedded


@contextmanager
def embedded() -> Iterator[None]:
    """On SQLite a worker beside the web; on PostgreSQL nothing, for `tallystick worker` may run anywhere."""
    global _embedded
    if connection.vendor != "sqlite":
        yield
        return
    _embedded = start_worker()
    try:
        yield
    finally:
        _embedded.stop()
        _embedded = None


def _broken(error: Exception) -> TallystickError:
    """A mistake of ours, with the reference under which it is kept."""
    reference = mishaps.keep(error)
    return TallystickError(f"Something went wrong that Tallystick did not foresee (reference {reference}).")
