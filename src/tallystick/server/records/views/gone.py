"""Deleted objects: what was deleted, archived or merged, and the way back. Source: spec/pim.md P27."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from tallystick.server.people.actor import needs, request_actor
from tallystick.server.records import gone
from tallystick.server.records.domain import actions, merging, returning
from tallystick.server.records.entry import ABSENCES
from tallystick.server.records.record_types import BY_NAME
from tallystick.server.records.views import DELETE, kind_of
from tallystick.server.ui.toasts import toast

MOST_TOLD = 5


class GoneFilter(forms.Form):
    def __init__(self, kinds: tuple[Any, ...], data: Any) -> None:
        super().__init__(data)
        search = forms.TextInput({"type": "search", "data-key": "/"})
        search.input_type = "search"
        day = {"type": "date"}
        any_ = ("", _("Any"))
        self.fields["q"] = forms.CharField(label=_("Search"), required=False, widget=search)
        types = [any_, *((kind.name, kind.plural) for kind in kinds)]
        self.fields["type"] = forms.ChoiceField(label=_("Type"), required=False, choices=types)
        whys = [any_, *((why, ABSENCES.titles[why]) for why in gone.WHYS)]
        self.fields["why"] = forms.ChoiceField(label=_("What happened"), required=False, choices=whys)
        self.fields["by"] = forms.CharField(label=_("By whom"), required=False)
        self.fields["since"] = forms.CharField(label=_("From day"), required=False, widget=forms.TextInput(day))
        self.fields["until"] = forms.CharField(label=_("To day"), required=False, widget=forms.TextInput(day))


@needs(*DELETE)
@require_GET
def deleted(request: HttpRequest) -> HttpResponse:
    actor = request_actor(request)
    wanted = gone.wanted_of(actor, request.GET)
    page = gone.page_of(actor, wanted, request.GET)
    query = request.GET.copy()
    for name in ("after", "before"):
        query.pop(name, None)
    context = {
        "form": GoneFilter(gone.kinds_for(actor), request.GET),
        "page": page,
        "rows": [(row, ABSENCES.titles[row.why], ABSENCES.tone(row.why)) for row in page.rows],
        "is_narrowed": any(request.GET.get(name) for name in ("q", "type", "why", "by", "since", "until")),
        "query": query.urlencode(),
        "all_at_once": min(page.count, gone.MOST_AT_ONCE) if not page.is_more else gone.MOST_AT_ONCE,
    }
    return render(request, "records/deleted.html", context)


@needs(*DELETE)
@require_POST
def bring_back(request: HttpRequest) -> HttpResponse:
    """Those that were chosen, or with `all` everything that fits the filters."""
    actor = request_actor(request)
    query = QueryDict(request.POST.get("query", ""))
    if request.POST.get("all"):
        which = gone.ids_of(actor, gone.wanted_of(actor, query))
    else:
        which = {}
        for one in request.POST.getlist("id")[: gone.MOST_AT_ONCE]:
            name, _colon, id_ = one.partition(":")
            if name in BY_NAME and id_:
                which.setdefault(name, []).append(id_)
    found = returning.bring_back(actor, which)
    if found.count:
        toast(
            request,
            ngettext("{count} record restored.", "{count} records restored.", found.count).format(count=found.count),
        )
    elif not which:
        toast(request, _("Nothing was chosen."), tone="bad")
    _tell(request, (*found.refused, *found.kept))
    return redirect(f"{reverse('records:deleted')}?{query.urlencode()}")


def _tell(request: HttpRequest, sentences: tuple[str, ...]) -> None:
    told = list(dict.fromkeys(sentences))
    for sentence in told[:MOST_TOLD]:
        toast(request, sentence, tone="bad")
    if len(told) > MOST_TOLD:
        count = len(told) - MOST_TOLD
        toast(request, ngettext("And {count} more.", "And {count} more.", count).format(count=count), tone="bad")


@needs(*DELETE)
@require_POST
def archive(request: HttpRequest, type_: str) -> HttpResponse:
    kind = kind_of(type_)
    ids = request.POST.getlist("id")[: actions.MOST_AT_ONCE]
    done = actions.archive(request_actor(request), kind.name, ids)
    if done.done:
        text = ngettext("{count} record archived.", "{count} records archived.", len(done.done))
        toast(request, text.format(count=len(done.done)))
    for sentence in dict.fromkeys(done.refused.values()):
        toast(request, sentence, tone="bad")
    query = request.POST.get("query", "")
    return redirect(reverse("records:list", args=[kind.name]) + (f"?{query}" if query else ""))


@needs(*DELETE)
@require_POST
def take_back(request: HttpRequest, type_: str, id_: str) -> HttpResponse:
    """Takes the merge back by which the record went."""
    kind = kind_of(type_)
    back = merging.take_back(request_actor(request), kind.name, id_)
    toast(request, _("The merge is taken back; both records are there again."))
    _tell(request, back.kept)
    return redirect("records:detail", kind.name, id_)
