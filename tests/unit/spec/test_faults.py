"""Every fault of a file is named with its line, its key, a sentence and what to do (E40)."""

# ruff: noqa: E501  # one case, one line

import re

import pytest

from tallystick.errors import ConfigurationError, DocumentErrors
from tallystick.spec import load, loads

HEAD = """integration: demo
systems: {a: {connector: memory}, b: {connector: memory}}
code_sets: {status: {Open: O, Done: D}}
flows:
"""


def faults(text: str):
    """(line, key, message, hint) of every fault of `text`."""
    with pytest.raises(DocumentErrors) as raised:
        loads(text, "demo.yaml")
    assert all(fault.file == "demo.yaml" for fault in raised.value.faults)
    return [(fault.line, fault.key, fault.message, fault.hint) for fault in raised.value.faults]


def flow(keys: str = "", fields: str = "{left: x, right: y}", left: str = "", right: str = "") -> str:
    """A small file: `fields` stand from line 9 on, `keys` after them."""
    lines = "".join(f"      - {line}\n" for line in fields.splitlines())
    return f"""{HEAD}  - flow: f
    left: {{system: a, record: r{left}}}
    right: {{system: b, record: s{right}}}
    fields:
{lines}{keys}"""


def weights(instead: str) -> str:
    """A `match` with weights, on one line, of which one key is otherwise."""
    keys = {"start": "start: -5", "link": "link: 4", "ask": "ask: 0", "blocks": "blocks: [x]",
            "fields": "fields: {x: {as: code, same: 9}}"}  # fmt: skip
    keys[instead.partition(":")[0]] = instead
    return f"    match: {{weights: {{{', '.join(keys.values())}}}}}\n"


def only(text: str):
    found = faults(text)
    assert len(found) == 1, found
    return found[0]


