"""A message comes in: what it asks for, the message and the answer are kept together, or nothing is.

The same message again gets the answer of the first time; one that was refused left nothing and is judged anew.
Source: spec/engine.md E37, E38, scenarios S5, S7.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from django.db import IntegrityError, transaction

from tallystick.errors import NotFound
from tallystick.server.messages import moment, outbox
from tallystick.server.messages.course import State
from tallystick.server.messages.envelope import Answer, Envelope, Fault, Outcome, accepted, fault_of, refused
from tallystick.server.messages.models import Direction, Peer, Transaction
from tallystick.server.messages.operation import faults, operation

SEEN: Final = timedelta(seconds=5)
"""That a peer was heard is written down again after so long."""
Handler = Callable[[Peer, Transaction], Answer]
"""Does what a message asks for, within the transaction that keeps it. Raises Refusal, or Parked."""

_handlers: Final[dict[tuple[str, int], Handler]] = {}


class Refusal(Exception):
    """The message asks for what cannot be; all faults at once. Nothing of it is kept but the refusal."""

    def __init__(self, *errors: Fault) -> None:
        super().__init__("; ".join(one.message for one in errors))
        self.errors = errors


class Parked(Exception):
    """The message is kept and waits for something to be mapped, the text says for what; its sender need not know."""


class NotTaken(Exception):
    """The id was used for another message: this one is not even judged."""


def handle(name: str, version: int, handler: Handler) -> None:
    """Makes the handler of an operation known."""
    _handlers[name, version] = handler


def take(peer: Peer, message: Envelope) -> Answer:
    """The answer to a message. Raises NotTaken."""
    try:
        kind = operation(message.operation, message.version)
        handler = _handlers[kind.key]
    except (NotFound, KeyError):
        text = f"There is no operation {message.operation} of version {message.version}."
        return refused(Fault(code="unknown_operation", message=text))
    now = moment.now()
    with transaction.atomic():
        row = Transaction.objects.select_for_update().filter(**_key(peer, message.id)).first()
        is_new = row is None
        if row is None:
            row, is_new = _begun(peer, message, now)
        if row.state in (State.DONE, State.PARKED, State.CANCELLED):
            _check_same(row, message)
            row.attempts += 1
            row.save(update_fields=["attempts"])
            return _kept(row)
        row.operation, row.version, row.body = message.operation, message.version, dict(message.body)
        answer = _judged(peer, row, handler, faults(kind.request, dict(message.body)))
        row.attempts += 1
        row.settled_at = now
        row.save()
        outbox.index(row, is_new=is_new)
        if peer.seen_at is None or now - peer.seen_at > SEEN:
            Peer.objects.filter(pk=peer.pk).update(seen_at=now)
    return answer


def _begun(peer: Peer, message: Envelope, now: datetime) -> tuple[Transaction, bool]:
    """The row of a message that is not here yet, and whether it is a new one: another process may be faster."""
    try:
        with transaction.atomic():
            made = Transaction.objects.create(
                peer=peer,
                direction=Direction.IN,
                correlation=message.id,
                operation=message.operation,
                version=message.version,
                subject=message.subject,
                body=dict(message.body),
                state=State.SENDING,
                created_at=now,
                created_by=peer.name,
            )
    except IntegrityError:
        return Transaction.objects.select_for_update().get(**_key(peer, message.id)), False
    return made, True


def take_up(row: Transaction) -> State:
    """Tries a parked message again, after something was mapped; the state it is in then."""
    with transaction.atomic():
        row = Transaction.objects.select_for_update().select_related("peer").get(pk=row.pk)
        if row.state == State.PARKED:
            _judged(row.peer, row, _handlers[row.operation, row.version], ())
            row.settled_at = moment.now()
            row.save()
    return State(row.state)


def answer_given(peer: Peer, id_: str) -> Answer | None:
    """The answer that a message of this peer got; None when there is no such message."""
    row = Transaction.objects.filter(**_key(peer, id_)).first()
    return None if row is None else _kept(row)


def _key(peer: Peer, id_: str) -> dict[str, object]:
    return {"peer": peer, "direction": Direction.IN, "correlation": id_}


def _judged(peer: Peer, row: Transaction, handler: Handler, wrong: tuple[Fault, ...]) -> Answer:
    """Handles it and notes on the row what came of it."""
    row.errors, row.answer, row.why = [], None, ""
    try:
        if wrong:
            raise Refusal(*wrong)
        with transaction.atomic():
            answer = handler(peer, row)
    except Refusal as error:
        answer = refused(*error.errors)
        row.state, row.errors = State.REFUSED, [one.shown() for one in error.errors]
        row.why = str(error)[:400]
        return answer
    except Parked as error:
        answer = accepted()
        row.state, row.why, row.answer = State.PARKED, str(error)[:400], {}
        return answer
    row.state, row.answer = State.DONE, dict(answer.body)
    return answer


def _kept(row: Transaction) -> Answer:
    if row.state == State.REFUSED:
        return Answer(outcome=Outcome.REFUSED, errors=tuple(fault_of(one) for one in row.errors))
    return accepted(row.answer or {})


def _check_same(row: Transaction, message: Envelope) -> None:
    if (row.operation, row.version, row.body) != (message.operation, message.version, dict(message.body)):
        raise NotTaken("The id of this message was used for another message that was accepted; use a new one.")
