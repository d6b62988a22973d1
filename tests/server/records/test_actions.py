"""What people do to records: told what changed meanwhile, nothing lost.

Rows K22, K23, K24, P2, P9, P20, P27, W14, A21.
"""

from __future__ import annotations

import pytest

from tallystick.errors import InputRefused, NotAllowed, NotFound, UnknownRecordType
from tallystick.server.people.actor import actor_of, system_actor
from tallystick.server.records.domain import actions, history
from tallystick.server.records.domain.actions import EditedMeanwhile
from tallystick.server.records.domain.planned import is_recurrence
from tallystick.server.records.domain.steps import Doing, Step
from tallystick.server.records.models import Change, Employment, Location, Numbering
from tallystick.server.records.record_types import RECORD_TYPES, record_type

pytestmark = pytest.mark.django_db


@pytest.fixture
def account(actor):
    return actions.create(actor, "account", {"name": "Northwind", "city": "Leeds"})


def values(type_, id_):
    return actions.current(record_type(type_), id_).values


def mains(account):
    return list(Location.objects.filter(account=account, is_main=True, gone_at=None).values_list("pk", flat=True))


# --- create, update, history


def test_new_record_has_its_number_and_a_history_in_the_persons_name(actor, account):
    (change,) = history.of_record(account.id)
    assert (account.number, account.version) == (1, 1)
    assert (change.by, change.via, change.doing) == ("Ada Byron", "web", Doing.CREATE)
    assert change.changes["name"] == (None, "Northwind")


def test_numbers_of_a_type_go_on(actor):
    made = [actions.create(actor, "team", {"name": f"Team {number}"}).number for number in range(3)]
    assert made == [1, 2, 3]
    assert Numbering.objects.get(record_type="team").last == 3


def test_update_keeps_what_it_replaces_in_the_history(actor, account):
    saved = actions.update(actor, "account", account.id, {"city": "York"})
    assert dict(saved.changes) == {"city": ("Leeds", "York")}
    assert history.of_record(account.id)[0].changes == {"city": ("Leeds", "York")}


def test_update_to_the_same_is_no_change(actor, account):
    saved = actions.update(actor, "account", account.id, {"city": "Leeds"})
    assert (saved.version, dict(saved.changes)) == (1, {})
    assert len(history.of_record(account.id)) == 1


def test_repeated_create_with_a_key_gives_the_first_record(actor):
    first = actions.create(actor, "team", {"name": "Red"}, key="k")
    again = actions.create(actor, "team", {"name": "Red"}, key="k")
    assert (again.id, again.number) == (first.id, first.number)


@pytest.mark.parametrize(
    ("type_", "values", "field", "sentence"),
    [
        ("account", {}, "name", "Name needs a value."),
        ("account", {"name": "  "}, "name", "Name needs a value."),
        ("account", {"name": "x" * 151}, "name", "Name takes 150 characters, not 151."),
        (
            "account",
            {"name": "A", "status": "busy"},
            "status",
            "Status takes one of active, prospect, inactive and nothing else.",
        ),
        ("account", {"name": "A", "employee_count": "many"}, "employee_count", "Employees needs a whole number."),
        ("account", {"name": "A", "number": "7"}, "number", "The field 'number' cannot be set."),
        ("account", {"name": "A", "colour": "red"}, "colour", "There is no field 'colour'."),
        ("person", {}, "last_name", "A person needs a name, an email address, a company or an employee number."),
        (
            "person",
            {"last_name": "X", "roles": '["boss"]'},
            "roles",
            "Roles takes one of contact, consumer, worker and nothing else.",
        ),
        (
            "task",
            {"subject": "S", "starts_on": "2026-11-22", "due_on": "2026-11-21"},
            "due_on",
            "The task is due before it starts.",
        ),
        (
            "task",
            {"subject": "S", "recurrence": "every Monday"},
            "recurrence",
            "Recurrence needs RRULE, RDATE and EXDATE lines of RFC 5545, like RRULE:FREQ=WEEKLY;BYDAY=MO.",
        ),
        ("calendar_item", {"subject": "S"}, "starts_at", "A calendar item needs the moment it starts, or a first day."),
        (
            "calendar_item",
            {"subject": "S", "starts_at": "2026-11-22T09:00:00Z", "ends_at": "2026-11-22T08:00:00Z"},
            "ends_at",
            "The item ends before it starts.",
        ),
        (
            "calendar_item",
            {"subject": "S", "starts_at": "2026-11-22T09:00:00Z", "zone": "Mars"},
            "zone",
            "The time zone needs a name like Europe/Berlin.",
        ),
        ("note", {"body": "alone"}, "case", "A note is about exactly one record."),
        (
            "opportunity",
            {"name": "O", "probability": "101"},
            "probability",
            "Probability, % takes whole numbers from 0 to 100.",
        ),
        (
            "product",
            {"name": "P", "price": "0.00001"},
            "price",
            "Price takes numbers below 100,000,000,000 with at most 4 decimal places.",
        ),
    ],
)
def test_bad_values_are_refused_with_a_sentence_and_leave_nothing(actor, type_, values, field, sentence):
    with pytest.raises(InputRefused) as caught:
        actions.create(actor, type_, values)
    assert caught.value.fields == {field: sentence}
    assert not record_type(type_).model.objects.exists()
    assert not Change.objects.filter(record_type=type_).exists()


