"""Integration documents back into YAML: new ones laid out as people write them, edited ones with their comments.

Both take plain data, as `Loaded.data` gives it. Scalars travel as text here (`010`, `null` and `*` stay what they
were), so that nothing is read in one way and written in another. Source: engine.md E40.
"""

from __future__ import annotations

import io
import json
from collections.abc import Hashable, Mapping, Sequence
from typing import Any, Final

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import YAMLError
from ruamel.yaml.nodes import ScalarNode
from ruamel.yaml.resolver import VersionedResolver
from ruamel.yaml.scalarstring import DoubleQuotedScalarString, PlainScalarString
from ruamel.yaml.scanner import RoundTripScanner

from tallystick.errors import DocumentErrors
from tallystick.spec import scalar
from tallystick.spec.compose import StarScanner
from tallystick.spec.names import line_name
from tallystick.spec.parse import parse

BLOCK: Final = frozenset(
    {
        "systems",
        "code_sets",
        "flows",
        "fields",
        "match",
        "definite",
        "possible",
        "weights",
        "rivals",
        "on",
        "all",
        "any",
    }
)
"""Keys whose values are laid out over several lines; the innermost mappings and lists stand on one line."""


class _TextScanner(StarScanner, RoundTripScanner):
    pass


class _TextResolver(VersionedResolver):
    """Takes every scalar for text, with quotes and without."""

    def resolve(self, kind: Any, value: Any, implicit: Any) -> Any:
        return self.DEFAULT_SCALAR_TAG if kind is ScalarNode else super().resolve(kind, value, implicit)


def dumps(data: Mapping[str, Any]) -> str:
    """A new file with this content: one line for each line of `fields`, each end and each short mapping."""
    return _written(_yaml(), _new(data, ()))


def rewrite(text: str, data: Mapping[str, Any]) -> str:
    """The file `text`, changed so that it holds `data`; comments, order and layout stay where nothing changed.

    Keys and items that are gone take the comments at their end with them; new keys come last. Raises DocumentErrors
    when `text` itself is not well-formed.
    """
    old = parse(text, "the file as it was").data
    if _same(old, data):
        return text
    yaml = _yaml(text)
    try:
        tree = yaml.load(text)
        written = _written(yaml, _merged(tree, old, data, ()))
        if _same(parse(written, "the file as it will be").data, data):
            return written
    except (YAMLError, DocumentErrors):
        pass  # what cannot be edited in place is written anew: comments may be lost, content never
    return dumps(data)


def _yaml(text: str = "") -> YAML:
    yaml = YAML(typ="rt", pure=True)
    yaml.Scanner = _TextScanner
    yaml.Resolver = _TextResolver
    yaml.preserve_quotes = True
    yaml.width = 100_000
    yaml.allow_unicode = True
    mapping, sequence, offset = _indents(text)
    yaml.indent(mapping=mapping, sequence=sequence, offset=offset)
    return yaml


def _indents(text: str) -> tuple[int, int, int]:
    """How `text` is indented: mappings, sequences, and the dash within a sequence; 2, 4, 2 where it does not show."""
    above = ""
    for line in text.splitlines():
        bare = line.lstrip(" ")
        if bare.startswith("- ") and above.rstrip().endswith(":"):
            offset = len(line) - len(bare) - (len(above) - len(above.lstrip(" ")))
            return 2, offset + 2, max(0, offset)
        if bare and not bare.startswith("#"):
            above = line.partition(" #")[0]
    return 2, 4, 2


def _written(yaml: YAML, tree: Any) -> str:
    stream = io.StringIO()
    yaml.dump(tree, stream)
    return stream.getvalue()


def _same(one: Any, other: Any) -> bool:
    """Equal in value and type, whatever the order of keys."""
    return _spelled(one) == _spelled(other)


def _spelled(data: Any) -> str:
    return json.dumps(data, sort_keys=True)


# --- new text ---------------------------------------------------------------------------------------------------


def _new(value: Any, path: tuple[str, ...]) -> Any:
    if isinstance(value, Mapping):
        mapping = CommentedMap({_key(key, path): _new(inner, (*path, key)) for key, inner in value.items()})
        if _is_one_line(value, path):
            mapping.fa.set_flow_style()
        return mapping
    if isinstance(value, list | tuple):
        sequence = CommentedSeq([_new(inner, (*path, "-")) for inner in value])
        if not value or not (path and path[-1] in BLOCK):
            sequence.fa.set_flow_style()
        return sequence
    return _scalar(value)


