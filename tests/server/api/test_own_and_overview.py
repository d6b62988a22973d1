"""What pages of one's own profile, the dashboard, the search and the editor of documents do, by the API."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tallystick.server.records.domain import actions

pytestmark = pytest.mark.django_db
Programs = Callable[..., Any]


def test_own_language_zone_and_appearance_are_changed(program: Programs) -> None:
    calls = program("agent", name="Ada Byron")
    changed = calls.patch("/me", {"language": "ru", "time_zone": "Asia/Tokyo", "theme": "dark"}).json()
    assert [changed[name] for name in ("language", "time_zone", "theme")] == ["ru", "Asia/Tokyo", "dark"]
    assert calls.patch("/me", {"name": "Ada King"}).json()["time_zone"] == "Asia/Tokyo"


def test_what_the_hub_does_not_know_is_refused_by_name(program: Programs) -> None:
    refused = program("agent").patch("/me", {"language": "xx", "time_zone": "Mars/Base", "theme": "loud"})
    assert (refused.status_code, sorted(refused.json()["fields"])) == (422, ["language", "theme", "time_zone"])


def test_token_that_may_only_read_changes_no_profile(program: Programs) -> None:
    assert program("agent", scopes=("*.view_*",)).patch("/me", {"theme": "dark"}).status_code == 403


def test_sessions_end_and_the_token_stays(program: Programs) -> None:
    calls = program("agent")
    before = calls.user.epoch
    assert calls.post("/me/sign-out").status_code == 200
    calls.user.refresh_from_db()
    assert calls.user.epoch == before + 1
    assert calls.get("/me").status_code == 200


def test_overview_of_a_hub_without_integrations_is_empty(program: Programs) -> None:
    assert program().get("/overview").json() == {
        "integrations": [],
        "waiting": {},
        "links": 0,
        "written": 0,
        "troubles": 0,
        "course": [],
    }


def test_search_finds_pages_and_records_that_may_be_seen(program: Programs, actor: Any) -> None:
    made = actions.create(actor, "account", {"name": "Zeppelin Works"})
    found = program().get("/search?q=zeppelin").json()
    assert [(one["title"], one["path"]) for one in found] == [("Zeppelin Works", f"/records/account/{made.id}/")]
    assert program(scopes=("people.*",)).get("/search?q=zeppelin").json() == []


def test_document_is_checked_without_being_kept(program: Programs) -> None:
    calls = program()
    wrong = calls.post("/integrations/check", {"text": "integration: x\nflows: []\nnonsense: 1\n"}).json()
    assert wrong["flows"] == []
    assert ("nonsense", 3) in [(fault["key"], fault["line"]) for fault in wrong["faults"]]
    assert calls.get("/integrations").json()["items"] == []


def test_method_that_an_address_does_not_take_is_a_problem(program: Programs, client_of: Any) -> None:
    told = program().call("PUT", "/records/account", {})
    assert (told.status_code, told["Content-Type"]) == (405, "application/problem+json")
    assert told.json()["code"] == "method_not_allowed"
    page = client_of("administrator").get("/records/account/delete/")
    assert (page.status_code, page["Allow"]) == (405, "POST")
    assert "This address takes POST alone." in page.content.decode()
