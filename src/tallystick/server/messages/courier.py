"""Takes messages from the outbox to their receivers, one step at a time; each step is durable before the next begins.

claim (attempt written) -> send or look up -> conclude (what came of it, and its effect, in one transaction). Killed in
between, the lease runs out and the transaction goes on from what was written. Source: spec/engine.md E27-E29, S5.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from tallystick.server.messages import moment, outbox
from tallystick.server.messages.course import OPEN, Came, Case, Found, Next, State, after_attempt, after_look_up
from tallystick.server.messages.envelope import Answer, Envelope
from tallystick.server.messages.models import Attempt, Direction, Peer, Purpose, Transaction
from tallystick.server.messages.operation import faults, operation
from tallystick.server.messages.transports import LookedUp, Sent, Transport, transport_of

AT_ONCE: Final = 50
MARGIN: Final = timedelta(seconds=30)
"""A step that has taken so much longer than the peer's time-out is taken for dead."""
SEEN: Final = timedelta(seconds=5)
"""That a peer is well is written down again after so long."""
ENDED: Final = "The process ended while it was being sent; whether it arrived is not known."
Concluded = Callable[[Transaction], None]
"""What follows from a transaction that came to an end (or has to wait for a person), within the same transaction."""

_concluded: Final[dict[tuple[str, int], Concluded]] = {}


class Point(enum.StrEnum):
    """Between two steps; tests die at them."""

    CLAIMED = "claimed"
    SENT = "sent"
    CONCLUDED = "concluded"


def when_concluded(name: str, version: int, do: Concluded) -> None:
    """Makes known what follows from the end of an operation that the hub sent."""
    _concluded[name, version] = do


@dataclass(frozen=True, slots=True, kw_only=True)
class _Claim:
    number: int
    attempt: int  # the row
    purpose: Purpose
    peer: Peer
    message: Envelope


class Courier:
    """`watch` is told of each point between two steps; `transport` gives the way to a peer."""

    def __init__(
        self,
        *,
        transport: Callable[[Peer], Transport] = transport_of,
        watch: Callable[[Point], None] = lambda _point: None,
    ) -> None:
        self._transport, self._watch = transport, watch

    def deliver_due(self) -> int:
        """Everything that is due now, in order for each subject; how many steps were taken."""
        taken = 0
        while numbers := [*_due(moment.now()).values_list("pk", flat=True)[:AT_ONCE]]:
            moved = sum(self.deliver(number) for number in numbers)
            taken += moved
            if not moved:  # others were faster with all of them
                break
        return taken

    def deliver(self, number: int) -> bool:
        """The next step of one transaction; whether there was one to take."""
        claim = _claim(number)
        if claim is None:
            return False
        self._watch(Point.CLAIMED)
        if claim.purpose is Purpose.SEND:
            sent = self._transport(claim.peer).send(claim.peer, claim.message)
            self._watch(Point.SENT)
            _conclude_sent(claim, _held_to_schema(claim, sent))
        else:
            found = self._transport(claim.peer).look_up(claim.peer, claim.message.id)
            self._watch(Point.SENT)
            _conclude_found(claim, found)
        self._watch(Point.CONCLUDED)
        return True

    def deliver_now(self, number: int) -> Transaction:
        """Synchronously: the transaction as it is after its first step, answered or not."""
        self.deliver(number)
        return Transaction.objects.select_related("peer").get(pk=number)


def _due(now: datetime) -> QuerySet[Transaction, Transaction]:
    """The head of each line, where it is time."""
    earlier = Transaction.objects.filter(
        peer=OuterRef("peer"),
        subject=OuterRef("subject"),
        number__lt=OuterRef("number"),
        direction=Direction.OUT,
        state__in=OPEN,
    )
    return (
        Transaction.objects.filter(direction=Direction.OUT, state__in=OPEN, next_at__lte=now)
        .filter(Q(leased_until__isnull=True) | Q(leased_until__lte=now))
        .filter(peer__is_enabled=True, peer__is_paused=False)
        .filter(Q(subject="") | ~Exists(earlier))
        .order_by("number")
    )


