"""The guided tour of the assets pack. Source: spec/assets.md; issue 4, 6."""

from __future__ import annotations

from typing import Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from tallystick.server.designer.queries import flows_standing
from tallystick.server.discovery.kinds import DEVICE
from tallystick.server.discovery.models import Device
from tallystick.server.packs import queries, reconciling
from tallystick.server.packs.catalogue import pack_of
from tallystick.server.packs.tours import Place, Standing, Step, Tour
from tallystick.server.people.actor import Actor, system_actor
from tallystick.server.records.models import Case, ProductMapping
from tallystick.server.records.record_types import record_type
from tallystick.server.registers import kinds
from tallystick.server.registers.models import RegisterAsset, RegisterCost, RegisterException
from tallystick.server.registers.queries import doubtful_serials
from tallystick.server.review.domain.decide import ANSWER

PACK: Final = "assets"
_VIEW: Final = ("designer.view_integration",)
_QUESTIONS: Final = ("review.view_question", ANSWER)
_COUNTED: Final = 10_000
"""More are not counted: the page stays quick in a hub with millions."""


def _is_installed() -> bool:
    return queries.installed(pack_of(PACK))


def _count(rows: Any) -> int:
    return int(rows.order_by()[:_COUNTED].count())


def _discovered() -> Standing:
    count = _count(Device.objects.filter(gone_at__isnull=True))
    note = ngettext("{number} device has reported.", "{number} devices have reported.", count)
    return Standing(is_done=count > 0, note=note.format(number=count))


def _registered() -> Standing:
    count = _count(RegisterAsset.objects.filter(gone_at__isnull=True))
    seen = _count(RegisterAsset.objects.filter(gone_at__isnull=True, device__isnull=False))
    note = ngettext(
        "{number} asset in the register, {seen} found by agents.",
        "{number} assets in the register, {seen} found by agents.",
        count,
    )
    return Standing(is_done=seen > 0, note=note.format(number=count, seen=seen))


def _set_up() -> Standing:
    pack = pack_of(PACK)
    if not queries.installed(pack):
        return Standing(is_done=False, note=_("The pack is not installed yet."))
    steps = queries.set_up(pack)
    next_ = next((step for step in steps if step.is_next), None)
    if next_ is None:
        return Standing(is_done=True, note=_("All {number} steps of the set-up are done.").format(number=len(steps)))
    return Standing(is_done=False, note=_("Next: {step}.").format(step=next_.title))


def _mapped() -> Standing:
    count = _count(ProductMapping.objects.filter(gone_at__isnull=True))
    note = ngettext("{number} row.", "{number} rows.", count).format(number=count)
    if not queries.has_default_mapping():
        note = _("{rows} The default row lacks.").format(rows=note)
    return Standing(is_done=queries.has_default_mapping(), note=note)


def _copied() -> Standing:
    pack = pack_of(PACK)
    last = queries.last_run(pack.operation("COPY_IT_ASSET")) if queries.installed(pack) else None
    count = flows_standing("it-assets", ["assets"], {})["assets"].links
    note = ngettext("{number} asset is linked.", "{number} assets are linked.", count)
    return Standing(is_done=last is not None and last.status in ("done", "partial"), note=note.format(number=count))


def _reconciled() -> Standing:
    pack = pack_of(PACK)
    count = reconciling.waiting(pack) if queries.installed(pack) else 0
    note = ngettext("{number} asset waits for a person.", "{number} assets wait for a person.", count)
    return Standing(is_done=queries.installed(pack) and not count, note=note.format(number=count))


def _unique() -> Standing:
    found = doubtful_serials(_reader())
    note = _("Serial numbers on several assets: {doubled}; assets in use without one: {blank}.")
    is_done = not found.doubled_count and RegisterAsset.objects.exists()
    return Standing(is_done=is_done, note=note.format(doubled=found.doubled_count, blank=found.blank_count))


