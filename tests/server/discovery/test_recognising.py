"""Which device a report is about. Rows A13, A23; issue 4, "Bad input": ids that change, serials that are shared."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tallystick.server.discovery.domain.keeping import MOST_AGENT_IDS, keep, not_seen_since
from tallystick.server.discovery.models import Device, DeviceKey, Sighting
from tallystick.server.discovery.protocol import xml_reports
from tallystick.server.records.domain import actions
from tests.server.discovery.conftest import report_of

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
UUIDS = [f"4c4c4544-0034-3010-8048-b6c04f5037{number:02x}" for number in range(64)]
MACS = [f"00:1a:2b:3c:4d:{number:02x}" for number in range(64)]
LOCAL = [f"52:54:00:12:34:{number:02x}" for number in range(64)]


@pytest.fixture
def taken(agent):
    """Takes a report; the id of its device."""

    def take(device, *, at=NOW, **values):
        return keep(xml_reports.read(report_of(device, **values)), agent.key, at).device

    return take


@pytest.mark.parametrize(
    "values",
    [
        {"uuid": UUIDS[0], "hostname": "pc"},
        {"serial": "SN-1", "hostname": "pc"},
        {"serial": " sn-1 ", "hostname": "PC"},
        {"macs": [MACS[0]], "hostname": "pc"},
        {"macs": [LOCAL[0]], "hostname": "pc"},
        {"uuid": UUIDS[0], "serial": "SN-1", "macs": [MACS[0]], "hostname": "pc"},
    ],
)
def test_agent_that_changes_its_id_daily_is_recognised_A13(taken, values):
    days = [taken(f"pc-{day}", at=NOW + timedelta(days=day), **values) for day in range(30)]
    assert len(set(days)) == 1
    assert Device.objects.count() == 1
    assert DeviceKey.objects.filter(kind="agent").count() == MOST_AGENT_IDS
    assert Sighting.objects.get().reports == 30


def test_serial_of_many_devices_merges_none_A23(taken):
    found = {taken(f"pc{n}-a", serial="SAME", hostname=f"pc{n}", uuid=UUIDS[n]) for n in range(30)}
    found |= {taken(f"mc{n}-a", serial="SAME", hostname=f"mc{n}", macs=[MACS[n]]) for n in range(30)}
    assert len(found) == 60
    again = {taken(f"pc{n}-b", serial="SAME", hostname=f"pc{n}", uuid=UUIDS[n]) for n in range(30)}
    again |= {taken(f"mc{n}-b", serial="SAME", hostname=f"mc{n}", macs=[MACS[n]]) for n in range(30)}
    assert again == found


@pytest.mark.parametrize("serial", ["To be filled by O.E.M.", "0", "", "Default string"])
def test_junk_serial_tells_nothing_S2(taken, serial):
    assert taken("a-1", serial=serial, hostname="a") != taken("b-1", serial=serial, hostname="b")
    assert not DeviceKey.objects.filter(kind="serial").exists()


def test_copied_disk_with_the_same_agent_id_is_another_device_A13(taken):
    first = taken("image-1", uuid=UUIDS[0], serial="S-0", hostname="a")
    second = taken("image-1", uuid=UUIDS[1], serial="S-1", hostname="b")
    assert first != second
    assert taken("image-1", uuid=UUIDS[1], serial="S-1", hostname="b") == second
    assert taken("image-1", uuid=UUIDS[0], serial="S-0", hostname="a") == first


def test_new_board_in_the_same_case_is_the_same_device_A13(taken):
    first = taken("pc-1", uuid=UUIDS[0], serial="S-0", hostname="a", macs=[MACS[0]])
    assert taken("pc-1", uuid=UUIDS[1], serial="S-0", hostname="a", macs=[MACS[1]]) == first
    assert taken("pc-2", uuid=UUIDS[1], serial="S-0", hostname="a", macs=[MACS[1]]) == first


def test_reused_host_name_alone_is_another_device_A13(taken):
    assert taken("pc-1", hostname="pc", serial="S-0") != taken("pc-2", hostname="pc", serial="S-1")


def test_network_card_that_goes_round_joins_nothing_A13(taken):
    dock = "00:e0:4c:68:01:db"
    first = taken("a-1", hostname="a", uuid=UUIDS[0], macs=[MACS[0], dock])
    second = taken("b-1", hostname="b", uuid=UUIDS[1], macs=[MACS[1], dock])
    third = taken("c-1", hostname="c", uuid=UUIDS[2], serial="S-2", macs=[MACS[2]])
    assert taken("a-2", hostname="a", uuid=UUIDS[0], macs=[MACS[0], dock]) == first
    assert len({first, second, third}) == 3


def test_card_given_by_software_needs_the_host_name_too_A13(taken):
    assert taken("a-1", hostname="a", macs=[LOCAL[0]]) != taken("b-1", hostname="b", macs=[LOCAL[0]])


def test_deleted_device_that_reports_again_comes_back_A2(taken, actor):
    device = taken("pc-1", hostname="pc", serial="S-0")
    actions.delete(actor, "device", [device])
    assert taken("pc-1", hostname="pc", serial="S-0") == device
    assert Device.objects.get(pk=device).gone_at is None


def test_devices_not_seen_for_days_are_found_A24(taken):
    old = taken("old-1", hostname="old", serial="S-0", at=NOW - timedelta(days=40))
    taken("new-1", hostname="new", serial="S-1", at=NOW)
    assert not_seen_since(30, NOW) == [old]
