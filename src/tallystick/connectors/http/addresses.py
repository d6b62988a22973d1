"""Where connections may go: never to a metadata service or a link-local address, inside the network when allowed."""

from __future__ import annotations

import ipaddress
import socket
from typing import Final
from urllib.parse import urlsplit

from tallystick.errors import AddressRefused, ConfigurationError, Unreachable

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
Networks = tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]

METADATA: Final = frozenset(
    ipaddress.ip_address(text)
    for text in (
        "169.254.169.254",
        "169.254.170.2",
        "100.100.100.200",
        "168.63.129.16",
        "192.0.0.192",
        "fd00:ec2::254",
        "fd20:ce::254",
    )
)
"""Where clouds answer with credentials to whoever asks from inside."""

NAT64: Final = ipaddress.ip_network("64:ff9b::/96")
CARRIER_NAT: Final = ipaddress.ip_network("100.64.0.0/10")


def check_address(text: str, *, host: str, allow_private: bool | Networks) -> None:
    """Passes when a connection to the IP address `text`, which `host` resolved to, is allowed; else AddressRefused.

    `allow_private`: whether it may be inside the own network, or the networks it may be in.
    """
    address = _inner(ipaddress.ip_address(text.split("%", 1)[0]))
    if address in METADATA or address.is_link_local:
        raise AddressRefused(
            f"{host} leads to {address}, a link-local or metadata address, where no connection may go.",
            hint="Give the address of the server itself.",
        )
    if address.is_multicast or address.is_unspecified or (address.is_reserved and not address.is_loopback):
        raise AddressRefused(f"{host} leads to {address}, which is not the address of a server.")
    is_private = address.is_private or address.is_loopback or (address.version == 4 and address in CARRIER_NAT)
    if is_private and not _is_allowed(address, allow_private):
        hint = "Set `allow_private: true` for this system if that is meant."
        if isinstance(allow_private, tuple):
            hint = "Whoever runs the hub can allow it: TALLYSTICK_ALLOWED_NETWORKS."
        raise AddressRefused(f"{host} leads to {address}, inside the own network.", hint=hint)


def _is_allowed(address: IPAddress, allow_private: bool | Networks) -> bool:
    if isinstance(allow_private, bool):
        return allow_private
    return any(address.version == network.version and address in network for network in allow_private)


def open_socket(host: str, port: int, *, allow_private: bool | Networks, timeout_s: float) -> socket.socket:
    """A connection to the first address of `host` that may be connected to and answers.

    What is checked is what is connected to: a name that resolves differently the second time gains nothing.
    Raises AddressRefused or Unreachable.
    """
    fault: Exception = Unreachable(f"The name {host} has no address.", hint="Correct the address.")
    for address in allowed_addresses(host, port, allow_private=allow_private):
        try:
            return socket.create_connection((address, port), timeout_s)
        except OSError as error:
            fault = Unreachable(f"{host} does not answer on port {port} ({error.strerror or error}).")
    raise fault


def allowed_addresses(host: str, port: int, *, allow_private: bool | Networks) -> tuple[str, ...]:
    """The addresses of `host`. Raises AddressRefused when one may not be connected to, Unreachable when there is none.

    All of them have to be allowed: whoever offers one of each hopes that the other is taken.
    """
    try:
        infos = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise Unreachable(f"The name {host} has no address.", hint="Correct the address.") from None
    found = tuple(dict.fromkeys(str(info[4][0]) for info in infos))
    for address in found:
        check_address(address, host=host, allow_private=allow_private)
    return found


def _inner(address: IPAddress) -> IPAddress:
    """The IPv4 address that an IPv6 address wraps (mapped, 6to4, NAT64), else the address itself."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return address.ipv4_mapped
        if address.sixtofour is not None:
            return address.sixtofour
        if address in NAT64:
            return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address


def check_url(url: str) -> None:
    """Passes when `url` is an absolute http or https address with a host; else ConfigurationError."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise ConfigurationError(f"{shown(url)} is not an address: {error}.") from None
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0:
        raise ConfigurationError(
            f"{shown(url)} is not an address that can be connected to.",
            hint="It begins with https:// or http:// and names a host.",
        )


def origin_of(url: str) -> tuple[str, str, int]:
    """Scheme, host and port."""
    parts = urlsplit(url)
    return parts.scheme, (parts.hostname or "").lower(), parts.port or (443 if parts.scheme == "https" else 80)


def is_same_site(url: str, other: str) -> bool:
    """Whether credentials for `other` may go to `url`: the same origin, or over https to a host of the same domain."""
    here, there = origin_of(url), origin_of(other)
    if here == there:
        return True
    if here == ("https", there[1], 443) and there[0] == "http":
        return True  # the same host, only safer
    both_safe = here[0] == there[0] == "https"
    return both_safe and _domain(here[1]) == _domain(there[1]) is not None


def _domain(host: str) -> str | None:
    """The last two labels (three under endings such as co.uk); None for an IP address."""
    labels = host.split(".")
    if len(labels) < 2 or ":" in host or labels[-1].isdigit():
        return None
    count = 3 if len(labels[-1]) == 2 and len(labels[-2]) <= 3 else 2
    return ".".join(labels[-count:]) if len(labels) >= count else None


def shown(url: str) -> str:
    """`url` as it may stand in a message or a log: no user name, no password, no query, no fragment."""
    head, separator, rest = url.partition("://")
    if not separator:
        return url.rsplit("@", 1)[-1].split("?", 1)[0]
    place, slash, path = rest.partition("/")
    return f"{head}://{place.rsplit('@', 1)[-1]}{slash}{path.split('?', 1)[0].split('#', 1)[0]}".split("?", 1)[0]
