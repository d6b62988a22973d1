"""Lines between one field and another: rename, type, null, length, constant, default, expression (E6, E8, E9, S19)."""

from __future__ import annotations

from typing import Any

import pytest

from tallystick.engine.translate import Trouble
from tallystick.errors import ConfigurationError
from tallystick.model.flow import TooLong
from tallystick.model.value import FieldType
from tests.unit.engine.translating import LEFT, RIGHT, field_map, line, translator

FAMILY = "👨‍👩‍👧‍👦"  # seven code points that people see as one


# --- rename, null, missing


def test_rename_value_keeps_it_both_ways_E6() -> None:
    name = line()
    assert name.towards(RIGHT, {"a": " x "}).values == {"b": " x "}
    assert name.towards(LEFT, {"b": " x "}).values == {"a": " x "}


def test_null_empty_and_missing_are_three_things_E9() -> None:
    name = line()
    assert name.towards(RIGHT, {"a": None}).values == {"b": None}
    assert name.towards(RIGHT, {"a": ""}).values == {"b": ""}
    missing = name.towards(RIGHT, {})
    assert (missing.values, missing.trouble) == ({}, Trouble.MISSING)
    assert not name.agrees({"a": None}, {"b": ""})
    assert name.agrees({}, {"b": "x"})  # nothing is known that differs


def test_null_towards_a_text_that_is_never_null_is_empty_E9() -> None:
    name = line(facts={RIGHT: {"is_nullable": False}})
    assert name.towards(RIGHT, {"a": None}).values == {"b": ""}
    assert name.agrees({"a": None}, {"b": ""})


def test_null_towards_a_required_text_stays_null_for_the_plan_to_refuse_E24() -> None:
    name = line(facts={RIGHT: {"is_nullable": False, "is_required": True}})
    assert name.towards(RIGHT, {"a": None}).values == {"b": None}


def test_text_in_another_unicode_form_is_normalised() -> None:
    assert line().towards(RIGHT, {"a": "e\u0301"}).values == {"b": "é"}
    assert line().agrees({"a": "é"}, {"b": "e\u0301"})


# --- types


@pytest.mark.parametrize(
    ("source", "target", "value", "expected"),
    [
        ("text", "integer", " +012 ", "12"),
        ("text", "integer", "12.00", "12"),
        ("text", "decimal", "1.50", "1.5"),
        ("text", "decimal", "1e3", "1000"),
        ("text", "decimal", "-0.0", "0"),
        ("text", "boolean", "Yes", "true"),
        ("text", "boolean", "0", "false"),
        ("boolean", "integer", "true", "1"),
        ("integer", "boolean", "0", "false"),
        ("decimal", "text", "1.5", "1.5"),
        ("text", "date", "20261122", "2026-11-22"),
        ("text", "date", "2026-11-22 00:00:00", "2026-11-22"),
        ("text", "time", "9:30".rjust(5, "0"), "09:30:00"),
        ("text", "datetime", "2026-11-22T09:30+01:00", "2026-11-22T08:30:00Z"),
        ("date", "datetime", "2026-11-22", "2026-11-22T00:00:00Z"),
        ("datetime", "date", "2026-11-22T23:30:00Z", "2026-11-22"),
        ("text", "list", "A", '["A"]'),
        ("text", "json", '{"b": 1, "a": 2}', '{"a":2,"b":1}'),
        ("text", "integer", "", None),
        ("text", "date", "  ", None),
    ],
)
def test_type_converts_canonical_text_E6(source: str, target: str, value: str, expected: str | None) -> None:
    converted = line(types={LEFT: FieldType(source), RIGHT: FieldType(target)}).towards(RIGHT, {"a": value})
    assert (converted.values, converted.trouble) == ({"b": expected}, None)


@pytest.mark.parametrize(
    ("target", "value", "problem"),
    [
        ("integer", "abc", "is not a whole number"),
        ("integer", "12.5", "is not a whole number"),
        ("decimal", "12,5", "is not a number (written like 12.5)"),
        ("decimal", "1e999999999", "is not a number (written like 12.5)"),
        ("decimal", "NaN", "is not a number (written like 12.5)"),
        ("boolean", "maybe", "is neither yes nor no"),
        ("date", "22.11.2026", "is not a date (written like 2026-11-22 or 2026-11-22T09:30:00)"),
        ("date", "2026-11-22T09:30:00", "has a time of day, where only a date is kept"),
        ("datetime", "2026-11-22T09:30:00", "names no time zone"),
        ("binary", "%", "is not base64"),
        ("json", "{", "is not JSON"),
    ],
)
def test_value_that_the_type_cannot_hold_rejects_with_a_sentence_E7(target: str, value: str, problem: str) -> None:
    rejected = line(types={RIGHT: FieldType(target)}).towards(RIGHT, {"a": value})
    assert (rejected.trouble, rejected.message) == (Trouble.UNFIT, f"a on the left is '{value}', which {problem}.")


