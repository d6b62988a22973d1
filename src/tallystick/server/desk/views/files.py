"""Files of cases and work orders: put there, handed out, taken away. None is ever shown by the hub itself."""

from __future__ import annotations

import re
from typing import Final

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tallystick.errors import InputRefused
from tallystick.server.desk.domain import attachments
from tallystick.server.desk.domain.attachments import LARGEST_BYTES, MEGABYTE, PLAIN_MEDIA, Given
from tallystick.server.people.actor import needs, request_actor
from tallystick.server.records import queries
from tallystick.server.records.record_types import record_type
from tallystick.server.ui.forms import add_faults
from tallystick.server.ui.toasts import toast

SEE: Final = ("records.view_case", "desk.view_work_order")
CHANGE: Final = ("records.change_case", "desk.change_work_order")
MOST_AT_ONCE: Final = 20
_HARMLESS: Final = re.compile(
    r"(?:image/(?:png|jpeg|gif|webp)|application/(?:pdf|zip|msword|vnd\.[a-z0-9.-]{1,80})|text/(?:plain|csv)"
    r"|message/rfc822|audio/[a-z0-9-]{1,20}|video/[a-z0-9-]{1,20})"
)


class FilesForm(forms.Form):
    chosen = forms.CharField(required=False, label="")


@needs(*SEE)
@never_cache
@require_http_methods(["GET", "POST"])
def files(request: HttpRequest, type_: str, id_: str) -> HttpResponse:
    """All files of a record; further ones are put there."""
    actor = request_actor(request)
    kind = attachments.kind_of(type_)
    form = FilesForm(request.POST if request.method == "POST" else None)
    if request.method == "POST":
        actor.check(kind.permission("change"))
        form.is_valid()
        try:
            kept = attachments.add(actor, type_, id_, _given(request))
        except InputRefused as error:
            add_faults(form, error)
        else:
            count = len(kept.files)
            text = ngettext("{count} file was added.", "{count} files were added.", count)
            toast(request, text.format(count=count))
            return redirect("records:detail", type_, id_)
    rows = attachments.of(actor, type_, id_)
    entry = queries.one(record_type(type_), actor, id_)
    context = {
        "rows": rows,
        "form": form,
        "kind": kind,
        "id": id_,
        "called": kind.called(entry.number),
        "may_change": actor.may(kind.permission("change")) and entry.gone_at is None,
        "most": LARGEST_BYTES // MEGABYTE,
        "crumbs": [
            (kind.plural, reverse("records:list", args=[type_])),
            (kind.called(entry.number), reverse("records:detail", args=[type_, id_])),
        ],
    }
    return render(request, "desk/files.html", context, status=422 if form.errors else 200)


@needs(*SEE)
@require_safe
def download(request: HttpRequest, file_id: str) -> HttpResponse:
    found, content = attachments.hand_out(request_actor(request), file_id)
    return handed_out(content, found.name, found.media)


@needs(*CHANGE)
@require_POST
def take_away(request: HttpRequest, file_id: str) -> HttpResponse:
    found = attachments.take_away(request_actor(request), file_id)
    toast(request, _("{name} was removed.").format(name=found.name))
    return redirect("records:detail", found.record_type, found.record)


def handed_out(content: bytes, name: str, media: str) -> HttpResponse:
    """A file to be saved: no browser shows it as a page of the hub, whatever is in it."""
    answer = HttpResponse(content, content_type=media if _HARMLESS.fullmatch(media) else PLAIN_MEDIA)
    answer["Content-Disposition"] = content_disposition_header(True, name) or "attachment"
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Content-Security-Policy"] = "default-src 'none'; sandbox"
    answer["Cache-Control"] = "private, no-store"
    return answer


def _given(request: HttpRequest) -> list[Given]:
    """What was brought; one that is too large is not read into memory. Raises InputRefused."""
    brought = request.FILES.getlist("files")
    if len(brought) > MOST_AT_ONCE:
        sentence = _("{most} files at once are the most.").format(most=MOST_AT_ONCE)
        raise InputRefused(_("Nothing was kept."), fields={"files": sentence})
    found: list[Given] = []
    for one in brought:
        if (one.size or 0) > LARGEST_BYTES:
            size = f"{(one.size or 0) / MEGABYTE:.1f}"
            sentence = _("{name} ({size} MB) is too large: a file may have {most} MB.")
            sentence = sentence.format(name=one.name, size=size, most=LARGEST_BYTES // MEGABYTE)
            raise InputRefused(_("Nothing was kept."), fields={"files": sentence})
        found.append(Given(name=one.name or "", media=one.content_type or "", content=one.read()))
    return found
