"""What Request Tracker's REST2 answers, as values. What is not of its shape is a SystemFault, never a guess."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from tallystick.errors import SystemFault

NOBODY: Final = "Nobody"
SYSTEM: Final = "RT_System"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """`id` is that of the ticket it was merged into, where it was. `etag` moves with every change."""

    id: int
    etag: str
    queue: int
    subject: str
    status: str
    owner: str  # empty: nobody
    requestors: tuple[str, ...]
    fields: Mapping[str, tuple[str, ...]]  # custom fields by name


@dataclass(frozen=True, slots=True, kw_only=True)
class Happened:
    """One of the transactions a ticket's history is made of. `field`: of a custom field its id."""

    id: int
    ticket: int
    kind: str  # Create, Comment, Correspond, CustomField, Status ...
    by: str
    field: str
    new: str
    subject: str  # of what was said


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Where the text of a comment or reply is: the id of an attachment, 0 for none. `others`: files beside it."""

    attachment: int
    is_html: bool
    others: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """The text of a comment or reply. `is_html`: as it came; `others`: files beside it."""

    text: str
    is_html: bool
    others: int


def parsed(body: bytes, host: str) -> Any:
    """Raises SystemFault."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise SystemFault(
            f"{host} answered with something that is not JSON, as no Request Tracker does.",
            hint="Correct `url`: it is the address that its users open, without /REST/2.0.",
        ) from None


def ticket_of(given: Any, etag: str, host: str) -> Ticket:
    """Raises SystemFault."""
    try:
        owner = str(given["Owner"]["id"])
        return Ticket(
            id=int(given["id"]),
            etag=etag,
            queue=int(given["Queue"]["id"]),
            subject=str(given["Subject"] or ""),
            status=str(given["Status"]),
            owner="" if owner == NOBODY else owner,
            requestors=tuple(str(one["id"]) for one in given["Requestor"]),
            fields={
                str(one["name"]): tuple(str(value) for value in one["values"] if isinstance(value, str))
                for one in given["CustomFields"]
            },
        )
    except (KeyError, TypeError, ValueError):
        raise _odd(host, "a ticket") from None


def happened_of(given: Any, host: str) -> Happened:
    """Raises SystemFault."""
    try:
        return Happened(
            id=int(given["id"]),
            ticket=int(given["ObjectId"]),
            kind=str(given["Type"]),
            by=str(given["Creator"]["id"]),
            field=str(given.get("Field") or ""),
            new=str(given.get("NewValue") or ""),
            subject=str(given.get("Data") or "").strip(),
        )
    except (KeyError, TypeError, ValueError):
        raise _odd(host, "a transaction") from None


def part_of(items: list[Any], host: str) -> Part:
    """Which attachment of a transaction is what was said. Raises SystemFault."""
    try:
        parts = [one for one in items if not str(one["ContentType"]).startswith("multipart/")]
        texts = {
            kind: [one for one in parts if one["ContentType"] == kind and not one.get("Filename")]
            for kind in ("text/plain", "text/html")
        }
        plain, html = texts["text/plain"], texts["text/html"]
        chosen = next(iter(plain or html), None)
        others = [one for one in parts if one is not chosen and not (plain and one in html)]
        number = int(chosen["id"]) if chosen is not None else 0
    except (KeyError, TypeError, ValueError, AttributeError):
        raise _odd(host, "an attachment") from None
    return Part(attachment=number, is_html=bool(html and not plain), others=len(others))


def content_of(given: Any, host: str) -> str:
    """The text of an attachment. Raises SystemFault."""
    try:
        return base64.b64decode(given["Content"]).decode("utf-8", "replace")
    except (KeyError, TypeError, ValueError):
        raise _odd(host, "an attachment") from None


def items_of(given: Any, host: str) -> list[Any]:
    """Raises SystemFault."""
    items = given.get("items") if isinstance(given, dict) else None
    if not isinstance(items, list):
        raise _odd(host, "a list")
    return items


def _odd(host: str, what: str) -> SystemFault:
    return SystemFault(
        f"{host} answered with {what} of a shape that Request Tracker 5 does not have.",
        hint="Check that `url` leads to Request Tracker 5.",
    )
