"""Whether all is well, and the search over everything."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Final

from django.http import HttpRequest
from ninja import Query, Schema
from pydantic import Field as Shape

from tallystick.server.api.calls import Calls, actor_of
from tallystick.server.ops import dashboard
from tallystick.server.ui import palette

calls: Final = Calls("Overview")
SEE: Final = "ops.view_run"


class Health(Schema):
    integration: str
    title: str
    state: str
    is_well: bool
    note: str
    lag_s: float | None = Shape(description="Seconds since the last run that went well began.")
    links: int
    waiting: int
    last_run: str | None


class Happened(Schema):
    since: datetime
    written: int
    troubles: int = Shape(description="What was refused or failed.")


class Overview(Schema):
    integrations: list[Health]
    waiting: dict[str, int] = Shape(description="Questions that wait, by kind; counted up to 1,000 of each.")
    links: int
    written: int = Shape(description="In the last 24 hours.")
    troubles: int
    course: list[Happened] = Shape(description="The last 24 hours in parts of half an hour.")


class Hit(Schema):
    source: str
    title: str
    note: str
    path: str


@calls.get("/overview", SEE, out=Overview)
def get_overview(request: HttpRequest) -> Any:
    """Whether all is well: what the dashboard shows."""
    actor_of(request).check(SEE)
    found = dashboard.dashboard()
    if found is None:
        return {"integrations": [], "waiting": {}, "links": 0, "written": 0, "troubles": 0, "course": []}
    return {
        "integrations": [_health(one) for one in found.health],
        "waiting": {kind.value: count for kind, count in found.waiting.kinds.items()},
        "links": found.linked,
        "written": found.written,
        "troubles": found.troubles,
        "course": [{"since": at, "written": written, "troubles": troubles} for at, written, troubles in found.course],
    }


@calls.get("/search", out=list[Hit])
def search(request: HttpRequest, q: Annotated[str, Query(max_length=200)]) -> Any:
    """Pages and records with these words, as Ctrl-K finds them: the best few of each kind."""
    return [
        {"source": str(source), "title": str(hit.title), "note": str(hit.note), "path": hit.url}
        for source, hits in palette.find(request, actor_of(request), q)
        for hit in hits
    ]


def _health(one: dashboard.Health) -> dict[str, Any]:
    return {
        "integration": one.name,
        "title": one.title,
        "state": str(one.state.title),
        "is_well": one.state.tone not in ("warn", "bad"),
        "note": one.note,
        "lag_s": one.lag.total_seconds() if one.lag is not None else None,
        "links": one.linked,
        "waiting": one.waiting,
        "last_run": one.newest.line.run if one.newest is not None else None,
    }
