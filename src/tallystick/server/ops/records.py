"""What people call a record of whatever system: the first of its fields that sounds like a name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from tallystick.model.value import Value

NAMES: Final = (
    "name",
    "full_name",
    "fullname",
    "display_name",
    "title",
    "subject",
    "summary",
    "label",
    "company",
    "account_name",
    "asset_name",
    "descr",
    "description",
    "last_name",
    "email",
    "email1",
    "mail",
    "serial_no",
    "serial",
)
LONGEST: Final = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Title:
    """`name` is empty where the record is known by its id alone."""

    id: str
    name: str = ""


def title_of(values: Mapping[str, Value] | None, id_: str | None, *, is_strict: bool = False) -> Title | None:
    """`is_strict`: only fields that are surely names."""
    if id_ is None:
        return None
    if not values:
        return Title(id=id_)
    folded = {name.casefold(): value for name, value in values.items() if value}
    first, last = folded.get("first_name"), folded.get("last_name")
    if first and last:
        return Title(id=id_, name=f"{first} {last}"[:LONGEST])
    found = next((folded[name] for name in NAMES if folded.get(name)), "")
    if not found:
        found = next((value for name, value in folded.items() if name.endswith(("name", "title", "subject"))), "")
    if not found and not is_strict:
        found = next((value for value in values.values() if value and not value.isdigit()), "")
    return Title(id=id_, name=" ".join(found.split())[:LONGEST])
