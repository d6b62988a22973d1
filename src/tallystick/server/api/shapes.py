"""Shapes that calls take and give, as far as several share them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Annotated, Any, Generic, TypeVar

from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja import Path, Query, Schema
from pydantic import ConfigDict, Field

from tallystick.errors import InputRefused

Item = TypeVar("Item")
LARGEST = 2**53 - 1

# Parameters of one kind share one object, default and all: where the default is another, write the parameter out.

Number = Annotated[int, Path(ge=1, le=LARGEST)]
Name = Annotated[str, Path(min_length=1, max_length=200)]
Limit = Annotated[int, Query(ge=1, le=200, description="Rows of a page at most.")]
Cursor = Annotated[str, Query(max_length=500, description="`next` of the page before.")]
Word = Annotated[str, Query(max_length=200)]


class Given(Schema):
    """What a call takes: a name that it does not know is a mistake."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=False)


class Listing(Schema, Generic[Item]):
    """A page. `next` is null at the end."""

    items: list[Item]
    next: str | None = Field(None, description="The cursor of the next page: send it as `cursor`.")


Whole = Annotated[int, Field(ge=1, le=LARGEST)]
Text = Annotated[str, Field(max_length=400)]


def listing(items: Iterable[Any], following: object = None) -> dict[str, Any]:
    return {"items": list(items), "next": None if following in (None, "") else str(following)}


def number_cursor(text: str) -> int | None:
    """A cursor that is a number. Raises InputRefused."""
    if not text:
        return None
    if not text.isascii() or not text.isdecimal() or len(text) > 15:
        raise bad_cursor()
    return int(text)


def bad_cursor() -> InputRefused:
    sentence = _("Send `next` of the page before, as it is.")
    return InputRefused(_("The cursor cannot be read."), fields={"cursor": sentence})


def moment(given: datetime | None, name: str) -> datetime | None:
    """In UTC; one without a zone is meant so. Raises InputRefused for one that no calendar has."""
    if given is None:
        return None
    try:
        return given.replace(tzinfo=UTC) if given.tzinfo is None else given.astimezone(UTC)
    except OverflowError:
        sentence = _("Write a moment like 2026-11-22T09:30:00Z.")
        raise InputRefused(_("There is no such moment."), fields={name: sentence}) from None


def check_known(request: HttpRequest, *names: str) -> None:
    """Raises InputRefused for a parameter that nobody reads: a filter that is misspelt must not give everything."""
    if unknown := [name for name in request.GET if name not in names]:
        sentence = _("There is no such parameter; there are {names}.").format(names=", ".join(sorted(names)))
        raise InputRefused(_("The address has a parameter that is not known."), fields=dict.fromkeys(unknown, sentence))
