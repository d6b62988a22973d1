"""Systems that tell of changes themselves: whoever reads them need not wait for the schedule.

Each has a thread of its own, which waits most of the time. What it hears goes the way of any other change that
workers are told of. Source: spec/engine.md E38.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from typing import Final

import structlog

from tallystick.connectors.declared import settings_of
from tallystick.errors import ConfigurationError, TallystickError
from tallystick.model.side import SIDES
from tallystick.ports.system import Feed, Feeding, System
from tallystick.ports.world import Clock, Ids
from tallystick.runs.requests import Changed
from tallystick.runs.sources import Source

WAIT_S: Final = 1.0
"""A thread looks this often whether it is still wanted."""

log = structlog.get_logger("tallystick.worker")

Place = tuple[str, str]
"""An integration and a system of it."""


@dataclass(slots=True, kw_only=True)
class _Line:
    """What is known of one system."""

    mark: str
    wanted: threading.Event = field(default_factory=threading.Event)  # until it is set off
    thread: threading.Thread | None = None  # None: it tells nothing
    fault: str = ""  # said already


class Feeds:
    """The systems of a source that can tell. `look` and `stop` are called by one thread."""

    def __init__(self, source: Source, tell: Callable[[Changed], None], clock: Clock, ids: Ids) -> None:
        """`tell` is called by any thread."""
        self._source = source
        self._tell = tell
        self._clock = clock
        self._ids = ids
        self._lines: dict[Place, _Line] = {}

    def look(self) -> None:
        """Begins to listen to what is new or answers again, and leaves off where nobody reads any more."""
        wanted = {
            (loaded.integration.name, flow.end(side).system)
            for loaded in self._source
            for flow in loaded.integration.flows
            if flow.schedule_s is not None
            for side in SIDES
        }
        for place in self._lines.keys() - wanted:
            self._lines.pop(place).wanted.clear()
        for place in sorted(wanted):
            mark = self._source.mark(*place)
            line = self._lines.get(place)
            if line is None or line.mark != mark:
                if line is not None:
                    line.wanted.clear()
                self._lines[place] = line = _Line(mark=mark)
                self._begin(place, line, is_again=False)
            elif line.fault and (line.thread is None or not line.thread.is_alive()):
                self._begin(place, line, is_again=True)

    def stop(self) -> None:
        for line in self._lines.values():
            line.wanted.clear()
        for line in self._lines.values():
            if line.thread is not None:
                line.thread.join(2 * WAIT_S)
        self._lines.clear()

    def _begin(self, place: Place, line: _Line, *, is_again: bool) -> None:
        try:
            opened = self._opened(place)
        except TallystickError as error:
            self._failed(place, line, error)
            return
        if opened is None:
            return
        system, feed = opened
        line.wanted.set()
        arguments = (place, line, system, feed, is_again)
        line.thread = threading.Thread(target=self._listen, args=arguments, name=f"feed {place[1]}", daemon=True)
        line.thread.start()

    def _opened(self, place: Place) -> tuple[System, Feed] | None:
        integration, name = place
        connector = self._source.connector(integration, name)
        if not connector or all(setting.name != "feed" for setting in settings_of(connector)):
            return None
        loaded = self._source.of(integration)
        systems = self._source.systems(integration)
        settings = loaded.integration.systems[name]
        system = systems.open(name, settings, source=loaded.source, clock=self._clock, ids=self._ids)
        try:
            feed = system.feed() if isinstance(system, Feeding) else None
        except BaseException:
            system.close()
            raise
        if feed is None:
            system.close()
            return None
        return system, feed

    def _listen(self, place: Place, line: _Line, system: System, feed: Feed, is_again: bool) -> None:
        """`is_again`: it failed before, and nobody heard what happened meanwhile."""
        try:
            with closing(system), closing(feed):
                is_new = feed.wait(0.0) or is_again
                if line.fault:
                    log.info("feed", integration=place[0], system=place[1], message="tells of changes again")
                line.fault = ""
                while line.wanted.is_set():
                    if is_new:
                        self._tell(Changed(system=place))
                    is_new = feed.wait(WAIT_S)
        except TallystickError as error:
            self._failed(place, line, error)

    def _failed(self, place: Place, line: _Line, error: TallystickError) -> None:
        if line.fault != str(error):
            what = "error" if isinstance(error, ConfigurationError) else "warning"
            getattr(log, what)("feed", integration=place[0], system=place[1], code=error.code, message=str(error))
        line.fault = str(error)
