"""What settings a connector takes, as forms, the command line and documents show them: told by the connector itself.

A connector declares its settings once, as fields of its pydantic model `Settings`: `title` is the label, `description`
the hint, `SecretStr` makes a secret, `Path` a file. `json_schema_extra=ADVANCED` puts a setting out of the first
sight, `json_schema_extra=GUARD` marks the one that says where connections may go: the hub sets it, not a person.
"""

from __future__ import annotations

import enum
import types
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Union, get_args, get_origin

from tallystick.connectors import settings_model

if TYPE_CHECKING:
    from pydantic import BaseModel
    from pydantic.fields import FieldInfo

ADVANCED: Final[dict[str, Any]] = {"x-tallystick": "advanced"}
GUARD: Final[dict[str, Any]] = {"x-tallystick": "guard"}


class Kind(enum.StrEnum):
    TEXT = "text"
    SECRET = "secret"  # noqa: S105  the name of a kind
    WHOLE = "whole"
    NUMBER = "number"
    SWITCH = "switch"
    CHOICE = "choice"
    FILE = "file"
    TABLE = "table"  # a mapping or list, written as YAML


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    name: str  # as the integration file spells it
    label: str
    hint: str
    kind: Kind
    is_required: bool
    is_advanced: bool
    is_guard: bool
    default: Any  # plain data; None where there is none
    choices: tuple[str, ...] = ()

    @property
    def is_secret(self) -> bool:
        return self.kind is Kind.SECRET


def settings_of(connector: str) -> tuple[Setting, ...]:
    """The settings of a connector, the required ones first, the advanced ones last.

    Raises ConfigurationError for an unknown kind.
    """
    declared = _declared(settings_model(connector))
    return tuple(sorted(declared, key=lambda one: (one.is_advanced, not one.is_required)))


def secrets_of(connector: str) -> frozenset[str]:
    """The names of the settings that are secret."""
    return frozenset(setting.name for setting in settings_of(connector) if setting.is_secret)


def _declared(model: type[BaseModel]) -> list[Setting]:
    return [_setting(name, field) for name, field in model.model_fields.items()]


def _setting(name: str, field: FieldInfo) -> Setting:
    extra = field.json_schema_extra if isinstance(field.json_schema_extra, Mapping) else {}
    mark = extra.get("x-tallystick")
    kind, choices = _kind(field.annotation)
    spelled = field.alias or name
    return Setting(
        name=spelled,
        label=field.title or spelled.replace("_", " ").capitalize(),
        hint=field.description or "",
        kind=kind,
        is_required=field.is_required(),
        is_advanced=mark == "advanced" or (kind is Kind.TABLE and not field.is_required()),
        is_guard=mark == "guard",
        default=_plain(field.get_default(call_default_factory=True, validated_data={})),
        choices=choices,
    )


def _kind(annotation: Any) -> tuple[Kind, tuple[str, ...]]:
    from pydantic import SecretStr

    parts = [annotation]
    if get_origin(annotation) in (Union, types.UnionType):
        parts = [part for part in get_args(annotation) if part is not types.NoneType]
    first = parts[0]
    if not isinstance(first, type):
        return Kind.TABLE, ()
    if issubclass(first, enum.Enum):
        return Kind.CHOICE, tuple(str(one.value) for one in first)
    for base, kind in (
        (SecretStr, Kind.SECRET),
        (Path, Kind.FILE),
        (bool, Kind.SWITCH),
        (int, Kind.WHOLE),
        (float, Kind.NUMBER),
        (str, Kind.TEXT),
    ):
        if issubclass(first, base):
            return kind, ()
    return Kind.TABLE, ()


def _plain(value: Any) -> Any:
    from pydantic import SecretStr

    match value:
        case enum.Enum():
            return str(value.value)
        case SecretStr():
            return None
        case Path():
            return str(value)
        case bool() | int() | float() | str():
            return value
        case Mapping():
            return {str(key): _plain(inner) for key, inner in value.items()} or None
        case Sequence():
            return [_plain(inner) for inner in value] or None
    return None
