"""Code sets: what coded fields may have, with titles; changed by administrators."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from django.http import HttpRequest
from ninja import Path, Schema
from pydantic import Field as Shape

from tallystick.server.api.calls import Calls, actor_of
from tallystick.server.api.resources.record_kinds import VIEW
from tallystick.server.api.shapes import Given, Listing, listing
from tallystick.server.records.codes import KEPT_SETS, KeptSet
from tallystick.server.records.domain import code_sets
from tallystick.server.records.domain.code_sets import MANAGE

calls: Final = Calls("Code sets")
SetName = Annotated[str, Path(min_length=1, max_length=30)]
CodeName = Annotated[str, Path(min_length=1, max_length=30)]
Title = Annotated[str, Shape(max_length=100)]
Tone = Literal["", "ok", "info", "warn", "bad", "quiet"]


class CodeOut(Schema):
    """`title` is in the language of the caller; `english` and `russian` are empty where the delivered one is meant."""

    code: str
    title: str
    english: str
    russian: str
    tone: str
    like: str = Shape(description="The delivered code that it behaves as.")
    is_retired: bool = Shape(description="Records that have it keep it; no other is given it.")


class CodeSetOut(Schema):
    name: str
    title: str
    can_grow: bool = Shape(description="Codes may be added, retired and removed, not only renamed.")
    used_by: list[str] = Shape(description="Fields that have these codes, like case.status.")
    codes: list[CodeOut] = Shape(description="In the order people choose from.")


class NewCodeGiven(Given):
    code: str = Shape(max_length=30)
    english: Title = ""
    russian: Title = ""
    tone: Tone = ""
    like: str = Shape("", max_length=30)


class CodeGiven(Given):
    """What is not named stays."""

    english: Title | None = None
    russian: Title | None = None
    tone: Tone | None = None
    like: str | None = Shape(None, max_length=30)
    is_retired: bool | None = None


class OrderGiven(Given):
    codes: list[Annotated[str, Shape(max_length=30)]] = Shape(max_length=500, description="Every code of the set once.")


@calls.get("", *VIEW, MANAGE, out=Listing[CodeSetOut])
def list_code_sets(request: HttpRequest) -> Any:
    """Every code set with its codes."""
    return listing([_shown(codes) for codes in KEPT_SETS.values()])


@calls.get("/{name}", *VIEW, MANAGE, out=CodeSetOut)
def get_code_set(request: HttpRequest, name: SetName) -> Any:
    """One code set."""
    return _shown(code_sets.code_set(name))


@calls.post("/{name}/codes", MANAGE, out=CodeSetOut, status=201)
def add_code(request: HttpRequest, name: SetName, body: NewCodeGiven) -> Any:
    """Add a code as the last of its set."""
    code_sets.add(actor_of(request), name, body.code, **body.model_dump(exclude={"code"}))
    return _shown(code_sets.code_set(name))


@calls.patch("/{name}/codes/{code}", MANAGE, out=CodeSetOut)
def change_code(request: HttpRequest, name: SetName, code: CodeName, body: CodeGiven) -> Any:
    """Give a code other titles, show it otherwise, retire it or use it again."""
    values = {key: value for key, value in body.model_dump(exclude_unset=True).items() if value is not None}
    code_sets.change(actor_of(request), name, {code: values})
    return _shown(code_sets.code_set(name))


@calls.put("/{name}/order", MANAGE, out=CodeSetOut)
def order_codes(request: HttpRequest, name: SetName, body: OrderGiven) -> Any:
    """Put the codes of a set in order."""
    code_sets.order(actor_of(request), name, body.codes)
    return _shown(code_sets.code_set(name))


@calls.delete("/{name}/codes/{code}", MANAGE)
def remove_code(request: HttpRequest, name: SetName, code: CodeName) -> Any:
    """Remove a code that no record has.

    One that a record has can only be retired.
    """
    code_sets.remove(actor_of(request), name, code)
    return None


def _shown(codes: KeptSet) -> dict[str, Any]:
    return {
        "name": codes.name,
        "title": str(codes.called),
        "can_grow": codes.can_grow,
        "used_by": [f"{kind.name}.{field.name}" for kind, field in code_sets.columns_of(codes)],
        "codes": [
            {
                "code": one.code,
                "title": str(codes.title(one.code)),
                "english": one.english,
                "russian": one.russian,
                "tone": one.tone or "quiet",
                "like": one.like,
                "is_retired": one.is_retired,
            }
            for one in codes.kept.values()
        ],
    }
