"""The tables of the register."""

# mypy: disable-error-code="var-annotated"
from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop, pgettext_lazy

from tallystick.server.records.columns import Amount, Day, Flag, LongText, Moment, Reference, Text, Texts, Whole
from tallystick.server.records.entry import LIVE, Entry, lists, numbered, once, rights
from tallystick.server.registers.codes import (
    ASSET_TYPES,
    COST_KINDS,
    EXCEPTION_KINDS,
    EXCEPTION_STATES,
    IT_HARDWARE,
    STATUSES,
)

APP = "register"


class RegisterSubtype(Entry):
    name = Text(pgettext_lazy("record", "Name"), 100, required=True)
    code = Text(_("Code"), 20, required=True)
    asset_type = Text(_("Asset type"), 10, required=True, codes=ASSET_TYPES, default=IT_HARDWARE)
    is_active = Flag(_("Active"), default=True)

    class Meta:
        app_label = APP
        default_permissions = ()
        permissions = rights("register_subtype")
        verbose_name = _("register subtype")
        verbose_name_plural = _("Register: subtypes")
        indexes = lists("register_subtype", "name")
        constraints = [numbered("register_subtype"), once("register_subtype", "code")]


class RegisterManufacturer(Entry):
    name = Text(pgettext_lazy("record", "Name"), 100, required=True)
    code = Text(_("Code"), 50)
    website = Text(_("Website"), 400)
    is_active = Flag(_("Active"), default=True)

    class Meta:
        app_label = APP
        default_permissions = ()
        permissions = rights("register_manufacturer")
        verbose_name = _("register manufacturer")
        verbose_name_plural = _("Register: manufacturers")
        indexes = lists("register_manufacturer", "name")
        constraints = [numbered("register_manufacturer"), once("register_manufacturer", "name")]


class RegisterLocation(Entry):
    name = Text(pgettext_lazy("record", "Name"), 100, required=True)
    code = Text(_("Code"), 20)
    street = Text(_("Street"), 200)
    zip = Text(_("Postal code"), 20)
    city = Text(_("City"), 100)
    country = Text(_("Country"), 60)
    is_active = Flag(_("Active"), default=True)

    class Meta:
        app_label = APP
        default_permissions = ()
        permissions = rights("register_location")
        verbose_name = _("register location")
        verbose_name_plural = _("Register: locations")
        indexes = lists("register_location", "name")
        constraints = [numbered("register_location"), once("register_location", "name")]


class RegisterDepartment(Entry):
    name = Text(pgettext_lazy("record", "Name"), 100, required=True)
    code = Text(_("Code"), 20)
    is_active = Flag(_("Active"), default=True)

    class Meta:
        app_label = APP
        default_permissions = ()
        permissions = rights("register_department")
        verbose_name = _("register department")
        verbose_name_plural = _("Register: departments")
        indexes = lists("register_department", "name")
        constraints = [numbered("register_department"), once("register_department", "name")]


class RegisterEmployee(Entry):
    """Who may have an asset; `name` follows from the parts where those are given."""

    name = Text(pgettext_lazy("record", "Name"), 150, required=True)
    first_name = Text(_("First name"), 100)
    last_name = Text(_("Last name"), 100)
    employee_id = Text(_("Employee id"), 50, required=True)
    email = Text(_("Email"), 254)
    department = Reference("register.RegisterDepartment", _("Department"))
    is_active = Flag(_("Active"), default=True)

    class Meta:
        app_label = APP
        default_permissions = ()
        permissions = rights("register_employee")
        verbose_name = _("register employee")
        verbose_name_plural = _("Register: employees")
        indexes = lists("register_employee", "name")
        constraints = [numbered("register_employee"), once("register_employee", "employee_id")]


