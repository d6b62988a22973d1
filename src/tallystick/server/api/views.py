"""Pages about webhooks, and the reference of the API."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tallystick.errors import InputRefused
from tallystick.server.api.forms import InletForm, WebhookForm
from tallystick.server.api.models import Attempt, Delivery, Endpoint, Inlet
from tallystick.server.api.service import api
from tallystick.server.api.webhooks import endpoints as actions
from tallystick.server.api.webhooks.kinds import TITLES
from tallystick.server.people.actor import for_everyone, needs, request_actor
from tallystick.server.ui.forms import add_faults
from tallystick.server.ui.paging import page_of
from tallystick.server.ui.toasts import toast

VIEW, CHANGE = "api.view_webhook", "api.change_webhook"
TONES = {"waiting": "info", "delivered": "ok", "failed": "bad"}


@needs(VIEW)
@never_cache
@require_http_methods(["GET", "POST"])
def webhooks(request: HttpRequest) -> HttpResponse:
    """Where webhooks go, and at which addresses others come in; a form posted adds one of these."""
    form = InletForm(request.POST if request.method == "POST" else None)
    made: actions.InletWithSecret | None = None
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        records = [one.strip() for one in given["records"].split(",") if one.strip()]
        try:
            made = actions.add_inlet(
                request_actor(request), connection=given["connection"], records=records, secret=given["secret"]
            )
        except InputRefused as error:
            add_faults(form, error)
        else:
            form = InletForm()
    inlets = [
        (one, request.build_absolute_uri(reverse("webhooks:receive", args=[one.mark])))
        for one in Inlet.objects.order_by("connection", "pk")
    ]
    context = {
        "endpoints": Endpoint.objects.order_by("pk"),
        "inlets": inlets,
        "form": form,
        "made": made,
        "path": request.build_absolute_uri(reverse("webhooks:receive", args=[made.inlet.mark])) if made else "",
    }
    return render(request, "api/webhooks.html", context)


@needs(CHANGE)
@never_cache
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    form = WebhookForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            made = actions.add(request_actor(request), **form.cleaned_data)
        except InputRefused as error:
            add_faults(form, error)
        else:
            return _page(request, made.endpoint, secret=made.secret)
    return render(request, "api/webhook_new.html", {"form": form, "crumbs": _crumbs()})


@needs(VIEW)
@never_cache
@require_http_methods(["GET", "POST"])
def webhook(request: HttpRequest, number: int) -> HttpResponse:
    """One webhook: what it is told, its deliveries; a form posted changes it."""
    found = actions.endpoint_of(request_actor(request), number)
    if request.method != "POST":
        return _page(request, found)
    form = WebhookForm(request.POST)
    if form.is_valid():
        try:
            actions.change(request_actor(request), number, **form.cleaned_data)
        except InputRefused as error:
            add_faults(form, error)
        else:
            toast(request, _("The webhook was saved."))
            return redirect("webhooks:one", number)
    return _page(request, found, form=form)


@needs(CHANGE)
@never_cache
@require_POST
def rotate(request: HttpRequest, number: int) -> HttpResponse:
    made = actions.rotate(request_actor(request), number)
    return _page(request, made.endpoint, secret=made.secret)


@needs(CHANGE)
@require_POST
def switch(request: HttpRequest, number: int) -> HttpResponse:
    is_on = request.POST.get("is_enabled") == "on"
    actions.change(request_actor(request), number, is_enabled=is_on)
    toast(request, _("The webhook is on: it is told what happens from now on.") if is_on else _("The webhook is off."))
    return redirect("webhooks:one", number)


@needs(CHANGE)
@require_POST
def send_test(request: HttpRequest, number: int) -> HttpResponse:
    made = actions.send_test(request_actor(request), number)
    toast(request, _("The test is on its way."))
    return redirect("webhooks:delivery", made.pk)


@needs(CHANGE)
@require_POST
def remove(request: HttpRequest, number: int) -> HttpResponse:
    actions.remove(request_actor(request), number)
    toast(request, _("The webhook was removed."))
    return redirect("webhooks:list")


@needs(VIEW)
@never_cache
@require_safe
def delivery(request: HttpRequest, number: int) -> HttpResponse:
    """One delivery: each try with what was sent and what came back."""
    found = actions.delivery_of(request_actor(request), number)
    crumbs = [*_crumbs(), (str(found.endpoint), reverse("webhooks:one", args=[found.endpoint.pk]))]
    context = {
        "one": found,
        "tone": TONES[str(found.status)],
        "title": _title(found.event.kind),
        "tries": Attempt.objects.filter(delivery=found).order_by("-pk"),
        "crumbs": crumbs,
    }
    return render(request, "api/delivery.html", context)


@needs(CHANGE)
@require_POST
def send_again(request: HttpRequest, number: int) -> HttpResponse:
    made = actions.send_again(request_actor(request), number)
    toast(request, _("It is sent again."))
    return redirect("webhooks:delivery", made.pk)


@needs(CHANGE)
@require_POST
def remove_inlet(request: HttpRequest, number: int) -> HttpResponse:
    actions.remove_inlet(request_actor(request), number)
    toast(request, _("The address was removed."))
    return redirect("webhooks:list")


def _page(request: HttpRequest, one: Endpoint, *, secret: str = "", form: WebhookForm | None = None) -> HttpResponse:
    rows = Delivery.objects.filter(endpoint=one).select_related("event")
    initial = {"address": one.address, "title": one.title, "events": one.events}
    page = page_of(rows, request.GET, order=("-id",))
    context = {
        "one": one,
        "form": form or WebhookForm(initial=initial),
        "secret": secret,
        "page": page,
        "rows": [(row, TONES[str(row.status)], _title(row.event.kind)) for row in page.rows],
        "crumbs": _crumbs(),
    }
    return render(request, "api/webhook.html", context)


def _title(kind: str) -> Any:
    return {str(name): title for name, title in TITLES.items()}.get(kind, _("Test"))


def _crumbs() -> list[tuple[str, str]]:
    return [(_("Webhooks"), reverse("webhooks:list"))]


# --- the reference


@dataclass(frozen=True, slots=True, kw_only=True)
class CallShown:
    ident: str
    method: str
    path: str
    summary: str
    description: str
    permissions: tuple[str, ...]
    parameters: tuple[tuple[str, str, str, bool], ...]  # name, where, what for, needed
    body: tuple[tuple[str, str, bool], ...]  # name, type, needed
    answers: str


@for_everyone
@require_safe
def reference(request: HttpRequest) -> HttpResponse:
    """Every call of the API, as its OpenAPI tells it."""
    groups, count = _reference()
    return render(request, "api/reference.html", {"groups": groups, "count": count})


@cache
def _reference() -> tuple[list[tuple[str, list[CallShown]]], int]:
    schema = api.get_openapi_schema()
    shapes = schema["components"]["schemas"]
    groups: dict[str, list[CallShown]] = {}
    for path, methods in schema["paths"].items():
        for method, call in methods.items():
            groups.setdefault(call["tags"][0], []).append(_call_shown(path, method, call, shapes))
    return list(groups.items()), sum(map(len, groups.values()))


def _call_shown(path: str, method: str, call: dict[str, Any], shapes: dict[str, Any]) -> CallShown:
    content = call.get("requestBody", {}).get("content", {})
    shape = shapes.get(_ref(content.get("application/json", {}).get("schema", {})), {})
    needed = shape.get("required", [])
    body = tuple((name, _type(of), name in needed) for name, of in shape.get("properties", {}).items())
    good: dict[str, Any] = next((one for status, one in call["responses"].items() if str(status).startswith("2")), {})
    kinds = list(good.get("content", {}).items())
    answers = _ref(kinds[0][1].get("schema", {})) or kinds[0][0] if kinds else ""
    return CallShown(
        ident=call["operationId"],
        method=method.upper(),
        path=path,
        summary=call["summary"],
        description=call.get("description", ""),
        permissions=tuple(call["x-permissions"]),
        parameters=tuple(
            (one["name"], one["in"], one.get("description", ""), one["required"]) for one in call["parameters"]
        ),
        body=body,
        answers=answers,
    )


def _ref(schema: dict[str, Any]) -> str:
    return str(schema.get("$ref", "")).rpartition("/")[2]


def _type(schema: dict[str, Any]) -> str:
    if "anyOf" in schema:
        return " | ".join(_type(one) for one in schema["anyOf"])
    if "enum" in schema:
        return " | ".join(map(str, schema["enum"]))
    kind = str(schema.get("type", "")) or _ref(schema) or "any"
    return f"{kind} of {_type(schema['items'])}" if kind == "array" and "items" in schema else kind
