"""`/inventory`: where inventory agents report, each in its own protocol. Source: spec/assets.md A2, A13, A14.

The key is looked at before anything of the body is; what was sent is unpacked and read within fixed bounds.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from typing import Final

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from tallystick.server.discovery.domain.keeping import keep
from tallystick.server.discovery.domain.keys import key_of
from tallystick.server.discovery.models import AgentKey
from tallystick.server.discovery.protocol import json_reports, xml_reports
from tallystick.server.discovery.protocol.refusal import Refused, too_large
from tallystick.server.discovery.protocol.report import Query, Report
from tallystick.server.discovery.protocol.unpacking import PACKED_LIMIT_BYTES, Packing, pack, unpack

REALM: Final = "Tallystick"
_STEP_BYTES: Final = 64 * 1024
_TYPES: Final = {Packing.ZLIB: "application/x-compress-zlib", Packing.GZIP: "application/x-compress-gzip"}
_KINDS_KEPT: Final = (Query.INVENTORY,)


@login_not_required
@csrf_exempt
def inventory(request: HttpRequest) -> HttpResponse:
    """An answer of the agent's protocol; a refusal is one sentence as plain text, or JSON for who speaks it."""
    if request.method != "POST":
        refused = Refused(405, "method_not_allowed", "Inventory agents report here by POST.")
        return _refusal(refused, is_json=False, Allow="POST")
    key = _key(request)
    if key is None:
        # Nothing after the realm: FusionInventory takes everything up to the last quote for it.
        refused = Refused(401, "sign_in_failed", "The user name or password of the agent is unknown or was revoked.")
        return _refusal(refused, is_json=False, **{"WWW-Authenticate": f'Basic realm="{REALM}"'})
    is_json = "json" in request.headers.get("Content-Type", "")
    try:
        unpacked = unpack(_chunks(request))
        is_json = unpacked.document.lstrip()[:1] == b"{"
        report = (json_reports if is_json else xml_reports).read(unpacked.document)
        return _answered(request, report, key, is_json=is_json, packing=unpacked.packing)
    except Refused as refused:
        return _refusal(refused, is_json=is_json)


def _answered(request: HttpRequest, report: Report, key: AgentKey, *, is_json: bool, packing: Packing) -> HttpResponse:
    if report.query in _KINDS_KEPT:
        keep(report, key, timezone.now(), address=request.META.get("REMOTE_ADDR") or "")
    if is_json:
        answer = {"status": "ok", "expiration": key.frequency_h}
        return HttpResponse(json_reports.answer(answer), content_type="application/json")
    match report.query:
        case Query.PROLOG:
            values = {"PROLOG_FREQ": str(key.frequency_h), "RESPONSE": "SEND"}
        case Query.INVENTORY:
            values = {"RESPONSE": "NO_ACCOUNT_UPDATE"}
        case _:  # tasks of a management server, which the hub does not give
            values = {"RESPONSE": "STOP"}
    return HttpResponse(pack(xml_reports.answer(values), packing), content_type=_TYPES.get(packing, "application/xml"))


def _key(request: HttpRequest) -> AgentKey | None:
    scheme, _space, given = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        user, colon, password = base64.b64decode(given.strip(), validate=True).decode("utf-8").partition(":")
    except (binascii.Error, ValueError):
        return None
    return key_of(user, password, timezone.now()) if colon else None


def _chunks(request: HttpRequest) -> Iterator[bytes]:
    length = request.META.get("CONTENT_LENGTH") or "0"
    if length.isdecimal() and int(length) > PACKED_LIMIT_BYTES:
        raise too_large(PACKED_LIMIT_BYTES, is_unpacked=False)
    while chunk := request.read(_STEP_BYTES):
        yield chunk


def _refusal(refused: Refused, *, is_json: bool, **headers: str) -> HttpResponse:
    if is_json:
        body = json_reports.answer({"status": "error", "message": refused.message, "expiration": 24})
        return HttpResponse(body, status=refused.status, content_type="application/json", headers=headers)
    text = f"{refused.message}\n"
    return HttpResponse(text, status=refused.status, content_type="text/plain; charset=utf-8", headers=headers)
