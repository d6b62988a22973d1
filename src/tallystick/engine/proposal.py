"""What somebody wants to be registered, and what became of it. Source: spec/engine.md E36."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field

from tallystick.engine.conversion import Unfit, conversion
from tallystick.engine.translated import shown
from tallystick.errors import UnknownField
from tallystick.model.flow import Confirmation, FieldMap, Flow, WhenDown
from tallystick.model.schema import RecordType
from tallystick.model.side import Side
from tallystick.model.value import FieldType, Value
from tallystick.spec.expression import compile_expression


class Ending(enum.StrEnum):
    CONFIRMED = "confirmed"  # by the other system
    REGISTERED = "registered"  # at once; the other system gets it by the next run
    REFUSED = "refused"  # nothing is registered
    TIMED_OUT = "timed_out"  # nothing is registered; whether the other system took it, the next run finds out
    DOWN = "down"  # refused, because the other system cannot be reached


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A change that somebody wants to be registered."""

    side: Side  # where it is to be registered
    id: str | None  # None: a new record
    values: Mapping[str, Value]  # in the fields of that side


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What became of a proposal."""

    ending: Ending
    message: str = ""  # a sentence
    ids: Mapping[Side, str | None] = field(default_factory=dict)
    is_registered: bool = False


class Refusal(Exception):
    """The proposal cannot be: nothing was written anywhere. The text is a sentence."""


def confirmation_of(flow: Flow, proposal: Proposal) -> Confirmation | None:
    """How the proposal has to be confirmed: the shortest time and the stricter way; None: it has not."""
    found = [
        line.confirmation
        for line in flow.synchronous
        if proposal.id is None or not proposal.values.keys().isdisjoint(_sources(line, proposal.side))
    ]
    if not found:
        return None
    is_refused = any(one.when_down is WhenDown.REFUSE for one in found)
    return Confirmation(
        timeout_s=min(one.timeout_s for one in found),
        when_down=WhenDown.REFUSE if is_refused else WhenDown.REGISTER,
    )


def _sources(line: FieldMap, side: Side) -> set[str]:
    expression = line.expression.get(side.other)
    return {*line.fields(side), *(compile_expression(expression).names if expression is not None else ())}


def canonical(kind: RecordType, values: Mapping[str, Value]) -> dict[str, Value]:
    """The values in canonical text. Raises UnknownField or Refusal."""
    found: dict[str, Value] = {}
    for name, value in values.items():
        declared = kind.field(name)
        if declared is None:
            names = ", ".join(one.name for one in kind.fields[:12])
            raise UnknownField(f"{kind.name} has no field {name!r}.", hint=f"There are: {names}.")
        try:
            convert = conversion(FieldType.TEXT, declared.type)
            found[name] = convert(value) if convert is not None and value is not None else value
        except Unfit as unfit:
            raise Refusal(f"{name} is {shown(value or '')}, which {unfit}.") from unfit
    return found
