"""Two records side by side: for each field which value is right, then one of them goes."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from tallystick.errors import ChangedMeanwhile, InputRefused
from tallystick.model.value import FieldType
from tallystick.server.people.actor import Actor, needs, request_actor
from tallystick.server.records import queries, shown
from tallystick.server.records.domain import merging
from tallystick.server.records.domain.pairs import Pair, Take, compare
from tallystick.server.records.domain.references import id_of_text
from tallystick.server.records.forms import ReferenceInput
from tallystick.server.records.record_types import RecordType
from tallystick.server.records.titles import Titles, url_of
from tallystick.server.records.values import listed
from tallystick.server.records.views import DELETE, kind_of
from tallystick.server.ui.toasts import toast


class OtherForm(forms.Form):
    """The record to merge with."""

    def __init__(self, kind: RecordType, titles: Titles, data: Any = None) -> None:
        super().__init__(data)
        self.fields["with"] = forms.CharField(
            label=_("The other record"),
            widget=ReferenceInput.to(kind.name, titles),
            help_text=_("Type a part of its name or its number."),
        )


@needs(*DELETE)
@require_http_methods(["GET", "POST"])
def merge(request: HttpRequest, type_: str, id_: str) -> HttpResponse:
    """`?with=` names the other one. The record of the address stays, unless they are swapped."""
    kind = kind_of(type_)
    actor = request_actor(request)
    actor.check(kind.permission("change"))
    actor.check(kind.permission("delete"))
    queries.one(kind, actor, id_)
    titles = Titles(actor)
    form = OtherForm(kind, titles, request.GET if "with" in request.GET else None)
    around = {
        "kind": kind,
        "id": id_,
        "form": form,
        "back": url_of(kind, id_),
        "crumbs": [(kind.plural, reverse("records:list", args=[kind.name]))],
    }
    if not form.is_valid():
        return render(request, "records/merge_with.html", around, status=422 if form.is_bound else 200)
    try:
        other = id_of_text(kind, actor, form.cleaned_data["with"])
        pair = compare(actor, kind.name, id_, other)
    except LookupError as fault:
        form.add_error("with", str(fault)[:1].upper() + str(fault)[1:])
        return render(request, "records/merge_with.html", around, status=422)
    except InputRefused as error:
        form.add_error("with", error.message)
        return render(request, "records/merge_with.html", around, status=422)
    faults: list[str] = []
    if request.method == "POST":
        try:
            done = merging.merge(actor, kind.name, id_, other, _takes(request), versions=_versions(request))
        except (InputRefused, ChangedMeanwhile) as error:
            faults = [str(error)]
            pair = compare(actor, kind.name, id_, other)
        else:
            _tell(request, kind, pair, done)
            return redirect("records:detail", kind.name, id_)
    context = {**around, **_shown(kind, actor, pair, _takes(request), titles), "faults": faults, "other": other}
    return render(request, "records/merge.html", context, status=409 if faults else 200)


@needs(*DELETE)
@require_POST
def merge_chosen(request: HttpRequest, type_: str) -> HttpResponse:
    """From a list: the first of the two stays, unless they are swapped."""
    kind = kind_of(type_)
    ids = request.POST.getlist("id")
    if len(ids) != 2:
        toast(request, _("Choose exactly two records to merge."), tone="bad")
        return redirect("records:list", kind.name)
    page = reverse("records:merge", args=[kind.name, ids[0]])
    return redirect(f"{page}?{urlencode({'with': ids[1]})}")


def _takes(request: HttpRequest) -> dict[str, Take]:
    sent = {name.removeprefix("take-"): value for name, value in request.POST.items() if name.startswith("take-")}
    return {name: Take(value) for name, value in sent.items() if value in tuple(Take)}


def _versions(request: HttpRequest) -> tuple[int, int] | None:
    first, _comma, second = request.POST.get("versions", "").partition(",")
    is_right = first.isdecimal() and second.isdecimal() and len(first + second) < 36
    return (int(first), int(second)) if is_right else None


def _shown(kind: RecordType, actor: Actor, pair: Pair, chosen: dict[str, Take], titles: Titles) -> dict[str, Any]:
    rows = [pair.survivor.values, pair.loser.values]
    titles.load(kind, list(kind.own), rows)
    choices = []
    for choice in pair.choices:
        name = choice.field.name
        both = dict.fromkeys((*listed(choice.survivor), *listed(choice.loser))) if len(choice.takes) > 2 else {}
        choices.append(
            {
                "name": name,
                "title": choice.field.title,
                "survivor": shown.plain(choice.field, choice.survivor, titles),
                "loser": shown.plain(choice.field, choice.loser, titles),
                "both": _both(choice.field, list(both), titles),
                "take": str(chosen.get(name, choice.take)),
                "is_list": choice.field.type is FieldType.LIST,
            }
        )
    same = [
        (kind.fields[name].title, shown.value(kind.fields[name], value, titles, most=200))
        for name, value in pair.survivor.values.items()
        if name in kind.written and value not in (None, "", "[]") and value == pair.loser.values[name]
    ]
    return {
        "choices": choices,
        "same": same,
        "survivor": _head(kind, pair.survivor),
        "loser": _head(kind, pair.loser),
        "versions": f"{pair.survivor.version},{pair.loser.version}",
    }


def _both(field: Any, parts: list[str], titles: Titles) -> str:
    if field.refers_to is not None:
        return ", ".join(titles.name(field.refers_to, id_).title for id_ in parts)
    return ", ".join(str(field.codes.title(code)) if field.codes is not None else code for code in parts)


def _head(kind: RecordType, row: Any) -> dict[str, Any]:
    return {
        "id": row.id,
        "called": kind.called(row.number),
        "title": shown.title_of(kind, row.number, row.values),
        "url": url_of(kind, row.id),
    }


def _tell(request: HttpRequest, kind: RecordType, pair: Pair, done: merging.Merged) -> None:
    moved = sum(done.moved.values())
    loser, survivor = kind.called(pair.loser.number), kind.called(pair.survivor.number)
    text = ngettext(
        "{loser} is part of {survivor} now; {count} record moved to it.",
        "{loser} is part of {survivor} now; {count} records moved to it.",
        moved,
    )
    undo = reverse("records:take_back", args=[kind.name, done.loser])
    toast(request, text.format(loser=loser, survivor=survivor, count=moved), undo=undo)
