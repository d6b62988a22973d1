"""Records in a browser: list, form with references, both versions, deleting with undo, import, the 360-degree page."""

from __future__ import annotations

import pytest

from tallystick.server.people.actor import actor_of
from tallystick.server.records.domain import actions
from tallystick.server.records.importer import importing_beside
from tallystick.server.records.models import Account, Person
from tallystick.server.records.samples import Sizes, fill
from tests.hub import signed_in

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def ada(person):
    """Signed in once already: the first request of a process loads every page there is."""
    user = person("administrator", name="Ada Byron")
    signed_in(user).get("/records/")
    return user


def account_of(user, **values):
    return actions.create(actor_of(user), "account", {"name": "Northwind", **values})


def test_main_pages_are_clear_to_everybody(check_looks, ada):
    fill(Sizes(accounts=12, people=80, assets=60))
    account = Account.objects.order_by("number")[3]
    check_looks("/records/installed_asset/", "records-list", user=ada)
    check_looks(f"/records/account/{account.pk}/", "records-account", user=ada)
    check_looks(f"/records/account/{account.pk}/edit/", "records-form", user=ada)
    check_looks(f"/records/account/{account.pk}/history/", "records-history", user=ada)


def test_smaller_pages_are_clear_to_everybody(check_looks, ada):
    made = account_of(ada)
    actions.delete(actor_of(ada), "account", [made.id])
    for path, name in (
        ("/records/", "records-more"),
        ("/records/deleted/", "records-deleted"),
        ("/records/lead/", "records-empty"),
        ("/records/account/import/", "records-import"),
    ):
        check_looks(path, name, user=ada)


def test_person_is_made_with_a_company_found_while_typing(open_page, ada):
    made = account_of(ada)
    page = open_page("/records/person/", user=ada)
    page.get_by_role("link", name="New").first.click()
    page.get_by_label("Last name").fill("Fry")
    company = page.get_by_role("combobox", name="Main company")
    company.press_sequentially("north")
    page.get_by_role("option", name="Northwind").wait_for()
    company.press("ArrowDown")
    company.press("Enter")
    page.get_by_role("button", name="Save").click()
    page.get_by_role("heading", name="Fry").wait_for()
    assert list(Person.objects.values_list("name", "account")) == [("Fry", made.id)]
    assert page.get_by_role("link", name="Northwind").first.is_visible()


@pytest.mark.console_errors
def test_two_people_at_once_choose_between_both_versions(open_page, ada, check_page):
    made = account_of(ada, city="Leeds")
    page = open_page(f"/records/account/{made.id}/edit/", user=ada)
    actions.update(actor_of(ada), "account", made.id, {"city": "York"})
    page.get_by_label("City").fill("Hull")
    with page.expect_response(lambda answer: answer.status == 409):
        page.get_by_role("button", name="Save").click()
    page.get_by_role("heading", name="Both versions").wait_for()
    check_page(page, "records-both-versions")
    page.get_by_label("York").check()
    page.get_by_role("button", name="Save").click()
    page.get_by_role("heading", name="Northwind").wait_for()
    assert Account.objects.get(pk=made.id).city == "York"


def test_chosen_records_are_deleted_and_brought_back_by_undo(open_page, ada):
    for name in ("Acme", "Beta", "Gamma"):
        account_of(ada, name=name)
    page = open_page("/records/account/", user=ada)
    page.get_by_label("Choose Acme").check()
    page.get_by_label("Choose Gamma").check()
    assert "2 chosen" in page.locator("[data-picked]").inner_text()
    page.get_by_role("button", name="Delete").click()
    page.get_by_text("2 records deleted.").wait_for()
    assert Account.objects.filter(gone_at=None).count() == 1
    page.get_by_role("button", name="Undo").click()
    page.get_by_text("2 records restored.").wait_for()
    assert Account.objects.filter(gone_at=None).count() == 3


def test_file_is_looked_at_and_imported_while_the_page_tells(open_page, ada, check_page):
    page = open_page("/records/account/import/", user=ada)
    page.get_by_label("Or paste its lines here").fill("name,status\nAcme,active\nBeta,busy\nGamma,active\n")
    page.get_by_role("button", name="Look at it").click()
    page.get_by_text("Status takes one of").wait_for()
    check_page(page, "records-preview")
    page.get_by_role("button", name="Import 2 rows").click()
    page.get_by_text("It goes on when you leave this page.").wait_for()
    check_page(page, "records-importing")
    page.goto("/records/account/")
    with importing_beside():
        page.goto("/records/imports/")
        page.get_by_role("link", name="pasted lines").click()
        page.get_by_text("The file is through.").wait_for()
    check_page(page, "records-imported")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download them to correct").click()
    assert download.value.suggested_filename == "account-not-taken.csv"
    page.goto("/records/imports/")
    check_page(page, "records-imports")
    assert sorted(Account.objects.values_list("name", flat=True)) == ["Acme", "Gamma"]


