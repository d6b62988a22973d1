"""Records by the API: every type in the same way, with the rights of whoever calls."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tallystick.server.people.actor import actor_of
from tallystick.server.people.models import User
from tallystick.server.records import importer
from tallystick.server.records.domain import actions
from tallystick.server.records.record_types import RECORD_TYPES

pytestmark = pytest.mark.django_db
Programs = Callable[..., Any]


def account(program: Any, **values: Any) -> dict[str, Any]:
    made = program.post("/records/account", {"values": {"name": "Northwind", **values}})
    assert made.status_code == 201, made.content
    return dict(made.json())


def test_record_types_listed_with_fields(program: Programs) -> None:
    found = program().get("/records").json()
    assert [kind["name"] for kind in found["items"]] == [kind.name for kind in RECORD_TYPES]
    (name,) = [field for field in found["items"][0]["fields"] if field["name"] == "name"]
    assert (name["type"], name["is_required"], name["is_writable"]) == ("text", True, True)


def test_record_made_read_changed_deleted_and_restored(program: Programs) -> None:
    calls = program(name="Ada Byron")
    made = account(calls, employee_count=12, categories=["b", "a"], credit_limit="12.50")
    path = f"/records/account/{made['id']}"
    assert made["values"]["employee_count"] == 12
    assert made["values"]["categories"] == ["b", "a"]
    assert made["values"]["credit_limit"] == "12.5"
    assert made["version"] == 1
    changed = calls.patch(path, {"values": {"city": "Ghent"}})
    assert (changed.json()["version"], changed["ETag"]) == (2, '"2"')
    assert calls.delete(path).status_code == 204
    assert calls.get(path).json()["is_deleted"] is True
    assert calls.get("/records/account").json()["items"] == []
    assert [one["id"] for one in calls.get("/records/account?deleted=true").json()["items"]] == [made["id"]]
    assert calls.post(f"{path}/restore").json()["is_deleted"] is False
    history = calls.get(f"{path}/history").json()["items"]
    assert [one["action"] for one in history] == ["restored", "deleted", "changed", "created"]
    assert {(one["by"], one["via"]) for one in history} == {("Ada Byron (A program)", "api")}
    assert history[2]["changes"] == {"city": [None, "Ghent"]}


def test_list_pages_end_and_hold_every_record_once(program: Programs) -> None:
    calls = program()
    made = {account(calls, name=f"Firm {number:02}")["id"] for number in range(7)}
    found: list[str] = []
    cursor = ""
    for _page in range(4):
        page = calls.get(f"/records/account?limit=2&sort=-name&cursor={cursor}").json()
        found += [one["id"] for one in page["items"]]
        cursor = page["next"]
    assert cursor is None
    assert len(found) == 7
    assert set(found) == made


def test_list_searched_narrowed_and_sorted(program: Programs) -> None:
    calls = program()
    account(calls, name="Alder", city="Ghent")
    account(calls, name="Birch", city="Lund", status="inactive")
    names = lambda query: [one["values"]["name"] for one in calls.get(f"/records/account?{query}").json()["items"]]  # noqa: E731
    assert names("q=ghen") == ["Alder"]
    assert names("status=inactive") == ["Birch"]
    assert names("sort=-name") == ["Birch", "Alder"]
    assert names("changed_since=2001-01-01T00:00:00Z&sort=name") == ["Alder", "Birch"]
    assert names("changed_since=2999-01-01T00:00:00Z") == []


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("statsu=active", "statsu"),
        ("status=frozen", "status"),
        ("sort=colour", "sort"),
        ("cursor=nonsense", "cursor"),
        ("limit=0", "limit"),
        ("changed_since=yesterday", "changed_since"),
    ],
)
def test_list_parameter_that_makes_no_sense_refused(program: Programs, query: str, name: str) -> None:
    refused = program().get(f"/records/account?{query}")
    assert refused.status_code == 422
    assert list(refused.json()["fields"]) == [name]


def test_write_wrong_values_told_field_by_field(program: Programs) -> None:
    calls = program()
    refused = calls.post("/records/account", {"values": {"colour": 1, "employee_count": "many", "name": [1]}})
    assert refused.status_code == 422
    assert refused["Content-Type"] == "application/problem+json"
    assert set(refused.json()["fields"]) == {"colour", "name"}
    refused = calls.post("/records/account", {"values": {"employee_count": "many"}})
    assert set(refused.json()["fields"]) == {"employee_count", "name"}
    assert calls.get("/records/account").json()["items"] == []


def test_change_other_fields_changed_meanwhile_both_stay(program: Programs, person: Callable[..., User]) -> None:
    calls = program()
    made = account(calls)
    other = actor_of(person("agent", name="Grace"))
    actions.update(other, "account", made["id"], {"city": "Lund"})
    saved = calls.patch(f"/records/account/{made['id']}", {"values": {"phone": "123"}, "version": 1}).json()
    assert (saved["values"]["city"], saved["values"]["phone"]) == ("Lund", "123")
    assert saved["meanwhile"] == {"city": "Grace"}


def test_change_same_field_changed_meanwhile_refused(program: Programs, person: Callable[..., User]) -> None:
    calls = program()
    made = account(calls)
    actions.update(actor_of(person("agent", name="Grace")), "account", made["id"], {"city": "Lund"})
    path = f"/records/account/{made['id']}"
    refused = calls.patch(path, {"values": {"city": "Ghent"}, "version": 1})
    assert (refused.status_code, refused.json()["code"]) == (409, "changed_meanwhile")
    assert "Grace" in refused.json()["detail"]
    assert calls.get(path).json()["values"]["city"] == "Lund"


def test_if_match_of_older_version_answers_412(program: Programs) -> None:
    calls = program()
    made = account(calls)
    path = f"/records/account/{made['id']}"
    etag = calls.get(path)["ETag"]
    assert calls.patch(path, {"values": {"city": "Ghent"}}, If_Match=etag).status_code == 200
    refused = calls.patch(path, {"values": {"city": "Lund"}}, If_Match=etag)
    assert (refused.status_code, refused["ETag"]) == (412, '"2"')
    assert calls.delete(path, If_Match=etag).status_code == 412
    assert calls.patch(path, {"values": {"city": "Lund"}}, If_Match="nonsense").status_code == 422
    assert calls.patch(path, {"values": {"phone": "1"}}, If_Match='W/"2"').status_code == 200  # a proxy made it weak
    assert calls.patch(path, {"values": {"phone": "2"}}, If_Match="*").status_code == 200
    assert calls.get(path).json()["values"]["city"] == "Ghent"


@pytest.mark.parametrize(
    ("role", "statuses"),
    [
        ("administrator", (200, 201, 200, 204)),
        ("integration manager", (200, 201, 200, 204)),
        ("agent", (200, 201, 200, 204)),
        ("technician", (200, 403, 403, 403)),
        ("read-only", (200, 403, 403, 403)),
        ("", (403, 403, 403, 403)),
    ],
)
def test_account_by_each_role_as_in_the_web(program: Programs, role: str, statuses: tuple[int, ...]) -> None:
    made = account(program())
    path, calls = f"/records/account/{made['id']}", program(role)
    found = (
        calls.get(path).status_code,
        calls.post("/records/account", {"values": {"name": "Birch"}}).status_code,
        calls.patch(path, {"values": {"city": "Ghent"}}).status_code,
        calls.delete(path).status_code,
    )
    assert found == statuses


def test_token_scopes_bound_what_its_person_may(program: Programs) -> None:
    made = account(program())
    calls = program("agent", scopes=("*.view_*",))
    path = f"/records/account/{made['id']}"
    assert calls.get(path).status_code == 200
    refused = calls.patch(path, {"values": {"city": "Ghent"}})
    assert (refused.status_code, refused.json()["code"]) == (403, "not_allowed")


def test_private_task_of_others_is_not_there(program: Programs) -> None:
    mine, others = program("agent"), program("agent")
    values = {"subject": "A secret", "is_private": True}
    made = mine.post("/records/task", {"values": values})
    assert made.status_code == 201, made.content
    path = f"/records/task/{made.json()['id']}"
    assert mine.get(path).status_code == 200
    for answer in (
        others.get(path),
        others.patch(path, {"values": {"subject": "Mine"}}),
        others.delete(path),
        others.get(f"{path}/history"),
        others.post(f"{path}/restore"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert others.get("/records/task").json()["items"] == []
    assert mine.get("/records/task?q=secret").json()["items"][0]["id"] == made.json()["id"]


@pytest.mark.parametrize("path", ["/records/account/none", "/records/account/none/history", "/records/unicorn"])
def test_what_is_not_there_answers_404(program: Programs, path: str) -> None:
    answer = program().get(path)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_many_deleted_and_restored_each_on_its_own(program: Programs) -> None:
    calls = program()
    ids = [account(calls, name=f"Firm {number}")["id"] for number in range(3)]
    assert calls.post("/records/account/delete", {"ids": ids}).json() == {"done": ids, "refused": {}}
    restored = calls.post("/records/account/restore", {"ids": [ids[0], "none"]}).json()
    assert restored["done"] == [ids[0]]
    assert list(restored["refused"]) == ["none"]


def test_records_imported_with_bad_rows_told_by_line(program: Programs) -> None:
    calls = program()
    text = "name,city,employee_count\nAlder,Ghent,3\nBirch,Lund,many\nCedar,,\n"
    body = {"name": "firms.csv", "text": text}
    trial = calls.post("/records/account/import", {**body, "trial": True}).json()
    assert (trial["rows"], trial["refused"], [one["line"] for one in trial["faults"]]) == (3, 1, [3])
    assert calls.get("/records/account").json()["items"] == []
    done = calls.post("/records/account/import", body, Idempotency_Key="i-1").json()
    assert (done["created"], done["updated"], [one["line"] for one in done["faults"]]) == (2, 0, [3])
    assert calls.post("/records/account/import", body, Idempotency_Key="i-1").json() == done
    assert len(calls.get("/records/account").json()["items"]) == 2
    assert program("technician").post("/records/account/import", body).status_code == 403
    assert calls.post("/records/account/import", {"name": "a.csv", "text": " "}).status_code == 422


def test_records_exported_without_formulas(program: Programs) -> None:
    calls = program()
    account(calls, name="=1+1")
    account(calls, name="Birch", status="inactive")
    rows = b"".join(calls.get("/records/account/export", Accept="text/csv").streaming_content).decode("utf-8-sig")
    assert "'=1+1" in rows
    lines = b"".join(calls.get("/records/account/export?status=inactive").streaming_content).splitlines()
    assert [json.loads(line)["name"] for line in lines] == ["Birch"]
    assert calls.get("/records/account/export?colour=red").status_code == 422
    assert program("").get("/records/account/export").status_code == 403


def test_long_file_goes_on_by_itself_and_is_asked_about(program: Programs) -> None:
    calls = program(name="Ada Byron")
    text = "name\n" + "".join(f"T{number}\n" for number in range(2_001)) + "a,b\n"
    begun = calls.post("/records/team/import", {"name": "teams.csv", "text": text})
    assert (begun.status_code, begun.json()["is_done"], begun.json()["rows"]) == (202, False, 2_002)
    path = begun["Location"].removeprefix("/api/v1")
    assert importer.go_on_once() == 1
    done = calls.get(path).json()
    assert (done["is_done"], done["created"], done["refused"], done["error"]) == (True, 2_001, 1, "")
    assert [fault["line"] for fault in done["faults"]] == [2_003]
    assert [one["id"] for one in calls.get("/imports").json()["items"]] == [done["id"]]
    rows = b"".join(calls.get(f"{path}/rows").streaming_content).decode("utf-8-sig").splitlines()  # type: ignore[attr-defined]
    assert rows == ["Line,Reason,name", '2003,"This row has 2 cells, and there are 1 columns.",a,b']
    other = program()
    for answer in (other.get(path), other.get(f"{path}/rows"), other.post(f"{path}/stop")):
        assert answer.status_code == 404


def test_import_is_stopped(program: Programs) -> None:
    calls = program()
    text = "name\n" + "".join(f"T{number}\n" for number in range(2_001))
    begun = calls.post("/records/team/import", {"name": "teams.csv", "text": text}).json()
    stopped = calls.post(f"/imports/{begun['id']}/stop").json()
    assert (stopped["is_done"], stopped["created"]) == (True, 0)
    assert importer.go_on_once() == 0
