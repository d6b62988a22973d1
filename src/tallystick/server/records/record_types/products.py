"""Manufacturers, products, and which product an asset is."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from tallystick.server.records import models
from tallystick.server.records.record_types.shape import RecordType

MANUFACTURER = RecordType(
    name="manufacturer",
    prefix="M",
    model=models.Manufacturer,
    icon="factory",
    title_field="name",
    shown=("name", "code", "website", "is_active"),
    searched=("name", "code"),
    filters=("is_active",),
    sorts=("name", "number", "changed_at"),
    sections=(
        ("", ("name", "code", "website", "support_phone", "is_active")),
        (pgettext_lazy("record", "Note"), ("note",)),
    ),
)
PRODUCT = RecordType(
    name="product",
    prefix="PR",
    model=models.Product,
    icon="inventory_2",
    title_field="name",
    shown=("name", "code", "kind", "manufacturer", "model", "price"),
    searched=("name", "code", "model"),
    filters=("kind", "manufacturer", "is_active"),
    sorts=("name", "number", "changed_at"),
    sections=(
        ("", ("name", "code", "kind", "manufacturer", "model", "is_active")),
        (_("Price"), ("price", "currency", "unit")),
        (_("Description"), ("description",)),
    ),
)
PRODUCT_MAPPING = RecordType(
    name="product_mapping",
    prefix="PM",
    model=models.ProductMapping,
    icon="alt_route",
    title_field="model",
    shown=("asset_subtype", "manufacturer", "model", "product"),
    searched=("model",),
    filters=("asset_subtype", "manufacturer", "product"),
    sorts=("number", "changed_at"),
    sections=(
        ("", ("asset_subtype", "manufacturer", "model", "product")),
        (pgettext_lazy("record", "Note"), ("note",)),
    ),
)
