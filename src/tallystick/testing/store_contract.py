"""What every store promises, as tests: inherit `StoreContract` and give it a fixture `store`.

    class TestMine(StoreContract):
        @pytest.fixture
        def store(self) -> Iterator[Store]: ...

Each test starts with an empty store. Source: the docstrings of `tallystick.ports.store`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pyarrow as pa
import pytest

from tallystick.errors import AlreadyDecided, ConfigurationError, ScopeBusy, StaleDecision, TallystickError
from tallystick.model.flow import Scope
from tallystick.model.link import Link, LinkEnd, LinkState, MatchKey, Standing, Unlinked
from tallystick.model.plan import (
    Decision,
    FlowRun,
    Operation,
    OperationState,
    Parked,
    Review,
    ReviewKind,
    ReviewStatus,
    Run,
    RunKind,
    RunStatus,
    ScopeState,
    Take,
)
from tallystick.model.side import SIDES, Side
from tallystick.model.value import Reference
from tallystick.model.write import Action
from tallystick.ports.store import LINK_MARKS, UNLINKED_MARKS, Commit, LinkTaken, Store

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


class StoreContract:
    """Inherited by one test class for each store."""

    @pytest.fixture
    def store(self) -> Store:
        raise NotImplementedError("give the suite a fixture `store` with an empty store")

    # --- scopes

    def test_scope_never_saved_is_empty(self, store: Store) -> None:
        assert store.scope(SCOPE) == ScopeState()

    def test_scope_saved_comes_back_and_counts_its_links(self, store: Store) -> None:
        state = ScopeState(
            cursors={Side.LEFT: "c1", Side.RIGHT: None},
            maps={"name": "f1", "phone": "f2"},
            last_full_at="2026-11-22T09:30:00Z",
            linked=99,
        )
        store.save_scope(SCOPE, state)
        assert store.scope(SCOPE) == replace(state, linked=0)
        store.save_scope(SCOPE, replace(state, cursors={}, maps={}))
        assert store.scope(SCOPE) == replace(state, cursors={}, maps={}, linked=0)
        assert store.scope(OTHER) == ScopeState()

    def test_scope_linked_counts_active_links_through_all_changes(self, store: Store) -> None:
        a, b, c = keep(store, link("a", "1"), link("b", "2"), link("c", None, state=LinkState.DORMANT))
        assert store.scope(SCOPE).linked == 2
        keep(store, replace(a, state=LinkState.DORMANT), replace(b, turns=3))
        assert store.scope(SCOPE).linked == 1
        keep(store, replace(a, state=LinkState.ACTIVE), replace(c, state=LinkState.ACTIVE), link("d", "4"))
        assert store.scope(SCOPE).linked == 4
        store.commit(SCOPE, Commit(operations=(), removed_links=[a.number, c.number, 12345]))
        assert store.scope(SCOPE).linked == 2
        store.replace_links(SCOPE, [link("x", "y"), link("z", None, state=LinkState.DORMANT)])
        assert store.scope(SCOPE).linked == 1

    def test_exclusive_held_by_another_thread_raises_scope_busy_E32(self, store: Store) -> None:
        def try_it(scope: Scope) -> str:
            try:
                with store.exclusive(scope):
                    return "held"
            except ScopeBusy as error:
                return str(error)

        with ThreadPoolExecutor(1) as pool:
            with store.exclusive(SCOPE):
                assert "assets" in pool.submit(try_it, SCOPE).result()
                assert pool.submit(try_it, OTHER).result() == "held"
                with pytest.raises(ScopeBusy), store.exclusive(SCOPE):
                    raise AssertionError
            assert pool.submit(try_it, SCOPE).result() == "held"

    def test_exclusive_is_freed_when_the_run_fails(self, store: Store) -> None:
        with pytest.raises(ZeroDivisionError), store.exclusive(SCOPE):
            raise ZeroDivisionError
        with store.exclusive(SCOPE):
            assert store.scope(SCOPE) == ScopeState()

    # --- links

    def test_link_comes_back_as_it_was_kept(self, store: Store) -> None:
        whole = Link(
            number=0,
            left=end("L", fingerprint=2**63 - 1, version='W/"1"', name="Ünï — 🙂", empty="", null=None),
            right=end("R", fingerprint=-1),
            evidence={"rule": ["serial"], "score": 0.5, "deep": {"a": [1, None]}},
            turns=2,
            last_side=Side.RIGHT,
        )
        dormant = Link(number=0, left=None, right=end("R2", x="1"), state=LinkState.DORMANT, cause="deleted")
        kept = keep(store, whole, dormant)
        assert [replace(one, number=0) for one in kept] == [whole, dormant]
        assert 0 < kept[0].number < kept[1].number
        assert store.links(SCOPE, [kept[1].number, kept[0].number, kept[0].number, 12345]) == kept
        assert store.links(OTHER, [kept[0].number]) == []

    def test_link_replaced_keeps_its_number(self, store: Store) -> None:
        (first,) = keep(store, link("a", "1"))
        changed = replace(
            first,
            left=end("a", fingerprint=5, version="2", name="new"),
            right=None,
            state=LinkState.DORMANT,
            cause="deleted",
            evidence={"why": "x"},
            turns=1,
            last_side=Side.LEFT,
        )
        store.commit(SCOPE, Commit(operations=(), links=[changed]))
        assert list(store.all_links(SCOPE)) == [changed]
        assert store.links_of(SCOPE, Side.RIGHT, ["1"]) == []

    def test_link_replaced_that_is_not_there_keeps_nothing(self, store: Store) -> None:
        with pytest.raises(TallystickError):
            store.commit(SCOPE, Commit(operations=(), links=[link("a", "1"), link("b", "2", number=77)]))
        assert list(store.all_links(SCOPE)) == []

    def test_link_taken_on_either_side_keeps_nothing_E16(self, store: Store) -> None:
        store.add_operations(SCOPE, [operation(1)])
        (sent,) = store.operations(RUN, "assets")
        keep(store, link("a", "1"), link("b", "2", state=LinkState.DORMANT))
        for links, side, id_ in (
            ([link("new", "n"), link("a", "3")], Side.LEFT, "a"),
            ([link("c", "1")], Side.RIGHT, "1"),
            ([link("b", "3")], Side.LEFT, "b"),
            ([link("c", "2")], Side.RIGHT, "2"),
            ([link("d", "4"), link("d", "5")], Side.LEFT, "d"),
            ([link("d", "4"), link("e", "4")], Side.RIGHT, "4"),
        ):
            with pytest.raises(LinkTaken) as raised:
                store.commit(
                    SCOPE,
                    Commit(
                        operations=[replace(sent, state=OperationState.DONE)],
                        links=links,
                        keys=[MatchKey(side=Side.LEFT, key=1, id="c")],
                        parked=Parked(keep=(parked(Side.LEFT, "c"),)),
                    ),
                )
            assert (raised.value.side, raised.value.id) == (side, id_)
        assert ids(list(store.all_links(SCOPE))) == [("a", "1"), ("b", "2")]
        assert store.operations(RUN, "assets") == [sent]
        assert store.matching(SCOPE, Side.LEFT, [1]) == []
        assert list(store.unlinked(SCOPE, Side.LEFT)) == []
        assert store.scope(SCOPE).linked == 1
        assert ids(keep(store, link("c", "3"))) == [("c", "3")]

    def test_link_taken_by_moving_an_end_names_it_E16(self, store: Store) -> None:
        a, b = keep(store, link("a", "1"), link("b", "2"))
        with pytest.raises(LinkTaken) as raised:
            keep(store, replace(a, turns=1), replace(b, right=end("1")))
        assert (raised.value.side, raised.value.id) == (Side.RIGHT, "1")
        assert list(store.all_links(SCOPE)) == [a, b]

    def test_links_may_swap_and_hand_on_their_ids_in_one_commit(self, store: Store) -> None:
        a, b, c = keep(store, link("a", "1"), link("b", "2"), link("c", "3"))
        store.commit(
            SCOPE,
            Commit(
                operations=(),
                links=[replace(a, left=end("b")), replace(b, left=end("a"), right=end("3")), link("c", "2")],
                removed_links=[c.number],
            ),
        )
        assert ids(list(store.all_links(SCOPE))) == [("b", "1"), ("a", "3"), ("c", "2")]

    def test_links_of_other_scopes_are_apart(self, store: Store) -> None:
        keep(store, link("a", "1"))
        keep(store, link("a", "1"), scope=OTHER)
        assert len(store.links_of(SCOPE, Side.LEFT, ["a"])) == 1
        assert ids(list(store.all_links(OTHER))) == [("a", "1")]

    def test_links_without_an_end_do_not_collide(self, store: Store) -> None:
        keep(store, *(link(None, str(number), state=LinkState.DORMANT) for number in range(3)))
        assert len(marks(store)) == 3

    def test_links_taken_by_two_threads_at_once_are_one_link_E16(self, store: Store) -> None:
        store.save_scope(SCOPE, ScopeState())
        start = threading.Barrier(2)

        def commit(right: str) -> bool:
            start.wait()
            try:
                store.commit(SCOPE, Commit(operations=(), links=[link("a", right), link(f"x{right}", f"y{right}")]))
            except LinkTaken as taken:
                return (taken.side, taken.id) != (Side.LEFT, "a")
            return True

        with ThreadPoolExecutor(2) as pool:
            for _ in range(5):
                assert sorted(pool.map(commit, ["1", "2"])) == [False, True]
                assert len(list(store.all_links(SCOPE))) == 2
                store.replace_links(SCOPE, [])

    def test_link_marks_have_the_schema_and_every_link(self, store: Store) -> None:
        assert list(store.link_marks(SCOPE)) == []
        kept = keep(store, link("a", "1"), link(None, "2", state=LinkState.DORMANT), link("c", None))
        assert marks(store) == [
            {
                "number": one.number,
                "left_id": one.left.id if one.left else None,
                "right_id": one.right.id if one.right else None,
                "left_fingerprint": 1 if one.left else None,
                "right_fingerprint": 2 if one.right else None,
                "is_active": one.state is LinkState.ACTIVE,
            }
            for one in kept
        ]

    def test_strange_ids_stay_apart_and_are_found(self, store: Store) -> None:
        store.commit(SCOPE, Commit(operations=(), links=[link(id_, id_) for id_ in STRANGE_IDS]))
        assert [row["left_id"] for row in marks(store)] == list(STRANGE_IDS)
        for side in SIDES:
            assert ids(store.links_of(SCOPE, side, STRANGE_IDS)) == [(id_, id_) for id_ in STRANGE_IDS]
            for id_ in STRANGE_IDS:
                assert ids(store.links_of(SCOPE, side, [id_])) == [(id_, id_)]
        with pytest.raises(LinkTaken):
            keep(store, link(STRANGE_IDS[-2], "fresh"))
        records = tuple(parked(Side.LEFT, id_, values={"v": id_}, version=id_) for id_ in STRANGE_IDS)
        store.park(OTHER, Parked(keep=records))
        assert sorted(one.id for one in store.unlinked(OTHER, Side.LEFT)) == sorted(STRANGE_IDS)
        assert {one.id: one for one in store.unlinked(OTHER, Side.LEFT, STRANGE_IDS)} == {
            one.id: one for one in records
        }
        assert store.versions(OTHER, Side.LEFT) == {id_: id_ for id_ in STRANGE_IDS}
        keys = [MatchKey(side=Side.RIGHT, key=5, id=id_) for id_ in STRANGE_IDS]
        store.commit(SCOPE, Commit(operations=(), keys=keys))
        assert store.matching(SCOPE, Side.RIGHT, [5]) == sorted(keys, key=lambda key: key.id)
        store.add_operations(SCOPE, [operation(seq, left=id_) for seq, id_ in enumerate(STRANGE_IDS)])
        store.mark_sent(store.operations(RUN, "assets"))
        for seq, id_ in enumerate(STRANGE_IDS):
            assert [one.seq for one in store.journal(SCOPE, id=id_)] == [seq]
        store.raise_reviews(SCOPE, [review(id_, id_) for id_ in STRANGE_IDS])
        for id_ in STRANGE_IDS:
            assert [one.left_id for one in store.reviews_of(SCOPE, Side.RIGHT, [id_])] == [id_]

    def test_more_than_one_statement_holds(self, store: Store) -> None:
        """Rows over the limits of parameters and of one batch of marks."""
        names = [str(number) for number in range(MANY)]
        count = store.replace_links(SCOPE, (link(name, name) for name in names))
        assert count == store.scope(SCOPE).linked == MANY
        found = store.links_of(SCOPE, Side.RIGHT, [*names, "absent"])
        assert ids(found) == [(name, name) for name in names]
        assert len(store.links(SCOPE, [one.number for one in found])) == MANY
        assert [row["left_id"] for row in marks(store)] == names
        assert [one.number for one in store.all_links(SCOPE)] == [one.number for one in found]
        store.commit(SCOPE, Commit(operations=(), removed_links=[one.number for one in found[1:]]))
        assert store.scope(SCOPE).linked == 1

    def test_many_unlinked_keys_reviews_and_operations_hold(self, store: Store) -> None:
        names = [str(number) for number in range(MANY)]
        some = names[:6000]
        store.park(SCOPE, Parked(keep=tuple(parked(Side.LEFT, name) for name in some)))
        assert sum(batch.num_rows for batch in store.unlinked_marks(SCOPE)) == len(some)
        assert sorted(one.id for one in store.unlinked(SCOPE, Side.LEFT)) == sorted(some)
        assert len(list(store.unlinked(SCOPE, Side.LEFT, names))) == len(some)
        assert store.waiting_for(SCOPE, "assets", Side.LEFT, names) == []
        store.park(SCOPE, Parked(forget=tuple((Side.LEFT, name) for name in names)))
        assert list(store.unlinked_marks(SCOPE)) == []
        keys = [MatchKey(side=Side.LEFT, key=number, id=name) for number, name in enumerate(some)]
        store.commit(SCOPE, Commit(operations=(), keys=keys))
        assert store.matching(SCOPE, Side.LEFT, range(MANY)) == keys
        assert store.raise_reviews(SCOPE, [review(name) for name in some]) == len(some)
        assert len(store.reviews_of(SCOPE, Side.LEFT, names)) == len(some)
        store.add_operations(SCOPE, [operation(seq) for seq in range(len(some))])
        found = store.operations(RUN, "assets", limit=MANY)
        store.mark_sent(found)
        store.commit(SCOPE, Commit(operations=[replace(one, state=OperationState.DONE) for one in found]))
        assert len(store.operations(RUN, "assets", [OperationState.DONE], limit=MANY)) == len(some)

    def test_versions_are_those_of_active_links_and_unlinked_records(self, store: Store) -> None:
        store.park(
            SCOPE,
            Parked(
                keep=(parked(Side.LEFT, "u", version="9"), parked(Side.LEFT, "v"), parked(Side.RIGHT, "w", version="8"))
            ),
        )
        keep(
            store,
            Link(number=0, left=end("a", version="1"), right=end("1", version="x")),
            Link(number=0, left=end("b"), right=end("2")),
            Link(number=0, left=end("c", version="3"), right=None, state=LinkState.DORMANT),
        )
        assert store.versions(SCOPE, Side.LEFT) == {"a": "1", "u": "9"}
        assert store.versions(SCOPE, Side.RIGHT) == {"1": "x", "w": "8"}
        assert store.versions(OTHER, Side.LEFT) == {}

    def test_replace_links_drops_what_hung_on_the_old_ones_E34(self, store: Store) -> None:
        keep(store, link("old", "o"))
        keep(store, link("old", "o"), scope=OTHER)
        store.commit(
            SCOPE,
            Commit(
                operations=(),
                keys=[MatchKey(side=Side.LEFT, key=3, id="old")],
                parked=Parked(keep=(parked(Side.LEFT, "u"),)),
            ),
        )
        store.save_scope(SCOPE, ScopeState(cursors={Side.LEFT: "c"}, maps={"name": "f"}, last_full_at="2026-11-22"))
        assert store.replace_links(SCOPE, [link("old", "n"), link("new", "o", number=5)]) == 2
        assert ids(list(store.all_links(SCOPE))) == [("old", "n"), ("new", "o")]
        assert store.matching(SCOPE, Side.LEFT, [3]) == []
        assert list(store.unlinked(SCOPE, Side.LEFT)) == []
        assert store.scope(SCOPE) == ScopeState(maps={"name": "f"}, linked=2)
        assert ids(list(store.all_links(OTHER))) == [("old", "o")]

    def test_replace_links_with_an_id_twice_keeps_all_as_it_was_E34(self, store: Store) -> None:
        keep(store, link("old", "o"))
        many = [link(f"l{number}", f"r{number}") for number in range(6000)]
        with pytest.raises(LinkTaken) as raised:
            store.replace_links(SCOPE, [*many, link("fresh", "r7")])
        assert (raised.value.side, raised.value.id) == (Side.RIGHT, "r7")
        assert ids(list(store.all_links(SCOPE))) == [("old", "o")]
        assert store.scope(SCOPE).linked == 1

    def test_replace_links_that_fails_on_the_way_keeps_all_as_it_was_E34(self, store: Store) -> None:
        keep(store, link("old", "o"))

        def broken() -> Sequence[Link]:
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            store.replace_links(SCOPE, (one for part in ([link("a", "1")], broken) for one in _list(part)))
        assert ids(list(store.all_links(SCOPE))) == [("old", "o")]

    def test_all_links_may_be_changed_while_they_are_read(self, store: Store) -> None:
        keep(store, *(link(str(number), str(number)) for number in range(3000)))
        seen = 0
        for one in store.all_links(SCOPE):
            seen += 1
            if one.left is not None and one.left.id.endswith("00"):
                store.commit(SCOPE, Commit(operations=(), links=[replace(one, turns=1)]))
        assert seen == 3000
        assert sum(one.turns for one in store.all_links(SCOPE)) == 29

    # --- unlinked records and match keys

    def test_unlinked_kept_replaced_and_forgotten(self, store: Store) -> None:
        waiting = parked(
            Side.LEFT,
            "a",
            standing=Standing.WAITING,
            reason="waits for a manufacturer",
            waits_for=("makers", Side.RIGHT, "m1"),
            version="1",
        )
        store.park(SCOPE, Parked(keep=(waiting, parked(Side.RIGHT, "a"), parked(Side.LEFT, "b"))))
        assert list(store.unlinked(SCOPE, Side.LEFT, ["a", "absent"])) == [waiting]
        changed = parked(Side.LEFT, "a", fingerprint=8, values={"c": "2"}, standing=Standing.IGNORED)
        store.park(SCOPE, Parked(keep=(changed,), forget=((Side.LEFT, "b"), (Side.LEFT, "a"), (Side.LEFT, "gone"))))
        assert list(store.unlinked(SCOPE, Side.LEFT)) == [changed]
        assert list(store.unlinked(SCOPE, Side.RIGHT)) == [parked(Side.RIGHT, "a")]
        assert list(store.unlinked(SCOPE, Side.LEFT, [])) == []
        assert list(store.unlinked(OTHER, Side.LEFT)) == []

    def test_unlinked_marks_have_the_schema_and_both_sides(self, store: Store) -> None:
        assert list(store.unlinked_marks(SCOPE)) == []
        store.park(SCOPE, Parked(keep=(parked(Side.LEFT, "a"), parked(Side.RIGHT, "a", fingerprint=9))))
        batches = list(store.unlinked_marks(SCOPE))
        assert all(batch.schema.equals(UNLINKED_MARKS) for batch in batches)
        rows = pa.Table.from_batches(batches).to_pylist()
        assert sorted(tuple(row.values()) for row in rows) == [("left", "a", 7), ("right", "a", 9)]

    def test_waiting_for_finds_those_that_wait_for_exactly_that_record_E26(self, store: Store) -> None:
        def waits(id_: str, flow: str, side: Side, of: str, at: Side = Side.LEFT) -> Unlinked:
            return parked(at, id_, standing=Standing.WAITING, waits_for=(flow, side, of))

        a, b = waits("a", "makers", Side.LEFT, "m1"), waits("b", "makers", Side.LEFT, "m2", Side.RIGHT)
        others = (waits("c", "makers", Side.RIGHT, "m1"), waits("d", "rooms", Side.LEFT, "m1"), parked(Side.LEFT, "m1"))
        store.park(SCOPE, Parked(keep=(a, b, *others)))
        assert store.waiting_for(SCOPE, "makers", Side.LEFT, ["m1", "m2", "m3"]) == [a, b]
        assert store.waiting_for(SCOPE, "makers", Side.LEFT, []) == []
        assert store.waiting_for(OTHER, "makers", Side.LEFT, ["m1"]) == []

    def test_match_keys_are_replaced_for_the_records_named(self, store: Store) -> None:
        def key(side: Side, key: int, id_: str) -> MatchKey:
            return MatchKey(side=side, key=key, id=id_)

        top = 2**63 - 1
        first = [key(Side.LEFT, 1, "a"), key(Side.LEFT, top, "a"), key(Side.LEFT, 1, "b"), key(Side.RIGHT, 1, "a")]
        store.commit(SCOPE, Commit(operations=(), keys=[*first, first[0]]))
        assert store.matching(SCOPE, Side.LEFT, [1, top, 5]) == [first[0], first[2], first[1]]
        store.commit(SCOPE, Commit(operations=(), keys=[key(Side.LEFT, 2, "a")], keyless=[(Side.LEFT, "b")]))
        assert store.matching(SCOPE, Side.LEFT, [1, 2, top]) == [key(Side.LEFT, 2, "a")]
        assert store.matching(SCOPE, Side.RIGHT, [1]) == [first[3]]
        assert store.matching(OTHER, Side.LEFT, [2]) == []
        assert store.matching(SCOPE, Side.LEFT, []) == []

    # --- runs and journal

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

    # --- reviews

    def test_review_raised_comes_back(self, store: Store) -> None:
        assert store.raise_reviews(SCOPE, [review()]) == 1
        (kept,) = store.reviews(SCOPE)
        assert kept == review(number=kept.number)
        assert store.review(kept.number) == (SCOPE, kept)
        assert store.review(kept.number + 1000) is None

    def test_reviews_of_one_subject_are_one_open_review(self, store: Store) -> None:
        different = [
            review(),
            review(topic="name"),
            review(kind=ReviewKind.LOSSY_EDIT),
            review(left=None),
            review(right=None),
            review(left="R1", right="L1"),
        ]
        assert store.raise_reviews(SCOPE, different) == 6
        assert store.raise_reviews(OTHER, [review()]) == 1
        assert store.raise_reviews(SCOPE, different) == 0
        assert len(store.reviews()) == 7
        assert store.raise_reviews(SCOPE, [review("L9"), review("L9", fingerprint="f2", since="later")]) == 1
        assert store.reviews()[-1] == review("L9", number=store.reviews()[-1].number, fingerprint="f2", since="later")

    def test_review_raised_again_is_refreshed_and_keeps_number_and_since(self, store: Store) -> None:
        store.raise_reviews(SCOPE, [review()])
        (first,) = store.reviews()
        again = review(fields={"phone": {"left": "3"}}, evidence={}, fingerprint="f2", run="next", since="later")
        assert store.raise_reviews(SCOPE, [again, review(topic="new")]) == 1
        assert store.reviews()[0] == replace(again, number=first.number, since=first.since)

    def test_reviews_raised_by_two_threads_at_once_are_one(self, store: Store) -> None:
        start = threading.Barrier(2)

        def ask(_: int) -> int:
            start.wait()
            return store.raise_reviews(SCOPE, [review(f"L{number}") for number in range(50)])

        with ThreadPoolExecutor(2) as pool:
            assert sum(pool.map(ask, range(2))) == 50
        assert len(store.reviews()) == 50

    def test_review_decided_is_not_asked_again_for_the_same_records_E17(self, store: Store) -> None:
        store.raise_reviews(SCOPE, [review()])
        (first,) = store.reviews()
        decided = store.decide(first.number, ANN, "f1")
        assert decided == replace(first, status=ReviewStatus.DECIDED, decision=ANN)
        assert store.review(first.number) == (SCOPE, decided)
        assert store.raise_reviews(SCOPE, [review(run="next", since="later")]) == 0
        assert store.reviews() == []
        assert store.reviews(status=ReviewStatus.DECIDED) == [decided]

    def test_review_decided_is_asked_anew_when_the_records_changed_E17(self, store: Store) -> None:
        store.raise_reviews(SCOPE, [review()])
        (first,) = store.reviews()
        decided = store.decide(first.number, ANN, "f1")
        changed = review(fingerprint="f2", since="later")
        assert store.raise_reviews(SCOPE, [changed]) == 1
        (second,) = store.reviews()
        assert second == replace(changed, number=second.number)
        assert second.number > first.number
        assert store.reviews_of(SCOPE, Side.LEFT, ["L1"]) == [decided, second]
        # Changed back to what was decided: the decision holds, the open question is withdrawn.
        assert store.raise_reviews(SCOPE, [review()]) == 0
        assert store.reviews() == []
        assert store.review(second.number) == (SCOPE, replace(second, status=ReviewStatus.CLEARED))

    def test_decide_refuses_stale_decided_cleared_and_unknown_E17(self, store: Store) -> None:
        store.raise_reviews(SCOPE, [review(), review("L2")])
        first, second = store.reviews()
        with pytest.raises(StaleDecision, match=str(first.number)):
            store.decide(first.number, ANN, "f0")
        assert store.review(first.number) == (SCOPE, first)
        store.decide(first.number, ANN, "f1")
        with pytest.raises(AlreadyDecided, match="ann"):
            store.decide(first.number, replace(ANN, by="bob"), "f1")
        assert store.review(first.number) == (SCOPE, replace(first, status=ReviewStatus.DECIDED, decision=ANN))
        store.clear_reviews(SCOPE, lambda one: one.left_id == "L2")
        with pytest.raises(StaleDecision):
            store.decide(second.number, ANN, "f1")
        with pytest.raises(ConfigurationError):
            store.decide(second.number + 1000, ANN, "f1")

    def test_decide_by_two_people_at_once_keeps_one_decision_E17(self, store: Store) -> None:
        store.raise_reviews(SCOPE, [review(f"L{number}") for number in range(10)])
        start = threading.Barrier(2)

        def answer(by: str) -> list[int]:
            start.wait()
            mine = []
            for one in store.reviews(status=None):
                try:
                    mine.append(store.decide(one.number, replace(ANN, by=by), "f1").number)
                except AlreadyDecided:
                    continue
            return mine

        with ThreadPoolExecutor(2) as pool:
            ann, bob = pool.map(answer, ["ann", "bob"])
        everything = store.reviews(status=ReviewStatus.DECIDED)
        assert sorted(ann + bob) == [one.number for one in everything]
        for one in everything:
            assert one.decision == replace(ANN, by="ann" if one.number in ann else "bob")

    def test_reopen_takes_a_decision_back_E17(self, store: Store) -> None:
        store.raise_reviews(SCOPE, [review()])
        (first,) = store.reviews()
        assert store.reopen(first.number) == first
        store.decide(first.number, ANN, "f1")
        assert store.reopen(first.number) == first
        assert store.reviews() == [first]
        store.decide(first.number, ANN, "f1")
        store.raise_reviews(SCOPE, [review(fingerprint="f2")])
        with pytest.raises(StaleDecision):
            store.reopen(first.number)
        with pytest.raises(ConfigurationError):
            store.reopen(first.number + 1000)
        store.clear_reviews(SCOPE, lambda one: True)
        assert store.reopen(first.number) == first

    def test_clear_reviews_clears_the_open_ones_whose_cause_is_gone(self, store: Store) -> None:
        store.raise_reviews(SCOPE, [review("a"), review("b"), review("c")])
        store.raise_reviews(OTHER, [review("a")])
        a, b, c = store.reviews(SCOPE)
        store.decide(c.number, ANN, "f1")
        asked: list[Review] = []

        def is_gone(one: Review) -> bool:
            asked.append(one)
            return one.left_id in ("a", "c")

        assert store.clear_reviews(SCOPE, is_gone) == 1
        assert asked == [a, b]
        assert store.reviews(SCOPE) == [b]
        assert len(store.reviews(OTHER)) == 1
        assert [one.status for one in store.reviews(SCOPE, status=None)] == [
            ReviewStatus.CLEARED,
            ReviewStatus.OPEN,
            ReviewStatus.DECIDED,
        ]
        # The cause is back: asked anew.
        assert store.raise_reviews(SCOPE, [review("a")]) == 1
        with pytest.raises(StaleDecision):
            store.reopen(a.number)

    def test_reviews_are_oldest_first_and_filtered(self, store: Store) -> None:
        elsewhere = Scope(integration="other", flow="assets")
        store.raise_reviews(SCOPE, [review("a"), review("b", kind=ReviewKind.POSSIBLE)])
        store.raise_reviews(elsewhere, [review("c")])
        store.raise_reviews(OTHER, [review("d", kind=ReviewKind.HELD)])

        def found(**question: Any) -> list[str | None]:
            return [one.left_id for one in store.reviews(**question)]

        assert found() == ["a", "b", "c", "d"]
        assert found(limit=2) == ["a", "b"]
        assert found(integration="crm-assets") == ["a", "b", "d"]
        assert found(scope=OTHER) == ["d"]
        assert found(kinds=[ReviewKind.HELD, ReviewKind.POSSIBLE]) == ["b", "d"]
        assert found(scope=Scope(integration="none", flow="none")) == []
        assert [one.left_id for one in store.reviews_of(SCOPE, Side.LEFT, ["a", "b", "c"])] == ["a", "b"]
        assert [one.left_id for one in store.reviews_of(SCOPE, Side.RIGHT, ["R1"])] == ["a", "b"]
        assert store.reviews_of(SCOPE, Side.RIGHT, []) == []


def _list(part: Sequence[Link] | Callable[[], Sequence[Link]]) -> Sequence[Link]:
    return part() if callable(part) else part
