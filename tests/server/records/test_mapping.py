"""Assets find their product by the mapping. Rows A21, A25, S1."""

from __future__ import annotations

from pathlib import Path

import pytest

from tallystick.errors import ConfigurationError
from tallystick.model.selection import Selection
from tallystick.server.records.connector import Settings, connect
from tallystick.server.records.domain import actions
from tallystick.server.records.models import InstalledAsset
from tallystick.testing.clock import FixedClock, SequentialIds

pytestmark = pytest.mark.django_db


@pytest.fixture
def made(actor):
    """Makes a record; its id."""
    return lambda kind, **values: actions.create(actor, kind, values).id


@pytest.fixture
def mapped(made):
    """The rows of scenario S1; gives products and references by name."""
    names = {name: made("product", name=name, code=name) for name in ("P-X2", "P-LAP", "P-HP", "P-GEN")}
    names |= {"LAPTOP": made("asset_subtype", name="LAPTOP"), "DESKTOP": made("asset_subtype", name="DESKTOP")}
    names |= {"HP": made("manufacturer", name="HP"), "Dell": made("manufacturer", name="Dell")}
    made("product_mapping", asset_subtype=names["LAPTOP"], manufacturer=names["HP"], model="X2", product=names["P-X2"])
    made("product_mapping", asset_subtype=names["LAPTOP"], product=names["P-LAP"])
    made("product_mapping", manufacturer=names["HP"], product=names["P-HP"])
    made("product_mapping", product=names["P-GEN"])
    return names


@pytest.mark.parametrize(
    ("subtype", "maker", "model", "product"),
    [
        ("LAPTOP", "HP", "X2", "P-X2"),
        ("LAPTOP", "HP", " x2 ", "P-X2"),
        ("LAPTOP", "Dell", "X2", "P-LAP"),
        ("LAPTOP", None, None, "P-LAP"),
        ("LAPTOP", "HP", "X3", "P-HP"),
        ("DESKTOP", "HP", "X2", "P-HP"),
        ("DESKTOP", "Dell", "X2", "P-GEN"),
        (None, None, None, "P-GEN"),
    ],
)
def test_row_that_says_most_gives_the_product_A21(mapped, made, subtype, maker, model, product):
    values = {"asset_subtype": mapped.get(subtype), "manufacturer": mapped.get(maker), "model": model}
    id_ = made("installed_asset", name="a", **{name: value for name, value in values.items() if value})
    assert InstalledAsset.objects.get(pk=id_).product_id == mapped[product]


def test_mapped_product_follows_the_model_and_a_chosen_one_stays_A21(mapped, made, actor):
    id_ = made("installed_asset", name="a", asset_subtype=mapped["LAPTOP"], manufacturer=mapped["HP"], model="X2")
    actions.update(actor, "installed_asset", id_, {"manufacturer": mapped["Dell"]})
    assert InstalledAsset.objects.get(pk=id_).product_id == mapped["P-LAP"]
    actions.update(actor, "installed_asset", id_, {"product": mapped["P-GEN"]})
    actions.update(actor, "installed_asset", id_, {"manufacturer": mapped["HP"]})
    assert InstalledAsset.objects.get(pk=id_).product_id == mapped["P-GEN"]


def test_without_a_mapping_assets_have_no_product_A21(made):
    assert InstalledAsset.objects.get(pk=made("installed_asset", name="a")).product_id is None


def test_without_the_default_row_nothing_is_begun_A21_S1(mapped, actor):
    system = connect(Settings(needs_product_mapping=True), folder=Path(), clock=FixedClock(), ids=SequentialIds())
    selection = Selection(record="installed_asset", fields=("name",))
    assert [batch.records.num_rows for batch in system.listing(selection, Nothing())] == [0]
    from tallystick.server.records.models import ProductMapping

    default = ProductMapping.objects.get(asset_subtype=None, manufacturer=None, model=None)
    actions.delete(actor, "product_mapping", [default.pk])
    with pytest.raises(ConfigurationError, match="no default row"):
        list(system.listing(selection, Nothing()))
    assert [
        batch.records.num_rows for batch in system.listing(Selection(record="product", fields=("name",)), Nothing())
    ] == [4]


class Nothing:
    def versions(self):
        return {}
