"""What becomes of a transaction: never sent again unless the other side says that it is not there."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tallystick.server.messages.course import (
    WAITS_S,
    Came,
    Case,
    Found,
    Next,
    State,
    after_attempt,
    after_look_up,
)
from tallystick.testing.clock import EPOCH

PATIENCE = timedelta(seconds=30)


def case(**changes):
    values = {
        "is_repeatable": False,
        "can_look_up": True,
        "attempts": 1,
        "now": EPOCH,
        "patience": PATIENCE,
        "lost_at": EPOCH,
    }
    return Case(**{**values, **changes})


@pytest.mark.parametrize(
    ("came", "changes", "expected"),
    [
        (Came.ANSWERED, {}, Next(state=State.DONE)),
        (Came.REFUSED, {}, Next(state=State.REFUSED)),
        (Came.NOT_TAKEN, {}, Next(state=State.FAILED)),
        (Came.NOT_SENT, {}, Next(state=State.WAITING, at=EPOCH + timedelta(seconds=WAITS_S[0]))),
        (Came.NOT_SENT, {"attempts": len(WAITS_S) + 1}, Next(state=State.FAILED)),
        (Came.LOST, {}, Next(state=State.UNKNOWN, at=EPOCH)),
        (Came.LOST, {"can_look_up": False}, Next(state=State.NEEDS_PERSON)),
        (Came.LOST, {"is_repeatable": True}, Next(state=State.WAITING, at=EPOCH + timedelta(seconds=WAITS_S[0]))),
    ],
)
def test_attempt_leads_on_E28_S5(came, changes, expected):
    assert after_attempt(came, case(**changes)) == expected


@pytest.mark.parametrize(
    ("found", "changes", "expected"),
    [
        (Found.ANSWERED, {}, Next(state=State.DONE)),
        (Found.REFUSED, {}, Next(state=State.REFUSED)),
        (Found.CANNOT, {}, Next(state=State.NEEDS_PERSON)),
        (Found.UNANSWERED, {"attempts": 2}, Next(state=State.UNKNOWN, at=EPOCH + timedelta(seconds=WAITS_S[1]))),
        (Found.UNANSWERED, {"attempts": len(WAITS_S) + 1}, Next(state=State.NEEDS_PERSON)),
        (Found.ABSENT, {}, Next(state=State.UNKNOWN, at=EPOCH + PATIENCE)),
        (Found.ABSENT, {"now": EPOCH + PATIENCE}, Next(state=State.WAITING, at=EPOCH + PATIENCE)),
        (
            Found.ABSENT,
            {"now": EPOCH + PATIENCE, "sends": 3},
            Next(state=State.WAITING, at=EPOCH + PATIENCE + timedelta(seconds=WAITS_S[2])),
        ),
        (Found.ABSENT, {"now": EPOCH + PATIENCE, "sends": len(WAITS_S) + 1}, Next(state=State.FAILED)),
    ],
)
def test_look_up_leads_on_and_absence_is_believed_late_E28_S5(found, changes, expected):
    assert after_look_up(found, case(**changes)) == expected


def test_lost_answer_is_never_followed_by_sending_without_a_look_up_S5():
    for can_look_up in (True, False):
        for attempts in range(1, len(WAITS_S) + 3):
            following = after_attempt(Came.LOST, case(can_look_up=can_look_up, attempts=attempts))
            assert following.state not in (State.WAITING, State.SENDING)


def test_refusal_of_an_attempt_before_says_nothing_of_the_corrected_one_S6():
    lost = {"attempts": 1, "sends": 2, "lost_at": EPOCH}
    assert after_look_up(Found.REFUSED, case(**lost)) == Next(state=State.REFUSED)
    early = after_look_up(Found.REFUSED, case(**lost, was_refused=True))
    assert early == Next(state=State.UNKNOWN, at=EPOCH + PATIENCE)
    late = case(**{**lost, "lost_at": EPOCH - PATIENCE}, was_refused=True)
    assert after_look_up(Found.REFUSED, late) == Next(state=State.WAITING, at=EPOCH + timedelta(seconds=WAITS_S[1]))
