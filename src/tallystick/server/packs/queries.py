"""What the pages of packs read: how far a pack is set up, its operations and their last runs, its questions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tallystick.errors import TallystickError
from tallystick.server.designer.models import Integration
from tallystick.server.packs.catalogue import Operation, Pack
from tallystick.server.packs.domain.units import switched_on
from tallystick.server.people.actor import Actor
from tallystick.server.records.models import InstalledAsset, ProductMapping
from tallystick.server.registers.models import RegisterAsset
from tallystick.server.state import models as state

_DONE: Final = ("done", "partial")


@dataclass(frozen=True, slots=True, kw_only=True)
class LastRun:
    run: str
    status: str
    at: Any  # datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """An operation and how it went last."""

    operation: Operation
    last: LastRun | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SetUp:
    """One step, in the order they are taken. Source: spec/assets.md A25."""

    name: str
    title: Any
    note: Any
    is_done: bool
    is_next: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    code: str
    is_on: bool
    assets: int  # of the hub's own register


def installed(pack: Pack) -> bool:
    return Integration.objects.filter(name__in=list(pack.documents)).count() == len(pack.documents)


def offered(pack: Pack) -> list[Offered]:
    return [Offered(operation=one, last=last_run(one)) for one in pack.operations]


def last_run(operation: Operation) -> LastRun | None:
    """Of its flow; of one in full the last that was so."""
    rows = state.FlowRun.objects.filter(scope__integration=operation.document, flow=operation.flow)
    if operation.full:
        rows = rows.filter(is_full=True)
    row = rows.order_by("-number").values_list("run", "status").first()
    if row is None:
        return None
    started = state.Run.objects.filter(run=row[0]).values_list("started_at", flat=True).first()
    return LastRun(run=row[0], status=row[1], at=parse_datetime(started or ""))


def units(pack: Pack) -> list[Unit]:
    """Those that are on, and those the hub's register and the CRM know."""
    if pack.units is None:
        return []
    on = set(switched_on(pack.units))
    known: dict[str, int] = dict.fromkeys(on, 0)
    for model in (InstalledAsset, RegisterAsset):
        live: Any = model.objects.filter(gone_at__isnull=True, business_unit__isnull=False)
        for code in live.order_by().values_list("business_unit", flat=True).distinct()[:200]:
            known.setdefault(code, 0)
    for code in known:
        known[code] = RegisterAsset.objects.filter(gone_at__isnull=True, business_unit=code).count()
    return [Unit(code=code, is_on=code in on, assets=count) for code, count in sorted(known.items()) if code]


def has_default_mapping() -> bool:
    """Source: spec/assets.md A21."""
    rows = ProductMapping.objects.filter(gone_at__isnull=True)
    return rows.filter(asset_subtype=None, manufacturer=None, model=None).exists()


def set_up(pack: Pack) -> list[SetUp]:
    """What is to be done before assets flow, and how far it is."""
    runs = {one.operation.name: one.last for one in offered(pack)}
    references = [one.name for one in pack.operations if one.full and one.name != "COPY_IT_ASSET"]
    is_copied = went(runs.get("COPY_IT_ASSET"))
    is_enabled = Integration.objects.filter(name__in=list(pack.documents), is_enabled=True).exists()
    steps = [
        ("units", gettext_lazy("Switch business units on"), _units_note(pack), bool(_on(pack))),
        (
            "mapping",
            gettext_lazy("Map products"),
            gettext_lazy("A row with a product and nothing else is needed before the first run."),
            has_default_mapping(),
        ),
        (
            "references",
            gettext_lazy("Copy what assets refer to"),
            ", ".join(references),
            all(went(runs[name]) for name in references),
        ),
        ("copy", gettext_lazy("Copy the assets once"), "COPY_IT_ASSET", is_copied),
        (
            "enable",
            gettext_lazy("Let changes flow by themselves"),
            gettext_lazy("SYNC_IT_ASSET then runs every minute, both ways."),
            is_enabled,
        ),
    ]
    next_ = next((name for name, _title, _note, is_done in steps if not is_done), "")
    return [
        SetUp(name=name, title=title, note=note, is_done=is_done, is_next=name == next_)
        for name, title, note, is_done in steps
    ]


def went(last: LastRun | None) -> bool:
    return last is not None and last.status in _DONE


def _on(pack: Pack) -> tuple[str, ...]:
    try:
        return switched_on(pack.units) if pack.units is not None else ()
    except TallystickError:
        return ()


def _units_note(pack: Pack) -> str:
    return _("On: {units}.").format(units=", ".join(_on(pack))) if _on(pack) else _("None is on: nothing flows yet.")


def may_install(actor: Actor) -> bool:
    return actor.may("designer.add_integration") and actor.may("connections.add_connection")
