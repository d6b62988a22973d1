"""What a store promises of scopes and links."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest
from msgspec.structs import replace

from tallystick.errors import ScopeBusy, TallystickError
from tallystick.model.flow import Scope
from tallystick.model.link import Link, LinkState, MatchKey
from tallystick.model.plan import (
    OperationState,
    Parked,
    ScopeState,
)
from tallystick.model.side import SIDES, Side
from tallystick.ports.store import Commit, LinkTaken, Store
from tallystick.testing.store_samples import (
    MANY,
    OTHER,
    RUN,
    SCOPE,
    STRANGE_IDS,
    end,
    ids,
    keep,
    link,
    marks,
    operation,
    parked,
    review,
)


class LinkPromises:
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


def _list(part: Sequence[Link] | Callable[[], Sequence[Link]]) -> Sequence[Link]:
    return part() if callable(part) else part