def _is_one_line(value: Mapping[str, Any], path: tuple[str, ...]) -> bool:
    if not value:
        return True
    if not path or path[0] in ("systems", "code_sets") or path[-1] in BLOCK:
        return False
    if path[-2:] in (("flows", "-"), ("possible", "-")) or path[-2:-1] == ("rivals",):
        return False
    where = value if path[-1] == "where" else value.get("where", {})
    return not (isinstance(where, Mapping) and where.keys() & {"all", "any"})


def _key(key: str, path: tuple[str, ...]) -> Any:
    is_ours = key in ("on", "null") and path[:1] == ("flows",) and path[-1] == "-"  # of a flow, of a line of fields
    return PlainScalarString(key) if is_ours else _scalar(key)


def _scalar(value: Any) -> Any:
    if not isinstance(value, str):
        return PlainScalarString("null" if value is None else scalar.canonical(value) or "")
    is_text = scalar.resolve(value) == value and scalar.moment(value) == value
    if not is_text or not (value[0].isalnum() or value[0] in "_/$") or _looks_typed(value) or "\n" in value:
        return DoubleQuotedScalarString(value)
    return PlainScalarString(value)  # ruamel.yaml quotes by itself what needs quotes


def _looks_typed(value: str) -> bool:
    """Whether another program would take the unquoted text for something else, as `010`, `1e3` or `2026-11-22`."""
    resolver = VersionedResolver(version=(1, 2), loader=None)
    by_12 = resolver.resolve(ScalarNode, value, (True, False)) != resolver.DEFAULT_SCALAR_TAG
    return by_12 or value.lower() in ("yes", "no", "on", "off", "<<", "=")


# --- edited text ------------------------------------------------------------------------------------------------


def _merged(node: Any, old: Any, new: Any, path: tuple[str, ...]) -> Any:
    """The node for `new`: `node` itself, changed no more than needed, or a new one."""
    if _same(old, new):
        return node
    if isinstance(node, CommentedMap) and isinstance(old, dict) and isinstance(new, Mapping) and "<<" not in node:
        return _merged_mapping(node, old, new, path)
    if isinstance(node, CommentedSeq) and isinstance(old, list) and isinstance(new, list | tuple):
        return _merged_list(node, old, new, path)
    return _new(new, path)


def _merged_mapping(node: CommentedMap, old: dict[str, Any], new: Mapping[str, Any], path: tuple[str, ...]) -> Any:
    if len(node) != len(old):
        return _new(new, path)
    keys = dict(zip(old, list(node), strict=True))  # both stand in the order of the file
    for key in old:
        if key not in new:
            del node[keys[key]]
        else:
            node[keys[key]] = _merged(node[keys[key]], old[key], new[key], (*path, key))
    for key, value in new.items():
        if key not in old:
            node[_key(key, path)] = _new(value, (*path, key))
    return node


def _merged_list(node: CommentedSeq, old: list[Any], new: Sequence[Any], path: tuple[str, ...]) -> Any:
    partners = _partners(old, new)
    nodes, comments = list(node), dict(node.ca.items)
    items = [
        _new(value, (*path, "-")) if at is None else _merged(nodes[at], old[at], value, (*path, "-"))
        for at, value in zip(partners, new, strict=True)
    ]
    while len(node):
        list.pop(node)
    node.ca.items.clear()
    for place, (at, item) in enumerate(zip(partners, items, strict=True)):
        list.append(node, item)
        if at is not None and at in comments:
            node.ca.items[place] = comments[at]
    return node


def _partners(old: Sequence[Any], new: Sequence[Any]) -> list[int | None]:
    """For every item of `new` the item of `old` that it is: the equal one, else the one with its name."""
    free = dict.fromkeys(range(len(old)))
    found: list[int | None] = [None] * len(new)
    for tell in (_spelled, _identity):
        known: dict[Hashable, list[int]] = {}
        for at in free:
            known.setdefault(tell(old[at]), []).append(at)
        for place, value in enumerate(new):
            if found[place] is None and (candidates := known.get(tell(value))):
                found[place] = candidates.pop(0)
                del free[found[place]]  # type: ignore[arg-type]  # just set
    return found


def _identity(item: Any) -> Hashable:
    if not isinstance(item, Mapping):
        return _spelled(item)
    if "flow" in item:
        return ("flow", str(item["flow"]))
    left, right = (_texts(item.get(side)) for side in ("left", "right"))
    return ("line", line_name(left, right)) if left or right else ("other", str(item.get("field", item.get("block"))))


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(str(name) for name in value) if isinstance(value, list) else () if value is None else (str(value),)
