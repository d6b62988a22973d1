"""Which flow goes first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping


def referenced_first(refs: Mapping[str, Iterable[str]]) -> list[str]:
    """The flows of `refs` (flow -> flows it refers to) in their order, but every flow after those it refers to.

    A reference to itself or to no flow counts for nothing. Of flows that refer to each other in a circle, the one named
    first goes last. Source: spec/engine.md E26.
    """
    ordered: dict[str, None] = {}
    for first in refs:
        way = [first]
        while way:
            flow = way[-1]
            missing = [ref for ref in _in_order(refs, flow) if ref not in ordered and ref not in way]
            if missing:
                way.append(missing[0])
            else:
                ordered.setdefault(way.pop())
    return list(ordered)


def _in_order(refs: Mapping[str, Iterable[str]], flow: str) -> list[str]:
    wanted = set(refs[flow])
    return [name for name in refs if name in wanted]
