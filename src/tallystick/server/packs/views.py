"""Pages of packs: what there is, how far it is set up, its operations, and the assets to reconcile."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tallystick.errors import InputRefused, NotFound
from tallystick.server.packs import queries, reconciling, tours
from tallystick.server.packs.catalogue import Pack, pack_of, packs
from tallystick.server.packs.desk import choose
from tallystick.server.packs.domain.installing import ADD, install
from tallystick.server.packs.domain.running import enable as let_flow
from tallystick.server.packs.domain.running import run
from tallystick.server.packs.domain.units import switch
from tallystick.server.people.actor import needs, request_actor
from tallystick.server.records.domain.references import id_of
from tallystick.server.records.models import Account
from tallystick.server.records.record_types import record_type
from tallystick.server.review.domain.decide import ANSWER
from tallystick.server.ui.forms import add_faults
from tallystick.server.ui.toasts import toast

VIEW = "designer.view_integration"
CHANGE = "designer.change_integration"
RUN = "designer.run_integration"
PAUSE = "designer.pause_integration"


@needs(VIEW)
@require_GET
def catalogue(request: HttpRequest) -> HttpResponse:
    rows = [(pack, queries.installed(pack)) for pack in packs().values()]
    return render(request, "packs/catalogue.html", {"rows": rows, "may_install": request_actor(request).may(ADD)})


class InstallForm(forms.Form):
    company = forms.CharField(
        label=gettext_lazy("Your own company"),
        help_text=gettext_lazy("The account, by its number like A-12 or its name."),
    )
    register_url = forms.CharField(
        label=gettext_lazy("Address of another register"),
        required=False,
        help_text=gettext_lazy("A database like postgresql://user@host/name. Empty: the hub's own register."),
    )


@needs(ADD)
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest, name: str) -> HttpResponse:
    pack = pack_of(name)
    actor = request_actor(request)
    form = InstallForm(request.POST or None, initial={"company": _only_company()})
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            values = {"company": _account(request, given["company"])}
            install(actor, pack, values=values, register_url=given["register_url"].strip())
        except InputRefused as error:
            add_faults(form, error)
        else:
            toast(request, _("The pack is installed. Nothing flows before you switch a business unit on."))
            return redirect("packs:pack", pack.pack)
    crumbs = [(_("Packs"), reverse("packs:catalogue"))]
    return render(request, "packs/install.html", {"pack": pack, "form": form, "crumbs": crumbs})


@needs(VIEW)
@require_GET
def one(request: HttpRequest, name: str) -> HttpResponse:
    pack = pack_of(name)
    if not queries.installed(pack):
        return redirect("packs:new", pack.pack) if request_actor(request).may(ADD) else redirect("packs:catalogue")
    actor = request_actor(request)
    return render(
        request,
        "packs/pack.html",
        {
            "pack": pack,
            "tour": tours.named(pack.pack),
            "steps": queries.set_up(pack),
            "units": queries.units(pack),
            "operations": queries.offered(pack),
            "waiting": reconciling.waiting(pack),
            "may_change": actor.may(CHANGE),
            "may_run": actor.may(RUN),
            "may_enable": actor.may(PAUSE),
            "crumbs": [(_("Packs"), reverse("packs:catalogue"))],
        },
    )


@needs(CHANGE)
@require_POST
def switch_unit(request: HttpRequest, name: str) -> HttpResponse:
    pack = _installed(name)
    if pack.units is None:
        raise NotFound(_("This pack has no switch for business units."))
    unit, is_on = request.POST.get("unit", "").replace("\0", ""), request.POST.get("to") == "on"
    switch(request_actor(request), pack.units, unit, is_on=is_on)
    sentence = _("{unit} takes part from now on.") if is_on else _("{unit} takes part no longer; its links rest.")
    toast(request, sentence.format(unit=unit.strip()))
    return redirect("packs:pack", pack.pack)


@needs(RUN)
@require_POST
def run_operation(request: HttpRequest, name: str) -> HttpResponse:
    pack = _installed(name)
    wanted = request.POST.get("operation", "")
    run(request_actor(request), pack, wanted)
    toast(request, _("{operation} is asked for; it begins as soon as a worker is free.").format(operation=wanted))
    return redirect("packs:pack", pack.pack)


@needs(PAUSE)
@require_POST
def enable(request: HttpRequest, name: str) -> HttpResponse:
    pack = _installed(name)
    let_flow(request_actor(request), pack)
    toast(request, _("Changes flow by themselves from now on."))
    return redirect("packs:pack", pack.pack)


@needs("review.view_question", ANSWER)
@require_GET
def reconciliation(request: HttpRequest, name: str) -> HttpResponse:
    pack = _installed(name)
    crumbs = [(_("Packs"), reverse("packs:catalogue")), (pack.title, reverse("packs:pack", args=[pack.pack]))]
    context: dict[str, Any] = {"pack": pack, "page": reconciling.page(pack, request.GET), "crumbs": crumbs}
    context["may_decide"] = request_actor(request).may(ANSWER)
    return render(request, "packs/reconciliation.html", context)


@needs("records.change_case")
@require_POST
def choose_asset(request: HttpRequest, case: str) -> HttpResponse:
    """The agent says which of the caller's assets the case is about."""
    choose(request_actor(request), case, request.POST.get("asset", "").replace("\0", ""))
    toast(request, _("The case is about this asset now."))
    return redirect("records:detail", "case", case)


def _installed(name: str) -> Pack:
    pack = pack_of(name)
    if not queries.installed(pack):
        raise NotFound(_("The pack {pack} is not installed.").format(pack=pack.title), hint=_("Install it first."))
    return pack


def _account(request: HttpRequest, text: str) -> str:
    asset = record_type("location").fields["account"]
    try:
        return id_of(asset, request_actor(request), text.replace("\0", ""))
    except LookupError as fault:
        raise InputRefused(_("The pack was not installed."), fields={"company": str(fault)}) from fault


def _only_company() -> str:
    """Where there is one account alone it is meant."""
    names = list(Account.objects.filter(gone_at__isnull=True).values_list("name", flat=True)[:2])
    return str(names[0]) if len(names) == 1 else ""
