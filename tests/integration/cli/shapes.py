"""The shapes of what `--json` prints, as JSON Schema. Source: spec/interface.md."""

from __future__ import annotations

from typing import Any

TEXT = {"type": "string"}
WORD = {"type": "string", "minLength": 1}
COUNT = {"type": "integer", "minimum": 0}
NULLABLE = {"type": ["string", "null"]}
ID = {"type": "string", "pattern": "^[0-9a-f]{32}$"}


def closed(properties: dict[str, Any], *, optional: tuple[str, ...] = ()) -> dict[str, Any]:
    """An object with exactly these keys, save that the optional ones may be left out."""
    return {
        "type": "object",
        "properties": properties,
        "required": [name for name in properties if name not in optional],
        "additionalProperties": False,
    }


def sides(shape: dict[str, Any]) -> dict[str, Any]:
    return closed({"left": shape, "right": shape})


def mapping(shape: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": shape}


def listing(shape: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": shape}


CHANGE = {"type": "array", "minItems": 2, "maxItems": 2}
HELD = closed({"guard": WORD, "side": {"enum": ["left", "right"]}, "amount": COUNT, "linked": COUNT, "message": WORD})
FLOW = closed(
    {
        "status": {"enum": ["done", "held", "partial", "failed"]},
        "read": closed({"left": COUNT, "right": COUNT, "complete": sides({"type": "boolean"})}),
        "writes": sides(closed({"create": COUNT, "update": COUNT, "delete": COUNT})),
        **dict.fromkeys(
            ("unchanged", "conflicts", "ignored", "reviews", "rejects", "refused", "failed", "unknown", "missed"), COUNT
        ),
        "held": listing(HELD),
        "notes": listing(WORD),
        "seconds": {"type": "number", "minimum": 0},
    }
)
FAILED_FLOW = closed({"error": closed({"code": WORD, "message": WORD})})
REPORT = closed(
    {
        "run": ID,
        "status": {"enum": ["done", "held", "partial", "failed"]},
        "flows": mapping({"anyOf": [FLOW, FAILED_FLOW]}),
        "left": listing(
            closed({"flow": WORD, "side": WORD, "id": NULLABLE, "action": WORD, "fields": listing(WORD), "why": WORD})
        ),
        "refused": listing(closed({"flow": WORD, "side": WORD, "action": WORD, "id": NULLABLE, "why": WORD})),
    },
    optional=("left", "refused"),
)
PLAN = closed(
    {
        "plan": ID,
        "integration": WORD,
        "file": WORD,
        "document": WORD,
        "fingerprint": WORD,
        "flows": mapping(
            closed(
                {
                    "operations": listing(
                        closed(
                            {
                                "side": {"enum": ["left", "right"]},
                                "action": {"enum": ["create", "update", "delete", "link", "agree", "part", "relink"]},
                                "id": NULLABLE,
                                "partner": NULLABLE,
                                "fields": mapping(CHANGE),
                                "reason": TEXT,
                                "rests_on": {"type": "object"},
                            }
                        )
                    ),
                    "situations": mapping(COUNT),
                    "conflicts": COUNT,
                    "reviews": COUNT,
                    "rejects": COUNT,
                    "held": listing(HELD),
                    "notes": listing(WORD),
                }
            )
        ),
    }
)
REVIEW = {
    "type": "object",
    "properties": {
        "id": {"type": "integer", "minimum": 1},
        "kind": {
            "enum": [
                "possible",
                "disputed",
                "conflict",
                "lossy_edit",
                "unmapped_code",
                "reject",
                "unknown",
                "held",
                "collision",
            ]
        },
        "flow": WORD,
        "left": NULLABLE,
        "right": NULLABLE,
        "fields": mapping(mapping(NULLABLE)),
        "since": WORD,
        "status": {"enum": ["open", "decided", "cleared"]},
        "takes": listing(WORD),
    },
    "required": ["id", "kind", "flow", "left", "right", "fields", "since"],
}
REVIEWS = closed({"reviews": listing(REVIEW)})
DECISION = closed(
    {
        "decided": listing({"type": "integer"}),
        "refused": listing(closed({"id": {"type": "integer"}, "message": WORD})),
        "report": {"anyOf": [REPORT, {"type": "null"}]},
    }
)
RUNS = closed(
    {
        "runs": listing(
            closed(
                {
                    "run": ID,
                    "kind": {"enum": ["sync", "plan", "apply", "undo", "decide", "rebuild"]},
                    "integration": WORD,
                    "file": TEXT,
                    "status": {"enum": ["planning", "planned", "held", "applying", "done", "partial", "failed"]},
                    "by": TEXT,
                    "started_at": WORD,
                    "finished_at": TEXT,
                    "of": NULLABLE,
                    "result": {"anyOf": [REPORT, {"type": "object", "maxProperties": 0}]},
                }
            )
        )
    }
)
JOURNAL = closed(
    {
        "operations": listing(
            closed(
                {
                    "run": ID,
                    "flow": WORD,
                    "action": WORD,
                    "side": WORD,
                    "left": NULLABLE,
                    "right": NULLABLE,
                    "fields": mapping(CHANGE),
                    "reason": TEXT,
                    "rules": mapping(TEXT),
                    "state": WORD,
                    "message": TEXT,
                    "attempts": COUNT,
                    "at": TEXT,
                }
            )
        )
    }
)
WHY = {
    "type": "object",
    "properties": {
        "record": WORD,
        "in_sync": {"type": "boolean"},
        "answer": WORD,
        "details": listing(WORD),
        "fields": mapping(closed(dict.fromkeys(("value", "from_side", "run", "rule", "at"), NULLABLE))),
    },
    "required": ["record", "in_sync", "answer", "details", "fields"],
}
DESCRIBE = closed(
    {
        "system": WORD,
        "connector": WORD,
        "product": TEXT,
        "record_types": listing(
            closed(
                {
                    "name": WORD,
                    "title": TEXT,
                    "key": listing(WORD),
                    "capabilities": mapping({"type": ["boolean", "integer"]}),
                    "fields": listing({"type": "object", "required": ["name", "type", "is_required", "is_writable"]}),
                }
            )
        ),
    }
)
CHECK = closed(
    {
        "file": WORD,
        "integration": WORD,
        "title": TEXT,
        "systems": mapping(WORD),
        "flows": listing(WORD),
        "fingerprint": WORD,
        "is_connected": {"type": "boolean"},
        "found": listing(WORD),
    }
)
ERROR = closed(
    {
        "error": {
            "type": "object",
            "properties": {"code": WORD, "message": WORD, "hint": TEXT, "faults": listing({"type": "object"})},
            "required": ["code", "message", "hint"],
        }
    }
)
LINKS = closed({"links": listing({"type": "object", "required": ["flow", "left", "right", "state"]})})
