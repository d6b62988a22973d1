"""The form of a record: new, or to change; with both versions side by side when somebody else was quicker."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from tallystick.errors import InputRefused
from tallystick.model.value import FieldType, Value
from tallystick.server.people.actor import Actor, needs, request_actor
from tallystick.server.records import queries, shown
from tallystick.server.records.domain import actions, history
from tallystick.server.records.domain.actions import EditedMeanwhile
from tallystick.server.records.domain.references import resolved
from tallystick.server.records.domain.steps import Row
from tallystick.server.records.forms import RecordForm
from tallystick.server.records.record_types import RecordType
from tallystick.server.records.titles import Titles, url_of
from tallystick.server.records.values import listed
from tallystick.server.records.views import ADD, CHANGE, kind_of
from tallystick.server.ui.forms import add_faults
from tallystick.server.ui.toasts import toast

MINE, THEIRS = "mine", "theirs"


@needs(*ADD)
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest, type_: str) -> HttpResponse:
    kind = kind_of(type_)
    actor = request_actor(request)
    actor.check(kind.permission("add"))
    titles = Titles(actor)
    form = RecordForm(
        kind, titles, request.POST if request.method == "POST" else None, current=_beginning(kind, request)
    )
    if request.method == "POST":
        try:
            begun = {name: value for name, value in _beginning(kind, request).items() if name in kind.written}
            values = {**begun, **form.values()}
            saved = actions.create(actor, kind.name, resolved(kind, actor, values))
        except InputRefused as error:
            add_faults(form, error)
        else:
            toast(request, _("{called} saved.").format(called=kind.called(saved.number)))
            return redirect("records:detail", kind.name, saved.id)
    title = _("New: {thing}").format(thing=kind.title)
    return _shown(request, kind, form, title=title, back=reverse("records:list", args=[kind.name]))


def _beginning(kind: RecordType, request: HttpRequest) -> dict[str, Value]:
    """The values a new record begins with: the type's own, and what the address says (`?account=…`)."""
    found: dict[str, Value] = {}
    for name in kind.written:
        field = kind.fields[name]
        if field.column.has_default():
            default = field.column.get_default()
            found[name] = ("true" if default else "false") if isinstance(default, bool) else str(default)
        wanted = request.GET.get(name)
        if wanted and field.refers_to is not None and field.type is FieldType.TEXT and len(wanted) <= 32:
            found[name] = wanted
    return found


@needs(*CHANGE)
@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, type_: str, id_: str) -> HttpResponse:
    kind = kind_of(type_)
    actor = request_actor(request)
    actor.check(kind.permission("change"))
    queries.one(kind, actor, id_)
    row = actions.current(kind, id_)
    version = _version(request, row)
    titles = Titles(actor)
    opened = row.values if version == row.version else _opened(kind, row, version)
    form = RecordForm(kind, titles, request.POST if request.method == "POST" else None, current=opened)
    clashes: list[dict[str, Any]] = []
    if request.method == "POST":
        values = {name: value for name, value in form.values().items() if request.POST.get(f"keep-{name}") != THEIRS}
        try:
            saved = actions.update(actor, kind.name, id_, resolved(kind, actor, values), version=version)
        except EditedMeanwhile as error:
            clashes = [_clash(kind, actor, name, clash) for name, clash in error.clashes.items()]
            form.add_error(None, str(error))
            form, version = _again(kind, titles, request, id_, form), error.version
            form.add_error(None, str(error))
        except InputRefused as error:
            add_faults(form, error)
        else:
            _tell(request, kind, saved)
            return redirect("records:detail", kind.name, id_)
    name = shown.title_of(kind, row.number, row.values)
    return _shown(request, kind, form, title=name, back=url_of(kind, id_), version=version, clashes=clashes)


def _version(request: HttpRequest, row: Row) -> int:
    """The version the person opened."""
    sent = request.POST.get("version", "")
    return min(int(sent), row.version) if sent.isdecimal() and 0 < len(sent) < 19 else row.version


def _opened(kind: RecordType, row: Row, version: int) -> dict[str, Value]:
    return history.as_it_was(row.values, history.since(kind, row.id, version))


def _again(kind: RecordType, titles: Titles, request: HttpRequest, id_: str, form: RecordForm) -> RecordForm:
    """The form as the person filled it, where fields they did not touch show what others made of them."""
    now = actions.current(kind, id_).values
    mine = set(form.values())
    fresh = RecordForm(kind, titles, current=now)
    data = request.POST.copy()
    for name in kind.written:
        if name in mine:
            continue
        text = fresh.initial[name]
        if isinstance(text, list):
            data.setlist(name, text)
        elif isinstance(text, bool):
            data.pop(name, None)
            if text:
                data[name] = "on"
        else:
            data[name] = text
    return RecordForm(kind, titles, data, current=now)


def _clash(kind: RecordType, actor: Actor, name: str, clash: actions.Clash) -> dict[str, Any]:
    field = kind.fields[name]
    titles = Titles(actor)
    for value in (clash.before, clash.theirs, clash.mine):
        if field.refers_to is not None and value:
            titles.look_up(field.refers_to, listed(value) if field.type is FieldType.LIST else (value,))
    return {
        "name": name,
        "title": field.title,
        "before": shown.plain(field, clash.before, titles),
        "theirs": shown.plain(field, clash.theirs, titles),
        "mine": shown.plain(field, clash.mine, titles),
    }


def _tell(request: HttpRequest, kind: RecordType, saved: actions.Saved) -> None:
    if not saved.changes:
        toast(request, _("Nothing was changed."))
        return
    toast(request, _("{called} saved.").format(called=kind.called(saved.number)))
    if saved.meanwhile:
        titles = ", ".join(str(kind.fields[name].title) for name in saved.meanwhile if name in kind.fields)
        people = ", ".join(sorted(set(saved.meanwhile.values())))
        toast(
            request,
            _("Meanwhile {people} changed {fields}; both changes are kept.").format(people=people, fields=titles),
        )


def _shown(
    request: HttpRequest,
    kind: RecordType,
    form: RecordForm,
    *,
    title: Any,
    back: str,
    version: int = 0,
    clashes: list[dict[str, Any]] | None = None,
) -> HttpResponse:
    status = 409 if clashes else 422 if form.is_bound and form.errors else 200
    context = {
        "kind": kind,
        "form": form,
        "title": title,
        "back": back,
        "version": version,
        "clashes": clashes or [],
        "crumbs": [(kind.plural, reverse("records:list", args=[kind.name]))],
    }
    return render(request, "records/edit.html", context, status=status)
