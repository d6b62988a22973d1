"""The pack itself: its documents, its operations by name, its set-up in order, its plan over the hub's own register.

Rows A2, A3, A15, A16, A17, A25.
"""

from __future__ import annotations

import pytest

from tallystick.errors import ConfigurationError, InputRefused, NotFound
from tallystick.runs import requests
from tallystick.server.designer.models import Integration, IntegrationVersion
from tallystick.server.designer.place import state_url as hub_state_url
from tallystick.server.designer.workspaces import workspace
from tallystick.server.packs import queries
from tallystick.server.packs.catalogue import pack_of, packs
from tallystick.server.packs.domain.installing import install
from tallystick.server.packs.domain.running import enable, run
from tallystick.server.packs.domain.units import switch, switched_on
from tallystick.server.records.domain import actions
from tallystick.server.records.models import AssetType, InstalledAsset
from tallystick.spec.reading import loads

pytestmark = pytest.mark.django_db(transaction=True)
NAMES = [
    "COPY_AM_SUBTYPE",
    "MANUFACTURER_FULLSYNC",
    "LOCATION_FULLSYNC",
    "DEPARTMENT_FULLSYNC",
    "EMPLOYEE_FULLSYNC",
    "COPY_IT_ASSET",
    "SYNC_IT_ASSET",
]


@pytest.fixture
def make(actor, transactional_db):
    return lambda kind, **values: actions.create(actor, kind, values).id


@pytest.fixture
def pack(actor, make):
    """Installed over the hub's own register, one unit on, products mapped."""
    found = pack_of("assets")
    install(actor, found, values={"company": make("account", name="Own company")})
    switch(actor, found.units, "US001", is_on=True)
    make("product_mapping", product=make("product", name="P-GEN"))
    return found


def test_every_operation_names_a_flow_of_a_document_A3():
    for pack in packs().values():
        for document in pack.documents:
            flows = [flow.name for flow in loads(pack.text(document), document).integration.flows]
            assert {one.flow for one in pack.operations if one.document == document} <= set(flows)
    assert [one.name for one in pack_of("assets").operations] == NAMES


def test_what_assets_refer_to_goes_first_in_order_A17():
    flows = loads(pack_of("assets").text("it-assets"), "pack").integration.flows
    assert [flow.name for flow in flows] == [
        "subtypes",
        "manufacturers",
        "locations",
        "departments",
        "employees",
        "assets",
    ]
    assert flows[-1].primary == "right"


def test_operations_are_run_and_shown_by_their_names_A3(pack, actor, client_of):
    asked = run(actor, pack, "MANUFACTURER_FULLSYNC")
    assert asked.flows == ("manufacturers",)
    (job,) = [one for one in requests.requests_of(hub_state_url()).waiting() if one.id == asked.job]
    assert (job.integration, job.flows, job.is_full) == ("it-assets", ("manufacturers",), True)
    client = client_of("integration manager")
    answer = client.post("/packs/assets/run/", {"operation": "COPY_AM_SUBTYPE"}, follow=True).content.decode()
    assert all(name in answer for name in NAMES)
    assert "COPY_AM_SUBTYPE is asked for" in answer
    with pytest.raises(NotFound):
        run(actor, pack, "COPY_NOTHING")
    assert client_of("read-only").post("/packs/assets/run/", {"operation": "COPY_AM_SUBTYPE"}).status_code == 403


def test_operation_is_refused_before_its_turn_in_the_set_up_A25(actor, make, client_of):
    pack = pack_of("assets")
    install(actor, pack, values={"company": make("account", name="Own company")})

    def refused(name):
        with pytest.raises(ConfigurationError) as raised:
            run(actor, pack, name)
        return str(raised.value)

    assert "first switch a business unit on" in refused("COPY_IT_ASSET")
    switch(actor, pack.units, "US001", is_on=True)
    assert "the default row" in refused("COPY_IT_ASSET")
    make("product_mapping", product=make("product", name="P-GEN"))
    assert "first run COPY_AM_SUBTYPE" in refused("COPY_IT_ASSET")
    with workspace("it-assets", by="schedule") as opened:
        opened.sync(flows=["subtypes", "manufacturers", "locations", "departments", "employees"], is_full=True)
    assert "first run COPY_IT_ASSET" in refused("SYNC_IT_ASSET")
    page = client_of("integration manager").post("/packs/assets/enable/", follow=True).content.decode()
    assert "SYNC_IT_ASSET has to wait: first run COPY_IT_ASSET." in page
    assert not Integration.objects.get().is_enabled
    run(actor, pack, "COPY_IT_ASSET")
    with workspace("it-assets", by="schedule") as opened:
        opened.sync(flows=["assets"], is_full=True)
    run(actor, pack, "SYNC_IT_ASSET")
    enable(actor, pack)
    assert Integration.objects.get().is_enabled


