"""Whether a record that has an id still is the one that had it. Source: spec/engine.md E12; scenario S25."""

from __future__ import annotations

from collections.abc import Mapping

from tallystick.model.flow import Flow
from tallystick.model.side import Side
from tallystick.model.value import Value


def is_same_identity(flow: Flow, side: Side, base: Mapping[str, Value], values: Mapping[str, Value]) -> bool:
    """True when some identifying rule still holds; without rules, when at least half of the known values do."""
    if not base:
        return True
    for rule in flow.match.definite:
        names = [name for line in flow.maps if set(rule) & set(line.left) for name in line.fields(side)]
        if names and all(_plain(base.get(name)) == _plain(values.get(name)) != "" for name in names):
            return True
    if flow.match.definite:
        return False
    known = {name: value for name, value in base.items() if value not in (None, "")}
    alike = sum(_plain(values.get(name)) == _plain(value) for name, value in known.items())
    return alike * 2 >= len(known)


def _plain(value: Value) -> str:
    return "".join(char for char in (value or "").casefold() if char.isalnum())
