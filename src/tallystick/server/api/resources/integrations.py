"""Integrations: their documents in versions, files in and out, whether they run, and plans of what a run would do."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Final, Literal

from django.http import HttpRequest, HttpResponse
from ninja import Path, Schema
from pydantic import Field as Shape

from tallystick.errors import DocumentErrors
from tallystick.server.api.calls import Calls, actor_of
from tallystick.server.api.shapes import Cursor, Given, Limit, Listing, Name, Number, Whole, listing, number_cursor
from tallystick.server.designer import queries
from tallystick.server.designer.documents import loaded_of, read
from tallystick.server.designer.domain import change, plans, standing, transfer
from tallystick.server.designer.models import Integration as Kept
from tallystick.server.designer.models import IntegrationVersion, KeptPlan

VIEW: Final = "designer.view_integration"
ADD: Final = "designer.add_integration"
CHANGE: Final = "designer.change_integration"
DELETE: Final = "designer.delete_integration"
RUN: Final = "designer.run_integration"
PAUSE: Final = "designer.pause_integration"
YAML: Final = "application/yaml"
calls: Final = Calls("Integrations")
PlanId = Annotated[str, Path(min_length=1, max_length=32)]
Document = Annotated[str, Shape(max_length=1_000_000, description="The YAML document.")]


class FlowShown(Schema):
    name: str
    schedule_s: float | None
    links: int
    reviews: int
    last_full_at: datetime | None
    is_paused: bool


class Integration(Schema):
    name: str
    title: str
    version: int
    is_enabled: bool
    is_draining: bool
    changed_at: datetime
    changed_by: str


class IntegrationDetail(Integration):
    text: str
    flows: list[FlowShown]


class Fault(Schema):
    line: int = Shape(description="From 1; 0 where it is of no single line.")
    key: str
    message: str
    hint: str


class Checked(Schema):
    flows: list[str]
    faults: list[Fault] = Shape(description="None: the document can be kept.")


class Version(Schema):
    number: int
    comment: str
    made_at: datetime
    made_by: str


class VersionText(Version):
    text: str


class NewIntegration(Given):
    text: Document
    comment: str = Shape("", max_length=400)


class NewVersion(NewIntegration):
    seen: Whole | None = Shape(None, description="The version that was edited: 409 when there is a newer one.")


class ImportedFile(Given):
    """`values` for what the file leaves open, by name: `REGISTER_URL`, `secret:erp.password`."""

    text: Document
    values: dict[str, str] = {}
    comment: str = Shape("", max_length=400)


class Needed(Schema):
    name: str
    systems: list[str]
    is_secret: bool


class Imported(Schema):
    name: str
    version: int
    made: list[str] = Shape(description="Systems that were added.")
    used: list[str]


class OneFlow(Given):
    flow: str = Shape("", max_length=200, description="Empty: all of the integration.")


class Schedule(Given):
    flow: str = Shape(max_length=200)
    schedule: str = Shape(max_length=200, description="Like `every 5 minutes`; empty: only when somebody asks.")


class RunWanted(Given):
    flows: list[str] = Shape(default_factory=list, max_length=500)
    full: bool = False


class AskedRun(Schema):
    run: str
    job: str
    flows: list[str]


class DidIt(Schema):
    is_changed: bool


class Plan(Schema):
    id: str
    integration: str
    version: int
    flows: list[str]
    is_full: bool
    state: Literal["planning", "ready", "failed", "applying", "applied"]
    doing: str
    done: int
    summary: dict[str, Any]
    message: str
    hint: str
    run: str
    made_at: datetime
    made_by: str


@calls.get("", VIEW, out=Listing[Integration])
def list_integrations(request: HttpRequest) -> Any:
    """All integrations."""
    return listing([_shown(one) for one in queries.integrations_for(actor_of(request)).order_by("name")])


@calls.post("", ADD, out=Integration, status=201)
def create_integration(request: HttpRequest, body: NewIntegration, response: HttpResponse) -> Any:
    """Make an integration; it is not enabled yet."""
    made = change.create(actor_of(request), body.text, comment=body.comment)
    response["Location"] = f"{request.path}/{made.name}"
    return _shown(change.integration_of(made.name))


@calls.post("/needed", ADD, CHANGE, out=Listing[Needed])
def list_needed_values(request: HttpRequest, body: NewIntegration) -> Any:
    """What has to be given with a file to import it."""
    return listing(transfer.needed(body.text))


@calls.post("/check", ADD, CHANGE, out=Checked)
def check_integration(request: HttpRequest, body: NewIntegration) -> Any:
    """Every fault of a document, without keeping it."""
    try:
        loaded = read(body.text)
    except DocumentErrors as error:
        faults = [{"line": one.line, "key": one.key, "message": one.message, "hint": one.hint} for one in error.faults]
        return {"flows": [], "faults": faults}
    return {"flows": [flow.name for flow in loaded.integration.flows], "faults": []}


@calls.post("/import", ADD, CHANGE, out=Imported)
def import_integration(request: HttpRequest, body: ImportedFile) -> Any:
    """Take in a file of the command line; its systems become systems of the hub."""
    done = transfer.import_file(actor_of(request), body.text, values=body.values, comment=body.comment)
    return {"name": done.integration.name, "version": done.version, "made": done.made, "used": done.used}


@calls.get("/{name}", VIEW, out=IntegrationDetail)
def get_integration(request: HttpRequest, name: Name) -> Any:
    """One integration with its document and how its flows are doing."""
    actor_of(request).check(VIEW)
    found = change.integration_of(name)
    current = change.current_of(found)
    flows = loaded_of(current).integration.flows
    states = queries.flows_standing(name, [flow.name for flow in flows], standing.pauses_of(name))
    return {
        **_shown(found),
        "text": current.text,
        "flows": [
            {
                "name": flow.name,
                "schedule_s": flow.schedule_s,
                "links": states[flow.name].links,
                "reviews": states[flow.name].reviews,
                "last_full_at": states[flow.name].last_full_at,
                "is_paused": states[flow.name].pause is not None,
            }
            for flow in flows
        ],
    }


@calls.put("/{name}", CHANGE, out=Version)
def save_integration(request: HttpRequest, name: Name, body: NewVersion) -> Any:
    """Save a new version of the document.

    The same document again makes no version.
    """
    return _version(change.save(actor_of(request), name, body.text, comment=body.comment, seen=body.seen))


@calls.delete("/{name}", DELETE)
def delete_integration(request: HttpRequest, name: Name) -> Any:
    """Delete an integration; its links and its journal are kept."""
    change.delete(actor_of(request), name)


@calls.get("/{name}/export", VIEW, media=YAML)
def export_integration(request: HttpRequest, name: Name, version: int = 0) -> Any:
    """The file for the command line, with `${secret:…}` in place of secrets."""
    number = version if 0 < version < 2**31 else None
    return HttpResponse(transfer.export(actor_of(request), name, number=number), content_type=YAML)


@calls.get("/{name}/versions", VIEW, out=Listing[Version])
def list_versions(request: HttpRequest, name: Name, cursor: Cursor = "", limit: Limit = 50) -> Any:
    """The versions, newest first."""
    actor_of(request).check(VIEW)
    change.integration_of(name)
    rows = queries.versions_of(name)
    before = number_cursor(cursor)
    found = list((rows.filter(number__lt=before) if before is not None else rows)[: limit + 1])
    return listing(map(_version, found[:limit]), found[limit - 1].number if len(found) > limit else None)


@calls.get("/{name}/versions/{number}", VIEW, out=VersionText)
def get_version(request: HttpRequest, name: Name, number: Number) -> Any:
    """One version with its text."""
    actor_of(request).check(VIEW)
    found = change.version_of(name, number)
    return {**_version(found), "text": found.text}


@calls.post("/{name}/versions/{number}/restore", CHANGE, out=Version)
def restore_version(request: HttpRequest, name: Name, number: Number) -> Any:
    """Make a new version with the text of an older one."""
    return _version(change.roll_back(actor_of(request), name, number))


@calls.post("/{name}/enable", PAUSE, out=Integration)
def enable_integration(request: HttpRequest, name: Name) -> Any:
    """Let its flows run on their schedules."""
    return _shown(standing.enable(actor_of(request), name))


@calls.post("/{name}/disable", PAUSE, out=Integration)
def disable_integration(request: HttpRequest, name: Name) -> Any:
    """Let nothing of it run by itself; a run that is going is finished."""
    return _shown(standing.disable(actor_of(request), name))


@calls.post("/{name}/drain", PAUSE, out=Integration)
def drain_integration(request: HttpRequest, name: Name) -> Any:
    """Let what is going be finished and begin nothing new."""
    return _shown(standing.drain(actor_of(request), name))


@calls.post("/{name}/pause", PAUSE, out=DidIt)
def pause_integration(request: HttpRequest, name: Name, body: OneFlow) -> Any:
    """Stop a flow, or all, after the batch at hand."""
    return {"is_changed": standing.pause(actor_of(request), name, body.flow)}


@calls.post("/{name}/resume", PAUSE, out=DidIt)
def resume_integration(request: HttpRequest, name: Name, body: OneFlow) -> Any:
    """Let it go on where it was."""
    return {"is_changed": standing.resume(actor_of(request), name, body.flow)}


@calls.post("/{name}/schedule", CHANGE, out=Version)
def schedule_flow(request: HttpRequest, name: Name, body: Schedule) -> Any:
    """Say how often a flow runs; this makes a version."""
    return _version(change.set_schedule(actor_of(request), name, body.flow, body.schedule))


@calls.post("/{name}/run", RUN, out=AskedRun, status=202)
def run_integration(request: HttpRequest, name: Name, body: RunWanted) -> Any:
    """Run it now, incrementally or full.

    The run has the id that is answered as soon as a worker begins it.
    """
    return standing.run_now(actor_of(request), name, body.flows, is_full=body.full)


@calls.post("/{name}/plans", RUN, out=Plan, status=202)
def plan_integration(request: HttpRequest, name: Name, body: RunWanted) -> Any:
    """Make a plan: what a run would do. Nothing is written.

    It is ready when its state is; look at it again until then.
    """
    return _plan(plans.dry_run(actor_of(request), name, body.flows, is_full=body.full))


# --- plans, by their own ids

plan_calls: Final = Calls("Integrations")


@plan_calls.get("/{plan_id}", VIEW, out=Plan)
def get_plan(request: HttpRequest, plan_id: PlanId) -> Any:
    """A plan and how far it is."""
    return _plan(plans.plan_of(actor_of(request), plan_id))


@plan_calls.get("/{plan_id}/operations", VIEW, out=Listing[dict[str, Any]])
def list_plan_operations(
    request: HttpRequest, plan_id: PlanId, flow: str = "", cursor: Cursor = "", limit: Limit = 50
) -> Any:
    """The operations of a plan in their order, those of one flow or of all."""
    artefact = plans.artefact_of(actor_of(request), plan_id)
    after = number_cursor(cursor) or 0
    lines = [
        {"flow": name, **operation}
        for name, part in artefact["flows"].items()
        if flow in ("", name)
        for operation in part["operations"]
    ]
    return listing(lines[after : after + limit], after + limit if len(lines) > after + limit else None)


@plan_calls.post("/{plan_id}/apply", RUN, out=Plan, status=202)
def apply_plan(request: HttpRequest, plan_id: PlanId) -> Any:
    """Do exactly what the plan says; what moved since is refused line by line."""
    return _plan(plans.apply(actor_of(request), plan_id))


def _shown(one: Kept) -> dict[str, Any]:
    return {
        "name": one.name,
        "title": one.title,
        "version": one.current.number if one.current else 0,
        "is_enabled": one.is_enabled,
        "is_draining": one.is_draining,
        "changed_at": one.changed_at,
        "changed_by": one.changed_by,
    }


def _version(one: IntegrationVersion) -> dict[str, Any]:
    return {"number": one.number, "comment": one.comment, "made_at": one.made_at, "made_by": one.made_by}


def _plan(one: KeptPlan) -> dict[str, Any]:
    return {
        "id": one.pk,
        "integration": one.integration.name,
        "version": one.version,
        "flows": one.flows,
        "is_full": one.is_full,
        "state": str(one.state),
        "doing": one.doing,
        "done": one.done,
        "summary": one.summary,
        "message": one.message,
        "hint": one.hint,
        "run": one.run,
        "made_at": one.made_at,
        "made_by": one.made_by,
    }
