"""Where connections to databases may go. The names here are looked up in a table, the sockets are real."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from sqlalchemy.engine import make_url

from tallystick.connectors import connect
from tallystick.connectors.sql.guarded import guard_of
from tallystick.connectors.sql.settings import Settings
from tallystick.errors import AddressRefused, Unreachable
from tallystick.testing.clock import FixedClock, SequentialIds


def opened(url, **settings):
    return connect("sql", {"url": url, **settings}, folder=Path(), clock=FixedClock(), ids=SequentialIds())


@pytest.fixture
def names(monkeypatch):
    """Host name -> the addresses it has, one list an answer."""
    known: dict[str, list[str]] = {}

    def look_up(host, port, **_):
        if host not in known:
            raise socket.gaierror("unknown")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (known[host].pop(0), port))]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return known


@pytest.mark.parametrize("scheme", ["postgresql", "mariadb", "mysql"])
@pytest.mark.parametrize(("host", "address"), [("db.example.com", "10.0.0.5"), ("meta.example.com", "169.254.169.254")])
def test_database_inside_the_network_is_refused_before_anything_is_sent(names, scheme, host, address):
    names[host] = [address] * 4
    with pytest.raises(AddressRefused, match=f"{host} leads to {address}"):
        opened(f"{scheme}://u:p@{host}/d", allow_private=[]).describe()


@pytest.mark.parametrize("scheme", ["postgresql", "mariadb"])
def test_unknown_name_is_unreachable(names, scheme):
    with pytest.raises(Unreachable, match=r"nowhere\.example\.com has no address"):
        opened(f"{scheme}://u@nowhere.example.com/d", allow_private=[]).describe()


def test_name_that_resolves_differently_the_second_time_is_looked_at_again(names):
    names["db.example.com"] = ["93.184.216.34", "127.0.0.1"]
    guard = guard_of(make_url("postgresql://u@db.example.com/d"), Settings(url="x", allow_private=()))
    assert guard is not None
    assert guard() == "93.184.216.34"
    with pytest.raises(AddressRefused, match=r"127\.0\.0\.1"):
        guard()


@pytest.mark.parametrize("query", ["host=127.0.0.1", "hostaddr=127.0.0.1", "service=x"])
def test_address_that_names_its_server_another_way_is_refused(query):
    with pytest.raises(AddressRefused, match=f"`{query.partition('=')[0]}`"):
        opened(f"postgresql://u@db.example.com/d?{query}", allow_private=[])


def test_several_servers_or_a_socket_are_refused():
    for host in ("a.example.com,b.example.com", "%2Frun%2Fpostgresql"):
        with pytest.raises(AddressRefused, match="several servers or a socket"):
            opened(f"postgresql://u@{host}/d", allow_private=[]).describe()


def test_unguarded_connections_are_as_they_were():
    assert guard_of(make_url("postgresql://u@db/d"), Settings(url="x")) is None
