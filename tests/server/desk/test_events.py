"""Maintenance tells: each event once, in its place, to whom it concerns; the end of cases and orders (S7)."""

from __future__ import annotations

import pytest
from django.utils import translation

from tallystick.errors import InputRefused, LinkExpired
from tallystick.server.desk.domain import cases, closing, help_desk, notices, statuses, technician
from tallystick.server.desk.domain.technician import Doing
from tallystick.server.desk.models import CaseOrder, Happening, Notice, Satisfaction, WorkOrder
from tallystick.server.desk.shown import case_order_shown
from tallystick.server.messages import partners, receiving
from tallystick.server.messages.course import State
from tallystick.server.messages.envelope import Envelope
from tallystick.server.messages.models import Direction, Role, Transaction
from tallystick.server.records.domain import actions
from tallystick.server.records.domain.steps import Author, Step
from tallystick.server.records.domain.steps import Doing as StepDoing
from tallystick.server.records.domain.tables import Place
from tallystick.server.records.domain.write import carry_out
from tallystick.server.records.models import Case
from tallystick.server.records.record_types import record_type

DAY_S = 24 * 3_600


def again(case_order):
    return CaseOrder.objects.select_related("case", "peer", "transaction").get(pk=case_order.pk)


def told(desk, happening):
    return [one.facts for one in Notice.objects.filter(user=desk.agent.person, happening=happening).order_by("pk")]


def test_completing_tells_status_and_agent_in_the_hub_and_by_email_W8_W12(desk):
    found = desk.ask(desk.case())
    order = desk.order(found)
    technician.take(desk.technician, order.pk)
    technician.do(desk.technician, order.pk, Doing.BEGIN)
    technician.do(desk.technician, order.pk, Doing.COMPLETE, resolution="New bulb.")
    desk.deliver()
    found = again(found)
    assert (found.status, found.resolution) == ("completed", "New bulb.")
    assert [one["status"] for one in told(desk, Happening.STATUS)] == ["in_progress", "completed"]
    assert "WO-1 is Completed now." in [one.subject.partition(": ")[2] for one in desk.letters("olga@example.org")]


def test_followers_are_told_also_when_a_flow_changes_the_order_W8(desk):
    found = desk.ask(desk.case())
    order = desk.order(found)
    step = Step(doing=StepDoing.UPDATE, id=order.pk, values={"subject": "Both lamps", "description": "All dark."})
    author = Author(by="register", via="run 1", run="1" * 32)
    carry_out(
        record_type("work_order"), [step], author, Place(using="default", now=desk.clock.now()), new_id=lambda: "x" * 32
    )
    desk.deliver()
    found = again(found)
    assert (found.subject, found.description) == ("Both lamps", "All dark.")
    assert [one["subject"] for one in told(desk, Happening.DESCRIPTION)] == ["Both lamps"]


def test_own_status_is_told_by_its_code_and_what_it_means_W8(desk):
    found = desk.ask(desk.case())
    parts = desk.made("work_status", code="PARTS", name="Waiting for parts", meaning="on_hold")
    actions.update(desk.boss, "work_order", desk.order(found).pk, {"own_status": parts})
    desk.deliver()
    assert desk.order(found).status == "on_hold"
    assert (again(found).status, again(found).their_status) == ("on_hold", "Waiting for parts")


def test_agent_is_told_the_way_they_chose_W8(desk):
    notices.choose(desk.agent, {Happening.STATUS: (True, False), Happening.NOTE: (False, True)})
    found = desk.ask(desk.case())
    before = len(desk.letters("olga@example.org"))
    technician.do(desk.technician, desk.order(found).pk, Doing.BEGIN)
    technician.note(desk.technician, desk.order(found).pk, "Ladder needed.")
    desk.deliver()
    assert len(told(desk, Happening.STATUS)) == 1
    assert told(desk, Happening.NOTE) == []
    assert ["Ladder needed." in one.subject for one in desk.letters("olga@example.org")[before:]] == [True]
    assert notices.read(desk.agent) == Notice.objects.filter(user=desk.agent.person).count()
    assert notices.unread(desk.agent) == 0


# --- out of order, twice


def event(operation, number, sequence, id_=None, **body):
    body = {"number": number, "sequence": sequence, **body}
    message = Envelope(id=id_ or f"e{sequence}", operation=f"work_order.{operation}", version=1, body=body)
    return receiving.take(partners.own(Role.MAINTENANCE), message)