class RegisterAsset(Entry):
    """What is expected to be there. What was found stands beside it; where both differ an exception tells."""

    name = Text(pgettext_lazy("record", "Name"), 150, required=True)
    business_unit = Text(_("Business unit"), 20, required=True)
    asset_id = Text(_("Asset id"), 50)
    asset_type = Text(_("Asset type"), 10, required=True, codes=ASSET_TYPES, default=IT_HARDWARE)
    subtype = Reference("register.RegisterSubtype", _("Subtype"))
    status = Text(_("Status"), 20, required=True, codes=STATUSES, default="in_service")
    is_in_use = Flag(_("In physical use"), default=True)
    manufacturer = Reference("register.RegisterManufacturer", _("Manufacturer"))
    model = Text(_("Model"), 100)
    serial_number = Text(_("Serial number"), 100)
    serial_key = Text(_("Serial number as compared"), 100, writable=False)
    asset_tag = Text(_("Asset tag"), 100)
    installed_product_id = Text(_("Installed product id"), 50)
    employee = Reference("register.RegisterEmployee", _("Employee"))
    location = Reference("register.RegisterLocation", _("Location"))
    department = Reference("register.RegisterDepartment", _("Department"))
    hostname = Text(_("Host name"), 100)
    operating_system = Text(_("Operating system"), 150)
    os_version = Text(_("System version"), 100)
    processor = Text(_("Processor"), 150)
    memory_mb = Whole(_("Memory, MB"), least=0)
    storage_gb = Whole(_("Storage, GB"), least=0)
    mac_addresses = Texts(_("MAC addresses"))
    ip_addresses = Texts(_("IP addresses"))
    last_user = Text(_("Last signed-in user"), 150)
    device = Reference("discovery.Device", _("Discovered as"))
    last_seen_on = Day(_("Last seen"))
    purchased_on = Day(_("Purchased"))
    warranty_until = Day(_("Warranty until"))
    cost = Amount(_("Cost"))
    currency = Text(_("Currency"), 3)
    user_field1 = Text(_("User field 1"), 150)
    user_field2 = Text(_("User field 2"), 150)
    user_field3 = Text(_("User field 3"), 150)
    note = LongText(pgettext_lazy("record", "Note"))

    class Meta:
        app_label = APP
        default_permissions = ()
        permissions = rights("register_asset")
        verbose_name = _("register asset")
        verbose_name_plural = _("Asset register")
        indexes = [
            *lists("register_asset", "name", "serial_number"),
            models.Index(fields=["serial_key"], name="register_asset_serial_key"),
        ]
        constraints = [
            numbered("register_asset"),
            once("register_asset", "business_unit", "asset_id"),
            models.UniqueConstraint(
                fields=["serial_key"],
                condition=LIVE & Q(is_in_use=True, asset_type=IT_HARDWARE),
                name="register_serial_in_use_once",
            ),
        ]


class RegisterCost(Entry):
    """What an asset cost besides its purchase price: contracts, work, software."""

    name = Text(pgettext_lazy("record", "Name"), 150, required=True)
    asset = Reference("register.RegisterAsset", _("Asset"), required=True)
    kind = Text(_("Kind"), 20, required=True, codes=COST_KINDS, default="work")
    amount = Amount(_("Amount"))
    currency = Text(_("Currency"), 3)
    incurred_on = Day(_("Incurred"))
    until_on = Day(_("Until"))
    note = LongText(pgettext_lazy("record", "Note"))

    class Meta:
        app_label = APP
        default_permissions = ()
        permissions = rights("register_cost")
        verbose_name = _("cost")
        verbose_name_plural = _("Register: costs")
        indexes = lists("register_cost", "name")
        constraints = [numbered("register_cost")]


class RegisterException(Entry):
    """Expected and discovered differ. One for each asset (or unknown device) and field."""

    name = Text(pgettext_lazy("record", "Name"), 150, required=True)
    kind = Text(_("Kind"), 20, required=True, codes=EXCEPTION_KINDS)
    state = Text(_("State"), 20, required=True, codes=EXCEPTION_STATES, default="open")
    asset = Reference("register.RegisterAsset", _("Asset"))
    device = Reference("discovery.Device", _("Device"))
    field = Text(_("Field"), 50)
    expected = Text(_("Expected"), 200)
    discovered = Text(_("Discovered"), 200)
    found_at = Moment(_("Found at"))
    decided_at = Moment(_("Decided at"))
    decided_by = Text(_("Decided by"), 150)
    reason = Text(_("Reason"), 200)

    class Meta:
        app_label = APP
        default_permissions = ()
        permissions = [
            *rights("register_exception"),
            ("decide_register_exception", gettext_noop("Decide about exceptions")),
            ("approve_register_change", gettext_noop("Approve requested changes of the register")),
        ]
        verbose_name = _("exception")
        verbose_name_plural = _("Exceptions of the register")
        indexes = [
            *lists("register_exception", "name"),
            models.Index(fields=["state", "id"], condition=LIVE, name="register_exception_state"),
        ]
        constraints = [numbered("register_exception")]


class Watch(models.Model):
    """How the register is compared with what is discovered: one row."""

    inventory_age_days = models.PositiveSmallIntegerField(default=30)
    enters_new = models.BooleanField(default=True)  # a device that fits no asset becomes one
    left_out = models.JSONField(default=list)  # fields and kinds that raise no exception, by choice
    compared_at = models.DateTimeField(null=True)

    class Meta:
        app_label = APP
        default_permissions = ()
        permissions = [("configure_register", gettext_noop("Set how the register is compared with what is discovered"))]

    def __str__(self) -> str:
        return f"{self.inventory_age_days} days"
