"""Content lines keep every octet. Source: RFC 5545 3.1, RFC 6350 3.2."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallystick.connectors.dav.lines import Component, fold, parse, view_of, with_param
from tallystick.connectors.dav.text import decode, encode, escape, split, unescape

BODIES = ["vcard/*.vcf", "ics/*.ics"]
TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"], include_characters="\n\t"))


def test_every_sample_is_written_back_octet_for_octet(samples):
    files = [file for pattern in BODIES for file in samples.glob(pattern)]
    assert len(files) > 40
    for file in files:
        content = file.read_bytes()
        assert encode(parse(decode(content)).text()) == content, file.name


@given(st.binary(max_size=400))
def test_any_octets_are_written_back_octet_for_octet(content):
    assert encode(parse(decode(content)).text()) == content


@given(
    st.lists(
        st.sampled_from(
            ["BEGIN:VCARD", "END:VCARD", "BEGIN:VEVENT", "END:VEVENT", " folded", "\tfolded", "NOTE:a=", "", "no colon",
             "N;X=\"a:b\":c", "A.TEL;WORK:1", "NOTE;ENCODING=QUOTED-PRINTABLE:a=", "PHOTO;ENCODING=b:AAAA", "AAAA"]
        )
    ),
    st.sampled_from(["\r\n", "\n", "\r"]),
)  # fmt: skip
def test_any_order_of_lines_is_written_back_as_it_was(lines, end):
    body = end.join(lines)
    assert parse(body).text() == body


def test_line_tells_group_name_parameters_and_value():
    line = parse('item1.tel;TYPE="work,voice";PREF=1;X-A="b;c:d":tel:+1;ext=2\r\n').items[0]
    assert (line.group, line.name, line.value) == ("ITEM1", "TEL", "tel:+1;ext=2")
    assert line.params() == (("TYPE", "work,voice"), ("PREF", "1"), ("X-A", "b;c:d"))
    assert line.types() == {"work", "voice", "pref"}


def test_bare_words_of_vcard_2_1_are_types_and_encodings():
    line = parse("TEL;WORK;FAX;QUOTED-PRINTABLE:1\r\n").items[0]
    assert line.types() == {"work", "fax"}
    assert line.is_quoted_printable


def test_fold_may_split_a_character_of_utf_8_in_what_is_read():
    octets = "NOTE:Zoë".encode()
    content = octets[:-1] + b"\r\n " + octets[-1:] + b"\r\n"
    line = parse(decode(content)).items[0]
    assert encode(line.value).decode() == "Zoë"


@given(TEXTS.map(escape))
def test_folded_lines_are_short_and_unfold_to_the_same(value):
    raw = fold(f"NOTE:{value}", "\r\n")
    assert all(len(line.encode()) <= 75 for line in raw.split("\r\n"))
    assert parse(raw).items[0].value == value


@given(TEXTS)
def test_text_is_escaped_and_unescaped_to_the_same(text):
    assert unescape(escape(text)) == text


@given(st.lists(TEXTS, min_size=1, max_size=5), st.sampled_from([";", ","]))
def test_parts_are_split_where_no_backslash_stands(parts, separator):
    assert [unescape(part) for part in split(separator.join(map(escape, parts)), separator)] == parts


@pytest.mark.parametrize(
    ("head", "name", "value", "expected"),
    [
        ("TEL;WORK;VALUE=uri;X=1", "VALUE", None, "TEL;WORK;X=1"),
        ("DTSTART", "TZID", "Europe/London", "DTSTART;TZID=Europe/London"),
        ("DTSTART;tzid=Old;X=1", "TZID", "New", "DTSTART;TZID=New;X=1"),
        ("NOTE;QUOTED-PRINTABLE;WORK", "ENCODING", None, "NOTE;WORK"),
    ],
)
def test_parameter_is_set_in_its_place(head, name, value, expected):
    assert with_param(head, name, value) == expected


def test_line_added_to_a_body_cut_off_in_its_last_line_stands_by_itself():
    root = parse("BEGIN:VCARD\r\nFN:x")
    card = root.components("VCARD")[0]
    card.add("NOTE", "y")
    assert root.text() == "BEGIN:VCARD\r\nFN:x\r\nNOTE:y\r\n"


def test_deep_nesting_is_kept_as_lines():
    body = "BEGIN:A\r\n" * 200
    root = parse(body)
    assert root.text() == body
    depth, item = 0, root
    while isinstance(item, Component):
        depth, item = depth + 1, item.items[-1] if item.items else None
    assert depth < 40


@given(st.text(string.printable))
def test_printable_text_is_written_back_as_it_was(body):
    assert parse(body).text() == body


LINES = st.lists(
    st.sampled_from(
        ["BEGIN:VCARD", "END:VCARD", "BEGIN:VEVENT", "END:VEVENT", "", "no colon", "N;X=\"a:b\":c", "A.TEL;WORK:1",
         "TEL;TYPE=WORK:2", "A.TEL:3", "NOTE:a\\nb=", "AAAA", "n:é\u2028\x0b\ud8ff", "N:d\r", "\"a:b"]
    )
)  # fmt: skip


@given(LINES, st.sampled_from(["\r\n", "\n", "\r"]))
def test_view_of_any_body_answers_as_its_tree_does(lines, end):
    body = end.join(lines)
    pairs = [(parse(body), view_of(body))]
    while pairs:
        tree, view = pairs.pop()
        for name in ["TEL", "N", "NOTE", "", "NONE"]:
            found = [(line.raw, line.head, line.value, line.group) for line in view.lines(name)]
            assert [(line.raw, line.head, line.value, line.group) for line in tree.lines(name)] == found
            assert view.line(name) is (view.lines(name)[0] if found else None)
        assert tree.text() == view.text()
        names = ("VCARD", "VEVENT")
        pairs += zip(tree.components(*names), view.components(*names), strict=True)


@given(LINES, st.sampled_from(["\r\n", "\n"]))
def test_lines_of_a_body_do_not_depend_on_whether_another_one_is_folded(lines, end):
    body = "".join(line + end for line in lines)
    folded = [(line.raw, line.head, line.value, line.name) for line in flat(parse(f"{body}X:1\n y\n"))]
    assert [(line.raw, line.head, line.value, line.name) for line in flat(parse(body))] == folded[:-1]


def flat(component):
    for item in component.items:
        if isinstance(item, Component):
            yield from flat(item)
        else:
            yield item
