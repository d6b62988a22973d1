"""Calls of the API: each says which permissions it takes; what all have in common is done around them.

Around every call: who calls, how often, whether one of the permissions is there, and for calls that change something
the idempotency key. What a call raises is worded by `ui.edge`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final, TypeVar

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from ninja import Router
from ninja.operation import Operation

from tallystick.errors import InputRefused
from tallystick.server.api import identity, pace, repeats
from tallystick.server.people.actor import Actor, not_allowed, request_actor

View = TypeVar("View", bound=Callable[..., Any])
SAFE: Final = ("GET", "HEAD", "OPTIONS")
PROBLEM: Final[Mapping[str, Any]] = {
    "description": "A problem (RFC 9457): `detail` says what happened, `hint` what to do, `fields` what of the input.",
    "content": {
        "application/problem+json": {
            "schema": {
                "type": "object",
                "title": "Problem",
                "required": ["type", "title", "status", "detail", "code"],
                "properties": {
                    "type": {"type": "string"},
                    "title": {"type": "string"},
                    "status": {"type": "integer"},
                    "detail": {"type": "string"},
                    "code": {"type": "string"},
                    "hint": {"type": "string"},
                    "reference": {"type": "string"},
                    "fields": {"type": "object", "additionalProperties": {"type": "string"}},
                },
            }
        }
    },
}
KEY_PARAMETER: Final[Mapping[str, Any]] = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "schema": {"type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[!-~]+$"},
    "description": "With the key of a call of the last 24 hours it answers as that one did, and changes nothing.",
}
MATCH_PARAMETER: Final[Mapping[str, Any]] = {
    "name": "If-Match",
    "in": "header",
    "required": False,
    "schema": {"type": "string"},
    "description": "The ETag that was read: the call answers 412 when the record is another one by now.",
}


class Calls:
    """The calls of one subject, to be hung into the API under a prefix."""

    def __init__(self, tag: str) -> None:
        self.router = Router(tags=[tag])

    def get(self, path: str, *needs: str, out: Any = None, media: str = "") -> Callable[[View], View]:
        return self._call("GET", path, needs, out, 200, media=media)

    def post(
        self,
        path: str,
        *needs: str,
        out: Any = None,
        status: int = 200,
        also: Mapping[int, Any] = MappingProxyType({}),
        takes: str = "",
    ) -> Callable[[View], View]:
        """`also`: further statuses with their shapes; `takes`: the media type of a body that is not JSON."""
        return self._call("POST", path, needs, out, status, also=also, takes=takes)

    def put(self, path: str, *needs: str, out: Any = None) -> Callable[[View], View]:
        return self._call("PUT", path, needs, out, 200)

    def patch(self, path: str, *needs: str, out: Any = None, is_matched: bool = False) -> Callable[[View], View]:
        return self._call("PATCH", path, needs, out, 200, is_matched=is_matched)

    def delete(self, path: str, *needs: str, is_matched: bool = False) -> Callable[[View], View]:
        return self._call("DELETE", path, needs, None, 204, is_matched=is_matched)

    def _call(
        self,
        method: str,
        path: str,
        needs: tuple[str, ...],
        out: Any,
        status: int,
        *,
        also: Mapping[int, Any] = MappingProxyType({}),
        is_matched: bool = False,
        takes: str = "",
        media: str = "",
    ) -> Callable[[View], View]:
        extra: dict[str, Any] = {"responses": {"default": dict(PROBLEM)}, "x-permissions": list(needs)}
        parameters = [] if method in SAFE else [dict(KEY_PARAMETER)]
        if is_matched:
            parameters.append(dict(MATCH_PARAMETER))
        if parameters:
            extra["parameters"] = parameters
        if takes:
            extra["requestBody"] = {"required": True, "content": {takes: {"schema": {"type": "string"}}}}
        if media:
            extra["responses"] |= {200: {"content": {media: {"schema": {"type": "string"}}}}}

        def wrap(view: View) -> View:
            marked: Any = view
            marked.needs = needs
            first, _line, rest = (view.__doc__ or view.__name__).strip().partition("\n")
            options: dict[str, Any] = {} if media else {"response": {status: out, **also}}
            self.router.api_operation(
                [method],
                path,
                operation_id=view.__name__,
                summary=first.rstrip("."),
                description="\n".join(line.strip() for line in rest.strip().splitlines()) or None,
                openapi_extra=extra,
                **options,
            )(view)
            return view

        return wrap


def around(run: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """What every call has around it; `run` is an operation's."""
    operation: Operation = run.__self__  # type: ignore[attr-defined]
    needs: tuple[str, ...] = operation.view_func.needs  # type: ignore[attr-defined]

    def guarded(request: HttpRequest, **path: Any) -> HttpResponseBase:
        refused = identity.settle(request) or pace.check(request)
        if refused is not None:
            return refused
        actor = request_actor(request)
        if needs and not actor.may_any(*needs):
            raise not_allowed(needs[0])
        _check_texts(request, path)
        if request.method in SAFE:
            return run(request, **path)
        return repeats.once(request, actor, lambda: run(request, **path))

    return guarded


def actor_of(request: HttpRequest) -> Actor:
    return request_actor(request)


def _check_texts(request: HttpRequest, path: Mapping[str, Any]) -> None:
    """No database takes a NUL."""
    given = [*map(str, path.values()), *request.GET, *(one for values in request.GET.lists() for one in values[1])]
    if any("\0" in one for one in given):
        raise InputRefused(_("The address holds a NUL character."), hint=_("Leave it out."))
