"""Acceptance scenarios S1 to S4 through the web and through the API, with a worker at work. Rows A4 to A12, A16 to A25.

Over an SQL register that others work in. Every one ends as all scenarios do: a second run writes nothing on either
side, and every change and refusal has its row in the history.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time

import pytest
from django.test import Client

from tallystick.server.designer.worker import start_worker
from tallystick.server.records.models import AssetSubtype, Manufacturer
from tests.server.api.conftest import program  # noqa: F401  a fixture
from tests.server.packs.conftest import Works
from tests.server.packs.hands import REFERENCES, ByApi, ByWeb, until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


class Hub:
    """A hub whose pack is used by hand, and the register of others."""

    def __init__(self, hands, works):
        self.hands, self.works = hands, works
        self.agents = hands.agents

    def install(self, *units):
        company = self.hands.make("account", name="Own company")
        self.hands.install(company, f"sqlite:///{self.works.file.name}")
        for unit in units:
            self.hands.switch(unit)

    def copy_references(self):
        for name in REFERENCES:
            self.hands.run(name)

    def default_mapping(self):
        self.hands.make("product_mapping", product=self.hands.make("product", name="P-GEN", code="P-GEN"))

    def copied(self):
        """The whole set-up of a pack whose register holds what it holds."""
        self.install("US001")
        self.default_mapping()
        self.copy_references()
        return self.hands.run("COPY_IT_ASSET")

    def asset(self, id_):
        (found,) = [one for one in self.hands.assets() if one["id"] == id_]
        return found

    def with_asset_id(self, asset_id):
        return [one for one in self.hands.assets() if one["asset_id"] == asset_id]

    def at_rest(self):
        assert self.hands.run("COPY_IT_ASSET") == 0


@pytest.fixture(params=["web", "api"])
def hub(request, program, client_of, actor, tmp_path, transactional_db):  # noqa: F811
    api = ByApi(program)
    hands = api if request.param == "api" else ByWeb(client_of, api)
    running = start_worker()
    try:
        yield Hub(hands, Works(actor, tmp_path))
    finally:
        assert running.stop()


@pytest.fixture
def loaded(hub):
    """Scenario S1 before its first run."""
    hub.install("US001", "US002")
    works, hands = hub.works, hub.hands
    works.put("subtype", "LAPTOP", name="Laptop", code="LAPTOP", asset_type="010")
    works.put("manufacturer", "HP", name="HP")
    works.put("manufacturer", "DELL", name="Dell")
    hub.c1 = hands.make("installed_asset", name="C1", business_unit="US001", asset_id="100")
    hub.c2 = hands.make("installed_asset", name="C2", installed_product_id="IP7")
    hub.c3 = hands.make(
        "installed_asset", name="C3", serial_number="SN9", manufacturer=hands.make("manufacturer", name="Dell")
    )
    works.asset("100", name="From the register")
    works.asset("200", installed_product_id="IP7", model="M200")
    works.asset("300", unit="US002", serial_number="SN9", manufacturer="DELL")
    works.asset("400", subtype="LAPTOP", manufacturer="HP", model="X2")
    works.asset("500", employee="E99")
    works.asset("600", asset_type="020")
    hub.copy_references()
    return hub


def map_products(hub):
    hands = hub.hands
    products = {name: hands.make("product", name=name, code=name) for name in ("P-X2", "P-LAP", "P-GEN")}
    subtype, maker = AssetSubtype.objects.get(name="Laptop").pk, Manufacturer.objects.get(name="HP").pk
    hands.make("product_mapping", asset_subtype=subtype, manufacturer=maker, model="X2", product=products["P-X2"])
    hands.make("product_mapping", asset_subtype=subtype, product=products["P-LAP"])
    hands.make("product_mapping", product=products["P-GEN"])
    return products


def test_full_load_in_tiers_S1(loaded):
    hub, hands = loaded, loaded.hands
    assert "default row" in hands.refused("COPY_IT_ASSET")
    assert len(hands.assets()) == 3
    products = map_products(hub)
    hands.run("COPY_IT_ASSET")
    c1, c2, c3 = (hub.asset(one) for one in (hub.c1, hub.c2, hub.c3))
    assert (c1["name"], c1["asset_id"]) == ("From the register", "100")
    assert (c2["asset_id"], c2["model"], c2["business_unit"]) == ("200", "M200", "US001")
    assert (c3["name"], c3["version"], c3["asset_id"]) == ("C3", 1, None)
    (possible,) = hands.questions("possible")
    assert possible["right"] == "300"
    (candidate,) = possible["evidence"]["candidates"]
    assert candidate["left"] == hub.c3
    assert candidate["rule"].startswith("serial_number ~ manufacturer")
    assert [candidate["fields"][name]["similarity"] for name in ("serial_number", "manufacturer")] == [1.0, 1.0]
    (new,) = hub.with_asset_id("400")
    assert new["product"] == products["P-X2"]
    (refused,) = hands.questions("reject")
    assert refused["right"] == "500"
    assert "E99" in refused["evidence"]["message"]
    assert [hub.with_asset_id(one) for one in ("300", "500", "600")] == [[], [], []]
    hub.works.put("employee", "E99", name="Eve Nine", employee_id="E99")
    hands.run("EMPLOYEE_FULLSYNC")
    assert hands.run("SYNC_IT_ASSET") == 1
    assert hub.with_asset_id("500")[0]["person"]
    assert hands.questions("reject") == []
    hub.at_rest()


def test_disputed_identity_and_junk_serials_S2(hub):
    hands, works = hub.hands, hub.works
    dell = hands.make("manufacturer", name="Dell")
    c1 = hands.make("installed_asset", name="C1", business_unit="US001", asset_id="1")
    c2 = hands.make("installed_asset", name="C2", installed_product_id="IP2")
    c5 = hands.make("installed_asset", name="C5", serial_number="SN5", manufacturer=dell)
    c9 = hands.make("installed_asset", name="C9", serial_number="SN9", manufacturer=dell)
    works.put("manufacturer", "DELL", name="Dell")
    works.asset("1", installed_product_id="IP2")
    works.asset("5a", serial_number="SN5", manufacturer="DELL")
    works.asset("5b", serial_number="SN5", manufacturer="DELL")
    for number in range(5):
        works.asset(f"j{number}", serial_number="To be filled by O.E.M.", name=f"pc {number}")
    works.asset("b1", serial_number=None)
    works.asset("b2", serial_number="")
    works.asset("z", serial_number="0")
    works.asset("9", serial_number=" sn9 ", manufacturer="DELL")
    assert hub.copied() == 8
    (disputed,) = hands.questions("disputed")
    assert disputed["right"] == "1"
    assert {one["left"] for one in disputed["evidence"]["candidates"]} == {c1, c2}
    asked = [one for question in hands.questions("possible") for one in question["evidence"]["candidates"]]
    assert {(one["left"], one["right"]) for one in asked} == {(c5, "5a"), (c5, "5b"), (c9, "9")}
    assert {hub.asset(one)["version"] for one in (c1, c2, c5, c9)} == {1}
    hub.at_rest()


def test_decision_race_S3(loaded):
    hub, hands, works = loaded, loaded.hands, loaded.works
    map_products(hub)
    hands.run("COPY_IT_ASSET")
    (first_seen,) = hands.questions("possible")
    works.sql("UPDATE register_asset SET model = 'moved', changed_at = '2030-01-01' WHERE id = '300'")
    hands.run("SYNC_IT_ASSET")
    (now,) = hands.questions("possible")
    assert now["id"] == first_seen["id"]  # one question, refreshed
    assert "out of date" in hands.answer(0, first_seen, "link", hub.c3)
    hands.delete("installed_asset", hub.c3)
    stale = hands.answer(0, now, "link", hub.c3)
    assert any(text in stale for text in ("its cause is gone", "out of date"))
    assert hub.with_asset_id("300") == []
    hands.run("SYNC_IT_ASSET")
    assert len(hub.with_asset_id("300")) == 1
    hub.at_rest()
    assert hands.questions("possible") == []


def test_decision_is_undone_and_never_asked_twice_S3(loaded):
    hub, hands = loaded, loaded.hands
    map_products(hub)
    hands.run("COPY_IT_ASSET")
    (question,) = hands.questions("possible")
    if isinstance(hands, ByWeb):
        page = hands.reconciliation()
        assert all(text in page for text in ("C3", "SN9", "Merge", "Create new"))
    hands.answer(0, question, "create")
    assert len(hub.with_asset_id("300")) == 1
    assert "Ada Byron" in hands.answer(1, question, "link", hub.c3)  # "already decided by ..."
    assert len(hub.with_asset_id("300")) == 1
    hub.at_rest()  # a replay does not ask again
    assert hands.questions("possible") == []
    hands.take_back(0, question)
    assert hub.with_asset_id("300") == []
    (open_again,) = until(lambda: hands.questions("possible") or (hands.run("SYNC_IT_ASSET") and None))
    hands.answer(1, open_again, "link", hub.c3)
    merged = hub.asset(hub.c3)
    assert (merged["asset_id"], merged["business_unit"]) == ("300", "US002")
    hub.at_rest()


def signed(secret, number, body):
    """Headers of Standard Webhooks."""
    now = str(int(time.time()))
    key = base64.b64decode(secret.removeprefix("whsec_"))
    mark = f"msg_{number}"
    text = f"{mark}.{now}.".encode() + body
    signature = base64.b64encode(hmac.new(key, text, hashlib.sha256).digest()).decode()
    return {"webhook-id": mark, "webhook-timestamp": now, "webhook-signature": f"v1,{signature}"}


def test_echo_with_a_normalising_register_S4(hub, program):  # noqa: F811
    """The register writes serials its own way and tells so by a webhook, polls return it too; an automation of it sets
    a status in the very write that was ours, so under our own user and in the same second.
    """
    hands, works = hub.hands, hub.works
    works.sql(
        "CREATE TRIGGER automation AFTER UPDATE OF serial_number ON register_asset "
        "WHEN new.serial_number <> upper(new.serial_number) BEGIN UPDATE register_asset "
        "SET serial_number = upper(new.serial_number), status = 'retired', changed_at = '2030-01-01' "
        "WHERE id = new.id; END"
    )
    works.asset("100", serial_number="XX")
    assert hub.copied() == 1
    admin = program("administrator")
    systems = [one["name"] for one in admin.get("/systems").json()["items"]]
    (system,) = [name for name in systems if "register" in name]
    inlet = admin.post("/inlets", {"system": system, "records": ["register_asset"]})
    inlet = inlet.json()
    (ours,) = hub.with_asset_id("100")
    hands.change("installed_asset", ours["id"], serial_number="ab12")
    writes = hands.run("SYNC_IT_ASSET")
    body = json.dumps({"type": "asset.changed", "data": {"id": "100"}}).encode()
    for number in range(3):  # each change, and the echo of our own write, is told
        answer = Client().post(
            inlet["path"], body, content_type="application/json", headers=signed(inlet["secret"], number, body)
        )
        assert answer.status_code == 202, answer.content
    more = [hands.run("SYNC_IT_ASSET") for _ in range(3)]
    assert writes == 1
    assert sum(more) <= 2  # RETIRED and AB12 reach the CRM, in one write or two
    assert more[-1] == 0
    kept = hub.asset(ours["id"])
    assert (kept["serial_number"], kept["status"]) == ("AB12", "retired")
    assert works.sql("SELECT serial_number, status FROM register_asset") == [("AB12", "retired")]
    storm = 200 if isinstance(hands, ByApi) else 20  # each edit by the web is two pages
    for number in range(storm):
        hands.change("installed_asset", ours["id"], serial_number=f"cd{number}")
    counts = [hands.run("SYNC_IT_ASSET") for _ in range(4)]
    assert counts[2:] == [0, 0]
    assert hub.asset(ours["id"])["serial_number"] == f"CD{storm - 1}"
    hub.at_rest()