def test_asset_type_of_hardware_is_found_or_made_once_A12(actor, make):
    known = make("asset_type", name="Computers", code="010")
    install(actor, pack_of("assets"), values={"company": make("account", name="Own company")})
    assert known in Integration.objects.select_related("current").get().current.text
    assert AssetType.objects.count() == 1


def test_pack_is_delivered_off_and_each_switch_is_a_version_A16(actor, make):
    found = pack_of("assets")
    install(actor, found, values={"company": make("account", name="Own company")})
    assert switched_on(found.units) == ()
    assert not Integration.objects.get().is_enabled
    switch(actor, found.units, "US001", is_on=True)
    switch(actor, found.units, "US001", is_on=True)
    switch(actor, found.units, "US002", is_on=True)
    assert switched_on(found.units) == ("US001", "US002")
    switch(actor, found.units, "US001", is_on=False)
    assert switched_on(found.units) == ("US002",)
    comments = list(IntegrationVersion.objects.order_by("number").values_list("comment", flat=True))
    assert comments[1:] == ["US001 switched on", "US002 switched on", "US001 switched off"]
    with pytest.raises(InputRefused):
        switch(actor, found.units, "x" * 21, is_on=True)
    with pytest.raises(InputRefused, match="installed already"):
        install(actor, found, values={"company": "x"})


def test_pack_without_a_company_is_not_installed_A25(actor, transactional_db):
    with pytest.raises(InputRefused) as refused:
        install(actor, pack_of("assets"), values={"company": "nobody"})
    assert list(refused.value.fields) == ["company"]
    assert not Integration.objects.exists()


def test_set_up_is_led_through_in_order_A25(actor, make):
    found = pack_of("assets")
    install(actor, found, values={"company": make("account", name="Own company")})

    def following():
        return next((step.name for step in queries.set_up(found) if step.is_next), "")

    assert following() == "units"
    switch(actor, found.units, "US001", is_on=True)
    assert following() == "mapping"
    make("product_mapping", product=make("product", name="P-GEN"))
    assert following() == "references"
    with workspace("it-assets", by="schedule") as opened:
        opened.sync(flows=["subtypes", "manufacturers", "locations", "departments", "employees"], is_full=True)
    assert following() == "copy"
    with workspace("it-assets", by="schedule") as opened:
        opened.sync(flows=["assets"], is_full=True)
    assert following() == "enable"


def test_plan_over_the_hubs_own_register_is_as_expected_A15(pack, make):
    """Golden: what a full run plans for one asset on each side that are one, and one new on each."""
    maker = make("register_manufacturer", name="HP")
    make("register_asset", name="one", business_unit="US001", asset_id="1", model="X2", manufacturer=maker)
    make("register_asset", name="two", business_unit="US001", asset_id="2")
    make("register_asset", name="chair", business_unit="US001", asset_type="070")
    make("register_asset", name="elsewhere", business_unit="US009")
    make("installed_asset", name="uno", business_unit="US001", asset_id="1", user_field1="kept")
    make("installed_asset", name="three", business_unit="US001", serial_number="SN3")
    with workspace("it-assets", by="schedule") as opened:
        opened.sync(flows=["manufacturers"], is_full=True)
        report = opened.sync(flows=["assets"], is_full=True)
    assert report.shown()["flows"]["assets"]["writes"] == {
        "left": {"create": 1, "update": 1, "delete": 0},
        "right": {"create": 1, "update": 1, "delete": 0},
    }
    assets = InstalledAsset.objects.select_related("manufacturer", "product").order_by("asset_id")
    assert [(one.name, one.asset_id, one.model, one.user_field1) for one in assets if one.asset_id in ("1", "2")] == [
        ("one", "1", "X2", "kept"),
        ("two", "2", None, None),
    ]
    assert {one.manufacturer.name for one in assets if one.manufacturer} == {"HP"}
    with workspace("it-assets", by="schedule") as opened:
        second = opened.sync(flows=["assets"]).shown()["flows"]["assets"]["writes"]
        third = opened.sync(flows=["assets"], is_full=True).shown()["flows"]["assets"]["writes"]
    assert second["left"]["create"] == second["right"]["create"] == 0
    nothing = {"create": 0, "update": 0, "delete": 0}
    assert third == {"left": nothing, "right": nothing}
