"""One record: read, changed, deleted, restored, and how it came to be what it is."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from ninja import Schema
from pydantic import Field as Shape

from tallystick.errors import ChangedMeanwhile, InputRefused
from tallystick.server.api.calls import actor_of
from tallystick.server.api.identity import problem
from tallystick.server.api.resources import record_lists  # noqa: F401  its calls stand before these
from tallystick.server.api.resources.record_kinds import CHANGE, DELETE, VIEW, Id, TypeName, calls, kind_of
from tallystick.server.api.resources.record_shown import Record, read
from tallystick.server.api.shapes import Cursor, Given, Limit, Listing, listing, number_cursor
from tallystick.server.api.values import taken, told
from tallystick.server.people.actor import Actor
from tallystick.server.records import queries
from tallystick.server.records.domain import actions, history
from tallystick.server.records.record_types import RecordType
from tallystick.server.records.values import stamp
from tallystick.server.ui.answers import Problem

__all__ = ["calls"]


class ChangedRecord(Given):
    """With the `version` that was read, what others changed since stays; 409 where they changed the same fields."""

    values: dict[str, Any]
    version: int | None = Shape(None, ge=1, le=2**53 - 1)


class Past(Schema):
    seq: int
    version: int
    at: datetime
    action: str
    by: str
    via: str
    run: str | None
    reason: str
    changes: dict[str, Any] = Shape(description="field -> [before, after]")


@calls.get("/{record_type}/{record_id}", *VIEW, out=Record)
def get_record(request: HttpRequest, record_type: TypeName, record_id: Id, response: HttpResponse) -> Any:
    """One record, deleted or not.

    Its `ETag` is its version.
    """
    return read(response, kind_of(record_type), actor_of(request), record_id)


@calls.patch("/{record_type}/{record_id}", *CHANGE, out=Record, is_matched=True)
def change_record(
    request: HttpRequest, record_type: TypeName, record_id: Id, body: ChangedRecord, response: HttpResponse
) -> Any:
    """Set some fields of a record.

    Fields that are not named stay. See `version` and `If-Match` for what happens when others change it too.
    """
    kind, actor = kind_of(record_type), actor_of(request)
    version = body.version
    if "If-Match" in request.headers:
        refused = _unmatched(request, kind, actor, record_id)
        if refused is not None:
            return refused
        version = _matched(request)
    saved = actions.update(actor, kind.name, record_id, taken(kind, body.values), version=version)
    return read(response, kind, actor, record_id, meanwhile=saved.meanwhile)


@calls.delete("/{record_type}/{record_id}", *DELETE, is_matched=True)
def delete_record(request: HttpRequest, record_type: TypeName, record_id: Id) -> Any:
    """Move a record to the deleted ones."""
    kind, actor = kind_of(record_type), actor_of(request)
    actor.check(kind.permission("delete"))
    refused = _unmatched(request, kind, actor, record_id) if "If-Match" in request.headers else None
    if refused is not None:
        return refused
    queries.one(kind, actor, record_id)
    _all_done(actions.delete(actor, kind.name, [record_id]), record_id)
    return None


@calls.post("/{record_type}/{record_id}/restore", *DELETE, out=Record)
def restore_record(request: HttpRequest, record_type: TypeName, record_id: Id, response: HttpResponse) -> Any:
    """Bring a deleted record back as it was."""
    kind, actor = kind_of(record_type), actor_of(request)
    queries.one(kind, actor, record_id)
    _all_done(actions.restore(actor, kind.name, [record_id]), record_id)
    return read(response, kind, actor, record_id)


@calls.get("/{record_type}/{record_id}/history", *VIEW, out=Listing[Past])
def list_record_history(
    request: HttpRequest, record_type: TypeName, record_id: Id, cursor: Cursor = "", limit: Limit = 50
) -> Any:
    """Who changed the record, from what to what, newest first."""
    kind = kind_of(record_type)
    queries.one(kind, actor_of(request), record_id)
    found = history.of_record(record_id, before=number_cursor(cursor), count=limit + 1)
    rows = found[:limit]
    return listing([_past_shown(kind, one) for one in rows], rows[-1].seq if len(found) > limit else None)


@calls.post("/location/{record_id}/convert-to-main", "records.change_location", out=Record)
def convert_location_to_main(request: HttpRequest, record_id: Id, response: HttpResponse) -> Any:
    """Make a location the main one of its account."""
    actor = actor_of(request)
    actions.convert_to_main(actor, record_id)
    return read(response, kind_of("location"), actor, record_id)


# --- inside


def _unmatched(request: HttpRequest, kind: RecordType, actor: Actor, id_: str) -> HttpResponse | None:
    """412 when the record is not the one that was read."""
    wanted = _matched(request)
    if wanted is None:
        return None
    found = queries.one(kind, actor, id_)
    if found.version == wanted:
        return None
    return problem(
        Problem(
            status=412,
            code=ChangedMeanwhile.code,
            title="Precondition Failed",
            message=_("{name} changed this record since you read it.").format(name=found.changed_by),
            hint=_("Read it again, then make your change."),
        ),
        ETag=f'"{found.version}"',
    )


def _matched(request: HttpRequest) -> int | None:
    """The version that If-Match names; None where any will do. Raises InputRefused."""
    wanted = request.headers["If-Match"].strip()
    if wanted == "*":
        return None
    number = wanted.removeprefix("W/").strip('"')
    if not number.isascii() or not number.isdecimal() or len(number) > 15:
        raise InputRefused(_("If-Match is no ETag."), fields={"If-Match": _("Send the ETag that was read, as it is.")})
    return int(number)


def _all_done(bulk: actions.Bulk, id_: str) -> None:
    if id_ in bulk.refused:
        raise InputRefused(bulk.refused[id_])


def _past_shown(kind: RecordType, past: history.Past) -> dict[str, Any]:
    fields = kind.fields
    return {
        "seq": past.seq,
        "version": past.version,
        "at": stamp(past.at),
        "action": past.doing.value,
        "by": past.by,
        "via": past.via,
        "run": past.run,
        "reason": past.reason,
        "changes": {
            name: [told(fields[name], value) if name in fields else value for value in pair]
            for name, pair in past.changes.items()
        },
    }
