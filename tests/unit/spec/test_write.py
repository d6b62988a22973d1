"""Documents go back into YAML as people write them, and keep their comments when they are edited (E40)."""

from copy import deepcopy
from difflib import ndiff
from pathlib import Path

import pytest

from tallystick.errors import DocumentErrors
from tallystick.spec import loads
from tallystick.spec.parse import parse
from tallystick.spec.write import dumps, rewrite

EXAMPLES = sorted((Path(__file__).resolve().parents[3] / "examples").glob("*.yaml"))


def changes(before: str, after: str) -> list[str]:
    """The lines that went (`- `) and came (`+ `)."""
    return [line for line in ndiff(before.splitlines(), after.splitlines()) if line[:2] in ("- ", "+ ")]


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_dumps_of_an_example_loads_to_the_same_integration_and_settles(path):
    loaded = loads(path.read_text(encoding="utf-8"))
    text = dumps(loaded.data)
    assert loads(text).integration == loaded.integration
    assert loads(text).data == loaded.data
    assert dumps(loads(text).data) == text


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_rewrite_without_a_change_gives_the_text_itself(path):
    text = path.read_text(encoding="utf-8")
    assert rewrite(text, loads(text).data) == text


def test_dumps_writes_keys_plain_and_quotes_what_other_programs_take_for_something_else():
    data = {
        "integration": "demo",
        "systems": {"a": {"connector": "memory", "pin": "010", "on": True, "none": None, "ratio": 0.5}},
        "code_sets": {"s": {"null": "true", "*": ["1e3", "yes"], "a: b": "2026-11-22"}},
        "flows": [
            {
                "flow": "f",
                "left": {"system": "a", "record": "r", "where": {"all": [{"field": "k", "is": "5"}]}},
                "right": {"system": "a", "record": "s"},
                "fields": [{"left": "x", "right": "y", "null": "keep", "codes": "s"}],
                "on": {"possible": "ask"},
            }
        ],
    }
    text = dumps(data)
    assert text == (
        "integration: demo\n"
        "systems:\n"
        "  a:\n"
        "    connector: memory\n"
        '    pin: "010"\n'
        '    "on": true\n'
        "    none: null\n"
        "    ratio: 0.5\n"
        "code_sets:\n"
        "  s:\n"
        '    "null": "true"\n'
        '    "*": ["1e3", "yes"]\n'
        "    'a: b': \"2026-11-22\"\n"
        "flows:\n"
        "  - flow: f\n"
        "    left:\n"
        "      system: a\n"
        "      record: r\n"
        "      where:\n"
        "        all:\n"
        '          - {field: k, is: "5"}\n'
        "    right: {system: a, record: s}\n"
        "    fields:\n"
        "      - {left: x, right: y, null: keep, codes: s}\n"
        "    on:\n"
        "      possible: ask\n"
    )
    assert loads(text).data == data


TEXT = """# The head.
integration: demo   # its name

systems:
  a: {connector: memory}   # first
  # About the second.
  b:
    connector: sql
    url: ${URL}  # from outside
code_sets:
  s:
    010: A   # a code
    "*": B
flows:
- flow: f
  left: {system: a, record: r}
  right: {system: b, record: s}   # by hand
  fields:
  # Names.
  - {left: x, right: y}   # the first
  - {left: z, right: w, null: keep, codes: s}   # the second
  - {left: p, right: q}   # the third
  # After all.
  schedule: every day
"""


def edited(change) -> list[str]:
    data = deepcopy(dict(parse(TEXT, "x").data))
    change(data)
    after = rewrite(TEXT, data)
    assert parse(after, "x").data == data
    return changes(TEXT, after)


def test_rewrite_of_a_value_changes_its_line_and_keeps_comments():
    assert edited(lambda data: data["flows"][0].update(schedule="every hour")) == [
        "-   schedule: every day",
        "+   schedule: every hour",
    ]


