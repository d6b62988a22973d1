"""Samples of what people do: cases, notes, tasks, calendar items, sales, service orders."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from tallystick.model.value import Value
from tallystick.server.records.samples.places import TROUBLES
from tallystick.server.records.values import list_of, stamp

if TYPE_CHECKING:
    from tallystick.server.records.samples.fill import _Filling

Rows = list[dict[str, Value]]


def fill(filling: _Filling) -> None:
    """In numbers that go with the assets and accounts there are."""
    assets, accounts = len(filling.assets), len(filling.accounts)
    if not filling.assets or not filling.people:
        return
    cases = filling.make("case", _cases(filling, assets // 8))
    filling.make("note", _notes(filling, cases, assets // 10))
    leads = filling.make("lead", _leads(filling, accounts // 4))
    opportunities = filling.make("opportunity", _opportunities(filling, leads, accounts // 4))
    orders = filling.make("service_order", _orders(filling, cases, assets // 16))
    filling.make("task", _tasks(filling, leads, opportunities, orders, cases, assets // 10))
    filling.make("calendar_item", _items(filling, opportunities, orders, assets // 14))


def _cases(filling: _Filling, count: int) -> Rows:
    chance = filling.chance
    rows: Rows = []
    for _ in range(count):
        asset, account = chance.choice(filling.assets)
        rows.append(
            {
                "subject": f"Asset {chance.choice(TROUBLES)}",
                "status": chance.choices(("open", "in_progress", "on_hold", "resolved", "closed"), (3, 3, 1, 2, 6))[0],
                "priority": chance.choices(("low", "normal", "high", "urgent"), (2, 6, 2, 1))[0],
                "source": chance.choice(("phone", "email", "web", "monitoring")),
                "account": account.id,
                "asset": asset,
                "person": chance.choice(filling.people)[0],
                "owner": chance.choice(filling.workers),
                "team": filling.teams[0],
                "due_at": stamp(_moment(filling, -20, 20)),
                "description": "Reported by the customer; details were taken on the telephone.",
            }
        )
    return rows


def _notes(filling: _Filling, cases: Sequence[str], count: int) -> Rows:
    chance = filling.chance
    texts = ("Called back, nobody there.", "Part ordered.", "Customer agrees to Tuesday.", "Restarted, works again.")
    return [
        {
            "subject": "Call",
            "body": chance.choice(texts),
            "case": chance.choice(cases),
            "author": chance.choice(filling.workers),
            "is_internal": chance.choice(("true", "false")),
        }
        for _ in range(count if cases else 0)
    ]


def _leads(filling: _Filling, count: int) -> Rows:
    chance = filling.chance
    rows: Rows = []
    for number in range(count):
        person, account = chance.choice(filling.people)
        rows.append(
            {
                "name": f"Maintenance for {account.name}"[:150],
                "status": chance.choice(("new", "working", "qualified", "disqualified")),
                "source": chance.choice(("website", "referral", "service", "campaign")),
                "account": account.id,
                "person": person,
                "company_name": account.name,
                "owner": filling.workers[number % 12],
                "team": filling.teams[3],
                "estimated_value": str(chance.randint(5, 400) * 100),
                "currency": account.land.currency,
                "closes_on": _moment(filling, 5, 120).date().isoformat(),
            }
        )
    return rows


def _opportunities(filling: _Filling, leads: Sequence[str], count: int) -> Rows:
    chance = filling.chance
    rows: Rows = []
    for number in range(count):
        person, account = chance.choice(filling.people)
        rows.append(
            {
                "name": f"Renewal {account.name}"[:150],
                "stage": chance.choice(("prospecting", "qualification", "proposal", "negotiation", "won", "lost")),
                "probability": str(chance.choice((10, 25, 50, 75, 90))),
                "account": account.id,
                "person": person,
                "lead": chance.choice(leads) if leads and number % 3 == 0 else None,
                "owner": filling.workers[number % 12],
                "team": filling.teams[3],
                "amount": str(chance.randint(10, 900) * 100),
                "currency": account.land.currency,
                "closes_on": _moment(filling, 5, 200).date().isoformat(),
            }
        )
    return rows


def _orders(filling: _Filling, cases: Sequence[str], count: int) -> Rows:
    chance = filling.chance
    rows: Rows = []
    for _ in range(count):
        asset, account = chance.choice(filling.assets)
        start = _moment(filling, -30, 30)
        rows.append(
            {
                "subject": f"Visit: asset {chance.choice(TROUBLES)}",
                "kind": chance.choice(("repair", "maintenance", "installation", "inspection")),
                "status": chance.choices(("new", "scheduled", "in_progress", "completed", "closed"), (2, 4, 2, 3, 2))[
                    0
                ],
                "account": account.id,
                "asset": asset,
                "case": chance.choice(cases) if cases and chance.random() < 0.5 else None,
                "owner": chance.choice(filling.workers),
                "team": chance.choice(filling.teams[1:3]),
                "technicians": list_of(chance.sample(filling.workers, 1 + chance.randint(0, 1))),
                "scheduled_start_at": stamp(start),
                "scheduled_end_at": stamp(start + timedelta(hours=chance.randint(1, 6))),
            }
        )
    return rows


def _tasks(
    filling: _Filling,
    leads: Sequence[str],
    opportunities: Sequence[str],
    orders: Sequence[str],
    cases: Sequence[str],
    count: int,
) -> Rows:
    chance = filling.chance
    related = [(name, ids) for name, ids in _related(leads, opportunities, orders, cases) if ids]
    rows: Rows = []
    for number in range(count):
        start = _moment(filling, -30, 30).date()
        row: dict[str, Value] = {
            "subject": chance.choice(("Call back", "Send offer", "Order part", "Check contract", "Update inventory")),
            "status": chance.choices(("open", "in_progress", "completed", "cancelled"), (4, 2, 4, 1))[0],
            "priority": chance.choices(("low", "normal", "high"), (2, 6, 2))[0],
            "starts_on": start.isoformat(),
            "due_on": (start + timedelta(days=chance.randint(0, 14))).isoformat(),
            "owner": chance.choice(filling.workers),
            "assignees": list_of(chance.sample(filling.workers, 1)),
            "is_private": "true" if number % 25 == 0 else "false",
        }
        if related and chance.random() < 0.7:
            name, ids = chance.choice(related)
            row[name] = chance.choice(ids)
        rows.append(row)
    return rows


def _items(filling: _Filling, opportunities: Sequence[str], orders: Sequence[str], count: int) -> Rows:
    chance = filling.chance
    related = [(name, ids) for name, ids in (("opportunity", opportunities), ("service_order", orders)) if ids]
    rows: Rows = []
    for number in range(count):
        start = _moment(filling, -30, 60)
        row: dict[str, Value] = {
            "subject": chance.choice(("Site visit", "Team meeting", "Review", "Customer call", "Training")),
            "owner": chance.choice(filling.workers),
            "assignees": list_of(chance.sample(filling.workers, 2)),
            "zone": "Europe/Berlin",
            "is_private": "true" if number % 20 == 0 else "false",
            "recurrence": "RRULE:FREQ=WEEKLY;COUNT=10" if number % 15 == 0 else None,
        }
        if number % 10 == 0:
            row |= {"starts_on": start.date().isoformat(), "ends_on": (start + timedelta(days=1)).date().isoformat()}
        else:
            row |= {"starts_at": stamp(start), "ends_at": stamp(start + timedelta(minutes=chance.choice((30, 60, 90))))}
        if related and chance.random() < 0.5:
            name, ids = chance.choice(related)
            row[name] = chance.choice(ids)
        rows.append(row)
    return rows


def _related(
    leads: Sequence[str], opportunities: Sequence[str], orders: Sequence[str], cases: Sequence[str]
) -> tuple[tuple[str, Sequence[str]], ...]:
    return (("lead", leads), ("opportunity", opportunities), ("service_order", orders), ("case", cases))


def _moment(filling: _Filling, from_days: int, to_days: int) -> datetime:
    """On a working hour, some days from now."""
    day = filling.now + timedelta(days=filling.chance.randint(from_days, to_days))
    return day.replace(
        hour=filling.chance.randint(7, 16), minute=filling.chance.choice((0, 30)), second=0, microsecond=0
    )
