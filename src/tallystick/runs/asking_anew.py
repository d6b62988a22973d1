"""Makes the state ask again what an answer that is taken back had settled.

Undo holds: what it took back is not done again, so that nothing would be asked either (ADR 9). Whoever takes an answer
back wants the question, and a question that waits keeps its records from being written just as well.
Source: spec/engine.md E17, E33; spec/scenarios.md S3.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from msgspec.structs import replace

from tallystick.engine.lines import Line
from tallystick.model.fingerprint import UNSETTLED
from tallystick.model.flow import Flow
from tallystick.model.link import Link, LinkState, Standing, Unlinked
from tallystick.model.plan import Parked, Review, ReviewKind, Take
from tallystick.model.side import SIDES, Side
from tallystick.model.value import Value
from tallystick.ports.store import Commit
from tallystick.runs.workspace import Workspace

UNDONE: Final = "undone"
WAITS: Final = "waits for a person"


def unsettle(workspace: Workspace, flow: Flow, review: Review, ids: Mapping[Side, Sequence[str]]) -> list[Link]:
    """Takes out of the state what the answer had settled, its writes being undone; the caller holds the scope.

    `ids`: every record the question is about. Gives the links that were given up, for `put_back`.
    """
    if review.decision is None or review.decision.take is Take.IGNORE:
        return []  # it settled nothing
    if review.kind in (ReviewKind.CONFLICT, ReviewKind.LOSSY_EDIT):
        _restore_base(workspace, flow, review)
        return []
    if review.kind in (ReviewKind.POSSIBLE, ReviewKind.DISPUTED):
        return _give_up_links(workspace, flow, ids)
    return []


def put_back(workspace: Workspace, flow: Flow, links: Sequence[Link]) -> None:
    """Nothing is asked after all: the links rest again, so that nothing is made twice."""
    if not links:
        return
    forget = tuple((side, end.id) for link in links for side in SIDES if (end := link.end(side)) is not None)
    fresh = [replace(link, number=0) for link in links]
    workspace.store.commit(workspace.scope(flow), Commit(operations=(), links=fresh, parked=Parked(forget=forget)))


def _restore_base(workspace: Workspace, flow: Flow, review: Review) -> None:
    """The fields in question are measured against what both sides said before, so that both have changed again."""
    store, scope = workspace.store, workspace.scope(flow)
    link = next(
        (
            one
            for one in store.links_of(scope, Side.LEFT, [review.left_id] if review.left_id else [])
            if one.state is LinkState.ACTIVE and one.right is not None and one.right.id == review.right_id
        ),
        None,
    )
    if link is None:
        return
    lines = {line.name: line for line in workspace.flow_sync(flow, run="").context.translator.lines}
    bases: dict[Side, dict[str, Value]] = {side: {} for side in SIDES}
    for name, shown in review.fields.items():
        line = lines.get(name)
        for side, values in (_agreed(line, shown) if line is not None else {}).items():
            bases[side] |= values
    if not any(bases.values()):
        return
    link = link.unsettled()
    for side in SIDES:
        end = link.end(side)
        if end is not None:
            link = link.with_end(side, replace(end, base={**end.base, **bases[side]}))
    store.commit(scope, Commit(operations=(), links=[link]))


def _agreed(line: Line, shown: Mapping[str, Value]) -> dict[Side, dict[str, Value]]:
    """What both sides said of this field map before, by the base that was shown.

    Nothing where that is not certain: several fields joined, or a value that one of the sides says now, which would
    be overruled instead of asked about.
    """
    told = Side.LEFT if line.fields(Side.LEFT) else Side.RIGHT
    if len(line.fields(told)) != 1:
        return {}
    mine: dict[str, Value] = {line.fields(told)[0]: shown.get("base")}
    translated = line.towards(told.other, mine)
    theirs = {name: value for name, value in translated.values.items() if value is None or isinstance(value, str)}
    if translated.trouble is not None or theirs.keys() != set(line.fields(told.other)):
        return {}
    if shown.get("base") == shown.get(told.value) or shown.get(told.other.value) in theirs.values():
        return {}
    return {told: mine, told.other: theirs}


def _give_up_links(workspace: Workspace, flow: Flow, ids: Mapping[Side, Sequence[str]]) -> list[Link]:
    """The links that the answer made and the undo laid to rest; their records are not linked, and asked about."""
    store, scope = workspace.store, workspace.scope(flow)
    found = {
        link.number: link
        for side in SIDES
        for link in store.links_of(scope, side, list(ids[side]))
        if link.state is LinkState.DORMANT and link.cause == UNDONE
    }
    if not found:
        return []
    parked = {
        (side, end.id): Unlinked(
            side=side, id=end.id, fingerprint=UNSETTLED, values=end.base, standing=Standing.ASKED, reason=WAITS
        )
        for link in found.values()
        for side in SIDES
        if (end := link.end(side)) is not None and end.id in ids[side]
    }
    kept = Parked(keep=tuple(parked.values()))
    store.commit(scope, Commit(operations=(), removed_links=sorted(found), parked=kept))
    return list(found.values())
