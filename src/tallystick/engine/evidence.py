"""Evidence as it is kept with a link or a question, in words. Source: spec/engine.md E14."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def named_evidence(fields: Any) -> tuple[str, ...]:
    """The names of the fields that are evidence, as kept with a link or question: "serial_no +19.6" where weighed."""
    if not isinstance(fields, Mapping):
        return tuple(str(name) for name in fields or ())
    named = []
    for name, of in fields.items():
        weight = of.get("weight") if isinstance(of, Mapping) else None
        if weight is None:
            named.append(str(name))
        elif of.get("level"):
            named.append(f"{name} {weight:+.1f}")
    return tuple(named)
