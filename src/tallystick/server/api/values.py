"""Values of records between JSON and the canonical texts that everything else takes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from tallystick.errors import InputRefused
from tallystick.model.value import FieldType, Value
from tallystick.server.records.record_types import Field, RecordType
from tallystick.server.records.values import list_of, listed


def told(field: Field, value: Value) -> Any:
    """The JSON of a canonical text: booleans, whole numbers and lists as such, decimals and moments as texts."""
    if value is None:
        return None
    match field.type:
        case FieldType.BOOLEAN:
            return value == "true"
        case FieldType.INTEGER:
            return int(value)
        case FieldType.LIST:
            return list(listed(value))
        case FieldType.JSON:
            return json.loads(value)
    return value


def taken(kind: RecordType, given: Mapping[str, Any]) -> dict[str, Value]:
    """Texts of JSON values; what they are worth is judged where they are written. Raises InputRefused."""
    found: dict[str, Value] = {}
    faults: dict[str, str] = {}
    for name, value in given.items():
        field = kind.fields.get(name)
        if field is None:
            faults[name] = _("There is no field {field!r}.").format(field=name)
            continue
        try:
            found[name] = _text(field, value)
        except ValueError:
            faults[name] = _("{field} takes {what}.").format(field=field.title, what=_WHAT[field.type])
    if faults:
        raise InputRefused(_("Nothing was changed."), fields=faults)
    return found


_WHAT = {
    FieldType.TEXT: "a text",
    FieldType.INTEGER: "a whole number",
    FieldType.DECIMAL: 'a number or a text like "12.50"',
    FieldType.BOOLEAN: "true or false",
    FieldType.DATE: "a text like 2026-11-22",
    FieldType.DATETIME: "a text like 2026-11-22T09:30:00Z",
    FieldType.LIST: "a list of texts",
    FieldType.JSON: "JSON",
}


def _text(field: Field, value: Any) -> Value:
    """Raises ValueError."""
    if field.type is FieldType.JSON and value is not None:
        return json.dumps(value, ensure_ascii=False)
    match value:
        case None | str():
            return value
        case bool() if field.type is FieldType.BOOLEAN:
            return "true" if value else "false"
        case bool():
            raise ValueError
        case int() | float() if field.type in (FieldType.INTEGER, FieldType.DECIMAL):
            return repr(value)
        case list() if field.type is FieldType.LIST and all(isinstance(one, str) for one in value):
            return list_of(value)
    raise ValueError
