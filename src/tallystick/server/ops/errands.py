"""Does errands in threads of this process, and tells of them in their rows."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from contextlib import suppress
from datetime import timedelta
from functools import cache
from typing import Any, Final

from django.db import connection, connections
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override

from tallystick.errors import ScopeBusy, TallystickError
from tallystick.server.ops.models import Errand
from tallystick.server.people.actor import Actor
from tallystick.server.ui import mishaps
from tallystick.server.ui.edge import unforeseen

WAIT_S: Final = 2.5
"""How long a page waits for an errand before it shows how far it is."""
DEAD_AFTER: Final = timedelta(seconds=60)
BUSY_TRIES_S: Final = 1.0
"""How often at least it is tried whether what an errand waits for is free."""
MOST_REFUSED_SHOWN: Final = 100
AT_ONCE: Final = 3
"""Errands that work at the same time; one that waits for a run keeps nobody from working."""
MOST: Final = 64
"""Errands that work or wait for a run; more wait for their beginning."""

_places: Final = threading.Semaphore(AT_ONCE)
_futures: dict[int, Future[None]] = {}
_guard: Final = threading.Lock()


class Course:
    """What an errand that goes on tells of itself."""

    def __init__(self, number: int) -> None:
        self.number = number

    def tell(
        self, done: int, *, run: str = "", refused: Sequence[Mapping[str, Any]] = (), is_blocked: bool = False
    ) -> None:
        """`done` of the total; `run` it led to; `refused`: all that were refused so far."""
        changes: dict[str, Any] = {"done": done, "is_blocked": is_blocked, "beat_at": timezone.now()}
        if run:
            changes["run"] = run
        if refused:
            changes["refused"] = list(refused[:MOST_REFUSED_SHOWN])
            changes["refused_count"] = len(refused)
        Errand.objects.filter(pk=self.number).update(**changes)

    def when_free(self, work: Callable[[], Any]) -> Any:
        """Does the work as soon as nobody holds the scope it needs: another answer soon gives it back, a run later."""
        done = Errand.objects.values_list("done", flat=True).get(pk=self.number)
        wait_s = 0.05
        while True:
            try:
                return work()
            except ScopeBusy:
                if wait_s >= BUSY_TRIES_S:
                    self.tell(done, is_blocked=True)
                _aside(wait_s)
                wait_s = min(BUSY_TRIES_S, 2 * wait_s)


def _aside(wait_s: float) -> None:
    """Lets another errand work meanwhile."""
    _places.release()
    try:
        if not connection.in_atomic_block:
            connection.close()
        time.sleep(wait_s)
    finally:
        _places.acquire()


Work = Callable[[Course], None]


def begin(actor: Actor, kind: str, subject: str, work: Work, *, total: int = 1, language: str = "en") -> Errand:
    """Starts it and waits WAIT_S at most; the errand as it then is. What it raised stands in its row."""
    now = timezone.now()
    errand = Errand.objects.create(
        kind=kind, subject=subject, person_id=actor.person, by=actor.name, asked_at=now, beat_at=now, total=total
    )
    future = _pool().submit(_do, errand.pk, work, language)
    with _guard:
        _futures[errand.pk] = future
    with suppress(NotYet):
        future.result(timeout=WAIT_S)
    errand.refresh_from_db()
    return errand


def going(subjects: Sequence[str]) -> dict[str, Errand]:
    """The errands about these subjects that go on."""
    alive = timezone.now() - DEAD_AFTER
    waiting = (Errand.Status.WAITING, Errand.Status.GOING)
    found = Errand.objects.filter(subject__in=subjects, status__in=waiting, beat_at__gte=alive)
    return {errand.subject: errand for errand in found}


def settle(errand: Errand) -> Errand:
    """One whose process died is told to have failed."""
    if not errand.is_finished and errand.beat_at < timezone.now() - DEAD_AFTER and errand.pk not in _futures:
        errand.status = Errand.Status.FAILED
        errand.code = "interrupted"
        errand.message = _("The hub was stopped before this was finished.")
        errand.hint = _("What was answered is carried out by the next run; ask again for the rest.")
        errand.save(update_fields=["status", "code", "message", "hint"])
    return errand


def _do(number: int, work: Work, language: str) -> None:
    """The thread's whole work: the outermost edge of it."""
    stop = threading.Event()
    beating = threading.Thread(target=_beat, args=(number, stop), daemon=True)
    changes: dict[str, Any] = {}
    try:
        Errand.objects.filter(pk=number).update(status=Errand.Status.GOING, beat_at=timezone.now())
        beating.start()
        with _places, override(language):
            changes = _outcome(number, work)
    finally:
        stop.set()
        Errand.objects.filter(pk=number).update(is_blocked=False, finished_at=timezone.now(), **changes)
        with _guard:
            _futures.pop(number, None)
        connections.close_all()


def _outcome(number: int, work: Work) -> dict[str, Any]:
    try:
        work(Course(number))
    except TallystickError as error:
        return {"status": Errand.Status.FAILED, "code": error.code, "message": error.message, "hint": error.hint}
    except Exception as error:  # noqa: BLE001  the outermost edge of the thread
        problem = unforeseen(error)
        hint = f"{problem.hint} {problem.reference}"
        return {"status": Errand.Status.FAILED, "code": problem.code, "message": problem.message, "hint": hint}
    return {"status": Errand.Status.DONE}


def _beat(number: int, stop: threading.Event) -> None:
    try:
        while not stop.wait(DEAD_AFTER.total_seconds() / 4):
            Errand.objects.filter(pk=number).update(beat_at=timezone.now())
    except Exception as error:  # noqa: BLE001  the edge of a thread; the errand itself goes on
        mishaps.keep(error)
    finally:
        connections.close_all()


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=MOST, thread_name_prefix="errand")
