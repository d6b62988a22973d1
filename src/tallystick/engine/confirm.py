"""Confirm first: a change is registered on one side only when the other side has confirmed it.

First the other side is written, for itself: no link is made and no base moves. Once it has confirmed, the record is
registered with link and bases as ever. Killed in between, the other side merely holds an edit or a new record, which
the next run brings over; so one side never shows what the other did not confirm, and what is confirmed always
arrives. Written is by the one `Applier`, so intents, read-back and journal are those of every run.
Source: spec/engine.md E27, E28, E36; spec/field-service.md F8, F9.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec.structs import replace

from tallystick.engine.apply import Applier
from tallystick.engine.check import Checker
from tallystick.engine.grounds import Grounds, agrees
from tallystick.engine.merge import EMPTY, Pair
from tallystick.engine.outcomes import LATER, REGISTERS
from tallystick.engine.pipeline import FlowSync, operations_of
from tallystick.engine.proposal import Answer, Ending, Proposal, Refusal
from tallystick.errors import Recovery, TallystickError, UnknownField
from tallystick.model.flow import OnNull
from tallystick.model.link import LinkEnd
from tallystick.model.plan import FlowRun, Operation, OperationState, Planned, RunStatus
from tallystick.model.side import Side
from tallystick.model.value import Value
from tallystick.model.write import Action


class Transaction:
    """One proposal in one run. The caller holds the turn of the scope."""

    def __init__(self, sync: FlowSync, proposal: Proposal) -> None:
        """Raises UnknownField, and Refusal for a value that its field does not take."""
        self._sync = sync
        self._grounds = Grounds(sync, proposal)
        self._side = proposal.side
        self._other = proposal.side.other
        self._id = proposal.id
        self._values, self._names, self._lines = self._grounds.values, self._grounds.names, self._grounds.lines

    @property
    def proposal(self) -> Proposal:
        """With its values in canonical text."""
        return Proposal(side=self._side, id=self._id, values=self._values)

    # --- the two ways

    def confirm(self) -> Answer:
        """Asks the other side, and registers what it confirmed.

        Raises Refusal before anything is sent, and what the systems raise while nothing is sent.
        """
        context = self._sync.context
        question = self._change(self._id) if self._id is not None else self._creation()
        if question is not None:
            self._sync.add(question)
            self._sync.ledger.save(RunStatus.APPLYING)
            try:
                Applier(context, attempts=1).step(context.run)
            except TallystickError as error:
                if error.recovery not in (Recovery.RETRY, Recovery.WAIT):
                    self._drop()
                    raise
            question = asked(self._sync)
            if question is not None:
                self._sync.applier.applied.recall(question)
                if question.state is not OperationState.DONE:
                    return self.unconfirmed(question)
        try:
            return self.finish(question)
        except TallystickError as error:
            if error.recovery not in (Recovery.RETRY, Recovery.WAIT):
                raise
            return self._confirmed(f"{error.message} It is registered by the next run.")

    def register(self) -> Answer:
        """Registers at once; the other side gets it by the next run, like any edit (F9)."""
        context, side = self._sync.context, self._side
        self._sync.recall()
        ids = {side: self._id, side.other: None}
        operation = Operation(
            run=context.run,
            flow=context.flow.name,
            action=Action.UPDATE,
            side=side,
            left_id=ids[Side.LEFT],
            right_id=ids[Side.RIGHT],
            after=self._values,
            reason="registered at once",
        )
        if self._id is None:
            self._grounds.check(Checker(context.types[side]).create(self._values))
            operation = replace(operation, action=Action.CREATE)
        else:
            mine = self._grounds.record(side, self._id)
            self._grounds.check(Checker(context.types[side]).update(self._values))
            before = {name: mine.values.get(name) for name in self._values}
            operation = replace(operation, before=before, versions={side: mine.version})
        self._sync.add(operation)
        self._sync.ledger.save(RunStatus.APPLYING)
        self._carry_out()
        self._sync.conclude()
        done = self._registration()
        if done is None or done.state is not OperationState.DONE:
            why = done.message if done is not None else ""
            return Answer(ending=Ending.REFUSED, message=f"{self._names[side]} did not take it: {why}", ids=ids)
        message = f"Registered in {self._names[side]}; {self._names[side.other]} gets it by the next run."
        return Answer(ending=Ending.REGISTERED, message=message, ids=_ids(done), is_registered=True)

    def finish(self, question: Operation | None) -> Answer:
        """Registers what was confirmed; `question`: the operation that is done on the other side."""
        if self._registration() is None:
            try:
                operation, pair = self._second(question)
            except Refusal as refusal:  # something happened to one of the records since: the next run merges them
                self._sync.conclude()
                return self._confirmed(f"{refusal} The next run brings the two together.")
            self._sync.add(operation, pair)
            self._sync.ledger.save(RunStatus.APPLYING)
        self._carry_out()
        self._sync.conclude()
        done = self._registration()
        if done is not None and done.state is OperationState.DONE:
            message = f"{self._names[self._other]} confirmed it."
            return Answer(ending=Ending.CONFIRMED, message=message, ids=_ids(done), is_registered=True)
        if done is not None and done.state is OperationState.REFUSED:
            return self._confirmed(
                f"{self._names[self._side]} refuses it: {done.message} Undo run {done.run} to take it back."
            )
        return self._confirmed("The record was changed meanwhile; the next run brings the two together.")

    def unconfirmed(self, question: Operation) -> Answer:
        """What it means that the other side has not confirmed."""
        other, side = self._names[self._other], self._names[self._side]
        match question.state:
            case OperationState.SENT:  # not concluded: the next run reads back
                message = f"{other} did not answer in time, so nothing is registered in {side}."
                message += f" The next run finds out whether {other} took it, and then brings it to {side}."
                return Answer(ending=Ending.TIMED_OUT, message=message, ids={self._side: self._id})
            case OperationState.UNKNOWN:
                message = f"The answer of {other} was lost, so nothing is registered in {side}."
                message += f" If {other} took it, the next run brings it to {side}."
                ending = Ending.TIMED_OUT
            case OperationState.REFUSED:
                ending, message = Ending.REFUSED, question.message or f"{other} refused it."
            case OperationState.MOVED:
                ending, message = Ending.REFUSED, f"The record was changed in {other} meanwhile; look at it again."
            case _:
                ending, message = Ending.DOWN, f"{other} did not take it now: {question.message or 'no answer'}."
        self._drop()
        return Answer(ending=ending, message=message, ids={self._side: self._id})

    def _confirmed(self, but: str) -> Answer:
        message = f"{self._names[self._other]} confirmed it, but it is not registered yet. {but}"
        return Answer(ending=Ending.CONFIRMED, message=message, ids={self._side: self._id})

    def _drop(self) -> None:
        context = self._sync.context
        context.store.drop_planned(context.run, context.flow.name)
        self._sync.conclude()

    def _carry_out(self) -> None:
        while self._sync.applier.step(self._sync.context.run):
            pass

    def _registration(self) -> Operation | None:
        """The operation that registers, as it is now."""
        found = None
        for operation in operations_of(self._sync.context):
            if REGISTERS not in operation.evidence:
                found = operation
        return found

    # --- what the other side is asked

    def _change(self, id_: str) -> Operation | None:
        """The update that the other side is to confirm; None when it says so already. Raises Refusal."""
        context, side, other = self._sync.context, self._side, self._other
        link, partner = self._grounds.link(id_)
        mine, theirs = self._grounds.record(side, id_), self._grounds.record(other, partner.id)
        self._grounds.check(Checker(context.types[side]).update(self._values))
        self._grounds.check_agreed(link, partner, mine, theirs)
        merged = {**mine.values, **self._values}
        after: dict[str, Planned] = {}
        for line in self._lines:
            self._grounds.check_way(line)
            if line.is_poorer(side, theirs.values):
                here, there = self._names[side], self._names[other]
                raise Refusal(f"{here} holds only a part of {line.name}: change it in {there}.")
            is_empty = all(merged.get(name) in EMPTY for name in line.fields(side))
            if (line.map.null is OnNull.KEEP and is_empty) or agrees(line, side, merged, theirs.values):
                continue
            translated = line.towards(other, merged)
            if translated.trouble is not None:
                raise Refusal(translated.message)
            after.update({n: v for n, v in translated.values.items() if theirs.values.get(n) != v})
        if not after:
            return None
        self._grounds.check(Checker(context.types[other]).update(after))
        return self._question(
            Action.UPDATE,
            partner.id,
            after,
            before={name: theirs.values.get(name) for name in after},
            version=theirs.version,
            held={name: mine.values.get(name) for name in self._values},
        )

    def _creation(self) -> Operation:
        """The record that the other side is to take. Raises Refusal."""
        context, side, other = self._sync.context, self._side, self._other
        self._grounds.check(Checker(context.types[side]).create(self._values))
        self._grounds.check_filter()
        for line in self._lines:
            self._grounds.check_way(line)
        translated = context.translator.record(other, self._values)
        troubles = {**translated.rejects, **translated.waits, **translated.held}
        if troubles:
            raise Refusal(" ".join(trouble.message for trouble in troubles.values()))
        self._grounds.check(Checker(context.types[other]).create(translated.values))
        self._grounds.check_twins()
        return self._question(Action.CREATE, None, translated.values)

    def _question(
        self,
        action: Action,
        id_: str | None,
        after: Mapping[str, Planned],
        *,
        before: Mapping[str, Value] | None = None,
        version: str | None = None,
        held: Mapping[str, Value] | None = None,
    ) -> Operation:
        context = self._sync.context
        registers = {
            "side": self._side.value,
            "id": self._id,
            "values": dict(self._values),
            "before": held or {},
        }
        return Operation(
            run=context.run,
            flow=context.flow.name,
            action=action,
            side=self._other,
            left_id=id_ if self._other is Side.LEFT else None,
            right_id=id_ if self._other is Side.RIGHT else None,
            before=before or {},
            after=after,
            versions={self._other: version},
            reason=f"to be confirmed for {self._names[self._side]}",
            evidence={REGISTERS: registers},
        )

    # --- what is registered

    def _second(self, question: Operation | None) -> tuple[Operation, Pair | None]:
        """The operation that registers, from both records as they are now. Raises Refusal."""
        if self._id is None:
            if question is None:  # a creation is always asked
                raise Refusal("The record was not asked for.")
            return self._create(question), None
        return self._update(self._id, question)

    def _update(self, id_: str, question: Operation | None) -> tuple[Operation, Pair]:
        context, side, other = self._sync.context, self._side, self._other
        link, partner = self._grounds.link(id_)
        mine, theirs = self._grounds.record(side, id_), self._grounds.confirmed_record(partner, question)
        merged = {**mine.values, **self._values}
        after: dict[str, Planned] = dict(self._values)
        settles: dict[Side, dict[str, Value]] = {Side.LEFT: {}, Side.RIGHT: {}}
        for line in self._lines:
            if not agrees(line, side, merged, theirs.values):  # it made something else of the value
                after.update(line.towards(side, theirs.values).values)
            settles[other].update({n: theirs.values[n] for n in line.fields(other) if n in theirs.values})
            settles[side].update({n: merged[n] for n in line.fields(side) if n in merged and n not in after})
        settled = {name for line in self._lines for name in line.fields(side)}
        later = sorted(name for name in after if name in context.fields(side) and name not in settled)
        held = question.evidence[REGISTERS]["before"] if question is not None else mine.values
        ends = {side: mine, other: theirs}
        operation = Operation(
            run=context.run,
            flow=context.flow.name,
            action=Action.UPDATE,
            side=side,
            left_id=ends[Side.LEFT].id,
            right_id=ends[Side.RIGHT].id,
            link=link.number,
            before={name: held[name] if name in held else mine.values.get(name) for name in after},
            after=after,
            settles=settles,
            versions={side: None, other: None},  # other fields may have been edited meanwhile
            reason=self._reason,
            rules=dict.fromkeys(after, self._reason),
            evidence={LATER: later} if later else {},
            is_partial=bool(later),
        )
        bases = {s: end.base if (end := link.end(s)) is not None else {} for s in Side}
        pair = Pair(
            left=ends[Side.LEFT], right=ends[Side.RIGHT], left_base=bases[Side.LEFT], right_base=bases[Side.RIGHT]
        )
        return operation, pair

    def _create(self, question: Operation) -> Operation:
        context, side, other = self._sync.context, self._side, self._other
        id_ = question.id_on(other) or ""
        theirs = self._grounds.confirmed_record(LinkEnd(id=id_, fingerprint=0), question)
        after: dict[str, Planned] = {**context.translator.record(side, theirs.values).values, **self._values}
        for line in context.translator.lines:
            if not agrees(line, side, self._values, theirs.values):
                after.update(line.towards(side, theirs.values).values)
        return Operation(
            run=context.run,
            flow=context.flow.name,
            action=Action.CREATE,
            side=side,
            left_id=id_ if other is Side.LEFT else None,
            right_id=id_ if other is Side.RIGHT else None,
            after=after,
            settles={other: theirs.values},
            versions={other: theirs.version},
            reason=self._reason,
            rules=dict.fromkeys(after, self._reason),
        )

    @property
    def _reason(self) -> str:
        return f"confirmed by {self._names[self._other]}"


def asked(sync: FlowSync) -> Operation | None:
    """The operation of this run that asks the other side, as it is now."""
    return next((one for one in operations_of(sync.context) if REGISTERS in one.evidence), None)


def resume(sync: FlowSync, flow_run: FlowRun, *, is_same_file: bool = True) -> tuple[Proposal, Answer] | None:
    """Settles a transaction that was killed or timed out: what was sent is read back and never sent again (E28, E29).

    What the other side has is registered now; when the integration file changed since, by the next sync, and None is
    given, as when nobody was asked.
    """
    context = sync.context
    sync.recall()
    question = asked(sync)
    if question is None or question.state is not OperationState.DONE:
        sync.applier.resume(context.run, can_resend=False)
        question = asked(sync)
        if question is None or question.state is not OperationState.DONE:
            context.store.drop_planned(context.run, context.flow.name)
    else:
        sync.applier.resume(context.run)
    if question is None:
        sync.conclude()
        return None
    registers = question.evidence[REGISTERS]
    proposal = Proposal(side=Side(registers["side"]), id=registers["id"], values=registers["values"])
    try:
        transaction = Transaction(sync, proposal) if is_same_file else None
    except (Refusal, UnknownField):  # the record type is another one now
        transaction = None
    if transaction is None:
        context.store.drop_planned(context.run, context.flow.name)
        sync.conclude()
        return None
    if question.state is not OperationState.DONE:
        return proposal, transaction.unconfirmed(question)
    return proposal, transaction.finish(question)


def _ids(operation: Operation) -> dict[Side, str | None]:
    return {side: operation.id_on(side) for side in Side}
