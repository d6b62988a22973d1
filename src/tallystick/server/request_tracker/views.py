"""Pages of Request Tracker: which queues are connected and how they do; the form of one."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tallystick.errors import InputRefused
from tallystick.server.connections.models import Connection
from tallystick.server.messages.domain.partners import CHANGE
from tallystick.server.people.actor import needs, request_actor
from tallystick.server.request_tracker.domain import trackers
from tallystick.server.request_tracker.forms import QueueForm
from tallystick.server.request_tracker.models import Tracker
from tallystick.server.request_tracker.opening import CONNECTOR
from tallystick.server.ui.forms import add_faults
from tallystick.server.ui.paging import page_of
from tallystick.server.ui.toasts import toast

VIEW = "messaging.view_peer"


@needs(VIEW)
@never_cache
@require_safe
def queues(request: HttpRequest) -> HttpResponse:
    page = page_of(trackers.in_use(), request.GET, order=("id",))
    rows = [{"one": one, "orders": one.orders.count(), "unmapped": trackers.unmapped(one)} for one in page.rows]
    context = {
        "page": page,
        "rows": rows,
        "may_change": request_actor(request).may(CHANGE),
        "has_connection": Connection.objects.filter(connector=CONNECTOR).exists(),
        "crumbs": _crumbs(),
    }
    return render(request, "request_tracker/queues.html", context)


@needs(CHANGE)
@never_cache
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    form = QueueForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            trackers.add(request_actor(request), name=given["name"], title=given["title"], wanted=form.wanted)
        except InputRefused as error:
            add_faults(form, _at_form(error))
        else:
            toast(request, _("Tickets of {queue} become work orders from now on.").format(queue=given["queue"]))
            return redirect("request_tracker:queues")
    return _form_page(request, form, title=_("Connect a queue"), act=_("Connect"))


@needs(CHANGE)
@never_cache
@require_http_methods(["GET", "POST"])
def queue(request: HttpRequest, number: int) -> HttpResponse:
    tracker = trackers.tracker_of(number)
    form = QueueForm(request.POST if request.method == "POST" else None, tracker=tracker)
    if request.method == "POST" and form.is_valid():
        try:
            trackers.change(request_actor(request), number, title=form.cleaned_data["title"], wanted=form.wanted)
        except InputRefused as error:
            add_faults(form, _at_form(error))
        else:
            toast(request, _("Saved."))
            return redirect("request_tracker:queues")
    return _form_page(request, form, title=str(tracker), act=_("Save"), tracker=tracker)


@needs(CHANGE)
@require_POST
def delete(request: HttpRequest, number: int) -> HttpResponse:
    tracker = trackers.delete(request_actor(request), number)
    toast(request, _("{name} is deleted; its work orders and messages stay.").format(name=tracker))
    return redirect("request_tracker:queues")


def _form_page(
    request: HttpRequest, form: QueueForm, *, title: str, act: str, tracker: Tracker | None = None
) -> HttpResponse:
    crumbs = [*_crumbs(), (_("Request Tracker"), reverse("request_tracker:queues"))]
    context = {"form": form, "title": title, "act": act, "crumbs": crumbs, "tracker": tracker}
    return render(request, "request_tracker/queue.html", context, status=422 if form.errors else 200)


def _at_form(error: InputRefused) -> InputRefused:
    fields = {"fields_given" if name == "fields" else name: text for name, text in error.fields.items()}
    return InputRefused(error.message, fields=fields, hint=error.hint)


def _crumbs() -> list[tuple[str, str]]:
    return [
        (_("Messages"), reverse("messaging:monitor")),
        (_("Message partners"), reverse("messaging:peers")),
    ]