@pytest.mark.parametrize(
    ("fields", "key", "message", "hint"),
    [
        ("{left: x, right: y, cods: status}", "cods", "There is no key `cods` here.", "Did you mean `codes`?"),
        ("{left: x, right: y, codes: stats}", "codes", "There is no code set `stats`.", "Did you mean `status`?"),
        ("{left: x, right: y, ref: people}", "ref", "There is no flow `people`.", "There are: f."),
        ("{left: 5, right: y}", "left", "Here a text is wanted, not `5`.", 'Write it in quotes: "5".'),
        ("{left: x, right: }", "right", "The key has no value.", "Write one, or leave the key out."),
        ("{left: x, right: {a: b}}", "right", "Here a text is wanted, not a mapping.", ""),
        ("{left: x, right: y, null: kep}", "null", "`kep` is not one of the values", "Did you mean `keep`?"),
        ("{left: x, right: y, max: {right: 0}}", "max.right", "Here a whole number from 1 is wanted, not `0`.", ""),
        ("{left: x, right: y, max: {right: true}}", "max.right", "Here a whole number from 1 is wanted, not `true`", ""),
        ("{left: x, right: y, max: {rigth: 5}}", "max.rigth", "`rigth` is not one of", "Did you mean `right`?"),
        ("{left: x, right: y, max: 30}", "max", "`max` has to be a mapping, not `30`.", "Write `key: value`."),
        ("{left: x, right: y, max: {}}", "max", "`max` is empty.", "Write at least one entry"),
        ("{left: x, right: y, exchange: synchron}", "exchange", "`synchron` is not one of", "Did you mean `synchronous`?"),
        ("{left: x, right: y, exchange: {}}", "exchange.synchronous", "The key `synchronous` is missing.", "Add"),
        ("{left: x, right: y, exchange: {synchronous: }}", "exchange.synchronous", "The key has no value.", "Write one"),
        ("{left: x, right: y, exchange: {synchronous: {timout: 1 second}}}", "exchange.synchronous.timout", "There is no key `timout` here.", "Did you mean `timeout`?"),
        ("{left: x, right: y, exchange: {synchronous: {timeout: 10}}}", "exchange.synchronous.timeout", "Here a text such as `15 minutes` is wanted, not `10`.", ""),
        ("{left: x, right: y, exchange: {synchronous: {timeout: 0 seconds}}}", "exchange.synchronous.timeout", "This leaves no time for an answer.", "10 seconds"),
        ("{left: x, right: y, exchange: {synchronous: {when_down: wait}}}", "exchange.synchronous.when_down", "`wait` is not one of", "Write one of: refuse, register."),
        ("{left: [x, z], right: y}", "left", "The line has several fields on the left and does not say how", "Add"),
        ("{left: [x, x], right: y, join: ' '}", "left", "`x` is named twice.", "Keep one."),
        ("{left: [x, z], right: [y, w], join: ' '}", "", "The line has several fields on both sides.", "Write one line"),
        ("{left: x, right: y, join: ' '}", "join", "`join` has nothing to join", "Name several on one side"),
        ("{left: [x, z], right: y, join: ''}", "join", "The text between the parts is empty", "Write one"),
        ("{left: [x, z], right: y, join: ' ', separator: ';'}", "separator", "`join` and `separator` stand on", "`join`"),
        ("{left: x, right: y, codes: status, ref: f}", "ref", "`codes` and `ref` stand on one line.", "keep one"),
        ("{left: x, right: y, constant: {right: 1}}", "constant.right", "`y` is mapped to the left, so", "Take out"),
        ("{right: y, constant: {left: 1}}", "constant.left", "The line has no field on the left.", "Add `left:`"),
        ("{right: y, constant: {right: [1]}}", "constant.right", "Here one value is wanted, not a list.", ""),
        ("{right: y, constant: {right: 1}, codes: status}", "codes", "`constant` and `codes` stand on one line.", ""),
        ("{right: y}", "", "The line has no field on the left.", "Add `left:`, or say where its value comes from"),
        ("{null: keep}", "", "The line names no field.", "Write `left:` and `right:`."),
        ("{left: x, right: y, zone: {left: Europe/Londn}}", "zone.left", "`Europe/Londn` is not a time zone.", "Europe/London"),
        ("{left: x, right: y, zone: {left: ../../etc/passwd}}", "zone.left", "`../../etc/passwd` is not a time zone.", ""),
        ("{left: x, right: y, type: {left: number}}", "type.left", "`number` is not one of", "Write one of: text, integer"),
        ("{left: x, right: y, authority: both}", "authority", "`both` is not one of", "Write one of: left, right."),
        ("{left: x, right: y, expression: {right: 'upper(x'}}", "expression.right", "The expression cannot be read", ""),
        ("{left: x, right: y, expression: {right: uper(x)}, authority: left}", "expression.right", "There is no function `uper`.", "Did you mean `upper`?"),
        ("{left: x, right: y, expression: {right: upper(z)}, authority: left}", "expression.right", "`z` is not a field of this line on the left.", ""),
        ("{left: x, right: y, expression: {right: upper(x)}}", "expression.right", "The way back to the left is not given.", "authority: left"),
        ("5", "", "This item has to be a mapping, not `5`.", "It takes the keys left, right, codes"),
    ],
)  # fmt: skip
def test_fault_in_a_line_of_fields_is_named_E6(fields, key, message, hint):
    line, dotted, said, what_to_do = only(flow(fields="{left: p, right: q}\n" + fields))
    assert (line, dotted) == (10, "flows[0].fields[1]" + (f".{key}" if key else ""))
    assert message in said
    assert hint in what_to_do


