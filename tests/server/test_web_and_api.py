"""Everything that people change on pages, programs change by calls: each view that takes POST has its call, or a reason
why there is none. A new one fails here until it is entered.
"""

from __future__ import annotations

from typing import Final

from django.test import RequestFactory
from django.urls import URLPattern, URLResolver, get_resolver

from tallystick.server.api.service import api
from tallystick.server.ui.edge import PROGRAM_PATHS

BY_CALL: Final = {
    "connections:add": "POST /systems",
    "connections:edit": "PATCH /systems/{name}",
    "connections:remove": "DELETE /systems/{name}",
    "connections:test": "POST /systems/{name}/test",
    "connections:try": "POST /systems/try",
    "designer:back": "POST /integrations/{name}/versions/{number}/restore",
    "designer:check": "POST /integrations/check",
    "designer:delete": "DELETE /integrations/{name}",
    "designer:edit": "PUT /integrations/{name}",
    "designer:field-add": "POST /integrations/{name}/flows/{flow}/fields",
    "designer:field-decide": "POST /integrations/{name}/flows/{flow}/fields/decide",
    "designer:field-remove": "POST /integrations/{name}/flows/{flow}/fields/remove",
    "designer:fields-look": "POST /systems/{name}/discover",
    "designer:import": "POST /integrations/import",
    "designer:learn": "POST /integrations/{name}/matching/learn",
    "designer:lesson-back": "POST /weights/{lesson}/back",
    "designer:lesson-use": "POST /weights/{lesson}/use",
    "designer:new": "POST /integrations",
    "designer:plan-apply": "POST /plans/{plan_id}/apply",
    "designer:run": "POST /integrations/{name}/run",
    "designer:schedule": "POST /integrations/{name}/schedule",
    "designer:stand": "POST /integrations/{name}/enable",
    "desk:choose": "PUT /desk/notices/ways",
    "desk:close": "POST /desk/cases/{case}/close",
    "desk:correct": "POST /desk/orders/{number}/correct",
    "desk:do": "POST /desk/work/{order}/steps",
    "desk:files": "POST /desk/cases/{case}/files",
    "desk:new": "POST /desk/cases/{case}/orders",
    "desk:note": "POST /desk/work/{order}/notes",
    "desk:read": "POST /desk/notices/read",
    "desk:relate": "POST /desk/cases/{case}/related",
    "desk:reopen": "POST /desk/cases/{case}/reopen",
    "desk:requester": "PUT /desk/cases/{case}/requester",
    "desk:resolve": "POST /desk/cases/{case}/resolve",
    "desk:statuses": "POST /desk/statuses",
    "desk:take": "POST /desk/work/{order}/steps",
    "desk:take_away": "DELETE /desk/files/{file}",
    "desk:take_email": "POST /desk/emails/{number}/take",
    "desk:write": "POST /desk/orders/{number}/notes",
    "desk:write_to_requester": "POST /desk/cases/{case}/letters",
    "discovery:new": "POST /agent-keys",
    "discovery:revoke": "DELETE /agent-keys/{number}",
    "messaging:cancel": "POST /messages/{number}/cancel",
    "messaging:delete": "DELETE /message-partners/{name}",
    "messaging:pause": "POST /message-partners/{name}/pause",
    "messaging:peers": "POST /message-partners",
    "messaging:send_again": "POST /messages/{number}/again",
    "messaging:settle": "POST /messages/{number}/settle",
    "messaging:take_up": "POST /messages/{number}/take-up",
    "ops:answer_held": "POST /runs/{run}/answer",
    "ops:new_link": "POST /links",
    "ops:resume": "POST /runs/{run}/resume",
    "ops:stop": "POST /runs/{run}/stop",
    "ops:undo": "POST /runs/{run}/undo",
    "ops:unlink": "POST /links/{number}/unlink",
    "packs:choose_asset": "PATCH /records/{record_type}/{record_id}",
    "packs:enable": "POST /packs/{name}/enable",
    "packs:new": "POST /packs/{name}/install",
    "packs:run": "POST /packs/{name}/run",
    "packs:unit": "POST /packs/{name}/units",
    "people:profile": "PATCH /me",
    "people:role": "PUT /roles/{role_id}",
    "people:role_delete": "DELETE /roles/{role_id}",
    "people:role_new": "POST /roles",
    "people:sign_out_elsewhere": "POST /me/sign-out",
    "people:token_revoke": "DELETE /tokens/{token_id}",
    "people:user": "PATCH /people/{person_id}",
    "people:user_link": "POST /people/{person_id}/link",
    "people:user_new": "POST /people",
    "people:user_second_factor": "POST /people/{person_id}/remove-second-factor",
    "people:user_unlock": "POST /people/{person_id}/unlock",
    "records:archive": "POST /records/{record_type}/archive",
    "records:bring_back": "POST /deleted/restore",
    "records:code_act": "PATCH /code-sets/{name}/codes/{code}",
    "records:code_add": "POST /code-sets/{name}/codes",
    "records:codes": "PATCH /code-sets/{name}/codes/{code}",
    "records:convert_to_main": "POST /records/location/{record_id}/convert-to-main",
    "records:delete": "POST /records/{record_type}/delete",
    "records:edit": "PATCH /records/{record_type}/{record_id}",
    "records:go_on": "POST /records/{record_type}/import",
    "records:import": "POST /records/{record_type}/import",
    "records:merge": "POST /records/{record_type}/{record_id}/merge",
    "records:merge_chosen": "GET /records/{record_type}/{record_id}/merge",
    "records:new": "POST /records/{record_type}",
    "records:restore": "POST /records/{record_type}/restore",
    "records:stop": "POST /imports/{token}/stop",
    "records:take_back": "POST /records/{record_type}/{record_id}/unmerge",
    "records:undo": "POST /records/{record_type}/restore",
    "register:compare": "POST /register/exceptions/compare",
    "register:decide": "POST /register/exceptions/decide",
    "register:settings": "PUT /register/settings",
    "request_tracker:delete": "DELETE /request-tracker/queues/{number}",
    "request_tracker:new": "POST /request-tracker/queues",
    "request_tracker:queue": "PUT /request-tracker/queues/{number}",
    "review:decide": "POST /reviews/{number}/answer",
    "review:undo": "POST /reviews/{number}/undo",
    "webhooks:list": "POST /inlets",
    "webhooks:new": "POST /webhooks",
    "webhooks:one": "PATCH /webhooks/{number}",
    "webhooks:remove": "DELETE /webhooks/{number}",
    "webhooks:remove_inlet": "DELETE /inlets/{number}",
    "webhooks:rotate": "POST /webhooks/{number}/rotate",
    "webhooks:send_again": "POST /deliveries/{number}/replay",
    "webhooks:send_test": "POST /webhooks/{number}/test",
    "webhooks:switch": "PATCH /webhooks/{number}",
}
READ_BY_CALL: Final = {
    "discovery:keys": "GET /agent-keys",
    "discovery:programs": "GET /devices/{device}/programs",
    "desk:notices": "GET /desk/notices",
    "ops:dashboard": "GET /overview",
    "register:serials": "GET /register/serials",
    "search": "GET /search",
}
IN_THE_WEB_ALONE: Final = {
    "demo:write": "the sample inbox of the demo",
    "desk:reply": "a link of an email, for whoever has it",
    "desk:satisfied": "a link of an email, for whoever has it",
    "openid_connect_callback": "signing in",
    "openid_connect_login": "signing in",
    "people:enter": "choosing one's own password by a one-time link",
    "people:first": "the first administrator, before there are tokens",
    "people:tokens": "a token is made by a person who is signed in, never by another token",
}


