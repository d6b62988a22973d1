"""A plan foresees what a run does, over random webs of records of flows that refer to each other. Rows E24, E26.

Persons have a boss, who is a person, and an organisation; that has a person as its contact and a site, and a site has
a person as its keeper. The same web is planned and applied in one world, and synchronised in another, at once or in
pieces:

- the plan creates exactly what the run creates;
- applied, it creates just that, killed anywhere or not, and the next run sets what references circles had left out;
- then both worlds are the same, and the next run writes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hypothesis import example, given, settings
from hypothesis import strategies as st

from tallystick.model.side import Side
from tallystick.model.write import Action
from tallystick.runs.plans import apply_plan, make_plan
from tests.two_systems import TwoSystems, flow, killed, person

LEFT, RIGHT = Side.LEFT, Side.RIGHT
REFERS: Mapping[str, Mapping[str, str]] = {
    "people": {"boss": "people", "org": "orgs"},
    "orgs": {"contact": "people", "site": "sites"},
    "sites": {"keeper": "people"},
}
"""Flow -> field -> flow of the records it names."""
RECORDS = {"people": "person", "orgs": "org", "sites": "site"}
COUNT = 5
"""Records of each flow, `people0` to `people4` and so on; what names a later one names nothing."""

Web = Mapping[str, list[list[int | None]]]
"""Flow -> for each record, which record each of its references names."""

webs = st.fixed_dictionaries(
    {
        name: st.lists(
            st.lists(st.one_of(st.none(), st.integers(0, COUNT)), min_size=len(refers), max_size=len(refers)),
            max_size=COUNT,
        )
        for name, refers in REFERS.items()
    }
)


def flow_of(name: str, *, is_reversed: bool) -> str:
    """`is_reversed`: its references stand the other way round."""
    lines = [f"{{left: {field}, right: {field}, ref: {to}}}" for field, to in REFERS[name].items()]
    return flow(name=name, record=RECORDS[name], fields=("tag", *(lines[::-1] if is_reversed else lines)))


def world(web: Web, order: Sequence[str], max_writes: int, *, is_reversed: bool) -> TwoSystems:
    types = [person(RECORDS[name], ("tag", *refers), max_writes=max_writes) for name, refers in REFERS.items()]
    flows = [flow_of(name, is_reversed=is_reversed) for name in order]
    two = TwoSystems(*flows, left=types, right=types, batch=max_writes)
    for name, records in web.items():
        for at, named in enumerate(records):
            refers = {
                field: None if number is None else f"{to}{number}"
                for (field, to), number in zip(REFERS[name].items(), named, strict=True)
            }
            two.table(LEFT, RECORDS[name]).put({"tag": f"{name}{at}", **refers}, id=f"{name}{at}")
    return two


def there(two: TwoSystems) -> dict[str, list[dict[str, str | None]]]:
    """What the right holds, each reference by the tag of the record it names."""
    tags = {id_: one["tag"] for kind in RECORDS.values() for id_, one in two.table(RIGHT, kind).records().items()}
    return {
        name: sorted(
            (
                {field: tags.get(value or "") if field in refers else value for field, value in one.items()}
                for one in two.table(RIGHT, RECORDS[name]).records().values()
            ),
            key=lambda one: one["tag"] or "",
        )
        for name, refers in REFERS.items()
    }


def created(two: TwoSystems) -> int:
    return sum(write.action is Action.CREATE for write in two.worlds[RIGHT].accepted())


HALF: Web = {"people": [[1, 1], [None, 2]], "orgs": [[None, None], [0, 0], [0, None]], "sites": []}
"""Of what a person waits for one record comes, the other does not."""
CHAIN: Web = {"people": [[4, None], [2, 0], [1, None], [None, None], [1, None]], "orgs": [[None, None]], "sites": []}
"""A chain of persons who wait for a circle of persons of whom one waits for an organisation."""
TWICE: Web = {
    "people": [[None, None], [1, 2], [None, None], [None, None], [1, None]],
    "orgs": [[None, None], [None, None], [4, 0]],
    "sites": [],
}
"""A person who is his own boss, of an organisation that waits for what is not there."""


@settings(max_examples=150, deadline=None)
@example(
    web=CHAIN, order=["orgs", "people", "sites"], max_writes=500, dies_at=None, is_in_pieces=False, is_reversed=False
)
@example(
    web=HALF, order=["people", "orgs", "sites"], max_writes=500, dies_at=None, is_in_pieces=False, is_reversed=False
)
@example(
    web=TWICE, order=["people", "orgs", "sites"], max_writes=500, dies_at=None, is_in_pieces=False, is_reversed=False
)
@given(
    web=webs,
    order=st.permutations(sorted(REFERS)),
    max_writes=st.sampled_from([500, 2, 1]),
    dies_at=st.one_of(st.none(), st.integers(1, 60)),
    is_in_pieces=st.booleans(),
    is_reversed=st.booleans(),
)
def test_plan_creates_what_a_run_creates_E24_E26(
    web: Web, order: Sequence[str], max_writes: int, dies_at: int | None, is_in_pieces: bool, is_reversed: bool
) -> None:
    with (
        world(web, order, max_writes, is_reversed=is_reversed) as planned,
        world(web, order, max_writes, is_reversed=is_reversed) as synchronised,
    ):
        with planned.workspace() as workspace:
            plan = make_plan(workspace)
        lines = [(name, line) for name, of in plan["flows"].items() for line in of["operations"]]
        if is_in_pieces:
            synchronised.run_in_pieces("one")
        else:
            synchronised.run()
        assert sorted((name, line["partner"]) for name, line in lines) == sorted(
            (name, one["tag"]) for name, records in there(synchronised).items() for one in records
        )
        for name, of in plan["flows"].items():
            made = {line["partner"] for line in of["operations"]}
            asked = [one.left_id for one in synchronised.reviews(flow_name=name) if one.left_id not in made]
            assert of["rejects"] == len(asked)

        def apply() -> None:
            with planned.workspace() as opened:
                assert apply_plan(opened, plan, is_again=True).status == "done"

        if dies_at is not None:
            killed(planned, dies_at, apply)
        apply()
        assert created(planned) == len(lines)
        planned.run()
        assert created(planned) == len(lines)
        assert there(planned) == there(synchronised)
        for two in (planned, synchronised):
            before = two.writes()
            two.run(is_full=True)
            assert two.writes() == before