def _claim(number: int) -> _Claim | None:
    now = moment.now()
    with transaction.atomic():
        rows = _due(now).filter(pk=number)
        if connection.vendor == "postgresql":
            rows = rows.select_for_update(skip_locked=True, of=("self",))
        row = rows.select_related("peer").first()
        if row is None:
            return None
        if row.state == State.SENDING and not _outlived(row, now):
            return None
        is_first = not row.attempts  # then there are no tries yet
        if not is_first:
            row.tries.filter(ended_at__isnull=True).update(ended_at=now, came=Came.LOST, message=ENDED)
        purpose = Purpose.LOOK_UP if row.state == State.UNKNOWN else Purpose.SEND
        if purpose is Purpose.SEND:
            row.state = State.SENDING
        row.leased_until = now + timedelta(seconds=row.peer.timeout_s) + MARGIN
        row.attempts += purpose is Purpose.SEND
        row.look_ups += purpose is Purpose.LOOK_UP
        row.save(update_fields=["state", "why", "next_at", "lost_at", "leased_until", "attempts", "look_ups"])
        attempt = Attempt.objects.create(
            transaction=row,
            ordinal=1 if is_first else row.tries.count() + 1,
            purpose=purpose,
            body=row.body,
            started_at=now,
        )
        message = Envelope(
            id=row.correlation,
            operation=row.operation,
            version=row.version,
            subject=row.subject,
            body=row.body,
            sent_at=now,
        )
        return _Claim(number=row.pk, attempt=attempt.pk, purpose=purpose, peer=row.peer, message=message)


def _outlived(row: Transaction, now: datetime) -> bool:
    """Whoever was sending it died: nobody knows whether it arrived. Whether something is to be done at once."""
    row.tries.filter(ended_at__isnull=True).update(ended_at=now, came=Came.LOST, message=ENDED)
    row.lost_at = row.tries.latest("ordinal").started_at
    _move(row, after_attempt(Came.LOST, _case(row, now)), ENDED)
    if row.state in OPEN and row.next_at is not None and row.next_at <= now:
        return True
    row.leased_until = None
    row.save()
    if row.state not in OPEN:
        _follow(row)
    return False


def _held_to_schema(claim: _Claim, sent: Sent) -> Sent:
    """An answer that is not what was agreed on tells nothing."""
    if sent.came is not Came.ANSWERED or sent.answer is None:
        return sent
    wrong = faults(operation(claim.message.operation, claim.message.version).response, dict(sent.answer.body))
    if not wrong:
        return sent
    message = f"The answer is not what was agreed on: {wrong[0].field} {wrong[0].message}"
    return Sent(came=Came.LOST, status=sent.status, raw=sent.raw, message=message[:400])


def _conclude_sent(claim: _Claim, sent: Sent) -> None:
    now = moment.now()
    with transaction.atomic():
        row = _row(claim)
        _close(claim, now, sent.came, sent.status, sent.raw, sent.message)
        if not _is_ours(row, claim):
            return
        if sent.came is Came.LOST:
            row.lost_at, row.look_ups = now, 0
        _move(row, after_attempt(sent.came, _case(row, now)), sent.message)
        _end(row, sent.answer, now)
        _note_health(row.peer, sent.came in (Came.ANSWERED, Came.REFUSED), sent.message, now)


