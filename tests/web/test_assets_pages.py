"""The register, discovery and the assets pack in a browser: every page, and the way from a report to a decision.

Rows A1, A2, A14, A16, A22, A23, A24.
"""

from __future__ import annotations

import pytest
from django.utils import timezone

from tallystick.server.discovery.models import Device
from tallystick.server.people.actor import actor_of
from tallystick.server.records.domain import actions
from tallystick.server.registers.domain.comparing import compare
from tests.hub import signed_in
from tests.server.discovery.conftest import Agent, make_key, report_of
from tests.server.packs.conftest import Works

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def ada(person):
    """Signed in once already: the first request of a process loads every page there is."""
    user = person("administrator", name="Ada Byron")
    signed_in(user).get("/records/")
    return user


@pytest.fixture
def found(ada, samples):
    """What agents reported, beside what the register expects."""
    actor = actor_of(ada)
    agent = Agent(make_key(actor, name="Works", business_unit="US001"))
    agent.post((samples / "glpi" / "computer_1.json").read_bytes(), content_type="application/json")
    agent.post(report_of("pc-9", serial="SN9", maker="Dell Inc.", model="XPS 15", hostname="lon-9", memory=16000))

    def asset(**values):
        return actions.create(actor, "register_asset", {"business_unit": "US001", **values}).id

    actions.create(actor, "register_manufacturer", {"name": "Dell Inc"})
    made = asset(
        name="lon-9", serial_number="SN9", model="XPS 13", asset_id="000000000009", cost="1500", currency="EUR"
    )
    asset(name="spare", serial_number="SN9", is_in_use="false")
    asset(name="no number")
    cost = {"name": "Battery", "asset": made, "kind": "work", "amount": "95.5", "currency": "EUR"}
    actions.create(actor, "register_cost", cost)
    compare(timezone.now())
    return made


def test_pages_of_register_and_discovery_are_clear_to_everybody(check_looks, found, ada):
    device = Device.objects.get(hostname="glpixps").pk
    for path, name in (
        ("/register/exceptions/", "register-exceptions"),
        ("/register/serials/", "register-serials"),
        (f"/records/register_asset/{found}/", "register-asset"),
        (f"/records/device/{device}/", "device"),
        ("/discovery/", "discovery-keys"),
    ):
        check_looks(path, name, user=ada)


def test_empty_and_small_pages_are_clear_to_everybody(check_looks, ada):
    for path, name in (
        ("/register/exceptions/", "register-exceptions-empty"),
        ("/register/serials/", "register-serials-empty"),
        ("/register/exceptions/settings/", "register-settings"),
        ("/discovery/new/", "discovery-new"),
        ("/packs/", "packs"),
        ("/packs/assets/install/", "packs-install"),
    ):
        check_looks(path, name, user=ada, language="ru" if "settings" in name else "en")


def test_key_is_made_and_shown_once(open_page, check_page, ada):
    page = open_page("/discovery/", user=ada)
    page.get_by_role("link", name="New key").first.click()
    page.get_by_label("Name").fill("Works")
    page.get_by_role("button", name="Make the key").click()
    page.get_by_text("Copy the password now").wait_for()
    check_page(page, "discovery-made")
    page.goto("/discovery/")
    assert page.get_by_text("agent-").count() == 1


def test_difference_is_accepted_by_a_person(open_page, found, ada):
    page = open_page("/register/exceptions/", user=ada)
    page.get_by_role("checkbox").first.check()
    page.get_by_role("button", name="Accept what was found").click()
    page.get_by_text("1 exception decided.").wait_for()


def test_pack_is_installed_switched_on_and_reconciled(open_page, check_page, check_looks, ada, tmp_path):
    actor = actor_of(ada)
    works = Works(actor, tmp_path)
    page = open_page("/packs/", user=ada)
    works.company = works.make("account", name="Own company")
    page.locator("a.button.primary", has_text="Install").click()
    page.get_by_label("Address of another register").fill(f"sqlite:///{works.file.name}")
    page.get_by_role("button", name="Install").click()
    page.get_by_text("The pack is installed.").wait_for()
    page.get_by_label("Another one").fill("US001")
    page.get_by_role("button", name="Switch on", exact=True).last.click()
    page.get_by_text("US001 takes part from now on.").wait_for()
    from tallystick.server.packs.catalogue import pack_of

    works.pack = pack_of("assets")
    works.make("product_mapping", product=works.make("product", name="P-GEN"))
    works.c3 = works.make("installed_asset", name="C3", serial_number="SN9")
    works.asset("300", serial_number="SN9", model="XPS")
    works.run("COPY_IT_ASSET")
    check_looks("/packs/assets/", "pack", user=ada)
    shown = check_looks("/packs/assets/reconciliation/", "reconciliation", user=ada)
    shown.get_by_role("button", name="Merge").click()
    shown.wait_for_url("**/review/**")
    for _ in range(200):  # the answer is carried out beside the page
        if not works.questions():
            break
        shown.wait_for_timeout(250)
    assert works.crm(asset_id="300").pk == works.c3


def test_agent_sees_the_callers_assets_with_what_was_discovered(check_looks, found, ada, settings):
    """Issue 4, 5: picks one; troubleshooting data one click away. Row A1."""
    actor = actor_of(ada)
    make = lambda kind, **values: actions.create(actor, kind, values).id  # noqa: E731
    caller = make("person", first_name="Eve", last_name="Nine", roles='["worker"]')
    make("installed_asset", name="Eve's laptop", person=caller, business_unit="US001", asset_id="000000000009")
    case = make("case", subject="It is slow", person=caller)
    page = check_looks(f"/records/case/{case}/", "case-assets", user=ada)
    card = page.locator("#caller-assets")
    assert "16,000 MB" in card.inner_text()
    card.get_by_role("button", name="Choose").click()
    page.get_by_text("The case is about this asset now.").wait_for()
    page.locator("#caller-assets").get_by_role("link", name="Details").click()
    page.get_by_role("heading", name="lon-9").wait_for()
