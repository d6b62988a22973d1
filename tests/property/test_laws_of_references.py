"""The laws of references, over random lives of records that refer to each other. Rows E16, E23, E26, E29.

Persons have a boss, who is a person, and an organisation, which has a person as its contact: records wait for others,
in chains and in circles, within a flow and over two, while the hub is killed and writes fail. Once the faults have
stopped and a few runs are through:

- every record is on both sides, save those that refer to what is not there, and those that refer to these;
- linked records refer to linked records;
- nothing is there twice, and the next run writes nothing (E23).
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tallystick.connectors.memory import Changes, IdsFrom, Versions
from tallystick.model.link import LinkState
from tallystick.model.plan import ReviewKind
from tallystick.model.side import SIDES, Side
from tallystick.ports.system import System
from tallystick.runs.plans import apply_plan, make_plan
from tallystick.testing.faults import ALWAYS, CallFails, FaultySystem, HalfBatch, LostAnswer, WriteFails, fault_plans
from tallystick.testing.faults.fault import Fault
from tests.property.lives import both, case
from tests.two_systems import TwoSystems, flow, killed, person

REFERS: Mapping[str, Mapping[str, str]] = {
    "people": {"boss": "people", "org": "orgs"},
    "orgs": {"contact": "people"},
}
"""Flow -> field -> flow of the records it names."""
RECORDS = {"people": "person", "orgs": "org"}
FLOWS = {
    name: flow(
        "conflict: {rule: left}",
        name=name,
        record=RECORDS[name],
        fields=("tag", *(f"{{left: {field}, right: {field}, ref: {to}}}" for field, to in refers.items())),
        guards="{delete: none}",
    )
    for name, refers in REFERS.items()
}
NOWHERE = "nowhere"

Named = tuple[str, str]
"""A record of one side: flow, id."""


class Webs(RuleBasedStateMachine):
    """Random lives of records that refer to each other."""

    two: TwoSystems

    def __init__(self) -> None:
        super().__init__()
        self.tags = 0
        self.faults: dict[Side, tuple[Fault, ...]] = dict.fromkeys(SIDES, ())

    @initialize(
        is_person_first=st.booleans(),
        ids=both(st.sampled_from(IdsFrom)),
        versions=both(st.sampled_from([Versions.COUNTER, Versions.NONE])),
        changes=both(st.sampled_from([Changes.SEQUENCE, Changes.NONE])),
        idempotency=both(st.booleans()),
        find=both(st.booleans()),
        max_writes=st.sampled_from([500, 1]),
        batch=st.sampled_from([4_000, 1, 2]),
    )
    def begin(self, is_person_first: bool, **can: Any) -> None:
        self.ids = can["ids"]
        types = {
            side: [
                person(
                    RECORDS[name],
                    ("tag", *refers),
                    ids=can["ids"][side],
                    versions=can["versions"][side],
                    changes=can["changes"][side],
                    idempotency=can["idempotency"][side],
                    find=can["find"][side],
                    max_writes=can["max_writes"],
                )
                for name, refers in REFERS.items()
            ]
            for side in SIDES
        }
        flows = FLOWS.values() if is_person_first else reversed(FLOWS.values())
        self.two = TwoSystems(
            *flows, left=types[Side.LEFT], right=types[Side.RIGHT], wrap=self.wrap, batch=can["batch"]
        )

    def wrap(self, side: Side, system: System) -> System:
        return FaultySystem(system, self.faults[side], self.two.clock)

    def teardown(self) -> None:
        if hasattr(self, "two"):
            try:
                self.end()
            finally:
                self.two.close()

    # --- users

    def ids_of(self, side: Side, name: str) -> list[str]:
        return sorted(self.two.table(side, RECORDS[name]).records())

    def some(self, side: Side, name: str, number: int | None) -> str | None:
        """The id of a record, of none, or of one that is not there."""
        ids = [*self.ids_of(side, name), NOWHERE]
        return ids[number % len(ids)] if number is not None else None

    @rule(
        side=st.sampled_from(SIDES),
        name=st.sampled_from(sorted(REFERS)),
        numbers=st.lists(st.one_of(st.none(), st.integers(0, 9)), min_size=2, max_size=2),
    )
    def create(self, side: Side, name: str, numbers: list[int | None]) -> None:
        self.tags += 1
        tag = f"t{self.tags}"
        refers = {
            f: self.some(side, to, number) for (f, to), number in zip(REFERS[name].items(), numbers, strict=False)
        }
        id_ = tag if self.ids[side] is IdsFrom.WRITER else None
        self.two.table(side, RECORDS[name]).put({"tag": tag, **refers}, id=id_)

    @rule(
        side=st.sampled_from(SIDES),
        length=st.integers(1, 5),
        by=st.sampled_from(["boss", "org"]),
        is_open=st.booleans(),
    )
    def create_circle(self, side: Side, length: int, by: str, is_open: bool) -> None:
        """Persons each of whom refers to the next, the last to the first, or to nobody."""
        people, orgs = self.two.table(side, "person"), self.two.table(side, "org")
        made: list[str] = []
        for _ in range(length):
            self.tags += 1
            tag = f"t{self.tags}"
            id_ = tag if self.ids[side] is IdsFrom.WRITER else None
            made.append(people.put({"tag": tag, "boss": None, "org": None}, id=id_))
        for here, there in zip(made, [*made[1:], None if is_open else made[0]], strict=True):
            if by == "boss" or there is None:
                people.edit(here, {"boss": there})
                continue
            self.tags += 1
            tag = f"t{self.tags}"
            id_ = tag if self.ids[side] is IdsFrom.WRITER else None
            people.edit(here, {"org": orgs.put({"tag": tag, "contact": there}, id=id_)})

    @rule(
        side=st.sampled_from(SIDES),
        name=st.sampled_from(sorted(REFERS)),
        number=st.integers(0, 9),
        field=st.integers(0, 1),
        to=st.one_of(st.none(), st.integers(0, 9)),
    )
    def refer(self, side: Side, name: str, number: int, field: int, to: int | None) -> None:
        fields = sorted(REFERS[name])
        chosen = fields[field % len(fields)]
        if (id_ := self.some(side, name, number)) is not None and id_ != NOWHERE:
            self.two.table(side, RECORDS[name]).edit(id_, {chosen: self.some(side, REFERS[name][chosen], to)})

    @rule(side=st.sampled_from(SIDES), name=st.sampled_from(sorted(REFERS)), number=st.integers(0, 9))
    def delete(self, side: Side, name: str, number: int) -> None:
        if (id_ := self.some(side, name, number)) not in (None, NOWHERE):
            self.two.table(side, RECORDS[name]).delete(id_ or "")

    @rule(side=st.sampled_from(SIDES), name=st.sampled_from(sorted(REFERS)), number=st.integers(0, 9))
    def restore(self, side: Side, name: str, number: int) -> None:
        """Only what has a link, and no living copy."""
        with self.two.worlds[side].reading() as state:
            rows = state.tables[RECORDS[name]].rows
            living = {row.values["tag"] for row in rows.values() if row.gone is None}
            gone = sorted(id_ for id_, row in rows.items() if row.gone is not None and row.values["tag"] not in living)
        gone = [id_ for id_ in gone if self.two.memory.links_of(self.two.scope(name), side, [id_])]
        if gone:
            self.two.table(side, RECORDS[name]).restore(gone[number % len(gone)])

    # --- the hub

    @rule(is_full=st.booleans())
    def sync(self, is_full: bool) -> None:
        self.two.run(is_full=is_full)

    @rule(dies_at=st.integers(1, 60), is_full=st.booleans())
    def sync_killed(self, dies_at: int, is_full: bool) -> None:
        killed(self.two, dies_at, lambda: self.two.run(is_full=is_full))

    @rule(side=st.sampled_from(SIDES), plan=fault_plans(most=2, of=(LostAnswer, WriteFails, CallFails, HalfBatch)))
    def sync_badly_written(self, side: Side, plan: Iterable[Fault]) -> None:
        self.faults[side] = tuple(plan)
        self.two.run()
        self.faults[side] = ()

    @rule(side=st.sampled_from(SIDES), is_written=st.booleans())
    def sync_unanswered(self, side: Side, is_written: bool) -> None:
        self.faults[side] = (LostAnswer(times=ALWAYS, is_written=is_written),)
        self.two.run()
        self.faults[side] = ()

    @rule()
    def plan_and_apply(self) -> None:
        with self.two.workspace() as workspace:
            plan = make_plan(workspace)
        with self.two.workspace() as workspace:
            assert apply_plan(workspace, plan).errors == {}

    # --- the laws

    @invariant()
    def nothing_is_created_twice(self) -> None:
        for side in SIDES if hasattr(self, "two") else ():
            for name in RECORDS.values():
                tags = Counter(record["tag"] for record in self.two.table(side, name).records().values())
                assert all(count == 1 for count in tags.values()), f"twice on the {side.value}: {tags}"

    def end(self) -> None:
        # A run that found the partner of a lost create writes nothing, and what waited for it over the other flow goes
        # on with the next one: it is settled when a run neither writes nor links.
        for _ in range(8):
            before, partners = self.two.writes(), self.partners(Side.LEFT)
            self.two.run(is_full=True, approval=True)  # all records of a table may be deleted, which is held
            if (self.two.writes(), self.partners(Side.LEFT)) == (before, partners):
                break
        for is_full in (True, False):
            report = self.two.run(is_full=is_full, approval=True)
            assert report.errors == {}
            assert self.two.writes() == before, f"still writing: {report.shown()}"
        self.nothing_is_created_twice()
        for side in SIDES:
            self.what_can_be_created_is(side)
        self.linked_records_refer_to_linked_records()

    def partners(self, side: Side) -> dict[Named, str]:
        """Linked records of the side -> id of the partner."""
        return {
            (name, here.id): there.id
            for name in REFERS
            for link in self.two.links(name)
            if (here := link.end(side)) is not None
            and (there := link.end(side.other)) is not None
            and link.state is LinkState.ACTIVE
        }

    def what_can_be_created_is(self, side: Side) -> None:
        partners = self.partners(side)
        unknown = {
            (name, id_)
            for name in REFERS
            for kind in (ReviewKind.UNKNOWN, ReviewKind.POSSIBLE)
            for review in self.two.reviews(kind, flow_name=name)
            for id_ in (review.left_id, review.right_id)
        }
        waiting = {
            (name, id_): {(to, of) for field, to in REFERS[name].items() if (of := record[field]) is not None}
            for name in REFERS
            for id_, record in self.two.table(side, RECORDS[name]).records().items()
            if (name, id_) not in partners and (name, id_) not in unknown
        }
        while hopeless := [one for one, of in waiting.items() if not of <= partners.keys() | waiting.keys()]:
            for one in hopeless:
                del waiting[one]
        assert not waiting, f"could be created on the {side.other.value}: {waiting}"

    def linked_records_refer_to_linked_records(self) -> None:
        partners = self.partners(Side.LEFT)
        for (name, left_id), right_id in partners.items():
            left = self.two.table(Side.LEFT, RECORDS[name]).get(left_id)
            right = self.two.table(Side.RIGHT, RECORDS[name]).get(right_id)
            if left is None or right is None:  # to be put back, but what it refers to is not there
                asked = {
                    one for review in self.two.reviews(flow_name=name) for one in (review.left_id, review.right_id)
                }
                assert {left_id, right_id} & asked, f"{name} {left_id} is on one side only"
                continue
            for field, to in REFERS[name].items():
                there = {partner for (flow_name, _), partner in partners.items() if flow_name == to}
                if any(
                    of is not None and of not in known
                    for of, known in ((left[field], {id_ for at, id_ in partners if at == to}), (right[field], there))
                ):
                    continue  # it names what has no partner, and waits
                of = left[field]
                assert right[field] == (partners[to, of] if of is not None else None), f"{field} of {name} {left_id}"


class Long(Webs):
    """The same, for `make test-slow`."""


class Soak(Webs):
    """The same, for `make soak`."""


TestReferences = case(Webs, settings().max_examples)
TestReferencesLong = pytest.mark.slow(pytest.mark.timeout(900)(case(Long, 300)))
TestReferencesSoak = pytest.mark.soak(case(Soak, int(os.environ.get("SOAK_LIVES", "20000")), is_random=True))
