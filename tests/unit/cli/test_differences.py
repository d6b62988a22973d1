"""Two values side by side, abbreviated with the differing part in sight."""

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from tallystick.cli.differences import LIMIT, difference, shortened, worded


def test_short_values_stand_whole():
    old, new = difference("ThinkPad X1", "ThinkPad X1 Carbon")
    assert (old.text, new.text) == ("ThinkPad X1", "ThinkPad X1 Carbon")
    assert (new.before, new.middle, new.after) == ("ThinkPad X1", " Carbon", "")


def test_long_values_show_the_part_that_differs():
    start, end = "the beginning of a long remark " * 5, " and its equally long ending" * 5
    old, new = difference(f"{start}OLD{end}", f"{start}NEW{end}")
    assert old.text == "…long remark OLD and its equ…"
    assert new.text == "…long remark NEW and its equ…"
    assert (old.middle, new.middle) == ("OLD", "NEW")


def test_long_difference_is_itself_abbreviated():
    _, new = difference("x", "y" * 500)
    assert len(new.text) == LIMIT
    assert "…" in new.text


@pytest.mark.parametrize(
    ("old", "new", "shown"),
    [
        (None, "", ("(none)", "(empty)")),
        ("", None, ("(empty)", "(none)")),
        ("1", None, ("1", "(none)")),
        (None, {"ref": ["people", "left", "12"]}, ("(none)", "(the partner of people left 12)")),
        ("a\x1b[1m", "a", ("a\\x1b[1m", "a")),
    ],
)
def test_null_empty_reference_and_escapes_are_worded(old, new, shown):
    assert tuple(one.text for one in difference(old, new)) == shown


def test_difference_never_splits_what_a_person_sees_as_one_character():
    family, other = "👩‍👩‍👧", "👩‍👩‍👦"
    old, new = difference(f"team {family}", f"team {other}")
    assert (old.middle, new.middle) == (family, other)
    old, new = difference("cafe", "cafe\u0301")
    assert (old.before, old.middle, new.middle) == ("caf", "e", "e\u0301")


@given(st.text(min_size=1), st.text(min_size=1))
def test_difference_parts_make_up_short_values(old, new):
    one, two = difference(old, new, limit=10_000)
    assert (one.text, two.text) == (worded(old), worded(new))
    assert one.before == two.before
    assert one.after == two.after


@given(st.text(min_size=200), st.text(min_size=200), st.integers(8, 60))
def test_abbreviated_values_have_a_bounded_length(old, new, limit):
    for one in difference(old, new, limit=limit):
        assert len(regex.findall(r"\X", one.text)) <= limit + 2 * 14
    assert len(regex.findall(r"\X", shortened(old, limit))) <= limit
