"""Two records become one: what refers to the one that goes moves, other systems are told, and all of it goes back.

Rows E2, E31, K22, P2, P9, A21, S18.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tallystick.errors import ChangedMeanwhile, InputRefused, NotAllowed, NotFound
from tallystick.model.record import Cause
from tallystick.model.selection import Selection
from tallystick.runs.world import SystemClock, TimeIds
from tallystick.server.people.actor import actor_of
from tallystick.server.records.connector import Settings, connect
from tallystick.server.records.domain import actions, history, merging
from tallystick.server.records.domain.pairs import Take, compare
from tallystick.server.records.domain.steps import Doing
from tallystick.server.records.models import Change, Employment, Location
from tallystick.server.records.record_types import RECORD_TYPES, record_type

pytestmark = pytest.mark.django_db


def made(actor, type_, **values):
    return actions.create(actor, type_, values).id


def values(type_, id_):
    return actions.current(record_type(type_), id_).values


def gone(type_, id_):
    row = actions.current(record_type(type_), id_)
    return row.gone_why, row.merged_into


def everything(but=()):
    """Every live record with its values, as a merge that is taken back must leave them."""
    return {
        (kind.name, id_): actions.current(kind, id_).values
        for kind in RECORD_TYPES
        for id_ in kind.model._default_manager.filter(gone_at=None).values_list("pk", flat=True)
    }


def absences(record, *ids):
    system = connect(Settings(), folder=Path(), clock=SystemClock(), ids=TimeIds())
    return {one.id: one for one in system.fetch(Selection(record=record, fields=()), ids).absences}


# --- fields


def test_what_is_there_is_suggested_before_what_is_not_and_lists_together(actor):
    one = made(actor, "account", name="Northwind", city="Leeds", categories='["a"]')
    other = made(actor, "account", name="Northwind Ltd", phone="12", categories='["b","a"]')
    pair = compare(actor, "account", one, other)
    assert {choice.field.name: choice.take for choice in pair.choices} == {
        "name": Take.SURVIVOR,
        "categories": Take.BOTH,
        "phone": Take.LOSER,
        "city": Take.SURVIVOR,
    }
    merging.merge(actor, "account", one, other)
    now = values("account", one)
    assert (now["name"], now["city"], now["phone"]) == ("Northwind", "Leeds", "12")
    assert now["categories"] == '["a","b"]'


def test_values_are_taken_as_chosen(actor):
    one = made(actor, "account", name="Northwind", city="Leeds")
    other = made(actor, "account", name="Northwind Ltd", city="York")
    merging.merge(actor, "account", one, other, {"name": Take.LOSER, "city": Take.SURVIVOR})
    assert (values("account", one)["name"], values("account", one)["city"]) == ("Northwind Ltd", "Leeds")


def test_unique_value_of_the_loser_can_be_taken(actor):
    one, other = made(actor, "product", name="A"), made(actor, "product", name="B", code="X-1")
    merging.merge(actor, "product", one, other)
    assert values("product", one)["code"] == "X-1"


@pytest.mark.parametrize(
    ("take", "field"),
    [({"colour": Take.LOSER}, "colour"), ({"name": Take.BOTH}, "name"), ({"number": Take.LOSER}, "number")],
)
def test_choice_that_makes_no_sense_is_refused_and_nothing_is_merged(actor, take, field):
    one, other = made(actor, "account", name="A"), made(actor, "account", name="B")
    with pytest.raises(InputRefused) as caught:
        merging.merge(actor, "account", one, other, take)
    assert list(caught.value.fields) == [field]
    assert gone("account", other) == (None, None)


# --- what refers to it


def test_everything_that_refers_to_the_loser_moves_and_comes_back(actor):
    """Every field of every type that can name an account."""
    one, other = made(actor, "account", name="Northwind"), made(actor, "account", name="Nordwind")
    for kind in RECORD_TYPES:
        for field in kind.fields.values():
            if field.refers_to == "account" and kind.name not in ("location", "department"):
                needed = {
                    "person": {"last_name": "Fry"},
                    "calendar_item": {"starts_at": "2026-11-22T09:30:00Z"},
                    "note": {"body": "x"},
                }.get(kind.name, {})
                title = {kind.title_field: "T"} if kind.title_field in kind.written else {}
                actions.create(actor, kind.name, {**title, **needed, field.name: other})
    made(actor, "department", account=other, name="Field")
    before = everything()
    done = merging.merge(actor, "account", one, other)
    assert gone("account", other) == ("merged", one)
    for kind in RECORD_TYPES:
        for field in kind.fields.values():
            if field.refers_to == "account":
                live = kind.model._default_manager.filter(gone_at=None)
                assert not live.filter(**{field.attname: other}).exists(), (kind.name, field.name)
    assert done.moved["case"] == 1
    back = merging.take_back(actor, "account", other)
    assert back.kept == ()
    assert everything() == before


def test_lists_name_the_survivor_once_and_answers_follow_P2(actor):
    one, other = made(actor, "person", last_name="Fry"), made(actor, "person", last_name="Frye", user="7")
    task = made(actor, "task", subject="S", assignees=json.dumps([other, one]), answers=json.dumps({other: "accepted"}))
    team = made(actor, "team", name="Red", lead=other, members=json.dumps([other]))
    before = everything()
    merging.merge(actor, "person", one, other)
    assert values("task", task)["assignees"] == f'["{one}"]'
    assert json.loads(values("task", task)["answers"]) == {one: "accepted"}
    assert (values("team", team)["lead"], values("team", team)["members"]) == (one, f'["{one}"]')
    assert values("person", one)["user"] == "7"
    assert merging.take_back(actor, "person", other).kept == ()
    assert everything() == before


def test_people_of_the_merged_account_work_for_the_other_P9(actor):
    one, other = made(actor, "account", name="Northwind"), made(actor, "account", name="Nordwind")
    main = made(actor, "person", last_name="Fry", account=other)
    second = made(actor, "person", last_name="Patel", companies='["Elsewhere","Nordwind"]', account=None)
    both = made(actor, "person", last_name="Okafor", companies='["Nordwind","Northwind"]', account=one)
    before = everything()
    merging.merge(actor, "account", one, other)
    assert (values("person", main)["companies"], values("person", main)["account"]) == ('["Northwind"]', one)
    assert values("person", second)["companies"] == '["Elsewhere","Northwind"]'
    assert values("person", both)["companies"] == '["Northwind"]'
    assert not Employment.objects.filter(account=other).exists()
    assert merging.take_back(actor, "account", other).kept == ()
    assert everything() == before
    assert set(Employment.objects.filter(account=other).values_list("person", flat=True)) == {main, second, both}


def test_locations_of_the_same_place_become_one_and_others_keep_apart_K22(actor):
    one = made(actor, "account", name="Northwind", city="Leeds")
    other = made(actor, "account", name="Nordwind", city="York")
    twin_here = made(actor, "location", account=one, name="Depot", city="Hull")
    twin_there = made(actor, "location", account=other, name="Depot", phone="5")
    asset = made(actor, "installed_asset", name="PC", account=other, location=twin_there)
    home = Location.objects.get(account=other, is_main=True)
    before = everything()
    merging.merge(actor, "account", one, other)
    assert gone("location", twin_there) == ("merged", twin_here)
    assert values("location", twin_here)["phone"] == "5"
    assert (values("installed_asset", asset)["account"], values("installed_asset", asset)["location"]) == (
        one,
        twin_here,
    )
    moved = values("location", home.pk)
    assert (moved["account"], moved["name"], moved["is_main"]) == (one, "Main (A-2)", "false")
    assert Location.objects.filter(account=one, is_main=True, gone_at=None).count() == 1
    assert merging.take_back(actor, "account", other).kept == ()
    assert everything() == before


def test_merged_asset_types_merge_their_subtypes_and_product_mappings_A21(actor):
    one, other = made(actor, "asset_type", name="Laptop"), made(actor, "asset_type", name="Notebook")
    here, there = (made(actor, "asset_subtype", asset_type=type_, name="13 inch") for type_ in (one, other))
    product = made(actor, "product", name="P")
    kept, lost = (
        made(actor, "product_mapping", asset_subtype=sub, model="X", product=product) for sub in (here, there)
    )
    before = everything()
    merging.merge(actor, "asset_type", one, other)
    assert (gone("asset_subtype", there), gone("product_mapping", lost)) == (("merged", here), ("merged", kept))
    merging.take_back(actor, "asset_type", other)
    assert everything() == before


def test_children_and_parents_never_name_themselves(actor):
    one = made(actor, "account", name="A")
    other = made(actor, "account", name="B", parent=one)
    child = made(actor, "account", name="C", parent=other)
    merging.merge(actor, "account", one, other)
    assert (values("account", one)["parent"], values("account", child)["parent"]) == (None, one)
    merging.take_back(actor, "account", other)
    assert (values("account", other)["parent"], values("account", child)["parent"]) == (one, other)


def test_survivor_that_was_below_the_loser_stands_alone(actor):
    other = made(actor, "account", name="B")
    one = made(actor, "account", name="A", parent=other)
    merging.merge(actor, "account", one, other)
    assert values("account", one)["parent"] is None
    merging.take_back(actor, "account", other)
    assert values("account", one)["parent"] == other


def test_main_location_may_go_into_another_of_its_account(actor):
    account = made(actor, "account", name="A")
    (main,) = Location.objects.filter(account=account).values_list("pk", flat=True)
    other = made(actor, "location", account=account, name="Depot")
    merging.merge(actor, "location", other, main)
    assert values("location", other)["is_main"] == "true"
    merging.take_back(actor, "location", main)
    assert (values("location", main)["is_main"], values("location", other)["is_main"]) == ("true", "false")


def test_locations_of_different_accounts_are_not_merged(actor):
    one = Location.objects.get(account=made(actor, "account", name="A")).pk
    other = Location.objects.get(account=made(actor, "account", name="B")).pk
    with pytest.raises(InputRefused, match="They belong to different accounts"):
        merging.merge(actor, "location", one, other)


# --- history, other systems


def test_history_of_both_tells_of_the_merge(actor):
    one, other = made(actor, "team", name="A"), made(actor, "team", name="B")
    merging.merge(actor, "team", one, other)
    assert [past.doing for past in history.of_record(one)] == [Doing.ABSORB, Doing.CREATE]
    (merged, _created) = history.of_record(other)
    assert (merged.doing, merged.reason, merged.by) == (Doing.MERGE, "TEAM-2 → TEAM-1", "Ada Byron")


def test_connector_tells_other_systems_what_it_was_merged_into_E2(actor):
    one, two, three = (made(actor, "team", name=name) for name in "ABC")
    merging.merge(actor, "team", two, three)
    merging.merge(actor, "team", one, two)
    found = absences("team", two, three)
    assert {id_: (one.cause, one.merged_into) for id_, one in found.items()} == {
        two: (Cause.MERGED, one),
        three: (Cause.MERGED, one),
    }


def test_connector_tells_that_a_record_is_archived_and_it_comes_back_E2(actor):
    team = made(actor, "team", name="A")
    assert actions.archive(actor, "team", [team]).done == (team,)
    assert absences("team", team)[team].cause is Cause.ARCHIVED
    assert actions.restore(actor, "team", [team]).done == (team,)
    assert absences("team", team) == {}


# --- the way back


def test_what_somebody_changed_since_stays_and_is_told(actor, person):
    one, other = made(actor, "account", name="A"), made(actor, "account", name="B", phone="1")
    case = made(actor, "case", subject="S", account=other)
    third = made(actor, "account", name="C")
    merging.merge(actor, "account", one, other)
    grace = actor_of(person("agent", name="Grace"))
    actions.update(grace, "case", case, {"account": third})
    actions.update(grace, "account", one, {"phone": "2"})
    back = merging.take_back(actor, "account", other)
    assert back.kept == ("A-1: Telephone was changed since and stays.", "C-1: Account was changed since and stays.")
    assert (values("case", case)["account"], values("account", one)["phone"]) == (third, "2")
    assert gone("account", other) == (None, None)


def test_loser_whose_place_was_taken_since_does_not_come_back_and_nothing_moves(actor):
    one, other = made(actor, "team", name="A"), made(actor, "team", name="B")
    merging.merge(actor, "team", one, other)
    made(actor, "team", name="B")
    with pytest.raises(InputRefused, match="TEAM-2: There is one with this already"):
        merging.take_back(actor, "team", other)
    assert gone("team", other) == ("merged", one)


def test_only_a_merged_record_is_taken_back_and_only_so(actor):
    one, other = made(actor, "team", name="A"), made(actor, "team", name="B")
    with pytest.raises(InputRefused, match="TEAM-2 is not merged"):
        merging.take_back(actor, "team", other)
    merging.merge(actor, "team", one, other)
    refused = actions.restore(actor, "team", [other]).refused
    assert refused == {other: "TEAM-2 was merged into another record; take the merge back on its page."}


# --- who, when


def test_records_changed_since_they_were_compared_are_not_merged_E31(actor):
    one, other = made(actor, "team", name="A"), made(actor, "team", name="B")
    actions.update(actor, "team", other, {"email": "x@example.org"})
    with pytest.raises(ChangedMeanwhile):
        merging.merge(actor, "team", one, other, versions=(1, 1))
    assert gone("team", other) == (None, None)
    merging.merge(actor, "team", one, other, versions=(1, 2))


def test_record_that_goes_nowhere_is_refused(actor):
    one, other = made(actor, "team", name="A"), made(actor, "team", name="B")
    with pytest.raises(InputRefused, match="cannot be merged with itself"):
        merging.merge(actor, "team", one, one)
    actions.delete(actor, "team", [other])
    with pytest.raises(NotFound):
        merging.merge(actor, "team", one, other)


@pytest.mark.parametrize("kind", RECORD_TYPES, ids=lambda kind: kind.name)
def test_merging_and_archiving_want_their_permissions(actor_with, kind):
    view, change, delete = (kind.permission(verb) for verb in ("view", "change", "delete"))
    for held in ((view, change), (view, delete)):
        for act in (merging.merge, compare):
            with pytest.raises(NotAllowed):
                act(actor_with(*held), kind.name, "a", "b")
        with pytest.raises(NotAllowed):
            merging.take_back(actor_with(*held), kind.name, "a")
    with pytest.raises(NotAllowed):
        actions.archive(actor_with(view, change), kind.name, ["a"])


def test_private_task_of_somebody_else_is_not_merged(actor, person):
    one, other = made(actor, "task", subject="A"), made(actor, "task", subject="B", is_private="true")
    with pytest.raises(NotFound):
        merging.merge(actor_of(person("agent")), "task", one, other)


def test_merge_that_a_rule_refuses_leaves_no_trace(actor):
    """A task belongs to one thing at most: the survivor would belong to two."""
    lead, order = made(actor, "lead", name="L"), made(actor, "service_order", subject="O")
    one, other = made(actor, "task", subject="A", lead=lead), made(actor, "task", subject="B", service_order=order)
    count = Change.objects.count()
    with pytest.raises(InputRefused, match="T-1: It belongs to one lead"):
        merging.merge(actor, "task", one, other)
    assert Change.objects.count() == count
    merging.merge(actor, "task", one, other, {"service_order": Take.SURVIVOR})
