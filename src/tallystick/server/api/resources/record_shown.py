"""A record as an answer of the API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import HttpResponse
from ninja import Schema
from pydantic import Field as Shape

from tallystick.server.api.values import told
from tallystick.server.people.actor import Actor
from tallystick.server.records import queries
from tallystick.server.records.entry import Entry
from tallystick.server.records.record_types import RecordType
from tallystick.server.records.values import of_column


class Record(Schema):
    """One record. `values` has a member for each field of its type; references are ids."""

    id: str
    type: str
    number: int
    called: str = Shape(description="How people call it: C-1042.")
    version: int
    is_deleted: bool
    gone: str | None = Shape(None, description="Why it is not there any more: deleted, merged or archived.")
    merged_into: str | None = Shape(None, description="The record that it is part of now.")
    values: dict[str, Any]
    meanwhile: dict[str, str] = Shape(
        default_factory=dict, description="Fields that somebody else changed since `version`, and who."
    )


def columns_of(kind: RecordType) -> list[str]:
    return list(
        dict.fromkeys(("id", "gone_at", "gone_why", "merged_into", *(field.attname for field in kind.fields.values())))
    )


def shown(kind: RecordType, row: Mapping[str, Any], meanwhile: Mapping[str, str] | None = None) -> dict[str, Any]:
    values = {name: told(field, of_column(field.type, row[field.attname])) for name, field in kind.fields.items()}
    return {
        "id": row["id"],
        "type": kind.name,
        "number": row["number"],
        "called": kind.called(row["number"]),
        "version": row["version"],
        "is_deleted": row["gone_at"] is not None,
        "gone": row["gone_why"],
        "merged_into": row["merged_into"],
        "values": values,
        "meanwhile": dict(meanwhile or {}),
    }


def read(
    response: HttpResponse, kind: RecordType, actor: Actor, id_: str, meanwhile: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """The record as it is now; who may make or change it and not see it gets no more than its marks."""
    if actor.may(kind.permission("view")):
        found: Entry = queries.one(kind, actor, id_)
    else:
        found = kind.model._default_manager.using(queries.HUB).get(pk=id_)
    row = {name: getattr(found, name) for name in columns_of(kind)}
    response["ETag"] = f'"{found.version}"'
    whole = shown(kind, row, meanwhile)
    if not actor.may(kind.permission("view")):
        whole["values"] = {}
    return whole
