"""What is different between two versions, key by key; the ui shows the texts line by line."""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from tallystick.spec.names import line_name
from tallystick.spec.reading import Loaded

_ITEM_NAMES: Final = ("flow", "field", "block")


class Kind(enum.StrEnum):
    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """`key` is like `flows / assets / guards / delete`; `before` and `after` as the file spells them."""

    key: str
    kind: Kind
    before: str
    after: str


def by_key(before: Loaded, after: Loaded) -> list[Difference]:
    """Key by key, in the order of the newer document; order, comments and layout aside."""
    old, new = dict(_flat(before.data, ())), dict(_flat(after.data, ()))
    found = []
    for path in [*new, *(path for path in old if path not in new)]:
        one, other = old.get(path), new.get(path)
        if one == other:
            continue
        kind = Kind.ADDED if one is None else Kind.REMOVED if other is None else Kind.CHANGED
        found.append(Difference(key=" / ".join(path), kind=kind, before=one or "", after=other or ""))
    return found


def _flat(value: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    """Every leaf with its path; items of lists by what they are called, not by where they stand."""
    match value:
        case Mapping() if value:
            for key, inner in value.items():
                yield from _flat(inner, (*path, str(key)))
        case list() if value and all(isinstance(item, Mapping) for item in value):
            seen: dict[str, int] = {}
            for number, item in enumerate(value, start=1):
                name = _name(item) or str(number)
                seen[name] = seen.get(name, 0) + 1
                inner = {key: one for key, one in item.items() if key not in _ITEM_NAMES or isinstance(one, Mapping)}
                yield from _flat(inner or "", (*path, name if seen[name] == 1 else f"{name} ({seen[name]})"))
        case list():
            yield path, ", ".join(_said(item) for item in value) or "[]"
        case _:
            yield path, _said(value)


def _name(item: Mapping[str, Any]) -> str:
    for key in _ITEM_NAMES:
        if isinstance(item.get(key), str):
            return str(item[key])
    left, right = (_texts(item.get(side)) for side in ("left", "right"))
    return line_name(left, right) if left or right else ""


def _texts(value: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,)
    return tuple(str(one) for one in value) if isinstance(value, list) else ()


def _said(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return str(value).lower()
        case list():
            return f"[{', '.join(_said(item) for item in value)}]"
        case Mapping():
            return "{}" if not value else "{" + ", ".join(f"{key}: {_said(one)}" for key, one in value.items()) + "}"
    return str(value)
