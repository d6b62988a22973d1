"""The calls of the API about message partners: who there is, adding one, letting messages wait, deleting one."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Final, Literal

from django.http import HttpRequest
from ninja import Schema
from pydantic import Field as Shape

from tallystick.server.api.calls import Calls, actor_of
from tallystick.server.api.shapes import Given, Listing, Name, listing
from tallystick.server.messages import beside, partners
from tallystick.server.messages.domain import partners as acts
from tallystick.server.messages.models import Peer

VIEW: Final = "messaging.view_peer"
calls: Final = Calls("Messages")
RoleName = Literal["maintenance", "help_desk"]
Text = Annotated[str, Shape(max_length=500)]


class Partner(Schema):
    """`address` is empty for the hub's own halves; `incoming` is where it sends messages for the hub."""

    name: str
    title: str
    role: str
    is_own: bool
    address: str
    incoming: str
    can_look_up: bool
    timeout_s: int
    is_paused: bool
    seen_at: datetime | None
    fault: str


class PartnerAdded(Partner):
    secret: str = Shape(description="Both sides sign with it. It is shown this once.")


class NewPartner(Given):
    name: str = Shape(max_length=60)
    title: str = Shape("", max_length=200)
    role: RoleName
    address: Text
    can_look_up: bool = True
    timeout_s: int = Shape(15, ge=1, le=120)
    secret: str = Shape("", max_length=200, description="`whsec_` and base64; empty: a new one is made.")


class Paused(Given):
    is_paused: bool


@calls.get("", VIEW, out=Listing[Partner])
def list_partners(request: HttpRequest) -> Any:
    """The systems that messages are exchanged with, the hub's own halves first."""
    actor_of(request).check(VIEW)
    return listing([_shown(one) for one in partners.in_use()])


@calls.post("", acts.CHANGE, out=PartnerAdded, status=201)
def add_partner(request: HttpRequest, body: NewPartner) -> Any:
    """Add a help desk or a maintenance system."""
    made = acts.add(actor_of(request), **body.dict())
    return {**_shown(made.peer), "secret": made.secret}


@calls.post("/{name}/pause", acts.CHANGE, out=Partner)
def pause_partner(request: HttpRequest, name: Name, body: Paused) -> Any:
    """Let messages to a partner wait, or go on."""
    found = acts.pause(actor_of(request), name, is_paused=body.is_paused)
    if not body.is_paused:
        beside.wake()
    return _shown(found)


@calls.delete("/{name}", acts.CHANGE)
def delete_partner(request: HttpRequest, name: Name) -> Any:
    """Exchange nothing with a partner any more; what was exchanged stays to be seen, what waits is cancelled."""
    acts.delete(actor_of(request), name)
    return None


def _shown(one: Peer) -> dict[str, Any]:
    return {
        "name": one.name,
        "title": str(one),
        "role": one.role,
        "is_own": one.is_own,
        "address": one.address,
        "incoming": "" if one.is_own else partners.incoming_url(one),
        "can_look_up": one.can_look_up,
        "timeout_s": one.timeout_s,
        "is_paused": one.is_paused,
        "seen_at": one.seen_at,
        "fault": one.fault,
    }