@pytest.mark.parametrize(
    ("keys", "key", "message", "hint"),
    [
        ("    direction: to_lef\n", "direction", "`to_lef` is not one of the values", "Did you mean `to_left`?"),
        ("    maintenance: {}\n", "maintenance", "`maintenance` has to be a list, not a mapping.", ""),
        ("    maintenance: [{from: 22:00}]\n", "maintenance[0].to", "The key `to` is missing.", ""),
        ("    maintenance: [{from: 24:00, to: 1:00}]\n", "maintenance[0].from", "`24:00` is not a time of day.", "22:00"),
        ("    maintenance: [{from: 22:00, to: 04:00, days: [so]}]\n", "maintenance[0].days[0]", "`so` is not one of", "mon, tue"),
        ("    guard: {}\n", "guard", "There is no key `guard` here.", "Did you mean `guards`?"),
        ("    guards: {delete: 0.1}\n", "guards.delete", "`0.1` is not a limit.", "Write 10% if that share is meant."),
        ("    guards: {delete: -1}\n", "guards.delete", "`-1` is not a limit.", "Write a percentage such as 10%"),
        ("    guards: {delete: ten}\n", "guards.delete", "`ten` is not a limit.", "Write a percentage such as 10%"),
        ("    guards: {delete: }\n", "guards.delete", "The key has no value.", "Write one"),
        ("    guards: {delete: false}\n", "guards.delete", "`false` is not a limit.", "none for no limit"),
        ("    schedule: every 5 minits\n", "schedule", "`every 5 minits` is not a schedule.", "every 5 minutes"),
        ("    schedule: every minutes\n", "schedule", "`every minutes` is not a schedule.", "every 5 minutes"),
        ("    schedule: every 0 minutes\n", "schedule", "`every 0 minutes` leaves no time between two runs.", ""),
        ("    schedule: 5\n", "schedule", "Here a text such as `every 5 minutes` is wanted, not `5`.", ""),
        ("    schedule: every 9 weeks 2 days\n", "schedule", "is not a schedule.", ""),
        ("    full: every 900 weeks\n", "full", "`every 900 weeks` is longer than a year.", ""),
        ("    conflict: {rule: newer}\n", "conflict.rule", "`newer` is not one of", "Did you mean `newest`?"),
        ("    conflict: {fields: {z: left}}\n", "conflict.fields.z", "No line of `fields` has `z` on the left.", ""),
        ("    conflict: {fields: {y: left}}\n", "conflict.fields.y", "`y` is a field on the right.", "left name `x`"),
        ("    conflict: {tolerance: 15}\n", "conflict.tolerance", "a text such as `15 minutes` is wanted", ""),
        ("    on: {new_left: make}\n", "on.new_left", "`make` is not one of", "Write one of: create, ask, ignore."),
        ("    on: {deleted_left: {st: {y: 1}}}\n", "on.deleted_left.set", "The key `set` is missing.", "`st`"),
        ("    on: {deleted_left: {set: {x: 1}}}\n", "on.deleted_left.set.x", "`x` is a field on the left, where", "right"),
        ("    on: {deleted_right: {set: {y: 1}}}\n", "on.deleted_right.set.y", "`y` is a field on the right", "left"),
        ("    match: {definite: [[x, z]]}\n", "match.definite[0][1]", "No line of `fields` has `z` on the left.", ""),
        ("    match: {definite: x}\n", "match.definite", "`definite` has to be a list, not `x`.", "[a, b]"),
        ("    match: {junk: {q: [0]}}\n", "match.junk.q", "No line of `fields` has `q` on the left.", ""),
        ("    match: {possible: [{block: x, compare: {x: txt}}]}\n", "match.possible[0].compare.x", "`txt` is not", "text"),
        ("    match: {possible: [{block: x, compare: {q: text}}]}\n", "match.possible[0].compare.q", "No line of", ""),
        ("    match: {possible: [{compare: {x: text}}]}\n", "match.possible[0].block", "The key `block` is missing.", ""),
        ("    match: {possible: [{block: x, compare: {x: text}, at_least: 85}]}\n", "match.possible[0].at_least",
         "Here a number from 0 to 1 is wanted, not `85`.", "0.85 or 85%"),
        (weights("start: a lot"), "match.weights.start", "Here a number from -100 to 100 is wanted", "Weights are in bits."),
        (weights("ahead: -1"), "match.weights.ahead", "Here a number from 0 to 100 is wanted, not `-1`.", "less than 0"),
        (weights("ask: 9"), "match.weights.ask", "`ask` is more than `link`.", "nobody has to be"),
        (weights("blocks: [[x, z]]"), "match.weights.blocks[0][1]", "No line of `fields` has `z` on the left.", ""),
        (weights("blocks: []"), "match.weights.blocks", "`blocks` is empty.", ""),
        (weights("fields: {z: {as: code, same: 9}}"), "match.weights.fields.z", "No line of `fields` has `z`", ""),
        (weights("fields: {x: {same: 9}}"), "match.weights.fields.x.as", "The key `as` is missing.", ""),
        (weights("fields: {x: {as: code, same: true}}"), "match.weights.fields.x.same", "Here a number from -100 to", ""),
        (weights("fields: {x: {as: code, other: -9}}"), "match.weights.fields", "No field speaks for a pair", "match train"),
        (weights("fields: {x: {as: code, same: 9, swapped: 3}}"), "match.weights.fields.x.swapped", "`swapped` is without `swap`.", ""),
        (weights("fields: {x: {as: code, same: 9, swap: x}}"), "match.weights.fields.x.swap", "`x` is its own `swap`.", ""),
        (weights("fields: {x: {as: code, same: 9, swap: y}}"), "match.weights.fields.x.swap", "`y` is a field on the right.", "`x`"),
        (weights("rivals: {r: {start: 1, fields: {q: {same: 1}}}}"), "match.weights.rivals.r.fields.q", "There is no weighed field `q`.", "There are: x."),
    ],
)  # fmt: skip
def test_fault_in_a_key_of_a_flow_is_named(keys, key, message, hint):
    found = [fault for fault in faults(flow(keys)) if fault[1] == f"flows[0].{key}"]
    assert len(found) == 1, faults(flow(keys))
    assert found[0][0] == 10
    assert message in found[0][2]
    assert hint in found[0][3]


