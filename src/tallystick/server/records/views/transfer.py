"""Import and export."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tallystick.errors import InputRefused
from tallystick.server.people.actor import needs, request_actor
from tallystick.server.records import rejected
from tallystick.server.records.domain import importing
from tallystick.server.records.exporting import exported
from tallystick.server.records.models import Upload
from tallystick.server.records.record_types import BY_NAME, RecordType
from tallystick.server.records.table_files import text_of
from tallystick.server.records.views import ADD, VIEW, kind_of

SHOWN = 200
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
    """What the file would do; how far it is, once it was begun."""
    kind = kind_of(type_)
    actor = request_actor(request)
    actor.check(kind.permission("add"))
    upload = _upload(request, kind, token)
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
    context = {"found": found, "upload": upload, "titles": titles, "sample": sample, "faults": found.faults[:SHOWN]}
    context["fault_count"] = len(found.faults)
    ours = (rejected.LINE, rejected.REASON)
    context["left_out"] = [
        column for column, name in found.columns.items() if not name and column and column not in ours
    ]
    return render(request, "records/preview.html", {**_around(kind), **context})


@needs(*ADD)
@require_POST
def go_on(request: HttpRequest, type_: str, token: str) -> HttpResponse:
    """Begins it; from then on it goes on by itself."""
    kind = kind_of(type_)
    importing.begin(request_actor(request), _upload(request, kind, token))
    return redirect("records:preview", kind.name, token)


@needs(*ADD)
@require_GET
def course(request: HttpRequest, type_: str, token: str) -> HttpResponse:
    """How far it is; asked for every second while somebody looks."""
    kind = kind_of(type_)
    return render(request, "records/import_course.html", {**_around(kind), **_course(_upload(request, kind, token))})


@needs(*ADD)
@require_POST
def stop(request: HttpRequest, type_: str, token: str) -> HttpResponse:
    kind = kind_of(type_)
    importing.stop(request_actor(request), _upload(request, kind, token))
    return redirect("records:preview", kind.name, token)


@needs(*ADD)
@require_GET
def bad_rows(request: HttpRequest, type_: str, token: str) -> HttpResponseBase:
    """The rows that were not taken, to correct and import again."""
    kind = kind_of(type_)
    upload = _upload(request, kind, token)
    response = StreamingHttpResponse(rejected.rejected(upload), content_type=MEDIA[upload.form])
    response["Content-Disposition"] = f'attachment; filename="{kind.name}-not-taken.{upload.form}"'
    return response


@needs(*ADD)
@require_GET
def imports(request: HttpRequest) -> HttpResponse:
    """The imports somebody began, the last first."""
    rows = [(upload, BY_NAME.get(upload.record_type)) for upload in importing.uploads_of(request_actor(request))]
    return render(request, "records/imports.html", {"rows": [(one, kind) for one, kind in rows if kind is not None]})


def _upload(request: HttpRequest, kind: RecordType, token: str) -> Upload:
    found = importing.upload_of(request_actor(request), token)
    if found.record_type != kind.name:
        raise Http404
    return found


def _course(upload: Upload) -> dict[str, Any]:
    """Rate and remaining time from the first row on."""
    done = upload.taken
    end = upload.ended_at or timezone.now()
    seconds = (end - upload.begun_at).total_seconds() if upload.begun_at else 0
    rate = done / seconds if seconds > 0 else 0
    return {
        "upload": upload,
        "done": done,
        "rate": round(rate),
        "left_s": round((upload.rows - done) / rate) if rate and not upload.is_done else None,
        "faults": importing.faults_of(upload, SHOWN),
        "fault_count": upload.refused,
    }


def _around(kind: RecordType) -> dict[str, Any]:
    return {"kind": kind, "crumbs": [(kind.plural, reverse("records:list", args=[kind.name]))]}
