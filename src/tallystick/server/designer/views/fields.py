"""The fields that a flow keeps in agreement, those it could, and what people do with them. Each act is a version."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from tallystick.errors import DocumentErrors, InputRefused, TallystickError
from tallystick.model.flow import Flow
from tallystick.model.side import SIDES
from tallystick.model.value import FieldType
from tallystick.server.connections.domain.trial import discover
from tallystick.server.designer.documents import connections_of, loaded_of
from tallystick.server.designer.domain import change, lines
from tallystick.server.designer.fields_shown import fields_of, match_of
from tallystick.server.designer.models import Integration, IntegrationVersion
from tallystick.server.designer.offers import offers_of
from tallystick.server.designer.views.pages import VIEW, crumbs
from tallystick.server.people.actor import needs, request_actor
from tallystick.server.ui.toasts import toast
from tallystick.server.ui.words import type_title
from tallystick.spec.reading import Loaded

CHANGE = "designer.change_integration"
TEST = "connections.test_connection"


@needs(VIEW)
@never_cache
@require_safe
def fields(request: HttpRequest, name: str, flow: str) -> HttpResponse:
    integration, loaded, found = _found(name, flow)
    connections = connections_of(loaded)
    offers = offers_of(found, connections)
    context: dict[str, Any] = {
        "integration": integration,
        "flow": found,
        "lines": [
            {
                "shown": shown,
                "line": line,
                "gone": [name for side, gone in offers.gone.items() for name in line.fields(side) if name in gone],
                "types": [_types(line.fields(side), offers.types.get(side, {})) for side in SIDES],
            }
            for line, shown in zip(found.maps, fields_of(found), strict=True)
        ],
        "match": match_of(found),
        "offers": offers,
        "asked_at": min(offers.asked_at.values(), default=None),
        "free": [offers.free[side] for side in SIDES],
        "titles": [connections.get(found.end(side).system, found.end(side).system) for side in SIDES],
        "primary": found.end(found.primary).system,
        "crumbs": [*crumbs(), (str(integration), reverse("designer:one", args=[name]))],
    }
    return render(request, "designer/flow_fields.html", context)


@needs(CHANGE)
@require_POST
def add(request: HttpRequest, name: str, flow: str) -> HttpResponse:
    """`left` and `right`: a field of each; `decides`: both, left or right."""
    left, right, decides = (request.POST.get(key, "") for key in ("left", "right", "decides"))
    authority = lines.side_of(decides)
    return _acted(
        request,
        name,
        flow,
        lambda: lines.add(
            request_actor(request),
            name,
            flow,
            left=left,
            right=right,
            authority=authority,
        ),
        _("{left} and {right} are kept in agreement from the next run on.").format(left=left, right=right),
    )


@needs(CHANGE)
@require_POST
def remove(request: HttpRequest, name: str, flow: str) -> HttpResponse:
    line = request.POST.get("line", "")
    return _acted(
        request,
        name,
        flow,
        lambda: lines.remove(request_actor(request), name, flow, line),
        _("{line} is no longer kept in agreement; both sides keep their values.").format(line=line),
    )


@needs(CHANGE)
@require_POST
def decide(request: HttpRequest, name: str, flow: str) -> HttpResponse:
    line, authority = request.POST.get("line", ""), lines.side_of(request.POST.get("decides", ""))
    return _acted(
        request,
        name,
        flow,
        lambda: lines.decide(request_actor(request), name, flow, line, authority),
        _("{line} was changed.").format(line=line),
    )


@needs(TEST)
@require_POST
def look(request: HttpRequest, name: str, flow: str) -> HttpResponse:
    """Both systems are asked what they hold now."""
    _integration, loaded, found = _found(name, flow)
    connections = connections_of(loaded)
    for side in SIDES:
        try:
            discover(request_actor(request), connections[found.end(side).system], is_fresh=True)
        except TallystickError as error:
            toast(request, f"{error.message} {error.hint}", tone="bad")
    return redirect("designer:fields", name, flow)


def _found(name: str, flow: str) -> tuple[Integration, Loaded, Flow]:
    """Raises NotFound."""
    integration = change.integration_of(name)
    loaded = loaded_of(change.current_of(integration))
    return integration, loaded, lines.flow_of(loaded, flow)


def _types(names: Iterable[str], types: Mapping[str, FieldType]) -> str:
    return ", ".join(type_title(types[name]) for name in names if name in types)


def _acted(
    request: HttpRequest, name: str, flow: str, act: Callable[[], IntegrationVersion], told: str
) -> HttpResponse:
    before = change.current_of(change.integration_of(name)).number
    try:
        version = act()
    except DocumentErrors as error:
        toast(request, f"{error.faults[0].message} {error.faults[0].hint}", tone="bad")
    except InputRefused as error:
        toast(request, " ".join(dict.fromkeys(error.fields.values())), tone="bad")
    else:
        undo = reverse("designer:back", args=[name, before]) if version.number != before else ""
        toast(request, told, undo=undo)
    return redirect("designer:fields", name, flow)
