"""Documents and versions: kept exactly as written, refused with the line, told apart, rolled back. Row E40."""

from __future__ import annotations

import pytest

from tallystick.errors import ChangedMeanwhile, DocumentErrors, InputRefused, NotAllowed, NotFound, PlanRefused
from tallystick.server.connections.domain import change as connections
from tallystick.server.designer.differences import Kind, by_key
from tallystick.server.designer.documents import loaded_of
from tallystick.server.designer.domain import change, standing, transfer
from tallystick.server.designer.models import Integration, IntegrationVersion
from tallystick.server.designer.queries import listed, versions_of
from tallystick.server.people.models import AuditEntry
from tests.server.designer.conftest import TEXT

pytestmark = pytest.mark.usefixtures("two")


def faults_of(call):
    with pytest.raises(DocumentErrors) as caught:
        call()
    return [(fault.line, fault.key, fault.message) for fault in caught.value.faults], caught.value.faults


def test_document_is_kept_exactly_as_it_was_written(actor, firm):
    (version,) = IntegrationVersion.objects.all()
    assert (version.number, version.text, version.made_by) == (1, TEXT, "Ada Byron")
    assert (firm.title, firm.is_enabled) == ("CRM and register", False)


def test_wrong_document_is_refused_with_line_key_and_hint_and_nothing_is_kept(actor, firm):
    wrong = TEXT.replace("connection: right", "connection: rihgt").replace("guards: {delete: none}", "gaurds: {}")
    found, faults = faults_of(lambda: change.save(actor, "firm", wrong))
    assert found == [(15, "flows[0].gaurds", "There is no key `gaurds` here.")]
    assert faults[0].hint.startswith("Did you mean `guards`?")
    wrong = TEXT.replace("connection: right", "connection: rihgt")
    found, faults = faults_of(lambda: change.save(actor, "firm", wrong))
    assert found == [(5, "systems.register.connection", "There is no connection `rihgt`.")]
    assert faults[0].hint == "Did you mean `right`?"
    assert IntegrationVersion.objects.count() == 1


def test_system_with_settings_is_refused_for_they_may_hold_secrets(actor):
    text = TEXT.replace("{connection: right}", "{connector: memory, name: x}")
    found, faults = faults_of(lambda: change.create(actor, text))
    assert [one[:2] for one in found] == [(5, "systems.register")]
    assert "import the file" in faults[0].hint
    assert not Integration.objects.exists()


def test_name_stays_for_links_belong_to_it(actor, firm):
    found, _ = faults_of(lambda: change.save(actor, "firm", TEXT.replace("integration: firm", "integration: other")))
    assert found[0][:2] == (1, "integration")


def test_name_is_taken_once(actor, firm):
    with pytest.raises(InputRefused, match="There is an integration firm already"):
        change.create(actor, TEXT)


def test_save_makes_versions_and_an_old_page_is_told_who_was_faster(actor, firm):
    second = change.save(actor, "firm", TEXT.replace("30 days", "1 hour"), comment="Faster", seen=1)
    assert (second.number, second.comment) == (2, "Faster")
    assert change.save(actor, "firm", second.text).number == 2  # nothing is different
    with pytest.raises(ChangedMeanwhile, match="Ada Byron saved version 2 since you began to edit version 1"):
        change.save(actor, "firm", TEXT.replace("30 days", "2 hours"), seen=1)
    assert change.integration_of("firm").current.text == second.text


def test_roll_back_is_a_new_version_with_the_old_text(actor, firm):
    change.save(actor, "firm", TEXT.replace("30 days", "1 hour"))
    third = change.roll_back(actor, "firm", 1)
    assert (third.number, third.text, third.comment) == (3, TEXT, "Back to version 1")
    assert [one.number for one in versions_of("firm")] == [3, 2, 1]
    with pytest.raises(NotFound):
        change.roll_back(actor, "firm", 9)


