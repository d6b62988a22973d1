"""Operations as a plan artefact shows them, and back. Source: spec/interface.md, `plan --json`; engine.md E24."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import orjson

from tallystick.errors import PlanRefused
from tallystick.model.link import MatchKey
from tallystick.model.plan import Operation, Planned
from tallystick.model.side import Side
from tallystick.model.value import Reference
from tallystick.model.write import Action


def shown(operation: Operation) -> dict[str, Any]:
    """One line of the artefact: what people read first, what apply needs besides under `rests_on`."""
    fields = {name: [operation.before.get(name), _planned(value)] for name, value in operation.after.items()}
    if operation.action is Action.DELETE:
        fields = {name: [value, None] for name, value in operation.before.items()}
    return {
        "side": operation.side.value,
        "action": operation.action.value,
        "id": operation.id_on(operation.side),
        "partner": operation.id_on(operation.side.other),
        "fields": fields,
        "reason": operation.reason,
        "rests_on": {
            "seq": operation.seq,
            "link": operation.link,
            "settles": {side.value: dict(values) for side, values in operation.settles.items()},
            "versions": {side.value: version for side, version in operation.versions.items()},
            "rules": dict(operation.rules),
            "evidence": dict(operation.evidence),
            "keys": [[key.side.value, key.key, key.id] for key in operation.keys],
            "partial": operation.is_partial,
        },
    }


def restored(line: Mapping[str, Any], *, run: str, flow: str) -> Operation:
    """The operation of one line. Raises PlanRefused when the line is not one this product wrote."""
    try:
        side = Side(line["side"])
        action = Action(line["action"])
        rests_on = line["rests_on"]
        ids = {side: line["id"], side.other: line["partner"]}
        fields = line["fields"]
        is_delete = action is Action.DELETE
        return Operation(
            run=run,
            flow=flow,
            seq=int(rests_on["seq"]),
            action=action,
            side=side,
            left_id=ids[Side.LEFT],
            right_id=ids[Side.RIGHT],
            link=rests_on["link"],
            before={name: old for name, (old, _) in fields.items()} if action is not Action.CREATE else {},
            after={} if is_delete else {name: _value(new) for name, (_, new) in fields.items()},
            settles={Side(name): dict(values) for name, values in rests_on["settles"].items()},
            versions={Side(name): version for name, version in rests_on["versions"].items()},
            reason=line["reason"],
            rules=dict(rests_on["rules"]),
            evidence=dict(rests_on["evidence"]),
            keys=tuple(MatchKey(side=Side(s), key=int(key), id=id_) for s, key, id_ in rests_on["keys"]),
            is_partial=bool(rests_on["partial"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise PlanRefused(
            "The plan has a line that cannot be read; it was altered or is not a plan.", hint="Make a new plan."
        ) from error


def seal(plan: Mapping[str, Any]) -> str:
    """The fingerprint of a plan artefact, over everything but the fingerprint itself."""
    body = {key: value for key, value in plan.items() if key != "fingerprint"}
    return hashlib.sha256(orjson.dumps(body, option=orjson.OPT_SORT_KEYS)).hexdigest()


def _planned(value: Planned) -> Any:
    if isinstance(value, Reference):
        return {"ref": [value.flow, value.side.value, value.id]}
    return value


def _value(value: Any) -> Planned:
    if isinstance(value, Mapping):
        flow, side, id_ = value["ref"]
        return Reference(flow=flow, side=Side(side), id=id_)
    return value if value is None or isinstance(value, str) else str(value)
