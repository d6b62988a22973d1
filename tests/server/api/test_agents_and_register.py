"""Keys of inventory agents, programs of devices, the register and notices, by the API."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tallystick.server.desk.models import Happening
from tallystick.server.discovery.models import Installed, Software
from tallystick.server.records.domain import actions
from tests.server.registers.conftest import asset, device, maker  # noqa: F401  the fixtures of the register

pytestmark = pytest.mark.django_db
Programs = Callable[..., Any]


def test_key_is_made_listed_and_revoked(program: Programs) -> None:
    calls = program()
    made = calls.post("/agent-keys", {"name": "Works", "business_unit": "US001"})
    assert (made.status_code, len(made.json()["password"]) > 20) == (201, True)
    number = made.json()["id"]
    assert calls.delete(f"/agent-keys/{number}").status_code == 204
    (kept,) = calls.get("/agent-keys").json()["items"]
    assert (kept["id"], "password" in kept, kept["revoked_at"] is None) == (number, False, False)


def test_programs_of_a_device_come_in_pages(program: Programs, actor: Any) -> None:
    id_ = actions.create(actor, "device", {"name": "NB-1"}).id
    for number in range(3):
        one = Software.objects.create(mark=str(number), name=f"Program {number}", version="1")
        Installed.objects.create(device_id=id_, software=one)
    calls = program()
    first = calls.get(f"/devices/{id_}/programs?limit=2").json()
    rest = calls.get(f"/devices/{id_}/programs?limit=2&cursor={first['next']}").json()
    assert [one["name"] for one in first["items"] + rest["items"]] == ["Program 0", "Program 1", "Program 2"]
    assert rest["next"] is None
    assert [one["name"] for one in calls.get(f"/devices/{id_}/programs?q=gram 1").json()["items"]] == ["Program 1"]
    assert calls.get("/devices/nothing/programs").status_code == 404


def test_exceptions_are_found_and_decided_A24(program: Programs, asset: Any, device: Any, maker: Any) -> None:  # noqa: F811
    found = device(serial="SN9", maker="Dell", model="XPS 15", hostname="lon-1")
    asset("lon-1", device=found, serial_number="SN9", manufacturer=maker("Dell"), model="XPS 13", asset_id="7")
    calls = program()
    assert calls.post("/register/exceptions/compare").json()["opened"] == 1
    (open_,) = calls.get("/records/register_exception").json()["items"]
    body = {"ids": [open_["id"], "nothing"], "decision": "ignore", "reason": "known"}
    done = calls.post("/register/exceptions/decide", body).json()
    assert done["states"] == {open_["id"]: "ignored"}
    assert list(done["refused"]) == ["nothing"]


def test_settings_of_the_register_are_kept_and_wrong_ones_refused(program: Programs) -> None:
    calls = program()
    wanted = {"inventory_age_days": 45, "enters_new": False, "left_out": ["model"]}
    assert calls.call("PUT", "/register/settings", wanted).json() == {**wanted, "compared_at": None}
    assert calls.get("/register/settings").json()["inventory_age_days"] == 45
    wrong = calls.call("PUT", "/register/settings", {**wanted, "left_out": ["colour"]})
    assert (wrong.status_code, list(wrong.json()["fields"])) == (422, ["left_out"])


def test_doubtful_serial_numbers_are_told(program: Programs, asset: Any) -> None:  # noqa: F811
    asset("lon-1", serial_number="SN1", asset_id="1")
    asset("lon-2", serial_number="sn1", asset_id="2", is_in_use="false")
    asset("lon-3", asset_id="3")
    found = program().get("/register/serials").json()
    assert [sorted(one["name"] for one in each["assets"]) for each in found["doubled"]] == [["lon-1", "lon-2"]]
    assert ([one["name"] for one in found["blank"]], found["blank_count"]) == (["lon-3"], 1)


def test_ways_of_being_told_are_chosen(program: Programs) -> None:
    calls = program("agent")
    quiet = {"happening": "note", "in_hub": True, "by_email": False}
    ways = calls.call("PUT", "/desk/notices/ways", {"ways": [quiet]}).json()
    assert [one for one in ways if not one["by_email"]] == [quiet]
    assert len(ways) == len(Happening)
    assert calls.post("/desk/notices/read", {}).json() == {"count": 0}
    assert calls.get("/desk/notices").json() == {"items": [], "next": None}


def test_status_of_an_unknown_partner_is_not_mapped_S7(program: Programs) -> None:
    refused = program().post("/desk/statuses", {"partner": "nobody", "theirs": "Z", "means": "open"})
    assert (refused.status_code, refused.json()["code"]) == (404, "not_found")
    assert program().get("/desk/statuses").json()["items"] == []
