"""What pages read of the register: doubtful serial numbers, and what an asset costs. Source: spec/assets.md A23."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final

from django.db.models import Count

from tallystick.server.people.actor import Actor
from tallystick.server.records import queries
from tallystick.server.registers import kinds
from tallystick.server.registers.codes import COST_KINDS, IT_HARDWARE
from tallystick.server.registers.models import RegisterCost

SHOWN: Final = 200
"""Serial numbers, and blank ones, that one page shows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubled:
    """One serial number and all hardware that bears it."""

    serial: str
    assets: Sequence[Any]

    @property
    def in_use(self) -> int:
        return sum(asset.is_in_use for asset in self.assets)


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubtful:
    doubled: list[Doubled]
    doubled_count: int
    blank: list[Any]
    blank_count: int


def doubtful_serials(actor: Actor) -> Doubtful:
    """Hardware whose serial number others bear too, and hardware in physical use without one; junk is none.

    Raises NotAllowed.
    """
    assets: Any = queries.live(kinds.ASSET, actor)
    hardware = assets.filter(asset_type=IT_HARDWARE)
    named = hardware.filter(serial_key__isnull=False).order_by().values("serial_key")
    serials = named.annotate(count=Count("pk")).filter(count__gt=1).order_by("-count", "serial_key")
    keys = [row["serial_key"] for row in serials[:SHOWN]]
    by_serial: dict[str, list[Any]] = {key: [] for key in keys}
    for asset in hardware.filter(serial_key__in=keys).select_related("manufacturer").order_by("-is_in_use", "number"):
        by_serial[asset.serial_key].append(asset)
    blank = hardware.filter(serial_key__isnull=True, is_in_use=True)
    return Doubtful(
        doubled=[Doubled(serial=assets[0].serial_number or key, assets=assets) for key, assets in by_serial.items()],
        doubled_count=serials.count(),
        blank=list(blank.select_related("manufacturer").order_by("number")[:SHOWN]),
        blank_count=blank.count(),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Ownership:
    """What an asset has cost so far, in one currency. `lines`: (title of the kind, amount), purchase first."""

    currency: str
    lines: list[tuple[Any, Decimal]]
    total: Decimal
    per_year: Decimal | None  # None where it is not known since when it is there

    @property
    def has_cost(self) -> bool:
        return bool(self.lines)


def cost_of_ownership(asset: Any, today: date) -> list[Ownership]:
    """One for each currency; costs without a currency are in the asset's own."""
    own = asset.currency or ""
    sums: dict[tuple[str, str], Decimal] = {}
    if asset.cost is not None:
        sums[own, "purchase"] = asset.cost
    costs = RegisterCost.objects.filter(asset=asset.pk, gone_at__isnull=True, amount__isnull=False)
    for kind, amount, currency in costs.values_list("kind", "amount", "currency"):
        place = (currency or own, kind)
        sums[place] = sums.get(place, Decimal(0)) + amount
    found = []
    for currency in sorted({currency for currency, _kind in sums}, key=lambda one: (one != own, one)):
        lines = [(title, sums[currency, kind]) for kind, title in COST_KINDS.titles.items() if (currency, kind) in sums]
        total = sum((amount for _title, amount in lines), Decimal(0))
        found.append(Ownership(currency=currency, lines=lines, total=total, per_year=_yearly(asset, total, today)))
    return found


def _yearly(asset: Any, total: Decimal, today: date) -> Decimal | None:
    if asset.purchased_on is None or asset.purchased_on > today:
        return None
    years = max(Decimal((today - asset.purchased_on).days) / Decimal("365.25"), Decimal(1))
    return (total / years).quantize(Decimal("0.01"))


def open_exceptions(actor: Actor) -> int:
    """How many wait, up to 99."""
    exceptions: Any = queries.live(kinds.EXCEPTION, actor)
    return int(exceptions.filter(state="open").order_by()[:99].count())
