"""A case asks maintenance for work: number and status, or every error, and one transaction whatever happens."""

from __future__ import annotations

import json

import pytest

from tallystick.errors import AlreadyDecided, InputRefused, NotAllowed
from tallystick.server.desk import looking
from tallystick.server.desk.domain import help_desk
from tallystick.server.desk.domain.help_desk import Wanted
from tallystick.server.desk.models import CaseOrder, Follower, Notice, WorkOrder
from tallystick.server.messages import queries
from tallystick.server.messages.courier import Courier
from tallystick.server.messages.course import Came, State
from tallystick.server.messages.domain import handling
from tallystick.server.messages.models import Direction, Transaction
from tallystick.server.messages.transports import Sent, Straight
from tallystick.server.records.record_types import record_type
from tallystick.server.records.values import listed


def came(case_order):
    return [(one.purpose, one.came) for one in case_order.transaction.tries.all()]


def test_case_becomes_a_work_order_with_number_and_status_W2_W5_W6(desk):
    case = desk.case(business_unit="US001")
    asset = record_type("installed_asset").model.objects.get(pk=desk.asset)
    found = desk.ask(
        case, description="Since Monday.", assets=[f"{record_type('installed_asset').prefix}-{asset.number}"]
    )
    order = desk.order(found)
    assert (found.number, found.status, found.their_status) == (f"WO-{order.number}", "open", "Open")
    assert (order.subject, order.description, order.business_unit) == (case.subject, "Since Monday.", "US001")
    assert (order.requester, listed(order.assets)) == ("Rita Requester", (desk.asset,))
    assert (order.problem.code, order.shop.code, order.priority.code) == ("EL1", "S1", "1")
    follower = Follower.objects.get(order=order)
    assert (follower.reference, follower.contact_email) == (f"C-{case.number}", "olga@example.org")


def test_refusal_names_every_error_on_the_case_and_makes_nothing_W7_S6(desk):
    case = desk.case()
    found = desk.ask(case, priority="9", shop="S3")
    assert (found.number, found.transaction.state, WorkOrder.objects.count()) == ("", State.REFUSED, 0)
    assert [(one["field"], one["message"]) for one in found.transaction.errors] == [
        ("priority", "There is no priority 9."),
        ("shop", "The shop S3 is closed."),
    ]
    notice = Notice.objects.get(user=desk.agent.person)
    assert notice.facts["errors"] == ["There is no priority 9.", "The shop S3 is closed."]
    help_desk.case_of(desk.agent, case.pk)  # and the case can still be worked on


def test_corrected_request_is_a_new_attempt_of_the_same_transaction_S6(desk):
    refused = desk.ask(desk.case(), priority="9", shop="S3")
    wanted = Wanted(subject="Lamp in hall 3 is dark", shop="S1", priority="1")
    found = help_desk.correct(desk.agent, refused.pk, wanted)
    assert (found.pk, found.transaction_id, found.number) == (refused.pk, refused.transaction_id, "WO-1")
    assert came(found) == [("send", "refused"), ("send", "answered")]
    assert [one.body.get("priority") for one in found.transaction.tries.all()] == ["9", "1"]
    assert (CaseOrder.objects.count(), WorkOrder.objects.count()) == (1, 1)
    with pytest.raises(AlreadyDecided):
        help_desk.correct(desk.agent, refused.pk, wanted)


def test_what_was_asked_before_a_correction_and_its_errors_are_kept_and_found_W4_W7(desk):
    refused = desk.ask(desk.case(), priority="9", shop="S3")
    help_desk.correct(desk.agent, refused.pk, Wanted(subject="Lamp in hall 3 is dark", shop="S1", priority="1"))
    first, second = refused.transaction.tries.all()
    errors = [one["message"] for one in json.loads(first.answer)["errors"]]
    assert errors == ["There is no priority 9.", "The shop S3 is closed."]
    assert json.loads(second.answer)["body"]["number"] == "WO-1"
    for words in ("S3", "no priority 9", "S1"):
        found = queries.transactions(desk.boss, queries.Wanted(words=words, direction="out"))
        assert refused.transaction_id in [one.pk for one in found], words


