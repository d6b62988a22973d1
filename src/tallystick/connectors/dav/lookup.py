"""Addresses of a domain's services from the DNS. Source: RFC 6764."""

from __future__ import annotations

import dns.exception
import dns.resolver

SERVICES = ("_carddavs._tcp", "_caldavs._tcp")
"""Over TLS only: a name looked up in the DNS must prove itself before it is told a password."""

LONGEST_S = 5.0


def service_urls(domain: str) -> list[str]:
    """The addresses that SRV and TXT records of `domain` name, each service's first choice; else the domain itself."""
    found = []
    for service in SERVICES:
        for _, _, host, port in _servers(f"{service}.{domain}")[:1]:
            found.append(f"https://{host}{'' if port == 443 else f':{port}'}{_path(f'{service}.{domain}')}")
    return list(dict.fromkeys(found)) or [f"https://{domain}/"]


def _servers(name: str) -> list[tuple[int, int, str, int]]:
    """(priority, -weight, host, port), best first; nothing where the DNS has no answer."""
    try:
        answer = dns.resolver.resolve(name, "SRV", lifetime=LONGEST_S)
    except (dns.exception.DNSException, OSError):
        return []
    servers = [(one.priority, -one.weight, str(one.target).rstrip("."), one.port) for one in answer]
    return sorted(server for server in servers if server[2])  # a lone dot: the service is not offered


def _path(name: str) -> str:
    try:
        answer = dns.resolver.resolve(name, "TXT", lifetime=LONGEST_S)
    except (dns.exception.DNSException, OSError):
        return "/"
    for one in answer:
        text = b"".join(one.strings).decode("utf-8", "replace")
        if text.lower().startswith("path=/"):
            return text[5:]
    return "/"
