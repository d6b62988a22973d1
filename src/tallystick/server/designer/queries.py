"""What pages and the API read about integrations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import OuterRef, QuerySet, Subquery
from django.urls import reverse
from django.utils.dateparse import parse_datetime

from tallystick.errors import TallystickError
from tallystick.runs.pauses import Pause
from tallystick.server.connections.domain.using import Use
from tallystick.server.designer.documents import connections_of, loaded_of
from tallystick.server.designer.models import Integration, IntegrationVersion
from tallystick.server.people.actor import Actor
from tallystick.server.state import models as state
from tallystick.server.state.of_hub import looking


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One line of the list of integrations."""

    integration: Integration
    connections: tuple[str, ...]
    flow_count: int
    error: str  # why its document cannot be read; empty
    run: str  # the last one; empty before the first
    run_status: str
    run_at: datetime | None
    reviews: int  # that wait
    is_paused: bool  # wholly or in part


def integrations_for(actor: Actor) -> QuerySet[Integration]:
    """Raises NotAllowed."""
    actor.check("designer.view_integration")
    return Integration.objects.select_related("current")


def listed(actor: Actor, pauses: Mapping[str, Pause]) -> list[Listed]:
    """All, with how they are doing; four queries however many there are. Raises NotAllowed."""
    last = state.Run.objects.filter(integration=OuterRef("name")).order_by("-number")
    rows = integrations_for(actor).annotate(
        last_run=Subquery(last.values("run")[:1]),
        last_status=Subquery(last.values("status")[:1]),
        last_at=Subquery(last.values("started_at")[:1]),
    )
    waiting = looking().waiting()
    paused = {pause.integration for pause in pauses.values()}
    return [_listed(row, waiting.of(row.name), row.name in paused) for row in rows]


def _listed(row: Integration, reviews: int, is_paused: bool) -> Listed:
    connections, flow_count, error = _told(row)
    return Listed(
        integration=row,
        connections=connections,
        flow_count=flow_count,
        error=error,
        run=getattr(row, "last_run", None) or "",
        run_status=getattr(row, "last_status", None) or "",
        run_at=parse_datetime(getattr(row, "last_at", None) or ""),
        reviews=reviews,
        is_paused=is_paused,
    )


def _told(row: Integration) -> tuple[tuple[str, ...], int, str]:
    if row.current is None:
        return (), 0, ""
    try:
        loaded = loaded_of(row.current)
    except TallystickError as error:
        return (), 0, str(error)
    return tuple(dict.fromkeys(connections_of(loaded).values())), len(loaded.integration.flows), ""


def integrations_using(connection: str) -> list[Use]:
    """The integrations whose current document names this connection."""
    rows = Integration.objects.select_related("current")
    return [
        Use(title=str(row), address=reverse("designer:one", args=[row.name]))
        for row in rows
        if connection in _told(row)[0]
    ]


def versions_of(name: str) -> QuerySet[IntegrationVersion]:
    """Newest first, without their texts."""
    return IntegrationVersion.objects.filter(integration__name=name).defer("text").order_by("-number")


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowStanding:
    """How one flow is doing."""

    name: str
    links: int = 0
    reviews: int = 0
    last_full_at: datetime | None = None
    pause: Pause | None = None
    kinds: Mapping[str, int] = field(default_factory=dict)


def flows_standing(name: str, flows: list[str], pauses: Mapping[str, Pause]) -> dict[str, FlowStanding]:
    scopes: dict[str, Mapping[str, Any]] = {
        row["flow"]: row
        for row in state.Scope.objects.filter(integration=name, instance="").values("flow", "linked", "last_full_at")
    }
    waiting = looking().waiting().flows
    paused = {pause.flow: pause for pause in pauses.values() if pause.integration == name}
    return {
        flow: FlowStanding(
            name=flow,
            links=scopes.get(flow, {}).get("linked", 0),
            reviews=waiting.get((name, flow), 0),
            last_full_at=parse_datetime(scopes.get(flow, {}).get("last_full_at") or ""),
            pause=paused.get(flow) or paused.get(""),
        )
        for flow in flows
    }