def test_two_records_are_compared_merged_and_taken_apart(open_page, ada, check_page, check_looks):
    one = account_of(ada, city="Leeds", categories='["a"]')
    other = account_of(ada, name="Nordwind", city="York", phone="+49 30 1", categories='["b"]')
    check_looks(f"/records/account/{one.id}/merge/?with={other.id}", "records-merge", user=ada)
    page = open_page("/records/account/", user=ada)
    page.get_by_label("Choose Nordwind").check()
    assert not page.get_by_role("button", name="Merge").is_visible()
    page.get_by_label("Choose Northwind").check()
    page.get_by_role("button", name="Merge").click()
    page.get_by_role("heading", name="Merge two records").wait_for()
    page.get_by_role("link", name="Swap").click()
    page.get_by_label("York").check()
    page.get_by_role("button", name="Merge A-2 into A-1").click()
    page.get_by_text("A-2 is part of A-1 now").wait_for()
    check_page(page, "records-merged")
    assert Account.objects.get(pk=one.id).city == "York"
    page.get_by_role("button", name="Undo").click()
    page.get_by_text("The merge is taken back").wait_for()
    assert Account.objects.filter(gone_at=None).count() == 2


def test_deleted_objects_of_all_types_are_found_and_restored(open_page, ada, check_looks):
    actor = actor_of(ada)
    for name in ("Acme", "Beta"):
        actions.delete(actor, "account", [account_of(ada, name=name).id])
    actions.archive(actor, "product", [actions.create(actor, "product", {"name": "Pump"}).id])
    check_looks("/records/deleted/", "records-deleted-full", user=ada)
    page = open_page("/records/deleted/", user=ada)
    page.get_by_role("searchbox", name="Search").fill("acme")
    page.get_by_role("searchbox", name="Search").press("Enter")
    page.get_by_label("Choose Acme").check()
    page.get_by_role("button", name="Restore", exact=True).click()
    page.get_by_text("1 record restored.").wait_for()
    assert Account.objects.get(gone_at=None).name == "Acme"


def test_calendar_shows_the_month_and_others_private_items_as_busy(open_page, ada, person, check_looks, check_page):
    grace, boris = (actor_of(person("agent", name=name)) for name in ("Grace", "Boris"))
    for day, subject in ((3, "Kick-off"), (12, "Site visit"), (12, "Handover")):
        times = {"starts_at": f"2026-11-{day:02}T09:00:00Z", "ends_at": f"2026-11-{day:02}T10:30:00Z"}
        actions.create(grace, "calendar_item", {"subject": subject, **times})
    times = {"starts_at": "2026-11-12T13:00:00Z", "ends_at": "2026-11-12T14:00:00Z"}
    actions.create(boris, "calendar_item", {"subject": "Doctor", "is_private": "true", **times})
    actions.create(boris, "task", {"subject": "Gift", "is_private": "true", "due_on": "2026-11-20"})
    actions.create(grace, "task", {"subject": "Report", "due_on": "2026-11-20"})
    page = check_looks("/records/calendar/?month=2026-11&person=all", "records-calendar", user=ada)
    assert "Doctor" not in page.content()
    page.locator("a.day[href*='2026-11-12']").click()
    page.get_by_text("Site visit").wait_for()
    page.get_by_text("Busy").wait_for()
    check_page(page, "records-calendar-day")
    page.keyboard.press("]")
    page.get_by_text("Nothing on this day").wait_for()


def test_code_set_is_changed_by_the_administrator(open_page, ada, check_looks):
    check_looks("/records/codes/", "records-code-sets", user=ada)
    check_looks("/records/codes/case_status/", "records-codes", user=ada)
    page = open_page("/records/codes/case_status/", user=ada)
    page.get_by_label("Code", exact=True).fill("parked")
    page.get_by_label("Title in English", exact=True).fill("Parked")
    page.get_by_role("button", name="Add").click()
    page.get_by_text("Added.").wait_for()
    page.get_by_role("button", name="Up: parked").click()
    page.get_by_label("Title in English: open").fill("Fresh")
    page.get_by_role("button", name="Save").click()
    page.get_by_text("Saved.").wait_for()
    page.get_by_role("button", name="Retire: parked").click()
    page.locator(".badge", has_text="Retired").wait_for()
    page.goto("/records/case/new/")
    assert page.get_by_label("Status").locator("option").all_inner_texts()[0] == "Fresh"
    assert "Parked" not in page.get_by_label("Status").inner_text()
