"""Two cases become one: their work orders, notices, emails and files go with them, and back."""

from __future__ import annotations

import pytest

from tallystick.errors import InputRefused
from tallystick.server.desk.domain import attachments, cases, help_desk, technician
from tallystick.server.desk.domain.attachments import Given
from tallystick.server.desk.models import CaseOrder, Notice, OrderNote
from tallystick.server.messages import queries
from tallystick.server.messages.models import Letter
from tallystick.server.messages.queries import Wanted
from tallystick.server.records.domain import merging


def orders(case) -> list[str]:
    return list(CaseOrder.objects.filter(case=case).order_by("pk").values_list("number", flat=True))


def files(desk, case) -> list[str]:
    return sorted(one.name for one in attachments.of(desk.agent, "case", case.pk))


def messages(desk, case) -> list[str]:
    return [one.about_called for one in queries.transactions(desk.boss, Wanted(about=case.pk))]


def letters(case) -> int:
    return Letter.objects.filter(about_type="case", about=case.pk).count()


def given(*names: str) -> list[Given]:
    return [Given(name=name, media="text/plain", content=name.encode()) for name in names]


def test_merging_cases_moves_their_orders_and_taking_it_back_brings_them_back_W16(desk):
    kept, gone = desk.case(), desk.case(subject="Hall 3 again")
    desk.ask(kept)
    moved = desk.ask(gone)
    attachments.add(desk.agent, "case", gone.pk, given("plan.txt"))
    merging.merge(desk.boss, "case", kept.pk, gone.pk)
    assert (orders(kept), orders(gone)) == (["WO-1", "WO-2"], [])
    assert files(desk, kept) == ["plan.txt"]
    assert merging.take_back(desk.boss, "case", gone.pk).kept == ()
    assert (orders(kept), orders(gone)) == (["WO-1"], [moved.number])
    assert (files(desk, kept), files(desk, gone)) == ([], ["plan.txt"])


def test_order_of_a_merged_case_is_heard_on_the_case_that_stays_W12(desk):
    kept, gone = desk.case(), desk.case(subject="Hall 3 again")
    found = desk.ask(gone)
    desk.deliver()
    merging.merge(desk.boss, "case", kept.pk, gone.pk)
    Notice.objects.all().delete()
    technician.do(desk.technician, desk.order(found).pk, technician.Doing.COMPLETE)
    desk.deliver()
    assert CaseOrder.objects.get(case=kept).status == "completed"
    assert [one.case_id for one in Notice.objects.all()] == [kept.pk]


def test_order_that_both_cases_have_is_told_once(desk):
    kept, gone = desk.case(), desk.case(subject="Hall 3 again")
    found = desk.ask(kept)
    help_desk.relate(desk.agent, gone.pk, desk.maintenance, found.number)
    attachments.add(desk.agent, "case", kept.pk, given("plan.txt"))
    attachments.add(desk.agent, "case", gone.pk, given("plan.txt", "photo.txt"))
    desk.deliver()
    merging.merge(desk.boss, "case", kept.pk, gone.pk)
    assert (orders(kept), files(desk, kept)) == ([found.number], ["photo.txt", "plan.txt"])
    Notice.objects.all().delete()
    technician.do(desk.technician, desk.order(found).pk, technician.Doing.COMPLETE)
    desk.deliver()
    assert [one.case_id for one in Notice.objects.filter(happening="status")] == [kept.pk]
    merging.take_back(desk.boss, "case", gone.pk)
    assert (orders(gone), files(desk, gone)) == ([found.number], ["photo.txt", "plan.txt"])
    assert CaseOrder.objects.get(case=gone).status == "completed"


def test_messages_and_letters_of_a_merged_case_stand_under_the_one_that_stays_W4(desk):
    kept, gone = desk.case(), desk.case(subject="Hall 3 again")
    desk.ask(gone)
    cases.resolve(desk.agent, gone.pk, "A new lamp.")
    before = messages(desk, gone), letters(gone)
    assert before == ([f"C-{gone.number}"], 2)
    merging.merge(desk.boss, "case", kept.pk, gone.pk)
    assert (messages(desk, kept), letters(kept)) == before
    assert (messages(desk, gone), letters(gone)) == ([], 0)
    merging.take_back(desk.boss, "case", gone.pk)
    assert (messages(desk, gone), letters(gone)) == before
    assert (messages(desk, kept), letters(kept)) == ([], 0)


def test_what_came_after_the_merge_stays_with_the_case_that_stayed(desk):
    kept, gone = desk.case(), desk.case(subject="Hall 3 again")
    desk.ask(gone)
    merging.merge(desk.boss, "case", kept.pk, gone.pk)
    desk.ask(kept, subject="Another lamp")
    merging.take_back(desk.boss, "case", gone.pk)
    assert (orders(kept), orders(gone)) == (["WO-2"], ["WO-1"])


def test_work_order_that_a_help_desk_follows_is_not_merged(desk):
    first, second = (desk.order(desk.ask(desk.case())) for _ in range(2))
    with pytest.raises(InputRefused, match="follows the work order"):
        merging.merge(desk.boss, "work_order", first.pk, second.pk)
    second.refresh_from_db()
    assert second.gone_at is None


def test_work_orders_nobody_follows_are_merged_with_their_notes(desk):
    kept, gone = desk.made("work_order", subject="Paint"), desk.made("work_order", subject="Paint it")
    technician.note(desk.technician, gone, "White.")
    merging.merge(desk.boss, "work_order", kept, gone)
    assert [one.order_id for one in OrderNote.objects.all()] == [kept]
    merging.take_back(desk.boss, "work_order", gone)
    assert [one.order_id for one in OrderNote.objects.all()] == [gone]
