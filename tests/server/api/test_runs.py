"""Runs, questions, the journal and links by the API, over a firm with two real databases."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.firm import Firm

pytestmark = pytest.mark.django_db(transaction=True)
Programs = Callable[..., Any]


@pytest.fixture
def firm(tmp_path: Path, db: None) -> Firm:
    return Firm(tmp_path)


def pages(calls: Any, path: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    cursor = ""
    while cursor is not None:
        page = calls.get(f"{path}{'&' if '?' in path else '?'}limit=2&cursor={cursor}").json()
        found += page["items"]
        cursor = page["next"]
    return found


def test_runs_listed_and_looked_into(firm: Firm, program: Programs) -> None:
    firm.contacts(5)
    run = firm.sync(by="Ada Byron").run
    firm.sync()
    calls = program("read-only")
    assert [one["by"] for one in pages(calls, "/runs")] == ["schedule", "Ada Byron"]
    assert [one["run"] for one in pages(calls, "/runs?by=Ada%20Byron")] == [run]
    found = calls.get(f"/runs/{run}").json()
    assert (found["status"], found["flows"][0]["total"]) == ("done", 5)
    lines = pages(calls, f"/runs/{run}/operations?flow=people&action=create")
    assert len(lines) == 5
    assert lines[0]["fields"]["town"] == [None, "Bonn 1"]
    assert pages(calls, f"/runs/{run}/operations?flow=people&state=failed") == []
    assert calls.get("/runs?kind=unicorn").json()["fields"].keys() == {"kind"}


def test_rejects_as_lines_and_as_csv(firm: Firm, program: Programs) -> None:
    firm.unmapped(2)
    calls = program()
    run = calls.get("/runs").json()["items"][0]["run"]
    lines = b"".join(calls.get(f"/runs/{run}/rejects").streaming_content)
    assert lines.count(b"unmapped_code") == 2
    rows = b"".join(calls.get(f"/runs/{run}/rejects", Accept="text/csv").streaming_content)
    assert rows.decode("utf-8-sig").startswith("flow,kind,side")


def test_run_undone(firm: Firm, program: Programs) -> None:
    firm.contacts(2)
    run = firm.sync().run
    done = program("integration manager").post(f"/runs/{run}/undo", {})
    assert (done.status_code, done.json()["status"], done.json()["refused"]) == (200, "done", [])
    assert firm.register("select count(*) from person") == [(0,)]


def test_integration_of_a_run_stopped_and_resumed(firm: Firm, program: Programs) -> None:
    firm.contacts(1)
    run = firm.sync().run
    calls = program("integration manager")
    assert calls.post(f"/runs/{run}/stop").json() == {"integration": "firm", "is_changed": True}
    assert calls.post(f"/runs/{run}/resume").json() == {"integration": "firm", "is_changed": True}


def test_held_run_approved(firm: Firm, program: Programs) -> None:
    run = firm.held().run
    calls = program("integration manager")
    assert len(calls.get(f"/runs/{run}").json()["held"]) == 1
    done = calls.post(f"/runs/{run}/answer", {"take": "approve"})
    assert (done.status_code, done.json()["items"][0]["status"]) == (200, "done")
    assert firm.register("select count(*) from person") == [(2,)]
    assert calls.post(f"/runs/{run}/answer", {"take": "approve"}).status_code == 409


def test_questions_answered_once_and_taken_back(firm: Firm, program: Programs) -> None:
    firm.conflicts(3)
    calls = program("agent")
    asked = pages(calls, "/reviews?kind=conflict")
    assert {one["status"] for one in asked} == {"open"}
    first = next(one for one in asked if one["left"] == "1" and "+49 228 991" in str(one["fields"]))
    path = f"/reviews/{first['id']}"
    wrong = calls.post(f"{path}/answer", {"take": "approve", "seen": first["seen"]})
    assert wrong.status_code == 422
    stale = calls.post(f"{path}/answer", {"take": "left", "seen": "another"})
    assert (stale.status_code, stale.json()["code"]) == (409, "stale_decision")
    done = calls.post(f"{path}/answer", {"take": "left", "seen": first["seen"]}, Idempotency_Key="a-1")
    assert (done.status_code, done.json()["status"]) == (200, "done")
    again = calls.post(f"{path}/answer", {"take": "left", "seen": first["seen"]}, Idempotency_Key="a-1")
    assert again.json() == done.json()
    late = program("agent").post(f"{path}/answer", {"take": "right", "seen": first["seen"]})
    assert (late.status_code, late.json()["code"]) == (409, "already_decided")
    assert firm.register("select tel from person where number = 1") == [("+49 228 991",)]
    assert calls.get(path).json()["decision"]["take"] == "left"
    assert calls.post(f"{path}/undo").json()["status"] == "done"
    assert calls.get(path).json()["status"] in ("open", "cleared")
    assert firm.register("select tel from person where number = 1") == [("+49 30 771",)]


def test_equal_questions_answered_in_one_go(firm: Firm, program: Programs) -> None:
    firm.conflicts(3)
    calls = program("agent")
    asked = calls.get("/reviews?kind=conflict").json()["items"]
    first = next(one for one in asked if one["alike"] == 3)
    done = calls.post(f"/reviews/{first['id']}/answer", {"take": "right", "seen": first["seen"], "all_alike": True})
    assert (done.status_code, done.json()["total"], done.json()["done"]) == (200, 3, 3)
    assert len(calls.get("/reviews?kind=conflict").json()["items"]) == len(asked) - 3
    own = calls.get(f"/errands/{done.json()['id']}")
    assert (own.status_code, program("agent").get(f"/errands/{done.json()['id']}").status_code) == (200, 404)


def test_journal_why_and_story(firm: Firm, program: Programs) -> None:
    firm.contacts(3)
    firm.sync()
    firm.crm("update contact set city = 'Köln' where id = 2")
    firm.sync(by="Ada Byron")
    calls = program("read-only")
    assert len(pages(calls, "/journal?integration=firm")) == 4
    (line,) = pages(calls, "/journal?by=Ada%20Byron&integration=firm")
    assert line["fields"] == {"town": ["Bonn 2", "Köln"]}
    place = "integration=firm&system=crm&record=contact&id=2"
    (why,) = calls.get(f"/why?{place}").json()["items"]
    assert (why["is_in_sync"], why["partner"]) == (True, {"system": "register", "record": "person", "id": "2"})
    story = calls.get(f"/story?{place}&field=city").json()
    assert [step["value"] for step in story["steps"]] == ["Köln", "Bonn 2"]
    assert calls.get(f"/story?{place}&field=colour").status_code == 404


def test_links_listed_taken_apart_and_made(firm: Firm, program: Programs) -> None:
    firm.contacts(3)
    firm.sync()
    calls = program("integration manager")
    assert [(one["left"], one["right"]) for one in pages(calls, "/links?flow=people")] == [
        ("1", "1"),
        ("2", "2"),
        ("3", "3"),
    ]
    (link,) = pages(calls, "/links?record_id=2")
    path = f"/links/{link['number']}"
    assert calls.post(f"{path}/unlink", {"note": "two people"}).status_code == 200
    assert calls.get(path).json()["state"] == "dormant"
    assert calls.post(f"{path}/unlink", {}).status_code == 409
    body = {"integration": "firm", "flow": "people", "left": "2", "right": "2"}
    assert calls.post("/links", body).status_code == 201
    assert calls.post("/links", body).json()["fields"].keys() == {"left"}
    assert pages(calls, "/links?state=resting") == []


@pytest.mark.parametrize(
    ("role", "statuses"),
    [
        ("integration manager", (200, 200, 200, 200, 409, 200)),
        ("agent", (200, 200, 200, 200, 409, 403)),
        ("read-only", (200, 200, 200, 200, 403, 403)),
        ("technician", (200, 403, 403, 403, 403, 403)),
        ("", (403, 403, 403, 403, 403, 403)),
    ],
)
def test_runs_and_questions_by_each_role(firm: Firm, program: Programs, role: str, statuses: tuple[int, ...]) -> None:
    firm.conflicts(1)
    calls, manager = program(role), program()
    asked = manager.get("/reviews").json()["items"][0]
    run = manager.get("/runs").json()["items"][0]["run"]
    found = (
        calls.get(f"/runs/{run}").status_code,
        calls.get("/journal").status_code,
        calls.get("/links").status_code,
        calls.get("/reviews").status_code,
        calls.post(f"/reviews/{asked['id']}/answer", {"take": "left", "seen": "another"}).status_code,
        calls.post(f"/runs/{run}/stop").status_code,
    )
    assert found == statuses
    manager.post(f"/runs/{run}/resume")