def test_message_abbreviates_long_values() -> None:
    message = line(types={RIGHT: FieldType.INTEGER}).towards(RIGHT, {"a": "secret " * 1000}).message
    assert len(message) < 120


def test_declared_type_goes_before_the_described_one_E6() -> None:
    cost = line(types={RIGHT: FieldType.DECIMAL}, declared={LEFT: FieldType.DECIMAL, RIGHT: FieldType.TEXT})
    assert cost.towards(LEFT, {"b": "1.50"}).values == {"a": "1.5"}
    assert cost.agrees({"a": "1.5"}, {"b": "1.50"})


def test_moment_as_date_is_lossy_and_agrees_on_the_day_E8() -> None:
    due = line(types={LEFT: FieldType.DATETIME, RIGHT: FieldType.DATE})
    assert due.towards(RIGHT, {"a": "2026-11-22T09:30:00Z"}).is_lossy
    assert not due.towards(RIGHT, {"a": "2026-11-22T00:00:00Z"}).is_lossy
    assert due.agrees({"a": "2026-11-22T09:30:00Z"}, {"b": "2026-11-22"})
    assert not due.agrees({"a": "2026-11-22T09:30:00Z"}, {"b": "2026-11-23"})
    assert due.is_poorer(RIGHT, {"a": "2026-11-22T09:30:00Z"})


# --- zones


def start(**zones: str) -> Any:
    named = {side: zones[side.value] for side in (LEFT, RIGHT) if side.value in zones}
    return line(types={LEFT: FieldType.LOCAL_DATETIME, RIGHT: FieldType.DATETIME}, zones=named)


def test_zone_local_moment_becomes_an_instant_and_back_E6() -> None:
    meeting = start(left="America/New_York")
    assert meeting.towards(RIGHT, {"a": "2026-03-09T09:00:00"}).values == {"b": "2026-03-09T13:00:00Z"}
    assert meeting.towards(LEFT, {"b": "2026-03-02T14:00:00Z"}).values == {"a": "2026-03-02T09:00:00"}


def test_zone_local_time_that_a_clock_change_skips_moves_forward_by_the_gap() -> None:
    skipped = start(left="America/New_York").towards(RIGHT, {"a": "2026-03-08T02:30:00"})
    assert skipped.values == {"b": "2026-03-08T07:30:00Z"}  # 03:30 on the wall
    assert skipped.is_lossy


def test_zone_local_time_that_happens_twice_is_the_first() -> None:
    assert start(left="Europe/London").towards(RIGHT, {"a": "2026-10-25T01:30:00"}).values == {
        "b": "2026-10-25T00:30:00Z"
    }
    second = start(left="Europe/London").towards(LEFT, {"b": "2026-10-25T01:30:00Z"})
    assert (second.values, second.is_lossy) == ({"a": "2026-10-25T01:30:00"}, True)


def test_zone_two_local_sides_move_by_the_difference() -> None:
    both = line(
        types={LEFT: FieldType.LOCAL_DATETIME, RIGHT: FieldType.LOCAL_DATETIME},
        zones={LEFT: "Europe/London", RIGHT: "Asia/Kolkata"},
    )
    assert both.towards(RIGHT, {"a": "2026-11-22T09:00:00"}).values == {"b": "2026-11-22T14:30:00"}


def test_zone_of_a_text_field_makes_it_a_local_moment() -> None:
    stamp = line(types={RIGHT: FieldType.DATETIME}, zones={LEFT: "Europe/London"})
    assert stamp.towards(RIGHT, {"a": "2026-07-01 10:00"}).values == {"b": "2026-07-01T09:00:00Z"}


def test_zone_that_is_needed_and_not_declared_is_a_fault_of_the_file() -> None:
    with pytest.raises(ConfigurationError, match="no time zone says how they meet"):
        start()
    with pytest.raises(ConfigurationError, match="There is no time zone 'Mars'"):
        start(left="Mars")


def test_moment_at_the_end_of_the_calendar_is_a_reject_not_a_crash() -> None:
    last = start(left="America/New_York").towards(RIGHT, {"a": "9999-12-31T23:00:00"})
    assert (last.trouble, last.values) == (Trouble.UNFIT, {})


# --- length