def status(code):
    return {"code": code}


def test_events_out_of_order_and_twice_S7(desk):
    found = desk.ask(desk.case())
    number = found.number
    event("status_changed", number, 5, status=status("completed"))
    event("status_changed", number, 4, status=status("in_progress"))
    event("description_changed", number, 3, subject="Both lamps")
    event("description_changed", number, 3, subject="Both lamps")  # the same message
    event("description_changed", number, 3, id_="e3-again", subject="Both lamps")  # the same event
    event("status_changed", number, 6, status=status("Z"))
    found = again(found)
    assert (found.status, found.subject, found.status_sequence) == ("completed", "Both lamps", 5)
    assert [one["status"] for one in told(desk, Happening.STATUS)] == ["completed"]
    assert len(told(desk, Happening.DESCRIPTION)) == 1
    parked = Transaction.objects.get(state=State.PARKED)
    assert parked.body["status"] == {"code": "Z"}
    assert "Z" in parked.why


def test_parked_status_is_taken_up_when_it_is_mapped_S7(desk):
    found = desk.ask(desk.case())
    event("status_changed", found.number, 6, status=status("Z"))
    assert statuses.map_status(desk.boss, found.peer, "Z", "on_hold") == 1
    assert (again(found).status, Transaction.objects.filter(state=State.PARKED).count()) == ("on_hold", 0)
    with pytest.raises(InputRefused):
        statuses.map_status(desk.boss, found.peer, "Y", "nonsense")


def test_event_before_the_answer_that_brings_its_number_waits_for_it_S7(desk, outside_peer, outside):
    def early():
        body = {"number": "WO-1001", "sequence": 1, "status": {"code": "in_progress"}}
        message = Envelope(id="early", operation="work_order.status_changed", version=1, body=body)
        receiving.take(outside_peer, message)

    outside.fault, outside.faults_left = "breaks_after", 1
    found = desk.ask(desk.case(), peer=outside_peer)
    early()
    assert Transaction.objects.get(correlation="early").state == State.PARKED
    desk.deliver()
    assert (again(found).number, again(found).status) == ("WO-1001", "in_progress")
    assert Transaction.objects.get(correlation="early").state == State.DONE


def test_event_of_an_order_nobody_asked_for_is_refused(desk):
    answer = event("status_changed", "WO-99", 1, status=status("open"))
    assert [one.message for one in answer.errors] == ["No case here follows the work order WO-99."]


# --- the end


def test_closing_the_case_sends_nothing_and_leaves_the_order_W14_S7(desk):
    case = desk.case()
    found = desk.ask(case)
    before = Transaction.objects.count()
    cases.close(desk.agent, case.pk)
    desk.deliver()
    assert Transaction.objects.count() == before
    assert (desk.order(found).status, Case.objects.get(pk=case.pk).status) == ("open", "closed")


def test_reopened_case_gets_a_second_order_W16_S7(desk):
    case = desk.case()
    desk.ask(case)
    cases.close(desk.agent, case.pk)
    cases.reopen(desk.agent, case.pk)
    desk.ask(case, subject="Dark again")
    assert [one.number for one in CaseOrder.objects.filter(case=case).order_by("pk")] == ["WO-1", "WO-2"]


def test_completed_order_closes_after_the_period_of_its_business_unit_and_the_case_stays_W15_S7(desk):
    desk.made("maintenance_unit", code="US001", name="Ohio", closes_after_days="2")
    found = [desk.ask(desk.case(business_unit=unit)) for unit in ("US001", "US002", None)]
    for one in found:
        technician.do(desk.technician, desk.order(one).pk, Doing.COMPLETE)
    assert closing.close_due() == 0
    desk.clock.move(2 * DAY_S)
    assert closing.close_due() == 1
    desk.deliver()
    assert [again(one).status for one in found] == ["closed", "completed", "completed"]
    desk.clock.move(5 * DAY_S)
    assert [closing.close_due(), closing.close_due()] == [2, 0]
    desk.deliver()
    assert [again(one).status for one in found] == ["closed"] * 3
    assert set(Case.objects.values_list("status", flat=True)) == {"open"}
    assert WorkOrder.objects.filter(closed_at=desk.clock.now()).count() == 2


