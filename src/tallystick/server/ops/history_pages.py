"""What the pages about the journal, single records and links show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from django.http import QueryDict
from django.utils.dateparse import parse_date
from django.utils.timezone import get_current_timezone

from tallystick.errors import InputRefused, NotFound
from tallystick.model.flow import Flow
from tallystick.model.plan import OperationState, RunKind
from tallystick.model.side import SIDES, Side
from tallystick.server.ops.documents import flow_of, integration_of
from tallystick.server.ops.lines import OperationShown, names, shown, side_of
from tallystick.server.ops.opened import workspace_of
from tallystick.server.ops.records import Title, title_of
from tallystick.server.ops.run_pages import action_of, number_of, state_of, turned
from tallystick.server.state.journal import JournalWanted
from tallystick.server.state.link_list import Linked, LinksWanted
from tallystick.server.state.of_hub import looking, store
from tallystick.server.state.pages import At
from tallystick.server.state.queue import Asked

ROWS: Final = 50
STORY_LINES: Final = 1_000


# --- the journal


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalShown:
    lines: tuple[OperationShown, ...]
    more: str
    searched: int
    is_asked: bool


def journal(query: QueryDict) -> JournalShown:
    """Bounded work whatever is asked: where little is found, `more` goes on looking further back."""
    run = query.get("run", "").strip()
    if run and len(run) < 32:
        runs = looking().run_by_start(run)
        run = runs[0] if len(runs) == 1 else run
    wanted = JournalWanted(
        integration=query.get("integration", ""),
        flow=query.get("flow", ""),
        id=query.get("id", ""),
        run=run,
        by=query.get("by", ""),
        field=query.get("field", "").strip(),
        side=side_of(query.get("side", "")),
        action=action_of(query),
        state=state_of(query),
        since=_day(query.get("since", "")),
        until=_day(query.get("until", ""), is_end=True),
    )
    after = query.get("after", "")
    is_right = after.replace(":", "", 1).isdecimal() and len(after) < 40
    found = looking().lines(wanted, after=after if is_right else "", rows=ROWS)
    named = {(told.integration, told.operation.flow) for told in found.lines}
    flows = {place: flow_of(looking(), *place) for place in named}
    called = names(found.lines, store())
    kept = query.copy()
    if found.after is not None:
        kept["after"] = found.after
    return JournalShown(
        lines=tuple(
            shown(told, flows[told.integration, told.operation.flow], name=called.get(told.operation.number, ""))
            for told in found.lines
        ),
        more=kept.urlencode() if found.after is not None else "",
        searched=found.searched,
        is_asked=wanted != JournalWanted(),
    )


def _day(text: str, *, is_end: bool = False) -> str:
    """A day in the reader's zone as the moment it begins or ends, in UTC; empty for what is no day."""
    from datetime import UTC, datetime, time, timedelta

    try:
        day = parse_date(text)
    except ValueError:
        return ""
    if day is None:
        return ""
    begins = datetime.combine(day, time.min, tzinfo=get_current_timezone())
    return (begins + timedelta(days=1) if is_end else begins).astimezone(UTC).isoformat()


# --- one record


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A record as people name it."""

    integration: str
    system: str
    record: str
    id: str

    @property
    def query(self) -> str:
        return urlencode({"integration": self.integration, "system": self.system, "type": self.record, "id": self.id})


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A record type that flows cover: what the form of "why" offers."""

    integration: str
    system: str
    record: str

    @property
    def value(self) -> str:
        return f"{self.integration}\t{self.system}\t{self.record}"


def kinds() -> list[Kind]:
    found: dict[Kind, None] = {}
    for name in looking().integrations():
        integration = integration_of(looking(), name)
        for flow in integration.flows if integration else ():
            for side in SIDES:
                end = flow.end(side)
                found[Kind(integration=name, system=end.system, record=end.selection.record)] = None
    return list(found)


def place_of(query: QueryDict) -> Place | None:
    kind = query.get("kind", "").split("\t")
    if len(kind) == 3:
        integration, system, record = kind
    else:
        integration, system, record = (query.get(name, "") for name in ("integration", "system", "type"))
    id_ = query.get("id", "").strip() or query.get("id", "")
    return Place(integration=integration, system=system, record=record, id=id_) if system and record and id_ else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    name: str
    value: str | None
    is_from_other: bool
    system: str
    run: str
    rule: str
    at: str
    story: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WhyShown:
    """One flow's answer about the record."""

    flow: str
    is_in_sync: bool
    answer: str
    details: tuple[str, ...]
    partner: Place | None
    title: Title | None
    origins: tuple[Origin, ...]
    questions: tuple[Asked, ...]  # about the record that wait for a person


def why(place: Place, by: str) -> list[WhyShown]:
    """Asks both systems about the record. Raises what they raise, UnknownRecordType and NotFound."""
    names = [place.integration] if place.integration else _covering(place)
    if not names:
        raise NotFound(
            f"No integration covers {place.record} of {place.system}.", hint="Choose one of the record types offered."
        )
    found: list[WhyShown] = []
    for name in names:
        with workspace_of(name, by) as workspace:
            answer = workspace.why(place.system, place.record, place.id)
            flows = {flow.name: flow for flow in workspace.integration.flows}
        for one in answer.get("flows", [answer]):
            found.append(_why_shown(one, flows[one["flow"]], Place(**{**_fields(place), "integration": name})))
    return found


