"""How often one caller may call: so many calls a minute in each process of the hub, with room for a burst."""

from __future__ import annotations

import math
import threading
import time
from collections import OrderedDict
from typing import Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from tallystick.server.api.identity import problem
from tallystick.server.people.actor import request_actor
from tallystick.server.ui.answers import Problem

A_MINUTE: Final = 1_200
BURST: Final = 200
MOST_CALLERS: Final = 10_000


class Pace:
    """A bucket for each caller that fills `a_minute` and holds `burst`. Thread-safe."""

    def __init__(self, a_minute: int, burst: int) -> None:
        self.a_minute, self.burst = a_minute, burst
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()  # caller -> what is left, when
        self._lock = threading.Lock()

    def take(self, caller: str, now_s: float) -> float:
        """Takes one call; seconds to wait when there is none left, else 0."""
        a_second = self.a_minute / 60
        with self._lock:
            left, at_s = self._buckets.pop(caller, (float(self.burst), now_s))
            left = min(float(self.burst), left + (now_s - at_s) * a_second)
            wait_s = 0.0 if left >= 1 else (1 - left) / a_second
            self._buckets[caller] = (left if wait_s else left - 1, now_s)
            while len(self._buckets) > MOST_CALLERS:
                self._buckets.popitem(last=False)
        return wait_s


_pace: Final = Pace(A_MINUTE, BURST)


def check(request: HttpRequest) -> HttpResponse | None:
    """An answer 429 when whoever calls calls too often."""
    pace: Pace = getattr(settings, "TALLYSTICK_API_PACE", _pace)
    wait_s = pace.take(request_actor(request).name + str(request_actor(request).person), time.monotonic())
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
