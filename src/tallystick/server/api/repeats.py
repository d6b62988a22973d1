"""Calls that are sent twice change something once: the answer to an idempotency key is kept for a day.

Only answers of calls that went well are kept: one that was refused changed nothing, and may be tried again. A key whose
call never ended, because the process died over it, is free again after a while.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Final

from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.translation import gettext as _

from tallystick.errors import InputRefused
from tallystick.server.api.identity import problem
from tallystick.server.api.models import KeptAnswer
from tallystick.server.connections import vault
from tallystick.server.people.actor import Actor
from tallystick.server.ui.answers import Problem

KEPT: Final = timedelta(hours=24)
LOST_AFTER: Final = timedelta(minutes=15)
LARGEST: Final = 4 * 1024 * 1024
_KEY: Final = re.compile(r"[!-~]{1,200}")
HEADERS: Final = ("Content-Type", "ETag", "Location")


def once(request: HttpRequest, actor: Actor, run: Callable[[], HttpResponseBase]) -> HttpResponseBase:
    """The answer of `run`, or the one it gave the first time. Raises InputRefused and what `run` raises."""
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return run()
    if not _KEY.fullmatch(key):
        sentence = _("Write 1 to 200 printable characters without spaces.")
        raise InputRefused(_("The idempotency key cannot be taken."), fields={"Idempotency-Key": sentence})
    caller = f"{actor.person}"
    print_ = fingerprint(request)
    kept = _claimed(caller, key, print_)
    if isinstance(kept, HttpResponse):
        return kept
    try:
        answer = run()
    except BaseException:
        _release(kept)
        raise
    if isinstance(answer, HttpResponse) and 200 <= answer.status_code < 300 and len(answer.content) <= LARGEST:
        _keep(kept, answer)
    else:
        _release(kept)
    return answer


def fingerprint(request: HttpRequest) -> str:
    """Of what is asked: method, address and body."""
    whole = b"\0".join((str(request.method).encode(), request.get_full_path().encode(), request.body))
    return hashlib.sha256(whole).hexdigest()


def forget_old() -> int:
    """Removes answers that are older than a day; how many."""
    return KeptAnswer.objects.filter(began_at__lt=timezone.now() - KEPT).delete()[0]


def _claimed(caller: str, key: str, print_: str) -> KeptAnswer | HttpResponse:
    """A claim on the key, or the answer that a call with it had or has to have."""
    now = timezone.now()
    KeptAnswer.objects.filter(caller=caller, key=key, began_at__lt=now - KEPT).delete()
    try:
        with transaction.atomic():
            return KeptAnswer.objects.create(caller=caller, key=key, fingerprint=print_, began_at=now)
    except IntegrityError:
        pass
    found = KeptAnswer.objects.filter(caller=caller, key=key).first()
    if found is not None and found.fingerprint != print_:
        return _refused(
            422,
            "idempotency_key_reused",
            _("This idempotency key belongs to another call."),
            _("Take a new key for each call; only a repeated one has the same."),
        )
    if found is not None and found.status:
        return _answer(found)
    if found is not None and found.began_at < now - LOST_AFTER:
        is_taken = KeptAnswer.objects.filter(pk=found.pk, began_at=found.began_at, status=0).update(began_at=now)
        if is_taken:
            found.began_at = now
            return found
    return _refused(
        409, "in_progress", _("A call with this idempotency key is under way."), _("Ask again in a moment.")
    )


def _keep(claim: KeptAnswer, answer: HttpResponse) -> None:
    """Encrypted: an answer may hold a secret that is shown this once."""
    headers = {name: answer[name] for name in HEADERS if answer.has_header(name)}
    shown = json.dumps({"headers": headers, "body": answer.content.decode("utf-8", "surrogateescape")})
    KeptAnswer.objects.filter(pk=claim.pk).update(status=answer.status_code, answer=vault.seal(shown))


def _release(claim: KeptAnswer) -> None:
    KeptAnswer.objects.filter(pk=claim.pk, status=0).delete()


def _answer(found: KeptAnswer) -> HttpResponse:
    shown = json.loads(vault.unseal(found.answer))
    response = HttpResponse(shown["body"].encode("utf-8", "surrogateescape"), status=found.status)
    for name, value in shown["headers"].items():
        response[name] = value
    response["Idempotency-Replayed"] = "true"
    return response


def _refused(status: int, code: str, message: str, hint: str) -> HttpResponse:
    title = {409: "Conflict", 422: "Unprocessable Content"}[status]
    return problem(Problem(status=status, code=code, title=title, message=message, hint=hint))
