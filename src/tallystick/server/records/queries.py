"""Which records a person may see: every list, page, search and API call begins here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from tallystick.errors import NotFound
from tallystick.server.people.actor import Actor
from tallystick.server.records.codes import EVENT_STATUSES
from tallystick.server.records.entry import Entry
from tallystick.server.records.models import CalendarItem, Person, Relation, Task
from tallystick.server.records.record_types import RecordType

HUB: Final = "default"


def records(kind: RecordType, actor: Actor) -> QuerySet[Entry, Entry]:
    """Records of this type that the actor may see, gone ones too. Raises NotAllowed."""
    actor.check(kind.permission("view"))
    return kind.model._default_manager.using(HUB).filter(_seen(kind, actor))


def live(kind: RecordType, actor: Actor) -> QuerySet[Entry, Entry]:
    """Those that are there. Raises NotAllowed."""
    return records(kind, actor).filter(gone_at__isnull=True)


def hidden(kind: RecordType, actor: Actor) -> QuerySet[Entry, Entry]:
    """Live private records of others that are on somebody's calendar all the same: of these only the time may be told.

    Calendar items that are cancelled or shown as free keep nobody busy. Source: spec/pim.md P21, P22, P24.
    """
    actor.check(kind.permission("view"))
    if actor.person is None or not kind.is_private_to_people:
        return kind.model._default_manager.using(HUB).none()
    rows: Any = kind.model._default_manager.using(HUB)
    private = rows.filter(gone_at__isnull=True, is_private=True)
    private = private.exclude(pk__in=private.filter(_own(actor)).values("pk"))
    if kind.name == "calendar_item":
        cancelled = [code for code in EVENT_STATUSES.kept if EVENT_STATUSES.behaves_like(code) == "cancelled"]
        private = private.exclude(status__in=cancelled).exclude(show_as="free")
    found: QuerySet[Entry, Entry] = private
    return found


def seen_or_busy(kind: RecordType, actor: Actor) -> QuerySet[Entry, Entry]:
    """Live ones the actor may see, and the `hidden` ones, of which only the time may be told. Raises NotAllowed."""
    busy = hidden(kind, actor)
    rows = kind.model._default_manager.using(HUB).filter(gone_at__isnull=True)
    return rows if busy.query.is_empty() else rows.filter(_seen(kind, actor) | Q(pk__in=busy.values("pk")))


def one(kind: RecordType, actor: Actor, id_: str) -> Entry:
    """A record the actor may see, gone or not. Raises NotAllowed and NotFound."""
    found = records(kind, actor).filter(pk=id_).first()
    if found is None:
        raise missing(kind)
    return found


def missing(kind: RecordType) -> NotFound:
    return NotFound(
        _("There is no such {thing}, or it is not for you to see.").format(thing=kind.title),
        hint=_("It may have been deleted for good; search for it by its number or name."),
    )


def check_seen(kind: RecordType, actor: Actor, ids: Iterable[str]) -> None:
    """Raises NotFound when one of the records is there and not for the actor to see."""
    if not _has_private(kind) or actor.person is None:
        return
    wanted = set(ids)
    query = kind.model._default_manager.using(HUB).filter(pk__in=wanted)
    hidden = query.exclude(pk__in=query.filter(_seen(kind, actor)).values("pk"))
    if hidden.exists():
        raise missing(kind)


def _has_private(kind: RecordType) -> bool:
    return kind.is_private_to_people or kind.name == "note"


def _seen(kind: RecordType, actor: Actor) -> Any:
    """Private tasks and calendar items are their creator's, owner's and assignees'; notes go with what they are about.

    A run and the command line, which are nobody, see everything.
    """
    if actor.person is None or not _has_private(kind):
        return Q()
    if kind.is_private_to_people:
        return _own(actor)
    hidden: Sequence[tuple[str, Any]] = (("task", Task), ("calendar_item", CalendarItem))
    found: Any = Q()
    for name, model in hidden:
        own = model.objects.using(HUB).filter(_own(actor), pk=OuterRef(f"{name}_id"))
        found &= Q(**{f"{name}__isnull": True}) | Exists(own)
    return found


def _own(actor: Actor) -> Any:
    user = str(actor.person)
    people = Person.objects.using(HUB).filter(user=user)
    assigned = Relation.objects.using(HUB).filter(
        record=OuterRef("pk"), field="assignees", target__in=people.values("pk")
    )
    return Q(is_private=False) | Q(creator=user) | Q(owner__in=people.values("pk")) | Exists(assigned)
