"""The background of Request Tracker: looks at each queue when it is time. One thread beside the web."""

from __future__ import annotations

from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db.models import Q
from django.utils import translation

from tallystick.errors import TallystickError
from tallystick.server.messages import beside, moment
from tallystick.server.request_tracker.hearing import Look
from tallystick.server.request_tracker.models import Tracker
from tallystick.server.request_tracker.opening import opened
from tallystick.server.ui.companions import again_and_again

EVERY_S: Final = 2.0
LEASE: Final = timedelta(minutes=10)
"""A look that takes longer is taken for dead; two at once are slower and do no harm."""


def looking() -> AbstractContextManager[None]:
    """Beside the web."""
    return again_and_again("request tracker", lambda _stopping: look_due(), every_s=EVERY_S)


def look_due() -> int:
    """Looks at every queue where it is time; how many messages maintenance heard."""
    now = moment.now()
    heard = 0
    rows = Tracker.objects.select_related("peer").filter(peer__is_enabled=True, peer__is_paused=False)
    for tracker in rows.order_by("pk"):
        if tracker.looked_at is None or now - tracker.looked_at >= timedelta(seconds=tracker.every_s):
            heard += look(tracker, now)
    return heard


def look(tracker: Tracker, now: datetime) -> int:
    """One look, unless another process is at it; what goes wrong with the system stands on the queue's row."""
    free = Q(leased_until__isnull=True) | Q(leased_until__lte=now)
    mine = Tracker.objects.filter(pk=tracker.pk)
    if not mine.filter(free, looked_at=tracker.looked_at).update(leased_until=now + LEASE, looked_at=now):
        return 0
    tracker = Tracker.objects.select_related("peer").get(pk=tracker.pk)
    fault, look = "", None
    try:
        with translation.override(settings.LANGUAGE_CODE), opened(tracker.connection) as tickets:
            look = Look(tracker, tickets)
            look.at()
        fault = " ".join(look.passed)
    except TallystickError as error:
        fault = str(error)
    finally:
        mine.update(leased_until=None)
    if fault:
        mine.update(fault=fault[:400], fault_at=moment.now())
    else:
        mine.exclude(fault="").update(fault="", fault_at=None)
    if look is not None and look.heard:
        beside.wake()
    return look.heard if look is not None else 0
