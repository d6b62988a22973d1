"""One record: everything about it on one page, its history, and what can be done with it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from tallystick.model.value import FieldType
from tallystick.server.people.actor import Actor, needs, request_actor
from tallystick.server.records import linked, queries, shown
from tallystick.server.records.domain import actions, history
from tallystick.server.records.domain.history import Past
from tallystick.server.records.domain.steps import Doing
from tallystick.server.records.panels import panels_of
from tallystick.server.records.record_types import RecordType
from tallystick.server.records.related import related
from tallystick.server.records.titles import Titles, url_of
from tallystick.server.records.values import listed, of_column
from tallystick.server.records.views import CHANGE, VIEW, kind_of
from tallystick.server.ui.toasts import toast
from tallystick.server.ui.words import way_title

RECENT: Final = 5
MERGED: Final = 20
DOINGS: Final = {
    Doing.CREATE: (gettext_lazy("Created"), "add"),
    Doing.UPDATE: (gettext_lazy("Changed"), "edit"),
    Doing.DELETE: (gettext_lazy("Deleted"), "delete"),
    Doing.RESTORE: (gettext_lazy("Restored"), "restore_from_trash"),
    Doing.MERGE: (gettext_lazy("Merged into another record"), "merge"),
    Doing.ABSORB: (gettext_lazy("Another record was merged into this one"), "merge"),
    Doing.ARCHIVE: (gettext_lazy("Archived"), "archive"),
}


@needs(*VIEW)
@require_GET
def detail(request: HttpRequest, type_: str, id_: str) -> HttpResponse:
    kind = kind_of(type_)
    actor = request_actor(request)
    page = _page(kind, actor, id_)
    values, titles = page["values"], page["titles"]
    past = history.of_record(id_, count=RECENT)
    changes = events(kind, past, titles)
    sections = []
    for title, names in kind.sections:
        facts = [
            (kind.fields[name].title, shown.value(kind.fields[name], values[name], titles), kind.fields[name].is_long)
            for name in names
            if values[name] not in (None, "", "[]") and name != kind.title_field
        ]
        if facts:
            sections.append((title, facts))
    belonging = related(kind, actor, id_) if not page["is_gone"] else []
    return render(
        request,
        "records/detail.html",
        {
            **page,
            "sections": sections,
            "events": changes,
            "related": [one for one in belonging if one.rows],
            "offers": [one for one in belonging if not one.rows],
            "links": linked.links(id_),
            "panels": panels_of(kind.name, actor, id_) if not page["is_gone"] else [],
            "may_change": actor.may(kind.permission("change")) and not page["is_gone"],
            "may_delete": actor.may(kind.permission("delete")),
            "may_merge": actor.may(kind.permission("delete")) and actor.may(kind.permission("change")),
            "merged": _merged(kind, actor, id_),
            "may_calendar": actor.may_any("records.view_calendar_item", "records.view_task"),
            "may_convert": kind.name == "location" and values["is_main"] != "true" and not page["is_gone"],
        },
    )


@needs(*VIEW)
@require_GET
def past(request: HttpRequest, type_: str, id_: str) -> HttpResponse:
    """The whole history, newest first."""
    kind = kind_of(type_)
    actor = request_actor(request)
    page = _page(kind, actor, id_)
    before = request.GET.get("before", "")
    found = history.of_record(id_, before=int(before) if before.isdecimal() and len(before) < 19 else None)
    is_more = len(found) == history.SHOWN
    return render(
        request,
        "records/history.html",
        {
            **page,
            "events": events(kind, found, page["titles"]),
            "next": found[-1].seq if is_more else None,
        },
    )


def _merged(kind: RecordType, actor: Actor, id_: str) -> list[dict[str, Any]]:
    """What was merged into the record, the last first."""
    rows = queries.records(kind, actor).filter(merged_into=id_, gone_why=str(Doing.MERGE)).order_by("-gone_at", "-pk")
    column = kind.fields[kind.title_field].attname
    return [
        {"id": one, "called": kind.called(number), "title": title or kind.called(number), "url": url_of(kind, one)}
        for one, number, title in rows.values_list("pk", "number", column)[:MERGED]
    ]


def _page(kind: RecordType, actor: Actor, id_: str) -> dict[str, Any]:
    """What the pages of one record share."""
    entry = queries.one(kind, actor, id_)
    values = {name: of_column(field.type, getattr(entry, field.attname)) for name, field in kind.fields.items()}
    titles = Titles(actor)
    titles.load(kind, list(kind.fields), [values])
    name = shown.title_of(kind, entry.number, values)
    into = entry.merged_into if entry.gone_why == Doing.MERGE else None
    if into is not None:
        titles.look_up(kind.name, [into])
    status = next((kind.fields[field] for field in ("status", "stage") if field in kind.fields), None)
    return {
        "kind": kind,
        "id": id_,
        "called": kind.called(entry.number),
        "name": name,
        "version": entry.version,
        "values": values,
        "titles": titles,
        "state": shown.value(status, values[status.name], titles) if status else "",
        "is_gone": entry.gone_at is not None,
        "gone_why": entry.gone_why,
        "merged_into": shown.reference(titles.name(kind.name, into)) if into is not None else "",
        "gone_by": entry.gone_by,
        "gone_at": entry.gone_at,
        "created_at": entry.created_at,
        "created_by": entry.created_by,
        "changed_at": entry.changed_at,
        "changed_by": entry.changed_by,
        "crumbs": [(kind.plural, reverse("records:list", args=[kind.name]))],
        "detail_url": url_of(kind, id_),
    }


def events(kind: RecordType, past_: Iterable[Past], titles: Titles) -> list[dict[str, Any]]:
    """Changes as a timeline shows them; names of records that came and went are looked up together."""
    past_ = list(past_)
    for name, field in kind.fields.items():
        if field.refers_to is not None:
            ids: set[str] = set()
            for one in past_:
                for value in one.changes.get(name, ()):
                    ids.update(listed(value) if field.type is FieldType.LIST else (value,) if value else ())
            titles.look_up(field.refers_to, ids)
    return [_event(kind, one, titles) for one in past_]


def _event(kind: RecordType, one: Past, titles: Titles) -> dict[str, Any]:
    title, icon = DOINGS[one.doing]
    fields = [
        {
            "title": kind.fields[name].title,
            "before": shown.plain(kind.fields[name], before, titles),
            "after": shown.plain(kind.fields[name], after, titles),
        }
        for name, (before, after) in one.changes.items()
        if name in kind.fields
    ]
    return {
        "title": title,
        "icon": icon,
        "at": one.at,
        "by": one.by,
        "via": "" if one.via == "web" else way_title(one.via),
        "run_url": linked.url("ops:run", one.run) if one.run else "",
        "reason": one.reason,
        "version": one.version,
        "is_creation": one.doing is Doing.CREATE,
        "fields": fields,
    }


@needs(*CHANGE)
@require_POST
def convert_to_main(request: HttpRequest, id_: str) -> HttpResponse:
    actions.convert_to_main(request_actor(request), id_)
    toast(request, _("This is the main location of the account now."))
    return redirect("records:detail", "location", id_)
