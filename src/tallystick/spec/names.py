"""The field names that the lines of a flow give to its other keys."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tallystick.spec.nearest import did_you_mean
from tallystick.spec.source import Fault, Path


def line_name(left: tuple[str, ...], right: tuple[str, ...]) -> str:
    """The name of a line of `fields`: its left names joined by `+`, or its right ones where there is no left."""
    return "+".join(left or right)


def names_of(value: Any) -> tuple[str, ...]:
    """The field names in what stands under `left` or `right` of a line: one, several, or none."""
    items = value if isinstance(value, list) else [value]
    return tuple(item for item in items if isinstance(item, str))


@dataclass(frozen=True, slots=True, kw_only=True)
class MappedNames:
    """Taken from the file as it is, faulty lines included, so that one fault does not make others."""

    lines: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]

    @classmethod
    def of(cls, fields: Any) -> MappedNames:
        """The names in what stands under `fields`."""
        raw = [line for line in fields if isinstance(line, Mapping)] if isinstance(fields, list) else []
        return cls(lines=tuple((names_of(line.get("left")), names_of(line.get("right"))) for line in raw))

    @property
    def left(self) -> frozenset[str]:
        return frozenset(name for left, _ in self.lines for name in left)

    @property
    def right(self) -> frozenset[str]:
        return frozenset(name for _, right in self.lines for name in right)

    @property
    def both(self) -> frozenset[str]:
        """What match rules may name: left names, and names of lines, that have a right side."""
        found = {name for left, right in self.lines if right for name in left}
        return frozenset(found | {line_name(left, right) for left, right in self.lines if left and right})

    @property
    def one_sided(self) -> frozenset[str]:
        names = {name for left, right in self.lines if not (left and right) for name in left or right}
        return frozenset(names - self.both)

    def line_of(self, name: str) -> str | None:
        """The name of the line that `name` speaks of: its own name, or one of its left names."""
        own = [line_name(left, right) for left, right in self.lines]
        if name in own:
            return name
        return next((line_name(left, right) for left, right in self.lines if name in left), None)

    def unknown(self, path: Path, name: str) -> Fault:
        """The fault of a name that no line has."""
        if name in self.right:
            partner = next("+".join(left) for left, right in self.lines if name in right)
            hint = f"Use its left name `{partner}`." if partner else ""
            return Fault(path=path, message=f"`{name}` is a field on the right.", hint=hint)
        hint = did_you_mean(name, self.left) or "Name the left field of one of the lines under `fields`."
        return Fault(path=path, message=f"No line of `fields` has `{name}` on the left.", hint=hint)
