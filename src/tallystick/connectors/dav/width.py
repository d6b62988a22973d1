"""How many writes are under way at once: as many as the server gets faster by.

A server far away answers eight at once in the time of one. A server that takes one after the other gains nothing from
eight, and some lose by it: what waits for its turn gets in the way of what is at work.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

from tallystick.connectors.http.budget import Pace

ROUNDS: Final = 6
"""A width is tried with so many writes for each that is under way."""
PAYS: Final = 1.5
"""Twice the width is kept where it makes at least so much of the speed."""

Sent = TypeVar("Sent")
Answer = TypeVar("Answer")


class Width:
    """Learnt by one connection, for its lifetime: doubled from one on as long as that pays."""

    def __init__(self, most: int, *, pace: Pace = time) -> None:
        self._most = most
        self._pace = pace
        self._speed = 0.0  # of half the width, in writes a second
        self._is_found = False
        self.now = 1

    def narrow(self) -> None:
        """The server wants one write at a time."""
        self.now, self._is_found = 1, True

    def each(self, send: Callable[[Sent], Answer], what: Sequence[Sent], pool: ThreadPoolExecutor) -> list[Answer]:
        """The answers to all of `what`, in their order."""
        answers: list[Answer] = []
        while len(answers) < len(what):
            rest = what[len(answers) :]
            wave = rest if self._is_found else rest[: ROUNDS * self.now]
            started_s = self._pace.monotonic()
            answers += _side_by_side(send, wave, pool, self.now)
            if len(wave) == ROUNDS * self.now and not self._is_found:
                self._judge(len(wave) / max(self._pace.monotonic() - started_s, 1e-6))
        return answers

    def _judge(self, speed: float) -> None:
        if speed < PAYS * self._speed:
            self.now, self._is_found = self.now // 2, True
        elif self.now * 2 > self._most:
            self._is_found = True
        else:
            self.now, self._speed = self.now * 2, speed


def _side_by_side(
    send: Callable[[Sent], Answer], what: Sequence[Sent], pool: ThreadPoolExecutor, width: int
) -> list[Answer]:
    if width == 1:
        return [send(one) for one in what]
    answers: dict[int, Answer] = {}
    places = iter(range(len(what)))  # shared: whoever is free takes the next

    def work() -> None:
        for place in places:
            answers[place] = send(what[place])

    for worker in [pool.submit(work) for _ in range(width)]:
        worker.result()
    return [answers[place] for place in range(len(what))]
