"""Pages that belong to no subject: the palette, whether the hub is up, the style page."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from tallystick.server.people.actor import for_everyone, request_actor
from tallystick.server.state.writable import hindrance
from tallystick.server.ui import navigation, palette


@login_not_required
@never_cache
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """The process answers."""
    return JsonResponse({"status": "ok"})


@login_not_required
@never_cache
@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """The database answers, has the tables of this version, and can be written."""
    try:
        executor = MigrationExecutor(connection)
        waiting = len(executor.migration_plan(executor.loader.graph.leaf_nodes()))
        ailment = hindrance()
    except DatabaseError:
        return JsonResponse({"status": "unavailable", "database": "does not answer"}, status=503)
    if waiting:
        return JsonResponse({"status": "unavailable", "database": f"{waiting} migrations are waiting"}, status=503)
    if ailment is not None:
        return JsonResponse({"status": "unavailable", "database": str(ailment)}, status=503)
    return JsonResponse({"status": "ok", "database": "ok"})


@for_everyone
@require_safe
def search(request: HttpRequest) -> HttpResponse:
    """What the palette finds, as a fragment."""
    query = request.GET.get("q", "")[:200]
    groups = palette.find(request, request_actor(request), query)
    return render(request, "ui/palette_hits.html", {"groups": groups, "query": query})


@for_everyone
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """The first page this person may open; the dashboard takes this address when it is there."""
    for _title, items in navigation.shown(request, request_actor(request)):
        for item in items:
            if item.url != request.path:
                return redirect(item.url)
    return render(request, "ui/welcome.html")
