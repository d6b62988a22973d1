"""Settings of the memory connector, and what they say it can do."""

from __future__ import annotations

import enum
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, model_validator

from tallystick.connectors.declared import ADVANCED
from tallystick.model import schema
from tallystick.model.value import FieldType


class IdsFrom(enum.StrEnum):
    """Who gives a new record its id."""

    WRITER = "writer"
    SYSTEM = "system"


class Versions(enum.StrEnum):
    """What a record's version is."""

    NONE = "none"
    COUNTER = "counter"  # another one at every change
    STAMP = "stamp"  # the moment of the last change by the system's clock; two changes in one moment look alike


class Changes(enum.StrEnum):
    """How the system finds what changed since a cursor."""

    NONE = "none"
    SEQUENCE = "sequence"  # changes are numbered; the cursor is exact
    STAMPS = "stamps"  # by the moment of the last change, reaching back over `overlap_s`


class FieldSettings(BaseModel):
    """One field of a record type."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1)
    type: FieldType = FieldType.TEXT
    title: str = ""
    required: bool = False
    writable: bool = True
    nullable: bool = True
    max_length: int | None = Field(default=None, ge=1, description="characters")
    choices: tuple[str, ...] = Field(default=(), description="the only values taken, when not empty")


class RecordTypeSettings(BaseModel):
    """One record type and what the system offers for it."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1)
    title: str = ""
    fields: tuple[FieldSettings, ...] = Field(min_length=1)
    key: tuple[str, ...] = Field(default=(), description="the fields that make the id; none: the id is no field")
    ids: IdsFrom = IdsFrom.WRITER
    versions: Versions = Versions.COUNTER
    changes: Changes = Changes.SEQUENCE
    overlap_s: float = Field(default=300.0, ge=0, description="how far changes by stamps reach back, in seconds")
    tombstones: bool = True
    causes: bool = True
    find: bool = True
    idempotency: bool = True
    create: bool = True
    update: bool = True
    delete: bool = True
    max_writes: int = Field(default=500, ge=1, description="writes taken by one call")

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> RecordTypeSettings:
        names = [field.name for field in self.fields]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"the field {twice[0]!r} of {self.name!r} is declared twice")
        if absent := [name for name in self.key if name not in names]:
            raise ValueError(f"the key field {absent[0]!r} of {self.name!r} is not among its fields")
        if self.ids is IdsFrom.SYSTEM and len(self.key) > 1:
            raise ValueError(f"a system can give ids only to a key of one field, {self.name!r} has {len(self.key)}")
        if self.tombstones and self.changes is Changes.NONE:
            self.tombstones = False
        return self

    def field(self, name: str) -> FieldSettings | None:
        return next((field for field in self.fields if field.name == name), None)

    def is_writable(self, field: FieldSettings) -> bool:
        """Whether a write may set the field: an id that the system gives cannot be set."""
        return field.writable and not (self.ids is IdsFrom.SYSTEM and field.name in self.key)

    def described(self) -> schema.RecordType:
        """What the hub is told about this record type."""
        return schema.RecordType(
            name=self.name,
            title=self.title,
            key=self.key,
            fields=tuple(
                schema.Field(
                    name=field.name,
                    type=field.type,
                    title=field.title,
                    is_required=field.required,
                    is_writable=self.is_writable(field),
                    is_nullable=field.nullable and field.name not in self.key,
                    max_length=field.max_length,
                    choices=field.choices,
                )
                for field in self.fields
            ),
            capabilities=schema.Capabilities(
                changes=self.changes is not Changes.NONE,
                tombstones=self.tombstones,
                versions=self.versions is not Versions.NONE,
                causes=self.causes,
                reserve=self.ids is IdsFrom.WRITER,
                idempotency=self.idempotency,
                find=self.find,
                create=self.create,
                update=self.update,
                delete=self.delete,
                max_writes=self.max_writes,
            ),
        )


class Settings(BaseModel):
    """A connection to a world in memory."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(
        default="memory", min_length=1, title="World", description="name of the world, one for the whole process"
    )
    path: Path | None = Field(
        default=None, title="File", description="JSON file that keeps the world over several processes"
    )
    batch_rows: int = Field(
        default=1000,
        ge=1,
        title="Rows at a time",
        description="records in one batch of a listing",
        json_schema_extra=ADVANCED,
    )
    record_types: tuple[RecordTypeSettings, ...] = Field(
        default=(),
        title="Record types",
        description="made where the world has not got them; a world that has them needs none",
    )
