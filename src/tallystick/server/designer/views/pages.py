"""What there is: the list of integrations, one of them, a version of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from tallystick.errors import TallystickError
from tallystick.runs.pauses import Pause, Pauses
from tallystick.server.designer.differences import by_key
from tallystick.server.designer.documents import connections_of, loaded_of
from tallystick.server.designer.domain import change
from tallystick.server.designer.domain.standing import flows_going
from tallystick.server.designer.fields_shown import fields_of, match_of
from tallystick.server.designer.models import Integration, KeptPlan
from tallystick.server.designer.place import jobs
from tallystick.server.designer.queries import flows_standing, listed, versions_of
from tallystick.server.designer.words import every, run_badge, standing_badge
from tallystick.server.people.actor import needs, request_actor
from tallystick.server.ui.paging import page_of

VIEW = "designer.view_integration"
SHOWN = 8
"""Versions and plans on the page of an integration."""


@needs(VIEW)
@never_cache
@require_safe
def integration_list(request: HttpRequest) -> HttpResponse:
    rows = [
        {
            "row": row,
            "standing": standing_badge(row.integration, is_paused=row.is_paused, error=row.error),
            "run": run_badge(row.run_status),
        }
        for row in listed(request_actor(request), _pauses())
    ]
    return render(request, "designer/list.html", {"rows": rows})


@needs(VIEW)
@never_cache
@require_safe
def one(request: HttpRequest, name: str) -> HttpResponse:
    integration = change.integration_of(name)
    context = _standing(integration)
    versions = list(versions_of(name)[:SHOWN])
    context |= {
        "crumbs": crumbs(),
        "versions": versions,
        "version_count": versions_of(name).count() if len(versions) == SHOWN else len(versions),
        "plans": KeptPlan.objects.filter(integration=integration).defer("artefact").order_by("-made_at")[:SHOWN],
    }
    return render(request, "designer/one.html", context)


@needs(VIEW)
@never_cache
@require_safe
def standing_now(request: HttpRequest, name: str) -> HttpResponse:
    """A fragment that asks for itself again while something is going."""
    return render(request, "designer/standing.html", _standing(change.integration_of(name)))


@needs(VIEW)
@require_safe
def version(request: HttpRequest, name: str, number: int) -> HttpResponse:
    """Its text, or with `?against=` what is different from another one, from the one before by default."""
    integration = change.integration_of(name)
    found = change.version_of(name, number)
    asked = request.GET.get("against", "")
    against = int(asked) if asked.isdecimal() and len(asked) < 9 else number - 1
    other = change.version_of(name, against) if 0 < against != number else None
    context: dict[str, Any] = {"integration": integration, "version": found, "other": other}
    if other is not None:
        try:
            context["differences"] = by_key(loaded_of(other), loaded_of(found))
        except TallystickError:  # one of them is not read any more; its text still is
            context["differences"] = None
    context["page"] = page_of(versions_of(name), request.GET, order=("-number",))
    context["crumbs"] = [*crumbs(), (str(integration), reverse("designer:one", args=[name]))]
    return render(request, "designer/version.html", context)


def crumbs() -> list[tuple[str, str]]:
    return [(_("Integrations"), reverse("designer:list"))]


def _pauses() -> Mapping[str, Pause]:
    return Pauses(jobs()).all()


def _standing(integration: Integration) -> dict[str, Any]:
    """How it is doing now, flow by flow."""
    name = str(integration.name)
    pauses = {token: pause for token, pause in _pauses().items() if pause.integration == name}
    context: dict[str, Any] = {"integration": integration}
    try:
        loaded = loaded_of(change.current_of(integration))
    except TallystickError as error:
        context["error"] = error
        context["badge"] = standing_badge(integration, is_paused=bool(pauses), error=str(error))
        return context
    going = flows_going(name)
    names = [flow.name for flow in loaded.integration.flows]
    standing = flows_standing(name, names, pauses)
    connections = connections_of(loaded)
    context["flows"] = [
        {
            "flow": flow,
            "standing": standing[flow.name],
            "is_going": flow.name in going,
            "every": every(flow.schedule_s),
            "left": connections.get(flow.left.system, flow.left.system),
            "right": connections.get(flow.right.system, flow.right.system),
            "schedule": _schedule(loaded.data, flow.name),
            "fields": fields_of(flow),
            "match": match_of(flow),
        }
        for flow in loaded.integration.flows
    ]
    context["is_going"] = bool(going)
    context["is_paused"] = any(pause.flow == "" for pause in pauses.values())
    context["badge"] = standing_badge(integration, is_paused=bool(pauses))
    context["links"] = sum(one.links for one in standing.values())
    context["reviews"] = sum(one.reviews for one in standing.values())
    return context


def _schedule(data: Mapping[str, Any], flow: str) -> str:
    """As the document spells it."""
    return str(next((one.get("schedule") or "" for one in data["flows"] if one["flow"] == flow), ""))
