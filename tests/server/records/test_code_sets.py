"""Code sets are data of an administrator: forms, filters, writes, the API and other systems follow. Rows E10, W14."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.utils import translation

from tallystick.errors import InputRefused, NotAllowed, NotFound
from tallystick.runs.world import SystemClock, TimeIds
from tallystick.server.people.models import AuditEntry
from tallystick.server.records import kept_codes
from tallystick.server.records.codes import KEPT_SETS
from tallystick.server.records.connector import Settings, connect
from tallystick.server.records.domain import actions, code_sets
from tallystick.server.records.models import Code
from tallystick.server.records.record_types import RECORD_TYPES, record_type

pytestmark = pytest.mark.django_db
PAGE = "/records/codes/case_status/"


@pytest.fixture(autouse=True)
def in_english():
    """A request leaves its language behind."""
    with translation.override("en"):
        yield


def codes(name="case_status"):
    return [one.code for one in KEPT_SETS[name].kept.values()]


def status(case):
    return actions.current(record_type("case"), case).values["status"]


def described(field="status", record="case"):
    system = connect(Settings(), folder=Path(), clock=SystemClock(), ids=TimeIds())
    return system.describe().record_type(record).field(field).choices


# --- what is delivered


def test_every_set_is_seeded_as_delivered_and_belongs_to_a_field():
    for name, one in KEPT_SETS.items():
        kept = Code.objects.filter(code_set=name).order_by("position").values_list("code", flat=True)
        assert list(kept) == list(one.delivered), name
        assert list(code_sets.columns_of(one)), name


def test_seeding_again_changes_nothing_that_was_changed(actor):
    code_sets.change(actor, "priority", {"urgent": {"english": "Burning"}})
    code_sets.remove(actor, "priority", "low")
    code_sets.seed()
    assert codes("priority") == ["normal", "high", "urgent"]
    assert KEPT_SETS["priority"].title("urgent") == "Burning"


def test_set_that_a_hub_does_not_keep_is_as_delivered():
    Code.objects.filter(code_set="priority").delete()
    kept_codes.forget()
    assert KEPT_SETS["priority"].codes == ("low", "normal", "high", "urgent")


# --- adding, renaming, ordering


def test_added_code_is_taken_everywhere(actor, client_of):
    code_sets.add(actor, "case_status", "waiting", english="Waiting for parts", russian="Ждёт деталей", tone="warn")
    case = actions.create(actor, "case", {"subject": "S", "status": "waiting"}).id
    client = client_of("agent")
    assert "Waiting for parts" in client.get(f"/records/case/{case}/").content.decode()
    assert '<option value="waiting">' in client.get("/records/case/new/").content.decode()
    assert [row["id"] for row in client.get("/records/case/?status=waiting").context["rows"]] == [case]
    assert "waiting" in described()
    assert "Ждёт деталей" in client_of("agent", language="ru").get(f"/records/case/{case}/").content.decode()


def test_new_title_is_shown_and_emptied_is_the_delivered_one_again(actor, client_of):
    code_sets.change(actor, "case_status", {"open": {"english": "Fresh"}})
    assert KEPT_SETS["case_status"].title("open") == "Fresh"
    code_sets.change(actor, "case_status", {"open": {"english": " "}})
    assert KEPT_SETS["case_status"].title("open") == "Open"


def test_order_is_the_order_of_forms_and_other_systems(actor):
    code_sets.move(actor, "case_status", "cancelled", is_up=True)
    code_sets.move(actor, "case_status", "open", is_up=True)
    assert codes()[-2:] == ["cancelled", "closed"]
    assert described()[-2:] == ("cancelled", "closed")
    code_sets.order(actor, "case_status", sorted(codes()))
    assert codes() == sorted(codes())
    with pytest.raises(InputRefused, match="Name every code of the set once"):
        code_sets.order(actor, "case_status", ["open"])


def test_code_that_behaves_like_closed_stamps_as_it_does_W14(actor):
    code_sets.add(actor, "case_status", "done", english="Done", like="closed")
    case = actions.create(actor, "case", {"subject": "S"}).id
    actions.update(actor, "case", case, {"status": "done"})
    now = actions.current(record_type("case"), case).values
    assert now["closed_at"] is not None
    assert now["resolved_at"] is not None


# --- retiring and removing


def test_retired_code_stays_with_its_records_and_is_given_to_no_other(actor, client_of):
    case = actions.create(actor, "case", {"subject": "S", "status": "on_hold"}).id
    other = actions.create(actor, "case", {"subject": "T"}).id
    code_sets.change(actor, "case_status", {"on_hold": {"is_retired": True}})
    with pytest.raises(InputRefused, match="Status takes one of open, in_progress, resolved, closed, cancelled"):
        actions.update(actor, "case", other, {"status": "on_hold"})
    actions.update(actor, "case", case, {"subject": "S2", "status": "on_hold"})
    client = client_of("agent")
    assert (
        '<option value="on_hold" selected>On hold (retired)'
        in client.get(f"/records/case/{case}/edit/").content.decode()
    )
    assert "on_hold" not in client.get(f"/records/case/{other}/edit/").content.decode()
    assert [row["id"] for row in client.get("/records/case/?status=on_hold").context["rows"]] == [case]
    assert "on_hold" not in described()
    code_sets.change(actor, "case_status", {"on_hold": {"is_retired": False}})
    actions.update(actor, "case", other, {"status": "on_hold"})


def test_retired_role_stays_in_a_list(actor):
    salutation = actions.create(actor, "person", {"last_name": "Fry", "salutation": "dr"}).id
    code_sets.change(actor, "salutation", {"dr": {"is_retired": True}})
    actions.update(actor, "person", salutation, {"salutation": "dr", "job_title": "x"})
    with pytest.raises(InputRefused):
        actions.create(actor, "person", {"last_name": "Fry", "salutation": "dr"})


def test_code_in_use_is_not_removed_but_retired(actor):
    case = actions.create(actor, "case", {"subject": "S", "status": "on_hold"}).id
    with pytest.raises(InputRefused, match="On hold cannot be removed: 1 records have it"):
        code_sets.remove(actor, "case_status", "on_hold")
    actions.delete(actor, "case", [case])  # it may come back
    with pytest.raises(InputRefused):
        code_sets.remove(actor, "case_status", "on_hold")
    code_sets.remove(actor, "case_status", "cancelled")
    assert codes() == ["open", "in_progress", "on_hold", "resolved", "closed"]


@pytest.mark.parametrize("act", ["retire", "remove"])
@pytest.mark.parametrize(
    ("name", "code", "sentence"),
    [
        ("case_status", "open", "New records begin with Open: it stays."),
        ("role", "worker", "The program knows these codes; they can be renamed, and there are no others."),
    ],
)
def test_codes_the_program_rests_on_stay(actor, act, name, code, sentence):
    acts = {
        "retire": lambda: code_sets.change(actor, name, {code: {"is_retired": True}}),
        "remove": lambda: code_sets.remove(actor, name, code),
    }
    with pytest.raises(InputRefused) as caught:
        acts[act]()
    assert caught.value.message == sentence
    assert code in codes(name)


def test_last_code_to_choose_stays(actor):
    for code in ("service", "sales", "support"):
        code_sets.remove(actor, "team_kind", code)
    with pytest.raises(InputRefused, match="One code of the set has to be left"):
        code_sets.change(actor, "team_kind", {"field": {"is_retired": True}})


# --- bad input


@pytest.mark.parametrize(
    ("code", "more", "field", "sentence"),
    [
        ("Open!", {}, "code", "A code is made of a to z, 0 to 9, _, - and ., and has at most 20 characters."),
        ("x" * 21, {}, "code", "A code is made of a to z, 0 to 9, _, - and ., and has at most 20 characters."),
        ("open", {}, "code", "There is a code open already."),
        ("x", {"english": ""}, "english", "A code needs a title."),
        ("x", {"english": "open"}, "english", "Another code of the set is called so."),
        ("x", {"russian": "Открыто"}, "russian", "Another code of the set is called so."),
        ("x", {"english": "y" * 101}, "english", "A title has at most 100 characters."),
        ("x", {"english": "a\nb"}, "english", "A title is one line of text."),
        ("x", {"tone": "loud"}, "tone", "It is one of ok, info, warn, bad, quiet."),
        ("x", {"like": "done"}, "like", "It is one of open, in_progress, on_hold, resolved, closed, cancelled."),
    ],
)
def test_bad_code_is_refused_with_a_sentence_at_its_field(actor, code, more, field, sentence):
    before = codes()
    given = {"english": "New title", **more}
    if "russian" in more:
        with translation.override("ru"):
            given["russian"] = str(KEPT_SETS["case_status"].title("open"))
    with pytest.raises(InputRefused) as caught:
        code_sets.add(actor, "case_status", code, **given)
    assert caught.value.fields == {field: sentence}
    assert codes() == before


def test_bad_change_of_one_code_keeps_all_as_they_were(actor):
    with pytest.raises(InputRefused) as caught:
        code_sets.change(actor, "priority", {"low": {"english": "Lowest"}, "high": {"english": "Urgent"}})
    assert caught.value.fields == {"high.english": "Another code of the set is called so."}
    assert KEPT_SETS["priority"].title("low") == "Low"


def test_sets_and_codes_that_are_not_there_are_not_found(actor):
    for act in (
        lambda: code_sets.shown(actor, "colour"),
        lambda: code_sets.remove(actor, "priority", "x"),
        lambda: code_sets.change(actor, "priority", {"x": {}}),
        lambda: code_sets.move(actor, "priority", "x", is_up=True),
    ):
        with pytest.raises(NotFound):
            act()


# --- who, and what is written down


@pytest.mark.parametrize("role", ["integration manager", "agent", "read-only"])
def test_only_an_administrator_changes_them(client_of, role):
    client = client_of(role)
    assert client.get("/records/codes/").status_code == 403
    assert client.get(PAGE).status_code == 403
    assert client.post(f"{PAGE}add/", {"code": "x", "english": "X"}).status_code == 403
    assert client.post(f"{PAGE}open/down/").status_code == 403
    assert codes()[0] == "open"


def test_every_action_wants_the_permission(actor_with):
    somebody = actor_with(*(kind.permission("change") for kind in RECORD_TYPES))
    for act in (
        lambda: code_sets.shown(somebody, "priority"),
        lambda: code_sets.add(somebody, "priority", "x", english="X"),
        lambda: code_sets.change(somebody, "priority", {}),
        lambda: code_sets.order(somebody, "priority", []),
        lambda: code_sets.move(somebody, "priority", "low", is_up=True),
        lambda: code_sets.remove(somebody, "priority", "low"),
    ):
        with pytest.raises(NotAllowed):
            act()


def test_each_change_stands_in_the_audit_trail(actor):
    code_sets.add(actor, "priority", "top", english="Top")
    code_sets.change(actor, "priority", {"top": {"is_retired": True}})
    code_sets.remove(actor, "priority", "top")
    found = AuditEntry.objects.filter(subject_type="code set").order_by("pk").values_list("action", "subject_name")
    assert list(found) == [
        ("records.add_code", "top"),
        ("records.change_code", "top"),
        ("records.remove_code", "top"),
    ]


# --- pages


def test_pages_show_every_set_and_save_titles(client_of):
    client = client_of("administrator")
    text = client.get("/records/codes/").content.decode()
    assert all(f"/records/codes/{name}/" in text for name in KEPT_SETS)
    for name in KEPT_SETS:
        assert client.get(f"/records/codes/{name}/").status_code == 200
    client.post(PAGE, {"english-open": "<b>New</b>", "tone-open": "warn", "english-nothing": "x"})
    kept = KEPT_SETS["case_status"]
    assert (kept.title("open"), kept.tone("open")) == ("<b>New</b>", "warn")
    assert "<b>New</b>" not in client.get(PAGE).content.decode()


def test_page_adds_retires_orders_and_removes_and_tells_what_is_wrong(client_of):
    client = client_of("administrator")
    assert client.post(f"{PAGE}add/", {"code": "parked", "english": "Parked"}).status_code == 302
    client.post(f"{PAGE}parked/up/")
    assert codes()[-2:] == ["parked", "cancelled"]
    client.post(f"{PAGE}parked/retire/")
    assert "parked" not in KEPT_SETS["case_status"].codes
    client.post(f"{PAGE}parked/return/")
    assert "parked" in KEPT_SETS["case_status"].codes
    client.post(f"{PAGE}parked/remove/")
    assert "parked" not in codes()
    refused = client.post(f"{PAGE}add/", {"code": "open", "english": ""})
    assert refused.status_code == 422
    assert set(refused.context["form"].errors) == {"code", "english"}
    refused = client.post(PAGE, {"english-open": "Closed"})
    assert refused.status_code == 422
    assert "Another code of the set is called so." in refused.content.decode()
    answer = client.post(f"{PAGE}open/remove/", follow=True)
    assert [str(message) for message in answer.context["messages"]] == ["New records begin with Open: it stays."]
