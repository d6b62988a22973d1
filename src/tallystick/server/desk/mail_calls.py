"""Files and emails of the desk through the API; the calls are hung in beside those of `calls`."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Query, Schema
from pydantic import Field as Shape

from tallystick.errors import InputRefused
from tallystick.server.api.calls import actor_of
from tallystick.server.api.shapes import Cursor, Limit, Listing, Number, Word, listing, number_cursor
from tallystick.server.desk.calls import Id, Text, calls
from tallystick.server.desk.domain import attachments
from tallystick.server.desk.domain.attachments import LARGEST_BYTES, MEGABYTE, PLAIN_MEDIA, Given
from tallystick.server.desk.mail import answers, deciding
from tallystick.server.desk.models import Attachment, Email
from tallystick.server.desk.views.files import handed_out
from tallystick.server.messages import beside

SEE_CASE, CHANGE_CASE = "records.view_case", "records.change_case"
SEE_ORDER, CHANGE_ORDER = "desk.view_work_order", "desk.change_work_order"
FileName = Annotated[str, Query(min_length=1, max_length=200, description="The name of the file.")]


class FileShown(Schema):
    id: str
    name: str
    media: str = Shape(description="As its sender called it; nothing vouches for it.")
    bytes: int
    sha256: str
    by: str
    at: datetime
    email: int | None = Shape(description="The email it came with.")


class LetterWritten(Schema):
    note: str = Shape(description="The id of the note that keeps what was written.")
    to: str


class EmailShown(Schema):
    """An email that came in. `author` is what it says of itself; `is_proven`: it answers a letter to that address."""

    number: int
    state: str = Shape(description="waiting, taken, aside or failed.")
    aside: str = Shape(description="Why it was left alone; empty where it was not.")
    why: str
    author: str
    author_name: str
    subject: str
    is_answer: bool
    is_proven: bool
    case: str | None
    bytes: int
    at: datetime


@calls.get("/cases/{case}/files", SEE_CASE, out=list[FileShown])
def list_files_of_case(request: HttpRequest, case: Id) -> Any:
    """Files of a case, the newest first."""
    return [_file(one) for one in attachments.of(actor_of(request), "case", case)]


@calls.post("/cases/{case}/files", CHANGE_CASE, out=FileShown, status=201, takes=PLAIN_MEDIA)
def add_file_to_case(request: HttpRequest, case: Id, name: FileName) -> Any:
    """Put a file onto a case: its content is the body, 10 MB at most."""
    return _added(request, "case", case, name)


@calls.get("/work/{order}/files", SEE_ORDER, out=list[FileShown])
def list_files_of_work_order(request: HttpRequest, order: Id) -> Any:
    """Files of a work order, the newest first."""
    return [_file(one) for one in attachments.of(actor_of(request), "work_order", order)]


@calls.post("/work/{order}/files", CHANGE_ORDER, out=FileShown, status=201, takes=PLAIN_MEDIA)
def add_file_to_work_order(request: HttpRequest, order: Id, name: FileName) -> Any:
    """Put a file onto a work order: its content is the body, 10 MB at most."""
    return _added(request, "work_order", order, name)


@calls.get("/files/{file}", SEE_CASE, SEE_ORDER, media=PLAIN_MEDIA)
def download_file(request: HttpRequest, file: Id) -> Any:
    """What is in a file.

    To be saved, not shown: its content comes from whoever sent it.
    """
    found, content = attachments.hand_out(actor_of(request), file)
    return handed_out(content, found.name, found.media)


@calls.delete("/files/{file}", CHANGE_CASE, CHANGE_ORDER)
def remove_file(request: HttpRequest, file: Id) -> Any:
    """Remove a file for good."""
    attachments.take_away(actor_of(request), file)
    return None


@calls.post("/cases/{case}/letters", CHANGE_CASE, out=LetterWritten, status=201)
def write_to_requester(request: HttpRequest, case: Id, body: Text) -> Any:
    """Write to the requester of a case by email; a note keeps what was written."""
    written = answers.write(actor_of(request), case, body.text)
    beside.wake()
    return {"note": written.note, "to": written.to}


@calls.get("/emails", deciding.HANDLE, out=Listing[EmailShown])
def list_emails(
    request: HttpRequest,
    q: Word = "",
    state: Annotated[str, Query(max_length=8)] = "",
    cursor: Cursor = "",
    limit: Limit = 50,
) -> Any:
    """Emails that came in, the newest first."""
    rows = deciding.emails(actor_of(request), state=state, words=q).order_by("-pk")
    before = number_cursor(cursor)
    if before is not None:
        rows = rows.filter(pk__lt=before)
    found = list(rows[: limit + 1])
    following = found[limit - 1].pk if len(found) > limit else None
    return listing([_email(one) for one in found[:limit]], following)


@calls.get("/emails/{number}", deciding.HANDLE, out=EmailShown)
def get_email(request: HttpRequest, number: Number) -> Any:
    """One email that came in."""
    return _email(deciding.email_of(actor_of(request), number))


@calls.post("/emails/{number}/take", deciding.HANDLE, out=EmailShown)
def take_email(request: HttpRequest, number: Number) -> Any:
    """Make a case of an email that was left alone, or try again what went wrong."""
    actor = actor_of(request)
    deciding.take_anyway(actor, number)
    return _email(deciding.email_of(actor, number))


def _added(request: HttpRequest, type_: str, id_: str, name: str) -> dict[str, Any]:
    length = request.headers.get("Content-Length", "")
    if length.isdecimal() and int(length) > LARGEST_BYTES:
        sentence = f"A file may have {LARGEST_BYTES // MEGABYTE} MB."
        raise InputRefused("The file is too large; nothing was kept.", fields={"body": sentence})
    given = Given(name=name, media=request.content_type or PLAIN_MEDIA, content=request.body)
    return _file(attachments.add(actor_of(request), type_, id_, [given]).files[0])


def _file(one: Attachment) -> dict[str, Any]:
    return {
        "id": one.pk,
        "name": one.name,
        "media": one.media,
        "bytes": one.size,
        "sha256": one.content_id,
        "by": one.by,
        "at": one.at,
        "email": one.email_id,
    }


def _email(one: Email) -> dict[str, Any]:
    return {
        "number": one.pk,
        "state": one.state,
        "aside": one.aside,
        "why": one.why,
        "author": one.author,
        "author_name": one.author_name,
        "subject": one.subject,
        "is_answer": one.is_answer,
        "is_proven": one.is_proven,
        "case": one.case_id,
        "bytes": one.size,
        "at": one.at,
    }
