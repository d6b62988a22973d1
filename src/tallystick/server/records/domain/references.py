"""What people write for a reference: an id, a number like A-12, or a name only one record bears."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from django.utils.translation import gettext as _

from tallystick.errors import InputRefused
from tallystick.model.value import FieldType, Value
from tallystick.server.people.actor import Actor
from tallystick.server.records import queries
from tallystick.server.records.record_types import BY_NAME, Field, RecordType
from tallystick.server.records.values import list_of, listed

_ID: Final = re.compile(r"[0-9a-f]{32}", re.ASCII)


def resolved(kind: RecordType, actor: Actor, values: Mapping[str, Value]) -> dict[str, Value]:
    """The values with ids in place of numbers and names. Raises InputRefused with a sentence per field."""
    found = dict(values)
    faults: dict[str, str] = {}
    for name, value in values.items():
        field = kind.fields.get(name)
        if field is None or field.refers_to is None or not value:
            continue
        try:
            if field.type is FieldType.LIST:
                found[name] = list_of([id_of(field, actor, text) for text in listed(value)])
            else:
                found[name] = id_of(field, actor, value)
        except LookupError as fault:
            faults[name] = str(fault)
    if faults:
        raise InputRefused(
            " ".join(faults.values()), fields=faults, hint=_("Choose the record from the list that opens as you type.")
        )
    return found


def id_of(field: Field, actor: Actor, text: str) -> str:
    """Raises LookupError with a sentence."""
    try:
        return id_of_text(BY_NAME[str(field.refers_to)], actor, text)
    except LookupError as fault:
        raise LookupError(f"{field.title}: {fault}") from None


def id_of_text(kind: RecordType, actor: Actor, text: str) -> str:
    """Raises LookupError with a sentence."""
    text = text.strip()
    if _ID.fullmatch(text):
        return text
    rows: Any = queries.live(kind, actor)
    prefix, dash, number = text.rpartition("-")
    if dash and prefix.upper() == kind.prefix and number.isdecimal() and len(number) < 19:
        found = list(rows.filter(number=int(number)).values_list("pk", flat=True)[:1])
    else:
        column = kind.fields[kind.title_field].attname
        found = list(rows.filter(**{column: text.replace("\0", "")}).values_list("pk", flat=True)[:2])
    if len(found) > 1:
        raise LookupError(_("several records are called so; give the number."))
    if not found:
        raise LookupError(_("there is no {thing} with this number or name.").format(thing=kind.title))
    return str(found[0])
