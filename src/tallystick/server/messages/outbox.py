"""Messages are written here, in the database transaction of what they tell; `courier` takes them from here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db import transaction
from django.db.models import QuerySet

from tallystick.runs.world import TimeIds
from tallystick.server.messages import moment
from tallystick.server.messages.course import State
from tallystick.server.messages.models import Direction, Peer, Transaction, Words
from tallystick.server.messages.operation import faults, operation

_IDS: Final = TimeIds()
LONGEST_WORDS: Final = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """The record a message is about."""

    type: str
    id: str
    called: str  # like C-1042


NOTHING: Final = About(type="", id="", called="")


def put(
    peer: Peer,
    name: str,
    body: Mapping[str, Any],
    *,
    version: int = 1,
    subject: str = "",
    about: About = NOTHING,
    by: str = "",
    correlation: str = "",
    not_before: datetime | None = None,
) -> Transaction:
    """A message to be sent, once the database transaction around it is through. Raises ValueError for a body that
    breaks its own schema: that is a mistake of whoever sends it, not of a person.
    """
    kind = operation(name, version)
    if wrong := faults(kind.request, dict(body)):
        raise ValueError(f"{name} {version}: {wrong[0].field} {wrong[0].message}")
    now = moment.now()
    with transaction.atomic():
        made = Transaction.objects.create(
            correlation=correlation or _IDS.new(),
            direction=Direction.OUT,
            peer=peer,
            operation=name,
            version=version,
            subject=subject[:100],
            body=dict(body),
            state=State.WAITING,
            created_at=now,
            created_by=by[:200],
            next_at=not_before or now,
            about_type=about.type,
            about=about.id,
            about_called=about.called,
        )
        index(made, is_new=True)
    return made


def unpark(rows: QuerySet[Transaction, Transaction]) -> int:
    """What was put and then parked goes on, now that something was mapped; how many."""
    parked = rows.filter(direction=Direction.OUT, state=State.PARKED)
    again = {"state": State.WAITING, "next_at": moment.now(), "why": "", "settled_at": None, "leased_until": None}
    return int(parked.update(**again))


def index(made: Transaction, *, is_new: bool = False) -> None:
    """Makes a transaction findable by its number, ids, and the texts in its bodies."""
    texts = [str(made.number), made.correlation, made.operation, made.subject, made.about_called]
    texts += [*_texts(made.body), *_texts(made.answer), *(str(one.get("message", "")) for one in made.errors)]
    if made.direction == Direction.OUT and made.attempts:
        texts += _of_attempts(made)
    text = " ".join(dict.fromkeys(texts)).casefold()[:LONGEST_WORDS]
    if is_new or not Words.objects.filter(transaction=made).update(text=text):
        Words.objects.create(transaction=made, text=text)


def _of_attempts(made: Transaction) -> list[str]:
    """What was asked before it was corrected, and what came back to that."""
    texts: list[str] = []
    for body, answer in made.tries.values_list("body", "answer"):
        if body != made.body:
            texts += [*_texts(body), answer[:200]]
    return texts


def _texts(value: object) -> list[str]:
    match value:
        case str():
            return [value[:200]]
        case bool() | None:
            return []
        case int() | float():
            return [str(value)]
        case Mapping():
            return [text for one in value.values() for text in _texts(one)]
        case Sequence():
            return [text for one in value for text in _texts(one)]
    return []
