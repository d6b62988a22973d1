"""The state's JSON texts.

orjson writes them; keys stand for what `tallystick.model` calls the same. A Reference is
`{"ref": [flow, side, id]}`; a side's mapping is `{"left": ..., "right": ...}`.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

import orjson

from tallystick.model.link import MatchKey
from tallystick.model.plan import Decision, Operation, OperationState, Planned, Take
from tallystick.model.side import Side
from tallystick.model.value import Reference, Value
from tallystick.model.write import Action

EMPTY = "{}"
EMPTY_MAPPING: Final[Mapping[str, Any]] = MappingProxyType({})
_ACTIONS: Final = {action.value: action for action in Action}
_SIDES: Final = {side.value: side for side in Side}
_NAMES: Final = {side: side.value for side in Side}
_STATES: Final = {state.value: state for state in OperationState}
OPTIONS = orjson.OPT_NON_STR_KEYS
OPERATION = (
    "SELECT o.number, o.run, o.flow, o.seq, o.action, o.side, o.left_id, o.right_id, o.link, o.state, o.message, "
    'o.attempts, o.at, v."before", v."after", v.rest '
    "FROM state_operation o JOIN state_operationvalues v ON v.number = o.number"
)
"""Gives the rows `operation_of` takes."""


def text_of(value: object) -> str:
    """Compact JSON. Raises orjson.JSONEncodeError for what JSON cannot hold (a lone surrogate)."""
    return orjson.dumps(value, default=_plain, option=OPTIONS).decode()


def of_values(values: Mapping[str, Value] | Mapping[str, Planned]) -> str:
    return orjson.dumps(values, default=_plain).decode() if values else EMPTY


def mapping(text: str | None) -> dict[str, Any]:
    if text is None or text == EMPTY:
        return {}
    value: dict[str, Any] = orjson.loads(text)
    return value


def by_side(text: str) -> dict[Side, Any]:
    return {Side(side): value for side, value in mapping(text).items()}


def _plain(value: object) -> object:
    match value:
        case Reference():
            return {"ref": [value.flow, value.side.value, value.id]}
        case Mapping():
            return dict(value)
        case set() | frozenset():
            return sorted(value)
    raise TypeError(f"{type(value).__name__} has no form in JSON")


def planned(value: Any) -> Planned:
    """The inverse of what `text_of` makes of a Planned."""
    if isinstance(value, dict):
        flow, side, id_ = value["ref"]
        return Reference(flow=flow, side=Side(side), id=id_)
    text: Value = value
    return text


def has_references(after: str) -> bool:
    """Whether the text of an `after` holds a Reference; in a text value its quotes would be escaped."""
    return '{"ref":[' in after


def rest_of(operation: Operation) -> str:
    """What of an operation never changes once it is planned, and is never searched for."""
    rest: dict[str, Any] = {}
    if operation.settles:
        rest["settles"] = {_NAMES[side]: values for side, values in operation.settles.items()}
    if operation.versions:
        rest["versions"] = {_NAMES[side]: version for side, version in operation.versions.items()}
    if operation.reason:
        rest["reason"] = operation.reason
    if operation.rules:
        rest["rules"] = operation.rules
    if operation.evidence:
        rest["evidence"] = operation.evidence
    if operation.keys:
        rest["keys"] = [(_NAMES[key.side], key.key, key.id) for key in operation.keys]
    if operation.is_partial:
        rest["is_partial"] = True
    return orjson.dumps(rest, default=_plain).decode() if not operation.evidence else text_of(rest)


def operation_of(row: tuple[Any, ...]) -> Operation:
    """The operation of a row of OPERATION."""
    number, run, flow, seq, action, side, left_id, right_id, link, state, message, attempts, at, before, after, rest = (
        row
    )
    kept: dict[str, Any] = orjson.loads(rest) if rest != EMPTY else {}
    values = mapping(after)
    if has_references(after):
        values = {name: planned(value) if isinstance(value, dict) else value for name, value in values.items()}
    return Operation(
        number=number,
        run=run,
        seq=seq,
        flow=flow,
        action=_ACTIONS[action],
        side=_SIDES[side],
        left_id=left_id,
        right_id=right_id,
        link=link,
        before=mapping(before),
        after=values,
        settles={_SIDES[end]: values for end, values in kept.get("settles", EMPTY_MAPPING).items()},
        versions={_SIDES[end]: version for end, version in kept.get("versions", EMPTY_MAPPING).items()},
        reason=kept.get("reason", ""),
        rules=kept.get("rules", EMPTY_MAPPING),
        evidence=kept.get("evidence", EMPTY_MAPPING),
        keys=tuple(MatchKey(side=_SIDES[end], key=key, id=id_) for end, key, id_ in kept.get("keys", ())),
        is_partial=kept.get("is_partial", False),
        state=_STATES[state],
        message=message,
        attempts=attempts,
        at=at,
    )


def decision_text(decision: Decision) -> str:
    return text_of(
        {
            "take": decision.take,
            "fields": decision.fields,
            "partner": decision.partner,
            "by": decision.by,
            "at": decision.at,
            "note": decision.note,
            "run": decision.run,
        }
    )


def decision_of(text: str | None) -> Decision | None:
    if text is None:
        return None
    kept = mapping(text)
    return Decision(
        take=Take(kept["take"]),
        fields={name: Take(take) for name, take in kept["fields"].items()},
        partner=kept["partner"],
        by=kept["by"],
        at=kept["at"],
        note=kept["note"],
        run=kept.get("run", ""),  # answers of before have none
    )
