"""Messages over HTTP: others send theirs here, ask what became of them, and read lists.

Every call is signed like a webhook (Standard Webhooks 1): HMAC-SHA256 over id, time and body; a GET signs its path and
query in place of a body. What is wrong is said as problem+json. Source: docs/adr/0014.
"""

from __future__ import annotations

from typing import Any, Final

import orjson
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt

from tallystick.errors import NotFound
from tallystick.server.api.identity import problem
from tallystick.server.api.webhooks import signatures
from tallystick.server.messages import lists, moment, partners, receiving
from tallystick.server.messages.envelope import LARGEST_BYTES, Malformed, decode, encode_answer
from tallystick.server.messages.models import Peer
from tallystick.server.messages.published import openapi, schema_of
from tallystick.server.ui.answers import Problem

TITLES: Final = {
    400: "Bad Request",
    401: "Unauthorized",
    404: "Not Found",
    405: "Method Not Allowed",
    409: "Conflict",
    413: "Content Too Large",
}


@login_not_required
@csrf_exempt
def transactions(request: HttpRequest, mark: str) -> HttpResponse:
    """Takes a message: 200 with its answer, 422 with its errors."""
    if request.method != "POST":
        return told(405, "method_not_allowed", _("Send messages by POST."), Allow="POST")
    if (length := request.META.get("CONTENT_LENGTH") or "0").isdecimal() and int(length) > LARGEST_BYTES:
        return told(413, "too_large", _("A message has 1 MiB at most."))
    body = request.read(LARGEST_BYTES + 1)
    if len(body) > LARGEST_BYTES:
        return told(413, "too_large", _("A message has 1 MiB at most."))
    peer, answer = _signed(request, mark, body)
    if peer is None:
        return answer
    try:
        message = decode(body)
    except Malformed as error:
        return told(400, "malformed", str(error))
    if request.headers.get(signatures.ID) != message.id:
        return told(400, "malformed", _("The header webhook-id and the id of the message differ."))
    try:
        given = receiving.take(peer, message)
    except receiving.NotTaken as error:
        return told(409, "id_used", str(error))
    status = 200 if given.is_accepted else 422
    return HttpResponse(encode_answer(message.id, given), status=status, content_type="application/json")


@login_not_required
@csrf_exempt
def transaction(request: HttpRequest, mark: str, id_: str) -> HttpResponse:
    """What became of a message: its answer, or 404 with the code unknown_transaction."""
    peer, answer = _asked(request, mark)
    if peer is None:
        return answer
    given = receiving.answer_given(peer, id_)
    if given is None:
        return told(404, "unknown_transaction", _("No message of this id came from you."))
    return HttpResponse(encode_answer(id_, given), content_type="application/json")


@login_not_required
@csrf_exempt
def list_of(request: HttpRequest, mark: str, name: str) -> HttpResponse:
    """Entries of a list, narrowed by `q`."""
    peer, answer = _asked(request, mark)
    if peer is None:
        return answer
    words = request.GET.get("q", "")[:200].replace("\0", "")
    try:
        entries = lists.read(peer, name, words)
    except NotFound as error:
        return told(404, "unknown_list", str(error))
    return HttpResponse(orjson.dumps({"name": name, "entries": entries}), content_type="application/json")


@login_not_required
def description(request: HttpRequest) -> HttpResponse:
    """The OpenAPI document, for everybody."""
    return HttpResponse(orjson.dumps(openapi(), option=orjson.OPT_INDENT_2), content_type="application/json")


@login_not_required
def schema(request: HttpRequest, name: str, version: int) -> HttpResponse:
    """The JSON Schemas of one operation, for everybody."""
    try:
        found = schema_of(name, version)
    except NotFound as error:
        return told(404, "unknown_operation", str(error))
    return HttpResponse(orjson.dumps(found, option=orjson.OPT_INDENT_2), content_type="application/schema+json")


def _asked(request: HttpRequest, mark: str) -> tuple[Peer | None, HttpResponse]:
    if request.method != "GET":
        return None, told(405, "method_not_allowed", _("Ask by GET."), Allow="GET")
    return _signed(request, mark, request.get_full_path().encode())


def _signed(request: HttpRequest, mark: str, covered: bytes) -> tuple[Peer | None, HttpResponse]:
    """The peer that signed it; else an answer that says why not."""
    peer = Peer.objects.filter(mark=mark, is_enabled=True, is_own=False).first()
    if peer is None:
        return None, told(404, "not_found", _("There is no such address."))
    heads: dict[str, Any] = {name.lower(): value for name, value in request.headers.items()}
    try:
        signatures.verify(heads, covered, [partners.key_of(peer)], moment.now())
    except signatures.Refused as error:
        Peer.objects.filter(pk=peer.pk).update(fault=f"A message was refused: {error}"[:400], fault_at=moment.now())
        return None, told(401, "signature_refused", str(error))
    return peer, HttpResponse()


def told(status: int, code: str, message: str, **headers: str) -> HttpResponse:
    return problem(Problem(status=status, code=code, title=TITLES[status], message=message), **headers)
