"""Merging one pair, branch by branch. Rows E5, E8, E9, E15, E18-E21; scenarios S14, S19, S20."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from tallystick.engine.merge import Merged, Merger, Pair
from tallystick.engine.translate import Translator
from tallystick.model.flow import (
    CodeSet,
    Conflict,
    Direction,
    FieldMap,
    Flow,
    FlowEnd,
    Granularity,
    OnNull,
    Rule,
    TooLong,
)
from tallystick.model.record import Record
from tallystick.model.schema import Field
from tallystick.model.selection import Selection
from tallystick.model.side import SIDES, Side
from tallystick.model.value import FieldType, Value

LEFT, RIGHT = SIDES
Values = Mapping[str, Value]


class NoReferences:
    def partner(self, flow: str, side: Side, id: str) -> None:
        return None


def line(name: str, **more: Any) -> FieldMap:
    return FieldMap(**{"name": name, "left": (name,), "right": (name,), **more})


def a_flow(*maps: FieldMap, **more: Any) -> Flow:
    ends = {side.value: FlowEnd(system="s", selection=Selection(record="r", fields=())) for side in SIDES}
    return Flow(**{"name": "f", "maps": maps or (line("phone"), line("title"), line("city")), **ends, **more})


def merged(
    flow: Flow,
    base: Values | tuple[Values, Values],
    left: Values,
    right: Values,
    *,
    decided: Mapping[str, Rule] | None = None,
    fresh: frozenset[str] = frozenset(),
    stamps: tuple[str | None, str | None] = (None, None),
    types: Mapping[Side, Mapping[str, Field]] | None = None,
) -> Merged:
    left_base, right_base = base if isinstance(base, tuple) else (base, base)
    pair = Pair(
        left=Record(id="l", values=left, changed_at=stamps[0]),
        right=Record(id="r", values=right, changed_at=stamps[1]),
        left_base=left_base,
        right_base=right_base,
    )
    lines = Translator(flow, types or {side: {} for side in SIDES}, references=NoReferences()).lines
    return Merger(flow, lines, fresh=fresh).merge(pair, decided)


def given(result: Merged) -> dict[str, dict[str, Any]]:
    """Side -> what is written there."""
    return {side.value: write.after for side, write in result.writes.items()}


def rules(result: Merged) -> dict[str, str]:
    return {name: why for write in result.writes.values() for name, why in write.rules.items()}


PHONE = line("phone")

# --- E18: three ways

THREE_WAYS = [
    # base, left, right, written, conflict
    ("1", "1", "1", {}, False),
    ("1", "2", "1", {"right": {"phone": "2"}}, False),
    ("1", "1", "2", {"left": {"phone": "2"}}, False),
    ("1", "2", "2", {}, False),
    ("1", "2", "3", {}, True),
    ("1", None, "1", {"right": {"phone": None}}, False),
    ("1", "", "1", {"right": {"phone": ""}}, False),
    ("1", "1", None, {"left": {"phone": None}}, False),
    ("1", None, "2", {}, True),
    (None, "2", None, {"right": {"phone": "2"}}, False),
    ("1", None, None, {}, False),
]


@pytest.mark.parametrize(("base", "left", "right", "written", "is_conflict"), THREE_WAYS)
def test_merge_three_ways_per_field_E18(
    base: Value, left: Value, right: Value, written: dict[str, Any], is_conflict: bool
) -> None:
    result = merged(a_flow(PHONE), {"phone": base}, {"phone": left}, {"phone": right})
    assert given(result) == written
    assert list(result.conflicts) == (["phone"] if is_conflict else [])
    assert result.is_settled is not is_conflict


def test_merge_changed_both_sides_equal_agrees_E18() -> None:
    result = merged(a_flow(PHONE), {"phone": "1"}, {"phone": "2"}, {"phone": "2"})
    assert result.agreed == {LEFT: {"phone": "2"}, RIGHT: {"phone": "2"}}


def test_merge_one_field_each_flows_both_ways_E18() -> None:
    base = {"phone": "1", "title": "a", "city": "X"}
    result = merged(a_flow(), base, {**base, "title": "b"}, {**base, "city": "Y"})
    assert given(result) == {"right": {"title": "b"}, "left": {"city": "Y"}}
    assert result.writes[RIGHT].settles == {LEFT: {"title": "b"}, RIGHT: {}}
    assert rules(result) == {"title": "changed on the left", "city": "changed on the right"}


def test_merge_missing_field_says_nothing_E9() -> None:
    result = merged(a_flow(PHONE), {"phone": "1"}, {}, {"phone": "2"})
    assert not result.writes
    assert not result.conflicts
    assert not result.has_agreed


@pytest.mark.parametrize("empty", [None, ""])
def test_merge_keep_does_not_clear_the_other_side_E9(empty: Value) -> None:
    flow = a_flow(line("phone", null=OnNull.KEEP))
    result = merged(flow, {"phone": "1"}, {"phone": empty}, {"phone": "1"})
    assert not result.writes
    assert result.agreed == {LEFT: {"phone": empty}, RIGHT: {"phone": "1"}}


# --- E15: first contact

FIRST = [
    # primary, left, right, written
    ("left", "1", "1", {}),
    ("left", "1", "2", {"right": {"phone": "1"}}),
    ("right", "1", "2", {"left": {"phone": "2"}}),
    ("left", None, "2", {"left": {"phone": "2"}}),
    ("left", "", "2", {"left": {"phone": "2"}}),
    ("right", "1", None, {"right": {"phone": "1"}}),
    ("left", None, None, {}),
]


@pytest.mark.parametrize(("primary", "left", "right", "written"), FIRST)
def test_merge_first_contact_primary_wins_and_nothing_is_wiped_E15(
    primary: str, left: Value, right: Value, written: dict[str, Any]
) -> None:
    result = merged(a_flow(PHONE, primary=Side(primary)), {}, {"phone": left}, {"phone": right})
    assert given(result) == written
    assert not result.conflicts


def test_merge_changed_field_map_is_first_contact_again_E15() -> None:
    base, left, right = {"phone": "1"}, {"phone": "1"}, {"phone": "2"}
    result = merged(a_flow(PHONE), base, left, right, fresh=frozenset({"phone"}))
    assert given(result) == {"right": {"phone": "1"}}


def test_merge_first_contact_with_an_owner_that_says_nothing_wipes_nothing_E15_E21() -> None:
    result = merged(a_flow(line("phone", authority=LEFT)), {}, {"phone": None}, {"phone": "2"})
    assert not result.writes


# --- direction

ONE_WAY = [
    # direction, left, right, written
    (Direction.TO_RIGHT, "2", "1", {"right": {"phone": "2"}}),
    (Direction.TO_RIGHT, "1", "2", {}),
    (Direction.TO_RIGHT, "2", "3", {"right": {"phone": "2"}}),
    (Direction.TO_RIGHT, None, "1", {"right": {"phone": None}}),
    (Direction.TO_LEFT, "1", "2", {"left": {"phone": "2"}}),
    (Direction.TO_LEFT, "2", "1", {}),
    (Direction.TO_LEFT, "2", "3", {"left": {"phone": "3"}}),
]


@pytest.mark.parametrize(("direction", "left", "right", "written"), ONE_WAY)
def test_merge_one_way_only_the_source_flows_E18(
    direction: Direction, left: Value, right: Value, written: dict[str, Any]
) -> None:
    result = merged(a_flow(PHONE, direction=direction), {"phone": "1"}, {"phone": left}, {"phone": right})
    assert given(result) == written
    assert not result.conflicts


def test_merge_one_way_first_contact_never_wipes_E15() -> None:
    flow = a_flow(PHONE, direction=Direction.TO_RIGHT)
    assert not merged(flow, {}, {"phone": None}, {"phone": "2"}).writes
    assert given(merged(flow, {}, {"phone": "1"}, {"phone": "2"})) == {"right": {"phone": "1"}}


# --- E21: authority


@pytest.mark.parametrize(("base", "left"), [({}, None), ({"unit": "US001"}, None)])
def test_default_that_stands_for_nothing_gives_way_to_the_value_of_the_owner_E21_A19(base, left):
    """New pair, and one whose copy was cleared: what the owner has arrives, though the default says the same."""
    flow = a_flow(line("unit", authority=RIGHT, default={RIGHT: "US001"}))
    result = merged(flow, base, {"unit": left}, {"unit": "US001"})
    assert result.writes[LEFT].after["unit"] == "US001"
    assert RIGHT not in result.writes


AUTHORITY = [
    # asks, left, right, written, conflict; the left owns the field
    (False, "2", "1", {"right": {"phone": "2"}}, False),
    (False, "1", "2", {"left": {}, "right": {"phone": "1"}}, False),
    (False, "2", "3", {"right": {"phone": "2"}}, False),
    (True, "2", "1", {"right": {"phone": "2"}}, False),
    (True, "1", "2", {}, True),
    (True, "2", "3", {}, True),
]


@pytest.mark.parametrize(("asks", "left", "right", "written", "is_conflict"), AUTHORITY)
def test_merge_owned_field_reverts_or_asks_E21(
    asks: bool, left: Value, right: Value, written: dict[str, Any], is_conflict: bool
) -> None:
    flow = a_flow(line("phone", authority=LEFT, authority_asks=asks))
    result = merged(flow, {"phone": "1"}, {"phone": left}, {"phone": right})
    assert given(result) == {side: after for side, after in written.items() if after}
    assert bool(result.conflicts) is is_conflict


def test_merge_owned_field_of_a_record_another_side_wins_stays_the_owners_E19_E21() -> None:
    flow = a_flow(
        line("phone"),
        line("notes", authority=LEFT),
        line("source", left=(), constant={RIGHT: "CRM"}),
        conflict=Conflict(rule=Rule.RIGHT, granularity=Granularity.RECORD),
    )
    base = {"phone": "1", "notes": "n", "source": "CRM"}
    left = {"phone": "2", "notes": "mine"}
    right = {"phone": "3", "notes": "theirs", "source": "HACKED"}
    result = merged(flow, base, left, right)
    assert given(result) == {"left": {"phone": "3"}, "right": {"notes": "mine", "source": "CRM"}}


# --- constants and expressions


def test_merge_constant_is_put_back_when_it_was_edited_E6() -> None:
    flow = a_flow(line("source", left=(), constant={RIGHT: "CRM"}))
    assert given(merged(flow, ({}, {"source": "CRM"}), {}, {"source": "x"})) == {"right": {"source": "CRM"}}
    assert not merged(flow, ({}, {"source": "CRM"}), {}, {"source": "CRM"}).writes


def test_merge_expression_follows_its_source_and_not_its_target_E6() -> None:
    flow = a_flow(line("full", left=(), expression={RIGHT: "first & ' ' & last"}), line("first"), line("last"))
    left = {"first": "Ann", "last": "Lee"}
    base = ({**left}, {**left, "full": "Ann Lee"})
    changed = merged(flow, base, {**left, "last": "Low"}, {**left, "full": "Ann Lee"})
    assert given(changed) == {"right": {"last": "Low", "full": "Ann Low"}}
    edited = merged(flow, base, left, {**left, "full": "Nobody"})
    assert given(edited) == {"right": {"full": "Ann Lee"}}


# --- E8, S19: lossy values

CUT = line("name", max={RIGHT: 4}, too_long=TooLong.CUT)


def test_merge_cut_value_is_never_written_back_E8_S19() -> None:
    base = ({"name": "Annabel"}, {"name": "Anna"})
    result = merged(a_flow(CUT, PHONE), ({**base[0], "phone": "1"}, {**base[1], "phone": "1"}),
                    {"name": "Annabel", "phone": "1"}, {"name": "Anna", "phone": "2"})  # fmt: skip
    assert given(result) == {"left": {"phone": "2"}}
    assert not result.lossy_edits


def test_merge_edit_of_the_cut_value_is_a_lossy_edit_E8_S19() -> None:
    result = merged(a_flow(CUT), ({"name": "Annabel"}, {"name": "Anna"}), {"name": "Annabel"}, {"name": "Bob"})
    assert not result.writes
    assert result.lossy_edits["name"].shown() == {"base": "Annabel", "left": "Annabel", "right": "Bob"}
    assert not result.is_settled


@pytest.mark.parametrize(
    ("take", "written"),
    [(Rule.LEFT, {"right": {"name": "Anna"}}), (Rule.RIGHT, {"left": {"name": "Bob"}}), (Rule.IGNORE, {})],
)
def test_merge_lossy_edit_decided_E8_E17(take: Rule, written: dict[str, Any]) -> None:
    base = ({"name": "Annabel"}, {"name": "Anna"})
    result = merged(a_flow(CUT), base, {"name": "Annabel"}, {"name": "Bob"}, decided={"name": take})
    assert given(result) == written
    assert not result.lossy_edits
    assert result.kept_apart == (["name"] if take is Rule.IGNORE else [])


def test_merge_lossy_edit_in_a_record_that_another_side_wins_is_asked_all_the_same_E8_S14() -> None:
    flow = a_flow(CUT, PHONE, conflict=Conflict(rule=Rule.RIGHT, granularity=Granularity.RECORD))
    base = ({"name": "Annabel", "phone": "1"}, {"name": "Anna", "phone": "1"})
    result = merged(flow, base, {"name": "Annabel", "phone": "2"}, {"name": "Bob", "phone": "3"})
    assert given(result) == {"left": {"phone": "3"}}
    assert list(result.lossy_edits) == ["name"]


# --- S20: two codes for one

STATUS = CodeSet(
    name="status",
    to_right={"Open": ("open",), "Waiting": ("open",), "Done": ("done",)},
    to_left={"open": ("Open", "Waiting"), "done": ("Done",)},
)


def test_merge_two_codes_for_one_are_not_flipped_by_a_round_trip_S20() -> None:
    flow = a_flow(line("status", codes=STATUS))
    base = ({"status": "Open"}, {"status": "open"})
    result = merged(flow, base, {"status": "Waiting"}, {"status": "open"})
    assert not result.writes
    assert result.agreed == {LEFT: {"status": "Waiting"}, RIGHT: {"status": "open"}}


def test_merge_true_change_back_gives_the_default_code_S20() -> None:
    flow = a_flow(line("status", codes=STATUS))
    base = ({"status": "Done"}, {"status": "done"})
    assert given(merged(flow, base, {"status": "Done"}, {"status": "open"})) == {"left": {"status": "Open"}}


def test_merge_unmapped_code_holds_that_field_alone_E10() -> None:
    flow = a_flow(line("status", codes=STATUS), PHONE)
    base = ({"status": "Done", "phone": "1"}, {"status": "done", "phone": "1"})
    result = merged(flow, base, {"status": "Odd", "phone": "2"}, {"status": "done", "phone": "1"})
    assert given(result) == {"right": {"phone": "2"}}
    assert [(one.name, side) for one, side, _ in result.troubles] == [("status", RIGHT)]
    assert not result.is_settled


def test_merge_too_long_holds_that_field_alone_E6() -> None:
    types = {LEFT: {}, RIGHT: {"name": Field(name="name", type=FieldType.TEXT, max_length=3)}}
    result = merged(a_flow(line("name"), PHONE), {"name": "a", "phone": "1"}, {"name": "abcd", "phone": "2"},
                    {"name": "a", "phone": "1"}, types=types)  # fmt: skip
    assert given(result) == {"right": {"phone": "2"}}
    assert len(result.troubles) == 1


# --- E19, S14: conflict rules

BASE = {"phone": "1", "title": "a", "city": "X"}
CRM = {"phone": "2", "title": "b", "city": "X"}  # changed title and phone
PIM = {"phone": "3", "title": "a", "city": "Y"}  # changed phone and city

S14 = [
    # granularity, rule, written, conflicts
    ("field", "ask", {"right": {"title": "b"}, "left": {"city": "Y"}}, ["phone"]),
    ("field", "left", {"right": {"title": "b", "phone": "2"}, "left": {"city": "Y"}}, []),
    ("field", "right", {"right": {"title": "b"}, "left": {"city": "Y", "phone": "3"}}, []),
    ("field", "add_both", {}, []),
    ("field", "ignore", {}, []),
    ("record", "ask", {}, ["city", "phone", "title"]),
    ("record", "left", {"right": {"title": "b", "phone": "2", "city": "X"}}, []),
    ("record", "right", {"left": {"title": "a", "phone": "3", "city": "Y"}}, []),
    ("record", "add_both", {}, []),
    ("record", "ignore", {}, []),
]


@pytest.mark.parametrize(("granularity", "rule", "written", "conflicts"), S14)
def test_merge_five_rules_at_both_granularities_E19_S14(
    granularity: str, rule: str, written: dict[str, Any], conflicts: list[str]
) -> None:
    flow = a_flow(conflict=Conflict(rule=Rule(rule), granularity=Granularity(granularity)))
    result = merged(flow, BASE, CRM, PIM)
    assert given(result) == written
    assert sorted(result.conflicts) == conflicts
    assert result.is_doubled is (rule == "add_both")
    assert bool(result.ignored) is (rule == "ignore")


def test_merge_ignored_conflict_agrees_to_differ_until_the_next_edit_E19_S14() -> None:
    flow = a_flow(conflict=Conflict(rule=Rule.IGNORE))
    result = merged(flow, BASE, CRM, PIM)
    assert result.agreed == {LEFT: CRM, RIGHT: PIM}
    assert result.is_settled
    assert not merged(flow, (CRM, PIM), CRM, PIM).writes
    assert given(merged(flow, (CRM, PIM), {**CRM, "phone": "9"}, PIM)) == {"right": {"phone": "9"}}


@pytest.mark.parametrize("granularity", Granularity)
def test_merge_rule_of_one_field_overrides_the_flows_E19(granularity: Granularity) -> None:
    conflict = Conflict(rule=Rule.ASK, granularity=granularity, fields={"phone": Rule.RIGHT})
    result = merged(a_flow(conflict=conflict), BASE, CRM, PIM)
    assert result.writes[LEFT].after["phone"] == "3"
    assert sorted(result.conflicts) == ([] if granularity is Granularity.FIELD else ["city", "title"])


NEWEST = [
    # left stamp, right stamp, winner
    ("2026-11-22T10:00:00Z", "2026-11-22T09:00:00Z", "left"),
    ("2026-11-22T09:00:00Z", "2026-11-22T10:00:00Z", "right"),
    ("2026-11-22T10:00:00+02:00", "2026-11-22T09:00:00Z", "right"),
    ("2026-11-22T09:15:00Z", "2026-11-22T09:00:00Z", None),  # within the tolerance
    ("2026-11-22T09:15:01Z", "2026-11-22T09:00:00Z", "left"),
    (None, "2026-11-22T09:00:00Z", None),
    ("2026-11-22T10:00:00", "2026-11-22T09:00:00Z", None),  # without a zone nobody knows
    ("soon", "2026-11-22T09:00:00Z", None),
]


@pytest.mark.parametrize(("left", "right", "winner"), NEWEST)
@pytest.mark.parametrize("is_of_field", [False, True])
@pytest.mark.parametrize("granularity", Granularity)
def test_merge_newest_wins_and_within_the_tolerance_asks_E5_E19(
    left: str | None, right: str | None, winner: str | None, is_of_field: bool, granularity: Granularity
) -> None:
    rule, fields = (Rule.ASK, {"phone": Rule.NEWEST}) if is_of_field else (Rule.NEWEST, {})
    flow = a_flow(PHONE, conflict=Conflict(rule=rule, fields=fields, granularity=granularity))
    result = merged(flow, {"phone": "1"}, {"phone": "2"}, {"phone": "3"}, stamps=(left, right))
    expected = {"left": {"right": {"phone": "2"}}, "right": {"left": {"phone": "3"}}, None: {}}[winner]
    assert given(result) == expected
    assert bool(result.conflicts) is (winner is None)


# --- E17: decided


@pytest.mark.parametrize(
    ("take", "written"),
    [
        (Rule.LEFT, {"right": {"title": "b", "phone": "2"}, "left": {"city": "Y"}}),
        (Rule.RIGHT, {"right": {"title": "b"}, "left": {"city": "Y", "phone": "3"}}),
        (Rule.IGNORE, {"right": {"title": "b"}, "left": {"city": "Y"}}),
    ],
)
def test_merge_decided_field_E17(take: Rule, written: dict[str, Any]) -> None:
    result = merged(a_flow(), BASE, CRM, PIM, decided={"phone": take})
    assert given(result) == written
    assert not result.conflicts
    assert result.kept_apart == (["phone"] if take is Rule.IGNORE else [])
    assert result.is_settled is (take is not Rule.IGNORE)


@pytest.mark.parametrize(
    ("take", "written"),
    [
        (Rule.LEFT, {"right": {"title": "b", "phone": "2", "city": "X"}}),
        (Rule.RIGHT, {"left": {"title": "a", "phone": "3", "city": "Y"}}),
        (Rule.IGNORE, {}),
    ],
)
def test_merge_decided_record_the_winners_whole_record_stands_E17_S14(take: Rule, written: dict[str, Any]) -> None:
    flow = a_flow(conflict=Conflict(granularity=Granularity.RECORD))
    result = merged(flow, BASE, CRM, PIM, decided=dict.fromkeys(BASE, take))
    assert given(result) == written
    assert not result.conflicts
