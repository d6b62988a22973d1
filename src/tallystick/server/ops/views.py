"""The dashboard, and the pages about runs."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from tallystick.errors import NotFound
from tallystick.model.plan import RunStatus
from tallystick.server.ops import dashboard as health
from tallystick.server.ops import errands, rejects
from tallystick.server.ops.domain import runs as actions
from tallystick.server.ops.errands import Course
from tallystick.server.ops.forms import RunsFilter
from tallystick.server.ops.models import Errand
from tallystick.server.ops.run_pages import run_detail, run_lines, run_list, subject
from tallystick.server.people.actor import for_everyone, needs, request_actor
from tallystick.server.review import actions as answers
from tallystick.server.review.domain.decide import Answer
from tallystick.server.state.history import RunLine
from tallystick.server.state.of_hub import looking
from tallystick.server.ui.toasts import toast
from tallystick.server.ui.views import home

SEE = "ops.view_run"
RECENT = 8
"""Runs on the page of an integration."""
CONTROL = actions.CONTROL
APPROVE = "review.approve_run"


@for_everyone
@require_safe
def dashboard(request: HttpRequest) -> HttpResponse:
    """Whether all is well; people who may not see runs go to the first page they may open."""
    if not request_actor(request).may(SEE):
        return home(request)
    found = health.dashboard()
    name = "ops/dashboard_parts.html" if request.headers.get("HX-Request") == "true" else "ops/dashboard.html"
    return render(request, name, {"found": found})


@needs(SEE)
@require_safe
def runs(request: HttpRequest) -> HttpResponse:
    found = run_list(request.GET)
    form = RunsFilter(request.GET, looking().integrations(), looking().people())
    return render(request, "ops/runs.html", {"found": found, "filter": form})


@needs(SEE)
@require_safe
def run(request: HttpRequest, run: str) -> HttpResponse:
    """One run; its head asks again every second while it goes on."""
    detail = run_detail(run)
    flows = detail.run.flows or tuple(one.position.flow for one in detail.flows)
    name = request.GET.get("flow", "") or (flows[0] if flows else "")
    context = {
        "detail": detail,
        "flows": flows,
        "flow": name,
        "lines": run_lines(detail.run.line, request.GET, flows),
        "chosen": {key: request.GET.get(key, "") for key in ("action", "side", "state")},
    }
    return render(request, "ops/run.html", context)


@needs(SEE)
@never_cache
@require_safe
def recent(request: HttpRequest) -> HttpResponse:
    """The last runs of one integration, as a fragment for its page."""
    context = {"runs": run_list(request.GET).runs[:RECENT], "integration": request.GET.get("integration", "")}
    return render(request, "ops/recent.html", context)


@needs(SEE)
@never_cache
@require_safe
def live(request: HttpRequest, run: str) -> HttpResponse:
    """How far the run is, as a fragment; the page is loaded again when it came to its end."""
    detail = run_detail(run)
    response = render(request, "ops/live.html", {"detail": detail})
    is_waited_for = detail.errand is not None and not detail.errand.is_finished
    if not detail.run.line.is_going and not is_waited_for:
        response["HX-Refresh"] = "true"
    return response


@needs(SEE)
@require_safe
def lines(request: HttpRequest, run: str) -> HttpResponse:
    """Further operations of a run, as a fragment."""
    line = _line(run)
    return render(request, "ops/lines.html", {"lines": run_lines(line, request.GET, ()), "run": run})


@needs(CONTROL)
@require_POST
def undo(request: HttpRequest, run: str) -> HttpResponse:
    """Takes the run back; how far that is shows on its page."""
    actor = request_actor(request)
    actor.check(CONTROL)
    line = _line(run)
    is_approved = "approve" in request.POST

    is_held: list[bool] = []

    def work(course: Course) -> None:
        report = course.when_free(lambda: actions.undo(actor, line.run, is_approved=is_approved))
        is_held.extend([True] if report.status == RunStatus.HELD else [])
        left = [{"id": one.get("id"), "message": one.get("why")} for one in report.extra.get("left", ())]
        left += [{"id": flow, "message": str(error)} for flow, error in report.errors.items()]
        course.tell(1, run=report.run, refused=left)

    errand = errands.begin(actor, "undo run", subject(line.run), work, language=get_language() or "en")
    if errand.status == Errand.Status.FAILED:
        toast(request, f"{errand.message} {errand.hint}", tone="bad")
        return redirect("ops:run", line.run)
    if errand.status == Errand.Status.DONE and errand.run:
        if is_held:
            toast(request, _("Taking it back would write more than the guards let pass; it is held."), tone="bad")
        else:
            toast(request, _("The run is taken back."))
        return redirect("ops:run", errand.run)
    return redirect("ops:run", line.run)


@needs(CONTROL)
@require_POST
def stop(request: HttpRequest, run: str) -> HttpResponse:
    line = _line(run)
    actions.stop(request_actor(request), line.integration)
    toast(request, _("{name} stops after the batch at hand.").format(name=line.integration))
    return redirect("ops:run", line.run)


@needs(CONTROL)
@require_POST
def resume(request: HttpRequest, run: str) -> HttpResponse:
    line = _line(run)
    actions.resume(request_actor(request), line.integration)
    toast(request, _("{name} goes on where it was.").format(name=line.integration))
    return redirect("ops:run", line.run)


@needs(APPROVE)
@require_POST
def answer_held(request: HttpRequest, run: str) -> HttpResponse:
    """Approves a held run or keeps it held: the answer to the questions it asked."""
    actor = request_actor(request)
    detail = run_detail(run)
    take = "approve" if request.POST.get("take") == "approve" else "refuse"
    last: Errand | None = None
    for asked in detail.held:
        given = Answer(take=take, seen=asked.review.fingerprint, note=request.POST.get("note", "")[:2_000].strip())
        last = answers.answer(actor, asked.review.number, given)
        if last.status == Errand.Status.FAILED:
            toast(request, f"{last.message} {last.hint}", tone="bad")
            return redirect("ops:run", run)
    if last is None:
        toast(request, _("Nothing is held any more."))
    elif take == "approve" and last.run:
        toast(request, _("Approved; this run did what was held."))
        return redirect("ops:run", last.run)
    else:
        toast(request, _("Approved; it is being carried out.") if take == "approve" else _("It stays held."))
    return redirect("ops:run", run)


@needs(SEE)
@require_safe
def rejected(request: HttpRequest, run: str, form: str) -> HttpResponse | StreamingHttpResponse:
    """What could not be carried over, to take away."""
    found = rejects.rows(_line(run))
    is_csv = form == "csv"
    body = rejects.as_csv(found) if is_csv else rejects.as_lines(found)
    kind = "text/csv; charset=utf-8" if is_csv else "application/x-ndjson"
    headers = {"Content-Disposition": f'attachment; filename="rejects-{run[:12]}.{form}"'}
    return StreamingHttpResponse(body, content_type=kind, headers=headers)


def _line(run: str) -> RunLine:
    found = looking().run_line(run)
    if found is None:
        raise NotFound(f"There is no run {run}.", hint="The list of runs shows all there were.")
    return found
