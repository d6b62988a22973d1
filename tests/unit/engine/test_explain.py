"""Why a record is or is not in sync, and where its values come from. Row E35."""

from __future__ import annotations

from typing import Any

import pytest

from tallystick.errors import UnknownRecordType
from tallystick.model.side import SIDES, Side
from tallystick.testing.faults import FaultySystem, LostAnswer
from tests.two_systems import TwoSystems, flow, person

LEFT, RIGHT = SIDES
ANN = {"name": "Ann", "phone": "1", "city": "X", "tag": "t"}


def why(two: TwoSystems, id_: str, side: Side = LEFT) -> dict[str, Any]:
    before = two.writes(), len(two.reviews()), len(two.journal())
    with two.workspace() as workspace:
        answer = workspace.why("crm" if side is LEFT else "register", "person", id_)
    assert before == (two.writes(), len(two.reviews()), len(two.journal()))
    return answer


def linked(*more: str, **ends: str) -> tuple[TwoSystems, str]:
    two = TwoSystems(flow(*more, **ends))
    two.left.put(ANN, id="a")
    two.sync()
    return two, two.partner(LEFT, "a")


def test_why_in_sync_names_the_partner_E35() -> None:
    two, there = linked()
    answer = why(two, "a")
    assert answer["in_sync"] is True
    assert answer["answer"] == f"In sync with register:person:{there}."
    assert why(two, there, RIGHT)["answer"] == "In sync with crm:person:a."


def test_why_tells_what_the_next_run_does_E35() -> None:
    two, _ = linked()
    two.left.edit("a", {"phone": "2"})
    answer = why(two, "a")
    assert answer["in_sync"] is False
    assert answer["details"] == ["The next run sets phone on the right: changed on the left."]


def test_why_names_conflict_and_question_E35() -> None:
    two, there = linked()
    two.left.edit("a", {"phone": "2"})
    two.right.edit(there, {"phone": "3"})
    assert why(two, "a")["details"] == ["phone was changed on both sides to different values: a conflict."]
    two.sync()
    (review,) = two.reviews()
    details = why(two, there, RIGHT)["details"]
    assert details[-1] == f"Review {review.number} (conflict) waits: phone"


def test_why_of_an_ignored_conflict_says_that_it_differs_E35() -> None:
    two, there = linked("conflict: {rule: ignore}")
    two.left.edit("a", {"phone": "2"})
    two.right.edit(there, {"phone": "3"})
    two.sync()
    answer = why(two, "a")
    assert answer["in_sync"] is False
    assert answer["details"] == ["phone differs on the two sides since they were last agreed; the next edit flows."]


def test_why_tells_each_values_origin_E35() -> None:
    two, there = linked()
    two.left.edit("a", {"phone": "2"})
    run = two.run().run
    two.right.edit(there, {"city": "Q"})
    fields = why(two, there, RIGHT)["fields"]
    assert fields["phone"]["from_side"] == "left"
    assert (fields["phone"]["run"], fields["phone"]["rule"]) == (run, "changed on the left")
    assert fields["name"]["rule"] == "new on the left"
    assert (fields["city"]["value"], fields["city"]["from_side"]) == ("Q", "right")
    assert fields["city"]["rule"].startswith("edited on the right since run ")


def test_why_of_a_record_outside_the_filter_E35() -> None:
    two, _ = linked(left="where: {field: city, is: X}")
    two.left.put({**ANN, "city": "Y"}, id="b")
    two.sync()
    assert why(two, "b")["answer"] == "The record exists but does not pass the flow's filter."
    two.left.edit("a", {"city": "Y"})
    two.sync()
    assert why(two, "a")["answer"].startswith("The link rests (left out of filter)")


def test_why_of_no_record_E35() -> None:
    two, _ = linked()
    assert why(two, "nobody")["answer"] == "There is no such record."


def test_why_of_a_record_no_run_has_seen_E35() -> None:
    two, _ = linked()
    two.left.put({**ANN, "tag": "u"}, id="b")
    assert why(two, "b")["answer"] == "Not linked yet: no run has seen this record; the next one will."


def test_why_of_a_record_that_the_flow_does_not_pass_on_E35() -> None:
    two, _ = linked("direction: to_right")
    two.right.put({**ANN, "tag": "u"}, id="z")
    two.sync()
    assert "to right" in why(two, "z", RIGHT)["answer"]


def test_why_of_a_rejected_and_of_an_unanswered_record_E35() -> None:
    two = TwoSystems(right=[person(ids="system", idempotency=False, find=False)])
    two.left.put(ANN, id="a")
    two.wrap = lambda side, system: FaultySystem(system, [LostAnswer()] if side is RIGHT else [], two.clock)
    two.sync()
    answer = why(two, "a")
    assert answer["answer"].startswith("Not linked (unknown)")
    assert any("waits" in detail for detail in answer["details"])


def test_why_of_a_deleted_partner_E35() -> None:
    two, there = linked()
    two.right.delete(there)
    assert why(two, "a")["answer"] == "The right record is not there: deleted. The next run reacts."


def test_why_of_a_type_no_flow_covers_E35() -> None:
    two, _ = linked()
    with two.workspace() as workspace, pytest.raises(UnknownRecordType, match="No flow covers car of crm"):
        workspace.why("crm", "car", "1")
