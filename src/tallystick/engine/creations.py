"""New records -> the operations that create them on the other side. Source: spec/engine.md E10, E13, E24, E26."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from tallystick.engine import questions
from tallystick.engine.asked import Asked
from tallystick.engine.check import Checker
from tallystick.engine.merge import PARTLY
from tallystick.engine.newcomers import Newcomer, Newcomers
from tallystick.engine.outbox import Outbox
from tallystick.engine.references import References
from tallystick.engine.translate import TranslatedRecord, Translator
from tallystick.model.flow import Flow, OnNew
from tallystick.model.link import Link, Standing
from tallystick.model.plan import Operation, Review, ReviewKind, Take
from tallystick.model.record import Record
from tallystick.model.side import SIDES, Side
from tallystick.model.write import Action

_NO_RULES: Final[Mapping[str, str]] = {}


class Creations:
    """Plans what becomes of records without a partner, in one plan of one flow."""

    def __init__(
        self,
        flow: Flow,
        run: str,
        translator: Translator,
        references: References,
        checkers: Mapping[Side, Checker],
        outbox: Outbox,
        asked: Asked,
        waits: Callable[[Side, str], bool],
        *,
        is_linking_only: bool,
    ) -> None:
        """`waits`: whether a create for the record was sent, and nobody knows what became of it."""
        self._flow = flow
        self._run = run
        self._translator = translator
        self._checkers = checkers
        self._outbox = outbox
        self._asked = asked
        self._waits = waits
        self._is_passed_on = {side: not is_linking_only and flow.direction.reaches(side.other) for side in SIDES}
        self._new = {side: f"new on the {side.value}" for side in SIDES}
        self._newcomers = (
            Newcomers(flow, references, self._translated, self._add, self._may_wait) if flow.refs else None
        )

    def finish(self) -> None:
        """Plans what waited for the rest of the plan."""
        if self._newcomers is not None:
            self._newcomers.finish()

    def linked(self, left_id: str, right_id: str) -> None:
        """The plan links these two: what refers to them need not wait."""
        if self._newcomers is not None:
            self._newcomers.linked(Side.LEFT, left_id)
            self._newcomers.linked(Side.RIGHT, right_id)

    def new(
        self,
        side: Side,
        record: Record,
        *,
        dormant: Link | None = None,
        is_decided: bool = False,
        answers: Sequence[Review] = (),
    ) -> None:
        """A record without a partner. `dormant`: the link it had; `is_decided`: a person said "create".

        `answers`: decided reviews about the record, of which one may still hold.
        """
        if self._waits(side, record.id):
            return
        self._asked.saw(side, record.id)
        reason = self._new[side]
        self._asked.situations[reason] += 1
        reaction = OnNew.CREATE if is_decided else self._flow.on.new[side]
        if not self._is_passed_on[side] or reaction is OnNew.IGNORE:
            if self._flow.match.fields or dormant is not None:
                self._asked.park(side, record, Standing.IGNORED, "new records of this side are not passed on")
            return
        if reaction is OnNew.ASK:
            question = questions.of_record(
                ReviewKind.POSSIBLE,
                self._flow.name,
                {side: record.id},
                f"New on the {side.value}.",
                topic="new",
                shown=dict(record.values),
                candidates=[],
            )
            answer = questions.answer_to(question, answers)
            if answer is None:
                self._asked.park(side, record, Standing.ASKED, "waits for a person")
                self._asked.ask(question)
            if answer is not None and answer.take is not Take.CREATE:
                self._asked.park(side, record, Standing.IGNORED, f"decided by {answer.by or 'a person'}")
            if answer is None or answer.take is not Take.CREATE:
                return
        number = dormant.number if dormant is not None else None
        one = Newcomer(side=side, record=record, link=number, reason=reason)
        if self._newcomers is not None:
            self._newcomers.add(one)
        else:
            self._add(one)

    def _translated(self, one: Newcomer) -> TranslatedRecord:
        return self._translator.record(one.side.other, one.record.values)

    def _may_wait(self, one: Newcomer, line: str) -> bool:
        """Whether the record may be created without a reference, which is set later."""
        return self._checkers[one.side.other].may_be_empty(self._translator.line_fields(line, one.side.other))

    def _add(self, one: Newcomer) -> bool:
        """Plans the creation; False when it is a reject."""
        operation = self._creation(one)
        if operation is not None:
            self._outbox.add((operation,), None)
        return operation is not None

    def create(self, side: Side, record: Record, link: int | None, reason: str) -> Operation | None:
        """The operation that creates `record` (of `side`) on the other side; None when it cannot or must not be."""
        if self._waits(side, record.id):
            return None
        return self._creation(Newcomer(side=side, record=record, link=link, reason=reason))

    def _creation(self, one: Newcomer) -> Operation | None:
        side, record, target = one.side, one.record, one.side.other
        translated = one.translated or self._translated(one)
        waits = {name: waiting for name, waiting in translated.waits.items() if name not in one.without}
        if translated.rejects or waits:
            message = translated.reject or " ".join(waiting.message for waiting in waits.values())
            if one.is_stuck:
                message += f" They refer to each other, and none of these fields may be empty on the {target.value}."
            standing = Standing.REJECTED if translated.rejects else Standing.WAITING
            first = waits.get(one.missing or "", next(iter(waits.values()), None))
            waits_for = first.waits_for if first is not None else None
            self._asked.reject(side, record, message, standing=standing, waits_for=waits_for)
            return None
        problem = self._checkers[target].create(translated.values)
        if problem is not None:
            self._asked.reject(side, record, problem)
            return None
        settles = record.values
        is_partial = bool(translated.held or translated.waits)
        if is_partial:
            held: set[str] = set()
            for name, trouble in translated.held.items():
                held.update(self._translator.line_fields(name, side))
                self._asked.trouble(name, target, record, trouble)
            for name, waiting in translated.waits.items():  # not asked about: what it waits for comes right after it
                held.update(self._translator.line_fields(name, side))
                self._asked.park(side, record, Standing.WAITING, waiting.message, waiting.waits_for)
            settles = {name: value for name, value in settles.items() if name not in held}
        return Operation(
            run=self._run,
            seq=self._outbox.seq(),
            flow=self._flow.name,
            action=Action.CREATE,
            side=target,
            left_id=record.id if side is Side.LEFT else None,
            right_id=record.id if side is Side.RIGHT else None,
            link=one.link,
            after=translated.values,
            settles={side: settles},
            versions={side: record.version},
            reason=one.reason,
            rules=self._rules(one, translated.lossy) if translated.lossy else _NO_RULES,
            is_partial=is_partial,
        )

    def _rules(self, one: Newcomer, lossy: Sequence[str]) -> dict[str, str]:
        names = (name for line in lossy for name in self._translator.line_fields(line, one.side.other))
        return dict.fromkeys(names, f"{one.reason}; {PARTLY}")
