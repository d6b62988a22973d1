"""How flows match, and weights that are learned, looked at, switched on and switched back."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Final, Literal

from django.http import HttpRequest
from ninja import Path, Schema
from pydantic import Field as Shape

from tallystick.server.api.calls import Calls, actor_of
from tallystick.server.api.shapes import Given, Listing, Name, listing
from tallystick.server.designer.domain import lessons
from tallystick.server.designer.matching_shown import FlowMatching, matching
from tallystick.server.designer.models import KeptLesson

VIEW: Final = "designer.view_integration"
CHANGE: Final = "designer.change_integration"
RUN: Final = "designer.run_integration"
of_integration: Final = Calls("Matching")
calls: Final = Calls("Matching")
LessonId = Annotated[str, Path(min_length=1, max_length=32)]


class Rule(Schema):
    """What became of the pairs of one rule; `precision` is the share of them that stands."""

    rule: str
    linked: int
    undone: int
    confirmed: int
    refused: int
    precision: float | None


class Weights(Schema):
    """`told`: what was learned, and what it would change on the answered questions, as `match train` tells it."""

    id: str
    integration: str
    flow: str
    version: int
    state: Literal["learning", "ready", "failed", "in_use", "back"]
    doing: str
    done: int
    told: dict[str, Any]
    rules: list[Rule]
    message: str
    hint: str
    made_at: datetime
    made_by: str
    used_at: datetime | None
    used_by: str


class Matching(Schema):
    flow: str
    has_weights: bool
    links: int
    rules: list[Rule] | None = Shape(description="Null where there are too many links to count at each call.")
    in_use: str | None = Shape(description="The learned weights that are switched on.")
    weights: list[str] = Shape(description="Learned weights that are kept, newest first.")


class OfFlow(Given):
    flow: str = Shape(min_length=1, max_length=200)


@of_integration.get("/{name}/matching", VIEW, out=Listing[Matching])
def list_matching(request: HttpRequest, name: Name) -> Any:
    """How each flow of an integration matches, and how often each of its rules was right."""
    return listing([_matching(one) for one in matching(actor_of(request), name)])


@of_integration.post("/{name}/matching/learn", RUN, out=Weights, status=202)
def learn_weights(request: HttpRequest, name: Name, body: OfFlow) -> Any:
    """Learn weights from both sides and the answers. Nothing is written or switched on.

    They are ready when their state is; look at them again until then.
    """
    return _shown(lessons.learn(actor_of(request), name, body.flow))


@calls.get("/{lesson}", VIEW, out=Weights)
def get_weights(request: HttpRequest, lesson: LessonId) -> Any:
    """Learned weights, and what they would change."""
    return _shown(lessons.lesson_of(actor_of(request), lesson))


@calls.post("/{lesson}/use", CHANGE, out=Weights)
def use_weights(request: HttpRequest, lesson: LessonId) -> Any:
    """Switch them on: the flow matches by them from the next run on.

    This makes a version of the document.
    """
    return _shown(lessons.use(actor_of(request), lesson))


@calls.post("/{lesson}/back", CHANGE, out=Weights)
def drop_weights(request: HttpRequest, lesson: LessonId) -> Any:
    """Switch back: the flow matches as it did before them. This makes a version of the document."""
    return _shown(lessons.switch_back(actor_of(request), lesson))


def _matching(one: FlowMatching) -> dict[str, Any]:
    in_use = one.in_use
    return {
        "flow": one.flow.name,
        "has_weights": one.has_weights,
        "links": one.links,
        "rules": one.rules,
        "in_use": in_use.pk if in_use is not None else None,
        "weights": [lesson.pk for lesson in one.lessons],
    }


def _shown(one: KeptLesson) -> dict[str, Any]:
    return {
        "id": one.pk,
        "integration": one.integration.name,
        "flow": one.flow,
        "version": one.version,
        "state": str(one.state),
        "doing": one.doing,
        "done": one.done,
        "told": one.told,
        "rules": one.rules,
        "message": one.message,
        "hint": one.hint,
        "made_at": one.made_at,
        "made_by": one.made_by,
        "used_at": one.used_at,
        "used_by": one.used_by,
    }
