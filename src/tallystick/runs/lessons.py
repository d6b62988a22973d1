"""What was learned about matching as plain data: to be shown, kept, and put into the document of an integration."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tallystick.engine.cases import Tried
from tallystick.engine.precision import RulePrecision
from tallystick.model.side import SIDES
from tallystick.runs.training import Lesson, written


def lesson_shown(lesson: Lesson) -> dict[str, Any]:
    """Everything that is told of a lesson, as JSON has it."""
    weights = lesson.rules.weights
    assert weights is not None  # noqa: S101  # learned
    return {
        "flow": lesson.flow,
        "records": {side.value: lesson.counts[side] for side in SIDES},
        "pairs": lesson.trained.pairs,
        "weights": written(weights),
        "junk": {name: list(values) for name, values in lesson.trained.junk.items()},
        "answers": lesson.cases,
        "before": tried_shown(lesson.before),
        "after": tried_shown(lesson.after),
    }


def tried_shown(of: Tried) -> dict[str, Any]:
    return {
        "cases": of.cases,
        "pairs": of.pairs,
        "right": of.right,
        "wrong": of.wrong,
        "asked": of.asked,
        "offered": of.offered,
        "precision": of.precision,
        "recall": of.recall,
        "reached": of.reached,
    }


def rule_shown(one: RulePrecision) -> dict[str, Any]:
    return {
        "rule": one.rule,
        "linked": one.linked,
        "undone": one.undone,
        "confirmed": one.confirmed,
        "refused": one.refused,
        "precision": one.precision,
    }


def taught(data: Mapping[str, Any], flow: str, match: Mapping[str, Any]) -> dict[str, Any]:
    """The document with the weights of `match` in this flow, and its junk beside that which is there.

    `match` is that of `Lesson.document`.
    """

    def merged(old: Mapping[str, Any]) -> dict[str, Any]:
        merged = {**old, "weights": match["weights"]}
        if isinstance(added := match.get("junk"), Mapping) and added:
            junk = dict(old.get("junk") or {})
            for name, values in added.items():
                before = junk.get(name, [])
                before = before if isinstance(before, list) else [before]
                junk[name] = [*before, *(value for value in values if value not in before)]
            merged["junk"] = junk
        return merged

    return _with_match(data, flow, merged)


def untaught(data: Mapping[str, Any], flow: str, before: Mapping[str, Any]) -> dict[str, Any]:
    """The document with the weights and the junk this flow had `before`; none where it had none."""

    def earlier(old: Mapping[str, Any]) -> dict[str, Any]:
        rest = {name: value for name, value in old.items() if name not in ("weights", "junk")}
        return {**rest, **{name: before[name] for name in ("weights", "junk") if before.get(name)}}

    return _with_match(data, flow, earlier)


def match_of(data: Mapping[str, Any], flow: str) -> dict[str, Any]:
    """What stands under `match` of this flow; nothing where nothing does."""
    return next((dict(one.get("match") or {}) for one in data["flows"] if one.get("flow") == flow), {})


def _with_match(data: Mapping[str, Any], flow: str, change: Any) -> dict[str, Any]:
    flows = []
    for one in data["flows"]:
        if one.get("flow") == flow:
            rules = change(one.get("match") or {})
            one = {name: value for name, value in one.items() if name != "match" or rules}
            if rules:
                one["match"] = rules
        flows.append(one)
    return {**data, "flows": flows}
