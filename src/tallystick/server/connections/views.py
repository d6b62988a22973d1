"""Pages about systems: the list, one of them, adding and editing, trying, what it holds."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tallystick.connectors import kinds
from tallystick.errors import AddressRefused, InputRefused, TallystickError
from tallystick.server.connections.domain import change, trial
from tallystick.server.connections.domain.using import users_of
from tallystick.server.connections.forms import ConnectionForm
from tallystick.server.connections.queries import connections_for, settings_kept
from tallystick.server.connections.words import CONNECTORS, Offer, health_badge
from tallystick.server.people.actor import needs, request_actor
from tallystick.server.ui.forms import add_faults
from tallystick.server.ui.toasts import toast

VIEW, ADD, CHANGE = "connections.view_connection", "connections.add_connection", "connections.change_connection"
DELETE, TEST = "connections.delete_connection", "connections.test_connection"


@needs(VIEW)
@never_cache
@require_safe
def connection_list(request: HttpRequest) -> HttpResponse:
    rows = [
        {"one": one, "badge": health_badge(one.health), "connector": CONNECTORS.get(one.connector)}
        for one in connections_for(request_actor(request))
    ]
    return render(request, "connections/list.html", {"rows": rows})


@needs(ADD)
@require_safe
def choose(request: HttpRequest) -> HttpResponse:
    offers = [CONNECTORS.get(kind) or Offer(title=kind, note="", icon="extension") for kind in kinds()]
    shown = [(kind, offer) for kind, offer in zip(kinds(), offers, strict=True) if kind != "memory"]
    return render(request, "connections/choose.html", {"offers": shown, "crumbs": _crumbs()})


@needs(ADD)
@never_cache
@require_http_methods(["GET", "POST"])
def add(request: HttpRequest, connector: str) -> HttpResponse:
    form = ConnectionForm(connector, request.POST if request.method == "POST" else None)
    if request.method == "POST":
        form.is_valid()
        try:
            made = change.add(
                request_actor(request),
                name=form.cleaned_data.get("name", ""),
                title=form.cleaned_data.get("title", ""),
                connector=connector,
                settings=form.given(),
            )
        except (InputRefused, AddressRefused) as error:
            _tell(form, error)
        else:
            toast(request, _("{name} was added. Test it, then use it in an integration.").format(name=made))
            return redirect("connections:one", made.name)
    crumbs = [*_crumbs(), (_("Add a system"), reverse("connections:new"))]
    return _form_page(request, form, connector, crumbs=crumbs)


@needs(CHANGE)
@never_cache
@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, name: str) -> HttpResponse:
    one = change.connection_of(name)
    form = ConnectionForm(one.connector, request.POST if request.method == "POST" else None, of=one)
    if request.method == "POST":
        form.is_valid()
        seen = request.POST.get("version", "")
        try:
            change.edit(
                request_actor(request),
                name,
                title=form.cleaned_data.get("title", ""),
                settings=form.given(),
                without=form.forgotten(),
                version=int(seen) if seen.isdecimal() else None,
            )
        except (InputRefused, AddressRefused) as error:
            _tell(form, error)
        else:
            toast(request, _("{name} was changed. Test it to see that it still answers.").format(name=one))
            return redirect("connections:one", name)
    crumbs = [*_crumbs(), (str(one), reverse("connections:one", args=[name]))]
    return _form_page(request, form, one.connector, crumbs=crumbs, one=one)


@needs(ADD, CHANGE)
@never_cache
@require_POST
def try_out(request: HttpRequest, connector: str) -> HttpResponse:
    """A fragment: what came of trying the settings in the form."""
    of = request.POST.get("of", "")
    form = ConnectionForm(connector, request.POST, of=change.connection_of(of) if of else None)
    form.is_valid()
    context: dict[str, Any] = {}
    try:
        context["trial"] = trial.try_out(request_actor(request), connector=connector, settings=form.given(), of=of)
    except InputRefused as error:
        labels = {field: form.fields[field].label for field in form.fields}
        context["faults"] = [(labels.get(field, field), fault) for field, fault in error.fields.items()]
        context["message"] = error.message
    return render(request, "connections/trial.html", context)


@needs(VIEW)
@never_cache
@require_safe
def one(request: HttpRequest, name: str) -> HttpResponse:
    found = change.connection_of(name)
    context = {
        "one": found,
        "badge": health_badge(found.health),
        "offer": CONNECTORS.get(found.connector),
        "settings": [kept for kept in settings_kept(found) if kept.is_kept],
        "users": users_of(name),
        "crumbs": _crumbs(),
    }
    return render(request, "connections/one.html", context)


@needs(TEST)
@never_cache
@require_POST
def test(request: HttpRequest, name: str) -> HttpResponse:
    """With htmx the health of the connection as it is now; without, back to its page."""
    tried = trial.test(request_actor(request), name)
    if request.headers.get("HX-Request") != "true":
        toast(request, tried.message, tone="ok" if tried.is_ok else "bad")
        return redirect("connections:one", name)
    found = change.connection_of(name)
    context = {"one": found, "badge": health_badge(found.health), "trial": tried}
    return render(request, "connections/health.html", context)


@needs(TEST)
@never_cache
@require_safe
def holds(request: HttpRequest, name: str) -> HttpResponse:
    """A fragment: record types, fields, capabilities."""
    context: dict[str, Any] = {"name": name}
    try:
        found = trial.discover(request_actor(request), name, is_fresh="fresh" in request.GET)
    except TallystickError as error:
        context["error"] = error
    else:
        context["record_types"] = found.record_types
        context["one"] = change.connection_of(name)
    return render(request, "connections/holds.html", context)


@needs(DELETE)
@require_POST
def remove(request: HttpRequest, name: str) -> HttpResponse:
    change.remove(request_actor(request), name)
    toast(request, _("The connection {name} was removed.").format(name=name))
    return redirect("connections:list")


def _tell(form: ConnectionForm, error: InputRefused | AddressRefused) -> None:
    if isinstance(error, InputRefused):
        told = {name: fault for name, fault in error.fields.items() if name not in form.errors}
        if told or not error.fields:
            add_faults(form, InputRefused(error.message, fields=told, hint=error.hint))
    else:
        form.add_error(None, f"{error.message} {error.hint}")


def _form_page(
    request: HttpRequest, form: ConnectionForm, connector: str, *, crumbs: list[tuple[str, str]], one: Any = None
) -> HttpResponse:
    context = {"form": form, "connector": connector, "offer": CONNECTORS.get(connector), "crumbs": crumbs, "one": one}
    status = 422 if form.is_bound else 200
    return render(request, "connections/form.html", context, status=status)


def _crumbs() -> list[tuple[str, str]]:
    return [(_("Systems"), reverse("connections:list"))]
