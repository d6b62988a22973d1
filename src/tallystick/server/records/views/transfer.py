"""Import and export."""

from __future__ import annotations

import json
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tallystick.errors import InputRefused
from tallystick.server.people.actor import needs, request_actor
from tallystick.server.records.domain import importing
from tallystick.server.records.exporting import exported
from tallystick.server.records.models import Upload
from tallystick.server.records.record_types import RecordType
from tallystick.server.records.table_files import text_of
from tallystick.server.records.views import ADD, VIEW, kind_of

MEDIA = {"csv": "text/csv; charset=utf-8", "jsonl": "application/x-ndjson"}


class ImportForm(forms.Form):
    file = forms.FileField(required=False)
    pasted = forms.CharField(required=False, strip=False, widget=forms.Textarea({"rows": 6}))

    def __init__(self, *args: Any, **settings: Any) -> None:
        super().__init__(*args, **settings)
        self.fields["file"].label = _("CSV or JSON Lines file")
        self.fields["pasted"].label = _("Or paste its lines here")


@needs(*VIEW)
@require_GET
def export(request: HttpRequest, type_: str, form: str) -> HttpResponseBase:
    kind = kind_of(type_)
    lines = exported(kind, request_actor(request), request.GET, form)
    response = StreamingHttpResponse(lines, content_type=MEDIA[form])
    response["Content-Disposition"] = f'attachment; filename="{kind.name}.{form}"'
    return response


@needs(*ADD)
@require_http_methods(["GET", "POST"])
def import_(request: HttpRequest, type_: str) -> HttpResponse:
    kind = kind_of(type_)
    actor = request_actor(request)
    actor.check(kind.permission("add"))
    form = ImportForm(
        request.POST if request.method == "POST" else None, request.FILES if request.method == "POST" else None
    )
    if request.method == "POST" and form.is_valid():
        file = form.cleaned_data["file"]
        try:
            name = file.name if file else _("pasted lines")
            text = text_of(file.read(), file.name) if file else form.cleaned_data["pasted"].replace("\0", "")
            upload = importing.receive(actor, kind.name, name, text)
        except InputRefused as error:
            form.add_error(None, error.message)
            for sentence in error.fields.values():
                form.add_error("file" if file else "pasted", sentence)
        else:
            return redirect("records:preview", kind.name, upload.token)
    status = 422 if form.is_bound and form.errors else 200
    return render(request, "records/import.html", {**_around(kind), "form": form}, status=status)


@needs(*ADD)
@require_GET
def preview(request: HttpRequest, type_: str, token: str) -> HttpResponse:
    kind = kind_of(type_)
    actor = request_actor(request)
    actor.check(kind.permission("add"))
    upload = importing.upload_of(actor, token)
    if upload.is_begun:
        return render(request, "records/importing.html", {**_around(kind), **_course(upload)})
    found = importing.preview(actor, upload)
    fields = [name for name in found.columns.values() if name]
    sample = [
        [row.cells.get(column, "") for column, name in found.columns.items() if name]
        for row in found.sample
        if not row.fault
    ]
    titles = [kind.fields[name].title if name in kind.fields else name for name in fields]
    context = {"found": found, "upload": upload, "titles": titles, "sample": sample}
    context["left_out"] = [column for column, name in found.columns.items() if not name and column]
    return render(request, "records/preview.html", {**_around(kind), **context})


@needs(*ADD)
@require_POST
def go_on(request: HttpRequest, type_: str, token: str) -> HttpResponse:
    """The next rows; asked for again and again by the page until the file is through."""
    kind = kind_of(type_)
    actor = request_actor(request)
    upload = importing.go_on(actor, importing.upload_of(actor, token))
    if request.headers.get("HX-Request") != "true":
        return redirect("records:preview", kind.name, token)
    return render(request, "records/import_course.html", {**_around(kind), **_course(upload)})


def _course(upload: Upload) -> dict[str, Any]:
    done = upload.created + upload.updated + upload.refused
    return {"upload": upload, "done": done, "faults": json.loads(upload.faults)}


def _around(kind: RecordType) -> dict[str, Any]:
    return {"kind": kind, "crumbs": [(kind.plural, reverse("records:list", args=[kind.name]))]}
