"""The assets that may be one that is there already: each with all candidates. Source: spec/assets.md A10, A22."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from django.http import QueryDict

from tallystick.errors import TallystickError
from tallystick.model.flow import Flow
from tallystick.model.plan import ReviewKind, Take
from tallystick.server.designer.documents import loaded_of
from tallystick.server.designer.domain.change import current_of, integration_of
from tallystick.server.packs.catalogue import Pack
from tallystick.server.review import shown
from tallystick.server.review.shown import QuestionShown
from tallystick.server.state.of_hub import looking, store
from tallystick.server.state.pages import At
from tallystick.server.state.queue import Wanted

ROWS: Final = 10
KINDS: Final = (ReviewKind.POSSIBLE, ReviewKind.DISPUTED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciling:
    """A page of questions about assets. `next`, `previous`: numbers to go on from, None where there is no such page."""

    questions: Sequence[QuestionShown]
    next: int | None
    previous: int | None
    merge: str = Take.LINK.value
    create: str = Take.CREATE.value


def page(pack: Pack, query: QueryDict) -> Reconciling:
    """Raises NotFound before the pack is installed."""
    units = pack.units
    if units is None:
        return Reconciling(questions=(), next=None, previous=None)
    wanted = Wanted(kinds=KINDS, integration=units.document, flow=units.flow)
    at = At(after=_number(query, "after"), before=_number(query, "before"), rows=ROWS)
    found = looking().questions(wanted, at)
    flow = _flow(units.document, units.flow)
    questions = [shown.question(asked, store(), flow) for asked in found.rows]
    return Reconciling(questions=questions, next=found.after, previous=found.before)


def waiting(pack: Pack) -> int:
    """How many questions about assets wait, up to 99."""
    if pack.units is None:
        return 0
    wanted = Wanted(kinds=KINDS, integration=pack.units.document, flow=pack.units.flow)
    return len(looking().questions(wanted, At(rows=99)).rows)


def _flow(document: str, flow: str) -> Flow | None:
    try:
        return loaded_of(current_of(integration_of(document))).integration.flow(flow)
    except (TallystickError, StopIteration):
        return None


def _number(query: QueryDict, name: str) -> int | None:
    given = query.get(name, "")
    return int(given) if given.isdecimal() and len(given) < 19 else None
