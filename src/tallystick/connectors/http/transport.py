"""The sockets under the HTTP client: guarded addresses, one segment a request, no delayed acknowledgements."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import certifi
import httpcore
import httpx

from tallystick.connectors.http.addresses import Networks, check_address
from tallystick.connectors.http.proxy import Proxies, Proxy
from tallystick.errors import AddressRefused, ConfigurationError

SEGMENT_BYTES = 64 * 1024


class GuardedTransport(httpx.HTTPTransport):
    """An HTTP transport that checks where a name really leads at the moment it connects.

    Checking beforehand would leave a gap for a name that resolves differently the second time.
    """

    def __init__(
        self,
        *,
        context: ssl.SSLContext,
        limits: httpx.Limits,
        allow_private: bool | Networks,
        proxies: Proxies | None = None,
    ) -> None:
        """`proxies`: those to go through, where not those of the environment for https."""
        super().__init__(verify=context, trust_env=False, limits=limits)
        # httpx has no parameter for the network backend, httpcore has
        self._pool = httpcore.ConnectionPool(
            ssl_context=context,
            max_connections=limits.max_connections,
            max_keepalive_connections=limits.max_keepalive_connections,
            keepalive_expiry=limits.keepalive_expiry,
            network_backend=GuardedBackend(
                allow_private=allow_private, proxies=proxies or Proxies(None, scheme="https")
            ),
        )


class GuardedBackend(httpcore.SyncBackend):
    def __init__(self, *, allow_private: bool | Networks, proxies: Proxies) -> None:
        self._allow_private = allow_private
        self._proxies = proxies

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        proxy = self._proxies.lead_to(host, port)
        fault: Exception = httpcore.ConnectError(f"{host} has no address")
        for address in self._addresses(host, port):
            try:
                check_address(address, host=host, allow_private=self._allow_private)
                if proxy is None:
                    stream = super().connect_tcp(address, port, timeout, local_address, socket_options)
                else:
                    stream = self._through(proxy, address, port, timeout)
            except (AddressRefused, httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                fault = error
                continue
            return OneSegmentStream(stream)
        raise fault

    def _through(self, proxy: Proxy, address: str, port: int, timeout_s: float | None) -> httpcore.NetworkStream:
        fault: Exception = httpcore.ConnectError(f"{proxy.title} has no address")
        for place in self._addresses(proxy.host, proxy.port):
            if not proxy.is_of_operator:
                check_address(place, host=proxy.title, allow_private=self._allow_private)
            try:
                stream = super().connect_tcp(place, proxy.port, timeout_s)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                fault = httpcore.ConnectError(f"{proxy.title} cannot be reached")
                continue
            return proxy.open_tunnel(stream, address, port, timeout_s)
        raise fault

    def _addresses(self, host: str, port: int) -> list[str]:
        try:
            infos = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise httpcore.ConnectError(str(error)) from error
        return list(dict.fromkeys(str(info[4][0]) for info in infos))


class OneSegmentStream(httpcore.NetworkStream):
    """Sends head and body of a request together, and asks for immediate acknowledgement of what it receives.

    Without this, a server with Nagle's algorithm waits 40 ms for the delayed acknowledgement of every answer.
    """

    def __init__(self, stream: httpcore.NetworkStream) -> None:
        self._stream = stream
        self._buffer = bytearray()
        self._timeout_s: float | None = None
        self._socket: Any = stream.get_extra_info("socket")

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._buffer += buffer
        self._timeout_s = timeout
        if len(self._buffer) >= SEGMENT_BYTES:
            self._flush()

    def _flush(self) -> None:
        if self._buffer:
            pending, self._buffer = bytes(self._buffer), bytearray()
            self._stream.write(pending, self._timeout_s)

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        refused: httpcore.WriteError | None = None
        try:
            self._flush()
        except httpcore.WriteError as error:
            refused = error  # the server may have answered (413) and closed before it read everything
        if hasattr(socket, "TCP_QUICKACK") and self._socket is not None:
            try:
                self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
            except OSError:
                self._socket = None
        try:
            return self._stream.read(max_bytes, timeout)
        except httpcore.ReadError:
            if refused is not None:
                raise refused from None
            raise

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        return OneSegmentStream(self._stream.start_tls(ssl_context, server_hostname, timeout))

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def tls_context(ca_file: Path | None) -> ssl.SSLContext:
    """Trusts the usual authorities and the ones in `ca_file`. Raises ConfigurationError when the file is not usable."""
    context = ssl.create_default_context(cafile=certifi.where())
    if ca_file is not None:
        try:
            context.load_verify_locations(cafile=str(ca_file))
        except FileNotFoundError:
            raise ConfigurationError(
                f"The certificate file {ca_file} does not exist.", hint="Correct `ca_file`."
            ) from None
        except (ssl.SSLError, OSError):
            raise ConfigurationError(
                f"The certificate file {ca_file} cannot be read as PEM certificates.", hint="Correct `ca_file`."
            ) from None
    return context