def _decided() -> Standing:
    exceptions = RegisterException.objects.filter(gone_at__isnull=True)
    count = _count(exceptions.filter(state__in=("open", "requested")))
    note = ngettext("{number} exception waits.", "{number} exceptions wait.", count)
    return Standing(is_done=not count and exceptions.exists(), note=note.format(number=count))


def _costed() -> Standing:
    count = _count(RegisterCost.objects.filter(gone_at__isnull=True))
    note = ngettext("{number} cost is recorded.", "{number} costs are recorded.", count)
    return Standing(is_done=count > 0, note=note.format(number=count))


def _helped() -> Standing:
    count = _count(Case.objects.filter(gone_at__isnull=True, asset__isnull=False, status__in=("open", "in_progress")))
    note = ngettext("{number} open case names its asset.", "{number} open cases name their asset.", count)
    return Standing(is_done=count > 0, note=note.format(number=count))


def _reader() -> Actor:
    """Whoever is shown the step may see the register: its place asks for that."""
    return system_actor("Tallystick", via="tour")


def tour() -> Tour:
    case = record_type("case").permission("view")
    asset = record_type("installed_asset").permission("view")
    mapping = record_type("product_mapping").permission("view")
    return Tour(
        name=PACK,
        title=gettext_lazy("IT assets and help desk: guided tour"),
        summary=gettext_lazy(
            "From an agent on a machine to the case of the person who uses it: what each part does, and where it is."
        ),
        steps=(
            Step(
                title=gettext_lazy("Agents report what is there"),
                text=gettext_lazy(
                    "Nobody counts by hand: open inventory agents on the machines report to this hub, each with a key"
                    " of its business unit. A machine is known again by its hardware, whatever name its agent has"
                    " today."
                ),
                see=gettext_lazy(
                    "The devices with the day they were last seen; open one for disks, memory, network cards, monitors"
                    " and programs."
                ),
                places=(
                    Place(title=DEVICE.plural, url="records:device", permissions=(DEVICE.permission("view"),)),
                    Place(
                        title=gettext_lazy("Inventory agents"),
                        url="discovery:keys",
                        permissions=("discovery.manage_agent_keys",),
                    ),
                ),
                standing=_discovered,
            ),
            Step(
                title=gettext_lazy("The register fills"),
                text=gettext_lazy(
                    "A device that fits one asset is joined with it, one that fits none becomes an asset. Facts such as"
                    " memory and addresses flow; what people answer for is only compared."
                ),
                see=gettext_lazy("An asset's facts, with what was discovered beside what is expected."),
                places=(
                    Place(
                        title=kinds.ASSET.plural,
                        url="records:register_asset",
                        permissions=(kinds.ASSET.permission("view"),),
                    ),
                ),
                standing=_registered,
            ),
            Step(
                title=gettext_lazy("The pack is set up in order"),
                text=gettext_lazy(
                    "Install the pack, switch on the business units that take part (it is delivered off), map products,"
                    " copy what assets refer to, copy the assets once, and let changes flow."
                ),
                see=gettext_lazy("The list Set-up: what is done, and what is next. Operations have the names known."),
                places=(
                    Place(
                        title=gettext_lazy("The pack"),
                        url="packs:pack",
                        args=(PACK,),
                        permissions=_VIEW,
                    ),
                ),
                standing=_set_up,
            ),
            Step(
                title=gettext_lazy("Every asset gets a product"),
                text=gettext_lazy(
                    "The register knows subtype, manufacturer and model; the CRM needs a product. The most exact row"
                    " counts, and a default row with a product alone has to be there before the first run."
                ),
                see=gettext_lazy("The rows, and the one with nothing but a product."),
                places=(
                    Place(
                        title=record_type("product_mapping").plural,
                        url="records:product_mapping",
                        permissions=(mapping,),
                    ),
                ),
                standing=_mapped,
            ),
            Step(
                title=gettext_lazy("Assets flow both ways"),
                text=gettext_lazy(
                    "COPY_IT_ASSET takes all IT hardware of the register once; SYNC_IT_ASSET then carries each change,"
                    " both ways. The register is primary. A missing employee is named, and the asset tried again by"
                    " itself."
                ),
                see=gettext_lazy(
                    "Installed assets with the register's asset id, and the runs with what each of them wrote."
                ),
                places=(
                    Place(
                        title=record_type("installed_asset").plural,
                        url="records:installed_asset",
                        permissions=(asset,),
                    ),
                    Place(
                        title=gettext_lazy("Runs"),
                        url="ops:runs",
                        query="integration=it-assets",
                        permissions=("ops.view_run",),
                    ),
                ),
                standing=_copied,
            ),
            Step(
                title=gettext_lazy("Doubtful matches reach a person"),
                text=gettext_lazy(
                    "Business unit with asset id, or the installed product id, are certain. Serial number, network"
                    " card and host name are evidence only: all candidates are listed, and a person merges or creates"
                    " a new one. Each answer can be taken back."
                ),
                see=gettext_lazy("The candidates with their evidence, side by side, and what differs."),
                places=(
                    Place(
                        title=gettext_lazy("Reconciliation"),
                        url="packs:reconciliation",
                        args=(PACK,),
                        permissions=_QUESTIONS,
                        is_there=_is_installed,
                    ),
                ),
                standing=_reconciled,
            ),
            Step(
                title=gettext_lazy("Matching learns from answers"),
                text=gettext_lazy(
                    "Every rule shows how often it was right. Weights can be learned from the records and from what"
                    " people answered; the page shows what would change before they are switched on, and they can be"
                    " switched back."
                ),
                see=gettext_lazy("The precision of each rule of the flow assets, and Learn weights below it."),
                places=(
                    Place(
                        title=gettext_lazy("Matching"),
                        url="designer:matching",
                        args=("it-assets",),
                        permissions=_VIEW,
                        is_there=_is_installed,
                    ),
                ),
            ),
            Step(
                title=gettext_lazy("Serial numbers are held unique"),
                text=gettext_lazy(
                    "No two assets in physical use bear one serial number. What was written twice, or not at all, is"
                    " listed; placeholders of makers are no serial numbers."
                ),
                see=gettext_lazy("The assets that bear the same number: one is in use, the other is not."),
                places=(
                    Place(
                        title=gettext_lazy("Doubtful serial numbers"),
                        url="register:serials",
                        permissions=(kinds.ASSET.permission("view"),),
                    ),
                ),
                standing=_unique,
            ),
            Step(
                title=gettext_lazy("Expected and found are compared"),
                text=gettext_lazy(
                    "Another model than expected, a device nobody entered, one that was not seen for a month: each"
                    " becomes an exception. Accept what was found, request the change, or ignore it."
                ),
                see=gettext_lazy("What is expected beside what was found, and the answers below."),
                places=(
                    Place(
                        title=gettext_lazy("Register exceptions"),
                        url="register:exceptions",
                        permissions=(kinds.EXCEPTION.permission("view"),),
                    ),
                ),
                standing=_decided,
            ),
            Step(
                title=gettext_lazy("What an asset costs"),
                text=gettext_lazy(
                    "Purchase, contracts, work and software add up to what an asset costs to own, in all and a year."
                ),
                see=gettext_lazy("The costs; an asset that has some shows its sum beside its facts."),
                places=(
                    Place(
                        title=kinds.COST.plural,
                        url="records:register_cost",
                        permissions=(kinds.COST.permission("view"),),
                    ),
                ),
                standing=_costed,
            ),
            Step(
                title=gettext_lazy("At the desk"),
                text=gettext_lazy(
                    "A case shows the caller's assets with what was discovered of them, when they were seen, and other"
                    " open work. The agent picks the one it is about; details and remote control are one click away."
                ),
                see=gettext_lazy("The list The caller's assets on a case whose person has an asset."),
                places=(Place(title=record_type("case").plural, url="records:case", permissions=(case,)),),
                standing=_helped,
            ),
        ),
    )
