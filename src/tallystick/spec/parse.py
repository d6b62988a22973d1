"""YAML into plain data with the line of every key: the one way text enters.

Unquoted words mean what `tallystick.spec.scalar` says, keys are always text (`on`, `null`), and `*` may stand
without quotes. Aliases and merge keys (`<<`) are written out, up to a number of values that no honest file reaches.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from tallystick.spec import scalar
from tallystick.spec.compose import MAX_DEPTH, Node, compose
from tallystick.spec.source import Fault, Path, SourceMap
from tallystick.spec.text import check_text, refuse

MAX_VALUES: Final = 200_000


class NullKey(str):
    """A key written as an unquoted `null`: the text `null`, but known to be null where that makes a difference."""

    __slots__ = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """What a file holds: `data` of dict, list, str, int, float, bool and None, and the lines it stands on."""

    data: Any
    source: SourceMap
    faults: tuple[Fault, ...]  # keys that are written twice; the first stays


def parse(text: str, name: str) -> Tree:
    """The data of one YAML document. Raises DocumentErrors with the line where it is not well-formed."""
    text = check_text(text, name)
    root = compose(text, name)
    if root is None:
        raise refuse(name, 1, "The file is empty.", "Begin with `integration:` and a name.")
    expander = _Expander(name)
    data = expander.expand(root, (), root.line)
    return Tree(data=data, source=SourceMap(name=name, lines=expander.lines), faults=tuple(expander.faults))


class _Expander:
    def __init__(self, name: str) -> None:
        self.name = name
        self.lines: dict[Path, int] = {}
        self.faults: list[Fault] = []
        self._count = 0

    def expand(self, node: Node, path: Path, line: int) -> Any:
        """The data of `node`, noting that `path` stands on `line`."""
        self._charge(1, line)
        if len(path) > MAX_DEPTH:
            raise refuse(self.name, line, f"Values are nested deeper than {MAX_DEPTH} levels.")
        if path:
            self.lines[path] = line
        if node.items is not None:
            return [self.expand(item, (*path, index), item.line) for index, item in enumerate(node.items)]
        if node.pairs is not None:
            return self._mapping(node.pairs, path)
        if not node.is_plain:
            return node.text
        value = scalar.resolve(node.text)
        is_setting = path[:1] == ("systems",)  # goes to the connector as it was written
        return scalar.moment(value) if isinstance(value, str) and not is_setting else value

    def _charge(self, count: int, line: int) -> None:
        self._count += count
        if self._count > MAX_VALUES:
            hint = "Anchors that refer to anchors multiply what they hold; write less with them."
            raise refuse(self.name, line, f"The file holds more than {MAX_VALUES} values.", hint)

    def _mapping(self, pairs: list[tuple[Node, Node]], path: Path) -> dict[str, Any]:
        data: dict[str, Any] = {}
        merged: list[tuple[Node, Node]] = []
        for key_node, value_node in pairs:
            if key_node.is_plain and key_node.text == "<<":
                merged += self._merged(value_node)
                continue
            key = _key(key_node)
            if key in data:
                first = self.lines[(*path, key)]
                message = f"`{key}` is written twice, first on line {first}."
                self.faults.append(Fault(path=(*path, key), line=key_node.line, message=message, hint="Keep one."))
                continue
            data[key] = self.expand(value_node, (*path, key), key_node.line)
        for key_node, value_node in merged:
            key = _key(key_node)
            if key not in data:
                data[key] = self.expand(value_node, (*path, key), key_node.line)
        return data

    def _merged(self, node: Node) -> list[tuple[Node, Node]]:
        parts = [node] if node.items is None else node.items
        pairs: list[tuple[Node, Node]] = []
        for part in parts:
            if part.pairs is None:
                raise refuse(self.name, node.line, "`<<` takes in a mapping only.", "Refer to one, as in `<<: *name`.")
            self._charge(len(part.pairs), node.line)
            for key, value in part.pairs:
                pairs += self._merged(value) if key.is_plain and key.text == "<<" else [(key, value)]
        return pairs


def _key(node: Node) -> str:
    if not node.is_plain:
        return scalar.canonical(node.text) or ""
    value = scalar.resolve(node.text)
    if value is None:
        return NullKey("null")
    return scalar.canonical(scalar.moment(value) if isinstance(value, str) else value) or ""
