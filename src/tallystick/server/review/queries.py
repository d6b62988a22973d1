"""What the pages of the queue show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import QueryDict
from django.urls import reverse

from tallystick.errors import NotFound
from tallystick.model.plan import ReviewKind
from tallystick.server.ops import errands
from tallystick.server.ops.documents import flow_of
from tallystick.server.ops.models import Errand
from tallystick.server.review import words
from tallystick.server.review.forms import kept, wanted_of
from tallystick.server.review.shown import QuestionLine, QuestionShown, line, names, question
from tallystick.server.state.of_hub import looking, store
from tallystick.server.state.pages import At
from tallystick.server.state.queue import Waiting, Wanted

ROWS = 25


@dataclass(frozen=True, slots=True, kw_only=True)
class Chip:
    """A kind to narrow the queue to. `query` is the address's."""

    title: Any
    icon: str
    count: int
    value: str
    query: str
    is_current: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """A page of the queue. `next` and `previous` are query strings, empty where there is no such page."""

    lines: tuple[QuestionLine, ...]
    waiting: Waiting
    chips: tuple[Chip, ...]
    query: str  # of the filters alone
    next: str
    previous: str
    is_filtered: bool


def queue(query: QueryDict) -> Queue:
    wanted = wanted_of(query)
    found = looking()
    waiting = found.waiting()
    at = At(after=_number(query, "after"), before=_number(query, "before"), rows=ROWS)
    page = found.questions(wanted, at)
    going = errands.going([subject(asked.review.number) for asked in page.rows])
    called = names(page.rows, store())
    base = kept(query)
    kinds = {kind.value for kind in wanted.kinds}
    return Queue(
        lines=tuple(
            line(asked, name=called.get(asked.review.number, ""), is_going=subject(asked.review.number) in going)
            for asked in page.rows
        ),
        waiting=waiting,
        chips=tuple(
            _chip(kind, waiting, query, kinds) for kind in ReviewKind if kind in waiting.kinds or kind in kinds
        ),
        query=base,
        next=_with(base, f"after={page.after}") if page.after is not None else "",
        previous=_with(base, f"before={page.before}") if page.before is not None else "",
        is_filtered=wanted != Wanted(),
    )


def _chip(kind: ReviewKind, waiting: Waiting, query: QueryDict, kinds: set[str]) -> Chip:
    is_current = kind.value in kinds
    rest = kept(query, "kind", "like")
    return Chip(
        title=words.KINDS[kind].title,
        icon=words.KINDS[kind].icon,
        count=waiting.kinds.get(kind, 0),
        value=kind.value,
        query=rest if is_current else _with(rest, f"kind={kind.value}"),
        is_current=is_current,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Open:
    """A question with its place in the queue. `errand`: an answer to it that goes on."""

    shown: QuestionShown
    previous: int | None
    next: int | None
    errand: Errand | None


def opened(number: int, query: QueryDict) -> Open:
    """Raises NotFound."""
    found = looking()
    asked = found.question(number)
    if asked is None:
        raise NotFound(f"There is no question {number}.", hint="The queue shows those that wait.")
    previous, following = found.neighbours(wanted_of(query), number)
    flow = flow_of(found, asked.scope.integration, asked.scope.flow)
    return Open(
        shown=question(asked, store(), flow),
        previous=previous,
        next=following,
        errand=errands.going([subject(number)]).get(subject(number)),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class AnsweredPage:
    lines: tuple[QuestionLine, ...]
    next: str


def answered(query: QueryDict) -> AnsweredPage:
    """The newest answers first."""
    wanted = wanted_of(query)
    at, _comma, number = query.get("after", "").rpartition(",")
    after = (at, int(number)) if at and number.isdecimal() else None
    found = looking().answered(wanted, after, ROWS + 1)
    rows = found[:ROWS]
    more = ""
    if len(found) > ROWS and rows[-1].review.decision is not None:
        changed = query.copy()
        changed["after"] = f"{rows[-1].review.decision.at},{rows[-1].review.number}"
        more = changed.urlencode()
    called = names(rows, store())
    lines = tuple(line(asked, name=called.get(asked.review.number, "")) for asked in rows)
    return AnsweredPage(lines=lines, next=more)


def subject(number: int) -> str:
    """What errands about the question are called."""
    return f"question {number}"


def address(number: int | None, query: str) -> str:
    """Of a question within a narrowed queue; of the queue without one."""
    path = reverse("review:queue") if number is None else reverse("review:question", args=[number])
    return _with(path, "") + (f"?{query}" if query else "")


def _with(query: str, more: str) -> str:
    return f"{query}&{more}" if query and more else query or more


def _number(query: QueryDict, name: str) -> int | None:
    text = query.get(name, "")
    return int(text) if text.isdecimal() and len(text) < 18 else None
