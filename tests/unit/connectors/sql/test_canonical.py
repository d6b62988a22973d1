"""Whole columns and single values are told alike, in canonical text. Source: model/value.py."""

from __future__ import annotations

from datetime import UTC
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallystick.connectors import spelling
from tallystick.connectors.sql.canonical import canonical_column
from tallystick.model.value import FieldType

BERLIN = ZoneInfo("Europe/Berlin")
SPELLED = {
    FieldType.TEXT: {"e\u0301": "\u00e9", "\u212a": "K", "a\r\nb": "a\r\nb", "": ""},
    FieldType.INTEGER: {"007": "7", "-0": "0", "+5": "5", "1.0": None, "": None, "9" * 40: "9" * 40},
    FieldType.DECIMAL: {"12.50": "12.5", "-0.00": "0", "1e3": "1000", ".5": "0.5", "1E-7": "0.0000001", "x": None},
    FieldType.BOOLEAN: {"t": "true", "0": "false", "TRUE": "true", "2": None},
    FieldType.DATE: {"2026-11-22": "2026-11-22", "2026-11-22 00:00:00": "2026-11-22", "2026-11-22 09:00:00": None},
    FieldType.TIME: {"09:30": "09:30:00", "09:30:00.500": "09:30:00.5", "24:00:00": None},
    FieldType.DATETIME: {
        "2026-11-22 09:30:00": "2026-11-22T09:30:00Z",
        "2026-11-22T11:30:00.120+02:00": "2026-11-22T09:30:00.12Z",
        "2026-11-22 09:30:00+00": "2026-11-22T09:30:00Z",
        "2026-11-22 09:30:00.1234567": "2026-11-22T09:30:00.1234567Z",
        "2026-11-22": "2026-11-22T00:00:00Z",
        "0000-00-00 00:00:00": None,
        "soon": None,
    },
    FieldType.LOCAL_DATETIME: {"2026-11-22 09:30:00.000": "2026-11-22T09:30:00", "2026-02-30 09:30:00": None},
    FieldType.LIST: {'["A", "B"]': '["A","B"]', "[1.50]": '["1.50"]', "[null]": None, "{}": None},
    FieldType.JSON: {'{"b": 1.50, "a": {}}': '{"a":{},"b":1.50}', "{": None, "NaN": None},
}


@pytest.mark.parametrize("type_", SPELLED)
def test_spelling_becomes_canonical_or_a_fault_alone_and_in_a_column_E7(type_):
    texts = SPELLED[type_]
    column, faults = canonical_column(pa.array(list(texts)), type_, UTC)
    assert dict(zip(texts, column.to_pylist(), strict=True)) == texts
    assert set(faults) == {row for row, told in enumerate(texts.values()) if told is None}
    for text, told in texts.items():
        (one,), fault = canonical_column(pa.array([text]), type_, UTC)
        assert (one.as_py(), bool(fault)) == (told, told is None)


@given(st.lists(st.floats(), min_size=1))
def test_floats_are_told_by_the_shortest_number_that_reads_back(found):
    column, _ = canonical_column(pa.array(found, pa.float64()), FieldType.DECIMAL, UTC)
    assert column.to_pylist() == [spelling.decimal(value) for value in found]


@given(st.datetimes(), st.sampled_from([" ", "T"]), st.sampled_from(["", "Z", "+00:00", "+00", "+05:30"]))
def test_moment_however_spelled_is_told_alike_alone_and_in_a_column(moment, between, zone):
    text = moment.isoformat(between) + zone
    for type_ in (FieldType.DATETIME, FieldType.LOCAL_DATETIME):
        column, faults = canonical_column(pa.array([text, None]), type_, UTC)
        try:
            told = spelling.canonical(text, type_, UTC)
        except ValueError:
            assert list(faults) == [0]
        else:
            assert column.to_pylist() == [told, None]


def test_moment_without_a_zone_is_of_the_zone_of_the_settings():
    column, _ = canonical_column(pa.array(["2026-07-01 09:30:00", "2026-12-01 09:30:00.5"]), FieldType.DATETIME, BERLIN)
    assert column.to_pylist() == ["2026-07-01T07:30:00Z", "2026-12-01T08:30:00.5Z"]
    column, _ = canonical_column(pa.array(["2026-07-01T09:30:00Z"]), FieldType.LOCAL_DATETIME, BERLIN)
    assert column.to_pylist() == ["2026-07-01T11:30:00"]