def test_unknown_type_is_refused(actor):
    with pytest.raises(UnknownRecordType):
        actions.create(actor, "spaceship", {})


@pytest.mark.parametrize(
    ("line", "is_one"),
    [
        ("RRULE:FREQ=WEEKLY;BYDAY=MO,WE;COUNT=10", True),
        ("EXDATE;TZID=Europe/Berlin:20261123T090000", True),
        ("RDATE:20261123T090000Z,20261130T090000Z", True),
        ("RRULE:BYDAY=MO", False),
        ("RRULE:FREQ=DAILY;COUNT=2;UNTIL=20261123T090000Z", False),
        ("EXDATE;TZID=Mars/Dome:20261123T090000", False),
        ("DTSTART:20261123T090000", False),
        ("RRULE:FREQ=SOMETIMES", False),
    ],
)
def test_recurrence_is_rfc_5545(line, is_one):
    assert is_recurrence(line) is is_one


# --- two people at once


def test_others_change_of_another_field_stays_and_is_told(actor, person, account):
    other = actor_of(person("agent", name="Grace"))
    actions.update(other, "account", account.id, {"phone": "123"}, version=1)
    saved = actions.update(actor, "account", account.id, {"city": "York"}, version=1)
    assert dict(saved.meanwhile) == {"phone": "Grace"}
    now = values("account", account.id)
    assert (now["phone"], now["city"]) == ("123", "York")


def test_others_change_of_the_same_field_is_told_and_nothing_is_written(actor, person, account):
    other = actor_of(person("agent", name="Grace"))
    actions.update(other, "account", account.id, {"city": "York", "phone": "1"}, version=1)
    with pytest.raises(EditedMeanwhile, match="Grace changed this record while you were editing it") as caught:
        actions.update(actor, "account", account.id, {"city": "Hull", "fax": "2"}, version=1)
    (name, clash), *rest = caught.value.clashes.items()
    assert rest == []
    assert (name, clash.before, clash.theirs, clash.mine) == ("city", "Leeds", "York", "Hull")
    assert caught.value.version == 2
    now = values("account", account.id)
    assert (now["city"], now["fax"]) == ("York", None)


def test_both_changing_a_field_to_the_same_is_no_clash(actor, person, account):
    other = actor_of(person("agent"))
    actions.update(other, "account", account.id, {"city": "York"}, version=1)
    actions.update(actor, "account", account.id, {"city": "York", "fax": "2"}, version=1)
    assert values("account", account.id)["fax"] == "2"


# --- deleting