def test_rewrite_of_a_line_of_fields_keeps_its_comment():
    assert edited(lambda data: data["flows"][0]["fields"][1].update(right="010")) == [
        "-   - {left: z, right: w, null: keep, codes: s}   # the second",
        '+   - {left: z, right: "010", null: keep, codes: s} # the second',
    ]


def test_rewrite_takes_a_line_out_and_leaves_the_comments_of_the_others():
    assert edited(lambda data: data["flows"][0]["fields"].pop(1)) == [
        "-   - {left: z, right: w, null: keep, codes: s}   # the second",
    ]


def test_rewrite_puts_a_line_in_between():
    line = {"left": "new", "right": "m", "constant": None}
    assert edited(lambda data: data["flows"][0]["fields"].insert(1, line)) == [
        "+   - {left: new, right: m, constant: null}",
    ]


def test_rewrite_moves_lines_with_their_comments():
    assert edited(lambda data: data["flows"][0]["fields"].reverse()) == [
        "-   - {left: x, right: y}   # the first",
        "-   - {left: z, right: w, null: keep, codes: s}   # the second",
        "+   - {left: z, right: w, null: keep, codes: s}   # the second",
        "+   - {left: x, right: y}   # the first",
    ]


def test_rewrite_of_a_shared_value_changes_only_the_place_asked_for():
    text = "integration: demo\nsystems:\n  a: &s {connector: sql, url: x}   # shared\n  b: *s\n"
    data = deepcopy(parse(text, "x").data)
    data["systems"]["a"]["url"] = "z"
    after = rewrite(text, data)
    assert parse(after, "x").data == data


def test_rewrite_with_a_merge_key_keeps_the_content():
    text = "integration: demo\nsystems:\n  a: &s {connector: sql, url: x}\n  b: {<<: *s, url: y}   # other\n"
    data = deepcopy(parse(text, "x").data)
    del data["systems"]["b"]["connector"]
    assert parse(rewrite(text, data), "x").data == data


def test_rewrite_of_what_is_not_yaml_is_refused():
    with pytest.raises(DocumentErrors):
        rewrite("a: [", {"a": 1})


WEIGHTS = {
    "start": -19.8,
    "link": 6,
    "ask": -1,
    "ahead": 4,
    "blocks": ["name", ["phone", "email"]],
    "fields": {
        "name": {"as": "name", "swap": "email", "same": 9.5, "swapped": 2, "close": 3, "near": 0.5, "other": -4},
        "email": {"as": "email", "same": 12, "other": -3},
    },
    "rivals": {"successor": {"start": 5.5, "fields": {"name": {"same": 1.5, "other": -6.4}}}},
}


def test_weights_are_put_into_a_file_with_its_comments_and_read_again_E14_E40():
    text = EXAMPLES[1].read_text(encoding="utf-8")
    data = deepcopy(dict(loads(text).data))
    flow = data["flows"][0]
    names = [line["left"] for line in flow["fields"] if isinstance(line.get("left"), str) and line.get("right")][:2]
    weights = {**WEIGHTS, "blocks": [names[0], names]}
    weights["fields"] = dict(zip(names, WEIGHTS["fields"].values(), strict=True))
    weights["fields"][names[0]] = {**weights["fields"][names[0]], "swap": names[1]}
    weights["rivals"] = {"successor": {"start": 5.5, "fields": {names[0]: {"same": 1.5, "other": -6.4}}}}
    flow["match"] = {**(flow.get("match") or {}), "weights": weights}
    written = rewrite(text, data)
    assert not [line for line in changes(text, written) if line.startswith("- ") and "match" not in line]
    built = next(one for one in loads(written).integration.flows if one.name == flow["flow"]).match.weights
    assert built.blocks == ((names[0],), tuple(names))
    assert built.fields[names[0]].swap == names[1]
    assert built.fields[names[1]].weights == {"same": 12, "swapped": -3, "close": 0, "near": 0, "other": -3}
    assert built.rivals["successor"].weights[names[0]]["other"] == -6.4
    assert loads(dumps(data)).integration.flows == loads(written).integration.flows
