"""The calls of the API about packs: what there is, set-up, operations by their names, and guided tours."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Final

from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja import Path, Schema
from pydantic import Field as Shape

from tallystick.errors import NotFound
from tallystick.server.api.calls import Calls, actor_of
from tallystick.server.api.resources.integrations import AskedRun
from tallystick.server.api.shapes import Given, Listing, listing
from tallystick.server.packs import queries, reconciling, tours
from tallystick.server.packs.catalogue import Pack, pack_of, packs
from tallystick.server.packs.domain.installing import ADD, install
from tallystick.server.packs.domain.running import enable, run
from tallystick.server.packs.domain.units import switch

VIEW: Final = "designer.view_integration"
CHANGE: Final = "designer.change_integration"
RUN: Final = "designer.run_integration"
PAUSE: Final = "designer.pause_integration"
calls: Final = Calls("Packs")
PackName = Annotated[str, Path(min_length=1, max_length=40)]


class PackLine(Schema):
    name: str
    title: str
    summary: str
    is_installed: bool


class StepShown(Schema):
    name: str
    title: str
    note: str
    is_done: bool
    is_next: bool


class UnitShown(Schema):
    code: str
    is_on: bool
    assets: int


class OperationShown(Schema):
    """`run`, `status` and `at` are those of the last run, null before the first."""

    name: str
    title: str
    is_full: bool
    run: str | None
    status: str | None
    at: datetime | None


class PackShown(PackLine):
    """An installed pack: the steps of its set-up, its business units and its operations."""

    integrations: list[str]
    steps: list[StepShown]
    units: list[UnitShown]
    operations: list[OperationShown]
    waiting: int = Shape(description="Records that wait to be reconciled, 99 at most.")


class Installation(Given):
    """`values`: one for each parameter of the pack, the id of an account for `company`."""

    values: dict[str, str] = {}
    register_url: str = Shape("", max_length=500, description="Another register than the hub's own: a database.")


class InstalledPack(Schema):
    integrations: list[str]
    made: list[str] = Shape(description="Systems that were added.")


class UnitSwitched(Given):
    unit: str = Shape(max_length=100)
    is_on: bool


class UnitsOn(Schema):
    units: list[str]
    version: int


class OperationWanted(Given):
    operation: str = Shape(max_length=100)


class PlaceShown(Schema):
    title: str
    address: str


class TourStep(Schema):
    """`is_done` is null where nothing can be done, or the caller may open none of the pages."""

    title: str
    text: str
    see: str
    places: list[PlaceShown]
    is_done: bool | None
    note: str
    is_next: bool


@calls.get("", VIEW, out=Listing[PackLine])
def list_packs(request: HttpRequest) -> Any:
    """The packs there are."""
    actor_of(request).check(VIEW)
    return listing([_line(pack) for pack in packs().values()])


@calls.get("/{name}", VIEW, out=PackShown)
def get_pack(request: HttpRequest, name: PackName) -> Any:
    """An installed pack and how far it is set up."""
    actor_of(request).check(VIEW)
    pack = _installed(name)
    operations = [
        {
            "name": one.operation.name,
            "title": one.operation.title,
            "is_full": one.operation.full,
            "run": one.last.run if one.last else None,
            "status": one.last.status if one.last else None,
            "at": one.last.at if one.last else None,
        }
        for one in queries.offered(pack)
    ]
    return {
        **_line(pack),
        "integrations": list(pack.documents),
        "steps": [
            {"name": s.name, "title": str(s.title), "note": str(s.note), "is_done": s.is_done, "is_next": s.is_next}
            for s in queries.set_up(pack)
        ],
        "units": queries.units(pack),
        "operations": operations,
        "waiting": reconciling.waiting(pack),
    }


@calls.post("/{name}/install", ADD, out=InstalledPack, status=201)
def install_pack(request: HttpRequest, name: PackName, body: Installation) -> Any:
    """Install a pack: its documents become integrations, not enabled, with no business unit switched on."""
    done = install(actor_of(request), pack_of(name), values=body.values, register_url=body.register_url.strip())
    return {"integrations": list(done.integrations), "made": list(done.made)}


@calls.post("/{name}/units", CHANGE, out=UnitsOn)
def switch_pack_unit(request: HttpRequest, name: PackName, body: UnitSwitched) -> Any:
    """Let a business unit take part, or no longer. This makes a version of the integration."""
    pack = _installed(name)
    if pack.units is None:
        raise NotFound(_("This pack has no switch for business units."))
    done = switch(actor_of(request), pack.units, body.unit, is_on=body.is_on)
    return {"units": list(done.units), "version": done.version}


@calls.post("/{name}/run", RUN, out=AskedRun, status=202)
def run_pack_operation(request: HttpRequest, name: PackName, body: OperationWanted) -> Any:
    """Run an operation by its name, like COPY_IT_ASSET."""
    return run(actor_of(request), _installed(name), body.operation)


@calls.post("/{name}/enable", PAUSE, out=PackLine)
def enable_pack(request: HttpRequest, name: PackName) -> Any:
    """Let changes flow by themselves, once every operation had its turn."""
    pack = _installed(name)
    enable(actor_of(request), pack)
    return _line(pack)


@calls.get("/{name}/tour", out=Listing[TourStep])
def get_tour(request: HttpRequest, name: PackName) -> Any:
    """The guided tour of a pack, with how far this hub is: for whoever may open one of its pages."""
    actor = actor_of(request)
    steps = tours.shown(tours.tour_of(actor, name), actor)
    return listing([_step(one) for one in steps])


def _installed(name: str) -> Pack:
    pack = pack_of(name)
    if not queries.installed(pack):
        raise NotFound(_("The pack {pack} is not installed.").format(pack=pack.title), hint=_("Install it first."))
    return pack


def _line(pack: Pack) -> dict[str, Any]:
    is_installed = queries.installed(pack)
    return {"name": pack.pack, "title": pack.title, "summary": pack.summary, "is_installed": is_installed}


def _step(one: tours.StepShown) -> dict[str, Any]:
    return {
        "title": str(one.step.title),
        "text": str(one.step.text),
        "see": str(one.step.see),
        "places": [{"title": str(place.title), "address": place.address} for place in one.places],
        "is_done": one.standing.is_done if one.standing is not None else None,
        "note": str(one.standing.note) if one.standing is not None else "",
        "is_next": one.is_next,
    }
