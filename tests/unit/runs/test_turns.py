"""Whose turn it is. Source: spec/engine.md E32."""

import threading

import pytest

from tallystick.runs.turns import Stopped, Turns


class Crowd:
    """Threads that each take a turn, in the order they came; `served` is the order they got it in."""

    def __init__(self, turns: Turns) -> None:
        self._turns = turns
        self.served: list[str] = []
        self.threads: list[threading.Thread] = []

    def come(self, key: str) -> None:
        is_in_line = threading.Event()
        before = self.waiting()

        def run() -> None:
            is_in_line.set()
            with self._turns.turn(key):
                self.served.append(key)

        self.threads.append(threading.Thread(target=run, daemon=True))
        self.threads[-1].start()
        is_in_line.wait()
        while self.waiting() == before:
            pass

    def waiting(self) -> int:
        return sum(len(line) for line in self._turns._waiting.values())

    def leave(self) -> list[str]:
        for thread in self.threads:
            thread.join(timeout=100)
        return self.served


def test_turn_goes_to_whoever_had_none_for_longest_E32():
    turns = Turns(1)
    crowd = Crowd(turns)
    with turns.turn("big"):
        for key in ("big", "big", "big", "small", "tiny", "small"):
            crowd.come(key)
    assert crowd.leave() == ["small", "tiny", "big", "small", "big", "big"]


def test_whoever_only_waits_lets_others_have_the_turn_E32():
    turns = Turns(1)
    crowd = Crowd(turns)
    with turns.turn("slow"):
        crowd.come("other")
        with turns.aside("slow"):
            crowd.threads[0].join(timeout=100)
            assert crowd.served == ["other"]
        crowd.come("late")
        assert crowd.served == ["other"]
    assert crowd.leave() == ["other", "late"]


def test_nobody_gets_a_turn_once_closed_E39():
    turns = Turns(1)
    got: list[object] = []

    def wait() -> None:
        try:
            with turns.turn("b"):
                got.append("a turn")
        except Stopped as stopped:
            got.append(type(stopped))

    with turns.turn("a"):
        waiting = threading.Thread(target=wait)
        waiting.start()
        turns.close()
        waiting.join(timeout=100)
    assert got == [Stopped]
    with pytest.raises(Stopped), turns.turn("c"):
        raise AssertionError("closed")
