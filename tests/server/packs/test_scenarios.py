"""Acceptance scenarios of the assets pack, over an SQL register: S1, S2, S3, S4; rows A4 to A12, A16 to A23."""

from __future__ import annotations

import pytest

from tallystick.errors import ConfigurationError
from tallystick.model.plan import ReviewKind
from tallystick.server.records.domain import actions
from tallystick.server.records.models import AssetType, InstalledAsset
from tallystick.server.state.of_hub import looking
from tests.server.packs.conftest import writes

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def full_load(works):
    """Scenario S1 before its first run."""
    works.install("US001", "US002")
    works.put("subtype", "LAPTOP", name="Laptop", code="LAPTOP", asset_type="010")
    works.put("manufacturer", "HP", name="HP")
    works.put("manufacturer", "DELL", name="Dell")
    works.c1 = works.make("installed_asset", name="C1", business_unit="US001", asset_id="100")
    works.c2 = works.make("installed_asset", name="C2", installed_product_id="IP7")
    dell = works.make("manufacturer", name="Dell")
    works.c3 = works.make("installed_asset", name="C3", serial_number="SN9", manufacturer=dell)
    works.asset("100", name="From the register")
    works.asset("200", installed_product_id="IP7", model="M200")
    works.asset("300", unit="US002", serial_number="SN9", manufacturer="DELL")
    works.asset("400", subtype="LAPTOP", manufacturer="HP", model="X2")
    works.asset("500", employee="E99")
    works.asset("600", asset_type="020")
    return works


def map_products(works):
    products = {name: works.make("product", name=name, code=name) for name in ("P-X2", "P-LAP", "P-GEN")}
    from tallystick.server.records.models import AssetSubtype, Manufacturer

    subtype = AssetSubtype.objects.get(name="Laptop").pk
    maker = Manufacturer.objects.get(name="HP").pk
    works.make("product_mapping", asset_subtype=subtype, manufacturer=maker, model="X2", product=products["P-X2"])
    works.make("product_mapping", asset_subtype=subtype, product=products["P-LAP"])
    works.default = works.make("product_mapping", product=products["P-GEN"])


def test_full_load_in_tiers_S1(full_load):
    """A5, A8, A9, A10, A11, A12, A17, A18, A19, A20, A21, A25."""
    works = full_load
    works.copy_references()
    with pytest.raises(ConfigurationError, match="no default row"):
        works.run("COPY_IT_ASSET")
    assert InstalledAsset.objects.count() == 3
    map_products(works)
    first = works.run("COPY_IT_ASSET")
    c1, c2, c3 = (InstalledAsset.objects.get(pk=id_) for id_ in (works.c1, works.c2, works.c3))
    assert (c1.name, c1.asset_id, c1.version > 1) == ("From the register", "100", True)
    assert (c2.asset_id, c2.model) == ("200", "M200")
    assert (c3.name, c3.version, c3.asset_id) == ("C3", 1, None)
    (possible,) = works.questions(ReviewKind.POSSIBLE)
    assert possible.review.right_id == "300"
    (candidate,) = possible.review.evidence["candidates"]
    assert candidate["left"] == works.c3
    assert works.crm(asset_id="400").product.name == "P-X2"
    (refused,) = works.questions(ReviewKind.REJECT)
    assert refused.review.right_id == "500"
    assert "E99" in refused.review.evidence["message"]
    assert not InstalledAsset.objects.filter(asset_id__in=["300", "500", "600"]).exists()
    assert works.sql("SELECT count(*) FROM register_asset") == [(6,)]
    assert first["reviews"] == 2  # the candidate, and the refusal
    works.put("employee", "E99", name="Eve Nine", employee_id="E99")
    works.run("EMPLOYEE_FULLSYNC")
    second = works.run("SYNC_IT_ASSET")
    assert works.crm(asset_id="500").person.name == "Eve Nine"
    assert second["writes"]["left"]["create"] == 1
    assert writes(second) == 1
    assert works.questions(ReviewKind.REJECT) == []
    assert writes(works.run("COPY_IT_ASSET")) == 0


