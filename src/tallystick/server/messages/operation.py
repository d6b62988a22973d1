"""Service operations: what systems can ask of each other and tell each other, by name and version. No Django here."""

from __future__ import annotations

import enum
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Any, Final

from jsonschema import Draft202012Validator, FormatChecker

from tallystick.errors import NotFound
from tallystick.server.messages.envelope import Fault

FAULTS_SHOWN: Final = 20


class Kind(enum.StrEnum):
    """A request has a response; an event only a receipt."""

    REQUEST = "request"
    EVENT = "event"


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """`is_repeatable`: the receiver does not mind to get it again, so that a lost answer needs no look-up.

    Source: spec/engine.md E37.
    """

    name: str  # like work_order.create
    version: int
    kind: Kind
    title: Any  # as people read it, translated when shown
    request: Mapping[str, Any]  # JSON Schema of the body
    response: Mapping[str, Any]  # JSON Schema of the body of an answer that is no refusal
    is_repeatable: bool = False
    is_published: bool = True  # others speak it; else it is between rooms of the hub

    @property
    def key(self) -> tuple[str, int]:
        return self.name, self.version


_validators: Final[dict[int, tuple[Mapping[str, Any], Draft202012Validator]]] = {}
_operations: Final[dict[tuple[str, int], Operation]] = {}


def register(*operations: Operation) -> None:
    """Makes operations known to this process."""
    for one in operations:
        _operations[one.key] = one


def known() -> tuple[Operation, ...]:
    """All, by name and version."""
    return tuple(_operations[key] for key in sorted(_operations))


def operation(name: str, version: int) -> Operation:
    """Raises NotFound."""
    found = _operations.get((name, version))
    if found is None:
        versions = sorted(number for other, number in _operations if other == name)
        hint = f"There are versions {', '.join(map(str, versions))}." if versions else f"There are {_names()}."
        raise NotFound(f"There is no operation {name} of version {version}.", hint=hint)
    return found


def _names() -> str:
    return ", ".join(sorted({name for name, _version in _operations}))


def faults(schema: Mapping[str, Any], body: object) -> tuple[Fault, ...]:
    """What is wrong with a body, all at once: a place and a sentence each."""
    found: Iterable[Any] = _validator_of(schema).iter_errors(body)
    told = sorted({(".".join(map(str, one.absolute_path)), one.message[:300]) for one in found})
    return tuple(Fault(code="schema", field=place, message=f"{message}.") for place, message in told[:FAULTS_SHOWN])


def _validator_of(schema: Mapping[str, Any]) -> Draft202012Validator:
    """One for each schema object, which nobody changes; they are few and live as long as the process."""
    kept = _validators.get(id(schema))
    if kept is None or kept[0] is not schema:
        kept = schema, Draft202012Validator(dict(schema), format_checker=FormatChecker())
        _validators[id(schema)] = kept
    return kept[1]


def document(pack: str, name: str) -> dict[str, Any]:
    """A JSON document of a pack, like its schemas."""
    place = resources.files("tallystick.packs")
    for part in (pack, *name.split("/")):
        place = place.joinpath(part)
    return dict(json.loads(place.read_text("utf-8")))
