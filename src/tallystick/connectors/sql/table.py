"""A table as the connector sees it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from tallystick.errors import UnknownField
from tallystick.model.schema import Capabilities, Field, RecordType
from tallystick.model.value import FieldType

MAX_WRITES: Final = 5000


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    name: str
    type: FieldType
    native: str  # the type as the database spells it, lower case
    is_nullable: bool = True
    is_writable: bool = True
    has_default: bool = False  # a row can be made without it
    is_counted: bool = False  # the database gives the next number itself (serial, identity, AUTO_INCREMENT)
    max_length: int | None = None  # characters
    scale: int | None = None  # decimal places a number keeps; None: as many as it has
    fraction_digits: int | None = None  # of a second; None: as many as it has
    choices: tuple[str, ...] = ()
    comment: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    name: str
    columns: tuple[Column, ...]
    primary: tuple[str, ...] = ()
    uniques: tuple[frozenset[str], ...] = ()  # sets of columns that are unique together, the primary key among them
    is_view: bool = False
    hides_rows: bool = False  # a row that is not seen may still be there: a view, row-level security
    has_triggers: bool = False  # what is stored may differ from what was written
    has_row_numbers: bool = False  # SQLite's rowid
    is_transactional: bool = True
    comment: str = ""

    def column(self, name: str) -> Column:
        """Raises UnknownField."""
        for column in self.columns:
            if column.name == name:
                return column
        raise UnknownField(
            f"The table {self.name!r} has no column {name!r}.",
            hint="Correct the name in the integration file, or remove the mapping of the field.",
        )

    def has(self, name: str) -> bool:
        return any(column.name == name for column in self.columns)

    def is_unique(self, names: Sequence[str]) -> bool:
        """Whether the database itself sees to it that no two rows carry the same values there."""
        return any(unique <= set(names) for unique in self.uniques)

    def described(self, version: str | None) -> RecordType:
        can_write = not self.is_view and self.is_transactional
        return RecordType(
            name=self.name,
            title=self.comment,
            fields=tuple(
                Field(
                    name=column.name,
                    type=column.type,
                    title=column.comment,
                    is_required=not (column.is_nullable or column.has_default or column.is_counted)
                    and column.is_writable,
                    is_writable=column.is_writable and can_write,
                    is_nullable=column.is_nullable,
                    max_length=column.max_length,
                    choices=column.choices,
                )
                for column in self.columns
            ),
            key=self.primary,
            capabilities=Capabilities(
                changes=True,
                versions=version is not None,
                causes=not self.hides_rows,
                reserve=can_write,
                create=can_write,
                update=can_write,
                delete=can_write,
                max_writes=MAX_WRITES,
            ),
        )
