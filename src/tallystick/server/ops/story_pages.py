"""Which system, run, rule or person gave a field each of its values."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Final

from tallystick.errors import NotFound
from tallystick.model.flow import Flow
from tallystick.model.plan import OperationState
from tallystick.model.side import SIDES, Side
from tallystick.server.ops.documents import integration_of
from tallystick.server.ops.lines import shown
from tallystick.server.ops.places import Place
from tallystick.server.state.journal import Told
from tallystick.server.state.link_list import Linked, LinksWanted
from tallystick.server.state.of_hub import looking
from tallystick.server.state.pages import At

LINES: Final = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One value the field was given, or passed on."""

    is_here: bool  # written to this record; else taken from it and written to its partner
    value: str | None
    before: str | None
    source: str  # the system it came from
    target: str
    run: str
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
    scopes = {(line.scope.integration, line.scope.flow): line.number for line in found.scopes()}
    steps: list[tuple[int, Step]] = []
    partners: dict[str, None] = {}
    linked: Linked | None = None
    is_covered = False
    for flow in integration.flows if integration else ():
        for side in SIDES:
            end = flow.end(side)
            if (end.system, end.selection.record) != (place.system, place.record):
                continue
            lines = [one for one in flow.maps if name in one.fields(side)]
            is_covered = is_covered or bool(lines)
            others = sorted({other for one in lines for other in one.fields(side.other)})
            partners.update(dict.fromkeys(others))
            number = scopes.get((place.integration, flow.name))
            if number is None:
                continue
            for told in found.record_lines(number, side, place.id, LINES):
                steps += ((told.operation.number, step) for step in _steps(told, flow, side, name, others))
            linked = linked or _linked(place, flow, side)
    if not is_covered:
        raise NotFound(
            f"No flow covers the field {name} of {place.system} {place.record}.", hint="Start from the record's page."
        )
    steps.sort(key=lambda pair: pair[0], reverse=True)
    return Story(
        place=place, field=name, partners=tuple(partners), steps=tuple(step for _, step in steps), linked=linked
    )


def _steps(told: Told, flow: Flow, side: Side, name: str, others: Collection[str]) -> Iterator[Step]:
    """What one operation did to the field, or passed on to the `others` of the other side."""
    operation = told.operation
    is_here = operation.side is side
    fields = [name] if is_here else [one for one in others if one in operation.after]
    for change in shown(told, flow).changes:
        if change.name in fields:
            yield Step(
                is_here=is_here,
                value=change.after,
                before=change.before,
                source=flow.end(operation.side.other).system,
                target=flow.end(operation.side).system,
                run=operation.run,
                by=told.by,
                rule=change.rule or operation.reason,
                at=operation.at,
                is_lost=operation.state is not OperationState.DONE,
                message=operation.message,
            )


def _linked(place: Place, flow: Flow, side: Side) -> Linked | None:
    """The record's link in this flow."""
    links = looking().links_page(LinksWanted(integration=place.integration, flow=flow.name, id=place.id), At()).rows
    return next((one for one in links if (of := one.link.end(side)) is not None and of.id == place.id), None)