def test_cut_ends_at_a_character_people_see_S19() -> None:
    subject = line(max={RIGHT: 254}, too_long=TooLong.CUT)
    text = "x" * 253 + FAMILY + "y" * 40
    cut = subject.towards(RIGHT, {"a": text})
    assert (cut.values, cut.is_lossy) == ({"b": "x" * 253}, True)
    assert subject.agrees({"a": text}, {"b": "x" * 253})
    assert subject.is_poorer(RIGHT, {"a": text})
    assert not subject.agrees({"a": text}, {"b": "x" * 252})


def test_cut_without_max_ends_at_what_the_field_holds_E6_S19() -> None:
    subject = line(too_long=TooLong.CUT, facts={RIGHT: {"max_length": 4}})
    assert subject.towards(RIGHT, {"a": "abcdef"}).values == {"b": "abcd"}
    assert line(too_long=TooLong.CUT).towards(RIGHT, {"a": "abcdef"}).values == {"b": "abcdef"}


def test_text_that_fits_is_not_lossy_E8() -> None:
    short = line(max={RIGHT: 3}, too_long=TooLong.CUT).towards(RIGHT, {"a": "abc"})
    assert (short.values, short.is_lossy) == ({"b": "abc"}, False)


def test_hold_leaves_the_field_with_a_sentence_S19() -> None:
    held = line("suffix", "suffix", max={RIGHT: 2}).towards(RIGHT, {"suffix": "III"})
    assert held.trouble is Trouble.TOO_LONG
    assert held.message == (
        "suffix on the left is 3 characters long and suffix on the right holds 2: shorten it, or let it be cut with "
        "`too_long: cut`."
    )


def test_refuse_rejects_the_record() -> None:
    assert line(max={RIGHT: 2}, too_long=TooLong.REFUSE).towards(RIGHT, {"a": "III"}).trouble is Trouble.UNFIT


def test_length_that_the_system_describes_counts_as_declared() -> None:
    described = {RIGHT: {"max_length": 2}}
    assert line(facts=described).towards(RIGHT, {"a": "III"}).trouble is Trouble.TOO_LONG
    assert line(facts=described, too_long=TooLong.CUT).towards(RIGHT, {"a": "III"}).values == {"b": "II"}
    assert line(facts=described, max={RIGHT: 9}, too_long=TooLong.CUT).towards(RIGHT, {"a": "III"}).values == {
        "b": "II"
    }


def test_cut_that_would_leave_nothing_holds_instead() -> None:
    assert line(max={RIGHT: 3}, too_long=TooLong.CUT).towards(RIGHT, {"a": FAMILY}).trouble is Trouble.TOO_LONG


# --- constant, default, expression


def test_constant_flows_one_way_only() -> None:
    source = line((), "source", constant={RIGHT: "CRM"})
    assert (source.can_flow(RIGHT), source.can_flow(LEFT)) == (True, False)
    assert source.towards(RIGHT, {}).values == {"source": "CRM"}
    assert source.agrees({}, {"source": "CRM"})
    assert not source.agrees({}, {"source": "x"})
    mapped = line("a", "b", constant={RIGHT: "CRM"})
    assert not mapped.can_flow(LEFT)


def test_default_is_written_where_the_source_is_null() -> None:
    kind = line(default={RIGHT: "other"})
    assert kind.towards(RIGHT, {"a": None}).values == {"b": "other"}
    assert kind.towards(RIGHT, {"a": ""}).values == {"b": ""}
    assert kind.agrees({"a": None}, {"b": "other"})
    dated = line(types={RIGHT: FieldType.DATE}, default={RIGHT: "2000-01-01"})
    assert dated.towards(RIGHT, {"a": ""}).values == {"b": "2000-01-01"}


def test_expression_computes_from_the_fields_it_names() -> None:
    label = line((), "label", expression={RIGHT: 'first_name & " " & last_name'})
    assert label.fields(LEFT) == ("first_name", "last_name")
    assert (label.can_flow(RIGHT), label.can_flow(LEFT)) == (True, False)
    values = {"first_name": "Mary", "last_name": "Smith"}
    assert label.towards(RIGHT, values).values == {"label": "Mary Smith"}
    assert label.agrees(values, {"label": "Mary Smith"})
    assert not label.agrees(values, {"label": "Mary"})
    assert label.towards(RIGHT, {"first_name": "Mary"}).trouble is Trouble.MISSING


