"""Which flows changed records call for: those with a schedule that read them. Nobody waits for the next tick then."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Sequence
from typing import Final

from tallystick.model.flow import Flow, Integration
from tallystick.model.side import SIDES
from tallystick.runs.requests import Changed
from tallystick.runs.schedule import Job
from tallystick.runs.sources import Source

CHANGE: Final = "a change of records"
"""By whom a run was begun that nobody called for by name."""
MOST_NAMES: Final = 3


class Wakes:
    """What changed and was not looked at yet. `add` may be called by any thread."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._lock = threading.Lock()
        self._new: set[Changed] = set()
        self._owed: dict[tuple[str, str], frozenset[str]] = {}  # flows whose run was going -> who changed records

    def __bool__(self) -> bool:
        return bool(self._new or self._owed)

    def add(self, changed: Changed) -> None:
        with self._lock:
            self._new.add(changed)

    def due(
        self, going: Sequence[Job], busy: Collection[tuple[str, str]], *, is_free: Callable[[str, str], bool]
    ) -> list[tuple[Integration, list[str], str]]:
        """The flows to run now, by integration, and by whom; those that are busy come up again when they are not.

        `going`: the runs that wait or are under way; a change that one of them made calls for other flows only.
        """
        with self._lock:
            new, self._new = self._new, set()
        found: list[tuple[Integration, list[str], str]] = []
        still: dict[tuple[str, str], frozenset[str]] = {}
        for loaded in self._source:
            name = loaded.integration.name
            flows: list[str] = []
            people: set[str] = set()
            for flow in loaded.integration.flows:
                callers = [one.by for one in new if self._calls(one, name, flow, going)]
                if (owed := self._owed.get((name, flow.name))) is not None:
                    callers.append(owed)
                if flow.schedule_s is None or not callers:
                    continue
                if (name, flow.name) in busy:
                    still[name, flow.name] = frozenset().union(*callers)
                elif is_free(name, flow.name):
                    flows.append(flow.name)
                    people.update(*callers)
            if flows:
                found.append((loaded.integration, flows, _said(people)))
        self._owed = still
        return found

    def _calls(self, changed: Changed, integration: str, flow: Flow, going: Sequence[Job]) -> bool:
        for side in SIDES:
            end = flow.end(side)
            is_read = not changed.records or end.selection.record in changed.records
            if is_read and self._is_of(changed, integration, end.system):
                return not any(
                    job.run == changed.run and job.integration == integration and flow.name in job.flows
                    for job in going
                )
        return False

    def _is_of(self, changed: Changed, integration: str, system: str) -> bool:
        if changed.system is not None:
            return changed.system == (integration, system)
        if changed.connection:
            return self._source.connection(integration, system) == changed.connection
        return self._source.connector(integration, system) == changed.connector


def _said(people: Collection[str]) -> str:
    """Whose names the run bears; of many only some."""
    names = sorted(people)
    more = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
    return ", ".join(names[:MOST_NAMES]) + more or CHANGE
