"""Dry runs: what a run would do, kept to be looked at, and applied exactly as it was shown. Source: engine.md E24."""

from __future__ import annotations

import itertools
import json
import time
import zlib
from collections.abc import Callable, Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, Final

from django.db import connections, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from tallystick.errors import NotFound, PlanRefused, TallystickError
from tallystick.runs.report import Report
from tallystick.runs.world import TimeIds
from tallystick.server.designer.documents import loaded_of
from tallystick.server.designer.domain.change import current_of, integration_of
from tallystick.server.designer.models import KeptPlan, PlanPage, PlanState
from tallystick.server.designer.workspaces import workspace
from tallystick.server.people.actor import Actor
from tallystick.server.people.domain.audit import audit
from tallystick.server.ui import mishaps

KEPT: Final = 20
"""Plans of an integration that are kept; older ones go."""
PAGE: Final = 50
"""Operations of a page."""
LOST_AFTER: Final = timedelta(minutes=2)
BEAT_S: Final = 1.0
_pool: Final = ThreadPoolExecutor(max_workers=2, thread_name_prefix="plans")


def dry_run(actor: Actor, name: str, flows: Collection[str] = (), *, is_full: bool = False) -> KeptPlan:
    """Begins to make a plan; nothing is written to either side. Raises NotAllowed, NotFound, DocumentErrors."""
    actor.check("designer.run_integration")
    integration = integration_of(name)
    version = current_of(integration)
    known = {flow.name for flow in loaded_of(version).integration.flows}
    if unknown := set(flows) - known:
        raise NotFound(_("There is no flow {flow} in {name}.").format(flow=min(unknown), name=name))
    plan = KeptPlan.objects.create(
        id=TimeIds().new(),
        integration=integration,
        version=version.number,
        flows=sorted(flows),
        is_full=is_full,
        made_by=actor.name,
    )
    _forget_old(plan)
    transaction.on_commit(lambda: _begin(_make, plan.pk, name, actor.name))
    return plan


def apply(actor: Actor, id_: str) -> KeptPlan:
    """Begins to do exactly that plan; what moved since is refused line by line.

    Raises NotAllowed, NotFound, and PlanRefused when it is not ready, was applied already, or is of another version.
    """
    actor.check("designer.run_integration")
    with transaction.atomic():
        plan = KeptPlan.objects.select_for_update(of=("self",)).select_related("integration").filter(pk=id_).first()
        if plan is None:
            raise _gone()
        if plan.state != PlanState.READY:
            raise PlanRefused(
                _("This plan cannot be applied: {state}.").format(state=PlanState(plan.state).label),
                hint=_("Make a new plan."),
            )
        current = current_of(integration_of(plan.integration.name))
        if current.number != plan.version:
            raise PlanRefused(
                _("The integration was changed since the plan was made: it is at version {number}.").format(
                    number=current.number
                ),
                hint=_("Make a new plan."),
            )
        KeptPlan.objects.filter(pk=id_).update(state=PlanState.APPLYING, done=0, touched_at=timezone.now())
        audit(actor, "designer.apply_plan", subject=plan.integration, details={"plan": plan.pk})
        name = plan.integration.name
    transaction.on_commit(lambda: _begin(_apply, id_, name, actor.name))
    return plan_of(actor, id_)


def plan_of(actor: Actor, id_: str) -> KeptPlan:
    """Without its operations. A plan whose process is gone has failed. Raises NotAllowed, NotFound."""
    actor.check("designer.view_integration")
    plan = KeptPlan.objects.defer("artefact").select_related("integration").filter(pk=id_).first()
    if plan is None:
        raise _gone()
    if plan.state in (PlanState.PLANNING, PlanState.APPLYING) and timezone.now() - plan.touched_at > LOST_AFTER:
        plan.state = PlanState.FAILED
        plan.message = _("The hub was stopped while it worked on this plan.")
        plan.hint = _("What was written is kept and noted; the next run of the flow goes on from there.")
    return plan


def artefact_of(actor: Actor, id_: str) -> dict[str, Any]:
    """The plan as `tallystick plan --out` writes it. Raises NotAllowed, NotFound."""
    actor.check("designer.view_integration")
    plan = KeptPlan.objects.filter(pk=id_).first()
    if plan is None or plan.artefact is None:
        raise _gone()
    return dict(_unpacked(plan.artefact))


