"""Events out of what is there: history of records, runs, and questions are the outbox, written in the transaction of
what happened. They are looked through from where the last look ended; what was found and how far goes down together.

Looks overlap, since rows of transactions that end late turn up behind others; `source` keeps an event from being told
twice. Values of records are not told: who wants them asks the API, which knows what each may see.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import connection, transaction
from django.db.models import Max, Q
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from tallystick.model.plan import RunStatus
from tallystick.server.api.models import Delivery, Endpoint, Event, Reach
from tallystick.server.api.webhooks.endpoints import new_event_id
from tallystick.server.api.webhooks.kinds import Kind
from tallystick.server.records.models import Change
from tallystick.server.records.record_types import BY_NAME
from tallystick.server.state import models as state

AT_ONCE: Final = 500
OVERLAP: Final = 1_000
LATE: Final = timedelta(minutes=2)
BEHIND: Final = 100
GOING: Final = (RunStatus.PLANNING.value, RunStatus.APPLYING.value)
RUN_KINDS: Final = {
    RunStatus.DONE.value: Kind.RUN_FINISHED,
    RunStatus.PARTIAL.value: Kind.RUN_FINISHED,
    RunStatus.FAILED.value: Kind.RUN_FINISHED,
    RunStatus.HELD.value: Kind.RUN_HELD,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    kind: Kind
    source: str
    at: datetime
    data: dict[str, Any]


def collect() -> int:
    """Finds what happened since the last look and makes deliveries of it; how many. Each source in a transaction."""
    wanted = {kind for events in _enabled().values() for kind in events}
    made = 0
    for name, kinds, look, begin in SOURCES:
        if not wanted.isdisjoint(kinds):
            made += _collect(name, look, begin)
        else:
            Reach.objects.filter(pk=name).delete()  # nobody asks: who does later hears of what comes then
    return made


Look = Callable[[str], tuple[list[Found], str]]


def _collect(name: str, look: Look, begin: Callable[[], str]) -> int:
    with transaction.atomic():
        reach = Reach.objects.select_for_update().filter(pk=name).first()
        if reach is None:
            Reach.objects.get_or_create(pk=name, defaults={"place": begin()})
            return 0
        found, place = look(reach.place)
        made = _tell(found) if found else 0
        if place != reach.place:
            Reach.objects.filter(pk=name).update(place=place)
    return made


def _tell(found: Collection[Found]) -> int:
    """Deliveries of those that were not told yet."""
    known = set(Event.objects.filter(source__in=[one.source for one in found]).values_list("source", flat=True))
    endpoints = _enabled()
    wanted = {kind for events in endpoints.values() for kind in events}
    fresh = [one for one in found if one.source not in known and one.kind.value in wanted]
    events = [
        Event(id=new_event_id(), kind=one.kind.value, source=one.source, at=one.at, data=one.data) for one in fresh
    ]
    Event.objects.bulk_create(events)
    now = timezone.now()
    deliveries = [
        Delivery(endpoint_id=endpoint, event=event, next_at=now)
        for event in events
        for endpoint, kinds in endpoints.items()
        if event.kind in kinds
    ]
    Delivery.objects.bulk_create(deliveries)
    return len(deliveries)


def _enabled() -> dict[int, list[str]]:
    return dict(Endpoint.objects.filter(is_enabled=True).values_list("pk", "events"))


# --- records


def _records_begin() -> str:
    last = Change.objects.aggregate(last=Max("seq"))["last"] or 0
    return json.dumps({"begun": last, "last": last, "open": _oldest_open()})


def _records(place: str) -> tuple[list[Found], str]:
    """On PostgreSQL also those behind, of transactions that were open when the last look was taken."""
    reach = json.loads(place)
    now_open = _oldest_open()
    changes = list(Change.objects.filter(seq__gt=reach["last"]).order_by("seq")[:AT_ONCE])
    if connection.vendor == "postgresql":
        late = Change.objects.filter(transaction__gte=reach["open"], seq__gt=reach["begun"], seq__lte=reach["last"])
        changes += list(late.filter(record_type__in=list(BY_NAME)).order_by("seq"))
    found = [
        Found(
            kind=Kind.RECORD_CHANGED,
            source=f"record {change.seq}",
            at=change.at,
            data={
                "record_type": change.record_type,
                "id": change.record,
                "version": change.version,
                "action": change.action,
                "via": change.via,
            },
        )
        for change in changes
    ]
    last = max((change.seq for change in changes), default=reach["last"])
    return found, json.dumps({**reach, "last": max(last, reach["last"]), "open": now_open})


def _oldest_open() -> int:
    """The oldest transaction that may be open now; 0 where transactions end in the order they write."""
    if connection.vendor != "postgresql":
        return 0
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_snapshot_xmin(pg_current_snapshot())::text")
        return int(cursor.fetchone()[0])


# --- runs


def _runs_begin() -> str:
    last = state.Run.objects.aggregate(last=Max("number"))["last"] or 0
    going = list(
        state.Run.objects.filter(status__in=GOING).order_by("-number").values_list("number", flat=True)[:1_000]
    )
    return json.dumps({"begun": last, "last": last, "going": going})


def _runs(place: str) -> tuple[list[Found], str]:
    """Those that began since, and those that were going when last looked at."""
    reach = json.loads(place)
    fresh = Q(number__gt=max(reach["begun"], reach["last"] - BEHIND))
    columns = ("number", "run", "kind", "integration", "status", "by", "started_at", "finished_at")
    rows = state.Run.objects.filter(fresh | Q(number__in=reach["going"])).order_by("number").values(*columns)
    found: list[Found] = []
    going: list[int] = []
    last = reach["last"]
    for row in rows[: AT_ONCE + len(reach["going"])]:
        last = max(last, row["number"])
        kind = RUN_KINDS.get(row["status"])
        if row["status"] in GOING:
            going.append(row["number"])
        if kind is not None:
            data = {name: row[name] for name in columns[1:]}
            ended = parse_datetime(row["finished_at"] or "") or timezone.now()
            found.append(Found(kind=kind, source=f"{row['status']} {row['run']}", at=ended, data=data))
    return found, json.dumps({**reach, "last": last, "going": going[-1_000:]})


# --- questions

COLUMNS: Final = ("number", "kind", "since", "run", "scope__integration", "scope__flow", "decided_at", "decided_by")


def _raised_begin() -> str:
    last = state.Review.objects.aggregate(last=Max("number"))["last"] or 0
    return json.dumps({"begun": last, "last": last})


def _raised(place: str) -> tuple[list[Found], str]:
    reach = json.loads(place)
    reviews = state.Review.objects.order_by("number").values(*COLUMNS)
    rows = list(reviews.filter(number__gt=reach["last"])[:AT_ONCE])
    last = rows[-1]["number"] if rows else reach["last"]
    if connection.vendor == "postgresql":
        behind = max(reach["begun"], reach["last"] - OVERLAP)
        rows += list(reviews.filter(number__gt=behind, number__lte=reach["last"]))
    found = [
        Found(
            kind=Kind.REVIEW_RAISED,
            source=f"raised {row['number']}",
            at=parse_datetime(row["since"]) or timezone.now(),
            data=_question(row),
        )
        for row in rows
    ]
    return found, json.dumps({**reach, "last": last})


def _decided_begin() -> str:
    now = timezone.now().isoformat()
    return json.dumps({"begun": now, "last": now, "number": 0})


def _decided(place: str) -> tuple[list[Found], str]:
    """In the order of their moments; those of the last minutes again, for an answer may be slow to be kept."""
    reach = json.loads(place)
    answered = state.Review.objects.filter(status="decided")
    beyond = Q(decided_at__gt=reach["last"]) | Q(decided_at=reach["last"], number__gt=reach["number"])
    rows = list(
        answered.filter(beyond, decided_at__gte=reach["last"])
        .order_by("decided_at", "number")
        .values(*COLUMNS)[:AT_ONCE]
    )
    if rows:
        reach = {**reach, "last": rows[-1]["decided_at"], "number": rows[-1]["number"]}
    since = ((parse_datetime(reach["last"]) or timezone.now()) - LATE).isoformat()
    recent = answered.filter(decided_at__gte=max(reach["begun"], since), decided_at__lte=reach["last"])
    rows += list(recent.order_by("-decided_at", "-number").values(*COLUMNS)[:OVERLAP])
    found = {
        f"decided {row['number']} {row['decided_at']}": Found(
            kind=Kind.REVIEW_DECIDED,
            source=f"decided {row['number']} {row['decided_at']}",
            at=parse_datetime(row["decided_at"]) or timezone.now(),
            data={**_question(row), "by": row["decided_by"]},
        )
        for row in rows
    }
    return list(found.values()), json.dumps(reach)


def _question(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "review": row["number"],
        "kind": row["kind"],
        "integration": row["scope__integration"],
        "flow": row["scope__flow"],
        "run": row["run"],
    }


SOURCES: Final[tuple[tuple[str, tuple[str, ...], Look, Callable[[], str]], ...]] = (
    ("records", (Kind.RECORD_CHANGED,), _records, _records_begin),
    ("runs", (Kind.RUN_FINISHED, Kind.RUN_HELD), _runs, _runs_begin),
    ("raised", (Kind.REVIEW_RAISED,), _raised, _raised_begin),
    ("decided", (Kind.REVIEW_DECIDED,), _decided, _decided_begin),
)
