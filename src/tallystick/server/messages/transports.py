"""How a message gets to its receiver and the answer back: HTTP, or straight into the other half of the hub."""

from __future__ import annotations

import json
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, Protocol
from urllib.parse import quote, urlsplit

import httpx
from django.conf import settings

from tallystick import __version__
from tallystick.connectors.http.transport import GuardedTransport, tls_context
from tallystick.errors import TallystickError
from tallystick.server.api.webhooks import signatures
from tallystick.server.messages import moment, partners, receiving
from tallystick.server.messages.course import Came, Found
from tallystick.server.messages.envelope import (
    LARGEST_BYTES,
    Answer,
    Envelope,
    Malformed,
    decode_answer,
    encode,
    encode_answer,
)
from tallystick.server.messages.lists import Entry, read
from tallystick.server.messages.models import Peer
from tallystick.server.ui import mishaps

SHOWN: Final = 4_000
LATER: Final = (401, 403, 404, 425, 429)
"""Certainly not taken; when the other side is mended it will be."""
NEVER: Final = (400, 405, 409, 410, 413, 415)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What came of sending."""

    came: Came
    answer: Answer | None = None
    status: int | None = None
    raw: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LookedUp:
    """What came of asking whether a message is there."""

    found: Found
    answer: Answer | None = None
    status: int | None = None
    raw: str = ""
    message: str = ""


class Transport(Protocol):
    """Raises nothing that a network or the other side may do.

    `knows_repeats`: the other side knows a message that it has had by its id; else a lost answer to any is looked up.
    """

    @property
    def knows_repeats(self) -> bool: ...

    def send(self, peer: Peer, message: Envelope) -> Sent: ...

    def look_up(self, peer: Peer, id_: str) -> LookedUp: ...

    def read_list(self, peer: Peer, name: str, words: str) -> list[Entry]:
        """Raises Unreachable or SystemFault."""
        ...


_others: Final[dict[str, Callable[[], Transport]]] = {}


def register(scheme: str, make: Callable[[], Transport]) -> None:
    """A way of its own to peers whose address begins so, like `request-tracker:`."""
    _others[scheme] = make


def transport_of(peer: Peer) -> Transport:
    if peer.is_own:
        return Straight()
    return _others.get(_scheme(peer), Http)()


def is_of_web(peer: Peer) -> bool:
    """Whether it speaks the published messages itself."""
    return _scheme(peer) not in _others


def _scheme(peer: Peer) -> str:
    return peer.address.partition(":")[0]


class Straight:
    """Into the other half of the hub: the same as over the wire, in one process."""

    knows_repeats = True

    def send(self, peer: Peer, message: Envelope) -> Sent:
        try:
            answer = receiving.take(partners.counterpart(peer), message)
        except receiving.NotTaken as error:
            return Sent(came=Came.NOT_TAKEN, message=str(error))
        except Exception as error:  # noqa: BLE001  the outermost edge of the other half, as the web is over the wire
            return Sent(came=Came.LOST, message=f"Something went wrong over there: reference {mishaps.keep(error)}.")
        came = Came.ANSWERED if answer.is_accepted else Came.REFUSED
        return Sent(came=came, answer=answer, raw=encode_answer(message.id, answer).decode()[:SHOWN])

    def look_up(self, peer: Peer, id_: str) -> LookedUp:
        answer = receiving.answer_given(partners.counterpart(peer), id_)
        if answer is None:
            return LookedUp(found=Found.ABSENT)
        found = Found.ANSWERED if answer.is_accepted else Found.REFUSED
        return LookedUp(found=found, answer=answer, raw=encode_answer(id_, answer).decode()[:SHOWN])

    def read_list(self, peer: Peer, name: str, words: str) -> list[Entry]:
        return read(partners.counterpart(peer), name, words)


class Http:
    """JSON over HTTP, signed. Where it may go is what connections may."""

    knows_repeats = True

    def send(self, peer: Peer, message: Envelope) -> Sent:
        body = encode(message)
        try:
            status, raw = self._ask(peer, "POST", "/transactions", message.id, body)
        except _Gone as gone:
            return Sent(came=Came.LOST if gone.may_be_taken else Came.NOT_SENT, message=str(gone))
        shown = raw.decode("utf-8", "replace")[:SHOWN].replace("\0", "�")
        if status in LATER or status in NEVER:
            came = Came.NOT_SENT if status in LATER else Came.NOT_TAKEN
            return Sent(came=came, status=status, raw=shown, message=_said(status, raw))
        if status in (200, 201, 202, 422):
            try:
                answer = decode_answer(raw, message.id)
            except Malformed as error:
                return Sent(came=Came.LOST, status=status, raw=shown, message=str(error))
            came = Came.ANSWERED if answer.is_accepted else Came.REFUSED
            return Sent(came=came, answer=answer, status=status, raw=shown)
        # a fault may have come after the other side kept the message
        return Sent(came=Came.LOST, status=status, raw=shown, message=_said(status, raw))

    def look_up(self, peer: Peer, id_: str) -> LookedUp:
        try:
            status, raw = self._ask(peer, "GET", f"/transactions/{quote(id_, safe='')}", id_, b"")
        except _Gone as gone:
            return LookedUp(found=Found.UNANSWERED, message=str(gone))
        shown = raw.decode("utf-8", "replace")[:SHOWN].replace("\0", "�")
        if status == 200:
            try:
                answer = decode_answer(raw, id_)
            except Malformed as error:
                return LookedUp(found=Found.UNANSWERED, status=status, raw=shown, message=str(error))
            found = Found.ANSWERED if answer.is_accepted else Found.REFUSED
            return LookedUp(found=found, answer=answer, status=status, raw=shown)
        if status == 404 and _code(raw) == "unknown_transaction":
            return LookedUp(found=Found.ABSENT, status=status, raw=shown)
        if status in (404, 405, 410, 501):  # not the answer of a look-up that knows no such message
            return LookedUp(found=Found.CANNOT, status=status, raw=shown, message=_said(status, raw))
        return LookedUp(found=Found.UNANSWERED, status=status, raw=shown, message=_said(status, raw))

    def read_list(self, peer: Peer, name: str, words: str) -> list[Entry]:
        from tallystick.errors import SystemFault, Unreachable

        path = f"/lists/{quote(name, safe='')}" + (f"?q={quote(words, safe='')}" if words else "")
        try:
            status, raw = self._ask(peer, "GET", path, f"list-{name}", b"")
        except _Gone as gone:
            raise Unreachable(f"{peer.title} does not answer: {gone}") from gone
        try:
            entries = json.loads(raw)["entries"] if status == 200 else None
        except (ValueError, KeyError, TypeError, RecursionError):
            entries = None
        if not isinstance(entries, list) or not all(
            isinstance(one, dict) and isinstance(one.get("code"), str) for one in entries
        ):
            raise SystemFault(
                f"{peer.title} did not give the list {name}: it answered {status}.",
                hint="Look at its log, or try again.",
            )
        return [{**one, "name": str(one.get("name") or one["code"])} for one in entries]

    def _ask(self, peer: Peer, method: str, path: str, id_: str, body: bytes) -> tuple[int, bytes]:
        """Raises _Gone."""
        url = peer.address.rstrip("/") + path
        signed = body if method == "POST" else signed_path(url)
        heads = {
            "content-type": "application/json",
            "accept": "application/json",
            "user-agent": f"Tallystick/{__version__}",
            **signatures.headers(id_, moment.now(), signed, [partners.key_of(peer)]),
        }
        is_open = False
        try:
            with (
                _client(peer) as client,
                client.stream(method, url, content=body if method == "POST" else None, headers=heads) as answer,
            ):
                is_open = True
                raw = b""
                for part in answer.iter_bytes(chunk_size=64 * 1024):
                    raw += part
                    if len(raw) > LARGEST_BYTES:
                        raise _Gone("The answer is larger than 1 MiB.", may_be_taken=True)
                return answer.status_code, raw
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol) as error:
            raise _Gone(f"There is no connection: {type(error).__name__}.", may_be_taken=False) from error
        except httpx.TimeoutException as error:
            raise _Gone(f"No answer within {peer.timeout_s} seconds.", may_be_taken=True) from error
        except TallystickError as error:
            raise _Gone(str(error), may_be_taken=is_open) from error
        except (httpx.HTTPError, httpx.InvalidURL, ssl.SSLError, OSError, ValueError) as error:
            raise _Gone(f"The connection broke: {type(error).__name__}.", may_be_taken=True) from error


class _Gone(Exception):
    def __init__(self, message: str, *, may_be_taken: bool) -> None:
        super().__init__(message)
        self.may_be_taken = may_be_taken


def signed_path(url: str) -> bytes:
    """What the signature of a GET covers in place of a body: path and query."""
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}".encode() if parts.query else parts.path.encode()


def _client(peer: Peer) -> httpx.Client:
    transport = GuardedTransport(
        context=_tls(), limits=httpx.Limits(max_connections=1), allow_private=settings.CONFIGURATION.allowed_networks
    )
    return httpx.Client(transport=transport, timeout=peer.timeout_s, follow_redirects=False, trust_env=False)


@cache
def _tls() -> ssl.SSLContext:
    return tls_context(None)


def _code(raw: bytes) -> str:
    try:
        given: Any = json.loads(raw)
    except (ValueError, RecursionError):
        return ""
    return str(given.get("code", "")) if isinstance(given, dict) else ""


def _said(status: int, raw: bytes) -> str:
    try:
        given: Any = json.loads(raw)
        detail = str(given.get("detail", "")) if isinstance(given, dict) else ""
    except (ValueError, RecursionError):
        detail = ""
    return f"It answered {status}. {detail}".strip()[:400]
