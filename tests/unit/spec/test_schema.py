"""The published JSON Schema and the reference page are true (E40)."""

import json
import re
from pathlib import Path

import jsonschema
import pytest

from tallystick.spec import loads
from tallystick.spec.functions import FUNCTIONS
from tallystick.spec.parse import parse
from tallystick.spec.schema import DIALECT, EXAMPLE, json_schema
from tallystick.spec.write import dumps

ROOT = Path(__file__).resolve().parents[3]
EXAMPLES = sorted((ROOT / "examples").glob("*.yaml"))
PAGE = (ROOT / "docs" / "reference" / "integration-file.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```yaml\n(.*?)^```", PAGE, flags=re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def validator():
    schema = json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def test_schema_is_of_the_dialect_and_plain_json():
    schema = json_schema()
    assert schema["$schema"] == DIALECT
    assert json.loads(json.dumps(schema)) == schema


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_schema_takes_the_examples(validator, path):
    validator.validate(parse(path.read_text(encoding="utf-8"), path.name).data)


def test_schema_takes_its_own_example_and_so_does_the_reader(validator):
    validator.validate(EXAMPLE)
    assert loads(dumps(EXAMPLE)).integration.name == EXAMPLE["integration"]


@pytest.mark.parametrize(
    "damage",
    [
        {"flow": "x"},
        {"integration": None},
        {"systems": {}},
        {"flows": [{"flow": "f"}]},
        {"code_sets": {"a": {}}},
        *(
            {"flows": [EXAMPLE["flows"][0] | keys]}
            for keys in (
                {"direction": "left"},
                {"guards": {"delete": 0.1}},
                {"guards": {"delete": "ten"}},
                {"schedule": "every 5 minuts"},
                {"fields": []},
                {"fields": [{"null": "keep"}]},
                {"fields": [{"left": "x", "right": "y", "nul": "keep"}]},
                {"fields": [{"left": "x", "right": "y", "max": {"middle": 1}}]},
                {"on": {"deleted_left": "set"}},
                {"left": {"system": "crm", "record": "r", "where": {"field": "k", "is": 1, "in": [2]}}},
                {"left": {"system": "crm", "record": "r", "where": {"all": [], "any": []}}},
                {"left": {"system": "crm", "record": "r", "where": {"field": "k"}}},
            )
        ),
    ],
    ids=str,
)
def test_schema_and_reader_refuse_the_same_damage(validator, damage):
    document = EXAMPLE | damage
    assert not validator.is_valid(document)
    with pytest.raises(Exception, match=r"integration.yaml:\d+"):
        loads(dumps(document))


def keys_of(node) -> set[str]:
    """Every key that the schema names."""
    if isinstance(node, list):
        return set().union(*map(keys_of, node), set())
    if not isinstance(node, dict):
        return set()
    own = {key for key in node.get("properties", {}) if isinstance(node.get("properties"), dict)}
    return own.union(*(keys_of(value) for key, value in node.items() if key not in ("examples", "required")), set())


def test_every_key_has_a_description():
    found = [
        f"{name}.{key}"
        for name, definition in {"": json_schema(), **json_schema()["$defs"]}.items()
        for key, described in definition["properties"].items()
        if "description" not in described
    ]
    assert found == []


def test_reference_page_names_every_key_and_every_word_and_every_function():
    named = set(re.findall(r"`([^`\n]+)`", PAGE))
    words = {
        word for form in re.findall(r'"enum": (\[[^]]*\])', json.dumps(json_schema())) for word in json.loads(form)
    }
    assert sorted((keys_of(json_schema()) | words) - named) == []
    uses = [function.use.partition(": ")[0] for function in FUNCTIONS.values()]
    assert [use for use in uses if use not in named] == []


def test_reference_page_shows_a_whole_file_that_loads():
    (whole,) = [block for block in BLOCKS if block.startswith("integration:")]
    assert [flow.name for flow in loads(whole).integration.flows] == ["assets"]


@pytest.mark.parametrize("block", BLOCKS)
def test_reference_page_shows_only_what_is_yaml(block):
    parse(block, "the page")
