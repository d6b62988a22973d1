"""The two records a proposal is about, and what has to hold of them before anything is written.

Source: spec/engine.md E36; spec/field-service.md F8, F9.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tallystick.engine.lines import Line
from tallystick.engine.pipeline import FlowSync
from tallystick.engine.proposal import Proposal, Refusal, canonical
from tallystick.errors import Recovery, TallystickError
from tallystick.model.flow import Exchange
from tallystick.model.link import Link, LinkEnd, LinkState
from tallystick.model.plan import Operation
from tallystick.model.record import Record, records_of
from tallystick.model.side import Side
from tallystick.model.value import Reference, Value


class Grounds:
    """What one proposal stands on, as it is now. Its methods raise Refusal where something does not hold."""

    def __init__(self, sync: FlowSync, proposal: Proposal) -> None:
        """Raises UnknownField, and Refusal for a value that its field does not take."""
        context = sync.context
        self._sync = sync
        self.side = proposal.side
        self.other = proposal.side.other
        self.values = canonical(context.types[proposal.side], proposal.values)
        self.names = {side: context.flow.end(side).system for side in Side}
        self.lines = [
            line
            for line in context.translator.lines
            if line.map.exchange is Exchange.SYNCHRONOUS
            and any(name in self.values for name in line.fields(proposal.side))
        ]

    def confirmed_record(self, partner: LinkEnd, question: Operation | None) -> Record:
        """The other side's record as it keeps it now; where it cannot be read, as it was confirmed."""
        try:
            return self.record(self.other, partner.id)
        except TallystickError as error:
            if error.recovery not in (Recovery.RETRY, Recovery.WAIT):
                raise
            values = dict(partner.base)
            if question is not None:
                values |= {name: value for name, value in question.after.items() if not isinstance(value, Reference)}
            return Record(id=partner.id, values=values)

    def check(self, problem: str | None) -> None:
        if problem is not None:
            raise Refusal(problem)

    def check_way(self, line: Line) -> None:
        """Values of this line have to flow from here to there."""
        if line.map.authority is self.other:
            raise Refusal(f"{line.name} belongs to {self.names[self.other]}: change it there.")
        if not self._sync.context.flow.direction.reaches(self.other) or not line.can_flow(self.other):
            raise Refusal(f"Nothing of {line.name} flows to {self.names[self.other]}, so nobody can confirm it.")

    def check_agreed(self, link: Link, partner: LinkEnd, mine: Record, theirs: Record) -> None:
        """The other side's record is still what the two agreed on."""
        name = self.names[self.other]
        moved = [n for n, value in partner.base.items() if theirs.values.get(n, value) != value]
        if moved:
            raise Refusal(
                f"{', '.join(sorted(moved))} of {theirs.id} was changed in {name} since the two last agreed:"
                " run a sync, and look at it again."
            )
        for line in self.lines:
            is_agreed = all(n in partner.base for n in line.fields(self.other))
            if not is_agreed and not agrees(line, self.side, mine.values, theirs.values):
                raise Refusal(f"The two do not agree on {line.name} of {mine.id} yet: run a sync first.")

    def check_filter(self) -> None:
        """A new record has to be one of the flow, as far as what is known of it tells."""
        where = self._sync.context.flow.end(self.side).selection.where
        if where is None or not all(clause.field in self.values for clause in where.clauses):
            return
        if not where.passes(self.values):
            raise Refusal("The record does not pass the filter of the flow, so nobody can confirm it.")

    def check_twins(self) -> None:
        """A new record that is identified by its values must not be there already."""
        context = self._sync.context
        keys = self._sync.keys(self.side, self.values)
        there = context.store.matching(context.scope, self.other, [key.key for key in keys]) if keys else []
        if there:
            raise Refusal(f"{self.names[self.other]} has this record already: {there[0].id}.")

    def link(self, id_: str) -> tuple[Link, LinkEnd]:
        context = self._sync.context
        for link in context.store.links_of(context.scope, self.side, [id_]):
            partner = link.end(self.other)
            if link.state is LinkState.ACTIVE and partner is not None:
                return link, partner
        raise Refusal(f"{id_} has no partner in {self.names[self.other]} that could confirm: run a sync first.")

    def record(self, side: Side, id_: str) -> Record:
        """The record as it is now, with the fields of the flow and those to be registered. Raises Refusal."""
        context = self._sync.context
        system, selection = context.systems[side], context.selections[side]
        found: Sequence[Record] = records_of(system.fetch(selection, [id_]).records)
        if found and side is self.side and not self.values.keys() <= set(selection.fields):
            found = records_of(system.fetch(selection, [id_], is_whole=True).records)
        if not found:
            raise Refusal(f"There is no {selection.record} {id_} in {self.names[side]} that the flow is about.")
        return found[0]


def agrees(line: Line, side: Side, mine: Mapping[str, Value], theirs: Mapping[str, Value]) -> bool:
    return line.agrees(mine, theirs) if side is Side.LEFT else line.agrees(theirs, mine)
