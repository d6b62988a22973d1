"""Installed assets and their types."""

# mypy: disable-error-code="var-annotated"
from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from tallystick.server.records.codes import ASSET_STATUSES
from tallystick.server.records.columns import (
    Amount,
    Day,
    Document,
    Flag,
    LongText,
    Moment,
    Reference,
    Text,
    Texts,
    Whole,
)
from tallystick.server.records.entry import LIVE, Entry, lists, numbered, once, rights


class AssetType(Entry):
    name = Text(pgettext_lazy("record", "Name"), 100, required=True)
    code = Text(_("Code"), 20)
    is_active = Flag(_("Active"), default=True)

    class Meta:
        app_label = "records"
        default_permissions = ()
        permissions = rights("asset_type")
        verbose_name = _("asset type")
        verbose_name_plural = _("Asset types")
        indexes = lists("asset_type", "name")
        constraints = [numbered("asset_type"), once("asset_type", "name")]


class AssetSubtype(Entry):
    asset_type = Reference("records.AssetType", _("Asset type"))
    name = Text(pgettext_lazy("record", "Name"), 100, required=True)
    code = Text(_("Code"), 20)
    is_active = Flag(_("Active"), default=True)

    class Meta:
        app_label = "records"
        default_permissions = ()
        permissions = rights("asset_subtype")
        verbose_name = _("asset subtype")
        verbose_name_plural = _("Asset subtypes")
        indexes = lists("asset_subtype", "name")
        constraints = [numbered("asset_subtype"), once("asset_subtype", "asset_type", "name")]


class InstalledAsset(Entry):
    name = Text(pgettext_lazy("record", "Name"), 150, required=True)
    status = Text(_("Status"), 20, required=True, codes=ASSET_STATUSES, default="installed")
    business_unit = Text(_("Business unit"), 20)
    asset_id = Text(_("Asset id"), 50)
    installed_product_id = Text(_("Installed product id"), 50)
    serial_number = Text(_("Serial number"), 100)
    asset_type = Reference("records.AssetType", _("Asset type"))
    asset_subtype = Reference("records.AssetSubtype", _("Asset subtype"))
    manufacturer = Reference("records.Manufacturer", _("Manufacturer"))
    model = Text(_("Model"), 100)
    product = Reference("records.Product", _("Product"))
    account = Reference("records.Account", _("Account"))
    location = Reference("records.Location", _("Location"))
    department = Reference("records.Department", _("Department"))
    person = Reference("records.Person", _("Used by"))
    parent = Reference("records.InstalledAsset", _("Part of"))
    is_in_use = Flag(_("In physical use"), default=True)
    hostname = Text(_("Host name"), 100)
    operating_system = Text(_("Operating system"), 150)
    os_version = Text(_("System version"), 100)
    mac_addresses = Texts(_("MAC addresses"))
    ip_addresses = Texts(_("IP addresses"))
    memory_mb = Whole(_("Memory, MB"), least=0)
    storage_gb = Whole(_("Storage, GB"), least=0)
    processor = Text(_("Processor"), 150)
    last_user = Text(_("Last signed-in user"), 150)
    inventoried_at = Moment(_("Inventoried"))
    purchased_on = Day(_("Purchased"))
    installed_on = Day(_("Installed on"))
    warranty_until = Day(_("Warranty until"))
    cost = Amount(_("Cost"))
    currency = Text(_("Currency"), 3)
    user_field1 = Text(_("User field 1"), 150)
    user_field2 = Text(_("User field 2"), 150)
    user_field3 = Text(_("User field 3"), 150)
    details = Document(_("Details"))
    note = LongText(pgettext_lazy("record", "Note"))

    class Meta:
        app_label = "records"
        default_permissions = ()
        permissions = rights("installed_asset")
        verbose_name = _("installed asset")
        verbose_name_plural = _("Installed assets")
        indexes = [
            *lists("installed_asset", "name", "serial_number"),
            models.Index(fields=["business_unit", "asset_id"], name="installed_asset_unit_asset"),
            models.Index(fields=["installed_product_id"], name="installed_asset_product_id"),
            models.Index(fields=["status", "name", "id"], condition=LIVE, name="installed_asset_status"),
        ]
        constraints = [numbered("installed_asset")]
