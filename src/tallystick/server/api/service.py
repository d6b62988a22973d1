"""The API itself: its calls hung together, and what it says of errors that never reach a call."""

from __future__ import annotations

import json
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError
from ninja.parser import Parser

from tallystick import __version__
from tallystick.errors import InputRefused
from tallystick.server.api import errands
from tallystick.server.api.calls import around
from tallystick.server.api.identity import Session, Token, problem
from tallystick.server.api.resources import (
    calendar,
    code_sets,
    discovery,
    fields,
    history,
    imports,
    integrations,
    lessons,
    merging,
    overview,
    people,
    records,
    registers,
    reviews,
    runs,
    systems,
    webhooks,
)
from tallystick.server.ui.answers import Problem

DESCRIPTION: Final = """\
Everything people do in the web, for programs. A call acts for the person of its token, within the
token's scopes.

Lists come a page at a time: `next` is the cursor of the page that follows, null at the end. Calls that change something
take an `Idempotency-Key`. Errors are problems (RFC 9457). More than 1,200 calls a minute are answered with 429."""


class Strict(Parser):
    """JSON as RFC 8259 has it, in characters a database takes."""

    def parse_body(self, request: HttpRequest) -> Any:
        try:
            text = request.body.decode("utf-8")
            found = json.loads(text, parse_constant=_refused_number)
            if "\\" in text or "\0" in text:  # an escape may hide what is no character
                json.dumps(found, ensure_ascii=False).encode("utf-8")
            if "\\u0000" in text:
                raise ValueError("a NUL character")
        except (ValueError, RecursionError) as error:
            raise HttpError(400, _("The body is not JSON that can be read.")) from error
        return found


def _refused_number(name: str) -> Any:
    raise ValueError(name)


api: Final = NinjaAPI(
    title="Tallystick",
    version=__version__,
    description=DESCRIPTION,
    docs_url=None,
    openapi_url="/openapi.json",
    auth=[Token(), Session()],
    parser=Strict(),
    urls_namespace="api-v1",
)
api.add_decorator(around, mode="view")


@api.exception_handler(ValidationError)
def _invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    fields: dict[str, str] = {}
    for fault in error.errors:
        place = [str(part) for part in fault.get("loc", ())]
        name = ".".join(place[2:] if place[:1] == ["body"] and len(place) > 2 else place[1:]) or "body"
        message = str(fault.get("msg", "")).removeprefix("Value error, ").rstrip(".")
        fields.setdefault(name, f"{message[:1].upper()}{message[1:]}.")
    told = Problem(
        status=422,
        code=InputRefused.code,
        title="Unprocessable Content",
        message=_("The call is not right: {faults}").format(faults=" ".join(f"{k}: {v}" for k, v in fields.items())),
        hint=_("The reference of the API says what it takes."),
        fields=fields,
    )
    return problem(told)


@api.exception_handler(HttpError)
def _http(request: HttpRequest, error: HttpError) -> HttpResponse:
    return problem(
        Problem(
            status=error.status_code,
            code="bad_request" if error.status_code == 400 else "refused",
            title="Bad Request" if error.status_code == 400 else "Refused",
            message=str(error),
        )
    )


for _prefix, _calls in (
    ("", people.calls),
    ("", overview.calls),
    ("/records", merging.calls),  # before the calls of one record: "archive" is no id
    ("/records", imports.calls),
    ("/records", records.calls),
    ("/deleted", merging.bin_),
    ("/code-sets", code_sets.calls),
    ("/imports", imports.imports),
    ("/calendar", calendar.calls),
    ("", discovery.calls),
    ("/register", registers.calls),
    ("/systems", systems.calls),
    ("/connectors", systems.connectors),
    ("/integrations", lessons.of_integration),
    ("/integrations", integrations.calls),
    ("/integrations", fields.calls),
    ("/weights", lessons.calls),
    ("/plans", integrations.plan_calls),
    ("/runs", runs.calls),
    ("/errands", errands.calls),
    ("/reviews", reviews.calls),
    ("", history.calls),
    ("/links", history.links),
    ("/webhooks", webhooks.calls),
    ("/deliveries", webhooks.deliveries),
    ("/inlets", webhooks.inlets),
):
    api.add_router(_prefix, _calls.router)
