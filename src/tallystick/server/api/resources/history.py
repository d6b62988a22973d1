"""The journal, why a record is as it is, where values came from, and links."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Final, Literal

from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja import Query, Schema
from pydantic import Field as Shape

from tallystick.errors import NotFound
from tallystick.model.link import LinkEnd
from tallystick.model.plan import OperationState
from tallystick.model.side import Side
from tallystick.model.write import Action
from tallystick.server.api.calls import Calls, actor_of
from tallystick.server.api.resources.runs import Operation, chosen, operation
from tallystick.server.api.shapes import (
    Cursor,
    Given,
    Limit,
    Listing,
    Number,
    Word,
    bad_cursor,
    listing,
    moment,
    number_cursor,
)
from tallystick.server.ops import story_pages, why_pages
from tallystick.server.ops.domain import links as actions
from tallystick.server.ops.places import Place
from tallystick.server.state.journal import JournalWanted
from tallystick.server.state.link_list import Linked, LinksWanted
from tallystick.server.state.of_hub import looking
from tallystick.server.state.pages import At

JOURNAL: Final = "ops.view_journal"
LINKS: Final = "ops.view_link"
calls: Final = Calls("History")
links: Final = Calls("Links")
Wide = Annotated[str, Query(min_length=1, max_length=400)]


class Why(Schema):
    """One flow's answer about the record. `origins` tells where each value came from."""

    integration: str
    flow: str
    is_in_sync: bool
    answer: str
    details: list[str]
    partner: dict[str, str] | None
    origins: list[dict[str, Any]]


class Story(Schema):
    """What a field was given and passed on, newest first."""

    field: str
    partners: list[str]
    steps: list[dict[str, Any]]


class LinkShown(Schema):
    number: int
    integration: str
    flow: str
    state: str = Shape(description="active, or dormant: it rests, and nothing flows")
    cause: str
    left: str | None
    right: str | None
    evidence: dict[str, Any]


class NewLink(Given):
    integration: str = Shape(max_length=200)
    flow: str = Shape(max_length=200)
    left: str = Shape(max_length=400)
    right: str = Shape(max_length=400)
    note: str = Shape("", max_length=2_000)


class Note(Given):
    note: str = Shape("", max_length=2_000)


class InRun(Schema):
    run: str


@calls.get("/journal", JOURNAL, out=Listing[Operation])
def list_journal(
    request: HttpRequest,
    integration: Word = "",
    flow: Word = "",
    record_id: Annotated[str, Query(max_length=400)] = "",
    run: Word = "",
    by: Word = "",
    field: Word = "",
    side: Word = "",
    action: Word = "",
    state: Word = "",
    since: Annotated[datetime | None, Query()] = None,
    until: Annotated[datetime | None, Query()] = None,
    cursor: Cursor = "",
    limit: Limit = 50,
) -> Any:
    """What was written, newest first, with before and after.

    A page may be empty and have a `next`: then nothing among those looked at fitted.
    """
    begins, ends = moment(since, "since"), moment(until, "until")
    if cursor and (not cursor.replace(":", "", 1).isdecimal() or not cursor.isascii() or len(cursor) > 40):
        raise bad_cursor()
    wanted = JournalWanted(
        integration=integration,
        flow=flow,
        id=record_id,
        run=run,
        by=by,
        field=field,
        side=chosen(Side, side, "side"),
        action=chosen(Action, action, "action"),
        state=chosen(OperationState, state, "state"),
        since=begins.isoformat() if begins else "",
        until=ends.isoformat() if ends else "",
    )
    found = looking().lines(wanted, after=cursor, rows=limit)
    return listing([operation(told) for told in found.lines], found.after)


@calls.get("/why", JOURNAL, out=Listing[Why])
def explain_record(request: HttpRequest, system: Wide, record: Wide, id: Wide, integration: Word = "") -> Any:
    """Why a record of a system is or is not in sync: what each flow answers.

    `record` is the record type. Both systems are asked about the record.
    """
    place = Place(integration=integration, system=system, record=record, id=id)
    found = why_pages.why(place, actor_of(request).name)
    return listing([_why(one, integration) for one in found])


@calls.get("/story", JOURNAL, out=Story)
def tell_story(request: HttpRequest, integration: Wide, system: Wide, record: Wide, id: Wide, field: Wide) -> Any:
    """Where the values of one field came from: system, run, rule or person."""
    story = story_pages.story(Place(integration=integration, system=system, record=record, id=id), field)
    names = ("is_here", "value", "before", "source", "target", "run", "by", "rule", "at", "is_lost", "message")
    return {
        "field": story.field,
        "partners": story.partners,
        "steps": [{name: getattr(step, name) for name in names} for step in story.steps],
    }


@links.get("", LINKS, out=Listing[LinkShown])
def list_links(
    request: HttpRequest,
    integration: Word = "",
    flow: Word = "",
    record_id: Annotated[str, Query(max_length=400)] = "",
    state: Literal["", "active", "resting"] = "",
    cursor: Cursor = "",
    limit: Limit = 50,
) -> Any:
    """Links between records of two systems, oldest first."""
    wanted = LinksWanted(
        integration=integration, flow=flow, id=record_id, is_active={"active": True, "resting": False}.get(state)
    )
    page = looking().links_page(wanted, At(after=number_cursor(cursor), rows=limit))
    return listing(map(_link, page.rows), page.after)


@links.get("/{number}", LINKS, out=LinkShown)
def get_link(request: HttpRequest, number: Number) -> Any:
    """One link with its evidence."""
    found = looking().linked(number)
    if found is None:
        raise NotFound(
            _("There is no link {number}.").format(number=number), hint=_("It may have been taken apart already.")
        )
    return _link(found)


@links.post("", actions.CHANGE, out=InRun, status=201)
def link_records(request: HttpRequest, body: NewLink) -> Any:
    """Link two records by hand and bring them into agreement."""
    run = actions.link(actor_of(request), body.integration, body.flow, body.left, body.right, note=body.note)
    return {"run": run}


@links.post("/{number}/unlink", actions.CHANGE, out=InRun)
def unlink_records(request: HttpRequest, number: Number, body: Note) -> Any:
    """Let a link rest: both records stay, and nothing flows between them."""
    return {"run": actions.unlink(actor_of(request), number, note=body.note)}


def _link(linked: Linked) -> dict[str, Any]:
    link = linked.link
    return {
        "number": link.number,
        "integration": linked.scope.integration,
        "flow": linked.scope.flow,
        "state": link.state.value,
        "cause": str(link.cause or ""),
        "left": _id(link.left),
        "right": _id(link.right),
        "evidence": dict(link.evidence),
    }


def _id(end: LinkEnd | None) -> str | None:
    return end.id if end is not None else None


def _why(one: why_pages.WhyShown, integration: str) -> dict[str, Any]:
    partner = one.partner
    names = ("name", "value", "system", "run", "rule", "at", "is_from_other")
    return {
        "integration": partner.integration if partner else integration,
        "flow": one.flow,
        "is_in_sync": one.is_in_sync,
        "answer": one.answer,
        "details": list(one.details),
        "partner": {"system": partner.system, "record": partner.record, "id": partner.id} if partner else None,
        "origins": [{name: getattr(origin, name) for name in names} for origin in one.origins],
    }
