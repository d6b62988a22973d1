"""Webhooks that come in: a system tells that something changed, and the flows that read it look at once."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from django.contrib.auth.decorators import login_not_required
from django.db import IntegrityError, transaction
from django.db.models import F
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt

from tallystick.runs import requests
from tallystick.runs.requests import Changed
from tallystick.server.api.identity import problem
from tallystick.server.api.models import Inlet, Received
from tallystick.server.api.webhooks import signatures
from tallystick.server.connections import vault
from tallystick.server.connections.models import Connection
from tallystick.server.designer.place import state_url
from tallystick.server.ui.answers import Problem

LARGEST: Final = 256 * 1024


@login_not_required
@csrf_exempt
def receive(request: HttpRequest, mark: str) -> HttpResponse:
    """202 for a message that is right, whatever it says: that it came is what counts."""
    if request.method != "POST":
        return _told(405, "method_not_allowed", _("Send messages by POST."), Allow="POST")
    inlet = Inlet.objects.filter(mark=mark, is_enabled=True).first()
    if inlet is None:
        return _told(404, "not_found", _("There is no such address."))
    length = request.META.get("CONTENT_LENGTH") or "0"
    if not length.isdecimal() or int(length) > LARGEST:
        return _refuse(inlet, 413, "too_large", _("A message has 256 KiB at most."))
    body = request.read(LARGEST + 1)
    if len(body) > LARGEST:
        return _refuse(inlet, 413, "too_large", _("A message has 256 KiB at most."))
    now = timezone.now()
    key = signatures.key_of(vault.unseal(inlet.secret))
    heads = {name.lower(): value for name, value in request.headers.items()}
    try:
        message = signatures.verify(heads, body, [key], now)
    except signatures.Refused as error:
        return _refuse(inlet, 401, "signature_refused", str(error))
    if _is_first(inlet, message, now):
        requests.tell(state_url(), changed_by(inlet))
    return HttpResponse(status=202)


def changed_by(inlet: Inlet) -> Changed:
    connector = Connection.objects.filter(name=inlet.connection).values_list("connector", flat=True).first()
    return Changed(connector=connector or "", connection=inlet.connection, records=frozenset(inlet.records))


def _is_first(inlet: Inlet, message: str, now: datetime) -> bool:
    """Whether the message did not come before."""
    try:
        with transaction.atomic():
            Received.objects.create(inlet=inlet, message=message, at=now)
            Inlet.objects.filter(pk=inlet.pk).update(received=F("received") + 1, received_at=now)
    except IntegrityError:
        return False
    return True


def _refuse(inlet: Inlet, status: int, code: str, message: str) -> HttpResponse:
    Inlet.objects.filter(pk=inlet.pk).update(refused_at=timezone.now(), refused_why=message[:200])
    return _told(status, code, message)


def _told(status: int, code: str, message: str, **headers: str) -> HttpResponse:
    titles = {401: "Unauthorized", 404: "Not Found", 405: "Method Not Allowed", 413: "Content Too Large"}
    return problem(Problem(status=status, code=code, title=titles[status], message=message), **headers)
