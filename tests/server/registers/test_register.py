"""The built-in register: ids, serial numbers in physical use, doubtful ones, costs. Rows A12, A23; issue 4, 3."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from tallystick.errors import InputRefused
from tallystick.server.records.domain import actions
from tallystick.server.registers.models import RegisterAsset
from tallystick.server.registers.queries import cost_of_ownership, doubtful_serials

pytestmark = pytest.mark.django_db


def test_asset_without_an_id_gets_the_next_free_one_A23(asset):
    asset("a", asset_id="000000000002")
    found = [RegisterAsset.objects.get(pk=asset(name)).asset_id for name in ("b", "c")]
    assert found == ["000000000001", "000000000003"]
    assert RegisterAsset.objects.values("asset_id").distinct().count() == 3


def test_asset_id_is_unique_within_its_business_unit_A19(asset):
    asset("a", asset_id="100")
    asset("b", asset_id="100", business_unit="US002")
    with pytest.raises(InputRefused, match="There is one with this already"):
        asset("c", asset_id="100")


@pytest.mark.parametrize("serial", ["SN9", "sn9", " SN-9 "])
def test_serial_number_is_that_of_one_piece_of_hardware_in_use_A23(asset, serial):
    asset("a", serial_number="SN9", asset_id="100")
    with pytest.raises(InputRefused, match="US001 100, which is in physical use") as refused:
        asset("b", serial_number=serial)
    assert list(refused.value.fields) == ["serial_number"]
    assert RegisterAsset.objects.count() == 1


def test_flag_of_physical_use_settles_a_duplicate_A23(asset, actor):
    old = asset("a", serial_number="SN9")
    spare = asset("b", serial_number="SN9", is_in_use="false")
    with pytest.raises(InputRefused, match="in physical use"):
        actions.update(actor, "register_asset", spare, {"is_in_use": "true"})
    actions.update(actor, "register_asset", old, {"is_in_use": "false"})
    actions.update(actor, "register_asset", spare, {"is_in_use": "true"})
    assert RegisterAsset.objects.get(pk=spare).is_in_use


@pytest.mark.parametrize("serial", ["To be filled by O.E.M.", "0", "None", "N/A", "", "   "])
def test_junk_and_blank_serial_numbers_hinder_nothing_A23(asset, serial):
    asset("a", serial_number=serial)
    asset("b", serial_number=serial)
    assert set(RegisterAsset.objects.values_list("serial_key", flat=True)) == {None}


def test_furniture_may_share_a_number_with_hardware_A12(asset):
    asset("a", serial_number="7")
    asset("b", serial_number="7", asset_type="070")
    assert RegisterAsset.objects.count() == 2


def test_query_finds_duplicate_and_blank_serial_numbers_A23(asset, actor, client_of):
    asset("a", serial_number="SN9")
    asset("b", serial_number="sn 9", is_in_use="false")
    asset("c", serial_number="SN10")
    asset("d", serial_number="Default string")
    asset("e")
    asset("f", is_in_use="false")
    found = doubtful_serials(actor)
    assert [(one.serial, [asset.name for asset in one.assets], one.in_use) for one in found.doubled] == [
        ("SN9", ["a", "b"], 1)
    ]
    assert [one.name for one in found.blank] == ["d", "e"]
    page = client_of("read-only").get("/register/serials/").content.decode()
    assert all(name in page for name in ("SN9", "Default string"))
    assert "SN10" not in page


def test_cost_of_ownership_is_purchase_contracts_and_work(asset, actor, client_of):
    """Issue 4, 3: a total-cost-of-ownership figure per asset."""
    id_ = asset("a", cost="1200", currency="EUR", purchased_on="2024-11-22")
    for kind, amount, currency in (
        ("contract", "300", "EUR"),
        ("work", "75.5", None),
        ("work", "20", "EUR"),
        ("other", "9", "USD"),
    ):
        values = {"name": kind, "asset": id_, "kind": kind, "amount": amount, "currency": currency}
        actions.create(actor, "register_cost", values)
    euros, dollars = cost_of_ownership(RegisterAsset.objects.get(pk=id_), date(2026, 11, 22))
    assert [(str(title), amount) for title, amount in euros.lines] == [
        ("Purchase", Decimal(1200)),
        ("Contract", Decimal(300)),
        ("Work", Decimal("95.5")),
    ]
    assert (euros.currency, euros.total) == ("EUR", Decimal("1595.5"))
    assert euros.per_year == Decimal("798.30")
    assert (dollars.currency, dollars.total) == ("USD", Decimal(9))
    assert "1,595.50" in client_of("technician").get(f"/records/register_asset/{id_}/").content.decode()


def test_employee_is_called_by_the_parts_of_the_name(actor):
    made = actions.create(actor, "register_employee", {"name": "x", "employee_id": "E1"})
    actions.update(actor, "register_employee", made.id, {"first_name": "Ada", "last_name": "Byron"})
    from tallystick.server.registers.models import RegisterEmployee

    assert RegisterEmployee.objects.get().name == "Ada Byron"
