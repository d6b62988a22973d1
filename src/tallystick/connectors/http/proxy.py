"""Connections through an HTTP proxy: a tunnel to the very address that was checked.

The proxy is asked for the address, not for the name, so that a proxy with a resolver of its own cannot lead elsewhere
than where connections may go. Source: RFC 9110 section 9.3.6.
"""

from __future__ import annotations

import base64
import os
import ssl
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote, urlsplit

import certifi
import httpcore

from tallystick.errors import ConfigurationError

DIRECT: Final = "direct"
"""The setting that says: no proxy, whatever the environment says."""

PORTS: Final = {"http": 80, "https": 443}
HEAD_BYTES: Final = 16 * 1024
SPOKEN: Final = {407: "it asks for a user name and password", 403: "it does not permit it"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Proxy:
    """`is_of_operator`: named by the environment of the process, so that it may be wherever it is."""

    host: str
    port: int
    is_tls: bool
    is_of_operator: bool
    authorization: str = ""

    @property
    def title(self) -> str:
        return f"the proxy {self.host}:{self.port}"

    def open_tunnel(
        self, stream: httpcore.NetworkStream, address: str, port: int, timeout_s: float | None
    ) -> httpcore.NetworkStream:
        """The stream, from now on to `address`. Raises httpcore.ConnectError."""
        place = f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
        lines = [f"CONNECT {place} HTTP/1.1", f"Host: {place}"]
        if self.authorization:
            lines.append(f"Proxy-Authorization: {self.authorization}")
        status, because = 0, "it does not answer"
        try:
            if self.is_tls:
                stream = stream.start_tls(ssl.create_default_context(cafile=certifi.where()), self.host, timeout_s)
            stream.write("".join(f"{line}\r\n" for line in (*lines, "")).encode("ascii"), timeout_s)
            status = _status(stream, timeout_s)
            because = SPOKEN.get(status, f"status {status}" if status else "it speaks something else than HTTP")
        except (httpcore.NetworkError, httpcore.TimeoutException):
            pass  # told below, where it is not taken for a fault of the server behind
        if 200 <= status < 300:
            return stream
        stream.close()
        raise httpcore.ConnectError(f"{self.title} does not connect to it: {because}")


def _status(stream: httpcore.NetworkStream, timeout_s: float | None) -> int:
    """The status of the proxy's answer, read to the end of its head and no further; 0 where it is no answer."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        octet = stream.read(1, timeout_s)  # what follows the head is of the tunnel
        head += octet
        if not octet or len(head) > HEAD_BYTES:
            return 0
    words = head.split(b"\r\n", 1)[0].split()
    return int(words[1]) if len(words) > 1 and words[0].startswith(b"HTTP/1.") and words[1].isdigit() else 0


class Proxies:
    """Which proxy leads to a host: the one of the setting, else what the environment says."""

    def __init__(self, setting: str | None, *, scheme: str, environment: Mapping[str, str] = os.environ) -> None:
        """`scheme`: http or https, of what is going to be connected to. Raises ConfigurationError."""
        self._is_direct = setting == DIRECT
        self._set = proxy_of(setting, is_of_operator=False) if setting and not self._is_direct else None
        lowered = {name.lower(): value for name, value in environment.items() if value}
        self._environment = {"no": lowered.get("no_proxy", "")}
        # HTTP_PROXY in capitals may be a header that a client of a CGI program sent
        plain = environment.get("http_proxy") or ("" if "REQUEST_METHOD" in environment else lowered.get("http_proxy"))
        named = lowered.get("https_proxy") if scheme == "https" else plain
        self._named = named or lowered.get("all_proxy")

    def lead_to(self, host: str, port: int) -> Proxy | None:
        """None: straight. Raises ConfigurationError where the environment names something that is no proxy."""
        if self._is_direct or self._set is not None:
            return self._set
        if not self._named or is_own(host):
            return None
        if urllib.request.proxy_bypass_environment(f"{host}:{port}", self._environment):  # type: ignore[attr-defined]
            return None
        named = self._named if "://" in self._named else f"http://{self._named}"
        return proxy_of(named, is_of_operator=True)


def is_own(host: str) -> bool:
    """Whether a host is this machine, to which no proxy of the environment leads."""
    return host == "localhost" or host.endswith(".localhost") or host == "::1" or host.startswith("127.")


def proxy_of(url: str, *, is_of_operator: bool) -> Proxy:
    """Raises ConfigurationError for what is no address of an HTTP proxy; the address is not in the message."""
    where = "the environment (HTTPS_PROXY, HTTP_PROXY, ALL_PROXY)" if is_of_operator else "`proxy`"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ConfigurationError(f"What {where} says is not an address.", hint=HINT) from None
    if parts.scheme not in PORTS or not parts.hostname or port == 0:
        raise ConfigurationError(f"What {where} says is not the address of an HTTP proxy.", hint=HINT)
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    signed = base64.b64encode(f"{user}:{password}".encode()).decode()
    return Proxy(
        host=parts.hostname,
        port=port or PORTS[parts.scheme],
        is_tls=parts.scheme == "https",
        is_of_operator=is_of_operator,
        authorization=f"Basic {signed}" if user else "",
    )


HINT: Final = "Write it as http://proxy.example.com:3128."
