"""Record types, as calls name them: their fields, their permissions, and which there are."""

from __future__ import annotations

from typing import Annotated, Any, Final

from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja import Path, Schema
from pydantic import WithJsonSchema

from tallystick.errors import NotFound
from tallystick.server.api.calls import Calls, actor_of
from tallystick.server.api.shapes import Listing, listing
from tallystick.server.records.record_types import RECORD_TYPES, RecordType

NAMES: Final = tuple(kind.name for kind in RECORD_TYPES)


def _all(verb: str) -> tuple[str, ...]:
    return tuple(kind.permission(verb) for kind in RECORD_TYPES)


VIEW, ADD, CHANGE, DELETE = (_all(verb) for verb in ("view", "add", "change", "delete"))
TypeName = Annotated[str, Path(description="A record type."), WithJsonSchema({"type": "string", "enum": list(NAMES)})]
Id = Annotated[str, Path(min_length=1, max_length=32)]
calls: Final = Calls("Records")


class RecordField(Schema):
    name: str
    type: str
    title: str
    is_writable: bool
    is_required: bool
    refers_to: str | None
    limit: int | None
    codes: list[str] | None


class Kind(Schema):
    name: str
    title: str
    fields: list[RecordField]
    filters: list[str]
    sorts: list[str]


@calls.get("", *VIEW, out=Listing[Kind])
def list_record_types(request: HttpRequest) -> Any:
    """Record types with their fields.

    Only those whose records you may see.
    """
    actor = actor_of(request)
    return listing([_kind_shown(kind) for kind in RECORD_TYPES if actor.may(kind.permission("view"))])


def kind_of(name: str) -> RecordType:
    """Raises NotFound."""
    found = next((kind for kind in RECORD_TYPES if kind.name == name), None)
    if found is None:
        raise NotFound(
            _("There is no record type {name!r}.").format(name=name),
            hint=_("There are {names}.").format(names=", ".join(NAMES)),
        )
    return found


# --- inside


def _kind_shown(kind: RecordType) -> dict[str, Any]:
    return {
        "name": kind.name,
        "title": str(kind.title),
        "fields": [
            {
                "name": field.name,
                "type": field.type.value,
                "title": str(field.title),
                "is_writable": field.is_writable,
                "is_required": field.is_required,
                "refers_to": field.refers_to,
                "limit": field.limit,
                "codes": list(field.codes.codes) if field.codes else None,
            }
            for field in kind.fields.values()
        ],
        "filters": list(kind.filters),
        "sorts": list(kind.sorts),
    }