def _views(resolver, names=()):
    for one in resolver.url_patterns:
        if isinstance(one, URLResolver):
            yield from _views(one, (*names, one.namespace) if one.namespace else names)
        elif isinstance(one, URLPattern) and one.name and one.callback.__module__.startswith("tallystick."):
            yield ":".join((*names, one.name)), one


def _takes_post(pattern: URLPattern) -> bool:
    """Views without a limit count among them; those with one answer 405 before anything else."""
    view = pattern.callback
    while (inner := getattr(view, "__wrapped__", None)) is not None:
        limit = dict(zip(view.__code__.co_freevars, view.__closure__ or (), strict=True)).get("request_method_list")
        if limit is not None:
            return "POST" in limit.cell_contents
        view = inner
    return True


def _calls() -> set[str]:
    paths = api.get_openapi_schema()["paths"]
    return {f"{method.upper()} {path.removeprefix('/api/v1')}" for path, methods in paths.items() for method in methods}


def test_everything_that_pages_change_is_changed_by_a_call_too():
    pages = {
        name
        for name, pattern in _views(get_resolver())
        if _takes_post(pattern) and not ("/" + str(pattern.pattern)).startswith(PROGRAM_PATHS)
    }
    programs = {"discovery:inventory", "webhooks:receive"}
    assert {name for name in pages if not name.startswith(("message-calls:", "api-v1:"))} - programs == {
        *BY_CALL,
        *IN_THE_WEB_ALONE,
    }


def test_the_calls_that_do_what_pages_do_are_there():
    assert sorted({*BY_CALL.values(), *READ_BY_CALL.values()} - _calls()) == []


def test_what_a_view_takes_is_told_by_what_it_answers():
    """The look into the decorators is right for one that takes GET alone and for one that takes POST."""
    found = dict(_views(get_resolver()))
    assert found["healthz"].callback(RequestFactory().post("/")).status_code == 405
    assert [_takes_post(found[name]) for name in ("healthz", "ops:journal", "ops:undo")] == [False, False, True]
