"""What stands beside the web goes on whatever happens to it, and ends with the hub."""

from __future__ import annotations

import threading

import pytest
from django.db import DatabaseError

from tallystick.errors import Unreachable
from tallystick.server.ui import companions
from tallystick.server.ui.companions import again_and_again

LONG_S = 200.0


@pytest.fixture(autouse=True)
def patient(monkeypatch):
    monkeypatch.setattr(companions, "AFTER_TROUBLE_S", 0.0)
    monkeypatch.setattr(companions, "AFTER_MISHAP_S", 0.0)


@pytest.mark.parametrize("trouble", [DatabaseError("locked"), Unreachable("away", hint=""), KeyError("a mistake")])
def test_companion_goes_on_after_trouble(trouble):
    rounds: list[int] = []
    done = threading.Event()

    def do(_stopping: threading.Event) -> None:
        rounds.append(1)
        if len(rounds) == 1:
            raise trouble
        done.set()

    with again_and_again("test", do, every_s=0.01):
        assert done.wait(LONG_S)


def test_companion_is_woken_by_its_bell_and_ends_with_the_block():
    bell, rounds = threading.Event(), threading.Semaphore(0)
    with again_and_again("test of bells", lambda _stopping: rounds.release(), every_s=LONG_S, bell=bell):
        assert rounds.acquire(timeout=LONG_S / 2)
        bell.set()
        assert rounds.acquire(timeout=LONG_S / 2)
        (thread,) = [one for one in threading.enumerate() if one.name == "test of bells"]
    assert not thread.is_alive()


def test_companion_at_work_is_told_that_the_hub_ends():
    begun = threading.Event()

    def do(stopping: threading.Event) -> None:
        begun.set()
        assert stopping.wait(LONG_S)

    with again_and_again("test of ends", do, every_s=LONG_S):
        assert begun.wait(LONG_S)
        (thread,) = [one for one in threading.enumerate() if one.name == "test of ends"]
    assert not thread.is_alive()
