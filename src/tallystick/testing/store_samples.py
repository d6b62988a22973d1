"""Scopes, links, operations and reviews that the contract suite for stores uses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa
from msgspec.structs import replace

from tallystick.model.flow import Scope
from tallystick.model.link import Link, LinkEnd, LinkState, Standing, Unlinked
from tallystick.model.plan import (
    Decision,
    Operation,
    Review,
    ReviewKind,
    Run,
    RunKind,
    RunStatus,
    Take,
)
from tallystick.model.side import Side
from tallystick.model.write import Action
from tallystick.ports.store import LINK_MARKS, Commit, Store

SCOPE = Scope(integration="crm-assets", flow="assets")
OTHER = Scope(integration="crm-assets", flow="assets", instance="ann@example.org")
RUN = "0192" + "0" * 28
MANY = 33_000  # more than one statement takes as parameters, more than one page of anything holds
STRANGE_IDS = (
    "",
    " ",
    "a",
    "A",
    "a ",
    "é",  # one character
    "e\u0301",  # the same to the eye, two characters
    "ß",
    "\u0130",
    "日本",
    "👩‍🔧🗜️",
    "'; DROP TABLE x; --",
    '{"a": "\\"}',
    "%s?",
    "\t\n\r\x1f\x1e\x01",
    "\ufeff\u202e\uffff",
    "".join(chr(0x1F300 + (number * 97) % 700) for number in range(1000)),
    "x" * 1000,
)


def end(id_: str, *, fingerprint: int = 1, version: str | None = None, **base: str | None) -> LinkEnd:
    return LinkEnd(id=id_, fingerprint=fingerprint, base=base, version=version)


def link(left: str | None, right: str | None, *, number: int = 0, state: LinkState = LinkState.ACTIVE) -> Link:
    return Link(
        number=number,
        left=end(left, name="n", room=None) if left is not None else None,
        right=end(right, fingerprint=2, name="N") if right is not None else None,
        state=state,
        cause="" if state is LinkState.ACTIVE else "undone",
    )


def operation(seq: int, *, run: str = RUN, flow: str = "assets", left: str | None = None) -> Operation:
    return Operation(
        run=run,
        seq=seq,
        flow=flow,
        action=Action.CREATE,
        side=Side.RIGHT,
        left_id=left if left is not None else f"L{seq}",
        right_id=None,
        after={"name": f"n{seq}", "empty": "", "null": None},
    )


def parked(side: Side, id_: str, **changes: Any) -> Unlinked:
    record = Unlinked(side=side, id=id_, fingerprint=7, values={"a": None, "b": ""}, standing=Standing.ASKED)
    return replace(record, **changes)


def review(left: str | None = "L1", right: str | None = "R1", **changes: Any) -> Review:
    return replace(
        Review(
            flow="assets",
            kind=ReviewKind.CONFLICT,
            left_id=left,
            right_id=right,
            topic="phone",
            fields={"phone": {"base": "1", "left": "2", "right": None}},
            evidence={"score": 0.75, "candidates": ["R1", "R2"], "deep": {"a": [1, True, None]}},
            fingerprint="f1",
            run=RUN,
            since="2026-11-22T09:30:00Z",
        ),
        **changes,
    )


def run(id_: str = RUN, **changes: Any) -> Run:
    return replace(
        Run(
            id=id_,
            kind=RunKind.SYNC,
            integration="crm-assets",
            file="/etc/assets.yaml",
            document="integration: crm-assets\n",
            fingerprint="abc",
            status=RunStatus.PLANNING,
            by="ann",
            started_at="2026-11-22T09:30:00Z",
        ),
        **changes,
    )


ANN = Decision(
    take=Take.LEFT,
    fields={"phone": Take.RIGHT},
    partner="R1",
    by="ann",
    at="2026-11-22T10:00:00Z",
    note="said so — 🙂",
    run="the answer's",
)


def keep(store: Store, *links: Link, scope: Scope = SCOPE) -> list[Link]:
    """The links as stored, in the order given."""
    store.commit(scope, Commit(operations=(), links=links))
    return list(store.all_links(scope))[-len(links) :]


def ids(links: Sequence[Link]) -> list[tuple[str | None, str | None]]:
    return [(one.left.id if one.left else None, one.right.id if one.right else None) for one in links]


def marks(store: Store, scope: Scope = SCOPE) -> list[dict[str, object]]:
    batches = list(store.link_marks(scope))
    assert all(batch.schema.equals(LINK_MARKS) for batch in batches)
    rows: list[dict[str, object]] = pa.Table.from_batches(batches, LINK_MARKS).to_pylist()
    return rows
