"""The records of a type together: listed, made, exported, many deleted and restored at once."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, QueryDict, StreamingHttpResponse
from django.utils.translation import gettext as _
from ninja import Query, Schema
from pydantic import Field as Shape

from tallystick.errors import InputRefused
from tallystick.server.api.calls import actor_of
from tallystick.server.api.resources.record_kinds import ADD, DELETE, VIEW, TypeName, calls, kind_of
from tallystick.server.api.resources.record_shown import Record, columns_of, read, shown
from tallystick.server.api.shapes import Cursor, Given, Limit, Listing, Word, bad_cursor, check_known, listing, moment
from tallystick.server.api.values import taken
from tallystick.server.records import exporting, lists, queries
from tallystick.server.records.domain import actions
from tallystick.server.records.pages import page_of
from tallystick.server.records.record_types import RecordType
from tallystick.server.records.values import Unfit
from tallystick.server.records.values import taken as fit


class NewRecord(Given):
    values: dict[str, Any]


class Many(Given):
    ids: list[str] = Shape(min_length=1, max_length=500)
    reason: str = Shape("", max_length=300)


class Bulk(Schema):
    done: list[str]
    refused: dict[str, str]


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
    page = page_of(found, _edge(cursor), sort=order, columns=columns_of(kind), size=limit)
    if cursor and not page.previous:
        raise bad_cursor()
    return listing([shown(kind, row) for row in page.rows], QueryDict(page.next).get("after"))


@calls.post("/{record_type}", *ADD, out=Record, status=201)
def create_record(request: HttpRequest, record_type: TypeName, body: NewRecord, response: HttpResponse) -> Any:
    """Make a record."""
    kind, actor = kind_of(record_type), actor_of(request)
    key = request.headers.get("Idempotency-Key")
    made = actions.create(actor, kind.name, taken(kind, body.values), key=f"api {actor.person} {key}" if key else None)
    response["Location"] = f"{request.path}/{made.id}"
    return read(response, kind, actor, made.id)


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


# --- inside


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