def test_nothing_flows_before_a_unit_is_switched_on_A16(works):
    works.install()
    works.make("product_mapping", product=works.make("product", name="P-GEN"))
    works.make("installed_asset", name="mine", business_unit="US001")
    works.asset("100")
    assert writes(works.run("COPY_IT_ASSET")) == 0
    works.switch("US001")
    done = works.run("COPY_IT_ASSET")
    assert (done["writes"]["left"]["create"], done["writes"]["right"]["create"]) == (1, 1)
    works.asset("200", unit="US002")
    assert writes(works.run("SYNC_IT_ASSET")) == 0
    works.switch("US001", is_on=False)
    works.sql("UPDATE register_asset SET name = 'changed', changed_at = '2030-01-01' WHERE id = '100'")
    assert writes(works.run("COPY_IT_ASSET")) == 0
    assert InstalledAsset.objects.filter(gone_at__isnull=True).count() == 2
    works.switch("US001")
    works.run("COPY_IT_ASSET")
    assert works.crm(asset_id="100").name == "changed"


def test_changes_flow_both_ways_and_the_register_is_primary_A4_A6_A7_A15(works):
    works.install("US001")
    works.make("product_mapping", product=works.make("product", name="P-GEN"))
    works.asset("100", model="M1", user_field1="a")
    works.run("COPY_IT_ASSET")
    ours = works.crm(asset_id="100")
    actions.update(works.actor, "installed_asset", ours.pk, {"user_field1": "b", "asset_id": "999"})
    works.run("SYNC_IT_ASSET")
    assert works.sql("SELECT user_field1, asset_id FROM register_asset WHERE id = '100'") == [("b", "100")]
    assert InstalledAsset.objects.get(pk=ours.pk).asset_id == "100"
    works.sql("UPDATE register_asset SET model = 'M2', changed_at = '2030-01-01' WHERE id = '100'")
    works.run("SYNC_IT_ASSET")
    assert InstalledAsset.objects.get(pk=ours.pk).model == "M2"
    works.make("installed_asset", name="new in the CRM", serial_number="SN77")
    works.run("SYNC_IT_ASSET")
    found = works.sql(
        "SELECT business_unit, asset_type, serial_number FROM register_asset WHERE name = 'new in the CRM'"
    )
    assert found == [("US001", "010", "SN77")]
    assert writes(works.run("COPY_IT_ASSET")) == 0


def test_disputed_identity_and_junk_serials_S2(works):
    """A8, A10, A23: disputes are asked, shared serials too, junk is no evidence."""
    works.install("US001")
    works.make("product_mapping", product=works.make("product", name="P-GEN"))
    works.put("manufacturer", "DELL", name="Dell")
    works.run("MANUFACTURER_FULLSYNC")
    from tallystick.server.records.models import Manufacturer

    dell = Manufacturer.objects.get().pk
    c1 = works.make("installed_asset", name="C1", business_unit="US001", asset_id="1")
    c2 = works.make("installed_asset", name="C2", installed_product_id="IP2")
    c5 = works.make("installed_asset", name="C5", serial_number="SN5", manufacturer=dell)
    c9 = works.make("installed_asset", name="C9", serial_number="SN9", manufacturer=dell)
    for number in range(5):
        works.make(
            "installed_asset", name=f"junk {number}", serial_number="To be filled by O.E.M.", business_unit="US001"
        )
    works.asset("1", installed_product_id="IP2")
    works.asset("5a", serial_number="SN5", manufacturer="DELL")
    works.asset("5b", serial_number="SN5", manufacturer="DELL")
    for number in range(5):
        works.asset(f"j{number}", serial_number="To be filled by O.E.M.", name=f"pc {number}")
    works.asset("b1", serial_number=None)
    works.asset("b2", serial_number="")
    works.asset("z", serial_number="0")
    works.asset("9", serial_number=" sn9 ", manufacturer="DELL")
    done = works.run("COPY_IT_ASSET")
    (disputed,) = works.questions(ReviewKind.DISPUTED)
    assert disputed.review.right_id == "1"
    assert {one["left"] for one in disputed.review.evidence["candidates"]} == {c1, c2}
    pairs = {
        (one["left"], one["right"])
        for asked in works.questions(ReviewKind.POSSIBLE)
        for one in asked.review.evidence["candidates"]
    }
    assert pairs == {(c5, "5a"), (c5, "5b"), (c9, "9")}
    assert done["writes"]["left"] == {"create": 8, "update": 0, "delete": 0}
    untouched = InstalledAsset.objects.filter(pk__in=[c1, c2, c5, c9])
    assert {one.version for one in untouched} == {1}
    assert writes(works.run("COPY_IT_ASSET")) == 0


