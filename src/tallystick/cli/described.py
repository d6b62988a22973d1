"""What a system offers, in words and as an answer."""

from __future__ import annotations

from typing import Any

from msgspec.structs import asdict, fields

from tallystick.cli.printable import printable
from tallystick.cli.voice import Voice
from tallystick.model.schema import Capabilities, Description, Field, RecordType

_ABLE = {
    "changes": "reads only what changed",
    "tombstones": "names what was deleted",
    "versions": "has versions",
    "reserve": "knows ids before a create",
    "idempotency": "answers a repeated create",
}
_UNABLE = {
    "causes": "cannot say why a record is gone",
    "find": "cannot look records up by their fields",
    "create": "cannot create",
    "update": "cannot update",
    "delete": "cannot delete",
}


def tell(system: str, description: Description, voice: Voice) -> None:
    product = f", {description.product}" if description.product else ""
    voice.say(printable(f"{system}: connector {description.connector}{product}"))
    if not description.record_types:
        voice.say("It offers no record types to this account.")
    for kind in description.record_types:
        voice.say()
        title = f" ({kind.title})" if kind.title else ""
        voice.say(printable(f"{kind.name}{title}"))
        voice.say(
            printable(f"  key: {', '.join(kind.key) or 'given by the system'} · {capabilities(kind.capabilities)}")
        )
        voice.table(
            ("  field", "type", "notes"),
            [(printable(f"  {field.name}"), field.type.value, printable(notes(field, kind))) for field in kind.fields],
        )


def capabilities(able: Capabilities) -> str:
    """What the connector can do with the type beyond the ordinary, and what not."""
    words = [text for name, text in _ABLE.items() if getattr(able, name)]
    words += [text for name, text in _UNABLE.items() if not getattr(able, name)]
    return ", ".join(words) or "full listings only"


def notes(field: Field, kind: RecordType) -> str:
    words = [field.title] if field.title else []
    if field.name in kind.key:
        words.append("key")
    if field.is_required:
        words.append("required")
    if not field.is_writable:
        words.append("read only")
    if not field.is_nullable:
        words.append("never null")
    if field.max_length is not None:
        words.append(f"at most {field.max_length} characters")
    if field.choices:
        more = ", ..." if len(field.choices) > 8 else ""
        words.append(f"one of {', '.join(field.choices[:8])}{more}")
    return " · ".join(words)


def as_answer(description: Description) -> dict[str, Any]:
    return {
        "connector": description.connector,
        "product": description.product,
        "record_types": [
            {
                "name": kind.name,
                "title": kind.title,
                "key": list(kind.key),
                "capabilities": {one.name: getattr(kind.capabilities, one.name) for one in fields(Capabilities)},
                "fields": [{**asdict(field), "type": field.type.value} for field in kind.fields],
            }
            for kind in description.record_types
        ],
    }
