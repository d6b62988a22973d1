"""Products, who makes them, and how an asset finds its product."""

# mypy: disable-error-code="var-annotated"
from __future__ import annotations

from django.db import models
from django.db.models import Value
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from tallystick.server.records.codes import PRODUCT_KINDS
from tallystick.server.records.columns import Amount, Flag, LongText, Reference, Text
from tallystick.server.records.entry import LIVE, Entry, lists, numbered, once, rights


class Manufacturer(Entry):
    name = Text(pgettext_lazy("record", "Name"), 100, required=True)
    code = Text(_("Code"), 50)
    website = Text(_("Website"), 400)
    support_phone = Text(_("Support telephone"), 40)
    is_active = Flag(_("Active"), default=True)
    note = LongText(pgettext_lazy("record", "Note"))

    class Meta:
        app_label = "records"
        default_permissions = ()
        permissions = rights("manufacturer")
        verbose_name = _("manufacturer")
        verbose_name_plural = _("Manufacturers")
        indexes = lists("manufacturer", "name")
        constraints = [numbered("manufacturer"), once("manufacturer", "name")]


class Product(Entry):
    name = Text(pgettext_lazy("record", "Name"), 150, required=True)
    code = Text(_("Product id"), 50)
    kind = Text(_("Kind"), 20, codes=PRODUCT_KINDS)
    manufacturer = Reference("records.Manufacturer", _("Manufacturer"))
    model = Text(_("Model"), 100)
    unit = Text(_("Unit"), 20)
    price = Amount(_("Price"))
    currency = Text(_("Currency"), 3)
    is_active = Flag(_("Active"), default=True)
    description = LongText(_("Description"))

    class Meta:
        app_label = "records"
        default_permissions = ()
        permissions = rights("product")
        verbose_name = _("product")
        verbose_name_plural = _("Products")
        indexes = lists("product", "name")
        constraints = [numbered("product"), once("product", "code")]


class ProductMapping(Entry):
    """Which product an asset of this subtype, manufacturer and model is; the row without any of them is the default.

    Source: spec/assets.md A21.
    """

    asset_subtype = Reference("records.AssetSubtype", _("Asset subtype"))
    manufacturer = Reference("records.Manufacturer", _("Manufacturer"))
    model = Text(_("Model"), 100)
    product = Reference("records.Product", _("Product"), required=True)
    note = LongText(pgettext_lazy("record", "Note"))

    class Meta:
        app_label = "records"
        default_permissions = ()
        permissions = rights("product_mapping")
        verbose_name = _("product mapping")
        verbose_name_plural = _("Product mappings")
        indexes = lists("product_mapping")
        constraints = [
            numbered("product_mapping"),
            models.UniqueConstraint(
                Coalesce("asset_subtype", Value("")),
                Coalesce("manufacturer", Value("")),
                Coalesce("model", Value("")),
                condition=LIVE,
                name="product_mapping_once",
            ),
        ]
