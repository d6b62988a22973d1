"""The HTTP client: one request in, one whole answer or one clear error out."""

from __future__ import annotations

import logging
import time
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

import httpx
import stamina
from stamina.instrumentation import RetryDetails, set_on_retry_hooks

from tallystick.connectors.http.addresses import check_url, is_same_site, origin_of, shown
from tallystick.connectors.http.budget import budget_of
from tallystick.connectors.http.errors import AnswerLost, AnswerTooLarge, of_transport, retry_after_s
from tallystick.connectors.http.proxy import Proxies, is_own
from tallystick.connectors.http.settings import HttpSettings, SignIn
from tallystick.connectors.http.transport import GuardedTransport, tls_context
from tallystick.errors import Throttled, Unreachable
from tallystick.ports.world import Clock

LONGEST_WAIT_S = 60.0
"""A longer Retry-After is handed on as Throttled: the run is put off instead of a thread held."""

TRY_AGAIN = frozenset({429, 502, 503, 504})

UNPACKED: Final = {"Accept-Encoding": "identity"}
"""What this machine itself sends needs no packing, which takes longer than carrying it."""

_log = logging.getLogger(__name__)


def _note(details: RetryDetails) -> None:
    """Tells the log of a retry: what stamina does of itself goes to standard output, with every argument."""
    _log.info("Trying again in %.1f s, attempt %d: %s", details.wait_for, details.retry_num + 1, details.caused_by)


set_on_retry_hooks((_note,))


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    status: int
    headers: httpx.Headers
    body: bytes
    url: str
    wait_s: float | None = None  # what Retry-After asks for


class BearerAuth(httpx.Auth):
    def __init__(self, token: str) -> None:
        self._token = token

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        request.headers["Authorization"] = f"Bearer {self._token}"
        yield request


class _TryAgain(Exception):
    """An answer that asks to come again; never leaves this module."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(str(answer.status))
        self.answer = answer


class HttpClient:
    """Thread-safe. Redirects are never followed by themselves; cookies are not kept.

    Credentials go to the configured `origins` and over https to their own domains, nowhere else.
    """

    def __init__(
        self, settings: HttpSettings, *, origins: tuple[str, ...], clock: Clock, user_agent: str = "Tallystick"
    ) -> None:
        for origin in origins:
            check_url(origin)
        self._settings = settings
        self._origins = origins
        self._clock = clock
        self._auth = _auth_of(settings)
        self.product = ""  # what the server last called itself
        self._budget = budget_of((origin_of(origins[0]), settings.username), settings.rate_per_s)
        limits = httpx.Limits(
            max_connections=settings.parallel, max_keepalive_connections=settings.parallel, keepalive_expiry=4.0
        )
        self._client = httpx.Client(
            transport=GuardedTransport(
                context=tls_context(settings.ca_file),
                limits=limits,
                allow_private=settings.allow_private,
                proxies=Proxies(settings.proxy, scheme=origin_of(origins[0])[0]),
            ),
            timeout=httpx.Timeout(
                settings.read_timeout_s, connect=settings.connect_timeout_s, pool=settings.total_timeout_s
            ),
            headers={"User-Agent": user_agent, **(UNPACKED if is_own(urlsplit(origins[0]).hostname or "") else {})},
            trust_env=False,
        )

    @property
    def host(self) -> str:
        """The server's name for messages."""
        return urlsplit(self._origins[0]).netloc.rsplit("@", 1)[-1]

    @property
    def max_answer_bytes(self) -> int:
        return self._settings.max_answer_bytes

    def close(self) -> None:
        self._client.close()

    def read(self, method: str, url: str, *, headers: Mapping[str, str] | None = None, body: bytes = b"") -> Answer:
        """Sends a request that changes nothing, again when it failed, as often as the settings allow.

        Raises Unreachable, CertificateRefused, AddressRefused, Throttled, AnswerLost, AnswerTooLarge. Any other
        status is the caller's to judge.
        """

        def again(error: Exception) -> bool | float:
            if isinstance(error, _TryAgain):
                wait_s = error.answer.wait_s
                return True if wait_s is None else wait_s if wait_s <= LONGEST_WAIT_S else False
            return isinstance(error, Unreachable | AnswerLost)

        try:
            for attempt in stamina.retry_context(on=again, attempts=self._settings.attempts, timeout=120):
                with attempt:
                    answer = self.send(method, url, headers=headers, body=body)
                    if answer.status in TRY_AGAIN:
                        raise _TryAgain(answer)
        except _TryAgain as error:
            answer = error.answer
            if answer.status in (429, 503):
                raise Throttled(
                    f"{self.host} asks to slow down ({answer.status}).",
                    retry_after_s=answer.wait_s,
                    hint="The run goes on by itself later.",
                ) from None
        return answer

    def send(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        most_bytes: int | None = None,
    ) -> Answer:
        """Sends a request once. Raises what `read` does except Throttled; every status is the caller's to judge.

        `most_bytes`: a larger answer is not taken; the limit of the settings holds all the same.
        """
        check_url(url)
        self._budget.take()
        auth = self._auth if any(is_same_site(url, origin) for origin in self._origins) else None
        host = urlsplit(url).netloc.rsplit("@", 1)[-1]
        started_s = time.monotonic()
        try:
            with self._client.stream(method, url, headers=headers, content=body or None, auth=auth) as response:
                content = self._content(response, host, started_s, most_bytes)
        except httpx.TransportError as error:
            raise of_transport(error, host) from None
        except httpx.DecodingError:
            raise AnswerLost(f"{host} sent an answer whose compression is damaged.") from None
        except httpx.InvalidURL:
            raise Unreachable(f"{shown(url)} is not an address that can be connected to.") from None
        self.product = response.headers.get("Server", "")[:100] or self.product
        wait_s = retry_after_s(response.headers, self._clock.now()) if response.status_code in (429, 503) else None
        if wait_s:
            self._budget.pause(min(wait_s, LONGEST_WAIT_S))
        return Answer(
            status=response.status_code, headers=response.headers, body=content, url=str(response.url), wait_s=wait_s
        )

    def _content(self, response: httpx.Response, host: str, started_s: float, most_bytes: int | None) -> bytes:
        limit = min(self._settings.max_answer_bytes, most_bytes or self._settings.max_answer_bytes)
        too_large = AnswerTooLarge(f"{host} sent an answer of more than {limit // 2**20} MiB, which is not read.")
        announced = response.headers.get("Content-Length", "")
        if announced.isdigit() and int(announced) > limit:
            raise too_large
        pieces, size = [], 0
        for piece in response.iter_bytes():
            size += len(piece)
            if size > limit:
                raise too_large
            if time.monotonic() - started_s > self._settings.total_timeout_s:
                raise AnswerLost(f"{host} took too long to send its answer.")
            pieces.append(piece)
        return b"".join(pieces)


def _auth_of(settings: HttpSettings) -> httpx.Auth | None:
    password, token = settings.password.get_secret_value(), settings.token.get_secret_value()
    if token:
        return BearerAuth(token)
    if not settings.username:
        return None
    if settings.sign_in is SignIn.DIGEST:
        return httpx.DigestAuth(settings.username, password)
    return httpx.BasicAuth(settings.username, password)
