"""Records that go and come back: archived, merged, and everything that is gone, of all types."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Final

from django.http import HttpRequest, QueryDict
from django.utils.translation import gettext as _
from ninja import Query, Schema
from pydantic import Field as Shape

from tallystick.errors import InputRefused
from tallystick.server.api.calls import Calls, actor_of
from tallystick.server.api.resources.record_kinds import DELETE, NAMES, Id, TypeName, kind_of
from tallystick.server.api.resources.record_lists import Bulk, Many
from tallystick.server.api.shapes import Cursor, Given, Limit, Listing, Word, bad_cursor, check_known, listing
from tallystick.server.api.values import told
from tallystick.server.records import gone
from tallystick.server.records.domain import actions, merging, returning
from tallystick.server.records.domain.pairs import Take, compare
from tallystick.server.records.values import stamp

calls: Final = Calls("Records")
bin_: Final = Calls("Deleted objects")


class MergeChoice(Schema):
    """A field in which the two differ."""

    name: str
    title: str
    survivor: Any
    loser: Any
    take: str = Shape(description="What is suggested: survivor, loser, or both of lists.")
    takes: list[str]


class Comparison(Schema):
    survivor: str
    loser: str
    version: int
    loser_version: int
    choices: list[MergeChoice]


class MergeGiven(Given):
    """The record of the address stays. With the versions that were compared, 409 when one of the two changed since."""

    loser: str = Shape(min_length=1, max_length=32)
    take: dict[str, Take] = Shape(default_factory=dict, description="field -> survivor, loser, or both of lists")
    version: int | None = Shape(None, ge=1, le=2**53 - 1)
    loser_version: int | None = Shape(None, ge=1, le=2**53 - 1)


class MergeDone(Schema):
    survivor: str
    loser: str
    moved: dict[str, int] = Shape(description="record type -> how many records refer to the survivor now")


class MergeBack(Schema):
    loser: str
    survivor: str
    moved: int
    kept: list[str] = Shape(description="A sentence for each thing that was changed since and stays.")


class Gone(Schema):
    type: str
    id: str
    called: str
    title: str
    at: datetime
    by: str
    why: str = Shape(description="deleted, merged or archived")


class GoneGiven(Given):
    """Records of any types."""

    records: dict[str, list[str]] = Shape(description="record type -> ids", max_length=len(NAMES))


class Back(Schema):
    done: dict[str, list[str]]
    refused: list[str]
    kept: list[str]


@calls.post("/{record_type}/archive", *DELETE, out=Bulk)
def archive_records(request: HttpRequest, record_type: TypeName, body: Many) -> Any:
    """Put many records away.

    They leave the lists; other systems are told that they are archived, not deleted. `restore` brings them back.
    """
    return actions.archive(actor_of(request), kind_of(record_type).name, body.ids, reason=body.reason)


@calls.get("/{record_type}/{record_id}/merge", *DELETE, out=Comparison)
def compare_records(
    request: HttpRequest,
    record_type: TypeName,
    record_id: Id,
    loser: Annotated[str, Query(min_length=1, max_length=32)],
) -> Any:
    """Hold two records against each other.

    What merging `loser` into the record would do to each field in which they differ.
    """
    check_known(request, "loser")
    pair = compare(actor_of(request), kind_of(record_type).name, record_id, loser)
    return {
        "survivor": pair.survivor.id,
        "loser": pair.loser.id,
        "version": pair.survivor.version,
        "loser_version": pair.loser.version,
        "choices": [
            {
                "name": choice.field.name,
                "title": str(choice.field.title),
                "survivor": told(choice.field, choice.survivor),
                "loser": told(choice.field, choice.loser),
                "take": str(choice.take),
                "takes": [str(one) for one in choice.takes],
            }
            for choice in pair.choices
        ],
    }


@calls.post("/{record_type}/{record_id}/merge", *DELETE, out=MergeDone)
def merge_records(request: HttpRequest, record_type: TypeName, record_id: Id, body: MergeGiven) -> Any:
    """Merge another record into this one.

    What refers to `loser` refers to this record afterwards, and other systems are told what it was merged into. Fields
    that `take` does not name follow the suggestion of the comparison.
    """
    if (body.version is None) != (body.loser_version is None):
        name = "version" if body.version is None else "loser_version"
        raise InputRefused(_("Send both versions or none."), fields={name: _("It is missing.")})
    versions = (body.version, body.loser_version) if body.version is not None and body.loser_version else None
    kind = kind_of(record_type)
    return merging.merge(actor_of(request), kind.name, record_id, body.loser, body.take, versions=versions)


@calls.post("/{record_type}/{record_id}/unmerge", *DELETE, out=MergeBack)
def unmerge_record(request: HttpRequest, record_type: TypeName, record_id: Id) -> Any:
    """Take back the merge by which this record went.

    It is there again, and what moved goes back to it unless somebody changed it since.
    """
    return merging.take_back(actor_of(request), kind_of(record_type).name, record_id)


@bin_.get("", *DELETE, out=Listing[Gone])
def list_gone_records(
    request: HttpRequest,
    type: Word = "",
    q: Word = "",
    why: Word = "",
    by: Word = "",
    since: Annotated[date | None, Query()] = None,
    until: Annotated[date | None, Query()] = None,
    cursor: Cursor = "",
    limit: Limit = 50,
) -> Any:
    """What was deleted, merged or archived, of all types, the last first."""
    check_known(request, "type", "q", "why", "by", "since", "until", "cursor", "limit")
    actor = actor_of(request)
    if type:
        actor.check(kind_of(type).permission("delete"))
    if why and why not in gone.WHYS:
        sentence = _("It is one of {names}.").format(names=", ".join(gone.WHYS))
        raise InputRefused(_("The records cannot be narrowed so."), fields={"why": sentence})
    query = QueryDict(mutable=True)
    if cursor:
        query["after"] = cursor
    page = gone.page_of(actor, gone.wanted_of(actor, request.GET), query, size=limit)
    if cursor and not page.previous:
        raise bad_cursor()
    rows = [
        {
            "type": row.kind.name,
            "id": row.id,
            "called": row.called,
            "title": row.title,
            "at": stamp(row.at),
            "by": row.by,
            "why": row.why,
        }
        for row in page.rows
    ]
    return listing(rows, QueryDict(page.next).get("after"))


@bin_.post("/restore", *DELETE, out=Back)
def restore_gone_records(request: HttpRequest, body: GoneGiven) -> Any:
    """Bring back records of any types.

    Merges among them are taken back. `refused` has a sentence for each that stays gone.
    """
    count = sum(map(len, body.records.values()))
    if not 0 < count <= gone.MOST_AT_ONCE:
        sentence = _("Name 1 to {most} records.").format(most=gone.MOST_AT_ONCE)
        raise InputRefused(_("That is not how many can be restored at once."), fields={"records": sentence})
    which = {kind_of(name).name: ids for name, ids in body.records.items()}
    found = returning.bring_back(actor_of(request), which)
    return {"done": {name: list(ids) for name, ids in found.done.items()}, "refused": found.refused, "kept": found.kept}
