"""The JSON Schema of the integration file (draft 2020-12), for editors and for programs that write such files.

It tells what each key may hold by itself. What keys say about each other (names that exist, lines that contradict)
only reading the file can tell, so a file that fits the schema may still be refused. Source: spec/interface.md.
"""

from __future__ import annotations

from typing import Any, Final

from tallystick.model.selection import Test
from tallystick.spec.connections import CONNECTION
from tallystick.spec.document import IntegrationShape

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
EXAMPLE: Final[dict[str, Any]] = {
    "integration": "crm-register",
    "systems": {
        "crm": {"connector": "sql", "url": "sqlite:///crm.db"},
        "register": {"connector": "sql", "url": "${REGISTER_URL}"},
    },
    "flows": [
        {
            "flow": "assets",
            "left": {"system": "crm", "record": "installed_asset", "key": "id"},
            "right": {"system": "register", "record": "asset", "key": "asset_id"},
            "fields": [{"left": "serial_no", "right": "serial_id"}, {"left": "name", "right": "descr"}],
            "match": {"definite": [["serial_no"]]},
        }
    ],
}

_TITLES: Final = {
    "AuthorityShape": "authority",
    "Clause": "condition",
    "ConfirmationShape": "confirmation",
    "ConflictShape": "conflict",
    "EndShape": "side",
    "FieldShape": "line of fields",
    "FlowShape": "flow",
    "GuardShape": "guards",
    "IntegrationShape": "integration file",
    "LevelsShape": "levels",
    "MatchShape": "match",
    "PossibleShape": "possible rule",
    "ReactionShape": "reactions",
    "RivalShape": "rival",
    "ScopeShape": "reaction per side",
    "SetShape": "set",
    "SoftDeleteShape": "deleted",
    "SynchronousShape": "synchronous",
    "SystemShape": "system",
    "WeighedShape": "weighed field",
    "WeightsShape": "weights",
    "Where": "where",
    "WindowShape": "maintenance window",
}


def json_schema() -> dict[str, Any]:
    """The schema, as plain data ready for `json.dumps`."""
    written = _tidy(IntegrationShape.model_json_schema(by_alias=True, mode="validation"))
    definitions: dict[str, Any] = written["$defs"]
    tests = [{"required": [test.value]} for test in Test]
    definitions["Clause"]["oneOf"] = tests
    definitions["Where"]["oneOf"] = [
        {"required": ["field"], "oneOf": tests},
        {"required": ["all"], "maxProperties": 1},
        {"required": ["any"], "maxProperties": 1},
    ]
    definitions["FieldShape"]["anyOf"] = [{"required": ["left"]}, {"required": ["right"]}]
    system = definitions["SystemShape"]
    system["anyOf"] = [
        {"required": system.pop("required")},
        {"required": [CONNECTION], "maxProperties": 1},
    ]
    system["properties"][CONNECTION] = {
        "type": "string",
        "minLength": 1,
        "description": "Of a hub that has the connector and its settings; then nothing stands beside it.",
        "examples": ["erp"],
    }
    for name, definition in definitions.items():
        definition["title"] = _TITLES[name]
    return {"$schema": DIALECT, **written, "title": _TITLES["IntegrationShape"], "examples": [EXAMPLE]}


def _tidy(node: Any) -> Any:
    """Without what Pydantic adds for Python's sake: null for keys that may be left out, and titles made of names."""
    if isinstance(node, list):
        return [_tidy(item) for item in node]
    if not isinstance(node, dict):
        return node
    tidy = {
        key: {name: _tidy(inner) for name, inner in value.items()} if key in ("properties", "$defs") else _tidy(value)
        for key, value in node.items()
        if not (key == "title" and isinstance(value, str))
    }
    if tidy.get("default", ...) is None:
        del tidy["default"]
    if {"type": "null"} in tidy.get("anyOf", ()):
        forms = [form for form in tidy.pop("anyOf") if form != {"type": "null"}]
        tidy = {**(forms[0] if len(forms) == 1 else {"anyOf": forms}), **tidy}
    if isinstance(tidy.get("default"), dict):
        del tidy["default"]
    return tidy
