"""What apps above add to the page of a record: further cards, made by whoever knows the subject."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from tallystick.server.people.actor import Actor


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """A template and what it shows, as `panel`."""

    template: str
    panel: Mapping[str, Any] = field(default_factory=dict)
    is_aside: bool = False  # in the narrow column


Maker = Callable[[Actor, str], Panel | None]
"""(who looks, id of the record) -> the panel, or nothing where there is none to show to them."""

_makers: Final[dict[str, list[Maker]]] = {}


def add(record_type: str, maker: Maker) -> None:
    """Called once, when Django is ready."""
    makers = _makers.setdefault(record_type, [])
    if maker not in makers:
        makers.append(maker)


def panels_of(record_type: str, actor: Actor, id_: str) -> list[Panel]:
    made = (maker(actor, id_) for maker in _makers.get(record_type, ()))
    return [panel for panel in made if panel is not None]
