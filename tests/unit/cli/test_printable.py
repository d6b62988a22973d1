"""Text from records, made safe for a terminal and for any encoding."""

import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallystick.cli.printable import prepare, printable, printable_json, spells_unicode


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain ASCII and Ünïcode 漢字 🙂", "plain ASCII and Ünïcode 漢字 🙂"),
        ("\x1b[2Jgone", "\\x1b[2Jgone"),
        ("\x1b]0;title\x07", "\\x1b]0;title\\x07"),
        ("\x9b31mred", "\\x9b31mred"),
        ("two\nlines\tand\rmore", "two\\nlines\\tand\\rmore"),
        ("user\u202etxt.exe", "user\\u202etxt.exe"),
        ("half \ud83d pair", "half \\ud83d pair"),
        ("a\u2028b\x7f", "a\\u2028b\\x7f"),
    ],
)
def test_printable_shows_what_a_terminal_would_obey(text, shown):
    assert printable(text) == shown


@given(st.text(st.characters(exclude_categories=())))
def test_printable_leaves_nothing_to_obey(text):
    shown = printable(text)
    assert not any(ord(c) < 32 or 127 <= ord(c) < 160 or 0xD800 <= ord(c) < 0xE000 for c in shown)


@given(st.dictionaries(st.text(), st.text(st.characters(exclude_categories=()))), st.booleans())
def test_printable_json_means_the_same(data, is_ascii):
    text = printable_json(json.dumps(data, ensure_ascii=is_ascii))
    assert json.loads(text) == data
    assert not any(127 <= ord(c) < 160 or 0xD800 <= ord(c) < 0xE000 for c in text)


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8", "cp1252"])
def test_prepared_stream_takes_every_text(encoding):
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding=encoding)
    prepare(stream)
    stream.write("Łukasz 漢字 … 'half' \ud800\n")
    stream.flush()
    assert raw.getvalue().decode(encoding).endswith("\n")


def test_prepared_ascii_stream_writes_our_typography_plainly():
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    prepare(stream)
    stream.write("a … b · é 漢")
    stream.flush()
    assert raw.getvalue() == b"a ... b - \\xe9 \\u6f22"


@pytest.mark.parametrize(("encoding", "expected"), [("utf-8", True), ("utf-16", True), ("ascii", False), ("x", False)])
def test_spells_unicode(encoding, expected):
    class Stream(io.StringIO):
        pass

    stream = Stream()
    stream.__class__.encoding = encoding
    assert spells_unicode(stream) is expected