@pytest.mark.parametrize(
    ("where", "key", "message"),
    [
        ("{field: k}", "", "The condition on `k` has no test."),
        ("{field: k, is: 1, is_not: 2}", "", "The condition has 2 tests: is and is_not."),
        ("{is: 1}", "", "The condition names no field."),
        ("{all: [{field: k, is: 1}], any: [{field: k, is: 1}]}", "", "`all` and `any` stand side by side."),
        ("{field: k, is: 1, any: [{field: k, is: 1}]}", "", "`is` stands beside `any`."),
        ("{all: [{any: [{field: k, is: 1}]}]}", ".all[0].any", "There is no key `any` here."),
        ("{all: []}", ".all", "`all` is empty."),
        ("{all: [{field: k, is: 1}, {field: k}]}", ".all[1]", "The condition on `k` has no test."),
        ("[{field: k, is: 1}]", "", "`where` has to be a mapping, not a list."),
        ("{field: k, is: [1, 2]}", ".is", "`is` and `is_not` take one value, not a list."),
        ("{field: k, in: 5}", ".in", "`in` has to be a list, not `5`."),
        ("{field: k, in: [1, [2]]}", ".in[1]", "Here one value is wanted, not a list."),
        ("{field: k, empty: yes}", ".empty", "Here true or false is wanted, not `yes`."),
        ("{field: k, equals: 1}", ".equals", "There is no key `equals` here."),
    ],
)
def test_fault_in_a_filter_is_named_P33_S23(where, key, message):
    found = [fault for fault in faults(flow(left=f", where: {where}")) if fault[2].startswith(message)]
    assert [(line, dotted) for line, dotted, _, _ in found] == [(6, f"flows[0].left.where{key}")]


@pytest.mark.parametrize(
    ("direction", "line", "key", "message"),
    [
        ("to_left", "{left: x, right: y, authority: left}", "authority", "The left owns the field, but with"),
        ("to_right", "{left: x, right: y, authority: right}", "authority", "The right owns the field, but with"),
        (
            "to_left",
            "{right: y, constant: {right: 1}}",
            "constant.right",
            "With `direction: to_left` nothing is written",
        ),
        (
            "to_right",
            "{left: x, right: y, default: {left: 1}}",
            "default.left",
            "With `direction: to_right` nothing is",
        ),
    ],
)
def test_fault_of_a_line_against_the_direction_is_named_E21(direction, line, key, message):
    found = only(flow(f"    direction: {direction}\n", line))
    assert found[:2] == (9, f"flows[0].fields[0].{key}")
    assert message in found[2]


def test_fault_field_written_by_two_lines_is_named():
    line, key, message, hint = only(flow(fields="{left: x, right: y}\n{left: z, right: y}"))
    assert (line, key) == (10, "flows[0].fields[1]")
    assert message == "`y` on the right is written by two lines, first by fields[0]."
    assert hint == "Keep one, or say `authority: right` where values only come from it."
    loads(flow("    direction: to_right\n", "{left: [x, z], right: y, join: ' '}\n{left: x, right: w}"))


