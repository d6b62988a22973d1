"""What the pages about links show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import QueryDict

from tallystick.errors import NotFound
from tallystick.model.flow import Flow
from tallystick.model.side import SIDES, Side
from tallystick.server.ops.documents import flow_of
from tallystick.server.ops.places import Place
from tallystick.server.ops.records import Title, title_of
from tallystick.server.ops.run_pages import number_of, turned
from tallystick.server.state.link_list import Linked, LinksWanted
from tallystick.server.state.of_hub import looking
from tallystick.server.state.pages import At


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkShown:
    linked: Linked
    left: Title | None
    right: Title | None
    rule: str
    score: int | None
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkList:
    links: tuple[LinkShown, ...]
    next: str
    previous: str
    is_asked: bool


def links(query: QueryDict) -> LinkList:
    integration, _slash, flow = query.get("flow", "").partition("/")
    state = query.get("state", "")
    wanted = LinksWanted(
        integration=integration,
        flow=flow,
        id=query.get("id", "").strip(),
        is_active={"active": True, "resting": False}.get(state),
    )
    page = looking().links_page(wanted, At(after=number_of(query, "after"), before=number_of(query, "before")))
    return LinkList(
        links=tuple(map(link_shown, page.rows)),
        next=turned(query, "after", page.after),
        previous=turned(query, "before", page.before),
        is_asked=wanted != LinksWanted(),
    )


def link_shown(linked: Linked) -> LinkShown:
    link = linked.link
    score = link.evidence.get("score")
    return LinkShown(
        linked=linked,
        left=title_of(link.left.base, link.left.id) if link.left else None,
        right=title_of(link.right.base, link.right.id) if link.right else None,
        rule=str(link.evidence.get("rule", "")),
        score=int(score * 100) if isinstance(score, float) else None,
        by=str(link.evidence.get("decided_by", "")),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class PairRow:
    name: str
    left: str | None
    right: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkDetail:
    shown: LinkShown
    rows: tuple[PairRow, ...]
    evidence: tuple[tuple[str, Any], ...]
    flow: Flow | None
    places: dict[str, Place]


def link(number: int) -> LinkDetail:
    """Raises NotFound."""
    linked = looking().linked(number)
    if linked is None:
        raise NotFound(f"There is no link {number}.", hint="It may have been replaced; look for it by an id.")
    flow = flow_of(looking(), linked.scope.integration, linked.scope.flow)
    rows = []
    for line in flow.maps if flow else ():
        sides = {side: _joined(linked, side, line.fields(side)) for side in SIDES}
        if line.left and line.right:
            rows.append(PairRow(name=line.name, left=sides[Side.LEFT], right=sides[Side.RIGHT]))
    evidence = linked.link.evidence.get("fields") or {}
    places = {
        side.value: Place(
            integration=linked.scope.integration,
            system=flow.end(side).system,
            record=flow.end(side).selection.record,
            id=end.id,
        )
        for side in SIDES
        if flow is not None and (end := linked.link.end(side)) is not None
    }
    return LinkDetail(
        shown=link_shown(linked),
        rows=tuple(rows),
        evidence=tuple(evidence.items()) if isinstance(evidence, dict) else tuple((name, None) for name in evidence),
        flow=flow,
        places=places,
    )


def _joined(linked: Linked, side: Side, names: tuple[str, ...]) -> str | None:
    end = linked.link.end(side)
    found = [end.base.get(name) for name in names] if end else []
    texts = [one for one in found if one is not None]
    return " ".join(texts) if texts else None
