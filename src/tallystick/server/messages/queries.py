"""Messages as the monitor and the API list them: narrowed, searched, newest first (spec/work-orders.md W4)."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from tallystick.errors import NotFound
from tallystick.server.messages.course import State
from tallystick.server.messages.models import Direction, Peer, Transaction
from tallystick.server.messages.operation import known
from tallystick.server.people.actor import Actor

VIEW = "messaging.view_message"
TROUBLED = (State.NEEDS_PERSON, State.PARKED, State.FAILED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Empty fields do not narrow."""

    words: str = ""
    state: str = ""
    direction: str = ""
    operation: str = ""
    peer: str = ""
    about: str = ""


def transactions(actor: Actor, wanted: Wanted) -> QuerySet[Transaction, Transaction]:
    """Raises NotAllowed."""
    actor.check(VIEW)
    rows = Transaction.objects.select_related("peer")
    if wanted.state in list(State):
        rows = rows.filter(state=wanted.state)
    if wanted.direction in Direction.values:
        rows = rows.filter(direction=wanted.direction)
    if wanted.operation in {one.name for one in known()}:
        rows = rows.filter(operation=wanted.operation)
    if wanted.peer:
        rows = rows.filter(peer__in=Peer.objects.filter(name=wanted.peer))
    if wanted.about:
        rows = rows.filter(about=wanted.about)
    for word in wanted.words.replace("\0", "").casefold().split()[:8]:
        rows = rows.filter(words__text__contains=word)  # joined: the newest that fit are found without reading all
    return rows


def one(actor: Actor, number: int) -> Transaction:
    """Raises NotAllowed, NotFound."""
    actor.check(VIEW)
    found = Transaction.objects.select_related("peer").filter(pk=number).first()
    if found is None:
        raise NotFound(_("There is no such message."), hint=_("The list of messages shows those there are."))
    return found


def in_trouble(actor: Actor) -> int:
    """Messages that wait for a person; one cheap query."""
    return Transaction.objects.filter(state__in=TROUBLED, peer__is_enabled=True).count()
