"""The lines of `fields`: what each may combine, and what no two may do at once. Source: engine.md E6."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tallystick.model.flow import Direction
from tallystick.model.side import SIDES, Side
from tallystick.spec.document import AuthorityShape, FieldShape, FlowShape
from tallystick.spec.expression import ExpressionRefused, compile_expression
from tallystick.spec.names import line_name
from tallystick.spec.nearest import did_you_mean
from tallystick.spec.shape import present
from tallystick.spec.source import Fault, Path

SIDED = ("max", "type", "zone", "constant", "default", "expression")
TRANSLATIONS = ("codes", "ref", "join", "separator", "expression", "default")


def names_on(line: FieldShape, side: Side) -> tuple[str, ...]:
    """The fields of `line` on `side`, in the order written."""
    written = line.left if side is Side.LEFT else line.right
    if written is None:
        return ()
    return (written,) if isinstance(written, str) else tuple(name for _, name in present(written))


def authority_of(line: FieldShape) -> Side | None:
    """The side that owns the fields of `line`."""
    return line.authority.side if isinstance(line.authority, AuthorityShape) else line.authority


def check_fields(flow: FlowShape, path: Path, *, code_sets: Mapping[str, Any]) -> Iterator[Fault]:
    """Every contradiction in the lines of `flow`, which stand at `path`."""
    for number, line in present(flow.fields):
        place = (*path, number)
        yield from _sides(line, place)
        yield from _shape_of_values(line, place)
        yield from _direction(line, place, flow.direction)
        yield from _expressions(line, place, flow.direction)
        if line.codes is not None and line.codes not in code_sets:
            hint = did_you_mean(line.codes, code_sets) or "Write it under `code_sets`."
            yield Fault(path=(*place, "codes"), message=f"There is no code set `{line.codes}`.", hint=hint)
    yield from _written_twice(flow, path)


def _sides(line: FieldShape, path: Path) -> Iterator[Fault]:
    left, right = names_on(line, Side.LEFT), names_on(line, Side.RIGHT)
    if not left and not right:
        yield Fault(path=path, message="The line names no field.", hint="Write `left:` and `right:`.")
        return
    for side in SIDES:
        names = names_on(line, side)
        for name in sorted({name for name in names if names.count(name) > 1}):
            message = f"`{name}` is named twice."
            yield Fault(path=(*path, side.value), message=message, hint="Keep one.")
    if not left or not right:
        side = Side.RIGHT if right else Side.LEFT
        if not (line.constant or line.expression):
            hint = f"Add `{side.other}:`, or say where its value comes from: `constant: {{{side}: ...}}`."
            yield Fault(path=path, message=f"The line has no field on the {side.other}.", hint=hint)
    for key in SIDED:
        for side in getattr(line, key) or {}:
            if not names_on(line, side):
                hint = f"Add `{side}:`, or take `{side}` out of `{key}`."
                yield Fault(path=(*path, key, side.value), message=f"The line has no field on the {side}.", hint=hint)
    for side in line.constant or {}:
        if names_on(line, side) and names_on(line, side.other):
            name = ", ".join(names_on(line, side))
            message = f"`{name}` is mapped to the {side.other}, so it cannot be constant."
            hint = f"Take out `{side.other}:`, or use `default` for the value that stands in for null."
            yield Fault(path=(*path, "constant", side.value), message=message, hint=hint)


def _shape_of_values(line: FieldShape, path: Path) -> Iterator[Fault]:
    several = [side for side in SIDES if len(names_on(line, side)) > 1]
    if line.join is not None and line.separator is not None:
        message = "`join` and `separator` stand on one line."
        hint = "`join` is for several fields in one text, `separator` for several values in one field; keep one."
        yield Fault(path=(*path, "separator"), message=message, hint=hint)
    if line.codes is not None and line.ref is not None:
        hint = "A value is either a code or the id of a record; keep one."
        yield Fault(path=(*path, "ref"), message="`codes` and `ref` stand on one line.", hint=hint)
    if line.constant:
        for key in TRANSLATIONS:
            if getattr(line, key) is not None:
                hint = f"Take out `{key}`; a constant is always the same."
                yield Fault(path=(*path, key), message=f"`constant` and `{key}` stand on one line.", hint=hint)
    if line.expression:
        for key in ("codes", "ref", "join", "separator"):
            if getattr(line, key) is not None:
                message = f"`expression` and `{key}` stand on one line."
                hint = "An expression gives the value by itself; keep one of the two."
                yield Fault(path=(*path, key), message=message, hint=hint)
    if len(several) == 2 and not line.expression:
        hint = "Write one line for each pair, or an expression for each side."
        yield Fault(path=path, message="The line has several fields on both sides.", hint=hint)
    elif len(several) == 1 and line.join is None and not line.expression:
        message = f"The line has several fields on the {several[0]} and does not say how they are joined."
        yield Fault(path=(*path, several[0].value), message=message, hint='Add for example `join: " "`.')
    elif several and (line.codes is not None or line.ref is not None) and line.join is not None:
        message = f"`join` and `{'codes' if line.codes is not None else 'ref'}` stand on one line."
        yield Fault(path=(*path, "join"), message=message, hint="Translate each field on a line of its own.")
    elif line.join is not None and not several:
        hint = "Name several on one side, or take out `join`."
        yield Fault(path=(*path, "join"), message="`join` has nothing to join: each side has one field.", hint=hint)


def _direction(line: FieldShape, path: Path, direction: Direction) -> Iterator[Fault]:
    owner = authority_of(line)
    if owner is not None and not direction.reaches(owner.other):
        message = f"The {owner} owns the field, but with `direction: {direction}` nothing flows to the {owner.other}."
        hint = "Change `direction`, or take out `authority`."
        yield Fault(path=(*path, "authority"), message=message, hint=hint)
    for key in ("constant", "default", "expression"):
        for side in getattr(line, key) or {}:
            if not direction.reaches(side):
                message = f"With `direction: {direction}` nothing is written to the {side}."
                yield Fault(path=(*path, key, side.value), message=message, hint="Change `direction`, or take it out.")


def _expressions(line: FieldShape, path: Path, direction: Direction) -> Iterator[Fault]:
    for side, text in (line.expression or {}).items():
        place = (*path, "expression", side.value)
        try:
            expression = compile_expression(text)
        except ExpressionRefused as error:
            yield Fault(path=place, message=error.message, hint=error.hint)
            continue
        sources = names_on(line, side.other)
        if len(names_on(line, side)) > 1:
            hint = "Write one line for each field."
            yield Fault(path=place, message="An expression gives one value, not several fields.", hint=hint)
        for name in sorted(expression.names):
            if sources and name not in sources:
                hint = did_you_mean(name, sources) or f"Add it to `{side.other}:`."
                yield Fault(path=place, message=f"`{name}` is not a field of this line on the {side.other}.", hint=hint)
        is_two_way = bool(sources) and direction.reaches(side.other) and authority_of(line) is not side.other
        if is_two_way and side.other not in (line.expression or {}):
            message = f"The way back to the {side.other} is not given."
            hint = f"Add an expression for the {side.other}, or `authority: {side.other}` if edits do not flow back."
            yield Fault(path=place, message=message, hint=hint)


def _written_twice(flow: FlowShape, path: Path) -> Iterator[Fault]:
    lines: dict[str, int] = {}
    writers: dict[tuple[Side, str], int] = {}
    for number, line in present(flow.fields):
        left, right = names_on(line, Side.LEFT), names_on(line, Side.RIGHT)
        if not left and not right:
            continue
        name = line_name(left, right)
        if name in lines:
            message = f"`{name}` is mapped twice, first in fields[{lines[name]}]."
            hint = "Keep one line; for a second target write its name alone with an expression."
            yield Fault(path=(*path, number), message=message, hint=hint)
            continue
        lines[name] = number
        for side in SIDES:
            if not flow.direction.reaches(side) or authority_of(line) is side:
                continue
            for field in names_on(line, side):
                first = writers.setdefault((side, field), number)
                if first != number:
                    message = f"`{field}` on the {side} is written by two lines, first by fields[{first}]."
                    hint = f"Keep one, or say `authority: {side}` where values only come from it."
                    yield Fault(path=(*path, number), message=message, hint=hint)
