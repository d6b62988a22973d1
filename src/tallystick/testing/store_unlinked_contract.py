"""What a store promises of records that are known and not linked, and of match keys."""

from __future__ import annotations

import pyarrow as pa

from tallystick.model.link import MatchKey, Standing, Unlinked
from tallystick.model.plan import Parked
from tallystick.model.side import SIDES, Side
from tallystick.ports.store import UNLINKED_MARKS, Commit, Store
from tallystick.testing.store_samples import (
    OTHER,
    SCOPE,
    parked,
)


class UnlinkedPromises:
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

    def test_unlinked_records_are_found_by_how_they_stand(self, store: Store) -> None:
        many = [
            parked(side, f"{side}{number}", standing=list(Standing)[number % len(Standing)])
            for side in SIDES
            for number in range(1_500 * len(Standing))
        ]
        store.park(SCOPE, Parked(keep=tuple(many)))
        for side in SIDES:
            for standing in Standing:
                found = {one.id: one for one in store.standing(SCOPE, side, standing)}
                assert found == {one.id: one for one in many if (one.side, one.standing) == (side, standing)}
        assert list(store.standing(OTHER, Side.LEFT, Standing.WAITING)) == []

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