def answer(client, review, **form):
    data = {"seen": review.fingerprint, "query": "", **form}
    return client.post(f"/review/{review.number}/answer/", data, follow=True)


@pytest.fixture
def asked(full_load):
    """The works where 300 waits for an agent."""
    works = full_load
    works.copy_references()
    map_products(works)
    works.run("COPY_IT_ASSET")
    (asked,) = works.questions(ReviewKind.POSSIBLE)
    works.first_seen = asked.review
    works.sql("UPDATE register_asset SET model = 'moved', changed_at = '2030-01-01' WHERE id = '300'")
    works.run("SYNC_IT_ASSET")
    (again,) = works.questions(ReviewKind.POSSIBLE)
    assert again.review.number == asked.review.number
    return works


def test_decision_race_S3(asked, client_of):
    """A10, A22: one question, refreshed; stale and second answers refused; taken back, and never asked again."""
    works, number = asked, asked.first_seen.number
    first, second = client_of("agent", name="Ada Byron"), client_of("agent", name="Bob Cole")
    page = first.get("/packs/assets/reconciliation/").content.decode()
    assert all(text in page for text in ("C3", "SN9", "Merge", "Create new"))
    answer(first, works.first_seen, take="link", partner=works.c3)  # as it was before the model changed
    assert not InstalledAsset.objects.filter(asset_id="300").exists()
    now = looking().question(number).review
    answer(first, now, take="create")
    made = InstalledAsset.objects.get(asset_id="300", gone_at__isnull=True)
    assert made.serial_number == "SN9"
    late = answer(second, now, take="create")
    assert "Ada Byron" in late.content.decode()
    assert InstalledAsset.objects.filter(asset_id="300").count() == 1
    assert writes(works.run("COPY_IT_ASSET")) == 0
    assert works.questions(ReviewKind.POSSIBLE) == []
    first.post(f"/review/{number}/undo/")
    assert not InstalledAsset.objects.filter(asset_id="300", gone_at__isnull=True).exists()
    works.run("SYNC_IT_ASSET")
    assert len(works.questions(ReviewKind.POSSIBLE)) <= 1


def test_candidate_that_was_deleted_is_not_merged_into_S3(asked, client_of):
    works = asked
    actions.delete(works.actor, "installed_asset", [works.c3])
    now = looking().question(works.first_seen.number).review
    stale = answer(client_of("agent"), now, take="link", partner=works.c3).content.decode()
    assert "out of date" in stale or "changed" in stale
    assert not InstalledAsset.objects.filter(asset_id="300").exists()
    works.run("SYNC_IT_ASSET")
    assert InstalledAsset.objects.filter(asset_id="300", gone_at__isnull=True).count() == 1
    assert works.questions(ReviewKind.POSSIBLE) == []


def test_candidate_is_merged_from_the_reconciliation_page_A22(full_load, client_of):
    works = full_load
    works.copy_references()
    map_products(works)
    works.run("COPY_IT_ASSET")
    (asked,) = works.questions(ReviewKind.POSSIBLE)
    answer(client_of("agent"), asked.review, take="link", partner=works.c3)
    merged = InstalledAsset.objects.get(pk=works.c3)
    assert (merged.asset_id, merged.business_unit, merged.name) == ("300", "US002", "asset 300")
    assert works.questions(ReviewKind.POSSIBLE) == []
    assert "Nothing to reconcile" in client_of("agent").get("/packs/assets/reconciliation/").content.decode()


def test_echo_of_a_register_that_normalises_settles_S4(works):
    """A6, A7: the register writes serials its own way; both sides come to rest."""
    works.install("US001")
    works.make("product_mapping", product=works.make("product", name="P-GEN"))
    works.sql(
        "CREATE TRIGGER upper_serial AFTER UPDATE OF serial_number ON register_asset "
        "WHEN new.serial_number <> upper(new.serial_number) BEGIN UPDATE register_asset "
        "SET serial_number = upper(new.serial_number), changed_at = '2030-01-01 00:00:00' WHERE id = new.id; END"
    )
    works.asset("100", serial_number="XX")
    works.run("COPY_IT_ASSET")
    ours = works.crm(asset_id="100")
    for number in range(200):
        actions.update(works.actor, "installed_asset", ours.pk, {"serial_number": f"ab{number}"})
    works.sql("UPDATE register_asset SET status = 'retired', changed_at = '2030-01-01' WHERE id = '100'")
    counts = [writes(works.run("SYNC_IT_ASSET")) for _ in range(4)]
    assert counts[2:] == [0, 0]
    assert sum(counts) <= 3
    assert works.sql("SELECT serial_number, status FROM register_asset") == [("AB199", "retired")]
    kept = InstalledAsset.objects.get(pk=ours.pk)
    assert (kept.serial_number, kept.status) == ("AB199", "retired")


