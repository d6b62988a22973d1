"""How often one caller may call: so many calls a minute, with room for a burst.

With SQLite one process answers, and counts for itself: only there is the worker, and counting in the file would let
readers wait for whoever writes. With PostgreSQL several may, and the database counts for all: each process takes calls
from it a handful at a time, so that most calls cost nothing.
"""

from __future__ import annotations

import hashlib
import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _

from tallystick.server.api.identity import problem
from tallystick.server.api.models import Allowance
from tallystick.server.people.actor import request_actor
from tallystick.server.ui.answers import Problem

A_MINUTE: Final = 1_200
BURST: Final = 200
HANDFUL: Final = 20
MOST_CALLERS: Final = 10_000
ASKING: Final = 64
"""Callers for whom the database is asked at once, at most."""


class Pace:
    """A bucket for each caller that fills `a_minute` and holds `burst`. Thread-safe."""

    def __init__(self, a_minute: int, burst: int) -> None:
        self.a_minute, self.burst = a_minute, burst
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()  # caller -> what is left, when
        self._lock = threading.Lock()

    def take(self, caller: str, now_s: float) -> float:
        """Takes one call; seconds to wait when there is none left, else 0."""
        with self._lock:
            left, at_s = self._buckets.pop(caller, (float(self.burst), now_s))
            left, wait_s = self.drained(left, now_s - at_s, 1)
            self._buckets[caller] = (left, now_s)
            while len(self._buckets) > MOST_CALLERS:
                self._buckets.popitem(last=False)
        return wait_s

    def drained(self, left: float, since_s: float, count: int) -> tuple[float, float]:
        """What is left after `count` calls were taken, and the seconds to wait where there was not one."""
        a_second = self.a_minute / 60
        left = min(float(self.burst), left + max(0.0, since_s) * a_second)
        return (left, (1 - left) / a_second) if left < 1 else (left - min(count, math.floor(left)), 0.0)


class SharedPace:
    """The same over all processes of the hub: what is taken stands in the database."""

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self._taken: OrderedDict[str, tuple[int, float]] = OrderedDict()  # caller -> calls of the handful, until when
        self._lock = threading.Lock()
        self._asking = tuple(threading.Lock() for _ in range(ASKING))

    def take(self, caller: str, now_s: float) -> float:
        if self._is_at_hand(caller, now_s):
            return 0.0
        with self._asking[hash(caller) % ASKING]:  # calls at once share a handful: each its own would empty the bucket
            if self._is_at_hand(caller, now_s):
                return 0.0
            count, wait_s = self._from_database(caller, timezone.now())
            with self._lock:
                if count:
                    self._taken[caller] = (count - 1, now_s + 60)
                    self._taken.move_to_end(caller)
                while len(self._taken) > MOST_CALLERS:
                    self._taken.popitem(last=False)
        return wait_s

    def _is_at_hand(self, caller: str, now_s: float) -> bool:
        """Takes a call of the handful, where there is one."""
        with self._lock:
            calls, until_s = self._taken.get(caller, (0, now_s))
            if not calls or now_s >= until_s:
                return False
            self._taken[caller] = (calls - 1, until_s)
            return True

    def _from_database(self, caller: str, now: datetime) -> tuple[int, float]:
        """A handful of calls, fewer where fewer are left; seconds to wait where there is none."""
        mark = hashlib.sha256(caller.encode()).hexdigest()[:40]
        with transaction.atomic():
            first = {"left": self._pace.burst, "at": now}
            kept, _is_new = Allowance.objects.select_for_update().get_or_create(caller=mark, defaults=first)
            since_s = (now - kept.at).total_seconds()
            before = min(float(self._pace.burst), kept.left + max(0.0, since_s) * self._pace.a_minute / 60)
            left, wait_s = self._pace.drained(kept.left, since_s, HANDFUL)
            kept.left, kept.at = left, max(now, kept.at)
            kept.save(update_fields=["left", "at"])
        return (0 if wait_s else round(before - left)), wait_s


def forget_old() -> None:
    """Callers whose bucket is full again by now."""
    Allowance.objects.filter(at__lt=timezone.now() - timedelta(hours=1)).delete()


_pace: Final = Pace(A_MINUTE, BURST)
_shared: Final = SharedPace(_pace)


def check(request: HttpRequest) -> HttpResponse | None:
    """An answer 429 when whoever calls calls too often."""
    pace: Pace = getattr(settings, "TALLYSTICK_API_PACE", _pace)
    take: Callable[[str, float], float] = _shared.take if pace is _pace and connection.vendor != "sqlite" else pace.take
    wait_s = take(request_actor(request).name + str(request_actor(request).person), time.monotonic())
    if not wait_s:
        return None
    told = Problem(
        status=429,
        code="throttled",
        title="Too Many Requests",
        message=_("These are more than {count} calls a minute.").format(count=pace.a_minute),
        hint=_("Wait as long as Retry-After says, then go on more slowly."),
    )
    return problem(told, Retry_After=str(math.ceil(wait_s)))