def test_closed_order_stays_closed_whoever_tries_W15(desk):
    order = desk.order(desk.ask(desk.case()))
    technician.do(desk.technician, order.pk, Doing.COMPLETE)
    technician.do(desk.technician, order.pk, Doing.CLOSE)
    with pytest.raises(InputRefused):
        technician.do(desk.technician, order.pk, Doing.BEGIN)
    with pytest.raises(InputRefused, match="stays so"):
        actions.update(desk.boss, "work_order", order.pk, {"status": "open"})


def _token(desk, number=0):
    return cases.link(Satisfaction.objects.order_by("pk")[number]).rpartition("/satisfied/")[2].strip("/")


def test_satisfied_requester_changes_nothing_more_W13(desk):
    case = desk.case()
    assert cases.resolve(desk.agent, case.pk, "New bulb.").told == "rita@example.com"
    (letter,) = desk.letters("rita@example.com")
    assert letter.subject == f"C-{case.number}: solved"
    token = _token(desk)
    assert cases.show(token, address="").case_id == case.pk
    assert Case.objects.get(pk=case.pk).status == "resolved"  # looking answers nothing
    cases.answer(token, is_satisfied=True, remark="", address="")
    assert Case.objects.get(pk=case.pk).status == "resolved"
    with pytest.raises(LinkExpired):
        cases.answer(token, is_satisfied=False, remark="", address="")
    assert Case.objects.get(pk=case.pk).status == "resolved"


def test_unsatisfied_requester_opens_the_case_again_and_the_agent_is_told_W13_W16(desk):
    case = desk.case()
    desk.ask(case)
    cases.resolve(desk.agent, case.pk, "New bulb.")
    cases.answer(_token(desk), is_satisfied=False, remark="Still dark.", address="192.0.2.1")
    assert Case.objects.get(pk=case.pk).status == "in_progress"
    assert told(desk, Happening.REQUESTER)[0]["text"] == "Still dark."
    assert desk.ask(case, subject="Dark again").number == "WO-2"


def test_links_that_are_too_old_or_forged_are_refused_and_logged_W13(desk):
    from tallystick.server.people.models import AuditEntry

    cases.resolve(desk.agent, desk.case().pk, "")
    token = _token(desk)
    with pytest.raises(LinkExpired):
        cases.show(token[:-3] + "abc", address="192.0.2.1")
    desk.clock.move(15 * DAY_S)
    with pytest.raises(LinkExpired):
        cases.answer(token, is_satisfied=True, remark="", address="192.0.2.1")
    found = AuditEntry.objects.filter(action="desk.satisfied_refused").order_by("pk")
    assert [one.details["why"] for one in found] == ["forged", "expired"]


def test_second_run_with_no_edits_sends_nothing_S7(desk):
    found = desk.ask(desk.case())
    technician.do(desk.technician, desk.order(found).pk, Doing.BEGIN)
    desk.deliver()
    before = Transaction.objects.filter(direction=Direction.OUT).count()
    desk.deliver()
    actions.update(desk.boss, "work_order", desk.order(found).pk, {"subject": desk.order(found).subject})
    desk.deliver()
    assert Transaction.objects.filter(direction=Direction.OUT).count() == before


def test_note_of_the_agent_stands_in_the_order_W11(desk):
    found = desk.ask(desk.case())
    row = help_desk.write(desk.agent, found.pk, "The key is at the gate.")
    note = desk.order(found).notes.get()
    assert (row.state, note.text, note.by, note.side) == (
        State.DONE,
        "The key is at the gate.",
        "Olga Agent",
        "help_desk",
    )


def test_usual_status_is_told_in_the_language_of_whoever_reads_it_and_a_name_of_ones_own_as_it_is_W8(desk):
    found = desk.ask(desk.case())
    with translation.override("ru"):  # of the technician
        technician.do(desk.technician, desk.order(found).pk, technician.Doing.BEGIN)
    desk.deliver()
    notice = Notice.objects.get(happening="status")
    badge = case_order_shown(again(found)).badge
    assert notices.worded(notice.happening, notice.facts) == "WO-1 is In progress now."
    assert str(badge[1]) == "In progress"
    with translation.override("ru"):
        assert notices.worded(notice.happening, notice.facts) == "WO-1: теперь «В работе»."
    own = {"number": "WO-1", "status": "on_hold", "status_name": "Waiting for parts"}
    with translation.override("ru"):
        assert notices.worded("status", own) == "WO-1: теперь «Waiting for parts»."
        assert str(partners.own(Role.MAINTENANCE)) == "Своя ремонтная служба"