def test_schedule_is_changed_in_the_document_and_comments_stay(actor, firm):
    version = change.set_schedule(actor, "firm", "people", "every 5 minutes")
    assert version.text == TEXT.replace("every 30 days", "every 5 minutes")
    by_hand = change.set_schedule(actor, "firm", "people", "")
    assert "schedule" not in by_hand.text
    assert "# the two sides spell names alike" in by_hand.text
    found, _ = faults_of(lambda: change.set_schedule(actor, "firm", "people", "now and then"))
    assert found[0][1] == "flows[0].schedule"
    with pytest.raises(NotFound):
        change.set_schedule(actor, "firm", "nobody", "every 1 hour")


def test_differences_are_told_by_key(actor, firm):
    text = TEXT.replace("every 30 days", "every 1 hour").replace(
        "      - {left: phone, right: phone}\n", "      - {left: phone, right: tel, max: {right: 9}}\n"
    )
    second = change.save(actor, "firm", text.replace("   # for people", ""))
    first = change.version_of("firm", 1)
    told = [(one.key, one.kind, one.before, one.after) for one in by_key(loaded_of(first), loaded_of(second))]
    assert told == [
        ("flows / people / fields / phone / right", Kind.CHANGED, "phone", "tel"),
        ("flows / people / fields / phone / max / right", Kind.ADDED, "", "9"),
        ("flows / people / schedule", Kind.CHANGED, "every 30 days", "every 1 hour"),
    ]


def test_connection_in_use_is_not_removed_and_says_by_whom(actor, firm):
    with pytest.raises(PlanRefused, match="used by CRM and register"):
        connections.remove(actor, "left")


def test_delete_keeps_the_links_and_says_so(actor, firm):
    from tallystick.server.state.models import Scope

    Scope.objects.create(
        integration="firm", flow="people", instance="", cursors="{}", maps="{}", last_full_at="", linked=7
    )
    assert change.delete(actor, "firm") == {"links": 7}
    assert not Integration.objects.exists()
    assert Scope.objects.count() == 1
    assert AuditEntry.objects.latest("id").details == {"links kept": 7}
    connections.remove(actor, "left")  # nobody uses it any more


@pytest.mark.parametrize(
    ("do", "permission"),
    [
        (lambda a: change.create(a, TEXT.replace("firm", "two")), "designer.add_integration"),
        (lambda a: change.save(a, "firm", TEXT + "\n"), "designer.change_integration"),
        (lambda a: change.roll_back(a, "firm", 1), "designer.change_integration"),
        (lambda a: change.set_schedule(a, "firm", "people", "every 1 hour"), "designer.change_integration"),
        (lambda a: change.delete(a, "firm"), "designer.delete_integration"),
        (lambda a: transfer.export(a, "firm"), "designer.view_integration"),
        (lambda a: listed(a, {}), "designer.view_integration"),
        (lambda a: standing.enable(a, "firm"), "designer.pause_integration"),
        (lambda a: standing.disable(a, "firm"), "designer.pause_integration"),
        (lambda a: standing.drain(a, "firm"), "designer.pause_integration"),
        (lambda a: standing.pause(a, "firm"), "designer.pause_integration"),
        (lambda a: standing.resume(a, "firm"), "designer.pause_integration"),
        (lambda a: standing.run_now(a, "firm"), "designer.run_integration"),
    ],
)
def test_each_act_takes_its_permission(firm, actor_with, do, permission):
    with pytest.raises(NotAllowed) as caught:
        do(actor_with())
    assert caught.value.permission == permission
    do(actor_with(permission))


def test_list_takes_the_same_queries_for_one_and_for_many(actor, firm, django_assert_num_queries):
    for number in range(5):
        change.create(actor, TEXT.replace("integration: firm", f"integration: firm{number}"))
    with django_assert_num_queries(3):
        rows = listed(actor, {})
    assert [(row.integration.name, row.flow_count, row.connections) for row in rows][:2] == [
        ("firm", 1, ("left", "right")),
        ("firm0", 1, ("left", "right")),
    ]