def test_deleted_record_comes_back_with_its_id_and_values_P27(actor, account):
    assert actions.delete(actor, "account", [account.id]).done == (account.id,)
    with pytest.raises(NotFound):
        actions.update(actor, "account", account.id, {"city": "York"})
    assert actions.restore(actor, "account", [account.id]).done == (account.id,)
    assert values("account", account.id)["city"] == "Leeds"
    assert [one.doing for one in history.of_record(account.id)] == [Doing.RESTORE, Doing.DELETE, Doing.CREATE]


def test_restoring_what_somebody_else_made_meanwhile_is_refused(actor):
    first = actions.create(actor, "team", {"name": "Red"})
    actions.delete(actor, "team", [first.id])
    actions.create(actor, "team", {"name": "Red"})
    done = actions.restore(actor, "team", [first.id])
    assert done.done == ()
    assert dict(done.refused) == {first.id: "There is one with this already (Name)."}


def test_reference_to_a_deleted_record_is_refused_but_one_that_stood_stays(actor, account):
    person = actions.create(actor, "person", {"last_name": "Fry", "account": account.id})
    actions.delete(actor, "account", [account.id])
    actions.update(actor, "person", person.id, {"job_title": "Buyer"})
    assert values("person", person.id)["account"] == account.id
    with pytest.raises(InputRefused, match="refers to a record that was deleted"):
        actions.create(actor, "person", {"last_name": "Okafor", "account": account.id})


# --- locations


def test_new_account_has_one_main_location_K22(actor, account):
    (main,) = mains(account.id)
    assert (values("location", main)["name"], values("location", main)["city"]) == ("Main", "Leeds")


def test_convert_to_main_leaves_exactly_one_K24(actor, account):
    (old,) = mains(account.id)
    new = actions.create(actor, "location", {"account": account.id, "name": "Site B"})
    actions.convert_to_main(actor, new.id)
    assert mains(account.id) == [new.id]
    assert history.of_record(old)[0].changes == {"is_main": ("true", "false")}


@pytest.mark.parametrize("change", [{"is_main": "false"}, {"account": "other"}])
def test_main_location_cannot_be_lost(actor, account, change):
    (main,) = mains(account.id)
    other = actions.create(actor, "account", {"name": "Other"})
    change = {name: other.id if value == "other" else value for name, value in change.items()}
    with pytest.raises(InputRefused):
        actions.update(actor, "location", main, change)
    assert mains(account.id) == [main]


def test_main_location_is_deleted_only_with_its_account(actor, account):
    (main,) = mains(account.id)
    assert actions.delete(actor, "location", [main]).done == ()
    actions.delete(actor, "account", [account.id])
    assert actions.delete(actor, "location", [main]).done == (main,)


def test_two_made_main_in_one_go_leave_one(actor, account):
    """Two machine groups arrive together (K26)."""
    steps = [Step(doing=Doing.CREATE, values={"account": account.id, "name": name, "is_main": "true"}) for name in "AB"]
    first, second = actions.write(actor, record_type("location"), steps)
    assert (first.result, second.result) == ("done", "done")
    assert len(mains(account.id)) == 1


def test_asset_stands_at_the_main_location_and_loses_it_with_its_account_K22(actor, account):
    other = actions.create(actor, "account", {"name": "Other"})
    asset = actions.create(actor, "installed_asset", {"name": "PC", "account": account.id})
    assert [values("installed_asset", asset.id)["location"]] == mains(account.id)
    actions.update(actor, "installed_asset", asset.id, {"account": other.id})
    assert values("installed_asset", asset.id)["location"] is None
    with pytest.raises(InputRefused, match="It belongs to another account than the record"):
        actions.update(actor, "installed_asset", asset.id, {"location": mains(account.id)[0]})


# --- people


def test_person_has_several_roles_and_companies_with_a_main_one_P2_P9(actor, account):
    made = actions.create(
        actor,
        "person",
        {"last_name": "Fry", "roles": '["contact","worker"]', "companies": '["Elsewhere","northwind"]'},
    )
    rows = Employment.objects.filter(person=made.id).order_by("position").values_list("company", "account", "is_main")
    assert list(rows) == [("Elsewhere", None, False), ("northwind", account.id, True)]
    assert values("person", made.id)["account"] == account.id


