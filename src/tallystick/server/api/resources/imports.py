"""Imports of files: taken at once where they are short, else in the background, with what could not be taken."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Final

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from ninja import Path, Schema, Status
from pydantic import Field as Shape

from tallystick.server.api.calls import Calls, actor_of
from tallystick.server.api.resources.record_kinds import ADD, TypeName, kind_of
from tallystick.server.api.shapes import Given, Listing, listing
from tallystick.server.records.domain import importing
from tallystick.server.records.models import Upload
from tallystick.server.records.rejected import rejected

calls: Final = Calls("Records")
imports: Final = Calls("Imports")
AT_ONCE: Final = 2_000
"""Rows that a call takes while it is waited for."""
FAULTS: Final = 500
Token = Annotated[str, Path(min_length=1, max_length=32)]


class FileGiven(Given):
    """`name` ends in .csv, .tsv, .jsonl or the like."""

    name: str = Shape(max_length=200)
    text: str = Shape(max_length=15_000_000)
    trial: bool = Shape(False, description="Say what would happen, and do nothing.")


class Fault(Schema):
    line: int
    message: str


class Import(Schema):
    """`id` is empty of a trial."""

    id: str
    record_type: str
    name: str
    rows: int
    created: int
    updated: int
    refused: int
    is_done: bool = Shape(description="Ask again by its `id` while it is false.")
    error: str = Shape(description="Why it ended before the last row; empty where it did not.")
    begun_at: datetime | None
    ended_at: datetime | None
    faults: list[Fault] = Shape(description="The first 500.")


@calls.post("/{record_type}/import", *ADD, out=Import, also={202: Import})
def import_records(request: HttpRequest, record_type: TypeName, body: FileGiven, response: HttpResponse) -> Any:
    """Take records of a file: CSV or JSON lines, a line a record.

    A row with the id or number of a record changes it, others make records. A row that is wrong is told with its line,
    and the others go in; with `trial` nothing does. A file of more than 2,000 rows is answered with 202 and goes on by
    itself: ask how far it is under `Location`.
    """
    kind, actor = kind_of(record_type), actor_of(request)
    upload = importing.receive(actor, kind.name, body.name, body.text)
    if body.trial:
        seen = importing.preview(actor, upload)
        upload.delete()
        faults = [{"line": line, "message": message} for line, message in seen.faults[:FAULTS]]
        return {**_shown(upload), "id": "", "is_done": True, "refused": len(seen.faults), "faults": faults}
    upload = importing.begin(actor, upload, is_claimed=upload.rows <= AT_ONCE)
    if upload.rows > AT_ONCE:
        response["Location"] = f"/api/v1/imports/{upload.token}"
        return Status(202, _shown(upload))
    while not upload.is_done:
        upload = importing.go_on(actor, upload)
    return Status(200, _shown(upload))


@imports.get("", *ADD, out=Listing[Import])
def list_imports(request: HttpRequest) -> Any:
    """The imports you began in the last two weeks, the last first, without their faults."""
    return listing([_shown(upload, most=0) for upload in importing.uploads_of(actor_of(request))])


@imports.get("/{token}", *ADD, out=Import)
def get_import(request: HttpRequest, token: Token) -> Any:
    """How far an import is.

    One's own alone.
    """
    return _shown(importing.upload_of(actor_of(request), token))


@imports.post("/{token}/stop", *ADD, out=Import)
def stop_import(request: HttpRequest, token: Token) -> Any:
    """Take no further rows; those that are in stay."""
    actor = actor_of(request)
    upload = importing.upload_of(actor, token)
    importing.stop(actor, upload)
    return _shown(upload)


@imports.get("/{token}/rows", *ADD, media="text/csv")
def get_rows_not_taken(request: HttpRequest, token: Token) -> Any:
    """The rows that were not taken, to correct and import again.

    CSV has their lines and reasons in its first two columns; JSON lines come as they were.
    """
    upload = importing.upload_of(actor_of(request), token)
    media = "text/csv; charset=utf-8" if upload.form == "csv" else "application/x-ndjson"
    return StreamingHttpResponse((line.encode() for line in rejected(upload)), content_type=media)


def _shown(upload: Upload, *, most: int = FAULTS) -> dict[str, Any]:
    names = ("record_type", "name", "rows", "created", "updated", "refused", "is_done", "error", "begun_at", "ended_at")
    faults = importing.faults_of(upload, most) if most and upload.refused else []
    return {
        "id": upload.token,
        **{name: getattr(upload, name) for name in names},
        "faults": [{"line": line, "message": message} for line, message in faults],
    }
