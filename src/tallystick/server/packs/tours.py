"""Guided tours: what a pack does, step by step, with the pages where it is seen and how far this hub already is.

A pack gives its tour as data: it calls `add` when Django is ready, as it adds to the navigation. One page shows them
all. Nothing of a step is kept: how far a hub is, is read from what is there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from tallystick.errors import NotFound
from tallystick.server.people.actor import Actor, not_allowed

Text = str | Promise


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A page that a step leads to. `query` is what stands behind the `?` of its address; `is_there` says whether this
    hub has the page already, where that is not always so.
    """

    title: Text
    url: str  # the name of the page
    permissions: tuple[str, ...]  # one of these, as the page itself asks for
    args: tuple[str, ...] = ()
    query: str = ""
    is_there: Callable[[], bool] | None = None

    def may_be_seen_by(self, actor: Actor) -> bool:
        return actor.may_any(*self.permissions)

    @property
    def address(self) -> str:
        """Empty where that page is not there in this hub."""
        if self.is_there is not None and not self.is_there():
            return ""
        try:
            address = reverse(self.url, args=self.args)
        except NoReverseMatch:
            return ""
        return f"{address}?{self.query}" if self.query else address


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How far this hub is with a step. `note` says so in a few words, with numbers."""

    is_done: bool
    note: Text = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """`text`: what happens there and why; `see`: what to look at on its pages. `standing` is None where a step is
    only for reading; it is asked for each time the page is shown, so it has to be quick.
    """

    title: Text
    text: Text
    see: Text
    places: tuple[Place, ...]
    standing: Callable[[], Standing] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tour:
    """`name` is that of the pack; a tour may be there before its pack is installed, and tell how to install it."""

    name: str
    title: Text
    summary: Text
    steps: tuple[Step, ...]

    def may_be_seen_by(self, actor: Actor) -> bool:
        """Whoever may open one of its pages."""
        return any(place.may_be_seen_by(actor) for step in self.steps for place in step.places)


@dataclass(frozen=True, slots=True, kw_only=True)
class StepShown:
    """A step for one person: the places they may open, those that are there. `standing` is None where they may open
    none, or it has none.
    """

    step: Step
    places: tuple[Place, ...]
    is_allowed: bool
    standing: Standing | None
    is_next: bool


_tours: Final[dict[str, Tour]] = {}


def add(tour: Tour) -> None:
    """Called once by the app of the pack, when Django is ready."""
    _tours[tour.name] = tour


def tours_for(actor: Actor) -> Iterator[Tour]:
    """By name."""
    return (tour for _name, tour in sorted(_tours.items()) if tour.may_be_seen_by(actor))


def tour_of(actor: Actor, name: str) -> Tour:
    """Raises NotFound, NotAllowed."""
    tour = _tours.get(name)
    if tour is None:
        raise NotFound(
            _("There is no tour {name}.").format(name=name), hint=_("The page of guided tours lists those there are.")
        )
    if not tour.may_be_seen_by(actor):
        raise not_allowed(tour.steps[0].places[0].permissions[0])
    return tour


def named(pack: str) -> str:
    """The name of this pack's tour; empty where it has none."""
    return pack if pack in _tours else ""


def shown(tour: Tour, actor: Actor) -> list[StepShown]:
    """Its steps in order, for this person; the first that is not done is the next one."""
    found: list[StepShown] = []
    is_next_found = False
    for step in tour.steps:
        allowed = [place for place in step.places if place.may_be_seen_by(actor)]
        places = tuple(place for place in allowed if place.address)
        standing = step.standing() if step.standing is not None and allowed else None
        is_next = standing is not None and not standing.is_done and not is_next_found
        is_next_found = is_next_found or is_next
        is_allowed = bool(allowed)
        found.append(StepShown(step=step, places=places, is_allowed=is_allowed, standing=standing, is_next=is_next))
    return found
