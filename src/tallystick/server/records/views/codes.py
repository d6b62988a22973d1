"""Code sets: what statuses, priorities, types and sources there are to choose from."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tallystick.errors import InputRefused
from tallystick.server.people.actor import needs, request_actor
from tallystick.server.records.codes import KEPT_SETS, TONES, KeptSet
from tallystick.server.records.domain import code_sets
from tallystick.server.ui.forms import add_faults
from tallystick.server.ui.toasts import toast

TONE_TITLES = {
    "ok": gettext_lazy("Good"),
    "info": gettext_lazy("In progress"),
    "warn": gettext_lazy("Take care"),
    "bad": gettext_lazy("Bad"),
    "quiet": gettext_lazy("Plain"),
}


class NewCode(forms.Form):
    """Checked by the action, which knows the set."""

    marks_optional = False

    def __init__(self, codes: KeptSet, data: Any = None) -> None:
        super().__init__(data)
        likes = [("", _("None of them")), *((code, codes.delivered[code]) for code in codes.delivered)]
        self.fields["code"] = forms.CharField(
            label=_("Code"), required=False, help_text=_("What other systems and files say; it is never changed.")
        )
        self.fields["english"] = forms.CharField(label=_("Title in English"), required=False)
        self.fields["russian"] = forms.CharField(label=_("Title in Russian"), required=False)
        if codes.tones:
            tones = [(tone, TONE_TITLES[tone]) for tone in reversed(TONES)]
            self.fields["tone"] = forms.ChoiceField(label=_("Shown as"), required=False, choices=tones)
            self.fields["like"] = forms.ChoiceField(
                label=_("Behaves like"),
                required=False,
                choices=likes,
                help_text=_("For the dates that follow from it."),
            )


@needs(code_sets.MANAGE)
@require_GET
def sets(request: HttpRequest) -> HttpResponse:
    rows = []
    for name, codes in KEPT_SETS.items():
        used_by = [(kind.plural, field.title) for kind, field in code_sets.columns_of(codes)]
        rows.append({"name": name, "codes": codes, "given": list(codes.given.values()), "used_by": used_by})
    return render(request, "records/code_sets.html", {"rows": rows})


@needs(code_sets.MANAGE)
@require_http_methods(["GET", "POST"])
def code_set(request: HttpRequest, name: str) -> HttpResponse:
    """POST saves the titles and how the codes are shown."""
    faults: dict[str, str] = {}
    if request.method == "POST":
        changes = _changes(request, code_sets.code_set(name))
        try:
            count = code_sets.change(request_actor(request), name, changes)
        except InputRefused as error:
            faults = dict(error.fields)
        else:
            toast(request, _("Saved.") if count else _("Nothing was changed."))
            return redirect("records:codes", name)
    return _shown(request, name, faults=faults)


def _changes(request: HttpRequest, codes: KeptSet) -> dict[str, dict[str, Any]]:
    changes: dict[str, dict[str, Any]] = {}
    for code in codes.kept:
        for what in ("english", "russian", "tone", "like"):
            if f"{what}-{code}" in request.POST:
                changes.setdefault(code, {})[what] = request.POST[f"{what}-{code}"].replace("\0", "")
    return changes


@needs(code_sets.MANAGE)
@require_POST
def add(request: HttpRequest, name: str) -> HttpResponse:
    codes = code_sets.code_set(name)
    form = NewCode(codes, request.POST)
    values = {key: request.POST.get(key, "").replace("\0", "") for key in ("english", "russian", "tone", "like")}
    try:
        code_sets.add(request_actor(request), name, request.POST.get("code", "").strip().replace("\0", ""), **values)
    except InputRefused as error:
        form.is_valid()
        add_faults(form, error)
        return _shown(request, name, form=form)
    toast(request, _("Added."))
    return redirect("records:codes", name)


@needs(code_sets.MANAGE)
@require_POST
def act(request: HttpRequest, name: str, code: str, what: str) -> HttpResponse:
    """`what`: up, down, retire, return or remove."""
    actor = request_actor(request)
    try:
        match what:
            case "up" | "down":
                code_sets.move(actor, name, code, is_up=what == "up")
            case "retire" | "return":
                code_sets.change(actor, name, {code: {"is_retired": what == "retire"}})
            case _:
                code_sets.remove(actor, name, code)
                toast(request, _("Removed."))
    except InputRefused as error:
        toast(request, error.message, tone="bad")
    return redirect("records:codes", name)


def _shown(
    request: HttpRequest, name: str, *, faults: dict[str, str] | None = None, form: NewCode | None = None
) -> HttpResponse:
    codes = code_sets.code_set(name)
    rows = []
    for one in code_sets.shown(request_actor(request), name):
        row: dict[str, Any] = {"shown": one}
        for language in code_sets.LANGUAGES:
            sent = request.POST.get(f"{language}-{one.code}") if faults else None
            row[language] = getattr(one.kept, language) if sent is None else sent
            row[f"{language}_fault"] = (faults or {}).get(f"{one.code}.{language}", "")
            row[f"{language}_delivered"] = one.delivered[language]
        row["can_leave"] = codes.can_grow and not one.is_default
        rows.append(row)
    context = {
        "codes": codes,
        "name": name,
        "rows": rows,
        "faults": dict.fromkeys((faults or {}).values()),
        "form": form or NewCode(codes),
        "tones": [(tone, TONE_TITLES[tone]) for tone in reversed(TONES)],
        "likes": list(codes.delivered.items()),
        "most": code_sets.COUNTED,
        "crumbs": [(_("Code sets"), reverse("records:code_sets"))],
    }
    return render(request, "records/codes.html", context, status=422 if faults or form else 200)
