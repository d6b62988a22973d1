"""The command palette (Ctrl-K): pages of the menu, and whatever records and commands apps let it find."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from tallystick.server.ui import navigation

if TYPE_CHECKING:
    from tallystick.server.people.actor import Actor

Text = str | Promise
MOST: Final = 8
"""Hits shown of one source."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    title: Text
    url: str
    note: Text = ""
    icon: str = "arrow_forward"


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """`search(actor, query, limit)` gives hits this actor may open, the best first; for an empty query few or none."""

    title: Text
    search: Callable[[Actor, str, int], Iterable[Hit]]
    order: int = 50


_sources: list[Source] = []


def register(source: Source) -> None:
    """Called by an app in `AppConfig.ready`."""
    if source not in _sources:
        _sources.append(source)
        _sources.sort(key=lambda one: one.order)


def find(request: HttpRequest, actor: Actor, query: str) -> list[tuple[Text, list[Hit]]]:
    """Titles of sources with their hits; sources without any are left out."""
    words = query.casefold().split()
    pages = [
        Hit(title=item.entry.title, url=item.url, note=title, icon=item.entry.icon)
        for title, items in navigation.shown(request, actor)
        for item in items
        if all(word in str(item.entry.title).casefold() for word in words)
    ]
    found: list[tuple[Text, list[Hit]]] = [(_("Pages"), pages[: MOST * 2])] if pages else []
    for source in _sources:
        hits = list(source.search(actor, query.strip(), MOST))[:MOST]
        if hits:
            found.append((source.title, hits))
    return found
