"""Discovery fills a register of others through a flow: rows A2, A13, A23."""

from __future__ import annotations

import pytest

from tallystick.model.plan import ReviewKind
from tallystick.server.designer.models import Integration
from tallystick.server.designer.workspaces import workspace
from tallystick.server.packs import queries
from tests.server.discovery.conftest import agent  # noqa: F401  a fixture
from tests.server.packs.conftest import writes

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def fill():
    def run(*, is_full=False):
        with workspace("it-discovery", by="schedule") as opened:
            report = opened.sync(is_full=is_full)
        assert report.errors == {}
        return report.shown()["flows"]["devices"]

    return run


def test_devices_become_assets_of_an_sql_register_and_their_facts_flow_A2(works, agent, fill):  # noqa: F811
    works.install("US001")
    works.asset("7", serial_number=" SN7 ", name="Counter", model="old list")
    found = {"maker": "Dell Inc.", "model": "XPS", "memory": "8192", "user": "ann"}
    agent.report("a-1", hostname="lon-1", serial="sn7", macs=["3c:52:82:00:00:01"], **found)
    agent.report("a-2", hostname="lon-2", serial="SN8", macs=["3c:52:82:00:00:02"], **found)
    first = fill(is_full=True)
    assert first["writes"]["right"] == {"create": 1, "update": 1, "delete": 0}
    columns = "name, business_unit, asset_type, serial_number, model, hostname, memory_mb, last_user"
    rows = works.sql(f"SELECT {columns} FROM register_asset ORDER BY hostname")
    assert rows == [
        ("lon-1", "US001", "010", "sn7", "XPS", "lon-1", 8192, "ann"),
        ("lon-2", "US001", "010", "SN8", "XPS", "lon-2", 8192, "ann"),
    ]
    assert writes(fill(is_full=True)) == 0
    agent.report("a-2", hostname="lon-2", serial="SN8", macs=["3c:52:82:00:00:02"], **{**found, "memory": "16384"})
    assert writes(fill()) == 1
    works.sql("UPDATE register_asset SET name = 'Desk 8', changed_at = '2030-01-01' WHERE hostname = 'lon-2'")
    assert writes(fill(is_full=True)) == 0
    assert works.sql("SELECT name, memory_mb FROM register_asset WHERE hostname = 'lon-2'") == [("Desk 8", 16384)]


def test_likely_device_is_asked_about_and_junk_serials_join_nothing_A23(works, agent, fill):  # noqa: F811
    works.install("US001")
    works.asset("7", mac_addresses='["3c:52:82:00:00:07"]', model="XPS", serial_number="To be filled by O.E.M.")
    agent.report("a-7", hostname="x7", serial="To be filled by O.E.M.", model="XPS", macs=["3c:52:82:00:00:07"])
    agent.report("a-8", hostname="x8", serial="To be filled by O.E.M.", model="XPS", macs=["3c:52:82:00:00:08"])
    assert fill(is_full=True)["writes"]["right"]["create"] == 1
    (asked,) = works.questions(ReviewKind.POSSIBLE)
    assert asked.review.right_id == "7"
    assert works.sql("SELECT count(*) FROM register_asset") == [(2,)]


def test_hubs_own_register_is_filled_without_a_flow_A2(actor, works):
    from tallystick.server.packs.catalogue import pack_of
    from tallystick.server.packs.domain.installing import install

    install(actor, pack_of("assets"), values={"company": works.make("account", name="Own")})
    assert list(Integration.objects.values_list("name", flat=True)) == ["it-assets"]
    assert queries.installed(pack_of("assets"))
