"""What a body says, field by field: the contract between the bodies of one kind and the rest of the connector."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from tallystick.connectors.dav.lines import Component
from tallystick.connectors.dav.text import check_text
from tallystick.errors import RecordError
from tallystick.model.schema import Field
from tallystick.model.value import Value

READ_ONLY: Final = "Map it in the other direction only."


@dataclass(frozen=True, slots=True, kw_only=True)
class Property:
    """One field of a component. `write` is only called with a value that `read` does not give already."""

    field: Field
    read: Callable[[Component], Value]
    write: Callable[[Component, Value], None] | None = None


def write(prop: Property, component: Component, value: Value) -> None:
    """Writes a value that differs from what is there. Raises RecordError for a field that can only be read."""
    if prop.write is None:
        raise RecordError(f"The field {prop.field.name} can only be read.", hint=READ_ONLY)
    check_text(prop.field.name, value)
    prop.write(component, value)


def check_names(fields: Collection[Field], values: Collection[str]) -> None:
    """Raises RecordError for a name that is no field."""
    unknown = sorted(set(values) - {field.name for field in fields})
    if unknown:
        raise RecordError(f"There is no field {unknown[0]}.")


class Vocabulary(Protocol):
    """Bodies of one kind: contacts, events or tasks."""

    suffix: str  # of new resources, ".vcf"
    media_type: str
    body_field: str  # the field that holds the whole body
    fields: tuple[Field, ...]

    def holds(self, body: str) -> bool:
        """Whether the body is of this kind; a calendar holds events and tasks side by side.

        Raises RecordError for what is no contact or calendar object at all.
        """
        ...

    def read(self, body: str, names: Collection[str]) -> dict[str, Value]:
        """The values of these fields. Raises RecordError."""
        ...

    def patched(self, body: str, values: Mapping[str, Value], mapped: Collection[str]) -> str:
        """The body with these values and everything else as it was, byte for byte.

        `mapped` are the fields somebody looks after; where one property follows from another (the display name
        from the names), only unmapped ones follow by themselves. Raises RecordError for a value that cannot be held.
        """
        ...

    def created(self, values: Mapping[str, Value], uid: str) -> str:
        """A new body with these values. Raises RecordError."""
        ...