def test_fault_line_mapped_twice_is_named():
    assert only(flow(fields="{left: x, right: y}\n{left: x, right: z}"))[:3] == (
        10,
        "flows[0].fields[1]",
        "`x` is mapped twice, first in fields[0].",
    )


def test_fault_flow_names_are_checked_E26():
    def one(name: str, ref: str = "") -> str:
        end = f"left: {{system: a, record: {name}}}, right: {{system: b, record: {name}}}"
        link = f", {{left: l, right: m, ref: {ref}}}" if ref else ""
        return f"  - {{flow: {name}, {end}, fields: [{{left: x, right: y}}{link}]}}\n"

    loads(HEAD + one("tree", "tree"))
    assert only(HEAD + one("p") + one("p")) == (
        6,
        "flows[1].flow",
        "The flow `p` is written twice, first as flows[0].",
        "Give one of them another name.",
    )


def test_fault_system_unknown_suggests_the_nearest():
    text = flow().replace("system: a,", "system: crn,").replace("{a: {", "{crm: {")
    assert only(text) == (6, "flows[0].left.system", "There is no system `crn`.", "Did you mean `crm`?")


def test_fault_two_equal_ends_are_refused():
    text = flow().replace("system: b, record: s", "system: a, record: r")
    assert only(text)[:3] == (7, "flows[0].right", "Both sides are `r` of `a`.")


@pytest.mark.parametrize(
    ("codes", "key", "message"),
    [
        ("{null: X}", ".null", "Null is not a code."),
        ("{Open: }", ".Open", "Here a value is wanted, not null."),
        ("{Open: {a: b}}", ".Open", "Here one value is wanted, not a mapping."),
        ("{Open: [A, A]}", ".Open", "`A` stands twice in the list."),
        ("{Open: []}", ".Open", "`Open` is empty."),
        ("{}", "", "`status` is empty."),
        ("[a]", "", "`status` has to be a mapping, not a list."),
        ("{*: *}", '["*"]', "`*` stands on both sides, so no code is named."),
        ("{In use: {}}", '["In use"]', "Here one value is wanted, not a mapping."),
        ("{1: A, '1': B}", ".1", "`1` is written twice, first on line 3."),
    ],
)
def test_fault_in_a_code_set_is_named_E10(codes, key, message):
    line, dotted, said, _ = only(flow().replace("{Open: O, Done: D}", codes))
    assert (line, dotted, said) == (3, "code_sets.status" + key, message)


@pytest.mark.parametrize("url", ["${", "${secret:}", "${a b}", "${}", "x${NAME", "${secret:a:b}", "${password:x}"])
def test_fault_placeholder_that_names_nothing_is_named(url):
    line, key, message, hint = only(flow().replace("a: {connector: memory}", f"a: {{connector: sql, url: '{url}'}}"))
    assert (line, key) == (2, "systems.a.url")
    assert "names neither a variable nor a secret." in message
    assert "${secret:name}" in hint


@pytest.mark.parametrize(
    ("text", "line", "key", "message"),
    [
        ("", 1, "", "The file is empty."),
        ("# nothing\n", 1, "", "The file is empty."),
        ("just words", 1, "", "The file holds `just words` instead of a mapping."),
        ("[1]", 1, "", "The file holds a list instead of a mapping."),
        ("integration: a b\nsystems: {x: {connector: sql}}", 1, "integration", "`a b` cannot be a name."),
        ("integration: x\nsystems: {}", 2, "systems", "`systems` is empty."),
        ("integration: x\nsystems: {x: {url: y}}", 2, "systems.x.connector", "The key `connector` is missing."),
        ("systems: {x: {connector: sql}}", 1, "integration", "The key `integration` is missing."),
        ("integration: x\nsystems: {x: {connector: sql}}\nflows: {}", 3, "flows", "`flows` has to be a list, not a mapping."),
        ("integration: x\nsystems: {x: {connector: sql}}\nflows: [{flow: f}]", 3, "flows[0].left", "The key `left` is missing."),
    ],
)  # fmt: skip
def test_fault_of_the_whole_file_is_named(text, line, key, message):
    assert (line, key, message) in [fault[:3] for fault in faults(text)]


