"""Laws of integration documents: writing and reading are inverse, and no damage does more than give faults (E40)."""

import json
from copy import deepcopy
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from tallystick.errors import DocumentErrors, RecordError
from tallystick.spec import loads
from tallystick.spec.expression import ExpressionRefused, compile_expression
from tallystick.spec.parse import parse
from tallystick.spec.write import dumps, rewrite

EXAMPLES = [
    path.read_text(encoding="utf-8")
    for path in sorted((Path(__file__).resolve().parents[2] / "examples").glob("*.yaml"))
]

TRICKY = [
    "010",
    "1e3",
    "null",
    "~",
    "true",
    "yes",
    "2026-11-22",
    "2026-11-22 09:30",
    "*",
    "${X}",
    "a: b",
    "- a",
    "#",
    "&a",
]
texts = st.one_of(
    st.sampled_from(TRICKY),
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=12).filter(str.strip),
)
scalars = st.one_of(
    texts, st.integers(-(10**15) + 1, 10**15 - 1), st.booleans(), st.decimals(-999, 999, places=3).map(float)
)
names = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,8}", fullmatch=True)


def optional(**keys):
    return st.fixed_dictionaries({}, optional=keys)


@st.composite
def ends(draw, system: str, record: str):
    clause = st.one_of(
        st.fixed_dictionaries({"field": texts, "is": st.one_of(scalars, st.none())}),
        st.fixed_dictionaries({"field": texts, "in": st.lists(scalars, min_size=1, max_size=3)}),
        st.fixed_dictionaries({"field": texts, "empty": st.booleans()}),
    )
    where = st.one_of(
        clause, *(st.fixed_dictionaries({word: st.lists(clause, min_size=1, max_size=2)}) for word in ("all", "any"))
    )
    deleted = st.fixed_dictionaries({"column": texts, "equals": scalars})
    more = draw(optional(key=texts, changed=texts, deleted=deleted, where=where))
    return {"system": system, "record": record, **more}


confirmations = optional(
    timeout=st.sampled_from(["1 second", "2 minutes"]), when_down=st.sampled_from(["refuse", "register"])
)
exchanges = st.one_of(
    st.sampled_from(["synchronous", "asynchronous"]), confirmations.map(lambda one: {"synchronous": one})
)


@st.composite
def lines(draw, number: int, code_sets: list[str]):
    left, right = f"l{number}", f"r{number}"
    kind = draw(st.sampled_from(["plain", "codes", "join", "constant", "expression", "max"]))
    line: dict[str, object] = {"left": left, "right": right}
    if kind == "codes" and code_sets:
        line["codes"] = draw(st.sampled_from(code_sets))
    elif kind == "join":
        line = {"left": [left, left + "b"], "right": right, "join": draw(st.text(" ,;/", min_size=1, max_size=2))}
    elif kind == "constant":
        return {"right": right, "constant": {"right": draw(st.one_of(scalars, st.none()))}}
    elif kind == "expression":
        line |= {"expression": {"right": f"upper({left})"}, "authority": "left"}
    elif kind == "max":
        line |= {
            "max": {"right": draw(st.integers(1, 300))},
            "too_long": draw(st.sampled_from(["cut", "hold", "refuse"])),
        }
    return line | draw(optional(null=st.sampled_from(["keep", "clear"]), exchange=exchanges))


@st.composite
def documents(draw):
    systems = draw(st.lists(names, min_size=1, max_size=3, unique=True))
    code_set = st.dictionaries(
        texts, st.one_of(texts, st.lists(texts, min_size=1, max_size=3, unique=True)), min_size=1
    )
    code_sets = draw(st.dictionaries(texts, code_set.map(_without_stars), max_size=2))
    flows = []
    for number, name in enumerate(draw(st.lists(names, max_size=3, unique=True))):
        fields = [draw(lines(at, sorted(code_sets))) for at in range(draw(st.integers(1, 4)))]
        both = [line["left"] for line in fields if isinstance(line.get("left"), str)]
        left = draw(ends(draw(st.sampled_from(systems)), f"left{number}"))
        right = draw(ends(draw(st.sampled_from(systems)), f"right{number}"))
        flow = {"flow": name, "left": left, "right": right, "fields": fields}
        if both:
            flow["match"] = {"definite": [both], "junk": {both[0]: draw(st.lists(scalars, min_size=1, max_size=2))}}
        limit = st.one_of(st.integers(0, 999), st.just("none"), st.integers(0, 100).map(lambda share: f"{share}%"))
        flow |= draw(
            optional(
                guards=optional(delete=limit, create=limit, change=limit, shrink=limit),
                on=optional(deleted_left=st.one_of(st.just("ask"), st.just({"set": {"r0": "x"}}))),
                conflict=st.sampled_from(["ask", "newest", {"rule": "left", "granularity": "record"}]),
                schedule=st.integers(1, 59).map(lambda count: f"every {count} minutes"),
            )
        )
        flows.append(flow)
    settings_of = optional(url=texts.filter(lambda text: "${" not in text), port=st.integers(0, 9), flag=st.booleans())
    return {
        "integration": draw(names),
        "systems": {name: {"connector": "memory", **draw(settings_of)} for name in systems},
        **({"code_sets": code_sets} if code_sets else {}),
        **({"flows": flows} if flows else {}),
    }


