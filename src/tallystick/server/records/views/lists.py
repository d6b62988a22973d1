"""Lists of records, and what is done to many of them at once."""

from __future__ import annotations

import secrets
from typing import Any, Final

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from tallystick.model.value import FieldType
from tallystick.server.people.actor import needs, request_actor
from tallystick.server.records import queries, shown
from tallystick.server.records.domain import actions
from tallystick.server.records.forms import FilterForm
from tallystick.server.records.lists import Listing, listing
from tallystick.server.records.record_types import RECORD_TYPES, RecordType
from tallystick.server.records.search import glanced
from tallystick.server.records.titles import url_of
from tallystick.server.records.views import DELETE, VIEW, kind_of
from tallystick.server.ui.toasts import toast

UNDOS: Final = 5
"""How many bulk deletions of a session can be taken back from their toast."""
CHOICES: Final = 12


@needs(*VIEW)
@require_GET
def records(request: HttpRequest, type_: str) -> HttpResponse:
    kind = kind_of(type_)
    actor = request_actor(request)
    found = listing(kind, actor, request.GET, sort=_kept_sort(request, kind))
    return render(
        request,
        "records/list.html",
        {
            "kind": kind,
            "page": found.page,
            "sort": found.sort,
            "columns": [_column(kind, name) for name in kind.shown],
            "rows": [_row(found, row) for row in found.page.rows],
            "form": FilterForm(kind, request.GET),
            "narrowed": _narrowed(request, found),
            "is_narrowed": any(request.GET.get(name) for name in ("q", *kind.filters)),
            "may_add": actor.may(kind.permission("add")),
            "may_delete": actor.may(kind.permission("delete")),
            "may_merge": actor.may(kind.permission("delete")) and actor.may(kind.permission("change")),
            "query": request.GET.urlencode(),
        },
    )


def _kept_sort(request: HttpRequest, kind: RecordType) -> str:
    """What this person sorted the list by the last time."""
    kept: dict[str, str] = request.session.get("records_sort", {})
    wanted = request.GET.get("sort", "")
    if wanted.removeprefix("-") in kind.sorts and kept.get(kind.name) != wanted:
        kept = {**kept, kind.name: wanted}
        request.session["records_sort"] = kept
    return kept.get(kind.name, "")


def _column(kind: RecordType, name: str) -> dict[str, Any]:
    field = kind.fields[name]
    is_number = field.type in (FieldType.INTEGER, FieldType.DECIMAL)
    return {
        "name": name,
        "title": field.title,
        "is_sorted": name in kind.sorts,
        "css": "number" if is_number else "",
    }


def _row(found: Listing, row: Any) -> dict[str, Any]:
    kind = found.kind
    cells = [
        (name, kind.fields[name].title, shown.value(kind.fields[name], row.values[name], found.titles, most=60))
        for name in kind.shown
        if name != kind.title_field
    ]
    if row.is_busy:
        title = _("Busy") if kind.name == "calendar_item" else _("Private task")
        return {"id": "", "called": "", "title": title, "url": "", "cells": cells}
    title = row.values.get(kind.title_field)
    return {
        "id": row.id,
        "called": row.called,
        "title": title if title and title.strip() else row.called,
        "url": url_of(kind, row.id),
        "cells": cells,
    }


def _narrowed(request: HttpRequest, found: Listing) -> list[dict[str, Any]]:
    """References the list is narrowed by, each with the way to drop it."""
    chips = []
    for name in found.kind.filters:
        field, value = found.kind.fields[name], request.GET.get(name, "")
        if field.refers_to is None or not value:
            continue
        found.titles.look_up(field.refers_to, [value])
        query = request.GET.copy()
        for dropped in (name, "after", "before"):
            query.pop(dropped, None)
        title = found.titles.name(field.refers_to, value).title
        chips.append({"name": field.title, "title": title, "query": query.urlencode()})
    return chips


@needs(*VIEW)
@require_GET
def more(request: HttpRequest) -> HttpResponse:
    """Every type of record, for those without an entry in the menu."""
    actor = request_actor(request)
    kinds = [kind for kind in RECORD_TYPES if actor.may(kind.permission("view"))]
    return render(request, "records/more.html", {"kinds": kinds})


@needs(*DELETE)
@require_POST
def delete(request: HttpRequest, type_: str) -> HttpResponse:
    kind = kind_of(type_)
    ids = request.POST.getlist("id")[: actions.MOST_AT_ONCE]
    done = actions.delete(request_actor(request), kind.name, ids)
    if done.done:
        text = ngettext("{count} record deleted.", "{count} records deleted.", len(done.done))
        toast(request, text.format(count=len(done.done)), undo=_undo(request, kind, done.done))
    for sentence in dict.fromkeys(done.refused.values()):
        toast(request, sentence, tone="bad")
    if not ids:
        toast(request, _("Nothing was chosen."), tone="bad")
    return redirect(_back(request, kind))


def _undo(request: HttpRequest, kind: RecordType, ids: tuple[str, ...]) -> str:
    """An address that restores these records, for this session."""
    undos: dict[str, Any] = request.session.get("records_undo", {})
    token = secrets.token_urlsafe(8)
    undos[token] = [kind.name, list(ids)]
    request.session["records_undo"] = dict(list(undos.items())[-UNDOS:])
    return reverse("records:undo", args=[token])


def _back(request: HttpRequest, kind: RecordType) -> str:
    query = request.POST.get("query", "")
    return reverse("records:list", args=[kind.name]) + (f"?{query}" if query else "")


@needs(*DELETE)
@require_POST
def undo(request: HttpRequest, token: str) -> HttpResponse:
    """Takes a bulk deletion back."""
    undos: dict[str, Any] = request.session.get("records_undo", {})
    name, ids = undos.pop(token, (None, []))
    request.session["records_undo"] = undos
    if name is None:
        toast(request, _("That was undone already, or too long ago. Look in Deleted objects."), tone="bad")
        return redirect("records:deleted")
    return _restored(request, kind_of(name), ids)


@needs(*DELETE)
@require_POST
def restore(request: HttpRequest, type_: str) -> HttpResponse:
    return _restored(request, kind_of(type_), request.POST.getlist("id")[: actions.MOST_AT_ONCE])


def _restored(request: HttpRequest, kind: RecordType, ids: list[str]) -> HttpResponse:
    done = actions.restore(request_actor(request), kind.name, ids)
    if done.done:
        text = ngettext("{count} record restored.", "{count} records restored.", len(done.done))
        toast(request, text.format(count=len(done.done)))
    for sentence in dict.fromkeys(done.refused.values()):
        toast(request, sentence, tone="bad")
    if len(done.done) == 1:
        return redirect("records:detail", kind.name, done.done[0])
    return redirect("records:list", kind.name)


@needs(*VIEW)
@require_GET
def choices(request: HttpRequest, type_: str) -> JsonResponse:
    """Records that may be meant by what somebody types into a reference field."""
    kind = kind_of(type_)
    rows = glanced(queries.live(kind, request_actor(request)), kind, request.GET.get("q", ""), using=queries.HUB)
    column = kind.fields[kind.title_field].attname
    found = rows.order_by(*dict.fromkeys((column if kind.title_field in kind.sorts else "number", "id")))
    listed = [
        {"id": id_, "title": title or kind.called(number), "called": kind.called(number)}
        for id_, number, title in found.values_list("pk", "number", column)[:CHOICES]
    ]
    return JsonResponse({"choices": listed})