def operations_of(actor: Actor, id_: str, number: int) -> list[dict[str, Any]]:
    """The operations of one page of a plan (from 0), each with its flow; none beyond the last. Raises NotAllowed."""
    actor.check("designer.view_integration")
    page = PlanPage.objects.filter(plan=id_, number=number).first()
    return list(_unpacked(page.rows)) if page is not None else []


# --- in a thread of its own


def _begin(work: Callable[[str, str, str], None], id_: str, name: str, by: str) -> None:
    def do() -> None:
        try:
            with _noting(id_):
                work(id_, name, by)
        finally:
            connections.close_all()

    _pool.submit(do)


def _make(id_: str, name: str, by: str) -> None:
    plan = KeptPlan.objects.get(pk=id_)
    with workspace(name, by=by, progress=_progress(id_)) as opened:
        artefact = opened.plan(list(plan.flows), is_full=plan.is_full)
    with transaction.atomic():
        PlanPage.objects.bulk_create(_pages(plan, artefact), batch_size=200)
        KeptPlan.objects.filter(pk=id_).update(
            state=PlanState.READY,
            artefact=_packed(artefact),
            summary=_summary(artefact),
            doing="",
            touched_at=timezone.now(),
        )


def _pages(plan: KeptPlan, artefact: Mapping[str, Any]) -> Iterator[PlanPage]:
    every = ({"flow": name, **one} for name, flow in artefact["flows"].items() for one in flow["operations"])
    number = 0
    while rows := list(itertools.islice(every, PAGE)):
        yield PlanPage(plan=plan, number=number, rows=_packed(rows))
        number += 1


def _packed(data: Any) -> bytes:
    return zlib.compress(json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode(), 6)


def _unpacked(packed: bytes | memoryview | None) -> Any:
    return json.loads(zlib.decompress(bytes(packed or b"")))


def _apply(id_: str, name: str, by: str) -> None:
    kept = KeptPlan.objects.get(pk=id_)
    artefact = _unpacked(kept.artefact)
    with workspace(name, by=by, progress=_progress(id_)) as opened:
        report: Report = opened.apply(artefact)
    message = " ".join(str(error) for error in report.errors.values())
    KeptPlan.objects.filter(pk=id_).update(
        state=PlanState.APPLIED, run=report.run, doing="", message=message, touched_at=timezone.now()
    )


@contextmanager
def _noting(id_: str) -> Iterator[None]:
    """The outermost edge of the thread: what went wrong stands in the plan."""
    try:
        yield
    except TallystickError as error:
        _failed(id_, error.message or str(error), error.hint)
    except Exception as error:  # noqa: BLE001  nobody is above
        reference = mishaps.keep(error)
        _failed(
            id_,
            _("Something went wrong that Tallystick did not foresee (reference {reference}).").format(
                reference=reference
            ),
            _("Try again; if it happens again, send the reference to whoever looks after this hub."),
        )


def _failed(id_: str, message: str, hint: str) -> None:
    KeptPlan.objects.filter(pk=id_).update(
        state=PlanState.FAILED, message=message, hint=hint, doing="", touched_at=timezone.now()
    )


def _progress(id_: str) -> Callable[[str, int], None]:
    """Once a second at most."""
    said = 0.0
    total: dict[str, int] = {}

    def step(what: str, count: int) -> None:
        nonlocal said
        total[what] = total.get(what, 0) + count
        now = time.monotonic()
        if now - said >= BEAT_S:
            said = now
            KeptPlan.objects.filter(pk=id_).update(doing=what[:200], done=total[what], touched_at=timezone.now())

    return step


def _summary(artefact: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, flow in artefact["flows"].items():
        counts: dict[str, dict[str, int]] = {}
        for operation in flow["operations"]:
            side = counts.setdefault(str(operation["side"]), {})
            side[operation["action"]] = side.get(operation["action"], 0) + 1
        rest = {key: flow[key] for key in ("situations", "conflicts", "reviews", "rejects", "held", "notes")}
        found[name] = {"counts": counts, "operations": len(flow["operations"]), **rest}
    return found


def _forget_old(plan: KeptPlan) -> None:
    old = KeptPlan.objects.filter(integration=plan.integration).order_by("-made_at").values_list("pk", flat=True)
    KeptPlan.objects.filter(pk__in=list(old[KEPT:])).delete()


def _gone() -> NotFound:
    return NotFound(_("There is no such plan."), hint=_("Plans are kept for a while only; make a new one."))
