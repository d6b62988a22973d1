"""What the target would refuse, found out before anything is sent. Source: spec/engine.md E24."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import orjson

from tallystick.model.schema import Field, RecordType
from tallystick.model.value import FieldType, Reference, Value
from tallystick.model.write import Action


class Checker:
    """The rules of one record type of the target; every method gives a sentence, or None when all is well."""

    def __init__(self, record_type: RecordType) -> None:
        self._type = record_type
        self._required = [
            field.name
            for field in record_type.fields
            if field.is_required and not (field.name in record_type.key and record_type.capabilities.reserve)
        ]
        self._limited = {
            field.name: field
            for field in record_type.fields
            if not (field.is_writable and field.is_nullable) or field.max_length is not None or field.choices
        }

        self._create, self._update = self.allows(Action.CREATE), self.allows(Action.UPDATE)

    def allows(self, action: Action) -> str | None:
        can = self._type.capabilities
        allowed = {Action.CREATE: can.create, Action.UPDATE: can.update, Action.DELETE: can.delete}
        if allowed.get(action, True):
            return None
        return f"{self._type.name} does not take a {action.value}."

    def create(self, values: Mapping[str, Value | Reference]) -> str | None:
        missing = [name for name in self._required if values.get(name) is None]
        if missing:
            return f"{self._type.name} needs a value for {', '.join(missing)}."
        return self._create or self._values(values)

    def update(self, values: Mapping[str, Value | Reference]) -> str | None:
        return self._update or self._values(values)

    def may_be_empty(self, names: Collection[str]) -> bool:
        """Whether a record may be created with these fields empty, and have them filled later."""
        fields = [field for field in self._type.fields if field.name in names]
        return self.allows(Action.UPDATE) is None and all(
            not field.is_required and (field.is_nullable or field.type is FieldType.TEXT) for field in fields
        )

    def _values(self, values: Mapping[str, Value | Reference]) -> str | None:
        for name, field in self._limited.items():
            if name not in values:
                continue
            value = values[name]
            if not field.is_writable:
                return f"{name} of {self._type.name} cannot be written."
            if value is None:
                if field.is_required or not field.is_nullable:
                    return f"{name} of {self._type.name} cannot be empty."
            elif isinstance(value, str):
                if field.max_length is not None and len(value) > field.max_length:
                    return f"{name} of {self._type.name} holds {field.max_length} characters, not {len(value)}."
                if field.choices and not _chosen(field, value):
                    return f"{name} of {self._type.name} does not take {value[:40]!r}."
        return None


def _chosen(field: Field, value: str) -> bool:
    """Whether it is one of the field's choices; of a list each element."""
    if field.type is not FieldType.LIST:
        return value in field.choices
    try:
        return all(one in field.choices for one in orjson.loads(value))
    except (orjson.JSONDecodeError, TypeError):
        return False