def test_company_that_becomes_an_account_later_is_linked(actor):
    made = actions.create(actor, "person", {"last_name": "Fry", "companies": '["Zeta"]'})
    account = actions.create(actor, "account", {"name": "ZETA"})
    assert values("person", made.id)["account"] == account.id
    assert history.of_record(made.id)[0].reason == "The company is an account now."


def test_renamed_account_renames_the_company_of_its_people(actor, account):
    made = actions.create(actor, "person", {"last_name": "Fry", "account": account.id})
    assert values("person", made.id)["companies"] == '["Northwind"]'
    actions.update(actor, "account", account.id, {"name": "Southwind"})
    assert values("person", made.id)["companies"] == '["Southwind"]'


def test_person_who_changes_the_main_company_leaves_the_old_one(actor, account):
    other = actions.create(actor, "account", {"name": "Other"})
    made = actions.create(actor, "person", {"last_name": "Fry", "account": account.id})
    actions.update(actor, "person", made.id, {"account": other.id})
    assert values("person", made.id)["companies"] == '["Other"]'
    assert Employment.objects.get(person=made.id).account_id == other.id


def test_company_of_two_accounts_is_neither(actor):
    for _ in range(2):
        actions.create(actor, "account", {"name": "North"})
    made = actions.create(actor, "person", {"last_name": "Fry", "companies": '["North"]'})
    assert values("person", made.id)["account"] is None


# --- what follows, what must be unique


def test_case_is_stamped_when_it_is_resolved_and_unstamped_when_it_opens_again_W14(actor):
    case = actions.create(actor, "case", {"subject": "No light"})
    actions.update(actor, "case", case.id, {"status": "resolved"})
    assert values("case", case.id)["resolved_at"] is not None
    actions.update(actor, "case", case.id, {"status": "open"})
    assert values("case", case.id)["resolved_at"] is None


def test_there_is_one_default_product_mapping_A21(actor):
    product = actions.create(actor, "product", {"name": "Any"})
    actions.create(actor, "product_mapping", {"product": product.id})
    with pytest.raises(InputRefused, match="There is one with this already"):
        actions.create(actor, "product_mapping", {"product": product.id})
    actions.create(actor, "product_mapping", {"product": product.id, "model": "X2"})


def test_task_belongs_to_one_thing_at_most(actor):
    lead = actions.create(actor, "lead", {"name": "L"})
    order = actions.create(actor, "service_order", {"subject": "O"})
    with pytest.raises(InputRefused, match="at most"):
        actions.create(actor, "task", {"subject": "S", "lead": lead.id, "service_order": order.id})


# --- who may


@pytest.mark.parametrize("kind", RECORD_TYPES, ids=lambda kind: kind.name)
def test_every_action_wants_its_permission(actor_with, kind):
    viewer = actor_with(kind.permission("view"))
    with pytest.raises(NotAllowed):
        actions.create(viewer, kind.name, {})
    with pytest.raises(NotAllowed):
        actions.update(viewer, kind.name, "x", {})
    with pytest.raises(NotAllowed):
        actions.delete(viewer, kind.name, ["x"])
    with pytest.raises(NotAllowed):
        actions.restore(viewer, kind.name, ["x"])


def test_private_task_is_its_creators_owners_and_assignees_alone_P20(actor, person):
    grace, alan = person("agent", name="Grace"), person("agent", name="Alan")
    worker = actions.create(actor, "person", {"last_name": "Grace", "user": str(grace.pk)})
    task = actions.create(actor, "task", {"subject": "Salary", "is_private": "true", "assignees": f'["{worker.id}"]'})
    actions.update(actor_of(grace), "task", task.id, {"status": "in_progress"})
    for outsider in (actor_of(alan),):
        with pytest.raises(NotFound):
            actions.update(outsider, "task", task.id, {"status": "open"})
        with pytest.raises(NotFound):
            actions.delete(outsider, "task", [task.id])
    actions.update(system_actor("run", via="run 1"), "task", task.id, {"status": "completed"})
    assert values("task", task.id)["status"] == "completed"
