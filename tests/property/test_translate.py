"""Laws of translating, over lines of every kind and values of every sort (E6, E8)."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from typing import Final

import orjson
import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from tallystick.engine.graphemes import cut
from tallystick.engine.translate import Line, Trouble
from tallystick.model.flow import TooLong
from tallystick.model.side import SIDES, Side
from tallystick.model.value import FieldType, Value
from tests.unit.engine.translating import LEFT, RIGHT, code_set, field_map, line, translator

CHARS: Final = st.characters(exclude_categories=("Cs",), exclude_characters="\x00")
TEXTS: Final = st.text(CHARS, max_size=40).map(lambda text: unicodedata.normalize("NFC", text))
EMOJI: Final = st.text(st.sampled_from("a é́👨‍👩👍🏽🇬🇧\r\n한ก็"), max_size=30)
DATES: Final = st.dates().map(lambda day: day.isoformat())
NUMBERS: Final = st.integers(-(10**12), 10**12).map(str)
LISTS: Final = st.lists(TEXTS, max_size=4).map(lambda items: orjson.dumps(items).decode())
MOMENTS: Final = st.datetimes().map(lambda at: at.replace(microsecond=0).isoformat())
CODES: Final = st.sampled_from(["A", "B", "C", "Z", ""])
SET: Final = code_set(
    {"A": ("1", "2"), "B": ("3",), "C": ("3",)}, {"1": ("A",), "2": ("A",), "3": ("B", "C"), "*": ("C",)}
)

KINDS: Final[Mapping[FieldType, st.SearchStrategy[str]]] = {
    FieldType.TEXT: TEXTS | EMOJI,
    FieldType.INTEGER: NUMBERS,
    FieldType.DECIMAL: st.decimals(-1000, 1000, places=2).map(lambda n: format(n.normalize() + 0, "f")),
    FieldType.BOOLEAN: st.sampled_from(["true", "false"]),
    FieldType.DATE: DATES,
    FieldType.TIME: st.times().map(lambda at: at.replace(microsecond=0).isoformat()),
    FieldType.DATETIME: MOMENTS.map(lambda text: text + "Z"),
    FieldType.LOCAL_DATETIME: MOMENTS,
    FieldType.LIST: LISTS,
    FieldType.JSON: st.recursive(
        st.none() | st.booleans() | st.integers(-100, 100) | TEXTS,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
        max_leaves=6,
    ).map(lambda value: orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()),
}
ZONES: Final = {LEFT: "America/New_York", RIGHT: "Europe/London"}


@st.composite
def lines(
    draw: st.DrawFn,
) -> tuple[Line, st.SearchStrategy[Mapping[str, Value]], st.SearchStrategy[Mapping[str, Value]]]:
    """A line with records of its left and its right."""
    kinds = {side: draw(st.sampled_from(sorted(KINDS))) for side in SIDES}
    limits = draw(st.dictionaries(st.sampled_from(SIDES), st.integers(0, 20), max_size=2))
    long = {"max": limits, "too_long": draw(st.sampled_from(TooLong))}
    texts = {side: st.none() | KINDS[kinds[side]] | TEXTS | EMOJI for side in SIDES}
    match draw(st.integers(0, 4)):
        case 0:
            made = line(types=kinds, zones=ZONES, **long)
            return made, st.fixed_dictionaries({"a": texts[LEFT]}), st.fixed_dictionaries({"b": texts[RIGHT]})
        case 1:
            values = st.none() | CODES
            made = line(codes=SET, **long)
            return made, st.fixed_dictionaries({"a": values}), st.fixed_dictionaries({"b": values | st.just("1")})
        case 2:
            joint = draw(st.sampled_from([" ", ", ", "\n", "-"]))
            made = line(("x", "y", "z"), "b", join=joint, **long)
            parts = st.none() | TEXTS
            return (
                made,
                st.fixed_dictionaries({"x": parts, "y": parts, "z": parts}),
                st.fixed_dictionaries({"b": parts}),
            )
        case 3:
            listed = draw(st.sampled_from([FieldType.LIST, FieldType.TEXT]))
            made = line(separator=draw(st.sampled_from([";", ", ", "\n", " "])), types={LEFT: listed}, **long)
            return (
                made,
                st.fixed_dictionaries({"a": st.none() | LISTS | TEXTS}),
                st.fixed_dictionaries({"b": st.none() | TEXTS}),
            )
        case _:
            default = draw(st.dictionaries(st.sampled_from(SIDES), st.none() | TEXTS))
            made = line(default=default, facts={RIGHT: {"is_nullable": False}}, **long)
            return made, st.fixed_dictionaries({"a": st.none() | TEXTS}), st.fixed_dictionaries({"b": TEXTS})


@given(lines().flatmap(lambda made: st.tuples(st.just(made[0]), made[1])))
def test_translation_agrees_with_its_source_E8(case: tuple[Line, Mapping[str, Value]]) -> None:
    made, left = case
    translated = made.towards(RIGHT, left)
    if translated.trouble is None:
        assert made.agrees(left, translated.values)  # type: ignore[arg-type]


@given(lines().flatmap(lambda made: st.tuples(st.just(made[0]), made[2])))
def test_translation_to_the_left_agrees_with_its_source_E8(case: tuple[Line, Mapping[str, Value]]) -> None:
    made, right = case
    translated = made.towards(LEFT, right)
    if translated.trouble is None:
        assert made.agrees(translated.values, right)  # type: ignore[arg-type]


@given(lines().flatmap(lambda made: st.tuples(st.just(made[0]), made[1])))
def test_translation_without_loss_settles_in_one_round_trip_E23(case: tuple[Line, Mapping[str, Value]]) -> None:
    """What came back from the other side translates to what is there already: no third write."""
    made, left = case
    there = made.towards(RIGHT, left)
    if there.trouble is None and not there.is_lossy:
        back = made.towards(LEFT, there.values)  # type: ignore[arg-type]
        if back.trouble is None:
            again = made.towards(RIGHT, back.values)  # type: ignore[arg-type]
            assert again.trouble is not None or made.agrees(back.values, again.values)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (FieldType.TEXT, FieldType.TEXT),
        *((kind, FieldType.TEXT) for kind in KINDS),
        (FieldType.INTEGER, FieldType.DECIMAL),
        (FieldType.DATE, FieldType.LOCAL_DATETIME),
        (FieldType.BOOLEAN, FieldType.INTEGER),
    ],
)
@given(data=st.data())
def test_lossless_types_lead_back_E6(left: FieldType, right: FieldType, data: st.DataObject) -> None:
    value = data.draw(KINDS[left])
    made = line(types={LEFT: left, RIGHT: right})
    there = made.towards(RIGHT, {"a": unicodedata.normalize("NFC", value)})
    assert not there.is_lossy
    back = made.towards(LEFT, there.values)  # type: ignore[arg-type]
    assert back.values == {"a": unicodedata.normalize("NFC", value)}


@given(st.sampled_from(["America/New_York", "Europe/London", "Asia/Kolkata", "Pacific/Apia"]), MOMENTS)
def test_local_moment_leads_back_unless_it_is_said_to_be_lossy_E6(zone: str, local: str) -> None:
    made = line(types={LEFT: FieldType.LOCAL_DATETIME, RIGHT: FieldType.DATETIME}, zones={LEFT: zone})
    there = made.towards(RIGHT, {"a": local})
    if there.trouble is None and not there.is_lossy:
        assert made.towards(LEFT, there.values).values == {"a": local}  # type: ignore[arg-type]


@given(TEXTS | EMOJI, st.integers(0, 30))
def test_cut_never_splits_what_people_see_as_one_S19(text: str, limit: int) -> None:
    short = cut(text, limit)
    clusters = regex.findall(r"\X", text)
    kept = regex.findall(r"\X", short)
    assert len(short) <= limit
    assert kept == clusters[: len(kept)]
    if len(kept) < len(clusters):
        assert len(short) + len(clusters[len(kept)]) > limit


@given(st.lists(st.none() | TEXTS, min_size=3, max_size=3), st.integers(0, 12), st.booleans())
def test_record_says_what_its_lines_say_E6(values: list[Value], limit: int, is_cut: bool) -> None:
    """The fast way of a whole record and the way of single lines are one."""
    how = TooLong.CUT if is_cut else TooLong.HOLD
    maps = [
        field_map("a", "b"),
        field_map("c", "d", max={RIGHT: limit}, too_long=how),
        field_map("e", "f", types={RIGHT: FieldType.INTEGER}),
    ]
    made = translator(*maps)
    record = dict(zip("ace", values, strict=True))
    whole = made.record(Side.RIGHT, record)
    single = {line.name: line.towards(Side.RIGHT, record) for line in made.lines}
    assert whole.values == {name: value for found in single.values() for name, value in found.values.items()}
    assert set(whole.lossy) == {name for name, found in single.items() if found.is_lossy}
    assert set(whole.held) == {name for name, found in single.items() if found.trouble is Trouble.TOO_LONG}
    assert set(whole.rejects) == {name for name, found in single.items() if found.trouble is Trouble.UNFIT}
