"""What people do about transactions: send again, settle, cancel, take up what was parked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from tallystick.errors import AlreadyDecided, InputRefused, NotFound
from tallystick.server.messages import moment, outbox, partners, receiving
from tallystick.server.messages.courier import close_off, settle
from tallystick.server.messages.course import GIVEN_UP, SENT_AGAIN, State
from tallystick.server.messages.envelope import accepted
from tallystick.server.messages.models import Direction, Transaction
from tallystick.server.messages.operation import faults, operation
from tallystick.server.people.actor import Actor
from tallystick.server.people.domain.audit import audit

HANDLE = "messaging.handle_message"


def send_again(
    actor: Actor, number: int, *, body: Mapping[str, Any] | None = None, is_absent: bool = False
) -> Transaction:
    """A further attempt of the same transaction, with a corrected body where one is given.

    One whose answer is lost takes `is_absent`: the person looked, and it is not there. Raises NotAllowed, NotFound,
    InputRefused, AlreadyDecided. Source: scenarios S5, S6.
    """
    actor.check(HANDLE)
    with transaction.atomic():
        row = _held(number)
        if row.direction != Direction.OUT:
            raise InputRefused(_("A message that was received is not sent; ask its sender to send it again."))
        again(row, body=body, is_absent=is_absent)
        audit(actor, "messaging.send_again", subject=row, details={"corrected": body is not None})
    return row


def again(row: Transaction, *, body: Mapping[str, Any] | None = None, is_absent: bool = False) -> None:
    """The same without a permission: within the transaction around, for actions that have one of their own."""
    if row.state not in SENT_AGAIN:
        raise _moved_on(row)
    partners.check_in_use(row.peer)
    if row.state == State.NEEDS_PERSON and not is_absent:
        raise InputRefused(
            _("Whether the message arrived is not known, so it was not sent again."),
            hint=_("Look on the other side first; send it again only if it is not there."),
        )
    if body is not None:
        if wrong := faults(operation(row.operation, row.version).request, dict(body)):
            raise InputRefused(
                _("The message is not what was agreed on."), fields={one.field or "body": one.message for one in wrong}
            )
        row.body = dict(body)
    row.state, row.next_at, row.why, row.errors = State.WAITING, moment.now(), "", []
    row.settled_at = row.lost_at = row.leased_until = None
    row.look_ups = 0
    row.save()
    outbox.index(row)


def settle_as_done(actor: Actor, number: int, body: Mapping[str, Any]) -> Transaction:
    """A person found it on the other side: `body` is what the answer would have said.

    Raises NotAllowed, NotFound, InputRefused, AlreadyDecided.
    """
    actor.check(HANDLE)
    with transaction.atomic():
        row = _held(number)
        if row.state != State.NEEDS_PERSON:
            raise _moved_on(row)
        if wrong := faults(operation(row.operation, row.version).response, dict(body)):
            raise InputRefused(
                _("That is not what an answer says."), fields={one.field or "body": one.message for one in wrong}
            )
        settle(row, accepted(body), by=actor.name)
        audit(actor, "messaging.settle", subject=row)
    return row


def cancel(actor: Actor, number: int) -> Transaction:
    """It is not sent, or not tried any more. Raises NotAllowed, NotFound, AlreadyDecided."""
    actor.check(HANDLE)
    with transaction.atomic():
        row = _held(number)
        if row.state not in GIVEN_UP:
            raise _moved_on(row)
        close_off(row, State.CANCELLED, why=_("Cancelled by {name}.").format(name=actor.name))
        audit(actor, "messaging.cancel", subject=row)
    return row


def take_up(actor: Actor, number: int) -> State:
    """Tries a parked message again. Raises NotAllowed, NotFound, AlreadyDecided."""
    actor.check(HANDLE)
    row = Transaction.objects.select_related("peer").filter(pk=number).first()
    if row is None:
        raise _missing()
    if row.state != State.PARKED:
        raise _moved_on(row)
    partners.check_in_use(row.peer)
    if row.direction == Direction.OUT:
        outbox.unpark(Transaction.objects.filter(pk=number))
        return State.WAITING
    return receiving.take_up(row)


def _held(number: int) -> Transaction:
    row = Transaction.objects.select_for_update(of=("self",)).select_related("peer").filter(pk=number).first()
    if row is None:
        raise _missing()
    return row


def _missing() -> NotFound:
    return NotFound(_("There is no such message."), hint=_("The list of messages shows those there are."))


def _moved_on(row: Transaction) -> AlreadyDecided:
    return AlreadyDecided(
        _("The message has moved on: {state}.").format(state=row.get_state_display()),
        hint=_("Load the page again to see where it stands."),
    )