def test_only_hardware_of_the_crm_is_published_in_full_and_later_A12(works):
    works.install("US001")
    works.make("product_mapping", product=works.make("product", name="P-GEN"))
    vehicle = works.make("asset_type", name="Vehicle", code="020")
    hardware = AssetType.objects.get(code="010").pk
    car = works.make("installed_asset", name="car", business_unit="US001", asset_type=vehicle)
    works.make("installed_asset", name="notebook", business_unit="US001", asset_type=hardware)
    works.make("installed_asset", name="untyped", business_unit="US001")
    works.run("COPY_IT_ASSET")
    assert works.sql("SELECT name, asset_type FROM register_asset ORDER BY name") == [
        ("notebook", "010"),
        ("untyped", "010"),
    ]
    actions.update(works.actor, "installed_asset", car, {"name": "car of the boss"})
    works.make("installed_asset", name="van", business_unit="US001", asset_type=vehicle)
    assert writes(works.run("SYNC_IT_ASSET")) == 0
    actions.update(works.actor, "installed_asset", car, {"asset_type": hardware})
    works.run("SYNC_IT_ASSET")
    assert works.sql("SELECT count(*) FROM register_asset") == [(3,)]
    works.asset("300")
    works.run("SYNC_IT_ASSET")
    assert works.crm(asset_id="300").asset_type_id == hardware
    assert writes(works.run("COPY_IT_ASSET")) == 0


def test_positive_match_updates_the_row_with_all_values_A19(works):
    """Also the business unit of an asset that had none, where it is that of the first unit switched on."""
    works.install("US001", "US002")
    works.make("product_mapping", product=works.make("product", name="P-GEN"))
    blank = works.make("installed_asset", name="C2", installed_product_id="IP7")
    known = works.make("installed_asset", name="C1", business_unit="US001", asset_id="100", model="old")
    works.asset("100", model="new", serial_number="SN1", cost="900.00", currency="EUR", hostname="lon-1")
    works.asset("200", installed_product_id="IP7")
    works.run("COPY_IT_ASSET")
    assert InstalledAsset.objects.get(pk=blank).business_unit == "US001"
    updated = InstalledAsset.objects.get(pk=known)
    found = (updated.name, updated.model, updated.serial_number, updated.cost, updated.currency, updated.hostname)
    assert found == ("asset 100", "new", "SN1", 900, "EUR", "lon-1")
    assert writes(works.run("COPY_IT_ASSET")) == 0


def test_asset_moved_between_business_units_stays_itself_A19(works):
    works.install("US001", "US002")
    works.make("product_mapping", product=works.make("product", name="P-GEN"))
    works.asset("100")
    works.run("COPY_IT_ASSET")
    ours = works.crm(asset_id="100")
    works.sql("UPDATE register_asset SET business_unit = 'US002', changed_at = '2030-01-01' WHERE id = '100'")
    works.run("SYNC_IT_ASSET")
    assert InstalledAsset.objects.get().pk == ours.pk
    assert works.crm(asset_id="100").business_unit == "US002"


def test_manufacturer_that_gets_another_code_is_the_same_one_A17(works):
    works.install("US001")
    works.make("product_mapping", product=works.make("product", name="P-GEN"))
    works.put("manufacturer", "DELL", name="Dell")
    works.asset("100", manufacturer="DELL")
    works.copy_references()
    works.run("COPY_IT_ASSET")
    ours = works.crm(asset_id="100").manufacturer_id
    works.put("manufacturer", "DEL01", name="Dell")
    works.sql("DELETE FROM register_manufacturer WHERE id = 'DELL'")
    works.sql("UPDATE register_asset SET manufacturer = 'DEL01', changed_at = '2030-01-01'")
    works.run("MANUFACTURER_FULLSYNC")
    works.run("SYNC_IT_ASSET")
    from tallystick.server.records.models import Manufacturer

    assert [one.name for one in Manufacturer.objects.filter(gone_at__isnull=True)] == ["Dell"]
    assert works.crm(asset_id="100").manufacturer_id == ours
