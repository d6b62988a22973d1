"""What there is to know of a record type besides its table, for lists, forms, search and the connector."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Any, Final

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from tallystick.errors import UnknownRecordType
from tallystick.model.value import FieldType
from tallystick.server.records import models
from tallystick.server.records.codes import CodeSet, Title
from tallystick.server.records.columns import Flag, Reference, References
from tallystick.server.records.entry import HIDDEN, KEPT, Entry


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field of a record type."""

    name: str
    type: FieldType
    title: Title
    column: Any  # the Django field
    attname: str  # of the table's column
    codes: CodeSet | None
    refers_to: str | None  # name of a record type: one id, or a list of ids where the type is LIST
    limit: int | None  # characters
    is_writable: bool
    is_required: bool
    is_nullable: bool
    is_long: bool
    help: Title


@dataclass(frozen=True, kw_only=True)
class RecordType:
    """`sections` of the form and the detail page name every writable field once; the first has no title of its own."""

    name: str  # like installed_asset: of permissions, addresses and the connector
    prefix: str  # of numbers people speak about: C-1042
    model: type[Entry]
    title_field: str
    shown: tuple[str, ...]  # columns of the list, the title field among them
    searched: tuple[str, ...]
    filters: tuple[str, ...]  # fields with codes, references, flags and days that the list can be narrowed by
    sorts: tuple[str, ...]
    sections: tuple[tuple[Title, tuple[str, ...]], ...]
    icon: str
    is_private_to_people: bool = False  # has is_private, owner and assignees

    @cached_property
    def fields(self) -> Mapping[str, Field]:
        """All fields that may be seen, the kept ones last."""
        columns = {column.name: column for column in self.model._meta.concrete_fields}
        names = [name for _title, names in self.sections for name in names]
        rest = [name for name in columns if name not in names and name not in KEPT and name not in HIDDEN]
        found = {}
        for name in (*names, *rest, *KEPT):
            found[name] = _field(name, columns[name])
        return MappingProxyType(found)

    @cached_property
    def written(self) -> tuple[str, ...]:
        """Fields a write may set."""
        return tuple(name for name, field in self.fields.items() if field.is_writable)

    @cached_property
    def own(self) -> tuple[str, ...]:
        """Fields whose values the record itself has, set or derived: all but the kept ones."""
        return tuple(name for name in self.fields if name not in KEPT)

    @property
    def title(self) -> Title:
        return self.model._meta.verbose_name or self.name

    @property
    def plural(self) -> Title:
        return self.model._meta.verbose_name_plural or self.name

    def permission(self, verb: str) -> str:
        """`view`, `add`, `change` or `delete`."""
        return f"records.{verb}_{self.name}"

    def called(self, number: int) -> str:
        """How people call the record: C-1042."""
        return f"{self.prefix}-{number}"


def _field(name: str, column: Any) -> Field:
    refers_to = _name_of(column.related_model) if isinstance(column, Reference) else column.refers_to
    return Field(
        name=name,
        type=column.value_type,
        title=column.verbose_name,
        column=column,
        attname=column.attname,
        codes=column.codes,
        refers_to=refers_to,
        limit=column.limit,
        is_writable=column.is_writable,
        is_required=column.is_required,
        is_nullable=column.null,
        is_long=column.is_long,
        help=column.help_text,
    )


def _name_of(model: Any) -> str:
    return next(kind.name for kind in RECORD_TYPES if kind.model is model)


_ADDRESS = ("street", "zip", "city", "state", "country")
_PERSON_ADDRESSES = tuple(
    (
        title,
        tuple(f"address_{kind}_{part}" for part in _ADDRESS),
    )
    for kind, title in (("work", _("Office address")), ("home", _("Home address")), ("other", _("Other address")))
)
_RELATED = ("lead", "opportunity", "service_order", "case")