def _without_stars(pairs):
    return {f"{left} " if left == "*" else left: right for left, right in pairs.items()}


def _normal(data):
    import unicodedata

    return json.loads(unicodedata.normalize("NFC", json.dumps(data, ensure_ascii=False)))


@given(documents())
@settings(max_examples=60)
def test_reading_what_was_written_gives_the_same_document_and_integration_E40(document):
    text = dumps(document)
    loaded = loads(text)
    assert _normal(loaded.data) == _normal(document)
    again = loads(dumps(loaded.data))
    assert again.integration == loaded.integration
    assert again.text == dumps(again.data)


@given(st.one_of(texts, st.text("ab \"':,{}[]#&*!|>%@`-?\\~$=<\xa0\u2028\u0301\ufeff\xff1.", min_size=1, max_size=5)))
@settings(max_examples=200)
def test_any_text_survives_as_key_and_value_in_every_layout_E40(text):
    document = {"title": text, "code_sets": {"s": {text: [text]}}, "flows": [{"left": {text: text}, "fields": [text]}]}
    assert _normal(parse(dumps(document), "x").data) == _normal(document)


@given(documents(), documents())
@settings(max_examples=40)
def test_rewriting_one_document_into_another_gives_the_other_E40(before, after):
    text = rewrite(dumps(before), after)
    assert _normal(parse(text, "x").data) == _normal(after)
    assert rewrite(text, parse(text, "x").data) == text


@given(st.sampled_from(EXAMPLES), st.data())
@settings(max_examples=60)
def test_rewriting_a_scalar_of_an_example_keeps_every_comment_E40(text, data):
    document = deepcopy(dict(parse(text, "x").data))
    flow = data.draw(st.sampled_from(document["flows"]))
    line = data.draw(st.sampled_from(flow["fields"]))
    line["right"] = data.draw(texts)
    flow["schedule"] = data.draw(texts)
    after = rewrite(text, document)
    assert _normal(parse(after, "x").data) == _normal(document)
    comments = [line.partition("# ")[2] for line in text.splitlines() if "# " in line]
    assert [comment for comment in comments if comment not in after] == []


@given(
    st.sampled_from(EXAMPLES),
    st.lists(st.tuples(st.integers(0, 5000), st.integers(0, 40), st.text(max_size=6)), max_size=3),
)
@settings(max_examples=250)
def test_a_damaged_file_gives_faults_with_lines_and_nothing_else_E40(text, damages):
    for start, length, put in damages:
        at = start % len(text)
        text = text[:at] + put + text[at + length :]
        text = text or " "
    _judge(text)


@given(st.sampled_from(EXAMPLES), st.data())
@settings(max_examples=150)
def test_a_value_of_any_other_kind_gives_faults_with_lines_and_nothing_else_E40(text, data):
    document = deepcopy(dict(parse(text, "x").data))
    for _ in range(data.draw(st.integers(1, 3))):
        around: object = document
        while True:
            steps = list(around) if isinstance(around, dict) else list(range(len(around)))
            step = data.draw(st.sampled_from(steps))
            inner = around[step]
            if not isinstance(inner, dict | list) or not inner or data.draw(st.integers(0, 3)) == 0:
                break
            around = inner
        around[step] = data.draw(
            st.one_of(
                scalars, st.none(), st.just([]), st.just({}), st.just([[{}]]), st.just({"left": {"right": [None]}})
            )
        )
    _judge(dumps(document))


@given(st.text(max_size=60))
@settings(max_examples=200)
def test_any_text_gives_faults_with_lines_and_nothing_else_E40(text):
    _judge(text)


def _judge(text: str) -> None:
    try:
        loads(text, "x.yaml")
        return
    except DocumentErrors as error:
        faults = error.faults
    count = 1 + sum(text.count(end) for end in "\n\r\x85\u2028\u2029")
    assert faults
    assert [fault for fault in faults if not 1 <= fault.line <= count] == []
    assert [fault for fault in faults if not fault.message.endswith(".")] == []


PARTS = "a b 1 'x' null ( ) , + * / % & == < - and not if else if_( upper( left( replace( round( parse_date( pad_left("


@given(st.lists(st.sampled_from(PARTS.split()), max_size=14), st.one_of(st.none(), texts))
@settings(max_examples=200)
def test_an_expression_gives_text_or_null_or_a_sentence_E6(parts, value):
    try:
        result = compile_expression(" ".join(parts)).evaluate({"a": value, "b": "12.5"})
    except (ExpressionRefused, RecordError) as error:
        result = error.message if error.message.endswith(".") else error
    assert result is None or isinstance(result, str)
