"""Notices and meanings of statuses through the API; the calls are hung in beside those of `calls`."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpRequest
from ninja import Schema
from pydantic import Field as Shape

from tallystick.errors import NotFound
from tallystick.server.api.calls import actor_of
from tallystick.server.api.shapes import Cursor, Given, Limit, Listing, listing, number_cursor
from tallystick.server.desk.calls import Id, calls
from tallystick.server.desk.domain import notices, statuses
from tallystick.server.desk.domain.help_desk import REQUEST
from tallystick.server.desk.mail import answers
from tallystick.server.desk.models import Happening, Notice, NoticeChoice, StatusMap
from tallystick.server.messages import partners
from tallystick.server.messages.models import Role
from tallystick.server.people.actor import Actor


class NoticeShown(Schema):
    number: int
    happening: Happening
    text: str
    case: str
    at: datetime
    read_at: datetime | None


class Read(Given):
    numbers: list[int] | None = Shape(None, max_length=1_000, description="null: all of yours.")


class Counted(Schema):
    count: int


class Way(Schema):
    happening: Happening
    in_hub: bool
    by_email: bool


class Ways(Given):
    ways: list[Way] = Shape(max_length=len(Happening), description="What is left out stays.")


class StatusShown(Schema):
    partner: str
    theirs: str
    means: str


class StatusGiven(Given):
    partner: str = Shape(max_length=60, description="The name of a maintenance system.")
    theirs: str = Shape(max_length=40, description="The code of their status.")
    means: str = Shape(max_length=20, description="One of the statuses of work orders.")


class RequesterGiven(Given):
    person: str = Shape(max_length=32, description="The id of the person whose email came for the case.")


@calls.get("/notices", REQUEST, out=Listing[NoticeShown])
def list_notices(request: HttpRequest, cursor: Cursor = "", limit: Limit = 50) -> Any:
    """What you were told about your cases, the newest first."""
    rows = Notice.objects.filter(user_id=actor_of(request).person or 0).order_by("-pk")
    before = number_cursor(cursor)
    found = list((rows if before is None else rows.filter(pk__lt=before))[: limit + 1])
    return listing(map(_notice, found[:limit]), found[limit - 1].pk if len(found) > limit else None)


@calls.post("/notices/read", REQUEST, out=Counted)
def read_notices(request: HttpRequest, body: Read) -> Any:
    """Say that you have read notices."""
    return {"count": notices.read(actor_of(request), body.numbers)}


@calls.get("/notices/ways", REQUEST, out=list[Way])
def list_notice_ways(request: HttpRequest) -> Any:
    """How you are told of what: in the hub, by email."""
    return _ways(actor_of(request))


@calls.put("/notices/ways", REQUEST, out=list[Way])
def save_notice_ways(request: HttpRequest, body: Ways) -> Any:
    """Choose how you are told of what."""
    actor = actor_of(request)
    notices.choose(actor, {Happening(one.happening): (one.in_hub, one.by_email) for one in body.ways})
    return _ways(actor)


@calls.get("/statuses", "desk.view_statusmap", out=Listing[StatusShown])
def list_status_meanings(request: HttpRequest) -> Any:
    """What statuses of maintenance systems mean."""
    actor_of(request).check("desk.view_statusmap")
    return listing(
        {"partner": one.peer.name, "theirs": one.theirs, "means": one.means}
        for one in StatusMap.objects.select_related("peer").order_by("peer", "theirs")
    )


@calls.post("/statuses", statuses.CHANGE, out=Counted)
def map_status(request: HttpRequest, body: StatusGiven) -> Any:
    """Say what a status of a maintenance system means; counts the parked messages that were taken up."""
    actor = actor_of(request)
    actor.check(statuses.CHANGE)
    peer = next((one for one in partners.of_role(Role.MAINTENANCE) if one.name == body.partner), None)
    if peer is None:
        raise NotFound(f"There is no maintenance system {body.partner!r}.", hint="GET /message-partners lists them.")
    return {"count": statuses.map_status(actor, peer, body.theirs, body.means)}


@calls.put("/cases/{case}/requester", answers.CHANGE, out=RequesterGiven)
def set_case_requester(request: HttpRequest, case: Id, body: RequesterGiven) -> Any:
    """Say who of those who wrote by email is the requester of a case."""
    answers.set_requester(actor_of(request), case, body.person)
    return {"person": body.person}


def _notice(one: Notice) -> dict[str, Any]:
    return {
        "number": one.pk,
        "happening": one.happening,
        "text": notices.worded(one.happening, one.facts),
        "case": one.case_id,
        "at": one.at,
        "read_at": one.read_at,
    }


def _ways(actor: Actor) -> list[dict[str, Any]]:
    chosen = {one.happening: one for one in NoticeChoice.objects.filter(user_id=actor.person or 0)}
    return [
        {
            "happening": one.value,
            "in_hub": chosen[one.value].in_hub if one.value in chosen else True,
            "by_email": chosen[one.value].by_email if one.value in chosen else True,
        }
        for one in Happening
    ]
