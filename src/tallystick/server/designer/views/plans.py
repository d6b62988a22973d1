"""What a run would do: made in the background, read page by page, applied as shown."""

from __future__ import annotations

import json
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from tallystick.server.designer.domain import plans
from tallystick.server.designer.models import KeptPlan, PlanState
from tallystick.server.designer.views.acts import run_url
from tallystick.server.designer.views.pages import crumbs
from tallystick.server.designer.words import ACTIONS
from tallystick.server.people.actor import Actor, needs, request_actor
from tallystick.server.ui.paging import Page

VIEW, RUN = "designer.view_integration", "designer.run_integration"
_TONES = {
    PlanState.PLANNING: "info",
    PlanState.READY: "ok",
    PlanState.FAILED: "bad",
    PlanState.APPLYING: "info",
    PlanState.APPLIED: "quiet",
}


@needs(VIEW)
@never_cache
@require_safe
def plan(request: HttpRequest, id_: str) -> HttpResponse:
    actor = request_actor(request)
    found = plans.plan_of(actor, id_)
    context = _context(found)
    if found.state in (PlanState.READY, PlanState.APPLYING, PlanState.APPLIED):
        context["page"] = _operations(actor, found, request.GET.get("page", ""))
    name = found.integration.name
    context["crumbs"] = [*crumbs(), (str(found.integration), reverse("designer:one", args=[name]))]
    return render(request, "designer/plan.html", context)


@needs(VIEW)
@never_cache
@require_safe
def state(request: HttpRequest, id_: str) -> HttpResponse:
    """A fragment that asks for itself again until it is done; then the page comes anew."""
    found = plans.plan_of(request_actor(request), id_)
    answer = render(request, "designer/plan_state.html", _context(found))
    if not _is_at_work(found):
        answer["HX-Refresh"] = "true"
    return answer


@needs(RUN)
@require_POST
def apply(request: HttpRequest, id_: str) -> HttpResponse:
    plans.apply(request_actor(request), id_)
    return redirect("designer:plan", id_)


@needs(VIEW)
@require_safe
def download(request: HttpRequest, id_: str) -> HttpResponse:
    """The plan as `tallystick plan --out` writes it."""
    text = json.dumps(plans.artefact_of(request_actor(request), id_), ensure_ascii=False, indent=2)
    answer = HttpResponse(text, content_type="application/json")
    answer["Content-Disposition"] = f'attachment; filename="plan-{id_}.json"'
    return answer


def _is_at_work(found: KeptPlan) -> bool:
    return found.state in (PlanState.PLANNING, PlanState.APPLYING)


def _context(found: KeptPlan) -> dict[str, Any]:
    summary = dict(found.summary)
    operations = sum(flow["operations"] for flow in summary.values())
    return {
        "plan": found,
        "badge": (_TONES[PlanState(found.state)], PlanState(found.state).label),
        "is_at_work": _is_at_work(found),
        "summary": summary,
        "operations": operations,
        "run_url": run_url(found.run) if found.run else "",
        "held": [breach for flow in summary.values() for breach in flow["held"]],
    }


def _operations(actor: Actor, found: KeptPlan, asked: str) -> Page[dict[str, Any]]:
    """One page of them, over all flows."""
    count = sum(flow["operations"] for flow in found.summary.values())
    last = max(0, (count - 1) // plans.PAGE)
    number = min(int(asked) if asked.isdecimal() and len(asked) < 9 else 0, last)
    rows = []
    for one in plans.operations_of(actor, found.pk, number):
        icon, word = ACTIONS.get(str(one["action"]), ("link", one["action"]))
        fields = [(name, *_two(values)) for name, values in (one.get("fields") or {}).items()]
        rows.append({**one, "icon": icon, "word": word, "changes": fields, "is_new": one["action"] == "create"})
    return Page(
        rows=rows,
        count=count,
        is_more=False,
        next=f"page={number + 1}" if number < last else "",
        previous=f"page={number - 1}" if number else "",
    )


def _two(values: Any) -> tuple[Any, Any]:
    return (values[0], values[1]) if isinstance(values, list) and len(values) == 2 else (None, values)
