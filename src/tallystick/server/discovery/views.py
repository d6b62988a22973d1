"""Pages of discovery: keys for agents, and the programs of a device."""

from __future__ import annotations

from django import forms
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tallystick.errors import InputRefused
from tallystick.server.discovery import queries
from tallystick.server.discovery.domain.keys import MANAGE, make_key, revoke_key
from tallystick.server.discovery.kinds import DEVICE
from tallystick.server.discovery.models import AgentKey
from tallystick.server.people.actor import needs, request_actor
from tallystick.server.records import queries as records
from tallystick.server.records.titles import url_of
from tallystick.server.ui.forms import add_faults
from tallystick.server.ui.paging import page_of
from tallystick.server.ui.toasts import toast


class KeyForm(forms.Form):
    name = forms.CharField(
        label=gettext_lazy("Name"), max_length=100, help_text=gettext_lazy("Whose machines will use it.")
    )
    business_unit = forms.CharField(
        label=gettext_lazy("Business unit"),
        max_length=20,
        required=False,
        help_text=gettext_lazy("Devices that report with this key belong to it."),
    )
    frequency_h = forms.IntegerField(
        label=gettext_lazy("Hours between reports"), initial=24, min_value=1, max_value=720
    )


@needs(MANAGE)
@require_GET
def keys(request: HttpRequest) -> HttpResponse:
    page = page_of(AgentKey.objects.all(), request.GET, order=("-id",))
    return render(request, "discovery/keys.html", {"page": page, "address": _address(request)})


@needs(MANAGE)
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    form = KeyForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            made = make_key(request_actor(request), **form.cleaned_data)
        except InputRefused as error:
            add_faults(form, error)
        else:
            answer = render(request, "discovery/made.html", {"made": made, "address": _address(request)})
            answer["Cache-Control"] = "no-store"
            return answer
    crumbs = [(_("Inventory agents"), reverse("discovery:keys"))]
    return render(request, "discovery/new.html", {"form": form, "crumbs": crumbs})


@needs(MANAGE)
@require_POST
def revoke(request: HttpRequest, number: int) -> HttpResponse:
    key = revoke_key(request_actor(request), number)
    toast(request, _("Agents with the key {name} are refused from now on.").format(name=key.name))
    return redirect("discovery:keys")


@needs(DEVICE.permission("view"))
@require_GET
def programs(request: HttpRequest, device: str) -> HttpResponse:
    """Everything installed on one device."""
    found = records.one(DEVICE, request_actor(request), device)
    words = request.GET.get("q", "").strip().replace("\0", "")
    page = page_of(queries.programs_of(request_actor(request), device, words), request.GET, order=("name", "id"))
    crumbs = [(DEVICE.plural, reverse("records:list", args=[DEVICE.name])), (str(found.name), url_of(DEVICE, device))]  # type: ignore[attr-defined]
    return render(request, "discovery/programs.html", {"page": page, "device": found, "crumbs": crumbs, "words": words})


def _address(request: HttpRequest) -> str:
    """Where agents report to."""
    base = settings.CONFIGURATION.address or request.build_absolute_uri("/").rstrip("/")
    return f"{base}{reverse('discovery:inventory')}"
