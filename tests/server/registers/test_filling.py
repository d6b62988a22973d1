"""What is discovered fills the register: devices are matched, shared serials kept apart. Rows A2, A23."""

from __future__ import annotations

import pytest

from tallystick.runs.world import TimeIds
from tallystick.server.discovery.kinds import DEVICE
from tallystick.server.discovery.models import DeviceKey
from tallystick.server.records.domain.steps import Doing, Step
from tallystick.server.records.domain.tables import Place
from tallystick.server.records.domain.write import carry_out
from tallystick.server.records.models import Change
from tallystick.server.records.queries import HUB
from tallystick.server.registers.domain.comparing import compare
from tallystick.server.registers.domain.deciding import configure
from tallystick.server.registers.domain.filling import AUTHOR, fill
from tallystick.server.registers.models import RegisterAsset, RegisterException
from tests.server.registers.conftest import NOW

pytestmark = pytest.mark.django_db
MAC = "00:1a:2b:3c:4d:5e"


def test_new_device_is_entered_without_counting_by_hand_A2(device):
    found = device(serial="SN9", maker="Dell Inc.", model="XPS", hostname="lon-1", memory=8000)
    done = fill(NOW, enters=True)
    assert (done.joined, done.entered, done.refused) == (0, 1, ())
    (asset,) = RegisterAsset.objects.select_related("manufacturer")
    assert (asset.name, asset.serial_number, asset.manufacturer.name, asset.model) == (
        "lon-1",
        "SN9",
        "Dell Inc.",
        "XPS",
    )
    assert (asset.business_unit, asset.device_id, asset.memory_mb, asset.asset_id) == (
        "US001",
        found,
        8000,
        "000000000001",
    )
    assert fill(NOW, enters=True).entered == 0
    assert Change.objects.filter(record_type="register_asset").count() == 1


@pytest.mark.parametrize(
    ("expected", "discovered"),
    [
        ({"serial_number": "sn-9"}, {"serial": "SN9"}),
        ({"serial_number": "SN9", "maker": "Dell, Inc"}, {"serial": "SN9", "maker": "DELL INC."}),
        ({"mac_addresses": f'["{MAC}"]'}, {"macs": [MAC]}),
    ],
)
def test_device_finds_its_asset_and_tells_its_facts_A2(asset, device, maker, expected, discovered):
    values = dict(expected)
    if "maker" in values:
        values["manufacturer"] = maker(values.pop("maker"))
    id_ = asset("lon-1", **values)
    found = device(hostname="lon-99", memory=16000, user="ada", **discovered)
    assert fill(NOW, enters=True).joined == 1
    kept = RegisterAsset.objects.get()
    assert (kept.pk, kept.device_id, kept.name, kept.memory_mb, kept.last_user) == (id_, found, "lon-1", 16000, "ada")
    device(hostname="lon-99", memory=32000, user="ada", **discovered)
    assert fill(NOW, enters=True).updated == 1
    assert RegisterAsset.objects.get().memory_mb == 32000


def test_serial_of_many_devices_is_entered_once_and_joins_nothing_else_A23(device):
    for number in range(8):
        device(f"pc-{number}", serial="SAME", hostname=f"pc-{number}", macs=[f"00:1a:2b:3c:4d:{number:02x}"])
    first = fill(NOW, enters=True)
    assert (first.entered, len(first.refused)) == (1, 7)
    assert "in physical use" in first.refused[0]
    assert fill(NOW, enters=True).joined == 0
    compare(NOW)
    assert RegisterException.objects.filter(kind="unexpected", state="open").count() == 7
    assert RegisterAsset.objects.count() == 1


def test_host_name_alone_enters_and_joins_nothing_A2(asset, device):
    asset("lon-1", hostname="lon-1", serial_number="SN1")
    device(hostname="LON-1", serial="SN2")
    done = fill(NOW, enters=True)
    assert (done.joined, done.entered) == (0, 0)
    compare(NOW)
    assert RegisterException.objects.get().kind == "unexpected"


def test_same_serial_of_another_maker_is_no_match_A23(asset, device, maker):
    asset("a", serial_number="7", manufacturer=maker("Dell"))
    device(serial="7", maker="HP", hostname="b")
    assert fill(NOW, enters=True).joined == 0


def test_device_without_a_business_unit_waits_for_a_person_A2(device):
    device(serial="SN9", unit="")
    assert fill(NOW, enters=True).entered == 0
    compare(NOW)
    assert RegisterException.objects.get().kind == "unexpected"


def test_entering_can_be_left_to_people_A2(device, actor):
    configure(actor, inventory_age_days=30, left_out=[], enters_new=False)
    device(serial="SN9")
    compare(NOW)
    assert not RegisterAsset.objects.exists()
    assert RegisterException.objects.get().kind == "unexpected"


@pytest.mark.slow
def test_one_serial_on_five_thousand_devices_joins_one_and_keeps_its_pace_A23(device, django_assert_max_num_queries):
    """A maker that wrote one number into a whole delivery: each device is one, and the next report costs no more."""
    steps = [
        Step(
            doing=Doing.CREATE,
            values={"name": f"pc-{n}", "hostname": f"pc-{n}", "serial_number": "SAME", "business_unit": "US001"},
        )
        for n in range(5_000)
    ]
    place = Place(using=HUB, now=NOW)
    made = [
        one.id
        for start in range(0, len(steps), 500)
        for one in carry_out(DEVICE, steps[start : start + 500], AUTHOR, place, new_id=TimeIds().new)
    ]
    DeviceKey.objects.bulk_create(DeviceKey(device_id=id_, kind="serial", value="same", seen_at=NOW) for id_ in made)
    found = {device(f"new-{n}", serial="SAME", hostname=f"new-{n}") for n in range(3)}
    assert len(found) == 3
    assert not found & set(made)
    with django_assert_max_num_queries(40):
        assert device("new-0", serial="SAME", hostname="new-0") in found
    filled = fill(NOW, enters=True)
    assert filled.entered + len(filled.refused) == 5_003
    assert filled.entered == 1  # one of them is the serial's; the others wait as exceptions, for a person
