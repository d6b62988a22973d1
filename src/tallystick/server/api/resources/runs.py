"""Runs: what each did and does, and what people do to them."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from ninja import Path, Query, Schema, Status
from pydantic import Field as Shape

from tallystick.errors import InputRefused, NotFound
from tallystick.model.plan import OperationState, RunKind, RunStatus
from tallystick.model.side import Side
from tallystick.model.write import Action
from tallystick.runs.shown import operation_shown
from tallystick.server.api.calls import Calls, actor_of
from tallystick.server.api.errands import ErrandShown, answer, shown
from tallystick.server.api.identity import problem
from tallystick.server.api.shapes import Cursor, Given, Limit, Listing, Word, listing, number_cursor
from tallystick.server.ops import errands, rejects
from tallystick.server.ops.domain import runs as actions
from tallystick.server.ops.errands import Course
from tallystick.server.ops.run_pages import run_detail, subject
from tallystick.server.review import actions as answers
from tallystick.server.review.domain.decide import Answer
from tallystick.server.state.history import Position, RunLine, RunsWanted
from tallystick.server.state.of_hub import looking
from tallystick.server.state.pages import At
from tallystick.server.ui.answers import Problem

SEE: Final = "ops.view_run"
CONTROL: Final = actions.CONTROL
APPROVE: Final = "review.approve_run"
calls: Final = Calls("Runs")
RunId = Annotated[str, Path(min_length=1, max_length=64)]
NUMBERED: Final = ("left", "right")


class Run(Schema):
    """`result` has the counts of each flow, as `tallystick sync --json` prints them."""

    run: str
    number: int
    kind: str
    integration: str
    status: str
    by: str
    started_at: str
    finished_at: str
    of: str = Shape(description="The run that was undone, or the plan that was applied.")
    result: dict[str, Any]


class FlowPosition(Schema):
    flow: str
    status: str
    total: int
    done: int
    counts: dict[str, Any]


class RunDetail(Run):
    flows: list[FlowPosition]
    held: list[int] = Shape(description="The questions that hold it.")


class Operation(Schema):
    run: str
    flow: str
    action: str
    side: str
    left: str | None
    right: str | None
    fields: dict[str, Any] = Shape(description="field -> [before, after]")
    reason: str
    rules: dict[str, Any]
    state: str
    message: str
    attempts: int
    at: str
    integration: str
    by: str
    number: int


class Undo(Given):
    approve: bool = Shape(False, description="Also when a guard would hold it.")


class HeldAnswer(Given):
    take: Literal["approve", "refuse"]
    note: str = Shape("", max_length=2_000)


class Stopped(Schema):
    integration: str
    is_changed: bool


@calls.get("", SEE, out=Listing[Run])
def list_runs(
    request: HttpRequest,
    integration: Word = "",
    kind: Word = "",
    status: Word = "",
    by: Word = "",
    cursor: Cursor = "",
    limit: Limit = 50,
) -> Any:
    """Runs, newest first."""
    wanted = RunsWanted(
        integration=integration,
        kind=chosen(RunKind, kind, "kind"),
        status=chosen(RunStatus, status, "status"),
        by=by,
    )
    page = looking().runs_page(wanted, At(after=number_cursor(cursor), rows=limit))
    return listing(map(_run, page.rows), page.after)


@calls.get("/{run}", SEE, out=RunDetail)
def get_run(request: HttpRequest, run: RunId) -> Any:
    """One run and how far it is."""
    line = line_of(run)
    detail = run_detail(run)
    return {
        **_run(line),
        "flows": [_position(one.position) for one in detail.flows],
        "held": [asked.review.number for asked in detail.held],
    }


@calls.get("/{run}/operations", SEE, out=Listing[Operation])
def list_run_operations(
    request: HttpRequest,
    run: RunId,
    flow: Annotated[str, Query(min_length=1, max_length=200)],
    action: Word = "",
    side: Word = "",
    state: Word = "",
    cursor: Cursor = "",
    limit: Limit = 50,
) -> Any:
    """What the run does and did in one flow, in order.

    A page may be empty and have a `next`: then nothing among those looked at fitted.
    """
    line = line_of(run)
    after = number_cursor(cursor)
    found = looking().planned(
        line.run,
        flow,
        action=chosen(Action, action, "action"),
        side=chosen(Side, side, "side"),
        state=chosen(OperationState, state, "state"),
        after=-1 if after is None else after,
        rows=limit,
    )
    return listing([operation(told) for told in found.lines], found.after)


@calls.get("/{run}/rejects", SEE, media="application/x-ndjson")
def list_run_rejects(request: HttpRequest, run: RunId) -> Any:
    """What the run could not carry over, as JSON lines, or as CSV where `Accept` says text/csv."""
    found = rejects.rows(line_of(run))
    if "text/csv" in request.headers.get("Accept", ""):
        return StreamingHttpResponse(rejects.as_csv(found), content_type="text/csv; charset=utf-8")
    return StreamingHttpResponse(rejects.as_lines(found), content_type="application/x-ndjson")


@calls.post("/{run}/stop", CONTROL, out=Stopped)
def stop_run(request: HttpRequest, run: RunId) -> Any:
    """Stop the integration of the run after the batch at hand."""
    line = line_of(run)
    return {"integration": line.integration, "is_changed": actions.stop(actor_of(request), line.integration)}


@calls.post("/{run}/resume", CONTROL, out=Stopped)
def resume_run(request: HttpRequest, run: RunId) -> Any:
    """Let the integration of the run go on where it was."""
    line = line_of(run)
    return {"integration": line.integration, "is_changed": actions.resume(actor_of(request), line.integration)}


@calls.post("/{run}/undo", CONTROL, out=ErrandShown, also={202: ErrandShown})
def undo_run(request: HttpRequest, run: RunId, body: Undo) -> Any:
    """Take the run back; what was edited since is left and told.

    202: it goes on, ask for the errand.
    """
    actor, line = actor_of(request), line_of(run)
    actor.check(CONTROL)

    def work(course: Course) -> None:
        report = course.when_free(lambda: actions.undo(actor, line.run, is_approved=body.approve))
        left = [{"id": one.get("id"), "message": one.get("why")} for one in report.extra.get("left", ())]
        left += [{"id": flow, "message": str(error)} for flow, error in report.errors.items()]
        course.tell(1, run=report.run, refused=left)

    return answered(errands.begin(actor, "undo run", subject(line.run), work, language=get_language() or "en"))


@calls.post("/{run}/answer", APPROVE, out=Listing[ErrandShown])
def answer_held_run(request: HttpRequest, run: RunId, body: HeldAnswer) -> Any:
    """Approve a held run, or keep it held: the answer to each question that holds it."""
    actor = actor_of(request)
    actor.check(APPROVE)
    detail = run_detail(line_of(run).run)
    if not detail.held:
        return problem(
            Problem(
                status=409,
                code="already_decided",
                title="Conflict",
                message=_("Nothing of this run is held."),
                hint=_("Load it again."),
            )
        )
    done = []
    for asked in detail.held:
        given = Answer(take=body.take, seen=asked.review.fingerprint, note=body.note.strip())
        errand = answers.answer(actor, asked.review.number, given)
        told = answer(errand)
        if isinstance(told, HttpResponse):
            return told
        done.append(shown(errand))
    return listing(done)


# --- shared with the journal


def answered(errand: Any) -> Any:
    """The answer to a call that began an errand."""
    told = answer(errand)
    return told if isinstance(told, HttpResponse) else Status(*told)


def line_of(run: str) -> RunLine:
    """Raises NotFound."""
    found = looking().run_line(run)
    if found is None:
        raise NotFound(_("There is no run {run}.").format(run=run), hint=_("The list of runs shows all there were."))
    return found


def chosen(kind: Any, text: str, name: str) -> Any:
    """The member of an enum that the address names. Raises InputRefused."""
    if not text:
        return None
    try:
        return kind(text)
    except ValueError:
        sentence = _("Choose one of {names}.").format(names=", ".join(one.value for one in kind))
        raise InputRefused(_("The list cannot be narrowed so."), fields={name: sentence}) from None


def operation(told: Any) -> dict[str, Any]:
    """A line of a plan or of the journal."""
    fields = operation_shown(told.operation)
    fields["fields"] = {name: [_plain(value) for value in pair] for name, pair in fields["fields"].items()}
    return {**fields, "integration": told.integration, "by": told.by, "number": told.operation.number}


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, str):
        return value
    return {"partner_of": value.id, "flow": value.flow}


def _run(line: RunLine) -> dict[str, Any]:
    names = ("run", "number", "integration", "by", "started_at", "finished_at", "of")
    return {
        **{name: getattr(line, name) for name in names},
        "kind": line.kind.value,
        "status": line.status.value,
        "result": dict(line.result),
    }


def _position(one: Position) -> dict[str, Any]:
    return {
        "flow": one.flow,
        "status": one.status.value,
        "total": one.total,
        "done": one.done,
        "counts": dict(one.counts),
    }
