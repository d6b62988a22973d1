"""The background of webhooks: looks for events, delivers what is due, forgets what is old. One thread a process."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import Final

import structlog
from django.db import connection, connections, transaction
from django.utils import timezone

from tallystick.server.api import pace, repeats
from tallystick.server.api.models import Delivery, Endpoint, Event, Received
from tallystick.server.api.webhooks.collecting import collect
from tallystick.server.api.webhooks.sending import TIMEOUT_S, note, send
from tallystick.server.ui import mishaps
from tallystick.server.ui.companions import again_and_again

EVERY_S: Final = 1.0
AT_ONCE: Final = 8
LEASE: Final = timedelta(seconds=3 * TIMEOUT_S)
"""A delivery whose process died over it is tried again after so long."""
KEPT: Final = timedelta(days=30)
SWEPT_EVERY_S: Final = 3_600.0

log = structlog.get_logger("tallystick.webhooks")


def deliver_due(pool: ThreadPoolExecutor | None = None) -> int:
    """Tries what is due, each in a thread of the pool, or here without one; how many."""
    claimed = _claimed()
    if pool is None:
        for number in claimed:
            _deliver(number)
    else:
        list(pool.map(_deliver_apart, claimed))
    return len(claimed)


def _claimed() -> list[int]:
    """The next ones, taken so that no other process tries them too."""
    now = timezone.now()
    with transaction.atomic():
        due = Delivery.objects.filter(status=Delivery.Status.WAITING, next_at__lte=now).order_by("next_at")
        if connection.vendor == "postgresql":
            due = due.select_for_update(skip_locked=True)
        numbers = [one.pk for one in due[:AT_ONCE]]
        if numbers:
            Delivery.objects.filter(pk__in=numbers).update(next_at=now + LEASE)
    return numbers


def _deliver(number: int) -> None:
    delivery = Delivery.objects.select_related("endpoint", "event").filter(pk=number).first()
    if delivery is None:
        return
    if not delivery.endpoint.is_enabled:
        Delivery.objects.filter(pk=number).update(status=Delivery.Status.FAILED, next_at=None)
        return
    note(delivery, send(delivery))


def _deliver_apart(number: int) -> None:
    try:
        _deliver(number)
    except Exception as error:  # noqa: BLE001  the edge of a thread: the delivery is tried again after its lease
        log.error("a delivery broke", delivery=number, reference=mishaps.keep(error))
    finally:
        connections.close_all()


def sweep() -> None:
    """Forgets what nobody asks for any more."""
    now = timezone.now()
    repeats.forget_old()
    pace.forget_old()
    Event.objects.filter(at__lt=now - KEPT).exclude(deliveries__status=Delivery.Status.WAITING).delete()
    Received.objects.filter(at__lt=now - timedelta(days=1)).delete()
    Endpoint.objects.filter(older_until__lt=now).update(older_secret="", older_until=None)


class _Round:
    """Delivers what is due; forgets now and then."""

    def __init__(self) -> None:
        self._swept_at = -SWEPT_EVERY_S

    def __call__(self, stopping: threading.Event) -> None:
        collect()
        with ThreadPoolExecutor(max_workers=AT_ONCE, thread_name_prefix="webhook") as pool:
            while not stopping.is_set() and deliver_due(pool):
                pass
        if time.monotonic() - self._swept_at > SWEPT_EVERY_S:
            self._swept_at = time.monotonic()
            sweep()


def delivering() -> AbstractContextManager[None]:
    """Beside the web."""
    return again_and_again("webhooks", _Round(), every_s=EVERY_S, ends_within_s=TIMEOUT_S)
