"""What becomes of a transaction after each attempt: a table of cases, without Django, clock or network.

A request is sent, and then it is answered, refused, or nobody knows. Nobody knows is never answered by sending it again
unless the other side says that it is not there. Source: spec/engine.md E28, E37, scenario S5.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final


class State(enum.StrEnum):
    """Of a transaction. Those of `OPEN` go on by themselves."""

    WAITING = "waiting"  # to be sent
    SENDING = "sending"  # an attempt is under way
    UNKNOWN = "unknown"  # sent, the answer is lost: to be looked up
    NEEDS_PERSON = "needs_person"  # the answer is lost and cannot be looked up
    PARKED = "parked"  # waits for something to be mapped
    DONE = "done"
    REFUSED = "refused"  # by the other side, with errors
    FAILED = "failed"  # was not delivered, and is not tried any more
    CANCELLED = "cancelled"


OPEN: Final = (State.WAITING, State.SENDING, State.UNKNOWN)
SENT_AGAIN: Final = (State.REFUSED, State.FAILED, State.NEEDS_PERSON)
"""States from which a person may send a transaction again."""
GIVEN_UP: Final = (State.WAITING, State.UNKNOWN, State.NEEDS_PERSON, State.REFUSED, State.FAILED, State.PARKED)
"""States from which a person may cancel a transaction."""


class Came(enum.StrEnum):
    """What came of an attempt to send."""

    ANSWERED = "answered"
    REFUSED = "refused"
    NOT_SENT = "not_sent"  # certainly not taken: no connection, or told to come later
    NOT_TAKEN = "not_taken"  # certainly not taken, and trying again is of no use
    LOST = "lost"  # it may have been taken
    UNMAPPED = "unmapped"  # certainly not taken: something of it has first to be mapped


class Found(enum.StrEnum):
    """What came of a look-up."""

    ANSWERED = "answered"
    REFUSED = "refused"
    ABSENT = "absent"
    UNANSWERED = "unanswered"
    CANNOT = "cannot"  # the other side has no look-up


WAITS_S: Final = (5, 15, 60, 300, 900, 3_600, 3_600, 7_200, 14_400, 14_400, 14_400, 28_800)
"""Between attempts that were not taken: about a day in all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What the course depends on."""

    is_repeatable: bool  # the operation
    can_look_up: bool  # the peer
    attempts: int  # so far, this one among them
    now: datetime
    patience: timedelta  # how long the peer may still be at a request whose answer is lost
    lost_at: datetime | None = None
    sends: int = 1  # attempts to send so far, whatever `attempts` counts
    was_refused: bool = False  # an attempt before this one, under the same id: it left nothing there


@dataclass(frozen=True, slots=True, kw_only=True)
class Next:
    """`at` is when it goes on by itself; None when it does not."""

    state: State
    at: datetime | None = None


def after_attempt(came: Came, case: Case) -> Next:
    match came:
        case Came.ANSWERED:
            return Next(state=State.DONE)
        case Came.REFUSED:
            return Next(state=State.REFUSED)
        case Came.NOT_TAKEN:
            return Next(state=State.FAILED)
        case Came.UNMAPPED:
            return Next(state=State.PARKED)
        case Came.NOT_SENT:
            return _later(State.WAITING, State.FAILED, case)
        case Came.LOST:
            if case.is_repeatable:
                return _later(State.WAITING, State.FAILED, case)
            if case.can_look_up:
                return Next(state=State.UNKNOWN, at=case.now)
            return Next(state=State.NEEDS_PERSON)


def after_look_up(found: Found, case: Case) -> Next:
    """`case.attempts` counts look-ups since the answer was lost."""
    match found:
        case Found.ANSWERED:
            return Next(state=State.DONE)
        case Found.REFUSED if not case.was_refused:
            return Next(state=State.REFUSED)
        case Found.CANNOT:
            return Next(state=State.NEEDS_PERSON)
        case Found.UNANSWERED:
            return _later(State.UNKNOWN, State.NEEDS_PERSON, case)
        case _:  # absent; or the refusal of an attempt before, which says nothing of the corrected one
            believed_at = case.lost_at + case.patience if case.lost_at is not None else case.now
            if case.now < believed_at:
                return Next(state=State.UNKNOWN, at=believed_at)
            if case.sends == 1:
                return Next(state=State.WAITING, at=case.now)
            return _later(State.WAITING, State.FAILED, replace(case, attempts=case.sends))


def _later(state: State, end: State, case: Case) -> Next:
    if case.attempts > len(WAITS_S):
        return Next(state=end)
    return Next(state=state, at=case.now + timedelta(seconds=WAITS_S[case.attempts - 1]))
