"""The menu at the side. Each app adds its entries in `AppConfig.ready`."""

from __future__ import annotations

import bisect
import enum
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from tallystick.server.people.actor import Actor

Text = str | Promise


class Section(enum.IntEnum):
    """Where an entry stands, from the top."""

    OVERVIEW = 1
    RECORDS = 2
    INTEGRATION = 3
    ADMINISTRATION = 4


TITLES: Final = {
    Section.OVERVIEW: _("Overview"),
    Section.RECORDS: _("Records"),
    Section.INTEGRATION: _("Integration"),
    Section.ADMINISTRATION: _("Administration"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """`icon` is a name of Material Symbols. `count` gives the number shown beside the title, 0 for none."""

    section: Section
    order: int  # within the section
    title: Text
    icon: str
    url: str  # the name of the page, without arguments
    permissions: tuple[str, ...] = ()  # one of these; none: everybody who is signed in
    count: Callable[[Actor], int] | None = None
    key: str = ""  # like "g d": go there by keyboard


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    entry: Entry
    url: str
    is_current: bool
    count: int


MOST_COUNTED: Final = 999
"""What waits is counted up to here on each page; more is shown as "999+"."""
_entries: list[Entry] = []


def add(*entries: Entry) -> None:
    for entry in entries:
        if entry not in _entries:
            bisect.insort(_entries, entry, key=lambda one: (one.section, one.order))


def entries() -> tuple[Entry, ...]:
    """All, in their order."""
    return tuple(_entries)


def shown(request: HttpRequest, actor: Actor) -> list[tuple[Text, list[Shown]]]:
    """The sections with what this person may open. The current entry is the one whose address is longest."""
    found: list[tuple[Entry, str]] = []
    for entry in _entries:
        if entry.permissions and not actor.may_any(*entry.permissions):
            continue
        try:
            found.append((entry, reverse(entry.url)))
        except NoReverseMatch:  # the app is not served
            continue
    current = max(
        (url for _entry, url in found if request.path == url or (url != "/" and request.path.startswith(url))),
        key=len,
        default="",
    )
    sections: dict[Section, list[Shown]] = {}
    for entry, url in found:
        count = entry.count(actor) if entry.count is not None else 0
        sections.setdefault(entry.section, []).append(
            Shown(entry=entry, url=url, is_current=url == current, count=count)
        )
    return [(TITLES[section], sections[section]) for section in Section if section in sections]
