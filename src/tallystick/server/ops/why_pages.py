"""Is a record in sync, and if not, why: what the page about it shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from tallystick.errors import NotFound
from tallystick.model.flow import Flow
from tallystick.model.side import SIDES, Side
from tallystick.server.ops.opened import workspace_of
from tallystick.server.ops.places import Place, kinds
from tallystick.server.ops.records import Title, title_of
from tallystick.server.state.of_hub import looking
from tallystick.server.state.queue import Asked


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
