"""What pages and the API read about how flows match: their rules, how often each was right, and what was learned."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from tallystick.model.flow import Flow
from tallystick.runs.lessons import rule_shown
from tallystick.runs.training import precisions
from tallystick.server.designer.documents import loaded_of
from tallystick.server.designer.domain import change
from tallystick.server.designer.fields_shown import match_of
from tallystick.server.designer.models import KeptLesson, LessonState
from tallystick.server.designer.queries import flows_standing
from tallystick.server.designer.workspaces import workspace
from tallystick.server.people.actor import Actor

COUNTED: Final = 50_000
"""Links up to which the precision of rules is counted when somebody looks; beyond it is that of the last lesson."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowMatching:
    """`rules` is None where nothing was counted yet; `counted_at` is None where they were counted just now."""

    flow: Flow
    told: str  # its rules in words
    has_weights: bool
    links: int
    rules: list[Mapping[str, Any]] | None
    counted_at: datetime | None
    lessons: list[KeptLesson]

    @property
    def in_use(self) -> KeptLesson | None:
        return next((one for one in self.lessons if one.state == LessonState.IN_USE), None)

    @property
    def is_learning(self) -> bool:
        return any(one.state == LessonState.LEARNING for one in self.lessons)


def matching(actor: Actor, name: str) -> list[FlowMatching]:
    """Of every flow of the integration. Raises NotAllowed, NotFound, DocumentErrors."""
    actor.check("designer.view_integration")
    integration = change.integration_of(name)
    flows = loaded_of(change.current_of(integration)).integration.flows
    standing = flows_standing(name, [flow.name for flow in flows], {})
    kept: dict[str, list[KeptLesson]] = {}
    for lesson in KeptLesson.objects.filter(integration=integration).defer("match", "before").order_by("-made_at"):
        kept.setdefault(lesson.flow, []).append(lesson)
    found = []
    with workspace(name) as opened:
        for flow in flows:
            links, lessons = standing[flow.name].links, kept.get(flow.name, [])
            rules: list[Mapping[str, Any]] | None
            if links <= COUNTED:
                rules, counted_at = [rule_shown(one) for one in precisions(opened, flow)], None
            else:
                last = next((one for one in lessons if one.told), None)
                rules, counted_at = (last.rules, last.touched_at) if last is not None else (None, None)
            found.append(
                FlowMatching(
                    flow=flow,
                    told=match_of(flow),
                    has_weights=flow.match.weights is not None,
                    links=links,
                    rules=rules,
                    counted_at=counted_at,
                    lessons=lessons,
                )
            )
    return found
