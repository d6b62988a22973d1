"""The laws of undo where records refer to each other. Rows E26, E29, E33; scenario S25.

Lives as in `test_laws_of_references`, without faults; now and then runs are taken back at once:

- both sides hold again what they held before, and refer to the same records, whatever ids these have now;
- killed while it takes back, the hub goes on with that, or had not begun;
- what was taken back stays so.
"""

from __future__ import annotations

import os

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import rule

from tallystick.model.side import SIDES, Side
from tallystick.model.value import Value
from tallystick.runs.report import Report
from tests.property.lives import case
from tests.property.test_laws_of_references import RECORDS, REFERS, Webs
from tests.two_systems import killed

Held = dict[tuple[Side, str], list[tuple[Value, ...]]]


class Regrets(Webs):
    """Random lives of records that refer to each other, in which runs are taken back."""

    sync_killed = None  # type: ignore[assignment]
    sync_badly_written = None  # type: ignore[assignment]
    sync_unanswered = None  # type: ignore[assignment]
    plan_and_apply = None  # type: ignore[assignment]

    @rule(is_full=st.booleans(), dies_at=st.one_of(st.none(), st.integers(1, 60)))
    def regret(self, is_full: bool, dies_at: int | None) -> None:
        """Runs until nothing is left to do, taken back at once, the last one first."""
        states = [self.held()]
        runs: list[str] = []
        while len(runs) < 2 or states[-1] != states[-2]:
            runs.append(self.two.run(is_full=is_full, approval=True).run)
            states.append(self.held())
            assert len(runs) < 8
        for number, run in reversed(list(enumerate(runs))):
            before, after = states[number : number + 2]
            if dies_at is not None and killed(self.two, dies_at, lambda run=run: self.undo(run)):
                self.settle()
                assert self.held() in (before, after), "taken back in part"
            if dies_at is None or self.held() != before:
                report = self.undo(run)
                assert report.errors == {}
                assert report.extra["left"] == []
            assert self.held() == before
            self.undo(run)
            assert self.held() == before, "taken back twice is more than once"
        for is_all in (False, True):
            self.two.run(is_full=is_all, approval=True)
            assert self.held() == before, f"what was taken back is done again by a run with is_full={is_all}"

    def undo(self, run: str) -> Report:
        earlier = self.two.store.run(run)
        assert earlier is not None
        with self.two.workspace() as workspace:
            return workspace.undo(earlier, approval=True)

    def settle(self) -> None:
        """What the next run begins with; it goes on with circles over two flows as well."""
        with self.two.workspace() as workspace:
            for one in workspace.chosen(()):
                with workspace.store.exclusive(workspace.scope(one)):
                    workspace.settle(one)

    def held(self) -> Held:
        """What both sides hold: records by their tags, references by the tags of what they name."""
        found: Held = {}
        for side in SIDES:
            records = {name: self.two.table(side, record).records() for name, record in RECORDS.items()}
            for name, refers in REFERS.items():
                found[side, name] = sorted(
                    (one["tag"], *(self.tag(records[to], one[field]) for field, to in refers.items()))
                    for one in records[name].values()
                )
        return found

    @staticmethod
    def tag(records: dict[str, dict[str, Value]], id_: Value) -> str:
        if id_ is None:
            return ""
        return f"the one with {records[id_]['tag']}" if id_ in records else id_

    def end(self) -> None:
        self.regret(is_full=True, dies_at=None)


class Long(Regrets):
    """The same, for `make test-slow`."""


class Soak(Regrets):
    """The same, for `make soak`."""


TestUndoneReferences = case(Regrets, settings().max_examples)
TestUndoneReferencesLong = pytest.mark.slow(pytest.mark.timeout(900)(case(Long, 300)))
TestUndoneReferencesSoak = pytest.mark.soak(case(Soak, int(os.environ.get("SOAK_LIVES", "20000")), is_random=True))