def _conclude_found(claim: _Claim, looked: LookedUp) -> None:
    now = moment.now()
    found = looked.found
    if found is Found.ANSWERED and looked.answer is not None:
        kind = operation(claim.message.operation, claim.message.version)
        if faults(kind.response, dict(looked.answer.body)):
            found = Found.UNANSWERED
    with transaction.atomic():
        row = _row(claim)
        _close(claim, now, found, looked.status, looked.raw, looked.message)
        if not _is_ours(row, claim):
            return
        earlier = row.tries.exclude(pk=claim.attempt)  # a refusal may itself have been learnt by a look-up
        was_refused = earlier.filter(came__in=(Came.REFUSED, Found.REFUSED)).exists()
        case = replace(_case(row, now, look_ups=True), was_refused=was_refused)
        _move(row, after_look_up(found, case), looked.message or row.why)
        is_over = row.state in (State.DONE, State.REFUSED)
        _end(row, looked.answer if is_over else None, now)
        _note_health(row.peer, found is not Found.UNANSWERED, looked.message, now)


def _row(claim: _Claim) -> Transaction:
    rows = Transaction.objects.select_related("peer")
    return (rows.select_for_update(of=("self",)) if connection.vendor == "postgresql" else rows).get(pk=claim.number)


def _is_ours(row: Transaction, claim: _Claim) -> bool:
    """Nobody took it over meanwhile, because this step took too long."""
    return row.state in OPEN and row.tries.order_by("-ordinal").values_list("pk", flat=True).first() == claim.attempt


def _case(row: Transaction, now: datetime, *, look_ups: bool = False) -> Case:
    return Case(
        is_repeatable=operation(row.operation, row.version).is_repeatable and transport_of(row.peer).knows_repeats,
        can_look_up=row.peer.can_look_up,
        attempts=max(row.look_ups if look_ups else row.attempts, 1),
        now=now,
        patience=2 * timedelta(seconds=row.peer.timeout_s),
        lost_at=row.lost_at,
        sends=max(row.attempts, 1),
    )


def _close(claim: _Claim, now: datetime, came: Came | Found, status: int | None, raw: str, message: str) -> None:
    Attempt.objects.filter(pk=claim.attempt).update(
        ended_at=now, came=came.value, status=status, answer=raw, message=message[:400]
    )


def _move(row: Transaction, following: Next, why: str) -> None:
    row.state, row.next_at, row.why = following.state, following.at, why[:400]


def _end(row: Transaction, answer: Answer | None, now: datetime) -> None:
    if answer is not None:
        row.answer, row.errors = dict(answer.body), [one.shown() for one in answer.errors]
        row.why = " ".join(one.message for one in answer.errors)[:400]
    row.leased_until = None
    if row.state not in OPEN:
        row.settled_at = now
    row.save()
    if row.state not in OPEN:
        if row.answer or row.errors:  # else it is found by what it asked
            outbox.index(row)
        _follow(row)


def _follow(row: Transaction) -> None:
    follow = _concluded.get((row.operation, row.version))
    if follow is not None:
        follow(row)


def settle(row: Transaction, answer: Answer, *, by: str) -> None:
    """A person says what became of it; in the transaction around. The row is held by the caller."""
    now = moment.now()
    Attempt.objects.create(
        transaction=row,
        ordinal=row.tries.count() + 1,
        purpose=Purpose.PERSON,
        body=row.body,
        started_at=now,
        ended_at=now,
        came=Came.ANSWERED if answer.is_accepted else Came.REFUSED,
        by=by[:200],
    )
    _move(row, Next(state=State.DONE if answer.is_accepted else State.REFUSED), "")
    _end(row, answer, now)


def close_off(row: Transaction, state: State, *, why: str) -> None:
    """Ends a transaction without an answer; in the transaction around."""
    _move(row, Next(state=state), why)
    _end(row, None, moment.now())


def _note_health(peer: Peer, is_well: bool, message: str, now: datetime) -> None:
    if is_well:
        if not peer.fault and peer.seen_at is not None and now - peer.seen_at < SEEN:
            return
        Peer.objects.filter(pk=peer.pk).update(seen_at=now, fault="", fault_at=None)
    else:
        Peer.objects.filter(pk=peer.pk).update(fault=message[:400], fault_at=now)
