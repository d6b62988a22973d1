"""Devices as agents found them, what is in them, and the keys that agents sign in with."""

# mypy: disable-error-code="var-annotated"
from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop, pgettext_lazy

from tallystick.server.discovery.codes import DEVICE_KINDS, IT_HARDWARE
from tallystick.server.records.columns import Day, Document, Text, Texts, Whole
from tallystick.server.records.entry import Entry, lists, numbered, rights

APP = "discovery"


class Device(Entry):
    """What was discovered, and nothing a person decided: that stands in the register."""

    name = Text(pgettext_lazy("record", "Name"), 150, required=True)
    kind = Text(_("Kind"), 20, required=True, codes=DEVICE_KINDS, default="computer")
    business_unit = Text(_("Business unit"), 20)
    asset_type = Text(_("Asset type"), 10, default=IT_HARDWARE)
    subtype = Text(_("Subtype"), 50)
    manufacturer = Text(_("Manufacturer"), 100)
    model = Text(_("Model"), 100)
    serial_number = Text(_("Serial number"), 100)
    asset_tag = Text(_("Asset tag"), 100)
    uuid = Text(_("System UUID"), 40)
    hostname = Text(_("Host name"), 100)
    domain = Text(_("Domain"), 100)
    operating_system = Text(_("Operating system"), 150)
    os_version = Text(_("System version"), 100)
    processor = Text(_("Processor"), 150)
    memory_mb = Whole(_("Memory, MB"), least=0)
    storage_gb = Whole(_("Storage, GB"), least=0)
    mac_addresses = Texts(_("MAC addresses"))
    ip_addresses = Texts(_("IP addresses"))
    last_user = Text(_("Last signed-in user"), 150)
    remote_ids = Document(_("Remote control"))
    device_id = Text(_("Agent's device id"), 200)
    agent = Text(_("Agent"), 100)
    tag = Text(_("Agent's tag"), 100)
    first_seen_on = Day(_("First seen"))
    last_seen_on = Day(_("Last seen"))

    class Meta:
        app_label = APP
        default_permissions = ()
        permissions = rights("device")
        verbose_name = _("device")
        verbose_name_plural = _("Devices")
        indexes = [
            *lists("device", "name", "last_seen_on"),
            models.Index(fields=["serial_number"], name="device_serial"),
        ]
        constraints = [numbered("device")]


class KeyKind(models.TextChoices):
    """What a device is recognised by, strongest first."""

    AGENT = "agent", _("Agent's device id")
    UUID = "uuid", _("System UUID")
    SERIAL = "serial", _("Serial number")
    MAC = "mac", _("MAC address")
    LOCAL_MAC = "local_mac", _("MAC address given by software")


class DeviceKey(models.Model):
    """One value a device is recognised by, normalised; junk is never here."""

    device = models.ForeignKey(Device, models.CASCADE, related_name="+")
    kind = models.CharField(max_length=10, choices=KeyKind.choices)
    value = models.CharField(max_length=200)
    seen_at = models.DateTimeField(default=timezone.now)

    class Meta:
        app_label = APP
        default_permissions = ()
        indexes = [models.Index(fields=["kind", "value"], name="device_key_value")]
        constraints = [
            models.UniqueConstraint(fields=["value"], condition=Q(kind="agent"), name="device_key_agent_once")
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.value}"


class AgentKey(models.Model):
    """What agents sign in with; the secret itself is kept nowhere."""

    name = models.CharField(_("Name"), max_length=100)
    user = models.CharField(max_length=40, unique=True)  # the user name that agents send
    digest = models.CharField(max_length=64)  # SHA-256 of the secret, which is long and random
    business_unit = models.CharField(_("Business unit"), max_length=20, blank=True, default="")
    frequency_h = models.PositiveSmallIntegerField(_("Hours between reports"), default=24)
    made_at = models.DateTimeField(default=timezone.now)
    made_by = models.CharField(max_length=200)
    revoked_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)

    class Meta:
        app_label = APP
        default_permissions = ()
        permissions = [("manage_agent_keys", gettext_noop("Make and revoke keys for inventory agents"))]
        ordering = ["-pk"]

    def __str__(self) -> str:
        return self.name


class Sighting(models.Model):
    """When a device was seen, apart from the device: a report without anything new changes nothing else."""

    device = models.OneToOneField(Device, models.CASCADE, primary_key=True, related_name="+")
    key = models.ForeignKey(AgentKey, models.SET_NULL, null=True, related_name="+")
    first_seen_at = models.DateTimeField()
    last_seen_at = models.DateTimeField(db_index=True)
    reports = models.PositiveIntegerField(default=0)
    digests = models.JSONField(default=dict)  # section -> digest of its rows as they are kept
    recognised_by = models.CharField(max_length=10, blank=True, default="")  # a KeyKind; empty: it was new
    remarks = models.TextField(blank=True, default="")
    address = models.CharField(max_length=45, blank=True, default="")

    class Meta:
        app_label = APP
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.device_id} {self.last_seen_at}"


class Part(models.Model):
    """A disk, a memory module, a network card ... of a device, as last reported."""

    device = models.ForeignKey(Device, models.CASCADE, related_name="parts")
    kind = models.CharField(max_length=12)  # of PART_KINDS
    place = models.PositiveSmallIntegerField()
    name = models.CharField(max_length=200, blank=True, default="")
    maker = models.CharField(max_length=100, blank=True, default="")
    serial = models.CharField(max_length=100, blank=True, default="", db_index=True)
    size_mb = models.BigIntegerField(null=True)
    details = models.JSONField(default=dict)

    class Meta:
        app_label = APP
        default_permissions = ()
        ordering = ["kind", "place"]

    def __str__(self) -> str:
        return self.name


class Software(models.Model):
    """A program in one version, once for all devices that have it."""

    mark = models.CharField(max_length=64, unique=True)  # digest of the others
    name = models.CharField(max_length=300, db_index=True)
    publisher = models.CharField(max_length=200, blank=True, default="")
    version = models.CharField(max_length=120, blank=True, default="")

    class Meta:
        app_label = APP
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.name} {self.version}".strip()


class Installed(models.Model):
    """That a device has a program."""

    device = models.ForeignKey(Device, models.CASCADE, related_name="programs")
    software = models.ForeignKey(Software, models.PROTECT, related_name="+")
    since = models.DateTimeField(default=timezone.now)  # first reported

    class Meta:
        app_label = APP
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["device", "software"], name="installed_once")]

    def __str__(self) -> str:
        return f"{self.device_id}: {self.software_id}"