class OnceLost(Straight):
    """Loses the first message on its way there."""

    is_lost = False

    def send(self, peer, message):
        if not self.is_lost:
            self.is_lost = True
            return Sent(came=Came.LOST, message="No answer.")
        return super().send(peer, message)


def test_corrected_request_that_is_lost_is_not_taken_for_the_refusal_before_S5_S6(desk):
    found = desk.ask(desk.case(), priority="9")
    wire = OnceLost()
    courier = Courier(transport=lambda _peer: wire)
    help_desk.correct(desk.agent, found.pk, Wanted(subject="Lamp", priority="1"), courier=courier)
    for _minute in range(3):
        courier.deliver_due()
        desk.clock.move(60)
    found = CaseOrder.objects.get(pk=found.pk)
    assert (found.number, found.status, WorkOrder.objects.count()) == ("WO-1", "open", 1)
    came = [one.came for one in found.transaction.tries.order_by("ordinal")]
    assert came == ["refused", "lost", "refused", "refused", "answered"]


class Scripted(Straight):
    """Each message fares as the next of `fates` says; then all are answered."""

    def __init__(self, *fates: str) -> None:
        self.fates = list(fates)

    def send(self, peer, message):
        fate = self.fates.pop(0) if self.fates else ""
        if fate != "lost on the way there":
            sent = super().send(peer, message)
        return Sent(came=Came.LOST, message="No answer.") if fate else sent


def test_corrected_request_that_is_lost_is_not_taken_for_a_refusal_that_was_looked_up_S5_S6(desk):
    wire = Scripted("lost on the way back", "lost on the way there")
    courier = Courier(transport=lambda _peer: wire)
    case = desk.case()
    found = help_desk.request_order(
        desk.agent, case.pk, desk.maintenance, Wanted(subject="Lamp", shop="S9"), courier=courier
    )
    courier.deliver_due()
    assert came(found) == [("send", "lost"), ("look_up", "refused")]
    help_desk.correct(desk.agent, found.pk, Wanted(subject="Lamp", shop="S1"), courier=courier)
    for _minute in range(3):
        courier.deliver_due()
        desk.clock.move(60)
    found.refresh_from_db()
    assert (found.number, WorkOrder.objects.count()) == ("WO-1", 1)
    assert came(found)[2:] == [("send", "lost"), ("look_up", "refused"), ("look_up", "refused"), ("send", "answered")]


def test_lists_are_looked_up_live_and_read_again_when_too_old_W3_S6(desk, outside_peer, outside):
    assert [one["code"] for one in looking.look(outside_peer, "shops").entries] == ["S1", "S2"]
    outside.lists["shops"].append({"code": "S9", "name": "New"})
    assert [one["code"] for one in looking.look(outside_peer, "shops").entries] == ["S1", "S2"]
    desk.clock.move(601)
    assert [one["code"] for one in looking.look(outside_peer, "shops").entries] == ["S1", "S2", "S9"]
    outside.close()
    desk.clock.move(601)
    old = looking.look(outside_peer, "shops")
    assert [one["code"] for one in old.entries] == ["S1", "S2", "S9"]
    assert "Outside does not answer" in old.fault


def test_resend_refreshes_lists_that_are_too_old_first_S6(desk, outside_peer, outside):
    refused = desk.ask(desk.case(), peer=outside_peer, priority="9")
    outside.lists["priorities"].append({"code": "9", "name": "Never"})
    desk.clock.move(601)
    found = help_desk.correct(desk.agent, refused.pk, Wanted(subject="Lamp", shop="S1", priority="9"))
    assert found.number == "WO-1001"
    assert "9" in [one["code"] for one in outside_peer.lists.get(name="priorities").entries]


@pytest.mark.parametrize("name", ["problems", "shops", "priorities", "statuses", "assets"])
def test_own_maintenance_offers_its_lists_W3(desk, name):
    found = looking.search(desk.maintenance, name, "")
    expected = {"problems": "EL", "shops": "S1", "priorities": "1", "statuses": "open", "assets": "IA-1"}[name]
    assert expected in [one["code"] for one in found]
    assert "S3" not in [one["code"] for one in found]  # closed


def test_assets_are_searched_W3(desk):
    desk.made("installed_asset", name="Lathe", serial_number="SN-1")
    assert [one["name"] for one in looking.search(desk.maintenance, "assets", "lathe")] == ["Lathe"]


