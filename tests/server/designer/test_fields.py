"""The designer of fields: what systems offer, lines added, taken out and set in the document itself."""

from __future__ import annotations

import pytest

from tallystick.connectors.memory import MemoryWorld
from tallystick.connectors.memory.describe import FieldSettings, RecordTypeSettings
from tallystick.errors import DocumentErrors, InputRefused, NotAllowed, NotFound
from tallystick.model.flow import Flow
from tallystick.model.side import Side
from tallystick.server.connections.domain.trial import discover
from tallystick.server.connections.models import Connection
from tallystick.server.designer.documents import connections_of, loaded_of
from tallystick.server.designer.domain import change, lines
from tallystick.server.designer.offers import Offers, offers_of
from tallystick.server.designer.workspaces import workspace

pytestmark = pytest.mark.django_db
MORE = {"left": ("email", "serialNo", "born", "fax"), "right": ("e_mail", "SERIAL_NO", "born", "notes")}
TYPES = {"left": {"born": "date"}, "right": {"born": "text"}}


@pytest.fixture
def wide(firm, two):
    """Both systems got more fields since the document was written."""
    for side in ("left", "right"):
        fields = [FieldSettings(name=name) for name in ("name", "phone")]
        fields += [FieldSettings(name=name, type=TYPES[side].get(name, "text")) for name in MORE[side]]
        two[side].define(RecordTypeSettings(name="person", fields=tuple(fields)))
    return two


def flow() -> Flow:
    return loaded_of(change.current_of(change.integration_of("firm"))).integration.flows[0]


def offers() -> Offers:
    loaded = loaded_of(change.current_of(change.integration_of("firm")))
    return offers_of(loaded.integration.flows[0], connections_of(loaded))


def asked(actor) -> Offers:
    for name in ("left", "right"):
        discover(actor, name, is_fresh=True)
    return offers()


def text() -> str:
    return str(change.current_of(change.integration_of("firm")).text)


def test_nothing_is_offered_of_systems_that_were_never_asked_E11(firm):
    Connection.objects.update(described=None, described_at=None)
    found = offers()
    assert (found.is_known, found.pairs, found.free) == (False, (), {Side.LEFT: (), Side.RIGHT: ()})


def test_new_fields_are_offered_and_alike_ones_as_pairs_E11(actor, wide):
    found = asked(actor)
    assert found.is_known
    assert [(pair.left.name, pair.right.name) for pair in found.pairs] == [
        ("serialNo", "SERIAL_NO"),
        ("email", "e_mail"),
    ]
    assert [field.name for field in found.free[Side.LEFT]] == ["email", "serialNo", "born", "fax"]


def test_fields_of_other_types_are_no_pair_E11(actor, wide):
    assert "born" not in {pair.left.name for pair in asked(actor).pairs}


@pytest.mark.django_db(transaction=True)
def test_run_that_sees_new_fields_lets_them_be_offered_E11(actor, wide):
    assert not Connection.objects.filter(described__isnull=False).exists()
    with workspace("firm") as opened:
        opened.sync()
    assert {field.name for field in offers().free[Side.RIGHT]} == set(MORE["right"])


def test_field_that_is_gone_is_told_E11(actor, two, firm):
    two["right"].define(RecordTypeSettings(name="person", fields=(FieldSettings(name="name"),)))
    assert asked(actor).gone == {Side.LEFT: frozenset(), Side.RIGHT: frozenset({"phone"})}


def test_line_is_added_to_the_document_with_its_comments_E40(actor, wide):
    version = lines.add(actor, "firm", "people", left="email", right="e_mail", authority=Side.RIGHT)
    assert (version.number, version.comment) == (2, "email and e_mail are kept in agreement")
    assert "# the two sides spell names alike" in text()
    assert "- {left: email, right: e_mail, authority: right}" in text()
    assert flow().maps[-1].authority is Side.RIGHT
    assert change.roll_back(actor, "firm", 1).text == version.__class__.objects.get(number=1).text


@pytest.mark.parametrize(
    ("left", "right", "sentence"),
    [
        ("", "e_mail", "Choose a field of each side."),
        ("name", "e_mail", "name is kept in agreement already."),
        ("email", "phone", "phone is kept in agreement already."),
    ],
)
def test_line_that_cannot_be_is_refused_and_nothing_changes(actor, wide, left, right, sentence):
    with pytest.raises(InputRefused) as refused:
        lines.add(actor, "firm", "people", left=left, right=right)
    assert sentence in refused.value.fields.values()
    assert change.current_of(change.integration_of("firm")).number == 1


def test_line_is_taken_out_and_one_that_matching_needs_is_not_E40(actor, firm):
    assert lines.remove(actor, "firm", "people", "phone").number == 2
    assert [line.name for line in flow().maps] == ["name"]
    with pytest.raises(DocumentErrors):
        lines.remove(actor, "firm", "people", "name")
    with pytest.raises(NotFound):
        lines.remove(actor, "firm", "people", "phone")


def test_who_decides_is_set_and_taken_back_E21(actor, firm):
    lines.decide(actor, "firm", "people", "phone", Side.LEFT)
    assert flow().maps[1].authority is Side.LEFT
    lines.decide(actor, "firm", "people", "phone", None)
    assert flow().maps[1].authority is None


def test_only_who_may_change_integrations_changes_lines(actor_with, firm):
    reader = actor_with("designer.view_integration")
    with pytest.raises(NotAllowed):
        lines.add(reader, "firm", "people", left="email", right="e_mail")


def test_page_shows_adds_and_takes_back_E11(client_of, wide):
    client = client_of("integration manager")
    page = "/integrations/firm/flows/people/"
    assert "Not both of the systems have said yet" in client.get(page).content.decode()
    client.post(f"{page}look/")
    shown = client.get(page).content.decode()
    assert "Keep email and e_mail in agreement" in shown
    answer = client.post(f"{page}add/", {"left": "email", "right": "e_mail", "decides": "both"}, follow=True)
    assert "/integrations/firm/versions/1/back/" in answer.content.decode()
    assert flow().maps[-1].name == "email"
    refused = client.post(f"{page}remove/", {"line": "name"}, follow=True).content.decode()
    assert "toast" in refused
    assert flow().maps[0].name == "name"
    assert client.get("/integrations/firm/flows/none/").status_code == 404


def test_systems_that_do_not_answer_are_told_on_the_page(client_of, firm, two):
    Connection.objects.filter(name="left").update(connector="nothing of the kind")
    client = client_of("integration manager")
    shown = client.post("/integrations/firm/flows/people/look/", follow=True).content.decode()
    assert "nothing of the kind" in shown


def test_world_is_left_alone_by_looking(actor, wide):
    asked(actor)
    assert MemoryWorld.open(wide["names"]["left"]).table("person").records() == {}
