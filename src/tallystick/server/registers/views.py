"""Pages of the register: exceptions to decide about, doubtful serial numbers, settings."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tallystick.errors import InputRefused
from tallystick.server.people.actor import needs, request_actor
from tallystick.server.records import queries as records
from tallystick.server.registers import kinds
from tallystick.server.registers.codes import EXCEPTION_KINDS, EXCEPTION_STATES
from tallystick.server.registers.domain.comparing import COMPARED, compare, watch
from tallystick.server.registers.domain.deciding import APPROVE, CONFIGURE, DECIDE, Decision, configure, decide
from tallystick.server.registers.queries import doubtful_serials
from tallystick.server.ui.forms import add_faults
from tallystick.server.ui.paging import page_of
from tallystick.server.ui.toasts import toast

VIEW = kinds.EXCEPTION.permission("view")
SHOWN_STATES = ("open", "requested", "ignored", "refused", "accepted", "cleared")


@needs(VIEW)
@require_GET
def exceptions(request: HttpRequest) -> HttpResponse:
    actor = request_actor(request)
    found: Any = records.live(kinds.EXCEPTION, actor)
    rows = found.select_related("asset", "device")
    state = request.GET.get("state", "open")
    state = state if state in SHOWN_STATES else "open"
    kind = request.GET.get("kind", "")
    rows = rows.filter(state=state)
    if kind in EXCEPTION_KINDS.codes:
        rows = rows.filter(kind=kind)
    page = page_of(rows, request.GET, order=("-number", "id"))
    offered = {
        "open": ("accept", "request", "ignore"),
        "ignored": ("accept", "request"),
        "requested": ("approve", "refuse"),
    }
    may = {"accept": DECIDE, "request": DECIDE, "ignore": DECIDE, "approve": APPROVE, "refuse": APPROVE}
    return render(
        request,
        "registers/exceptions.html",
        {
            "page": page,
            "state": state,
            "kind": kind,
            "states": [(code, EXCEPTION_STATES.title(code)) for code in SHOWN_STATES],
            "kinds": EXCEPTION_KINDS.titles.items(),
            "decisions": [one for one in offered.get(state, ()) if actor.may(may[one])],
            "fields": {name: kinds.ASSET.fields[name].title for name in COMPARED},
            "compared_at": watch().compared_at,
            "may_compare": actor.may(DECIDE),
            "may_configure": actor.may(CONFIGURE),
        },
    )


@needs(DECIDE, APPROVE)
@require_POST
def decided(request: HttpRequest) -> HttpResponse:
    given = request.POST.get("decision", "")
    if given not in set(Decision):
        raise InputRefused(_("Choose what to do with the exceptions."))
    ids = [id_ for id_ in request.POST.getlist("id") if "\0" not in id_]
    done = decide(request_actor(request), ids, Decision(given), reason=request.POST.get("reason", "").replace("\0", ""))
    if done.states:
        text = ngettext("{count} exception decided.", "{count} exceptions decided.", len(done.states))
        toast(request, text.format(count=len(done.states)))
    if "requested" in done.states.values() and given == Decision.ACCEPT:
        toast(request, _("What counts in the books waits for approval under “Change requested”."))
    for sentence in dict.fromkeys(done.refused.values()):
        toast(request, sentence, tone="bad")
    return redirect(f"{reverse('register:exceptions')}?{request.META.get('QUERY_STRING', '')}".rstrip("?"))


@needs(DECIDE)
@require_POST
def compared(request: HttpRequest) -> HttpResponse:
    found = compare(timezone.now())
    text = _("Compared: {standing} differences, {opened} of them new, {cleared} cleared.")
    toast(request, text.format(standing=found.standing, opened=found.opened, cleared=found.cleared))
    return redirect("register:exceptions")


@needs(kinds.ASSET.permission("view"))
@require_GET
def serials(request: HttpRequest) -> HttpResponse:
    """Duplicate and blank serial numbers."""
    found = doubtful_serials(request_actor(request))
    crumbs = [(kinds.ASSET.plural, reverse("records:list", args=[kinds.ASSET.name]))]
    return render(request, "registers/serials.html", {"found": found, "crumbs": crumbs})


class WatchForm(forms.Form):
    inventory_age_days = forms.IntegerField(
        label=gettext_lazy("Days without a report"),
        min_value=1,
        max_value=3650,
        help_text=gettext_lazy("A device in physical use that has not been seen for longer raises an exception."),
    )
    enters_new = forms.BooleanField(
        label=gettext_lazy("Enter new devices by themselves"),
        required=False,
        help_text=gettext_lazy("A device of a business unit that fits no asset becomes one; else it is an exception."),
    )
    left_out = forms.MultipleChoiceField(
        label=gettext_lazy("Raise no exception about"), required=False, widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *args: Any, **settings: Any) -> None:
        super().__init__(*args, **settings)
        fields = [(name, kinds.ASSET.fields[name].title) for name in COMPARED]
        self.fields["left_out"].choices = [*EXCEPTION_KINDS.titles.items(), *fields]  # type: ignore[attr-defined]


@needs(CONFIGURE)
@require_http_methods(["GET", "POST"])
def settings(request: HttpRequest) -> HttpResponse:
    kept = watch()
    begun = {name: getattr(kept, name) for name in ("inventory_age_days", "enters_new", "left_out")}
    form = WatchForm(request.POST or None, initial=begun)
    if request.method == "POST" and form.is_valid():
        try:
            configure(request_actor(request), **form.cleaned_data)
        except InputRefused as error:
            add_faults(form, error)
        else:
            toast(request, _("Kept."))
            return redirect("register:exceptions")
    crumbs = [(kinds.EXCEPTION.plural, reverse("register:exceptions"))]
    return render(request, "registers/settings.html", {"form": form, "crumbs": crumbs})
