"""What a system offers, as its connector describes it."""

from __future__ import annotations

from msgspec import Struct

from tallystick.model.value import FieldType


class Field(Struct, frozen=True, kw_only=True):
    name: str
    type: FieldType
    title: str = ""
    is_required: bool = False  # a record cannot be created without a value
    is_writable: bool = True
    is_nullable: bool = True
    max_length: int | None = None  # characters
    choices: tuple[str, ...] = ()  # the only values taken, when not empty


class Capabilities(Struct, frozen=True, kw_only=True):
    """What a connector can do with a record type; what it cannot is declared here, never discovered by failing."""

    changes: bool = False  # reads changes since a cursor
    tombstones: bool = False  # changes name the deleted; else only a full listing shows absences
    versions: bool = False  # records carry a version that serves as precondition
    causes: bool = True  # `fetch` tells why a record is absent
    reserve: bool = False  # ids can be known before a create
    idempotency: bool = False  # a repeated create with the same key is answered, not doubled
    find: bool = True  # records can be looked up by field values
    create: bool = True
    update: bool = True
    delete: bool = True
    max_writes: int = 500  # writes taken by one call of `write`


class RecordType(Struct, frozen=True, kw_only=True):
    name: str
    fields: tuple[Field, ...]
    key: tuple[str, ...]  # the fields that make the id; empty when the id is not a field
    capabilities: Capabilities
    title: str = ""
    other_names: tuple[str, ...] = ()  # what a flow may call it besides `name`

    def field(self, name: str) -> Field | None:
        return next((field for field in self.fields if field.name == name), None)


class Description(Struct, frozen=True, kw_only=True):
    connector: str
    record_types: tuple[RecordType, ...]
    product: str = ""  # what the system calls itself, with its version

    def record_type(self, name: str) -> RecordType | None:
        """The record type of this name, else the first that also goes by it; None when there is none."""
        named = next((kind for kind in self.record_types if kind.name == name), None)
        return named or next((kind for kind in self.record_types if name in kind.other_names), None)
