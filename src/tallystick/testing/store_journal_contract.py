"""What a store promises of runs and of the journal."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from tallystick.errors import TallystickError
from tallystick.model.flow import Scope
from tallystick.model.link import MatchKey, Standing
from tallystick.model.plan import (
    FlowRun,
    Operation,
    OperationState,
    Parked,
    RunStatus,
)
from tallystick.model.side import Side
from tallystick.model.value import Reference
from tallystick.model.write import Action
from tallystick.ports.store import Commit, Store
from tallystick.testing.store_samples import (
    OTHER,
    RUN,
    SCOPE,
    ids,
    link,
    operation,
    parked,
    run,
)


class JournalPromises:
    def test_run_comes_back_and_is_replaced(self, store: Store) -> None:
        store.start(run())
        assert store.run(RUN) == run()
        done = run(status=RunStatus.DONE, finished_at="2026-11-22T09:31:00Z", result={"flows": {"a": [1]}}, of="p")
        store.save_run(done)
        assert store.run(RUN) == done
        assert store.run("unknown") is None

    def test_runs_are_newest_first(self, store: Store) -> None:
        for number in range(5):
            store.start(run(str(number), integration="a" if number % 2 else "b"))
        store.save_run(run("0", integration="b", status=RunStatus.DONE))
        assert [one.id for one in store.runs()] == ["4", "3", "2", "1", "0"]
        assert [one.id for one in store.runs("b")] == ["4", "2", "0"]
        assert [one.id for one in store.runs("b", limit=1)] == ["4"]
        assert store.runs("none") == []

    def test_runs_of_a_plan_or_of_a_run_are_told(self, store: Store) -> None:
        for number, of in enumerate(("", "plan", "plan", "0")):
            store.start(run(str(number), integration="a" if number % 2 else "b", of=of))
        assert [one.id for one in store.runs(of="plan")] == ["2", "1"]
        assert [one.id for one in store.runs("a", of="plan")] == ["1"]
        assert [one.id for one in store.runs(of="0", limit=1)] == ["3"]
        assert store.runs(of="none") == []

    def test_runs_of_a_status_are_told(self, store: Store) -> None:
        for number, status in enumerate([RunStatus.APPLYING, RunStatus.DONE, RunStatus.APPLYING]):
            store.start(run(f"{number}", status=status))
        store.start(run("other", status=RunStatus.APPLYING, integration="other"))
        assert [one.id for one in store.runs(status=RunStatus.APPLYING)] == ["other", "2", "0"]
        assert [one.id for one in store.runs(run("0").integration, status=RunStatus.APPLYING)] == ["2", "0"]
        assert [one.id for one in store.runs(run("0").integration, 1, status=RunStatus.DONE)] == ["1"]

    def test_runs_are_found_by_how_their_ids_begin(self, store: Store) -> None:
        for id_ in ("01ab", "01ac", "02ab", "0%ab"):
            store.start(run(id_))
        assert [one.id for one in store.runs(begins="01")] == ["01ac", "01ab"]
        assert [one.id for one in store.runs(begins="01ac")] == ["01ac"]
        assert [one.id for one in store.runs(begins="0%", limit=2)] == ["0%ab"]
        assert store.runs(begins="ab") == []

    def test_newest_run_of_each_integration_and_file_is_told_however_many_came_after(self, store: Store) -> None:
        places = [("a", "/a.yaml"), ("b", "/b.yaml"), ("b", "/other/b.yaml"), ("a", "/a.yaml"), ("b", "/b.yaml")]
        for number, (integration, file) in enumerate(places):
            store.start(run(str(number), integration=integration, file=file))
        assert [one.id for one in store.newest_runs()] == ["4", "3", "2"]

    def test_unfinished_is_the_newest_flow_run_at_work_E29(self, store: Store) -> None:
        def part(of: str, status: RunStatus, flow: str = "assets") -> FlowRun:
            return FlowRun(
                run=of,
                flow=flow,
                status=status,
                is_full=False,
                cursors={Side.LEFT: None, Side.RIGHT: "c"},
                counts={"read": {"left": 1}},
            )

        assert store.unfinished(SCOPE) is None
        store.save_flow_run(part("1", RunStatus.PLANNING), SCOPE)
        store.save_flow_run(part("2", RunStatus.APPLYING), SCOPE)
        store.save_flow_run(part("2", RunStatus.PLANNED, "makers"), replace(SCOPE, flow="makers"))
        store.save_flow_run(part("3", RunStatus.HELD), SCOPE)
        assert store.unfinished(SCOPE) == part("2", RunStatus.APPLYING)
        store.save_flow_run(part("2", RunStatus.DONE), SCOPE)
        assert store.unfinished(SCOPE) == part("1", RunStatus.PLANNING)
        assert store.unfinished(OTHER) is None
        assert store.flow_runs("2") == [part("2", RunStatus.DONE), part("2", RunStatus.PLANNED, "makers")]
        assert store.flow_runs("none") == []

    def test_operation_comes_back_as_it_was_planned_E24(self, store: Store) -> None:
        whole = Operation(
            run=RUN,
            seq=3,
            flow="assets",
            action=Action.UPDATE,
            side=Side.LEFT,
            left_id="L",
            right_id="R",
            link=12,
            before={"a": None, "b": ""},
            after={"a": "x", "maker": Reference(flow="makers", side=Side.RIGHT, id='m"1'), "c": '{"ref":["a"]}'},
            settles={Side.LEFT: {"a": "x"}, Side.RIGHT: {"A": None}},
            versions={Side.LEFT: "1", Side.RIGHT: None},
            reason="changed on the right",
            rules={"a": "newest"},
            evidence={"rule": ["serial"], "score": 1.0},
            keys=(MatchKey(side=Side.LEFT, key=2**62, id="L"), MatchKey(side=Side.RIGHT, key=0, id="R")),
            is_partial=True,
            state=OperationState.DONE,
            message="as is",
            attempts=2,
            at="2026-11-22T09:30:00Z",
        )
        store.add_operations(SCOPE, [whole, operation(1)])
        plain, stored = store.operations(RUN, "assets")
        assert replace(stored, number=0) == whole
        assert replace(plain, number=0) == operation(1)
        assert plain.number != stored.number
        assert plain.number > 0

    def test_operations_come_in_order_of_seq_and_in_pages(self, store: Store) -> None:
        store.add_operations(SCOPE, [operation(seq) for seq in (5, 1, 3)])
        store.add_operations(SCOPE, [operation(seq) for seq in (4, 2, 0)])
        store.add_operations(SCOPE, [operation(9, flow="makers"), operation(8, run="other")])
        assert [one.seq for one in store.operations(RUN, "assets")] == [0, 1, 2, 3, 4, 5]
        assert [one.seq for one in store.operations(RUN, "assets", after_seq=1, limit=2)] == [2, 3]
        store.mark_sent(store.operations(RUN, "assets", after_seq=2))
        assert [one.seq for one in store.operations(RUN, "assets", [OperationState.PLANNED])] == [0, 1, 2]
        both = [OperationState.SENT, OperationState.PLANNED]
        assert [one.seq for one in store.operations(RUN, "assets", both, after_seq=1, limit=3)] == [2, 3, 4]
        assert store.operations(RUN, "assets", [OperationState.DONE]) == []

    def test_operation_with_a_place_taken_keeps_none_of_its_batch(self, store: Store) -> None:
        store.add_operations(SCOPE, [operation(1)])
        with pytest.raises(TallystickError):
            store.add_operations(SCOPE, [operation(2), operation(1)])
        assert [one.seq for one in store.operations(RUN, "assets")] == [1]

    def test_mark_sent_keeps_the_intent_E27(self, store: Store) -> None:
        reference = Reference(flow="makers", side=Side.LEFT, id="m1")
        deleted = replace(operation(3), action=Action.DELETE, before={"a": "1"}, after={})
        store.add_operations(SCOPE, [operation(1), replace(operation(2), after={"maker": reference}), deleted])
        planned = store.operations(RUN, "assets")
        create, referring, delete = planned
        sent = [
            replace(create, right_id="R9", attempts=1, at="t1", after={"ignored": "x"}, message="second attempt"),
            replace(referring, after={"maker": "77"}, attempts=2, at="t1"),
            replace(delete, before={"a": "1", "b": "2"}, attempts=1, at="t2"),
        ]
        store.mark_sent(sent)
        assert store.operations(RUN, "assets", [OperationState.SENT]) == [
            replace(create, state=OperationState.SENT, right_id="R9", attempts=1, at="t1", message="second attempt"),
            replace(sent[1], state=OperationState.SENT),
            replace(sent[2], state=OperationState.SENT),
        ]

    def test_mark_sent_of_an_operation_that_is_not_there_keeps_nothing(self, store: Store) -> None:
        store.add_operations(SCOPE, [operation(1)])
        (one,) = store.operations(RUN, "assets")
        with pytest.raises(TallystickError):
            store.mark_sent([one, replace(one, number=one.number + 1000)])
        assert store.operations(RUN, "assets") == [one]

    def test_commit_keeps_outcome_link_keys_and_parked_together_E27(self, store: Store) -> None:
        store.park(SCOPE, Parked(keep=(parked(Side.LEFT, "L1"), parked(Side.LEFT, "L2"))))
        store.add_operations(SCOPE, [operation(seq) for seq in (1, 2, 3)])
        planned = store.operations(RUN, "assets")
        store.mark_sent(planned)
        done, refused, unknown = (
            replace(planned[0], state=OperationState.DONE, right_id="R1", link=4, attempts=1, at="t"),
            replace(planned[1], state=OperationState.REFUSED, message="too long", attempts=1, at="t"),
            replace(planned[2], state=OperationState.UNKNOWN, message="no answer", attempts=3, at="u"),
        )
        store.commit(
            SCOPE,
            Commit(
                operations=[done, refused, unknown],
                links=[link("L1", "R1")],
                keys=[MatchKey(side=Side.RIGHT, key=6, id="R1")],
                parked=Parked(keep=(parked(Side.LEFT, "L2", standing=Standing.REJECTED),), forget=((Side.LEFT, "L1"),)),
            ),
        )
        assert store.operations(RUN, "assets") == [done, refused, unknown]
        assert ids(list(store.all_links(SCOPE))) == [("L1", "R1")]
        assert store.matching(SCOPE, Side.RIGHT, [6]) == [MatchKey(side=Side.RIGHT, key=6, id="R1")]
        assert list(store.unlinked(SCOPE, Side.LEFT)) == [parked(Side.LEFT, "L2", standing=Standing.REJECTED)]

    def test_drop_planned_and_discard_touch_only_the_planned(self, store: Store) -> None:
        store.add_operations(SCOPE, [operation(seq) for seq in (1, 2, 3)])
        store.add_operations(SCOPE, [operation(1, run="other"), operation(2, run="other")])
        store.mark_sent(store.operations(RUN, "assets", limit=1))
        store.mark_sent(store.operations("other", "assets", limit=1))
        assert store.drop_planned(RUN, "assets") == 2
        assert store.drop_planned(RUN, "assets") == 0
        states = [one.state for one in store.operations(RUN, "assets")]
        assert states == [OperationState.SENT, OperationState.DROPPED, OperationState.DROPPED]
        store.discard(RUN, "assets")
        assert len(store.operations(RUN, "assets")) == 3
        store.discard("other", "assets")
        assert [one.seq for one in store.operations("other", "assets")] == [1]
        store.add_operations(SCOPE, [operation(2, run="other")])
        assert [one.seq for one in store.operations("other", "assets")] == [1, 2]

    def test_journal_is_newest_first_and_only_what_was_sent_or_done(self, store: Store) -> None:
        store.add_operations(SCOPE, [replace(operation(seq), right_id=f"R{seq}") for seq in (1, 2, 3, 4)])
        store.add_operations(OTHER, [replace(operation(1, run="other"), right_id="L2")])
        store.mark_sent(store.operations(RUN, "assets", limit=3))
        store.mark_sent(store.operations("other", "assets"))
        store.drop_planned(RUN, "assets")

        def found(**question: Any) -> list[tuple[str, int]]:
            return [(one.run, one.seq) for one in store.journal(**question)]

        assert found() == [("other", 1), (RUN, 3), (RUN, 2), (RUN, 1)]
        assert found(limit=2) == [("other", 1), (RUN, 3)]
        assert found(scope=SCOPE) == [(RUN, 3), (RUN, 2), (RUN, 1)]
        assert found(run="other") == [("other", 1)]
        assert found(id="L2") == [("other", 1), (RUN, 2)]
        assert found(scope=SCOPE, side=Side.LEFT, id="L2") == [(RUN, 2)]
        assert found(side=Side.RIGHT, id="L2", run="other") == [("other", 1)]
        assert found(scope=Scope(integration="none", flow="none")) == []
