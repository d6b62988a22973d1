"""Weights learned for one flow: from its records as they are read now, and from the questions people answered.

Nothing is written to either side or to the state. Source: spec/engine.md E14, E17; design/stack.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import pyarrow as pa
from msgspec.structs import replace

from tallystick.engine import reading
from tallystick.engine.cases import KINDS, Case, Tried, adjusted, cases, tried
from tallystick.engine.context import Context
from tallystick.engine.kinds import guessed
from tallystick.engine.precision import RulePrecision, rule_precisions
from tallystick.engine.result import Progress
from tallystick.engine.train import Trained, train
from tallystick.errors import ConfigurationError
from tallystick.model.flow import Compare, Flow, Level, Match, Weights
from tallystick.model.plan import ReviewStatus
from tallystick.model.record import ID, records_of
from tallystick.model.side import SIDES, Side
from tallystick.runs.workspace import Workspace
from tallystick.spec.names import line_name

FEWEST_FIELDS: Final = 3
"""Fields in the match rules of a flow below which all its fields are tried."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson:
    """What was learned for a flow, and what it would change."""

    flow: str
    rules: Match  # as they would be
    trained: Trained
    counts: Mapping[Side, int]  # records read
    cases: int  # answered questions
    before: Tried  # on the answers that were kept apart
    after: Tried

    def document(self) -> dict[str, Any]:
        """As it stands in a file of weights, and under `match` of the flow."""
        assert self.rules.weights is not None  # noqa: S101  # learned
        match: dict[str, Any] = {"weights": written(self.rules.weights)}
        if self.trained.junk:
            match["junk"] = {name: list(values) for name, values in self.trained.junk.items()}
        return {"flow": self.flow, "match": match}


def learn(
    opened: Workspace, flow: Flow, kinds: Mapping[str, Compare], *, progress: Progress = lambda what, count: None
) -> Lesson:
    """Reads both sides whole and learns. `kinds`: fields to be weighed besides those of the flow's match rules, or
    otherwise than they say. `progress` hears how many records were read, and of the learning.

    Half of the answers (those with even numbers) move the thresholds, the other half tells what changes. Raises
    InputRefused where there is too little to learn from, ConfigurationError for a field that matches nothing, and
    what the systems raise.
    """
    names = _names(flow)
    for name in kinds:
        if name not in names:
            raise ConfigurationError(
                f"Flow {flow.name} has no field {name} that both sides have.", hint=f"There are: {', '.join(names)}."
            )
    told = {**_told(flow.match), **kinds}
    wanted = [name for name in names if name in told or name in flow.match.fields]
    if len(wanted) < FEWEST_FIELDS:
        wanted = names
    context = opened.flow_sync(flow, run="").context
    tables = {side: _read(context, side, wanted, progress) for side in SIDES}
    progress("learning", 0)
    weighed = {
        name: told.get(name) or guessed(tables[Side.LEFT].column(name), tables[Side.RIGHT].column(name))
        for name in wanted
    }
    trained = train(flow.match, tables[Side.LEFT], tables[Side.RIGHT], weighed)
    progress("trying on the answers", 0)
    answered = cases(opened.store.reviews(opened.scope(flow), status=ReviewStatus.DECIDED, kinds=KINDS))
    learned_from, kept_apart = _halves(answered)
    junk = {
        name: tuple(dict.fromkeys((*flow.match.junk.get(name, ()), *values))) for name, values in trained.junk.items()
    }
    rules = replace(flow.match, weights=adjusted(trained.weights, learned_from), junk={**flow.match.junk, **junk})
    return Lesson(
        flow=flow.name,
        rules=rules,
        trained=trained,
        counts={side: tables[side].num_rows for side in SIDES},
        cases=len(answered),
        before=tried(flow.match, kept_apart),
        after=tried(rules, kept_apart),
    )


def precisions(opened: Workspace, flow: Flow) -> list[RulePrecision]:
    """How often each match rule of the flow was right so far."""
    scope = opened.scope(flow)
    reviews = opened.store.reviews(scope, status=ReviewStatus.DECIDED, kinds=KINDS)
    return rule_precisions(opened.store.all_links(scope), reviews, flow.match)


def written(weights: Weights) -> dict[str, Any]:
    """The weights as plain data, as they stand in an integration file."""
    fields = {}
    for name, field in weights.fields.items():
        fields[name] = {
            "as": field.kind.value,
            **({"swap": field.swap} if field.swap else {}),
            **_levels(field.weights),
        }
    rivals = {
        name: {"start": _number(rival.start), "fields": {of: _levels(levels) for of, levels in rival.weights.items()}}
        for name, rival in weights.rivals.items()
    }
    return {
        "start": _number(weights.start),
        "link": _number(weights.link),
        "ask": _number(weights.ask),
        "ahead": _number(weights.ahead),
        "blocks": [block[0] if len(block) == 1 else list(block) for block in weights.blocks],
        "fields": fields,
        **({"rivals": rivals} if rivals else {}),
    }


def _levels(weights: Mapping[Level, float]) -> dict[str, float]:
    return {level.value: _number(weights[level]) for level in Level if level in weights}


def _number(value: float) -> float:
    """As the file gives it back: 6, not 6.0."""
    return int(value) if value == int(value) else value


def _halves(answered: list[Case]) -> tuple[list[Case], list[Case]]:
    return [case for case in answered if case.number % 2 == 0], [case for case in answered if case.number % 2]


def _names(flow: Flow) -> list[str]:
    """The left names, and names of lines, that both sides have; sorted."""
    names: set[str] = set()
    for line in flow.maps:
        if line.left and line.right:
            names.update(line.left)
            names.add(line_name(line.left, line.right))
    return sorted(names - {name for name in names if "+" in name})


def _told(rules: Match) -> dict[str, Compare]:
    """How the rules say that fields are compared."""
    found: dict[str, Compare] = {}
    for rule in reversed(rules.possible):
        found.update(rule.compare)
    if rules.weights is not None:
        found.update({name: field.kind for name, field in rules.weights.fields.items()})
    return found


def _read(context: Context, side: Side, names: list[str], progress: Progress) -> pa.Table:
    """Ids and these fields of everything that passes the filter, in the flow's shared (left) names."""
    known = reading.KnownVersions(context.store, context.scope, side, is_blank=True)
    read = reading.full(context.systems[side], context.selections[side], known)
    schema = pa.schema([(name, pa.string()) for name in (ID, *names)])
    parts = [schema.empty_table()]
    for table in read.tables():
        records = records_of(table)
        progress("reading", len(records))
        rows = [context.translator.shared(side, record.values, names) for record in records]
        columns = {name: pa.array([row[name] for row in rows], pa.string()) for name in names}
        parts.append(pa.table({ID: pa.array([record.id for record in records], pa.string()), **columns}))
    return pa.concat_tables(parts).combine_chunks()
