"""A record's links to other systems, and what waits for a person about it: as the engine's state has them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from django.db import connections
from django.urls import NoReverseMatch, reverse

from tallystick.model.link import LinkState
from tallystick.model.side import Side
from tallystick.server.records.queries import HUB
from tallystick.server.state.address import Address
from tallystick.server.state.database import Database
from tallystick.server.state.link_list import LinksWanted
from tallystick.server.state.looking import Looking
from tallystick.server.state.pages import At


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkedTo:
    """With what, by which flow, and whether both agree as far as is known."""

    integration: str
    flow: str
    partner: str  # id on the other side; empty: none, or it is not there any more
    is_active: bool
    questions: int  # open ones
    url: str  # the page of the link; empty where there is none


def links(id_: str) -> list[LinkedTo]:
    """Active and dormant ones, then flows that only have a question about the record."""
    state = _looking()
    scopes = state.scopes()
    if not scopes:
        return []
    asked = state.about_record([(line.number, str(side)) for line in scopes for side in Side], id_)
    questions = [(one.scope.integration, one.scope.flow) for one in asked]
    found: list[LinkedTo] = []
    for one in state.links_page(LinksWanted(id=id_), At(rows=50)).rows:
        link, place = one.link, (one.scope.integration, one.scope.flow)
        ends = [end.id for end in (link.left, link.right) if end is not None and end.id != id_]
        found.append(
            LinkedTo(
                integration=place[0],
                flow=place[1],
                partner=ends[0] if ends else "",
                is_active=link.state is LinkState.ACTIVE,
                questions=questions.count(place),
                url=url("ops:link", link.number),
            )
        )
    known = {(one.integration, one.flow) for one in found}
    for integration, flow in dict.fromkeys(questions):
        if (integration, flow) not in known:
            count = questions.count((integration, flow))
            found.append(
                LinkedTo(integration=integration, flow=flow, partner="", is_active=False, questions=count, url="")
            )
    return found


def url(name: str, which: int | str) -> str:
    """The address of a page of operations; empty where those are not served."""
    try:
        return reverse(name, args=[which])
    except NoReverseMatch:
        return ""


@cache
def _looking() -> Looking:
    settings = connections.settings[HUB]
    return Looking(Database(Address(settings=settings, title="of the hub", file=None)))
