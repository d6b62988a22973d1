"""Who writes first in a scope: a transaction that somebody waits for goes before background work, between two batches.

Two marks of the scope are held like the scope itself, and freed as surely when a process dies: the turn, by whoever
writes right now, and a place at the head of the queue, by a transaction that waits. Source: spec/engine.md E36, E39.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Final

from msgspec.structs import replace

from tallystick.errors import ScopeBusy
from tallystick.model.flow import Scope
from tallystick.ports.store import Store
from tallystick.ports.world import Clock

LOOK_S: Final = 0.05
PATIENCE_S: Final = 600.0
"""How long background work gives way to transactions, and waits for its turn."""


class Precedence:
    """The turns of one scope."""

    def __init__(self, store: Store, scope: Scope, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._scope = scope
        self._turn = replace(scope, instance=f"{scope.instance}#turn")
        self._head = replace(scope, instance=f"{scope.instance}#head")

    @contextmanager
    def first(self, wait_s: float) -> Iterator[None]:
        """The turn, ahead of background work. Raises ScopeBusy when it does not come within `wait_s`."""
        with ExitStack() as held:
            with ExitStack() as queue:
                waited_s, is_ahead = 0.0, False
                while not self._take(held, self._turn):
                    if waited_s >= wait_s:
                        raise self._busy()
                    is_ahead = is_ahead or self._take(queue, self._head)
                    self._clock.sleep(LOOK_S)
                    waited_s += LOOK_S
            yield

    @contextmanager
    def behind(self) -> Iterator[None]:
        """The turn, when nobody who goes first waits for it. Raises ScopeBusy when it does not come for very long."""
        with ExitStack() as held:
            waited_s = 0.0
            while self._is_somebody_ahead() or not self._take(held, self._turn):
                if waited_s >= PATIENCE_S:
                    raise self._busy()
                self._clock.sleep(LOOK_S)
                waited_s += LOOK_S
            yield

    def _is_somebody_ahead(self) -> bool:
        with ExitStack() as held:
            return not self._take(held, self._head)

    def _take(self, stack: ExitStack, scope: Scope) -> bool:
        try:
            stack.enter_context(self._store.exclusive(scope))
        except ScopeBusy:
            return False
        return True

    def _busy(self) -> ScopeBusy:
        return ScopeBusy(
            f"Something else is being written in flow {self._scope.flow} of integration {self._scope.integration}.",
            hint="Nothing was written; try again in a moment.",
        )
