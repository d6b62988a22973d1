"""One delivery on its way: signed, sent where it may go, and what came of it kept, shortened and without secrets."""

from __future__ import annotations

import json
import random
import ssl
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Final

import httpx
from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from tallystick import __version__
from tallystick.connectors.http.transport import GuardedTransport, tls_context
from tallystick.errors import TallystickError
from tallystick.server.api.models import Attempt, Delivery, Endpoint
from tallystick.server.api.webhooks import signatures
from tallystick.server.api.webhooks.endpoints import keys_of
from tallystick.server.people.actor import system_actor
from tallystick.server.people.domain.audit import audit

WAITS: Final = tuple(
    timedelta(seconds=seconds) for seconds in (5, 60, 300, 1_800, 2 * 3_600, 5 * 3_600, 8 * 3_600, 8 * 3_600)
)
"""After each try that failed: a day in all, then no more."""
JITTER: Final = 0.2
GIVE_UP_AFTER: Final = timedelta(hours=24)
"""An endpoint that took nothing for so long is switched off."""
TIMEOUT_S: Final = 15.0
SHOWN: Final = 2_000
GONE: Final = 410


@dataclass(frozen=True, slots=True, kw_only=True)
class Came:
    """What came of one try. `status` None: there was no answer, and `message` says why."""

    at: datetime
    took_ms: int
    status: int | None
    message: str
    request_head: str
    request_body: str
    answer_head: str = ""
    answer_body: str = ""

    @property
    def is_good(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


def body_of(delivery: Delivery) -> bytes:
    """The same bytes however often it is sent."""
    event = delivery.event
    shown = {"type": event.kind, "timestamp": event.at.isoformat(), "data": event.data}
    return json.dumps(shown, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()


def send(delivery: Delivery) -> Came:
    """Sends it once. Raises nothing that the network may do."""
    endpoint, body = delivery.endpoint, body_of(delivery)
    now = timezone.now()
    signed = signatures.headers(delivery.event.pk, now, body, keys_of(endpoint))
    heads = {"content-type": "application/json", "user-agent": f"Tallystick/{__version__}", **signed}
    shown = {**heads, signatures.SIGNATURE: " ".join(one[:7] + "…" for one in heads[signatures.SIGNATURE].split(" "))}
    sent = {"request_head": _heads(shown), "request_body": body.decode()[:SHOWN]}
    started_s = time.monotonic()
    status: int | None = None
    message = answer_head = answer_body = ""
    try:
        with _client() as client, client.stream("POST", endpoint.address, content=body, headers=heads) as answer:
            status = answer.status_code
            answer_head = f"{status} {answer.reason_phrase}\n{_heads(_harmless(answer.headers))}"[:SHOWN]
            answer_body = _beginning(answer, started_s)
    except TallystickError as error:
        message = str(error)
    except httpx.TimeoutException:
        message = _("No answer within {seconds} seconds.").format(seconds=f"{TIMEOUT_S:.0f}")
    except (httpx.HTTPError, httpx.InvalidURL, ssl.SSLError, OSError, ValueError) as error:
        message = _("The address could not be reached: {error}.").format(error=type(error).__name__)
    return Came(
        at=now,
        took_ms=int((time.monotonic() - started_s) * 1_000),
        status=status,
        message=message[:400],
        answer_head=answer_head,
        answer_body=answer_body,
        **sent,
    )


def note(delivery: Delivery, came: Came) -> Delivery:
    """Keeps what came of a try: delivered, to be tried again, or given up, with the endpoint switched off."""
    now = timezone.now()
    with transaction.atomic():
        endpoint = Endpoint.objects.select_for_update().filter(pk=delivery.endpoint.pk).first()
        if endpoint is None:  # removed meanwhile, with its deliveries
            return delivery
        Attempt.objects.create(
            delivery=delivery,
            at=came.at,
            took_ms=came.took_ms,
            status=came.status,
            message=came.message,
            request_head=came.request_head,
            request_body=came.request_body,
            answer_head=came.answer_head.replace("\0", "�"),
            answer_body=came.answer_body.replace("\0", "�"),
        )
        delivery.attempts += 1
        if came.is_good:
            delivery.status, delivery.next_at = Delivery.Status.DELIVERED, None
            if endpoint.failing_since is not None:
                Endpoint.objects.filter(pk=endpoint.pk).update(failing_since=None)
        else:
            _failed(delivery, endpoint, came, now)
        delivery.save(update_fields=["attempts", "status", "next_at"])
    return delivery


def _failed(delivery: Delivery, endpoint: Endpoint, came: Came, now: datetime) -> None:
    if endpoint.failing_since is None:
        endpoint.failing_since = now
        Endpoint.objects.filter(pk=endpoint.pk).update(failing_since=now)
    is_gone = came.status == GONE
    if is_gone or delivery.attempts > len(WAITS):
        delivery.status, delivery.next_at = Delivery.Status.FAILED, None
        if is_gone or now - endpoint.failing_since >= GIVE_UP_AFTER:
            _switch_off(endpoint, _("It answers that it is gone.") if is_gone else _("It took nothing for a day."))
    else:
        wait = WAITS[delivery.attempts - 1]
        delivery.next_at = now + wait * random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311  it only spreads


def _switch_off(endpoint: Endpoint, why: str) -> None:
    if not Endpoint.objects.filter(pk=endpoint.pk, is_enabled=True).update(is_enabled=False, disabled_why=why):
        return
    Delivery.objects.filter(endpoint=endpoint, status=Delivery.Status.WAITING).update(
        status=Delivery.Status.FAILED, next_at=None
    )
    audit(system_actor("Tallystick", via="webhooks"), "api.webhook_off", subject=endpoint, details={"why": why})


def _client() -> httpx.Client:
    transport = GuardedTransport(
        context=_tls(), limits=httpx.Limits(max_connections=1), allow_private=settings.CONFIGURATION.allowed_networks
    )
    return httpx.Client(transport=transport, timeout=TIMEOUT_S, follow_redirects=False, trust_env=False)


@cache
def _tls() -> ssl.SSLContext:
    return tls_context(None)


def _beginning(answer: httpx.Response, started_s: float) -> str:
    """As much as is shown, within the time there is."""
    found = b""
    for part in answer.iter_raw(chunk_size=1_024):
        found += part
        if len(found) >= SHOWN or time.monotonic() - started_s > TIMEOUT_S:
            break
    return found[:SHOWN].decode("utf-8", "replace")


def _harmless(heads: httpx.Headers) -> dict[str, str]:
    hidden = ("set-cookie", "authorization", "www-authenticate", "proxy-authenticate")
    return {name: "…" if name in hidden else value for name, value in heads.items()}


def _heads(heads: dict[str, str]) -> str:
    return "\n".join(f"{name}: {value}" for name, value in heads.items())
