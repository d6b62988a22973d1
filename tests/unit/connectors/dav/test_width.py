"""How many writes are under way: as many as the server gets faster by. Row E30."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tallystick.connectors.dav.width import Width


class Server:
    """Takes a second for a write, `at_once` of them side by side; its time is the clock."""

    def __init__(self, at_once: int) -> None:
        self.at_once = at_once
        self.now_s = 0.0
        self.width: Width | None = None
        self.most_under_way = 0
        self._under_way = 0
        self._lock = threading.Lock()

    def monotonic(self) -> float:
        return self.now_s

    def sleep(self, seconds: float) -> None:
        raise AssertionError("nobody waits")

    def __call__(self, number: int) -> int:
        with self._lock:
            self._under_way += 1
            self.most_under_way = max(self.most_under_way, self._under_way)
            self.now_s += 1 / min(self.width.now, self.at_once)
        time.sleep(0.001)  # the others get their turn
        with self._lock:
            self._under_way -= 1
        return -number


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(8) as threads:
        yield threads


@pytest.mark.parametrize(
    ("at_once", "most", "found"), [(1, 8, 1), (2, 8, 2), (4, 8, 4), (8, 8, 8), (99, 8, 8), (99, 3, 2), (99, 1, 1)]
)
def test_width_is_as_much_as_the_server_takes_at_once_and_the_settings_allow_E30(at_once, most, found, pool):
    server = Server(at_once)
    server.width = width = Width(most, pace=server)
    answers = width.each(server, range(500), pool)
    assert answers == [-number for number in range(500)], "all of them, in order"
    assert width.now == found
    server.most_under_way = 0
    width.each(server, range(100), pool)
    assert server.most_under_way == found, "what was learnt holds for the next call"


def test_few_writes_are_sent_one_by_one_and_nothing_is_concluded(pool):
    server = Server(8)
    server.width = width = Width(8, pace=server)
    assert width.each(server, range(5), pool) == [0, -1, -2, -3, -4]
    assert (server.most_under_way, width.now) == (1, 1)
    width.each(server, range(500), pool)
    assert width.now == 8


def test_server_that_wants_one_write_at_a_time_gets_one_for_good(pool):
    server = Server(8)
    server.width = width = Width(8, pace=server)
    width.each(server, range(500), pool)
    width.narrow()
    server.most_under_way = 0
    width.each(server, range(500), pool)
    assert (server.most_under_way, width.now) == (1, 1)


def test_fault_of_a_write_is_raised(pool):
    def send(number: int) -> int:
        if number == 40:
            raise ValueError("forty")
        return number

    with pytest.raises(ValueError, match="forty"):
        Width(8).each(send, range(500), pool)
