"""The reference page of the record types, made from what they declare (docs/reference/records.md).

The test that holds the page to it writes it anew when TALLYSTICK_WRITE_REFERENCE is set.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from django.utils import translation

from tallystick.server.records.domain.others import UNIQUE
from tallystick.server.records.record_types import Field, RecordType, of_app

HEAD: Final = """# Records

What the hub keeps itself, and what the connector [`records`](connectors/records.md) calls it in integration files.
Every field may be null where nothing else is said; null and an empty text are different. This page is made from the
code.

## Every record

| field | type | meaning |
|---|---|---|
| `id` | text | 32 hexadecimal characters that sort by time |
| `number` | integer | counts per type; people say it with the type's letters: C-1042 |
| `version` | integer | one more with every change; a write may name the version it expects |
| `created_at`, `changed_at` | datetime | read only |
| `created_by`, `changed_by` | text | the name of the person, or `Tallystick` for a run; read only |

A deleted, archived or merged record keeps its id, number and history, and comes back as it was from *Deleted objects*.
What must be unique is so among the records that are there. Codes are those that are delivered; an administrator may
have added, renamed and retired some. [Work with records](../how-to/work-with-records.md) tells how.
"""


def page() -> str:
    """The whole page, in English."""
    with translation.override("en"):
        return "\n".join([HEAD, *(line for kind in of_app("records") for line in _section(kind))])


def _section(kind: RecordType) -> Iterator[str]:
    yield f"## {kind.plural}"
    yield ""
    yield f"Record type `{kind.name}`, numbers {kind.prefix}-1, {kind.prefix}-2 …"
    for names in UNIQUE.get(kind.name, kind.unique):
        yield f"Unique: {' with '.join(f'`{name}`' for name in names)}."
    if kind.is_private_to_people:
        yield (
            "A private one is seen by its creator, its owner and its assignees only; "
            "others see that there is something, and when."
        )
    yield ""
    yield "| field | title | type | |"
    yield "|---|---|---|---|"
    for name in kind.own:
        yield _line(kind.fields[name])
    yield ""


def _line(field: Field) -> str:
    facts = []
    if field.is_required and field.is_writable:
        facts.append("required" if not field.column.has_default() else f"default `{field.column.get_default()}`")
    elif not field.is_nullable and field.column.has_default():
        facts.append(f"default `{str(field.column.get_default()).lower()}`")
    if not field.is_writable:
        facts.append("read only")
    if field.refers_to is not None:
        facts.append(f"{'ids' if field.type == 'list' else 'id'} of `{field.refers_to}`")
    elif field.codes is not None:
        facts.append(", ".join(f"`{code}`" for code in field.codes.delivered))
    elif field.type == "text" and field.limit is not None:
        facts.append(f"{field.limit:,} characters")
    return f"| `{field.name}` | {field.title} | {field.type.value} | {'; '.join(facts)} |"
