"""The calls of the API about discovery: keys for inventory agents, and what is installed on a device."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Final

from django.http import HttpRequest
from ninja import Path, Schema
from pydantic import Field as Shape

from tallystick.server.api.calls import Calls, actor_of
from tallystick.server.api.shapes import Cursor, Given, Limit, Listing, Number, Word, listing, number_cursor
from tallystick.server.discovery.domain.keys import MANAGE, make_key, revoke_key
from tallystick.server.discovery.kinds import DEVICE
from tallystick.server.discovery.models import AgentKey
from tallystick.server.discovery.queries import programs_of

calls: Final = Calls("Discovery")
VIEW: Final = DEVICE.permission("view")
DeviceId = Annotated[str, Path(min_length=1, max_length=32)]


class KeyShown(Schema):
    id: int
    name: str
    user: str
    business_unit: str
    frequency_h: int
    made_at: datetime
    made_by: str
    revoked_at: datetime | None
    last_used_at: datetime | None


class KeyMade(KeyShown):
    password: str = Shape(description="Shown this once.")


class NewKey(Given):
    name: str = Shape(max_length=100, description="Whose machines will use it.")
    business_unit: str = Shape("", max_length=20, description="Devices that report with this key belong to it.")
    frequency_h: int = Shape(24, ge=1, le=720, description="Hours between reports.")


class Program(Schema):
    name: str
    publisher: str
    version: str


@calls.get("/agent-keys", MANAGE, out=Listing[KeyShown])
def list_agent_keys(request: HttpRequest, cursor: Cursor = "", limit: Limit = 50) -> Any:
    """Keys that inventory agents sign in with, newest first."""
    rows = AgentKey.objects.order_by("-pk")
    before = number_cursor(cursor)
    found = list((rows if before is None else rows.filter(pk__lt=before))[: limit + 1])
    return listing(map(_key, found[:limit]), found[limit - 1].pk if len(found) > limit else None)


@calls.post("/agent-keys", MANAGE, out=KeyMade, status=201)
def create_agent_key(request: HttpRequest, body: NewKey) -> Any:
    """Make a key for inventory agents."""
    made = make_key(actor_of(request), name=body.name, business_unit=body.business_unit, frequency_h=body.frequency_h)
    return _key(made.key) | {"password": made.password}


@calls.delete("/agent-keys/{number}", MANAGE)
def revoke_agent_key(request: HttpRequest, number: Number) -> Any:
    """Refuse agents with this key from now on; what they reported stays."""
    revoke_key(actor_of(request), number)


@calls.get("/devices/{device}/programs", VIEW, out=Listing[Program])
def list_programs(request: HttpRequest, device: DeviceId, q: Word = "", cursor: Cursor = "", limit: Limit = 50) -> Any:
    """Everything installed on one device."""
    rows = programs_of(actor_of(request), device, q).order_by("pk")
    after = number_cursor(cursor)
    found = list((rows if after is None else rows.filter(pk__gt=after))[: limit + 1])
    shown = [{"name": one.name, "publisher": one.publisher, "version": one.version} for one in found[:limit]]
    return listing(shown, found[limit - 1].pk if len(found) > limit else None)


def _key(key: AgentKey) -> dict[str, Any]:
    return {
        "id": key.pk,
        "name": key.name,
        "user": key.user,
        "business_unit": key.business_unit,
        "frequency_h": key.frequency_h,
        "made_at": key.made_at,
        "made_by": key.made_by,
        "revoked_at": key.revoked_at,
        "last_used_at": key.last_used_at,
    }