def test_all_faults_come_at_once_in_the_order_of_lines_E40():
    text = """integration: demo
titel: Demo
systems: {a: {connector: memory}, b: {conector: memory}}
flows:
  - flow: f
    left: {system: a, recrd: r}
    right: {system: c, record: s, where: {field: k, is: 1, in: [2]}}
    fields:
      - {left: x, right: y, codes: nope}
      - {left: x, right: z, max: {right: many}}
    match: {definite: [[w]]}
    guards: {delete: lots}
  - flow: f
    left: {system: a, record: r}
    right: {system: b, record: s}
    fields: [{left: x, right: y, ref: g}]
"""
    assert [(line, key) for line, key, _, _ in faults(text)] == [
        (2, "titel"),
        (3, "systems.b.connector"),
        (6, "flows[0].left.record"),
        (6, "flows[0].left.recrd"),
        (7, "flows[0].right.system"),
        (7, "flows[0].right.where"),
        (9, "flows[0].fields[0].codes"),
        (10, "flows[0].fields[1].max.right"),
        (11, "flows[0].match.definite[0][0]"),
        (12, "flows[0].guards.delete"),
        (13, "flows[1].flow"),
        (16, "flows[1].fields[0].ref"),
    ]


def test_no_message_has_the_words_of_a_library():
    texts = [
        "integration: [x]\nsystems: 5\nflows: [[], {flow: {}, left: 1, fields: {}}]",
        flow(fields="{left: [], right: [[1]], max: [], too_long: [], codes: {}, expression: [1], authority: []}"),
        flow("    match: []\n    on: []\n    conflict: []\n    guards: 5\n    exchange: {}\n    schedule: []\n"),
        flow("    match: {definite: [1, [2], {}], possible: [1, {block: {}, compare: 5, at_least: []}], junk: [1]}\n"),
        flow("    on: {deleted_left: {set: {}}, left_scope: {left: x}, possible: {}}\n    conflict: {fields: [1]}\n"),
    ]
    words = re.compile(r"pydantic|input|valid (string|dict|list)|type=|instance|extra|literal|Value error|assert", re.I)
    for text in texts:
        for _, _, message, hint in faults(text):
            assert not words.search(message + hint), message
            assert message.endswith("."), message


def test_load_names_a_file_that_is_not_there(tmp_path):
    with pytest.raises(ConfigurationError, match=r"There is no file .*gone\.yaml\. Check the name"):
        load(tmp_path / "gone.yaml")
    with pytest.raises(ConfigurationError, match="is a folder"):
        load(tmp_path)


@pytest.mark.parametrize(
    ("content", "line", "message"),
    [
        (b"a: 1\nb: \xff\n", 2, "The byte 0xff is not UTF-8 text."),
        (b"a: 1\nb: \x00\n", 2, "The control character NUL stands in the file, which is not text."),
        (b"a: \x1b[31m\n", 1, "The control character U+001B stands in the file, which is not text."),
        ("a: 1".encode("utf-16"), 1, "The file is written in UTF-16."),
        (b"#" * (1024 * 1024 + 1), 1, "The file is larger than 1024 KiB."),
        (b'a: "\\0"', 1, "The text holds a NUL or half a character."),
        (b'a: "\\ud800"', 1, "The text holds a NUL or half a character."),
    ],
    ids=["not UTF-8", "NUL", "escape", "UTF-16", "too large", "escaped NUL", "half a character"],
)
def test_load_refuses_what_is_not_text(tmp_path, content, line, message):
    path = tmp_path / "x.yaml"
    path.write_bytes(content)
    with pytest.raises(DocumentErrors) as raised:
        load(path)
    (fault,) = raised.value.faults
    assert (fault.file, fault.line, fault.message) == (str(path), line, message)


def test_load_takes_a_byte_order_mark_and_windows_line_ends(tmp_path):
    path = tmp_path / "x.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + flow().replace("\n", "\r\n").encode())
    assert load(path).integration.flows[0].name == "f"
