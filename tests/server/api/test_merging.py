"""Merging, archiving and what is gone, by the API."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.django_db
Programs = Callable[..., Any]


def account(program: Any, **values: Any) -> dict[str, Any]:
    return dict(program.post("/records/account", {"values": {"name": "Northwind", **values}}).json())


def test_records_compared_merged_and_taken_apart(program: Programs) -> None:
    calls = program()
    one, other = account(calls), account(calls, name="Nordwind", phone="1", categories=["a"])
    case = calls.post("/records/case", {"values": {"subject": "S", "account": other["id"]}}).json()
    path = f"/records/account/{one['id']}/merge"
    seen = calls.get(f"{path}?loser={other['id']}").json()
    assert {choice["name"]: choice["take"] for choice in seen["choices"]} == {
        "name": "survivor",
        "categories": "loser",
        "phone": "loser",
    }
    body = {"loser": other["id"], "take": {"name": "loser"}, "version": 1, "loser_version": 1}
    done = calls.post(path, body).json()
    assert done["moved"]["case"] == 1
    gone = calls.get(f"/records/account/{other['id']}").json()
    assert (gone["gone"], gone["merged_into"], gone["is_deleted"]) == ("merged", one["id"], True)
    assert calls.get(f"/records/case/{case['id']}").json()["values"]["account"] == one["id"]
    assert calls.get(f"/records/account/{one['id']}").json()["values"]["name"] == "Nordwind"
    assert calls.post(f"/records/account/{other['id']}/restore").status_code == 422
    back = calls.post(f"/records/account/{other['id']}/unmerge").json()
    assert (back["loser"], back["kept"]) == (other["id"], [])
    assert calls.get(f"/records/case/{case['id']}").json()["values"]["account"] == other["id"]
    actions = [past["action"] for past in calls.get(f"/records/account/{other['id']}/history").json()["items"]]
    assert actions == ["restored", "merged", "created"]


def test_merge_of_what_changed_since_answers_409(program: Programs) -> None:
    calls = program()
    one, other = account(calls), account(calls)
    calls.patch(f"/records/account/{other['id']}", {"values": {"city": "Lund"}})
    path = f"/records/account/{one['id']}/merge"
    assert calls.post(path, {"loser": other["id"], "version": 1, "loser_version": 1}).status_code == 409
    assert calls.post(path, {"loser": other["id"], "version": 1}).json()["fields"] == {
        "loser_version": "It is missing."
    }
    assert calls.post(path, {"loser": one["id"]}).status_code == 422
    assert calls.post(path, {"loser": other["id"], "take": {"colour": "loser"}}).status_code == 422
    assert calls.post(path, {"loser": "nonsense"}).status_code == 404


def test_archived_record_told_and_restored(program: Programs) -> None:
    calls = program()
    one = account(calls)
    assert calls.post("/records/account/archive", {"ids": [one["id"]]}).json()["done"] == [one["id"]]
    assert calls.get(f"/records/account/{one['id']}").json()["gone"] == "archived"
    assert calls.post(f"/records/account/{one['id']}/restore").json()["gone"] is None


def test_gone_records_of_all_types_listed_narrowed_and_restored(program: Programs) -> None:
    calls = program()
    one = account(calls)
    team = calls.post("/records/team", {"values": {"name": "Red"}}).json()
    calls.delete(f"/records/account/{one['id']}")
    calls.post("/records/team/archive", {"ids": [team["id"]]})
    first = calls.get("/deleted?limit=1").json()
    assert [row["called"] for row in first["items"]] == ["TEAM-1"]
    assert [row["called"] for row in calls.get(f"/deleted?cursor={first['next']}").json()["items"]] == ["A-1"]
    assert [row["type"] for row in calls.get("/deleted?why=deleted").json()["items"]] == ["account"]
    assert calls.get("/deleted?since=2999-01-01").json()["items"] == []
    for query in ("why=lost", "colour=red", "cursor=nonsense", "since=yesterday"):
        assert calls.get(f"/deleted?{query}").status_code == 422, query
    assert calls.get("/deleted?type=ship").status_code == 404
    back = calls.post("/deleted/restore", {"records": {"account": [one["id"]], "team": [team["id"]]}}).json()
    assert back == {"done": {"account": [one["id"]], "team": [team["id"]]}, "refused": [], "kept": []}
    assert calls.get("/deleted").json()["items"] == []
    assert calls.post("/deleted/restore", {"records": {}}).status_code == 422


@pytest.mark.parametrize("role", ["technician", "read-only"])
def test_reader_merges_and_restores_nothing(program: Programs, role: str) -> None:
    calls = program(role=role)
    assert calls.get("/deleted").status_code == 403
    assert calls.post("/deleted/restore", {"records": {"account": ["x"]}}).status_code == 403
    assert calls.post("/records/account/x/merge", {"loser": "y"}).status_code == 403
    assert calls.post("/records/account/x/unmerge").status_code == 403
    assert calls.post("/records/account/archive", {"ids": ["x"]}).status_code == 403