def test_lost_answer_shows_one_order_on_the_case_S5(desk, outside_peer, outside):
    outside.fault, outside.faults_left = "breaks_after", 1
    found = desk.ask(desk.case(), peer=outside_peer)
    assert (found.number, found.transaction.state) == ("", State.UNKNOWN)
    for _try in range(5):
        desk.deliver()
        desk.clock.move(60)
    found = help_desk.case_order_of(desk.agent, found.pk)
    assert (found.number, found.status, len(outside.orders)) == ("WO-1001", "open", 1)
    assert came(found) == [("send", "lost"), ("look_up", "answered")]


def test_partner_that_cannot_look_up_is_a_persons_matter_and_never_resent_S5(desk, outside_peer, outside):
    outside.can_look_up = False
    outside.fault, outside.faults_left = "breaks_after", 1
    found = desk.ask(desk.case(), peer=outside_peer)
    for _hour in range(30):
        desk.clock.move(3_600)
        desk.deliver()
    found = help_desk.case_order_of(desk.agent, found.pk)
    assert (found.transaction.state, len(outside.orders)) == (State.NEEDS_PERSON, 1)
    with pytest.raises(InputRefused):
        handling.send_again(desk.boss, found.transaction_id)
    body = {"number": "WO-1001", "status": {"code": "open"}}
    handling.settle_as_done(desk.boss, found.transaction_id, body)
    found = help_desk.case_order_of(desk.agent, found.pk)
    assert (found.number, found.status, len(outside.orders)) == ("WO-1001", "open", 1)


def test_several_orders_of_one_case_W16(desk):
    case = desk.case()
    assert [desk.ask(case).number, desk.ask(case, subject="Also the fuse").number] == ["WO-1", "WO-2"]
    assert CaseOrder.objects.filter(case=case).count() == 2


def test_existing_order_is_related_once_and_followed_W16(desk):
    first = desk.ask(desk.case())
    other = desk.case(subject="Dark again")
    found = help_desk.relate(desk.agent, other.pk, desk.maintenance, "wo-1")
    assert (found.number, found.status, found.subject) == ("WO-1", "open", "Lamp in hall 3 is dark")
    assert found.is_related
    assert Follower.objects.filter(order=desk.order(first)).count() == 2
    with pytest.raises(InputRefused, match="Nothing was changed"):
        help_desk.relate(desk.agent, other.pk, desk.maintenance, "WO-1")
    with pytest.raises(InputRefused) as refused:
        help_desk.relate(desk.agent, other.pk, desk.maintenance, "WO-77")
    assert refused.value.fields == {"number": "There is no work order WO-77."}
    assert CaseOrder.objects.filter(case=other).count() == 1


def test_only_cases_of_the_help_desk_ask_for_work(desk):
    with pytest.raises(InputRefused, match="of the help desk"):
        desk.ask(desk.case(kind="hr"))
    assert Transaction.objects.count() == 0


def test_agent_without_the_permission_asks_for_nothing(desk, actor_with):
    case = desk.case()
    with pytest.raises(NotAllowed):
        help_desk.request_order(actor_with("records.view_case"), case.pk, desk.maintenance, Wanted(subject="x"))
    assert Transaction.objects.count() == 0


def test_request_without_a_subject_is_refused_before_it_is_sent(desk):
    with pytest.raises(InputRefused) as refused:
        desk.ask(desk.case(), subject=" ")
    assert refused.value.fields == {"subject": "Say in a few words what is to be done."}
    assert Transaction.objects.count() == 0


def test_history_keeps_every_transaction_searchable_W4(desk):
    from tallystick.server.messages.queries import Wanted as Looked
    from tallystick.server.messages.queries import transactions

    desk.ask(desk.case(), subject="Broken fan", priority="9")
    desk.ask(desk.case(), subject="Lamp")
    found = transactions(desk.agent, Looked(words="fan", direction=Direction.OUT))
    assert [(one.state, one.attempts) for one in found] == [(State.REFUSED, 1)]
    assert transactions(desk.agent, Looked(words="wo-1 lamp", direction="out")).count() == 1
    assert transactions(desk.agent, Looked(words="no such thing")).count() == 0
