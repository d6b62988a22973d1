"""A sound `IntegrationShape` into the engine's `Integration`, every default filled in."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import to_builtins
from msgspec.structs import replace

from tallystick.model.flow import (
    CodeSet,
    Confirmation,
    Conflict,
    Deleted,
    Exchange,
    FieldMap,
    Flow,
    FlowEnd,
    Guards,
    Integration,
    Level,
    Limit,
    Match,
    OnDeleted,
    OnScopeLeft,
    PossibleRule,
    Reactions,
    Rival,
    Rule,
    SystemSettings,
    Weighed,
    Weights,
    Window,
)
from tallystick.model.selection import Clause, Filter, Selection, SoftDelete, Test
from tallystick.model.side import SIDES, Side
from tallystick.spec import document as shapes
from tallystick.spec import matching
from tallystick.spec.check_fields import authority_of, names_on
from tallystick.spec.expression import compile_expression
from tallystick.spec.names import MappedNames, line_name
from tallystick.spec.order import referenced_first


def build(shape: shapes.IntegrationShape, data: Mapping[str, Any]) -> Integration:
    """The integration that `shape` says; `data` is the file as plain data, from which the settings are taken."""
    code_sets = {name: _code_set(name, pairs) for name, pairs in shape.code_sets.items()}
    windows = _windows(shape.maintenance)
    flows = {
        flow.flow: _flow(flow, data["flows"][number], code_sets, windows) for number, flow in enumerate(shape.flows)
    }
    order = referenced_first({name: flow.refs for name, flow in flows.items()})
    systems = {
        name: SystemSettings(
            connector=system.connector,
            settings={key: value for key, value in data["systems"][name].items() if key != "connector"},
        )
        for name, system in shape.systems.items()
    }
    integration = Integration(
        name=shape.integration,
        title=shape.title or "",
        systems=systems,
        flows=tuple(flows[name] for name in order),
        fingerprint="",
    )
    return replace(integration, fingerprint=_fingerprint(to_builtins(integration), shape.code_sets))


def _fingerprint(*parts: Any) -> str:
    text = json.dumps(parts, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def _several(written: str | list[str] | None) -> tuple[str, ...]:
    return () if written is None else (written,) if isinstance(written, str) else tuple(written)


def _code_set(name: str, pairs: Mapping[str, str | list[str]]) -> CodeSet:
    to_right: dict[str, tuple[str, ...]] = {}
    to_left: dict[str, tuple[str, ...]] = {}
    for left, written in pairs.items():
        named = tuple(right for right in _several(written) if right != "*")
        if named:
            to_right[left] = named
        if left != "*":
            for right in _several(written):
                to_left[right] = (*to_left.get(right, ()), left)
    return CodeSet(name=name, to_right=to_right, to_left=to_left)


def _windows(written: Sequence[shapes.WindowShape]) -> tuple[Window, ...]:
    return tuple(
        Window(
            days=Window(start_s=0, end_s=0).days if one.days is None else tuple(one.days),
            start_s=one.from_,
            end_s=one.to,
            zone=one.zone,
        )
        for one in written
    )


def _flow(
    flow: shapes.FlowShape, raw: Mapping[str, Any], code_sets: Mapping[str, CodeSet], windows: tuple[Window, ...]
) -> Flow:
    """`windows`: those of all flows."""
    maps = tuple(_field_map(line, flow, code_sets) for line in flow.fields)
    built = Flow(
        name=flow.flow,
        left=_end(flow.left, Side.LEFT, maps),
        right=_end(flow.right, Side.RIGHT, maps),
        maps=maps,
        direction=flow.direction,
        primary=flow.primary,
        match=_match(flow.match),
        on=_reactions(flow.on),
        conflict=_conflict(flow.conflict, MappedNames.of(raw["fields"])),
        guards=_guards(flow.guards),
        schedule_s=flow.schedule,
        maintenance=(*windows, *_windows(flow.maintenance)),
    )
    return built if flow.full is None else replace(built, full_every_s=flow.full)


def _field_map(line: shapes.FieldShape, flow: shapes.FlowShape, code_sets: Mapping[str, CodeSet]) -> FieldMap:
    left, right = names_on(line, Side.LEFT), names_on(line, Side.RIGHT)
    built = FieldMap(
        name=line_name(left, right),
        left=left,
        right=right,
        codes=None if line.codes is None else code_sets[line.codes],
        max=line.max or {},
        too_long=line.too_long,
        join=line.join,
        separator=line.separator,
        types=line.type or {},
        zones=line.zone or {},
        ref=line.ref,
        authority=authority_of(line),
        authority_asks=isinstance(line.authority, shapes.AuthorityShape) and line.authority.edits == "ask",
        constant=line.constant or {},
        default=line.default or {},
        expression=line.expression or {},
        null=line.null,
    )
    # How a value is exchanged says nothing about what it is: the line is no other one, and is not met anew.
    built = replace(built, fingerprint=_fingerprint(to_builtins(built)))
    exchange = line.exchange or flow.exchange
    if exchange is Exchange.ASYNCHRONOUS:
        return built
    return replace(built, exchange=Exchange.SYNCHRONOUS, confirmation=_confirmation(exchange, flow.exchange))


def _confirmation(*written: Exchange | shapes.SynchronousShape) -> Confirmation:
    """As the first of these says that says more than `synchronous`."""
    for one in written:
        if isinstance(one, shapes.SynchronousShape):
            timeout_s = Confirmation().timeout_s if one.synchronous.timeout is None else one.synchronous.timeout
            return Confirmation(timeout_s=timeout_s, when_down=one.synchronous.when_down)
    return Confirmation()


def _end(end: shapes.EndShape, side: Side, maps: tuple[FieldMap, ...]) -> FlowEnd:
    wanted = {name for line in maps for name in line.fields(side)}
    for line in maps:
        if side.other in line.expression:
            wanted |= compile_expression(line.expression[side.other]).names
    selection = Selection(
        record=end.record,
        fields=tuple(sorted(wanted)),
        key=_several(end.key),
        changed=end.changed,
        deleted=None if end.deleted is None else SoftDelete(column=end.deleted.column, equals=end.deleted.equals),
        where=None if end.where is None else _filter(end.where),
    )
    return FlowEnd(system=end.system, selection=selection)


def _filter(where: shapes.Where) -> Filter:
    if where.all is None and where.any is None:
        return Filter(clauses=(_clause(where),))
    return Filter(
        clauses=tuple(_clause(clause) for clause in where.all or where.any or ()), is_all=where.all is not None
    )


def _clause(clause: shapes.Clause) -> Clause:
    names = {shapes.Clause.model_fields[name].alias or name: name for name in shapes.Clause.model_fields}
    test = next(test for test in Test if names[test.value] in clause.model_fields_set)
    value = getattr(clause, names[test.value])
    return Clause(field=str(clause.field), test=test, value=tuple(value) if isinstance(value, list) else value)


def _match(match: matching.MatchShape) -> Match:
    return Match(
        definite=tuple(_several(rule) for rule in match.definite),
        possible=tuple(
            PossibleRule(block=_several(rule.block), compare=rule.compare, at_least=rule.at_least)
            for rule in match.possible
        ),
        weights=None if match.weights is None else _weights(match.weights),
        junk={name: _several(values) for name, values in match.junk.items()},
    )


def _weights(weights: matching.WeightsShape) -> Weights:
    fields = {
        name: Weighed(kind=field.as_, weights=_levels(field), swap=field.swap) for name, field in weights.fields.items()
    }
    rivals = {
        name: Rival(start=rival.start, weights={of: _levels(levels) for of, levels in rival.fields.items()})
        for name, rival in weights.rivals.items()
    }
    return Weights(
        fields=fields,
        blocks=tuple(_several(block) for block in weights.blocks),
        start=weights.start,
        rivals=rivals,
        link=weights.link,
        ask=weights.ask,
        ahead=weights.ahead,
    )


def _levels(written: matching.LevelsShape) -> dict[Level, float]:
    """`swapped` left out says as much as `other`."""
    bits = {level: getattr(written, level.value) for level in Level}
    return {level: written.other if value is None else value for level, value in bits.items()}


def _reactions(on: shapes.ReactionShape) -> Reactions:
    scope = on.left_scope
    return Reactions(
        possible=on.possible,
        new={Side.LEFT: on.new_left, Side.RIGHT: on.new_right},
        deleted={Side.LEFT: _deleted(on.deleted_left), Side.RIGHT: _deleted(on.deleted_right)},
        scope_left={Side.LEFT: scope.left, Side.RIGHT: scope.right}
        if isinstance(scope, shapes.ScopeShape)
        else dict.fromkeys(SIDES, scope or OnScopeLeft.UNLINK),
        edit_vs_delete=on.edit_vs_delete,
    )


def _deleted(reaction: OnDeleted | shapes.SetShape | None) -> Deleted:
    if isinstance(reaction, shapes.SetShape):
        return Deleted(then=OnDeleted.SET, values=reaction.set)
    return Deleted(then=reaction or OnDeleted.DELETE)


def _conflict(written: Rule | shapes.ConflictShape | None, names: MappedNames) -> Conflict:
    if not isinstance(written, shapes.ConflictShape):
        return Conflict(rule=written or Rule.ASK)
    return Conflict(
        rule=written.rule,
        granularity=written.granularity,
        fields={names.line_of(name) or name: rule for name, rule in written.fields.items()},
        tolerance_s=Conflict().tolerance_s if written.tolerance is None else written.tolerance,
    )


def _guards(written: shapes.GuardShape) -> Guards:
    defaults = Guards()

    def or_default(limit: Limit | None, default: Limit) -> Limit:
        return default if limit is None else limit

    return Guards(
        delete=or_default(written.delete, defaults.delete),
        create=or_default(written.create, defaults.create),
        change=or_default(written.change, defaults.change),
        shrink=or_default(written.shrink, defaults.shrink),
    )
