"""What a store promises of turns to ask a system (E30)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from tallystick.ports.store import Store

SLACK_S = 30.0
"""What may pass between two calls; turns are hours apart beside it."""


class TurnPromises:
    def test_turns_are_given_once_one_after_the_other_E30(self, store: Store) -> None:
        hour = 3_600.0
        waits = [store.take_turns("here", count, hour) for count in (1, 2, 1)]
        for wait, due in zip(waits, (0.0, 1 * hour, 3 * hour), strict=True):
            assert due - SLACK_S < wait <= due
        assert store.take_turns("there", 1, hour) <= SLACK_S

    def test_turns_asked_for_at_once_are_different_ones_E30(self, store: Store) -> None:
        with ThreadPoolExecutor(8) as threads:
            waits = sorted(threads.map(lambda _: store.take_turns("here", 1, 3_600.0), range(8)))
        assert [round(wait / 3_600.0) for wait in waits] == list(range(8))

    def test_pause_holds_all_turns_and_is_never_shortened_E30(self, store: Store) -> None:
        store.pause_turns("here", 7_200.0)
        store.pause_turns("here", 60.0)
        assert 7_200.0 - SLACK_S < store.take_turns("here", 1, 1.0) <= 7_200.0
