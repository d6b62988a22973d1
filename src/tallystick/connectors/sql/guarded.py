"""Connections to database servers that may not go everywhere: the address is looked up and checked each time.

The driver is then given the address itself, so that a name which resolves differently the second time gains nothing.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any, Final

from sqlalchemy import Engine, event
from sqlalchemy.engine import URL

from tallystick.connectors.http.addresses import allowed_addresses, open_socket
from tallystick.connectors.sql.settings import Settings
from tallystick.errors import AddressRefused

Guard = Callable[[], str]
"""The address to connect to now, checked."""

_ELSEWHERE: Final = ("host", "hostaddr", "port", "service", "servicefile", "unix_socket", "read_default_file")
"""Parameters of an address that lead past the host it names."""
_PORTS: Final = {"postgresql": 5432, "mysql": 3306}


def guard_of(url: URL, settings: Settings) -> Guard | None:
    """Looks the server up and checks where it leads; None where connections may go everywhere.

    Raises AddressRefused for an address that names its server in a way that cannot be checked.
    """
    if settings.allow_private is True:
        return None
    host, port = _place(url, "postgresql")
    return lambda: allowed_addresses(host, port, allow_private=settings.allow_private)[0]


def guard_sessions(engine: Engine, guard: Guard | None) -> None:
    """Connections of this PostgreSQL engine go to the address that was checked."""
    if guard is None:
        return

    @event.listens_for(engine, "do_connect")
    def address(_dialect: Any, _record: Any, _arguments: Any, named: dict[str, Any]) -> None:
        named["hostaddr"] = guard()


def guard_sockets(engine: Engine, url: URL, settings: Settings) -> None:
    """Connections of this MariaDB engine go over sockets that were opened to an address that was checked."""
    if settings.allow_private is True:
        return
    host, port = _place(url, "mysql")

    @event.listens_for(engine, "do_connect")
    def connect(_dialect: Any, _record: Any, arguments: Any, named: dict[str, Any]) -> Any:
        import pymysql

        opened = open_socket(host, port, allow_private=settings.allow_private, timeout_s=settings.timeout_s)
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        opened.settimeout(None)
        connection = pymysql.connect(*arguments, **named, defer_connect=True)
        connection.connect(opened)
        return connection


def _place(url: URL, kind: str) -> tuple[str, int]:
    if led := sorted(set(_ELSEWHERE) & url.query.keys()):
        raise AddressRefused(
            f"The address of the database names its server by `{led[0]}`, which cannot be checked.",
            hint="Write the server between // and /, as in postgresql://user@host:5432/database.",
        )
    host = url.host or "localhost"
    if "," in host or "/" in host or "%" in host:
        raise AddressRefused(
            "The address of the database names several servers or a socket, which cannot be checked.",
            hint="Name one server.",
        )
    return host, url.port or _PORTS[kind]