RECORD_TYPES: Final = (
    RecordType(
        name="account",
        prefix="A",
        model=models.Account,
        icon="apartment",
        title_field="name",
        shown=("name", "status", "account_type", "city", "phone", "owner"),
        searched=("name", "city", "external_id", "email", "phone", "tax_id"),
        filters=("status", "account_type", "owner", "team", "country"),
        sorts=("name", "city", "number", "changed_at"),
        sections=(
            ("", ("name", "status", "account_type", "parent", "owner", "team", "industry", "categories")),
            (_("Contact"), ("phone", "fax", "email", "website")),
            (_("Address"), _ADDRESS),
            (_("Business"), ("external_id", "tax_id", "employee_count", "credit_limit", "currency")),
            (pgettext_lazy("record", "Note"), ("note",)),
        ),
    ),
    RecordType(
        name="location",
        prefix="LOC",
        model=models.Location,
        icon="location_on",
        title_field="name",
        shown=("name", "account", "is_main", "city", "is_active"),
        searched=("name", "code", "city", "street"),
        filters=("account", "is_main", "is_active"),
        sorts=("name", "city", "number", "changed_at"),
        sections=(
            ("", ("account", "name", "is_main", "is_active", "code", "phone")),
            (_("Address"), _ADDRESS),
            (pgettext_lazy("record", "Note"), ("note",)),
        ),
    ),
    RecordType(
        name="department",
        prefix="DEP",
        model=models.Department,
        icon="lan",
        title_field="name",
        shown=("name", "account", "location", "manager", "is_active"),
        searched=("name", "code"),
        filters=("account", "is_active"),
        sorts=("name", "number", "changed_at"),
        sections=(
            ("", ("account", "name", "code", "location", "manager", "is_active")),
            (pgettext_lazy("record", "Note"), ("note",)),
        ),
    ),
    RecordType(
        name="account_type",
        prefix="AT",
        model=models.AccountType,
        icon="category",
        title_field="name",
        shown=("name", "is_active"),
        searched=("name",),
        filters=("is_active",),
        sorts=("name", "number", "changed_at"),
        sections=(("", ("name", "is_active")),),
    ),
    RecordType(
        name="person",
        prefix="P",
        model=models.Person,
        icon="person",
        title_field="name",
        shown=("name", "roles", "companies", "job_title", "email1", "phone_work"),
        searched=("name", "email1", "email2", "employee_id", "phone_work", "phone_mobile", "companies"),
        filters=("roles", "account", "department", "is_active", "is_private"),
        sorts=("name", "number", "changed_at"),
        sections=(
            (
                "",
                ("salutation", "first_name", "middle_name", "last_name", "suffix", "roles", "is_private", "is_active"),
            ),
            (_("Work"), ("companies", "account", "department", "location", "job_title", "employee_id", "user")),
            (
                _("Contact"),
                (
                    "email1",
                    "email2",
                    "phone_work",
                    "phone_mobile",
                    "phone_home",
                    "phone_other",
                    "phone_fax",
                    "phone_pager",
                    "website",
                ),
            ),
            *_PERSON_ADDRESSES,
            (_("More"), ("birthday", "categories", "note")),
        ),
    ),
    RecordType(
        name="team",
        prefix="TEAM",
        model=models.Team,
        icon="groups",
        title_field="name",
        shown=("name", "kind", "lead", "members", "is_active"),
        searched=("name", "email"),
        filters=("kind", "is_active"),
        sorts=("name", "number", "changed_at"),
        sections=(
            ("", ("name", "kind", "lead", "members", "email", "is_active")),
            (pgettext_lazy("record", "Note"), ("note",)),
        ),
    ),
    RecordType(
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
    ),
    RecordType(
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
    ),
    RecordType(
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
    ),
    RecordType(
        name="asset_type",
        prefix="AST",
        model=models.AssetType,
        icon="devices",
        title_field="name",
        shown=("name", "code", "is_active"),
        searched=("name", "code"),
        filters=("is_active",),
        sorts=("name", "number", "changed_at"),
        sections=(("", ("name", "code", "is_active")),),
    ),
    RecordType(
        name="asset_subtype",
        prefix="ASS",
        model=models.AssetSubtype,
        icon="devices_other",
        title_field="name",
        shown=("name", "asset_type", "code", "is_active"),
        searched=("name", "code"),
        filters=("asset_type", "is_active"),
        sorts=("name", "number", "changed_at"),
        sections=(("", ("asset_type", "name", "code", "is_active")),),
    ),
    RecordType(
        name="installed_asset",
        prefix="IA",
        model=models.InstalledAsset,
        icon="computer",
        title_field="name",
        shown=("name", "status", "serial_number", "manufacturer", "model", "account", "person"),
        searched=("name", "serial_number", "asset_id", "hostname", "model", "mac_addresses", "installed_product_id"),
        filters=("status", "asset_type", "asset_subtype", "manufacturer", "product", "account", "location", "person"),
        sorts=("name", "serial_number", "number", "changed_at"),
        sections=(
            ("", ("name", "status", "asset_type", "asset_subtype", "product", "manufacturer", "model", "is_in_use")),
            (_("Identity"), ("serial_number", "business_unit", "asset_id", "installed_product_id", "parent")),
            (_("Where and whose"), ("account", "location", "department", "person")),
            (
                _("Inventory"),
                (
                    "hostname",
                    "operating_system",
                    "os_version",
                    "processor",
                    "memory_mb",
                    "storage_gb",
                    "mac_addresses",
                    "ip_addresses",
                    "last_user",
                    "inventoried_at",
                ),
            ),
            (_("Purchase"), ("purchased_on", "installed_on", "warranty_until", "cost", "currency")),
            (_("More"), ("user_field1", "user_field2", "user_field3", "details", "note")),
        ),
    ),
    RecordType(
        name="case",
        prefix="C",
        model=models.Case,
        icon="support_agent",
        title_field="subject",
        shown=("subject", "status", "priority", "account", "person", "owner", "due_at"),
        searched=("subject", "category", "external_id"),
        filters=("status", "priority", "kind", "source", "account", "person", "asset", "owner", "team"),
        sorts=("number", "changed_at", "subject", "due_at"),
        sections=(
            ("", ("subject", "status", "priority", "kind", "source", "category", "business_unit", "categories")),
            (_("Who and what"), ("account", "location", "department", "person", "asset", "product", "external_id")),
            (_("Handling"), ("owner", "team", "due_at", "resolved_at", "closed_at")),
            (_("Description"), ("description", "resolution")),
        ),
    ),
    RecordType(
        name="note",
        prefix="N",
        model=models.Note,
        icon="sticky_note_2",
        title_field="subject",
        shown=("subject", "body", "author", "case", "task", "account"),
        searched=("subject", "body"),
        filters=("author", "case", "task", "account", "person", "asset", "is_internal"),
        sorts=("number", "changed_at"),
        sections=(
            ("", ("subject", "body", "is_internal", "author", "written_at")),
            (
                _("About"),
                (
                    "case",
                    "task",
                    "calendar_item",
                    "service_order",
                    "lead",
                    "opportunity",
                    "account",
                    "person",
                    "asset",
                ),
            ),
        ),
    ),
    RecordType(
        name="task",
        prefix="T",
        model=models.Task,
        icon="task_alt",
        title_field="subject",
        shown=("subject", "status", "priority", "due_on", "owner", "assignees"),
        searched=("subject", "categories"),
        filters=("status", "priority", "owner", "assignees", "account", *_RELATED, "is_private"),
        sorts=("number", "changed_at", "subject", "due_on"),
        sections=(
            ("", ("subject", "status", "priority", "is_private", "categories")),
            (_("When"), ("starts_on", "due_on", "completed_at", "percent_complete", "recurrence")),
            (_("Who"), ("owner", "assignees", "answers", "account", "person")),
            (_("Belongs to"), _RELATED),
            (_("Text"), ("body",)),
        ),
        is_private_to_people=True,
    ),
    RecordType(
        name="calendar_item",
        prefix="E",
        model=models.CalendarItem,
        icon="calendar_month",
        title_field="subject",
        shown=("subject", "starts_at", "starts_on", "place", "owner", "assignees"),
        searched=("subject", "place", "categories"),
        filters=("status", "owner", "assignees", "account", *_RELATED, "is_private"),
        sorts=("starts_at", "number", "changed_at", "subject"),
        sections=(
            ("", ("subject", "status", "show_as", "place", "is_private", "categories")),
            (
                _("When"),
                (
                    "is_all_day",
                    "starts_at",
                    "ends_at",
                    "zone",
                    "starts_on",
                    "ends_on",
                    "recurrence",
                    "series",
                    "original_at",
                    "is_read_only",
                ),
            ),
            (_("Who"), ("owner", "assignees", "answers", "account", "person")),
            (_("Belongs to"), _RELATED),
            (_("Text"), ("body",)),
        ),
        is_private_to_people=True,
    ),
    RecordType(
        name="lead",
        prefix="L",
        model=models.Lead,
        icon="person_search",
        title_field="name",
        shown=("name", "status", "company_name", "account", "estimated_value", "owner", "closes_on"),
        searched=("name", "company_name", "contact_name", "email"),
        filters=("status", "source", "priority", "account", "person", "owner", "team", "product"),
        sorts=("number", "changed_at", "name", "closes_on"),
        sections=(
            ("", ("name", "status", "source", "priority", "categories")),
            (_("Who"), ("account", "person", "company_name", "contact_name", "email", "phone")),
            (_("Sale"), ("owner", "team", "product", "estimated_value", "currency", "closes_on")),
            (_("Description"), ("description",)),
        ),
    ),
    RecordType(
        name="opportunity",
        prefix="O",
        model=models.Opportunity,
        icon="trending_up",
        title_field="name",
        shown=("name", "stage", "account", "amount", "probability", "owner", "closes_on"),
        searched=("name",),
        filters=("stage", "account", "person", "lead", "owner", "team", "product"),
        sorts=("number", "changed_at", "name", "closes_on"),
        sections=(
            ("", ("name", "stage", "probability", "categories")),
            (_("Who"), ("account", "person", "lead")),
            (_("Sale"), ("owner", "team", "product", "amount", "currency", "closes_on")),
            (_("Description"), ("description",)),
        ),
    ),
    RecordType(
        name="service_order",
        prefix="SO",
        model=models.ServiceOrder,
        icon="handyman",
        title_field="subject",
        shown=("subject", "status", "kind", "account", "asset", "technicians", "scheduled_start_at"),
        searched=("subject", "external_id"),
        filters=("status", "kind", "priority", "account", "person", "asset", "case", "owner", "team", "technicians"),
        sorts=("number", "changed_at", "subject", "scheduled_start_at"),
        sections=(
            ("", ("subject", "kind", "status", "priority", "external_id")),
            (_("For"), ("account", "location", "person", "asset", "case")),
            (_("Who"), ("owner", "team", "technicians")),
            (_("When"), ("scheduled_start_at", "scheduled_end_at", "started_at", "completed_at")),
            (_("Billing"), ("is_billable", "amount", "currency")),
            (_("Text"), ("description", "resolution")),
        ),
    ),
)

BY_NAME: Final[Mapping[str, RecordType]] = MappingProxyType({kind.name: kind for kind in RECORD_TYPES})


def record_type(name: str) -> RecordType:
    """The record type of this name. Raises UnknownRecordType."""
    found = BY_NAME.get(name)
    if found is None:
        raise UnknownRecordType(
            f"There is no record type {name!r} among the hub's records.",
            hint=f"There are {', '.join(sorted(BY_NAME))}.",
        )
    return found


def flags(kind: RecordType) -> tuple[str, ...]:
    return tuple(name for name, field in kind.fields.items() if isinstance(field.column, Flag))


def reference_lists(kind: RecordType) -> tuple[Field, ...]:
    """Fields that hold several references."""
    return tuple(field for field in kind.fields.values() if isinstance(field.column, References))


def references(kind: RecordType) -> tuple[Field, ...]:
    """Fields that hold one reference."""
    return tuple(field for field in kind.fields.values() if isinstance(field.column, Reference))
