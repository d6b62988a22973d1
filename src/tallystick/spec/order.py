"""Which flow goes first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping


def referenced_first(refs: Mapping[str, Iterable[str]]) -> list[str]:
    """The flows of `refs` (flow -> flows it refers to) in their order, but every flow after those it refers to.

    A reference to itself or to no flow counts for nothing. Raises ValueError when there is a cycle.
    """
    if found := cycle(refs):
        raise ValueError(f"flows refer to each other in a circle: {' -> '.join(found)}")
    ordered: dict[str, None] = {}
    for first in refs:
        stack = [first]
        while stack:
            flow = stack[-1]
            missing = [ref for ref in _in_order(refs, flow) if ref not in ordered and ref != flow]
            if missing and flow not in ordered:
                stack.append(missing[0])
            else:
                ordered.setdefault(stack.pop())
    return list(ordered)


def cycle(refs: Mapping[str, Iterable[str]]) -> list[str]:
    """One circle of references, its first flow repeated at the end; empty when there is none."""
    done: set[str] = set()
    for first in refs:
        way: list[str] = []
        stack = [(first, False)]
        while stack:
            flow, is_left = stack.pop()
            if is_left:
                done.add(way.pop())
            elif flow not in done:
                if flow in way:
                    return [*way[way.index(flow) :], flow]
                way.append(flow)
                stack.append((flow, True))
                stack += [(ref, False) for ref in _in_order(refs, flow) if ref != flow]
    return []


def _in_order(refs: Mapping[str, Iterable[str]], flow: str) -> list[str]:
    wanted = set(refs[flow])
    return [name for name in refs if name in wanted]