def test_expression_without_a_value_rejects_the_record_E7() -> None:
    total = line((), "total", expression={RIGHT: "price * 2"})
    assert total.towards(RIGHT, {"price": "4"}).values == {"total": "8"}
    failed = total.towards(RIGHT, {"price": "cheap"})
    assert failed.trouble is Trouble.UNFIT
    assert failed.message.startswith("total on the right cannot be computed: ")


def test_expression_result_has_to_fit_its_field() -> None:
    total = line((), "total", types={RIGHT: FieldType.INTEGER}, expression={RIGHT: "price"})
    assert total.towards(RIGHT, {"price": "cheap"}).message == (
        "the expression for total on the left is 'cheap', which is not a whole number."
    )


def test_expressions_on_both_sides_that_do_not_lead_back_are_lossy_E8() -> None:
    code = line(expression={RIGHT: "upper(a)", LEFT: "lower(b)"})
    plain, lossy = code.towards(RIGHT, {"a": "ab"}), code.towards(RIGHT, {"a": "Ab"})
    assert (plain.values, plain.is_lossy) == ({"b": "AB"}, False)
    assert (lossy.values, lossy.is_lossy) == ({"b": "AB"}, True)
    assert code.agrees({"a": "Ab"}, {"b": "AB"})


# --- whole records


def test_record_translates_all_lines_at_once_E6() -> None:
    record = translator(
        field_map("a", "b"), field_map("c", "d"), field_map((), "source", constant={RIGHT: "CRM"})
    ).record(RIGHT, {"a": "1", "c": None, "unmapped": "x"})
    assert record.values == {"b": "1", "d": None, "source": "CRM"}
    assert (record.reject, record.waits_for, record.held, record.missing) == (None, None, {}, ())


def test_record_one_bad_field_rejects_with_all_sentences_E7() -> None:
    record = translator(
        field_map("a", "b", types={RIGHT: FieldType.INTEGER}),
        field_map("c", "d", types={RIGHT: FieldType.DATE}),
        field_map("e", "f"),
    ).record(RIGHT, {"a": "x", "c": "y", "e": "z"})
    assert record.values == {"f": "z"}
    assert record.reject is not None
    assert "a on the left is 'x'" in record.reject
    assert "c on the left is 'y'" in record.reject


def test_record_missing_fields_are_left_out_E9() -> None:
    record = translator(field_map("a", "b"), field_map("c", "d")).record(RIGHT, {"a": "1"})
    assert (record.values, record.missing) == ({"b": "1"}, ("c",))


def test_record_too_long_field_is_held_and_others_flow_S19() -> None:
    record = translator(field_map("a", "b", max={RIGHT: 2}), field_map("c", "d")).record(RIGHT, {"a": "III", "c": "1"})
    assert record.values == {"d": "1"}
    assert {name: held.trouble for name, held in record.held.items()} == {"a": Trouble.TOO_LONG}


def test_record_names_lossy_lines_E8() -> None:
    record = translator(field_map("a", "b", max={RIGHT: 2}, too_long=TooLong.CUT)).record(RIGHT, {"a": "III"})
    assert (record.values, record.lossy) == ({"b": "II"}, ("a",))


def test_record_normalises_unicode_on_the_fast_path() -> None:
    record = translator(field_map("a", "b"), field_map("c", "d")).record(RIGHT, {"a": "e\u0301", "c": None})
    assert record.values == {"b": "é", "d": None}


def test_paused_lines_neither_read_nor_write_E11() -> None:
    paused = translator(field_map("a", "b"), field_map("c", "d"), paused={"c"})
    assert [line.name for line in paused.lines] == ["a"]
    assert (paused.fields(LEFT), paused.fields(RIGHT)) == (("a",), ("b",))
    assert paused.record(RIGHT, {"a": "1", "c": "2"}).values == {"b": "1"}


# --- shared fields


def test_shared_translates_right_records_to_left_names_E14() -> None:
    shared = translator(field_map("serial", "serial_id"), field_map("cost", "amount", types={LEFT: FieldType.INTEGER}))
    assert shared.shared(RIGHT, {"serial_id": "SN9", "amount": "cheap"}, ["serial", "cost"]) == {
        "serial": "SN9",
        "cost": None,
    }
    assert shared.shared(LEFT, {"serial": "SN9"}, ["serial", "cost"]) == {"serial": "SN9", "cost": None}


def test_shared_cut_text_equals_its_source_E8() -> None:
    names = translator(field_map("name", "descr", max={RIGHT: 5}, too_long=TooLong.CUT))
    left = names.shared(LEFT, {"name": "Latitude 7420"}, ["name"])
    assert left == names.shared(RIGHT, {"descr": "Latit"}, ["name"]) == {"name": "Latit"}
