"""Expected against discovered: exceptions found once, cleared by themselves, decided by people. Row A24."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tallystick.errors import InputRefused, NotAllowed
from tallystick.server.records.domain import actions
from tallystick.server.registers.domain.comparing import compare, compare_if_due
from tallystick.server.registers.domain.deciding import APPROVE, DECIDE, Decision, configure, decide
from tallystick.server.registers.models import RegisterAsset, RegisterException
from tests.server.registers.conftest import NOW

pytestmark = pytest.mark.django_db


def standing():
    rows = RegisterException.objects.order_by("number").values_list("kind", "state", "field", "expected", "discovered")
    return list(rows)


@pytest.fixture
def differing(asset, device, maker):
    """An asset whose model was found otherwise."""
    found = device(serial="SN9", maker="Dell Inc.", model="XPS 15", hostname="lon-1")
    return asset(
        "lon-1", device=found, serial_number="SN9", manufacturer=maker("Dell Inc"), model="XPS 13", asset_id="7"
    )


def test_difference_is_found_once_and_clears_by_itself_A24(differing, actor):
    assert compare(NOW).opened == 1
    assert standing() == [("differs", "open", "model", "XPS 13", "XPS 15")]  # a dot in the maker's name is none
    assert compare(NOW).opened == 0
    actions.update(actor, "register_asset", differing, {"model": "xps-15"})
    assert compare(NOW).cleared == 1
    assert standing() == [("differs", "cleared", "model", "XPS 13", "XPS 15")]
    actions.update(actor, "register_asset", differing, {"model": "XPS 17"})
    compare(NOW)
    assert standing() == [("differs", "open", "model", "XPS 17", "XPS 15")]


def test_device_not_seen_for_days_raises_an_exception_A24(asset, device, actor):
    asset("old", device=device("old-1", at=NOW - timedelta(days=31), serial="S1"), serial_number="S1")
    asset("new", device=device("new-1", at=NOW - timedelta(days=29), serial="S2"), serial_number="S2")
    compare(NOW)
    assert standing() == [("not_seen", "open", None, None, "2026-10-22")]
    configure(actor, inventory_age_days=20, left_out=[])
    compare(NOW)
    assert [kind for kind, *_ in standing()] == ["not_seen", "not_seen"]
    device("old-1", at=NOW, serial="S1")
    compare(NOW)
    assert [state for _, state, *_ in standing()] == ["cleared", "open"]


def test_unknown_device_is_accepted_into_the_register_A2(device, actor):
    configure(actor, inventory_age_days=30, left_out=[], enters_new=False)
    found = device(serial="SN9", maker="Dell Inc.", model="XPS", hostname="lon-1", memory=8000)
    compare(NOW)
    (exception,) = RegisterException.objects.all()
    assert exception.kind == "unexpected"
    assert decide(actor, [exception.pk], Decision.ACCEPT).states == {exception.pk: "accepted"}
    (asset,) = RegisterAsset.objects.select_related("manufacturer")
    assert (asset.name, asset.serial_number, asset.manufacturer.name, asset.model) == (
        "lon-1",
        "SN9",
        "Dell Inc.",
        "XPS",
    )
    assert (asset.business_unit, asset.device_id, asset.memory_mb) == ("US001", found, 8000)
    assert compare(NOW).standing == 0


def test_retired_asset_that_reports_raises_an_exception_A24(asset, device, actor):
    id_ = asset("a", device=device(serial="S"), serial_number="S", status="retired", is_in_use="false")
    compare(NOW)
    (exception,) = RegisterException.objects.all()
    assert exception.kind == "not_in_use"
    decide(actor, [exception.pk], Decision.ACCEPT)
    found = RegisterAsset.objects.get(pk=id_)
    assert (found.status, found.is_in_use) == ("in_service", True)


def test_accepted_difference_is_written_with_a_name_in_the_history_A24(differing, actor):
    compare(NOW)
    (exception,) = RegisterException.objects.all()
    decide(actor, [exception.pk], Decision.ACCEPT, reason="Counted.")
    asset = RegisterAsset.objects.get(pk=differing)
    assert (asset.model, asset.changed_by) == ("XPS 15", "Ada Byron")
    exception.refresh_from_db()
    assert (exception.state, exception.decided_by, exception.reason) == ("accepted", "Ada Byron", "Counted.")


def test_ignored_difference_stays_ignored_until_something_else_is_found_A24(differing, device, actor):
    compare(NOW)
    (exception,) = RegisterException.objects.all()
    decide(actor, [exception.pk], Decision.IGNORE)
    compare(NOW)
    assert [state for _, state, *_ in standing()] == ["ignored"]
    device(serial="SN9", maker="Dell Inc.", model="XPS 99", hostname="lon-1")
    compare(NOW)
    assert standing() == [("differs", "open", "model", "XPS 13", "XPS 99")]


def test_financial_attribute_becomes_a_request_and_no_write_A24(asset, device, actor, actor_with):
    id_ = asset("a", device=device(serial="S", unit="US002"), serial_number="S")
    compare(NOW)
    (exception,) = RegisterException.objects.all()
    assert (exception.field, exception.expected, exception.discovered) == ("business_unit", "US001", "US002")
    agent = actor_with("register.view_register_exception", DECIDE)
    assert decide(agent, [exception.pk], Decision.ACCEPT).states == {exception.pk: "requested"}
    assert RegisterAsset.objects.get(pk=id_).business_unit == "US001"
    with pytest.raises(NotAllowed):
        decide(agent, [exception.pk], Decision.APPROVE)
    compare(NOW)
    assert [state for _, state, *_ in standing()] == ["requested"]
    assert decide(actor_with(APPROVE), [exception.pk], Decision.APPROVE).states == {exception.pk: "accepted"}
    assert RegisterAsset.objects.get(pk=id_).business_unit == "US002"


def test_refused_request_writes_nothing_and_stays_refused_A24(asset, device, actor):
    id_ = asset("a", device=device(serial="S", unit="US002"), serial_number="S")
    compare(NOW)
    (exception,) = RegisterException.objects.all()
    decide(actor, [exception.pk], Decision.REQUEST)
    decide(actor, [exception.pk], Decision.REFUSE)
    compare(NOW)
    assert [state for _, state, *_ in standing()] == ["refused"]
    assert RegisterAsset.objects.get(pk=id_).business_unit == "US001"


def test_decision_about_an_asset_that_changed_is_refused_A24(differing, actor):
    compare(NOW)
    (exception,) = RegisterException.objects.all()
    actions.update(actor, "register_asset", differing, {"model": "XPS 14"})
    done = decide(actor, [exception.pk], Decision.ACCEPT)
    assert "has changed since this was found" in done.refused[exception.pk]
    assert RegisterAsset.objects.get(pk=differing).model == "XPS 14"


def test_second_decision_is_told_who_was_first_A24(differing, actor):
    compare(NOW)
    (exception,) = RegisterException.objects.all()
    decide(actor, [exception.pk], Decision.ACCEPT)
    assert "Ada Byron" in decide(actor, [exception.pk], Decision.IGNORE).refused[exception.pk]


def test_what_is_left_out_by_choice_raises_nothing_A24(differing, actor):
    configure(actor, inventory_age_days=30, left_out=["model", "unexpected"])
    assert compare(NOW).standing == 0
    with pytest.raises(InputRefused):
        configure(actor, inventory_age_days=0, left_out=["nonsense"])


def test_comparison_is_made_once_in_its_time_A24(differing):
    assert compare_if_due(NOW) is not None
    assert compare_if_due(NOW + timedelta(minutes=1)) is None
    assert compare_if_due(NOW + timedelta(minutes=11)) is not None


def test_pages_of_exceptions_lead_through_the_decision_A24(differing, client_of):
    agent = client_of("agent")
    agent.post("/register/exceptions/compare/")
    page = agent.get("/register/exceptions/").content.decode()
    assert all(text in page for text in ("XPS 13", "XPS 15", "Accept what was found"))
    (exception,) = RegisterException.objects.all()
    answer = agent.post("/register/exceptions/decide/", {"id": [exception.pk], "decision": "accept", "reason": ""})
    assert answer.status_code == 302
    assert RegisterAsset.objects.get(pk=differing).model == "XPS 15"
    assert "XPS 15" in agent.get("/register/exceptions/?state=accepted").content.decode()
    assert client_of("read-only").post("/register/exceptions/decide/", {}).status_code == 403
    assert agent.get("/register/exceptions/settings/").status_code == 403
    assert client_of("integration manager").get("/register/exceptions/settings/").status_code == 200
