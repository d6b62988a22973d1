"""Differences of texts."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tallystick.server.ui.differences import LONGEST, Line, LineKind, Part, lines, parts


def test_only_differing_characters_are_marked():
    assert parts("12 Fleet Street", "12 Fleet St.") == [
        Part(before="12 Fleet St", after="12 Fleet St"),
        Part(before="reet", after="."),
    ]


def test_short_equal_stretches_join_the_change():
    assert parts("abcXd", "abcdY") == [Part(before="abc", after="abc"), Part(before="Xd", after="dY")]


def test_equal_texts_have_no_change():
    assert parts("same", "same") == [Part(before="same", after="same")]
    assert parts("", "") == []


def test_very_long_texts_differ_as_a_whole():
    before, after = "a" * LONGEST, "b"
    assert parts(before, after) == [Part(before=before, after=after)]


@given(st.text(max_size=60), st.text(max_size=60))
def test_parts_joined_give_both_texts_again(before, after):
    found = parts(before, after)
    assert "".join(part.before for part in found) == before
    assert "".join(part.after for part in found) == after
    assert all(part.before or part.after for part in found)


def test_lines_that_differ_come_with_what_is_around_them():
    before = "\n".join(f"line {n}" for n in range(30))
    after = before.replace("line 3\n", "line three\n").replace("line 25", "line 25 and more")
    found = list(lines(before, after, around=1))
    assert found == [
        Line(kind=LineKind.SAME, text="line 2"),
        Line(kind=LineKind.REMOVED, text="line 3"),
        Line(kind=LineKind.ADDED, text="line three"),
        Line(kind=LineKind.SAME, text="line 4"),
        Line(kind=LineKind.PLACE, text="⋯"),
        Line(kind=LineKind.SAME, text="line 24"),
        Line(kind=LineKind.REMOVED, text="line 25"),
        Line(kind=LineKind.ADDED, text="line 25 and more"),
        Line(kind=LineKind.SAME, text="line 26"),
    ]


def test_lines_of_equal_documents_are_none():
    assert list(lines("a: 1\n", "a: 1\n")) == []
