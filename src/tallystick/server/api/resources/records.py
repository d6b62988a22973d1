"""Records of every type: listed, read, made, changed, deleted, restored, and how each came to be what it is."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Final

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, QueryDict, StreamingHttpResponse
from django.utils.translation import gettext as _
from ninja import Path, Query, Schema
from pydantic import Field as Shape
from pydantic import WithJsonSchema

from tallystick.errors import ChangedMeanwhile, InputRefused, NotFound
from tallystick.server.api.calls import Calls, actor_of
from tallystick.server.api.identity import problem
from tallystick.server.api.shapes import (
    Cursor,
    Given,
    Limit,
    Listing,
    Word,
    bad_cursor,
    check_known,
    listing,
    moment,
    number_cursor,
)
from tallystick.server.api.values import taken, told
from tallystick.server.people.actor import Actor
from tallystick.server.records import exporting, lists, queries
from tallystick.server.records.domain import actions, history
from tallystick.server.records.entry import Entry
from tallystick.server.records.pages import page_of
from tallystick.server.records.record_types import RECORD_TYPES, RecordType
from tallystick.server.records.values import Unfit, of_column, stamp
from tallystick.server.records.values import taken as fit
from tallystick.server.ui.answers import Problem

NAMES: Final = tuple(kind.name for kind in RECORD_TYPES)


def _all(verb: str) -> tuple[str, ...]:
    return tuple(kind.permission(verb) for kind in RECORD_TYPES)


VIEW, ADD, CHANGE, DELETE = (_all(verb) for verb in ("view", "add", "change", "delete"))
TypeName = Annotated[str, Path(description="A record type."), WithJsonSchema({"type": "string", "enum": list(NAMES)})]
Id = Annotated[str, Path(min_length=1, max_length=32)]
calls: Final = Calls("Records")


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


class NewRecord(Given):
    values: dict[str, Any]


class ChangedRecord(Given):
    """With the `version` that was read, what others changed since stays; 409 where they changed the same fields."""

    values: dict[str, Any]
    version: int | None = Shape(None, ge=1, le=2**53 - 1)


class Many(Given):
    ids: list[str] = Shape(min_length=1, max_length=500)
    reason: str = Shape("", max_length=300)


class Bulk(Schema):
    done: list[str]
    refused: dict[str, str]


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


@calls.get("", *VIEW, out=Listing[Kind])
def list_record_types(request: HttpRequest) -> Any:
    """Record types with their fields.

    Only those whose records you may see.
    """
    actor = actor_of(request)
    return listing([_kind_shown(kind) for kind in RECORD_TYPES if actor.may(kind.permission("view"))])


@calls.get("/{record_type}", *VIEW, out=Listing[Record])
def list_records(
    request: HttpRequest,
    record_type: TypeName,
    q: Word = "",
    sort: Word = "",
    deleted: bool = False,
    changed_since: Annotated[datetime | None, Query()] = None,
    cursor: Cursor = "",
    limit: Limit = 50,
) -> Any:
    """Records of a type, searched and narrowed.

    Besides these parameters every filter that the type names: `?status=open&owner=ID`. `sort` is one of its sorts, with
    "-" before it for descending. `deleted=true` lists what was deleted.
    """
    kind, actor = kind_of(record_type), actor_of(request)
    check_known(request, "q", "sort", "deleted", "changed_since", "cursor", "limit", *kind.filters)
    _check_filters(kind, request.GET)
    if sort and sort.removeprefix("-") not in kind.sorts:
        sentence = _("Sort by {names}.").format(names=", ".join(kind.sorts))
        raise InputRefused(_("The records cannot be sorted so."), fields={"sort": sentence})
    rows = queries.records(kind, actor).filter(gone_at__isnull=not deleted)
    if changed_since is not None:
        rows = rows.filter(changed_at__gte=moment(changed_since, "changed_since"))
    order = lists.sorted_by(kind, sort)
    found = lists.narrowed(rows, kind, request.GET, sort=order)
    page = page_of(found, _edge(cursor), sort=order, columns=_columns(kind), size=limit)
    if cursor and not page.previous:
        raise bad_cursor()
    return listing([_shown(kind, row) for row in page.rows], QueryDict(page.next).get("after"))


@calls.post("/{record_type}", *ADD, out=Record, status=201)
def create_record(request: HttpRequest, record_type: TypeName, body: NewRecord, response: HttpResponse) -> Any:
    """Make a record."""
    kind, actor = kind_of(record_type), actor_of(request)
    key = request.headers.get("Idempotency-Key")
    made = actions.create(actor, kind.name, taken(kind, body.values), key=f"api {actor.person} {key}" if key else None)
    response["Location"] = f"{request.path}/{made.id}"
    return _read(response, kind, actor, made.id)


@calls.post("/{record_type}/delete", *DELETE, out=Bulk)
def delete_records(request: HttpRequest, record_type: TypeName, body: Many) -> Any:
    """Move many records to the deleted ones.

    Each on its own: `refused` has a sentence for each that stayed.
    """
    return actions.delete(actor_of(request), kind_of(record_type).name, body.ids, reason=body.reason)


@calls.post("/{record_type}/restore", *DELETE, out=Bulk)
def restore_records(request: HttpRequest, record_type: TypeName, body: Many) -> Any:
    """Bring deleted records back."""
    return actions.restore(actor_of(request), kind_of(record_type).name, body.ids)


@calls.get("/{record_type}/export", *VIEW, media="application/x-ndjson")
def export_records(request: HttpRequest, record_type: TypeName, q: Word = "") -> Any:
    """All records of a type that pass the filters, as JSON lines, or as CSV where `Accept` says text/csv."""
    kind, actor = kind_of(record_type), actor_of(request)
    actor.check(kind.permission("view"))
    check_known(request, "q", *kind.filters)
    _check_filters(kind, request.GET)
    is_csv = "text/csv" in request.headers.get("Accept", "")
    lines = exporting.exported(kind, actor, request.GET, "csv" if is_csv else "jsonl")
    media = "text/csv; charset=utf-8" if is_csv else "application/x-ndjson"
    return StreamingHttpResponse((line.encode() for line in lines), content_type=media)


@calls.get("/{record_type}/{record_id}", *VIEW, out=Record)
def get_record(request: HttpRequest, record_type: TypeName, record_id: Id, response: HttpResponse) -> Any:
    """One record, deleted or not.

    Its `ETag` is its version.
    """
    return _read(response, kind_of(record_type), actor_of(request), record_id)


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
    return _read(response, kind, actor, record_id, meanwhile=saved.meanwhile)


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
    return _read(response, kind, actor, record_id)


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
    return _read(response, kind_of("location"), actor, record_id)


# --- inside


def kind_of(name: str) -> RecordType:
    """Raises NotFound."""
    found = next((kind for kind in RECORD_TYPES if kind.name == name), None)
    if found is None:
        raise NotFound(
            _("There is no record type {name!r}.").format(name=name),
            hint=_("There are {names}.").format(names=", ".join(NAMES)),
        )
    return found


def _columns(kind: RecordType) -> list[str]:
    return list(
        dict.fromkeys(("id", "gone_at", "gone_why", "merged_into", *(field.attname for field in kind.fields.values())))
    )


def _shown(kind: RecordType, row: Mapping[str, Any], meanwhile: Mapping[str, str] | None = None) -> dict[str, Any]:
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


def _read(
    response: HttpResponse, kind: RecordType, actor: Actor, id_: str, meanwhile: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """The record as it is now; who may make or change it and not see it gets no more than its marks."""
    if actor.may(kind.permission("view")):
        found: Entry = queries.one(kind, actor, id_)
    else:
        found = kind.model._default_manager.using(queries.HUB).get(pk=id_)
    row = {name: getattr(found, name) for name in _columns(kind)}
    response["ETag"] = f'"{found.version}"'
    shown = _shown(kind, row, meanwhile)
    if not actor.may(kind.permission("view")):
        shown["values"] = {}
    return shown


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


def _edge(cursor: str) -> QueryDict:
    query = QueryDict(mutable=True)
    if cursor:
        query["after"] = cursor
    return query


def _check_filters(kind: RecordType, query: QueryDict) -> None:
    """Raises InputRefused for a value that its field cannot have: the pages leave such a filter out."""
    faults: dict[str, str] = {}
    for name in kind.filters:
        value = query.get(name)
        field = kind.fields[name]
        if value is None or field.refers_to is not None or field.type.value == "list":
            continue
        try:
            fit(field, value, kept=value if field.codes is not None and value in field.codes.titles else None)
        except (Unfit, ValidationError) as error:
            faults[name] = str(error)
    if faults:
        raise InputRefused(_("The records cannot be narrowed so."), fields=faults)


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
