"""The pages about the journal, single records and links; and what Prometheus reads."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseForbidden
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from prometheus_client import CONTENT_TYPE_LATEST

from tallystick.errors import InputRefused, TallystickError
from tallystick.server.ops import journal_pages, link_pages, metrics, places, story_pages, why_pages
from tallystick.server.ops.documents import integration_of
from tallystick.server.ops.domain import links as actions
from tallystick.server.ops.forms import JournalFilter, LinkForm, LinksFilter, WhyForm
from tallystick.server.people.actor import needs, request_actor
from tallystick.server.people.domain.tokens import actor_of_token
from tallystick.server.state.of_hub import looking
from tallystick.server.ui.forms import add_faults
from tallystick.server.ui.toasts import toast

JOURNAL = "ops.view_journal"
LINKS = "ops.view_link"
CHANGE = actions.CHANGE
LOCAL = ("127.0.0.1", "::1")
HANDED_ON = (
    "HTTP_X_FORWARDED_HOST",
    "HTTP_X_FORWARDED_FOR",
    "HTTP_X_FORWARDED_PROTO",
    "HTTP_X_REAL_IP",
    "HTTP_FORWARDED",
    "HTTP_VIA",
)
"""What proxies say of those they speak for."""
LOCAL_HOSTS = ("localhost", "127.0.0.1", "[::1]", "testserver")


@needs(JOURNAL)
@require_safe
def journal(request: HttpRequest) -> HttpResponse:
    found = journal_pages.journal(request.GET)
    if request.headers.get("HX-Request") == "true":
        return render(request, "ops/journal_lines.html", {"found": found})
    form = JournalFilter(request.GET, looking().integrations(), looking().people())
    return render(request, "ops/journal.html", {"found": found, "filter": form})


@needs(JOURNAL)
@require_safe
def why(request: HttpRequest) -> HttpResponse:
    """Is the record in sync, and if not, why."""
    place = places.place_of(request.GET)
    kinds = places.kinds()
    initial = {}
    if place is not None:
        kind = places.Kind(integration=place.integration, system=place.system, record=place.record)
        initial = {"kind": kind.value, "id": place.id}
    context: dict[str, object] = {"place": place, "form": WhyForm(None, kinds, initial), "has_kinds": bool(kinds)}
    if place is not None:
        try:
            context["answers"] = why_pages.why(place, request_actor(request).name)
        except TallystickError as error:  # shown beside the form, which stays filled in
            context["fault"] = error
    elif request.GET:
        context["fault"] = InputRefused("Name a record by its type and its id.")
    return render(request, "ops/why.html", context)


@needs(JOURNAL)
@require_safe
def story(request: HttpRequest) -> HttpResponse:
    """Which system, run, rule or person gave a field each of its values."""
    place = places.check_place(places.place_of(request.GET))
    found = story_pages.story(place, request.GET.get("field", ""))
    return render(request, "ops/story.html", {"found": found, "place": place})


@needs(LINKS)
@require_safe
def links(request: HttpRequest) -> HttpResponse:
    scopes = looking().scopes()
    flows = dict.fromkeys(f"{line.scope.integration}/{line.scope.flow}" for line in scopes)
    context = {
        "found": link_pages.links(request.GET),
        "filter": LinksFilter(request.GET, flows),
        "linked": sum(line.linked for line in scopes),
    }
    return render(request, "ops/links.html", context)


@needs(LINKS)
@require_safe
def link(request: HttpRequest, number: int) -> HttpResponse:
    return render(request, "ops/link.html", {"found": link_pages.link(number)})


@needs(CHANGE)
@require_POST
def unlink(request: HttpRequest, number: int) -> HttpResponse:
    actions.unlink(request_actor(request), number, note=request.POST.get("note", "")[:2_000].strip())
    toast(request, _("The link rests: both records stay, and nothing flows between them."))
    return redirect("ops:link", number)


@needs(CHANGE)
@require_http_methods(["GET", "HEAD", "POST"])
def new_link(request: HttpRequest) -> HttpResponse:
    """Links two records by hand."""
    flows = [
        (f"{name}/{flow.name}", f"{name} · {flow.name}: {flow.left.system} – {flow.right.system}")
        for name in looking().integrations()
        if (integration := integration_of(looking(), name)) is not None
        for flow in integration.flows
    ]
    initial = {name: request.GET.get(name, "") for name in ("flow", "left", "right")}
    form = LinkForm(request.POST if request.method == "POST" else None, flows, initial)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        integration, _slash, flow = given["flow"].partition("/")
        try:
            run = actions.link(
                request_actor(request), integration, flow, given["left"], given["right"], note=given["note"]
            )
        except InputRefused as error:
            add_faults(form, error)
        else:
            toast(request, _("The records are linked and agree."))
            return redirect("ops:run", run)
    status = 422 if form.errors else 200
    return render(request, "ops/new_link.html", {"form": form, "has_flows": bool(flows)}, status=status)


@login_not_required
@never_cache
@require_safe
def read_metrics(request: HttpRequest) -> HttpResponse:
    """For this machine itself, or with the API token of somebody who may see runs."""
    token = request.headers.get("Authorization", "").removeprefix("Bearer ").strip()
    if token:
        actor_of_token(token, address=request.META.get("REMOTE_ADDR") or "").check("ops.view_run")
    elif not _is_local(request):
        return HttpResponseForbidden(
            "Metrics need an API token: Authorization: Bearer ...\n", content_type="text/plain"
        )
    return HttpResponse(metrics.text(), content_type=CONTENT_TYPE_LATEST)


def _is_local(request: HttpRequest) -> bool:
    """Asked on this machine by this machine's name: what a proxy hands on has another name."""
    host = request.get_host().rpartition(":")[0] or request.get_host()
    is_handed_on = any(name in request.META for name in HANDED_ON)
    return request.META.get("REMOTE_ADDR") in LOCAL and host in LOCAL_HOSTS and not is_handed_on
