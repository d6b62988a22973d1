"""The calls of the API about the register: deciding about exceptions, comparing, settings, doubtful serial numbers.

The exceptions themselves are records: `GET /records/register_exception`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from django.http import HttpRequest
from django.utils import timezone
from ninja import Schema
from pydantic import Field as Shape

from tallystick.server.api.calls import Calls, actor_of
from tallystick.server.api.shapes import Given
from tallystick.server.registers import kinds
from tallystick.server.registers.domain.comparing import compare, watch
from tallystick.server.registers.domain.deciding import (
    APPROVE,
    CONFIGURE,
    DECIDE,
    MOST_AT_ONCE,
    Decision,
    configure,
    decide,
)
from tallystick.server.registers.queries import doubtful_serials

calls: Final = Calls("Asset register")


class Decisions(Given):
    ids: list[str] = Shape(min_length=1, max_length=MOST_AT_ONCE, description="Ids of exceptions.")
    decision: Decision
    reason: str = Shape("", max_length=200)


class DecisionsMade(Schema):
    states: dict[str, str] = Shape(description="What each became, by its id.")
    refused: dict[str, str] = Shape(description="A sentence for each that could not be decided so.")


class Comparison(Schema):
    opened: int
    cleared: int
    standing: int


class WatchGiven(Given):
    inventory_age_days: int = Shape(ge=1, le=3650, description="Days without a report that raise an exception.")
    enters_new: bool = Shape(description="New devices become assets by themselves.")
    left_out: list[str] = Shape(max_length=100, description="Kinds of exceptions, or fields, to raise none about.")


class WatchShown(Schema):
    inventory_age_days: int
    enters_new: bool
    left_out: list[str]
    compared_at: datetime | None


class SerialAsset(Schema):
    id: str
    asset_id: str | None
    name: str
    is_in_use: bool


class SerialDoubled(Schema):
    serial_number: str
    assets: list[SerialAsset]


class Serials(Schema):
    """The first 200 of each; the counts are of all."""

    doubled: list[SerialDoubled]
    doubled_count: int
    blank: list[SerialAsset]
    blank_count: int


@calls.post("/exceptions/decide", DECIDE, APPROVE, out=DecisionsMade)
def decide_exceptions(request: HttpRequest, body: Decisions) -> Any:
    """Decide about exceptions, each on its own."""
    done = decide(actor_of(request), body.ids, body.decision, reason=body.reason)
    return {"states": done.states, "refused": done.refused}


@calls.post("/exceptions/compare", DECIDE, out=Comparison)
def compare_register(request: HttpRequest) -> Any:
    """Compare the register with what was discovered, now."""
    actor_of(request).check(DECIDE)
    found = compare(timezone.now())
    return {"opened": found.opened, "cleared": found.cleared, "standing": found.standing}


@calls.get("/settings", CONFIGURE, out=WatchShown)
def get_register_settings(request: HttpRequest) -> Any:
    """How the register is compared with what is discovered."""
    return _settings()


@calls.put("/settings", CONFIGURE, out=WatchShown)
def save_register_settings(request: HttpRequest, body: WatchGiven) -> Any:
    """Set how the register is compared with what is discovered."""
    configure(
        actor_of(request),
        inventory_age_days=body.inventory_age_days,
        left_out=body.left_out,
        enters_new=body.enters_new,
    )
    return _settings()


@calls.get("/serials", kinds.ASSET.permission("view"), out=Serials)
def list_doubtful_serials(request: HttpRequest) -> Any:
    """Serial numbers that several assets bear, and hardware in physical use without one."""
    found = doubtful_serials(actor_of(request))
    return {
        "doubled": [
            {"serial_number": one.serial, "assets": [_asset(each) for each in one.assets]} for one in found.doubled
        ],
        "doubled_count": found.doubled_count,
        "blank": [_asset(each) for each in found.blank],
        "blank_count": found.blank_count,
    }


def _asset(asset: Any) -> dict[str, Any]:
    return {"id": asset.pk, "asset_id": asset.asset_id, "name": asset.name, "is_in_use": asset.is_in_use}


def _settings() -> dict[str, Any]:
    kept = watch()
    return {
        "inventory_age_days": kept.inventory_age_days,
        "enters_new": kept.enters_new,
        "left_out": list(kept.left_out),
        "compared_at": kept.compared_at,
    }
