"""What there is to know of a record type besides its table, for lists, forms, search and the connector."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Any, Final

from tallystick.model.value import FieldType
from tallystick.server.records.codes import Codes, Title
from tallystick.server.records.columns import Flag, Reference, References
from tallystick.server.records.entry import HIDDEN, KEPT, Entry

_CAPITAL: Final = re.compile(r"(?<=[a-z])(?=[A-Z])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field of a record type."""

    name: str
    type: FieldType
    title: Title
    column: Any  # the Django field
    attname: str  # of the table's column
    codes: Codes | None
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
    app: str = "records"  # whose permissions it takes, and whose connector offers it
    unique: tuple[tuple[str, ...], ...] = ()  # of live records; the table sees to it too

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
        return f"{self.app}.{verb}_{self.name}"

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


def _name_of(model: type[Any]) -> str:
    """`installed_asset` of InstalledAsset."""
    return _CAPITAL.sub("_", model.__name__).lower()


def flags(kind: RecordType) -> tuple[str, ...]:
    return tuple(name for name, field in kind.fields.items() if isinstance(field.column, Flag))


def reference_lists(kind: RecordType) -> tuple[Field, ...]:
    """Fields that hold several references."""
    return tuple(field for field in kind.fields.values() if isinstance(field.column, References))


def references(kind: RecordType) -> tuple[Field, ...]:
    """Fields that hold one reference."""
    return tuple(field for field in kind.fields.values() if isinstance(field.column, Reference))
