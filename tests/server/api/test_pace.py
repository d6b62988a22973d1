"""How often one may call: one limit, also where several processes answer."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta

import pytest
from django.utils import timezone

from tallystick.server.api import pace
from tallystick.server.api.models import Allowance
from tallystick.server.api.pace import HANDFUL, Pace, SharedPace


def _taken(one: Pace | SharedPace, caller: str, now_s: float = 0.0) -> int:
    """Calls until one has to wait."""
    for count in range(1_000):
        if one.take(caller, now_s):
            return count
    raise AssertionError("There is no limit.")


def test_bucket_holds_a_burst_and_fills_again():
    one = Pace(a_minute=60, burst=50)
    assert _taken(one, "ada") == 50
    assert one.take("ada", 0.25) == pytest.approx(0.75)
    assert _taken(one, "ada", 10.0) == 10
    assert _taken(one, "ben", 10.0) == 50


def test_two_processes_share_one_limit(db):
    first, second = SharedPace(Pace(a_minute=1, burst=50)), SharedPace(Pace(a_minute=1, burst=50))
    assert first.take("ada", 0.0) == 0
    taken = 1 + _taken(second, "ada") + _taken(first, "ada")
    assert taken == 50
    assert 30 < second.take("ada", 0.0) <= 60
    assert _taken(second, "ben") == 50


def test_most_calls_ask_no_database(django_assert_num_queries, db):
    one = SharedPace(Pace(a_minute=1, burst=50))
    one.take("ada", 0.0)
    with django_assert_num_queries(0):
        assert [one.take("ada", 1.0) for _ in range(HANDFUL - 1)] == [0.0] * (HANDFUL - 1)


def test_calls_at_once_share_a_handful(monkeypatch):
    one = SharedPace(Pace(a_minute=1, burst=50))
    together = threading.Barrier(2)
    asked = []

    def from_database(caller, now):
        asked.append(caller)
        with suppress(threading.BrokenBarrierError):
            together.wait(timeout=0.3)  # as long as another call would take to come this far
        return HANDFUL, 0.0

    monkeypatch.setattr(one, "_from_database", from_database)
    with ThreadPoolExecutor(2) as threads:
        assert list(threads.map(lambda _: one.take("ada", 0.0), range(2))) == [0.0, 0.0]
    assert asked == ["ada"]
    assert [one.take("ada", 0.0) for _ in range(HANDFUL - 2)] == [0.0] * (HANDFUL - 2)
    assert asked == ["ada"]


def test_caller_is_kept_as_a_digest_and_forgotten_when_quiet(db):
    SharedPace(Pace(a_minute=1, burst=50)).take("ada@example.org", 0.0)
    kept = Allowance.objects.get()
    assert "ada" not in kept.caller
    Allowance.objects.update(at=timezone.now() - timedelta(hours=2))
    pace.forget_old()
    assert not Allowance.objects.exists()
