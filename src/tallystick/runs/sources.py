"""Where a worker finds its integrations: files of the command line, or what a hub keeps. Source: spec/engine.md E40."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from tallystick.errors import TallystickError
from tallystick.runs.requests import Changed
from tallystick.runs.systems import Systems
from tallystick.spec.reading import Loaded


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """An integration that is another than it was. With an `error` the old one goes on."""

    integration: str
    where: str  # the file, or the version
    error: TallystickError | None = None


class Source(Protocol):
    """Asked by one thread, but for `of`, `systems`, `connector` and `connection`, which any may call."""

    @property
    def state_url(self) -> str:
        """The one state that all its integrations have."""
        ...

    def __iter__(self) -> Iterator[Loaded]:
        """The integrations whose flows run by themselves, as they were at the last call of `changes`."""
        ...

    def of(self, integration: str) -> Loaded:
        """The integration of this name, also one whose flows do not run by themselves now.

        Raises ConfigurationError when there is none.
        """
        ...

    def systems(self, integration: str) -> Systems:
        """How its systems are opened."""
        ...

    def connector(self, integration: str, system: str) -> str:
        """The kind of connector that reaches this system of it; empty when nobody knows."""
        ...

    def connection(self, integration: str, system: str) -> str:
        """The hub's connection that this system of it is; empty when it is none."""
        ...

    def mark(self, integration: str, system: str) -> str:
        """Another text whenever this system of it is opened in another way than before."""
        ...

    def changed(self) -> list[Changed]:
        """Records that changed since the last call, of systems that the source itself can look into cheaply."""
        ...

    def changes(self) -> list[Change]:
        """Looks what changed since the last call. May raise StateUnusable or Unreachable."""
        ...
