"""What is published for those who build the other side: an OpenAPI document and the JSON Schemas of all operations."""

from __future__ import annotations

from typing import Any, Final

from tallystick import __version__
from tallystick.errors import NotFound
from tallystick.server.messages.lists import names
from tallystick.server.messages.operation import Kind, Operation, known, operation

BASE: Final = "/api/messages/v1"
DESCRIPTION: Final = """\
Messages between a help desk and maintenance. Both sides offer the same three calls; `{mark}` stands for the address
that a side was given by the other.

A message keeps its `id` however often it is sent: who received it answers as the first time. A refused message left
nothing, and may come again under its id, corrected. Whoever loses an answer asks for it and sends again only what is
not there. Messages of one `subject` come in order, and may come twice.

Every call carries the headers of Standard Webhooks: `webhook-id` (the message's id; any for a GET),
`webhook-timestamp` (seconds since 1970, not older than five minutes) and
`webhook-signature`: `v1,` and the base64 of HMAC-SHA256 over `id.timestamp.body`, with the secret both sides know.
A GET has its path with the query in place of the body."""


def schema_of(name: str, version: int) -> dict[str, Any]:
    """Both schemas of an operation as one document. Raises NotFound."""
    one = operation(name, version)
    if not one.is_published:
        raise NotFound(f"The operation {name} is not published.", hint="The OpenAPI document names those that are.")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"{BASE}/schemas/{one.name}/{one.version}.json",
        "title": f"{one.name}, version {one.version}",
        "$defs": {"request": dict(one.request), "response": dict(one.response)},
        "$ref": "#/$defs/request",
    }


def openapi() -> dict[str, Any]:
    """OpenAPI 3.1 of what a side offers."""
    bodies = {f"{one.name}.v{one.version}": one for one in known() if one.is_published}
    schemas: dict[str, Any] = {}
    for name, one in bodies.items():
        schemas[name] = dict(one.request)
        if one.kind is Kind.REQUEST:
            schemas[f"{name}.answer"] = dict(one.response)
    schemas |= {"Message": _message(bodies), "Answer": _answer(), "Entry": _entry(), "Problem": _problem()}
    mark = {"name": "mark", "in": "path", "required": True, "schema": {"type": "string"}}
    signed = [{"$ref": f"#/components/parameters/{name}"} for name in ("id", "timestamp", "signature")]
    return {
        "openapi": "3.1.0",
        "info": {"title": "Tallystick messages", "version": __version__, "description": DESCRIPTION},
        "paths": {
            f"{BASE}/{{mark}}/transactions": {
                "post": {
                    "operationId": "send",
                    "summary": "Send a message",
                    "parameters": [mark, *signed],
                    "requestBody": {"required": True, "content": _json("Message")},
                    "responses": {
                        "200": {"description": "Accepted.", "content": _json("Answer")},
                        "422": {"description": "Refused, with all errors.", "content": _json("Answer")},
                        "default": _problem_answer(),
                    },
                }
            },
            f"{BASE}/{{mark}}/transactions/{{id}}": {
                "get": {
                    "operationId": "look_up",
                    "summary": "What became of a message",
                    "parameters": [mark, {**mark, "name": "id"}, *signed],
                    "responses": {
                        "200": {"description": "Its answer.", "content": _json("Answer")},
                        "404": {"description": "`unknown_transaction`: it never came.", **_problem_answer()},
                        "default": _problem_answer(),
                    },
                }
            },
            f"{BASE}/{{mark}}/lists/{{name}}": {
                "get": {
                    "operationId": "read_list",
                    "summary": "Entries of a list",
                    "parameters": [
                        mark,
                        {**mark, "name": "name", "schema": {"type": "string", "enum": list(names())}},
                        {"name": "q", "in": "query", "schema": {"type": "string", "maxLength": 200}},
                        *signed,
                    ],
                    "responses": {
                        "200": {
                            "description": "The entries.",
                            "content": {
                                "application/json": {
                                    "schema": {
                                        "type": "object",
                                        "required": ["name", "entries"],
                                        "properties": {
                                            "name": {"type": "string"},
                                            "entries": {
                                                "type": "array",
                                                "items": {"$ref": "#/components/schemas/Entry"},
                                            },
                                        },
                                    }
                                }
                            },
                        },
                        "default": _problem_answer(),
                    },
                }
            },
        },
        "components": {
            "schemas": schemas,
            "parameters": {name: _head(f"webhook-{name}") for name in ("id", "timestamp", "signature")},
        },
    }


def _message(bodies: dict[str, Operation]) -> dict[str, Any]:
    return {
        "type": "object",
        "required": ["id", "operation", "version", "body"],
        "additionalProperties": False,
        "properties": {
            "id": {"type": "string", "pattern": "^[A-Za-z0-9._:-]{1,64}$"},
            "operation": {"type": "string", "enum": sorted({one.name for one in bodies.values()})},
            "version": {"type": "integer", "minimum": 1},
            "subject": {"type": "string", "maxLength": 100},
            "sent_at": {"type": ["string", "null"], "format": "date-time"},
            "body": {"anyOf": [{"$ref": f"#/components/schemas/{name}"} for name in bodies]},
        },
    }


def _answer() -> dict[str, Any]:
    return {
        "type": "object",
        "required": ["id", "outcome"],
        "properties": {
            "id": {"type": "string"},
            "outcome": {"enum": ["accepted", "refused"]},
            "body": {"type": "object"},
            "errors": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["message"],
                    "properties": {name: {"type": "string"} for name in ("code", "field", "message")},
                },
            },
        },
    }


def _entry() -> dict[str, Any]:
    return {
        "type": "object",
        "required": ["code", "name"],
        "properties": {"code": {"type": "string"}, "name": {"type": "string"}, "parent": {"type": ["string", "null"]}},
    }


def _problem() -> dict[str, Any]:
    return {
        "type": "object",
        "required": ["status", "detail", "code"],
        "properties": {"status": {"type": "integer"}, "detail": {"type": "string"}, "code": {"type": "string"}},
    }


def _problem_answer() -> dict[str, Any]:
    return {
        "description": "A problem (RFC 9457).",
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }


def _head(name: str) -> dict[str, Any]:
    return {"name": name, "in": "header", "required": True, "schema": {"type": "string"}}


def _json(name: str) -> dict[str, Any]:
    return {"application/json": {"schema": {"$ref": f"#/components/schemas/{name}"}}}
