"""What the keys of an integration file say about each other: references, contradictions, things left unsaid.

Everything that can be found without reaching a system is found here, when the file is saved. Source: spec/interface.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tallystick.model.selection import Test
from tallystick.spec.check_fields import check_fields
from tallystick.spec.connections import check_connection
from tallystick.spec.document import Clause, FlowShape, IntegrationShape, SetShape, Where
from tallystick.spec.matching import WeightsShape
from tallystick.spec.names import MappedNames
from tallystick.spec.nearest import did_you_mean
from tallystick.spec.shape import present
from tallystick.spec.source import Fault, Path
from tallystick.spec.substitute import is_malformed


def check(shape: IntegrationShape, data: Mapping[str, Any]) -> Iterator[Fault]:
    """Every contradiction in `shape`; `data` is the whole of what the file holds, faulty parts included."""
    yield from _code_sets(shape)
    for name, system in _mapping(data.get("systems")).items():
        yield from _settings(system, ("systems", name))
        yield from check_connection(system, ("systems", name))
    yield from _names(shape)
    for number, flow in present(shape.flows):
        path: Path = ("flows", number)
        raw = data["flows"][number]
        names = MappedNames.of(raw.get("fields"))
        yield from _ends(flow, path, known=_mapping(data.get("systems")))
        yield from check_fields(flow, (*path, "fields"), code_sets=_mapping(data.get("code_sets")))
        yield from _refs(flow, path, data)
        yield from _match(flow, path, names)
        yield from _reactions(flow, path, names)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _unknown(path: Path, word: str, what: str, known: Mapping[str, Any] | set[str]) -> Fault:
    listed = ", ".join(sorted(known)) if known else ""
    hint = did_you_mean(word, known) or (f"There are: {listed}." if 0 < len(known) <= 20 else "")
    return Fault(path=path, message=f"There is no {what} `{word}`.", hint=hint)


def _code_sets(shape: IntegrationShape) -> Iterator[Fault]:
    for name, pairs in shape.code_sets.items():
        for left, written in pairs.items():
            path = ("code_sets", name, left)
            rights = [written] if isinstance(written, str) else [right for _, right in present(written)]
            if left == "*" and "*" in rights:
                hint = "Write a code on one of the two sides, or leave the field without `codes`."
                yield Fault(path=path, message="`*` stands on both sides, so no code is named.", hint=hint)
            for right in sorted({right for right in rights if rights.count(right) > 1}):
                yield Fault(path=path, message=f"`{right}` stands twice in the list.", hint="Keep one.")


def _settings(value: Any, path: Path) -> Iterator[Fault]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _settings(inner, (*path, key))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _settings(inner, (*path, number))
    elif isinstance(value, str) and is_malformed(value):
        hint = "Write ${NAME} for a variable, ${secret:name} for a secret, and $${ for the characters themselves."
        yield Fault(path=path, message="A `${` here names neither a variable nor a secret.", hint=hint)


def _names(shape: IntegrationShape) -> Iterator[Fault]:
    seen: dict[str, int] = {}
    for number, flow in present(shape.flows):
        if flow.flow in seen:
            message = f"The flow `{flow.flow}` is written twice, first as flows[{seen[flow.flow]}]."
            yield Fault(path=("flows", number, "flow"), message=message, hint="Give one of them another name.")
        seen.setdefault(flow.flow, number)


def _ends(flow: FlowShape, path: Path, *, known: Mapping[str, Any]) -> Iterator[Fault]:
    for side, end in (("left", flow.left), ("right", flow.right)):
        if end.system not in known:
            yield _unknown((*path, side, "system"), end.system, "system", known)
        if isinstance(end.key, list):
            for number, name in present(end.key):
                if name in end.key[:number]:
                    message = f"The key names `{name}` twice."
                    yield Fault(path=(*path, side, "key", number), message=message, hint="Keep one.")
        if end.where is not None:
            yield from _where(end.where, (*path, side, "where"))
    if (flow.left.system, flow.left.record, flow.left.where) == (
        flow.right.system,
        flow.right.record,
        flow.right.where,
    ):
        message = f"Both sides are `{flow.left.record}` of `{flow.left.system}`."
        hint = "Name another system or record type, or tell the two apart by `where`."
        yield Fault(path=(*path, "right"), message=message, hint=hint)


def _where(where: Where, path: Path) -> Iterator[Fault]:
    lists = [name for name in ("all", "any") if name in where.model_fields_set]
    if len(lists) == 2:
        hint = "Keep one of them; conditions joined by and are never mixed with conditions joined by or."
        yield Fault(path=path, message="`all` and `any` stand side by side.", hint=hint)
    elif lists and (beside := _tests(where) or (["field"] if where.field is not None else [])):
        message = f"`{beside[0]}` stands beside `{lists[0]}`."
        yield Fault(path=path, message=message, hint=f"Move it into the list of `{lists[0]}`.")
    elif not lists:
        yield from _clause(where, path)
    for name in lists:
        for number, clause in present(getattr(where, name) or []):
            yield from _clause(clause, (*path, name, number))


def _tests(clause: Clause) -> list[str]:
    given = {Clause.model_fields[name].alias or name for name in clause.model_fields_set & Clause.model_fields.keys()}
    return [test.value for test in Test if test.value in given]


def _clause(clause: Clause, path: Path) -> Iterator[Fault]:
    tests = _tests(clause)
    known = ", ".join(test.value for test in Test)
    if isinstance(clause, Where) and clause.field is None:
        hint = "Write `field:` and a test, or a list of such under `all` or `any`."
        yield Fault(path=path, message="The condition names no field.", hint=hint)
    elif not tests:
        yield Fault(path=path, message=f"The condition on `{clause.field}` has no test.", hint=f"Add one of: {known}.")
    if len(tests) > 1:
        message = f"The condition has {len(tests)} tests: {' and '.join(tests)}."
        hint = "Keep one, or write one condition for each under `all:`."
        yield Fault(path=path, message=message, hint=hint)


def _refs(flow: FlowShape, path: Path, data: Mapping[str, Any]) -> Iterator[Fault]:
    flows = data.get("flows")
    known = {str(raw.get("flow")) for raw in flows if isinstance(raw, Mapping)} if isinstance(flows, list) else set()
    for number, line in present(flow.fields):
        if line.ref is not None and line.ref not in known:
            yield _unknown((*path, "fields", number, "ref"), line.ref, "flow", known)


def _match(flow: FlowShape, path: Path, names: MappedNames) -> Iterator[Fault]:
    places: list[tuple[Path, str]] = []
    for number, rule in present(flow.match.definite):
        place = (*path, "match", "definite", number)
        places += [(place, rule)] if isinstance(rule, str) else [((*place, at), name) for at, name in present(rule)]
    for number, possible in present(flow.match.possible):
        place = (*path, "match", "possible", number)
        block = [possible.block] if isinstance(possible.block, str) else possible.block
        places += [((*place, "block", at), name) for at, name in present(block)]
        places += [((*place, "compare", name), name) for name in possible.compare]
    if flow.match.weights is not None:
        places += _weighed(flow.match.weights, (*path, "match", "weights"))
        yield from _weights(flow.match.weights, (*path, "match", "weights"))
    places += [((*path, "match", "junk", name), name) for name in flow.match.junk]
    for place, name in places:
        if name in names.one_sided:
            hint = "Match by fields that have a left and a right."
            yield Fault(path=place, message=f"`{name}` is mapped on one side only, so it matches nothing.", hint=hint)
        elif name not in names.both:
            yield names.unknown(place, name)
    if isinstance(flow.conflict, str) or flow.conflict is None:
        return
    for name in flow.conflict.fields:
        if names.line_of(name) is None:
            yield names.unknown((*path, "conflict", "fields", name), name)


def _weighed(weights: WeightsShape, path: Path) -> list[tuple[Path, str]]:
    """Every place that names a field."""
    places: list[tuple[Path, str]] = []
    for number, block in present(weights.blocks):
        place = (*path, "blocks", number)
        places += [(place, block)] if isinstance(block, str) else [((*place, at), name) for at, name in present(block)]
    for name, field in weights.fields.items():
        places.append(((*path, "fields", name), name))
        if field.swap is not None:
            places.append(((*path, "fields", name, "swap"), field.swap))
    return places


def _weights(weights: WeightsShape, path: Path) -> Iterator[Fault]:
    if weights.ask > weights.link:
        hint = "`ask` is the weight from which a person is asked, `link` that from which nobody has to be."
        yield Fault(path=(*path, "ask"), message="`ask` is more than `link`.", hint=hint)
    if not any(field.same > 0 for field in weights.fields.values()):
        hint = "Give `same` the weight that `tallystick match train` finds."
        yield Fault(path=(*path, "fields"), message="No field speaks for a pair, so nothing is ever linked.", hint=hint)
    for name, field in weights.fields.items():
        if field.swapped is not None and field.swap is None:
            hint = "Name the field that it may be mistaken for with `swap`."
            yield Fault(path=(*path, "fields", name, "swapped"), message="`swapped` is without `swap`.", hint=hint)
        if field.swap == name:
            hint = "Name another field, or leave `swap` out."
            yield Fault(path=(*path, "fields", name, "swap"), message=f"`{name}` is its own `swap`.", hint=hint)
    for title, rival in weights.rivals.items():
        for name in rival.fields:
            if name not in weights.fields:
                yield _unknown((*path, "rivals", title, "fields", name), name, "weighed field", set(weights.fields))


def _reactions(flow: FlowShape, path: Path, names: MappedNames) -> Iterator[Fault]:
    for key, reaction, own, other in (
        ("deleted_left", flow.on.deleted_left, names.right, names.left),
        ("deleted_right", flow.on.deleted_right, names.left, names.right),
    ):
        if isinstance(reaction, SetShape):
            survivor, gone = ("right", "left") if key == "deleted_left" else ("left", "right")
            for name in reaction.set:
                if name in other and name not in own:
                    message = f"`{name}` is a field on the {gone}, where the record is deleted."
                    hint = f"`{key}` sets fields of the record on the {survivor}."
                    yield Fault(path=(*path, "on", key, "set", name), message=message, hint=hint)
