"""The laws of undo, over random lives of two systems. Rows E17, E33; scenario S25.

Users of both systems create, edit, delete and restore; the hub runs, and now and then a run is taken back at once:

- both sides hold again what they held before it, and nothing is left out;
- killed while it takes back, the hub goes on with that, or had not begun;
- what was taken back stays so: the next runs write nothing;
- what users edit afterwards flows.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tallystick.connectors.memory import Changes, IdsFrom, Versions
from tallystick.model.link import LinkState
from tallystick.model.side import SIDES, Side
from tallystick.model.value import Value
from tallystick.runs.report import Report
from tests.property.lives import both, case
from tests.two_systems import FIELDS, RECORD, TwoSystems, flow, killed, now, person

EDITED = tuple(name for name in FIELDS if name != "tag")
TEXTS: st.SearchStrategy[Value] = st.sampled_from(["a", "b", "c", "", None])
EDITS: st.SearchStrategy[dict[str, Value]] = st.dictionaries(st.sampled_from(EDITED), TEXTS, min_size=1)


class Regrets(RuleBasedStateMachine):
    """Random lives in which runs are taken back."""

    two: TwoSystems

    def __init__(self) -> None:
        super().__init__()
        self.tags = 0

    @initialize(
        how=st.sampled_from(["ask", "left", "right", "newest", "add_both", "ignore"]),
        granularity=st.sampled_from(["field", "record"]),
        edit_vs_delete=st.sampled_from(["edit", "delete", "ask"]),
        is_matching=st.booleans(),
        ids=both(st.sampled_from(IdsFrom)),
        versions=both(st.sampled_from([Versions.COUNTER, Versions.NONE])),
        changes=both(st.sampled_from([Changes.SEQUENCE, Changes.NONE])),
        causes=both(st.booleans()),
        max_writes=st.sampled_from([500, 1]),
    )
    def begin(self, how: str, granularity: str, edit_vs_delete: str, is_matching: bool, **can: Any) -> None:
        self.ids: Mapping[Side, IdsFrom] = can["ids"]
        more = [f"conflict: {{rule: {how}, granularity: {granularity}}}", f"'on': {{edit_vs_delete: {edit_vs_delete}}}"]
        if is_matching and how != "add_both":  # two versions of one record cannot share the tag that tells it
            more.append("match: {definite: [[tag]]}")
        types = {
            side: person(
                ids=can["ids"][side],
                versions=can["versions"][side],
                changes=can["changes"][side],
                causes=can["causes"][side],
                max_writes=can["max_writes"],
            )
            for side in SIDES
        }
        self.two = TwoSystems(flow(*more, guards="{delete: none}"), left=[types[Side.LEFT]], right=[types[Side.RIGHT]])

    def teardown(self) -> None:
        if hasattr(self, "two"):
            try:
                self.regret(is_full=True, dies_at=None)
            finally:
                self.two.close()

    # --- users

    def some(self, side: Side, number: int) -> str | None:
        ids = sorted(self.two.table(side).records())
        return ids[number % len(ids)] if ids else None

    @rule(
        side=st.sampled_from(SIDES), values=st.fixed_dictionaries(dict.fromkeys(EDITED, TEXTS)), is_twice=st.booleans()
    )
    def create(self, side: Side, values: dict[str, Value], is_twice: bool) -> None:
        """A record, or one on each side that are the same."""
        self.tags += 1
        tag = f"t{self.tags}"
        for one in SIDES if is_twice else (side,):
            self.two.table(one).put({**values, "tag": tag}, id=tag if self.ids[one] is IdsFrom.WRITER else None)

    @rule(side=st.sampled_from(SIDES), number=st.integers(0, 3), values=EDITS)
    def edit(self, side: Side, number: int, values: dict[str, Value]) -> None:
        if (id_ := self.some(side, number)) is not None:
            self.two.clocks[side].move(1_000)
            self.two.table(side).edit(id_, values)

    @rule(number=st.integers(0, 3), left=EDITS, right=EDITS)
    def edit_both(self, number: int, left: dict[str, Value], right: dict[str, Value]) -> None:
        links = [link for link in self.two.links() if link.state is LinkState.ACTIVE]
        if links:
            link = links[number % len(links)]
            for side, values in ((Side.LEFT, left), (Side.RIGHT, right)):
                end = link.end(side)
                if end is not None and self.two.table(side).get(end.id) is not None:
                    self.two.table(side).edit(end.id, values)

    @rule(side=st.sampled_from(SIDES), number=st.integers(0, 3))
    def delete(self, side: Side, number: int) -> None:
        if (id_ := self.some(side, number)) is not None:
            self.two.table(side).delete(id_)

    @rule(side=st.sampled_from(SIDES), number=st.integers(0, 3))
    def restore(self, side: Side, number: int) -> None:
        with self.two.worlds[side].reading() as state:
            rows = {id_: (row.gone, row.values["tag"]) for id_, row in state.tables[RECORD].rows.items()}
        living = {tag for gone, tag in rows.values() if gone is None}
        gone = [id_ for id_, (why, tag) in sorted(rows.items()) if why is not None and tag not in living]
        gone = [id_ for id_ in gone if self.two.memory.links_of(self.two.scope(), side, [id_])]
        if gone:
            self.two.table(side).restore(gone[number % len(gone)])

    # --- the hub

    @rule(is_full=st.booleans())
    def sync(self, is_full: bool) -> None:
        assert self.two.run(is_full=is_full, approval=True).errors == {}

    @rule(is_full=st.booleans(), dies_at=st.one_of(st.none(), st.integers(1, 40)))
    def regret(self, is_full: bool, dies_at: int | None) -> None:
        """A run, taken back at once."""
        before = now(self.two)
        run = self.two.run(is_full=is_full, approval=True).run
        after = now(self.two)
        if dies_at is not None and killed(self.two, dies_at, lambda: self.undo(run)):
            self.two.run(is_full=is_full, approval=True)
            assert now(self.two) in (before, after), "taken back in part"
        if dies_at is None or now(self.two) != before:
            assert self.undo(run).extra["left"] == []
        assert now(self.two) == before
        self.undo(run)
        assert now(self.two) == before, "taken back twice is more than once"
        for is_all in (False, True):
            self.two.run(is_full=is_all, approval=True)
            assert now(self.two) == before, f"what was taken back is done again by a run with is_full={is_all}"

    def undo(self, run: str) -> Report:
        earlier = self.two.store.run(run)
        assert earlier is not None
        with self.two.workspace() as workspace:
            return workspace.undo(earlier, approval=True)

    @invariant()
    def one_link_per_id(self) -> None:
        for side in SIDES if hasattr(self, "two") else ():
            ids = Counter(end.id for link in self.two.links() if (end := link.end(side)) is not None)
            assert all(count == 1 for count in ids.values())


class Long(Regrets):
    """The same, for `make test-slow`."""


class Soak(Regrets):
    """The same, for `make soak`."""


TestUndo = case(Regrets, settings().max_examples)
TestUndoLong = pytest.mark.slow(pytest.mark.timeout(900)(case(Long, 300)))
TestUndoSoak = pytest.mark.soak(case(Soak, int(os.environ.get("SOAK_LIVES", "20000")), is_random=True))
