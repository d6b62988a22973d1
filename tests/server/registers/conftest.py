"""Assets of the register and devices as agents report them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tallystick.server.discovery.domain.keeping import keep
from tallystick.server.discovery.domain.keys import make_key
from tallystick.server.discovery.protocol import xml_reports
from tallystick.server.records.domain import actions
from tests.server.discovery.conftest import report_of

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


@pytest.fixture
def asset(actor):
    """Makes an asset of the register; its id."""

    def make(name="lon-1", **values):
        values = {"business_unit": "US001", **values}
        return actions.create(actor, "register_asset", {"name": name, **values}).id

    return make


@pytest.fixture
def device(actor):
    """Takes a report of an agent; the id of its device."""
    keys = {}

    def take(device="pc-1", *, at=NOW, unit="US001", **values):
        if unit not in keys:
            keys[unit] = make_key(actor, name=f"Works {unit}", business_unit=unit).key
        return keep(xml_reports.read(report_of(device, **values)), keys[unit], at).device

    return take


@pytest.fixture
def maker(actor):
    return lambda name: actions.create(actor, "register_manufacturer", {"name": name}).id