def _fields(place: Place) -> dict[str, str]:
    return {"integration": place.integration, "system": place.system, "record": place.record, "id": place.id}


def _covering(place: Place) -> list[str]:
    return list(dict.fromkeys(k.integration for k in kinds() if (k.system, k.record) == (place.system, place.record)))


def _why_shown(answer: dict[str, Any], flow: Flow, place: Place) -> WhyShown:
    side = next(s for s in SIDES if (flow.end(s).system, flow.end(s).selection.record) == (place.system, place.record))
    partner: Place | None = None
    if answer["partner"]:
        end = flow.end(side.other)
        prefix = f"{end.system}:{end.selection.record}:"
        partner = Place(
            integration=place.integration,
            system=end.system,
            record=end.selection.record,
            id=answer["partner"].removeprefix(prefix),
        )
    values = {name: origin["value"] for name, origin in answer["fields"].items()}
    return WhyShown(
        flow=answer["flow"],
        is_in_sync=answer["in_sync"],
        answer=answer["answer"],
        details=tuple(one for one in answer["details"] if one not in answer["answer"]),
        partner=partner,
        title=title_of(values, place.id),
        questions=_questions(place, flow.name, side),
        origins=tuple(
            Origin(
                name=name,
                value=origin["value"],
                is_from_other=origin["from_side"] != side.value,
                system=flow.end(Side(origin["from_side"])).system,
                run=origin["run"] or "",
                rule=origin["rule"],
                at=origin["at"] or "",
                story=f"{place.query}&{urlencode({'field': name})}",
            )
            for name, origin in answer["fields"].items()
        ),
    )


def _questions(place: Place, flow: str, side: Side) -> tuple[Asked, ...]:
    here = (place.integration, flow)
    scopes = [line.number for line in looking().scopes() if (line.scope.integration, line.scope.flow) == here]
    return tuple(looking().about_record([(number, side.value) for number in scopes], place.id))


# --- where the values of a field came from


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One value the field was given, or passed on."""

    is_here: bool  # written to this record; else taken from it and written to its partner
    value: str | None
    before: str | None
    source: str  # the system it came from
    target: str
    run: str
    kind: RunKind | None
    by: str
    rule: str
    at: str
    is_lost: bool  # the write did not come about
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    place: Place
    field: str
    partners: tuple[str, ...]  # fields of the other side it is paired with
    steps: tuple[Step, ...]
    linked: Linked | None


def story(place: Place, name: str) -> Story:
    """Newest first. Raises NotFound where no flow covers the field."""
    found = looking()
    integration = integration_of(found, place.integration)
    steps: list[tuple[int, Step]] = []
    partners: dict[str, None] = {}
    linked: Linked | None = None
    is_covered = False
    scopes = {(line.scope.integration, line.scope.flow): line.number for line in found.scopes()}
    for flow in integration.flows if integration else ():
        for side in SIDES:
            end = flow.end(side)
            if (end.system, end.selection.record) != (place.system, place.record):
                continue
            lines = [one for one in flow.maps if name in one.fields(side)]
            is_covered = is_covered or bool(lines)
            others = {other for one in lines for other in one.fields(side.other)}
            partners.update(dict.fromkeys(sorted(others)))
            number = scopes.get((place.integration, flow.name))
            if number is None:
                continue
            for told in found.record_lines(number, side, place.id, STORY_LINES):
                operation = told.operation
                is_here = operation.side is side
                fields = [name] if is_here else [one for one in others if one in operation.after]
                line = shown(told, flow)
                for change in line.changes:
                    if change.name in fields:
                        steps.append(
                            (
                                operation.number,
                                Step(
                                    is_here=is_here,
                                    value=change.after,
                                    before=change.before,
                                    source=flow.end(operation.side.other).system,
                                    target=flow.end(operation.side).system,
                                    run=operation.run,
                                    kind=None,
                                    by=told.by,
                                    rule=change.rule or operation.reason,
                                    at=operation.at,
                                    is_lost=operation.state is not OperationState.DONE,
                                    message=operation.message,
                                ),
                            )
                        )
            links = found.links_page(LinksWanted(integration=place.integration, flow=flow.name, id=place.id), At()).rows
            linked = linked or next(
                (one for one in links if (of := one.link.end(side)) is not None and of.id == place.id), None
            )
    if not is_covered:
        raise NotFound(
            f"No flow covers the field {name} of {place.system} {place.record}.", hint="Start from the record's page."
        )
    steps.sort(key=lambda pair: pair[0], reverse=True)
    return Story(
        place=place, field=name, partners=tuple(partners), steps=tuple(step for _, step in steps), linked=linked
    )


# --- links


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


def check_place(place: Place | None) -> Place:
    if place is None:
        raise InputRefused("Name a record: its system, its type and its id.", hint="Choose a type, then type the id.")
    return place
