"""What is not YAML is refused at its line with advice; what multiplies or nests without end is stopped."""

from itertools import pairwise

import pytest

from tallystick.errors import DocumentErrors
from tallystick.spec.parse import parse


def fault(text: str):
    with pytest.raises(DocumentErrors) as raised:
        parse(text, "x.yaml")
    (only,) = raised.value.faults
    return only.line, only.message, only.hint


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("a: 1\nb: c: d", 2, "A second `: ` stands on this line"),
        ("a:\n\t- b", 2, "A tab stands in the indentation."),
        ("a: 1\nb: [1, 2\nc: 3", 3, "of line 2 is not closed, or a comma is missing."),
        ("a: {b: 1", 1, "of line 1 is not closed"),
        ('a: "x\nb: 1', 1, "The quote that begins here is not closed."),
        ("a: @x", 1, "A value cannot begin with '@'."),
        ("a: %x", 1, "A value cannot begin with '%'."),
        ('a: "\\q"', 1, "A backslash in double quotes begins an escape that does not exist."),
        ("a:\n  b: 1\n c: 2", 3, "This line does not fit the indentation of what began on line 1."),
        ("a: {url: ${NAME}}", 1, "Inside braces `${` begins a mapping of its own."),
        ("a: *b", 1, "*b refers to an anchor that is not written above."),
        ("a: &b [*b]", 1, "*b stands inside the value that it refers to."),
        ("%YAML 1.1\n---\na: yes", 2, "Only YAML 1.2 is read."),
        ("a: 1\n---\nb: 2", 2, "A second document begins here."),
        ("a: !!python/object:os.system x", 1, "The tag !!python/object:os.system is not read."),
        ("? [a]\n: b", 1, "A list or a mapping stands where a key has to."),
        ("a: 1\nb: {<<: 5}", 2, "`<<` takes in a mapping only."),
        ("[" * 100_000, 1, "Values are nested deeper than 40 levels."),
        ("- " * 1_000 + "x", 1, "Values are nested deeper than 40 levels."),
    ],
)
def test_parse_refuses_with_line_and_sentence(text, line, message):
    found = fault(text)
    assert found[0] == line
    assert message in found[1]


def test_parse_stops_anchors_that_multiply():
    names = "abcdefghij"
    text = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]\n" for before, name in pairwise(names)
    )
    assert fault(text)[1] == "The file holds more than 200000 values."


def test_parse_stops_merge_keys_that_multiply():
    names = "abcdefghij"
    text = "a: &a {x: 1}\n" + "".join(
        f"{name}: &{name} {{<<: [{', '.join([f'*{before}'] * 9)}]}}\n" for before, name in pairwise(names)
    )
    assert fault(text)[1] == "The file holds more than 200000 values."


def test_parse_stops_one_merge_key_that_takes_in_much():
    many = ", ".join(f"k{number}: 1" for number in range(2_000))
    text = f"a: &a {{{many}}}\nb: {{<<: [{', '.join(['*a'] * 20_000)}]}}\n"
    assert fault(text)[:2] == (2, "The file holds more than 200000 values.")


def test_parse_keys_are_text():
    tree = parse("on: 1\nyes: 2\nnull: 3\n~x: 4\n010: 5\n5: 6\ntrue: 7\n*: 8\n", "x.yaml")
    assert tree.data == {"on": 1, "yes": 2, "null": 3, "~x": 4, "010": 5, "5": 6, "true": 7, "*": 8}
    assert tree.source.lines[("null",)] == 3


def test_parse_key_written_twice_is_a_fault_with_both_lines():
    tree = parse("a: 1\nb:\n  c: 1\n  d: 2\n  c: 3\n", "x.yaml")
    (found,) = tree.faults
    assert (found.path, found.line, found.message) == (("b", "c"), 5, "`c` is written twice, first on line 3.")
    assert tree.data == {"a": 1, "b": {"c": 1, "d": 2}}


def test_parse_lines_are_those_of_keys_and_items():
    tree = parse("a:\n  - b: 1\n    c:\n      d: 2\n  -\n    e: 3\n", "x.yaml")
    assert tree.source.lines == {
        ("a",): 1,
        ("a", 0): 2,
        ("a", 0, "b"): 2,
        ("a", 0, "c"): 3,
        ("a", 0, "c", "d"): 4,
        ("a", 1): 6,
        ("a", 1, "e"): 6,
    }
