"""What people do with one integration from its page. Each leads back to it."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from tallystick.errors import DocumentErrors, NotFound
from tallystick.server.designer.domain import change, plans, standing
from tallystick.server.people.actor import needs, request_actor
from tallystick.server.ui.toasts import toast


@needs("designer.run_integration")
@require_POST
def run(request: HttpRequest, name: str) -> HttpResponse:
    """`how`: increment, full or dry; `flow`: one of them, else all."""
    actor = request_actor(request)
    how = request.POST.get("how", "increment")
    flows = [flow] if (flow := request.POST.get("flow", "")) else []
    if how == "dry":
        made = plans.dry_run(actor, name, flows, is_full="full" in request.POST)
        return redirect("designer:plan", made.pk)
    standing.run_now(actor, name, flows, is_full=how == "full")
    toast(request, _("Asked for. It begins as soon as a run that is going has ended."))
    return redirect("designer:one", name)


@needs("designer.pause_integration")
@require_POST
def stand(request: HttpRequest, name: str, what: str) -> HttpResponse:
    """`what`: enable, disable, pause, resume or drain."""
    actor, flow = request_actor(request), request.POST.get("flow", "")
    shown = flow or name
    match what:
        case "enable":
            standing.enable(actor, name)
            told = _("{name} runs on its schedules now.").format(name=shown)
        case "disable":
            standing.disable(actor, name)
            told = _("{name} no longer runs by itself.").format(name=shown)
        case "pause":
            standing.pause(actor, name, flow)
            told = _("{name} is paused: a run that is going stops after the batch at hand.").format(name=shown)
        case "resume":
            standing.resume(actor, name, flow)
            told = _("{name} goes on.").format(name=shown)
        case "drain":
            standing.drain(actor, name)
            told = _("{name} is drained: what is going is finished, nothing new begins.").format(name=shown)
        case _:
            raise NotFound(_("There is no such act."))
    toast(request, told)
    return redirect("designer:one", name)


@needs("designer.change_integration")
@require_POST
def schedule(request: HttpRequest, name: str) -> HttpResponse:
    flow, wanted = request.POST.get("flow", ""), request.POST.get("schedule", "")
    try:
        change.set_schedule(request_actor(request), name, flow, wanted)
    except DocumentErrors as error:
        toast(request, f"{error.faults[0].message} {error.faults[0].hint}", tone="bad")
    else:
        toast(request, _("The schedule of {flow} was changed.").format(flow=flow))
    return redirect("designer:one", name)


@needs("designer.change_integration")
@require_POST
def roll_back(request: HttpRequest, name: str, number: int) -> HttpResponse:
    before = change.current_of(change.integration_of(name)).number
    version = change.roll_back(request_actor(request), name, number)
    undo = reverse("designer:back", args=[name, before]) if version.number != before else ""
    text = _("Version {new} has the text of version {number}.").format(new=version.number, number=number)
    toast(request, text, undo=undo)
    return redirect("designer:one", name)


@needs("designer.delete_integration")
@require_POST
def delete(request: HttpRequest, name: str) -> HttpResponse:
    links = change.delete(request_actor(request), name)["links"]
    kept = ngettext(
        "{name} was deleted. {count} link is kept: import it again to go on where it stopped.",
        "{name} was deleted. {count} links are kept: import it again to go on where it stopped.",
        links,
    )
    toast(request, kept.format(name=name, count=links))
    return redirect("designer:list")


def run_url(run: str) -> str:
    """The page of a run, where the hub has one."""
    try:
        return reverse("ops:run", args=[run])
    except NoReverseMatch:
        return ""
