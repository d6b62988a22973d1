"""The fields that a flow keeps in agreement, and those that its systems offer besides."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final, Literal

from django.http import HttpRequest
from ninja import Schema
from pydantic import Field as Shape

from tallystick.server.api.calls import Calls, actor_of
from tallystick.server.api.resources.integrations import Version
from tallystick.server.api.shapes import Given, Name
from tallystick.server.designer.documents import connections_of, loaded_of
from tallystick.server.designer.domain import change, lines
from tallystick.server.designer.offers import offers_of

VIEW: Final = "designer.view_integration"
CHANGE: Final = "designer.change_integration"
calls: Final = Calls("Integrations")
Decides = Literal["both", "left", "right"]


class LineShown(Schema):
    """`name` is what the calls take: the left fields joined by `+`, or the right ones where there is no left."""

    name: str
    left: list[str]
    right: list[str]
    decides: Decides


class FieldShown(Schema):
    name: str
    title: str
    type: str
    is_writable: bool
    is_required: bool


class PairShown(Schema):
    left: str
    right: str


class FlowFields(Schema):
    """What a flow keeps in agreement, and what its systems offer besides."""

    lines: list[LineShown]
    free: dict[Literal["left", "right"], list[FieldShown]] = Shape(description="Fields that no line has.")
    gone: dict[Literal["left", "right"], list[str]] = Shape(description="Fields of lines that the system has no more.")
    pairs: list[PairShown] = Shape(description="Free fields that look like one.")
    asked_at: dict[Literal["left", "right"], datetime] = Shape(description="A side that was never asked is left out.")


class NewLine(Given):
    left: str = Shape(max_length=400)
    right: str = Shape(max_length=400)
    decides: Decides = "both"


class LineNamed(Given):
    line: str = Shape(max_length=2000, description="Its name.")


class LineDecided(LineNamed):
    decides: Decides


@calls.get("/{name}/flows/{flow}/fields", VIEW, out=FlowFields)
def list_flow_fields(request: HttpRequest, name: Name, flow: Name) -> Any:
    """What a flow keeps in agreement, field by field, and the fields that its systems offer besides."""
    actor_of(request).check(VIEW)
    loaded = loaded_of(change.current_of(change.integration_of(name)))
    found = lines.flow_of(loaded, flow)
    offers = offers_of(found, connections_of(loaded))
    return {
        "lines": [
            {
                "name": line.name,
                "left": line.left,
                "right": line.right,
                "decides": "both" if line.authority is None else line.authority.value,
            }
            for line in found.maps
        ],
        "free": {side.value: list(fields) for side, fields in offers.free.items()},
        "gone": {side.value: sorted(names) for side, names in offers.gone.items()},
        "pairs": [{"left": pair.left.name, "right": pair.right.name} for pair in offers.pairs],
        "asked_at": {side.value: at for side, at in offers.asked_at.items()},
    }


@calls.post("/{name}/flows/{flow}/fields", CHANGE, out=Version, status=201)
def add_flow_field(request: HttpRequest, name: Name, flow: Name, body: NewLine) -> Any:
    """Keep a field of each side in agreement; this makes a version."""
    decides = lines.side_of(body.decides)
    return lines.add(actor_of(request), name, flow, left=body.left, right=body.right, authority=decides)


@calls.post("/{name}/flows/{flow}/fields/remove", CHANGE, out=Version)
def remove_flow_field(request: HttpRequest, name: Name, flow: Name, body: LineNamed) -> Any:
    """Take a line out; both sides keep their values. This makes a version."""
    return lines.remove(actor_of(request), name, flow, body.line)


@calls.post("/{name}/flows/{flow}/fields/decide", CHANGE, out=Version)
def decide_flow_field(request: HttpRequest, name: Name, flow: Name, body: LineDecided) -> Any:
    """Say which side decides about a line; this makes a version."""
    return lines.decide(actor_of(request), name, flow, body.line, lines.side_of(body.decides))
