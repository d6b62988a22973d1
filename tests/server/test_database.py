"""The hub and the state share a database."""

from __future__ import annotations

from django.db import connections

from tallystick.runs.world import SystemClock
from tallystick.server.state.address import address_of
from tallystick.server.state.database import Database
from tallystick.server.state.store import open_store


def test_store_of_the_hubs_address_uses_djangos_own_connection(state_url):
    before = set(connections.settings)
    assert list(open_store(state_url, clock=SystemClock()).runs("crm", limit=1)) == []
    assert Database(address_of(state_url)).alias == "default"
    assert set(connections.settings) == before
